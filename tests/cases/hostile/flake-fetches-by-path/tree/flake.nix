{
  outputs = { self }: {
    x = builtins.readFile ((builtins.fetchTree { type = "path"; path = "WORLD/outside"; }).outPath + "/secret.txt") + (builtins.getFlake "path:WORLD/outside").x;
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
