rm flake.nix flake.lock && mkfifo flake.nix flake.lock && mkfifo generated/pipe.nix
