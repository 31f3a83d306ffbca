{
  outputs = { self }: {
    x = builtins.trace (builtins.fromJSON "\"\\u001b[31mred\\r\\n::stop-commands::abc\\n ::error::x\\n##[add-mask]x\\u0008\\u202e\"") (builtins.trace { a = builtins.fromJSON "\"\\u009bx\""; } "named");
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
