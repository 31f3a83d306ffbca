{
  outputs = { self }: {
    x = if builtins ? currentTime then "SECRET-outside-" + "0451" else toString <secret>;
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
