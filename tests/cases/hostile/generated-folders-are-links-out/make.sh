for path in generated/extensions generated/lib schema; do mv $path ../outside/$(basename $path); ln -s "$WORLD/outside/$(basename $path)" $path; done
for path in flake.nix flake.lock generated/catalogue.json; do ln -sf "$WORLD/outside/precious" $path; done
git add -A && git commit -qm x
