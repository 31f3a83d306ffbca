sed -i "s|WORLD|$WORLD|g" flake.lock && git commit -qam x
