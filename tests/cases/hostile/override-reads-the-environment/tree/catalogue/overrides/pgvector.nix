{ lib }: old: { env = throw ("is: " + builtins.getEnv "PGF_SECRET") + lib.concatStrings [ ]; }
