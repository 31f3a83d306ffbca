{ stdenv, src, version }: stdenv.mkDerivation { name = "example-${version}"; inherit src; }
