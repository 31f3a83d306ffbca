ln -s ../../../outside/secret.txt catalogue/extensions/secret.toml && git add -A && git commit -qm x
