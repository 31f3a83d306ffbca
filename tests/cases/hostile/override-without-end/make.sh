ln -sf /dev/zero catalogue/overrides/pgvector.nix && git add -A && git commit -qm x
