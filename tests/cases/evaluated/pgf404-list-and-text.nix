{ }:
old: { makeFlags = old.makeFlags ++ old.pname; }
