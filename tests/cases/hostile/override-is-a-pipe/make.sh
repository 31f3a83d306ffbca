rm catalogue/overrides/pgvector.nix && mkfifo catalogue/overrides/pgvector.nix
