{
  outputs = { self }: {
    x = if builtins.any builtins.pathExists [ "/etc/passwd" ./link/secret.txt ] then "SECRET-outside-" + "0451" else "nothing";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
