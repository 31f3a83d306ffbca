{ lib }: old: { env = (let f = n: s: if n == 0 then s else f (n - 1) (s + s); in throw (f 40 "ab")) + lib.concatStrings [ ]; }
