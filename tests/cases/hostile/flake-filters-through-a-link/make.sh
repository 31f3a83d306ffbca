ln -s "$WORLD/outside" d
git add -A && git commit -qm x
