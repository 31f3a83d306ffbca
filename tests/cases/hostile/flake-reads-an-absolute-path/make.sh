sed -i "s|WORLD|$WORLD|" flake.nix && git commit -qam x
