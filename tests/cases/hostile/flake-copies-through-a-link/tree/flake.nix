{
  outputs = { self }: {
    x = builtins.readFile ("${builtins.path { path = ./d; name = "d"; }}/secret.txt") + "${./d}";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
