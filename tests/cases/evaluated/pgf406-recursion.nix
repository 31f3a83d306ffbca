{ }:
finalAttrs: _old: {
  makeFlags = finalAttrs.makeFlags ++ [ "A=1" ];
}
