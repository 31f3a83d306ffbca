ln -s ../../outside/secret.txt nix/secret.nix; mkfifo nix/pipe.nix; ln -s /dev/zero nix/zero.nix; ln -s . nix/loop
git add -A; git commit -qm x
