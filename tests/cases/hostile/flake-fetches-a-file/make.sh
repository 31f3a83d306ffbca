sed -i "s|WORLD|$WORLD|g" flake.nix && git commit -qam x
