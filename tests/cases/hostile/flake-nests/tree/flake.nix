{
  outputs = { self }: {
    x = let n = 100000; in builtins.seq (builtins.fromJSON (builtins.concatStringsSep "" (builtins.genList (_: "[") n ++ builtins.genList (_: "]") n))) (builtins.toJSON (builtins.foldl' (a: _: [ a ]) [ ] (builtins.genList (x: x) n)));
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
