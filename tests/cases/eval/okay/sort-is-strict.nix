# What is sorted is evaluated, also where the function does not look at it, and one item is enough.
let
  tried = list: builtins.tryEval (builtins.length (builtins.sort (a: b: true) list));
in
[
  (tried [ (throw "x") ])
  (tried [ 1 (throw "x") ])
  (tried [ { a = throw "x"; } 1 ])
  (builtins.tryEval (builtins.length (builtins.sort builtins.lessThan [ (throw "x") ])))
]
