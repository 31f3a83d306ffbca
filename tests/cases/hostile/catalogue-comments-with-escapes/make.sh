printf '# \033[2J \302\233 \342\200\256 ::stop-commands::x\ndescription = "a" \033]0;x\007 = = 7\n' > catalogue/extensions/raw.toml
printf 'description = \377\376\n' > catalogue/extensions/bytes.toml
printf '{ lib }: old: { a = 1; /* \033[2J \302\233 \342\200\256\n::error::x */ a = 2; }\n' > catalogue/overrides/pgvector.nix
git add -A && git commit -qm x
