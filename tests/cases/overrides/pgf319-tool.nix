{ cmake, pkg-config, zlib }:
old: {
  buildInputs = old.buildInputs ++ [ cmake zlib pkg-config ];
}
