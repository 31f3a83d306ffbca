import "x.nix"
