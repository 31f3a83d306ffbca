sed -i "s|WORLD|$WORLD|" catalogue/overrides/pgvector.nix && git commit -qam x
