{ }:
old: {
  installPhase = ''
    install -D *.so -t $out/lib
  '';
  buildPhase = ''
    runHook preBuild
    make
  '';
}
