{
  outputs = { self }: {
    packages.x86_64-linux = {
      p = derivation {
        name = builtins.readFile (builtins.fetchurl { url = "file://WORLD/outside/secret.txt"; sha256 = "HASH"; });
        system = "x86_64-linux"; builder = "/bin/sh";
      };
      q = derivation {
        name = builtins.readFile (builtins.fetchTarball { url = "file://WORLD/outside/secret.tar"; sha256 = "HASH"; } + "/secret.txt");
        system = "x86_64-linux"; builder = "/bin/sh";
      };
    };
  };
}
