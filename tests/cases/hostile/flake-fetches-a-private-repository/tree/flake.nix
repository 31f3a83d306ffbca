{
  outputs = { self }: {
    x = builtins.readFile ((builtins.fetchGit { url = "file://WORLD/outside/private"; rev = "REV"; }) + "/key");
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
