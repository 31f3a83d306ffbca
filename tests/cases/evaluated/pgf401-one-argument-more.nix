{ }:
finalAttrs: old: more: { makeFlags = old.makeFlags ++ more; }
