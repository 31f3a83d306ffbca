import <no-such-nixpkgs> { }
