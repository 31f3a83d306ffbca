{ }: old: { x = builtins.concatMapStrings (y: y) [ ]; y = builtins.foo or 1; z = builtins.attrName { }; }
