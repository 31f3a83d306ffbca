echo '[core] fsmonitor = "touch ../outside/ran"' >> .git/config
chown -R 12345:12345 .git
