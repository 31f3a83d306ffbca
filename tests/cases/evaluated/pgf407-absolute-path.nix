{ }:
old: { makeFlags = old.makeFlags ++ [ (builtins.readFile /etc/hostname) ]; }
