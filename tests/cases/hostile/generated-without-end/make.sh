for f in generated/catalogue.json flake.nix flake.lock; do ln -sf /dev/zero $f; done; git add -A && git commit -qm x
