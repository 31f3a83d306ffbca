touch "$(printf 'catalogue/extensions/a\033[2J\n::error::x.toml')" "$(printf 'catalogue/overrides/\302\233\342\200\256.nix')" "$(printf 'generated/x\033]0;t\007\n::stop-commands::x.nix')" "$(printf 'nix/y\n::error::x.nix')" "$(printf 'catalogue/extensions/bytes\377.toml')"
git add -A && git commit -qm x
