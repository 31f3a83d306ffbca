{
  outputs = { self }: {
    x = builtins.readFile (./. + "/../outside/secret.txt") + builtins.readFile ../outside/secret.txt;
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
