{ lib }: old: { env = throw (builtins.readFile ../../../outside/secret.txt) + lib.concatStrings [ ]; }
