{ }:
old: {
  sourceRoot = "source;
  makeFlags = old.makeFlags ++ [ "A=1" ];
}
