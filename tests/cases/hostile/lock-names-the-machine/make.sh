echo 'throw (builtins.readFile ./secret.txt)' > ../outside/default.nix && cp ../outside/default.nix ../outside/flake.nix
sed -i "0,/\"type\": \"github\"/{/\"owner\"\|\"repo\"\|\"rev\"/d;s|\"type\": \"github\"|\"type\": \"path\", \"path\": \"$WORLD/outside\"|}" flake.lock && git commit -qam x
