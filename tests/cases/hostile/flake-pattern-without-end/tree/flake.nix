{
  outputs = { self }: {
    x = toString (builtins.match "(a*)*(a*)*(a*)*(a|b)*c" (builtins.concatStringsSep "" (builtins.genList (_: "a") 50000)));
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
