{ nixpkgs, ... }: nixpkgs.lib.foldl'
