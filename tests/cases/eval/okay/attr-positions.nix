let p = n: s: builtins.unsafeGetAttrPos n s; d = derivation { name = "n"; system = "s"; builder = "b"; };
in map (n: let q = p n d; in if q == null then [ n ] else [ n q.file q.line q.column ]) (builtins.attrNames d)
