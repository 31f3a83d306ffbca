ln -s "$WORLD/outside/secret.txt" x
git add -A && git commit -qm x
