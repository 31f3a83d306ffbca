{
  lib,
  fetchFromGitHub,
  json_c,
  libxml2,
  perl,
}:
finalAttrs: prevAttrs: {
  # The data comes from elsewhere.
  data = fetchFromGitHub {
    owner = "example";
    repo = "data";
    tag = "v${finalAttrs.version}";
    hash = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
  };

  nativeBuildInputs = prevAttrs.nativeBuildInputs ++ [ perl ];

  buildInputs = prevAttrs.buildInputs ++ [ json_c libxml2 ];

  configureFlags = (prevAttrs.configureFlags or [ ]) ++ [
    "--with-jsondir=${lib.getDev json_c}"
    (lib.enableFeature true "xml")
  ];

  installPhase = ''
    runHook preInstall
    install -D *.so -t $out/lib
    cp -r ${finalAttrs.data} $out/share/data
    runHook postInstall
  '';

  installFlags = prevAttrs.installFlags ++ [ "PREFIX=$(out)" ];

  postInstall = prevAttrs.postInstall + ''
    rm -r $out/share/doc
  '';

  passthru = prevAttrs.passthru // {
    inherit (finalAttrs) data;
  };

  dontStrip = true;
}
