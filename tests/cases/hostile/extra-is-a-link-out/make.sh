ln -s ../../outside/secret.txt catalogue/extra.nix && git add -A && git commit -qm x
