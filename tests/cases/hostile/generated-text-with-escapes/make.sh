printf ' ::stop-commands::x\n::error::y\n\033[2J\302\233\342\200\256\r##[error]z\n' >> generated/extensions/pgvector.nix
printf '::stop-commands::x\n' > generated/extensions/old.nix
git add -A && git commit -qm x
