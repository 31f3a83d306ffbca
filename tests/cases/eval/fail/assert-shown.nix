# How each kind of expression is shown.
let f = g; g = x; x = y; y = a; a = b; b = c; c = d; d = e; e = 1; in
assert
  false
  && [
    1
    0123
    1.50
    1.0e10
    "a\nb\"c\\d\${e}$f"
    ''
      a
        b${toString 1}
    ''
    "${"alone"}"
    https://a.b/c
    /a/b
    /a/${"b"}/c
    <nixpkgs/lib>
    __curPos
    (f 1 2 (g 3))
    { a = 1; b.c = 2; b.d.e = 3; "x y" = 4; "if" = 5; if' = 6; "" = 7; or = 8; }
    { b = 1; inherit (builtins) toString true; inherit x y; inherit ({ z = 1; }) z; a = 2; }
    rec { a = { b = 1; }; a.c = 2; }
    { "${"a"}" = 1; ${"b"} = 2; ${toString 3}.c = 4; d.${toString 5} = 6; }
    { }
    (x: y: x + y)
    ({ b, a ? 2, ... }: a)
    ({ b, a ? [ ] }@whole: a)
    (whole@{ ... }: whole)
    ({ }: 1)
    (let b = a; inherit (builtins) head; a = 1; in head [ b ])
    (let { body = 1; })
    (a.b."c d".${toString 1} or 2)
    (a ? b.c)
    (with { a = 1; }; a)
    (if a then b else c)
    (assert a; b)
    (!a || -b < c && d >= e -> f != g)
    (1 - 2 * 3 / 4 + 5)
    ({ } // { } ++ [ ])
  ] == 1;
1
