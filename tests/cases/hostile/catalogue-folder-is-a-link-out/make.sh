mv catalogue/extensions ../outside/extensions && ln -s ../../outside/extensions catalogue/extensions && cp ../outside/secret.txt ../outside/extensions/secret.toml && git add -A && git commit -qm x
