_: derivation {
  name = "example";
  system = "x86_64-linux";
  builder = "/bin/sh";
}
