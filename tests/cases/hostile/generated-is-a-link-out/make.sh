mv generated ../outside/generated && ln -s ../outside/generated generated && git add -A && git commit -qm x
