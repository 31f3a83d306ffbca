{ }:
old: import ./shared.nix "example" old
