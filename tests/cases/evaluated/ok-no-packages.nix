# No package is needed.
_: old: {
  makeFlags = old.makeFlags ++ [ "A=1" ];
}
