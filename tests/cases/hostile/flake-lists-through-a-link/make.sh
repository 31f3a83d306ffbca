ln -s "$WORLD/outside/names" d
git add -A && git commit -qm x
