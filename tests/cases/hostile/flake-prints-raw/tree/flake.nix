{
  outputs = { self }: {
    x = builtins.fromJSON "\"\\u001b]52;c;Zm9v\\u0007\\u202e\"";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
