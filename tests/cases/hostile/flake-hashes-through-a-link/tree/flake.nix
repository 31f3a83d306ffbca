{
  outputs = { self }: {
    x = if builtins.hashFile "sha256" ./x == builtins.hashString "sha256" ("SECRET-outside-" + "0451\n") then "SECRET-outside-" + "0451" else "no";
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
