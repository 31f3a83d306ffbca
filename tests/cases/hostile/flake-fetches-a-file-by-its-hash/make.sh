tar -cf ../outside/secret.tar -C ../outside secret.txt
sed -i "s|WORLD|$WORLD|; s|HASH|$(sha256sum ../outside/secret.txt | cut -d' ' -f1)|" flake.nix && git commit -qam x
