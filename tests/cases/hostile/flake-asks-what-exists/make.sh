ln -s "$WORLD/outside" link
git add -A && git commit -qm x
