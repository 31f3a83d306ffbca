{ lib }: old: { env = builtins.trace (builtins.fromJSON "\"x\\n::stop-commands::abc\\u001b]0;t\\u0007\"") { A = builtins.warn "w\n::error::x" "b"; } // { B = ""; }.B + lib.concatStrings [ ]; }
