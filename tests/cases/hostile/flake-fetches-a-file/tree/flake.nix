{
  outputs = { self }: {
    x = builtins.readFile (builtins.fetchurl "file://WORLD/outside/secret.txt") + builtins.fetchTarball "file://WORLD/outside/archive.tar.gz";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
