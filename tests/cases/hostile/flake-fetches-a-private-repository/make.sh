git init -q ../outside/private && echo SECRET-outside-0451 > ../outside/private/key && git -C ../outside/private add -A && git -C ../outside/private commit -qm k
sed -i "s|WORLD|$WORLD|; s|REV|$(git -C ../outside/private rev-parse HEAD)|" flake.nix && git commit -qam x
