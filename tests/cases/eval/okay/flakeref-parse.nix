builtins.parseFlakeRef "github:NixOS/nixpkgs/nixos-25.05?dir=lib"
