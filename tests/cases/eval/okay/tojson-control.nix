builtins.toJSON (builtins.fromJSON ''"\u0001\u007f\u00e9"'')
