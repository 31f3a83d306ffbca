{
  inputs.out = { url = "path:WORLD/outside"; flake = false; };
  outputs = { self, out }: {
    x = builtins.readFile "${out}/secret.txt";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
