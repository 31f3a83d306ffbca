inputs: { checks = inputs.nixpkgs.checks; }.nothing
