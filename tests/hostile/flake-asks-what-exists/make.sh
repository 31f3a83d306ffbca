ln -s "$WORLD/outside/secret.txt" link
git add -A && git commit -qm x
