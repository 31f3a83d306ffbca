echo 'builtins.readFile ./secret.txt' > ../outside/evil.nix
ln -s "$WORLD/outside/evil.nix" x.nix
git add -A && git commit -qm x
