cp ../outside/secret.txt ../outside/evil.nix
ln -sf ../../../outside/evil.nix catalogue/overrides/pgvector.nix
git add -A && git commit -qm x
