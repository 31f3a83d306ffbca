[ <nix/fetchurl.nix> <nix/nosuch.nix> ]
