builtins.toJSON { __toString = self: "s"; }
