ln -s ../outside/secret.txt x
git add -A && git commit -qm x
