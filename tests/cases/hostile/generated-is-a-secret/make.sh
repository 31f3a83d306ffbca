ln -sf ../../../outside/secret.txt generated/extensions/pgvector.nix && ln -sf ../outside/secret.txt flake.lock && git add -A && git commit -qm x
