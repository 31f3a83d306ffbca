{ lib }: old: { env = "x" + lib.concatStrings [ ]; }
