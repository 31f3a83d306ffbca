{
  outputs = { self }: {
    x = "\n::error::x";
    packages.x86_64-linux."\n::stop-commands::x" = throw "one\n::set-env name=A::b\n  ::add-mask::x\n##[error]x";
    packages.x86_64-linux."${builtins.fromJSON "\"\\u001b]0;title\\u0007\\u009b31m\\u202e\\u2028\""}" = throw (builtins.fromJSON "\"\\u001b[2Jbad\\u0085::error::\\u2066\"");
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
