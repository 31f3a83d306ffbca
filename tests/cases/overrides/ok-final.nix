{ lib }:
finalAttrs: prevAttrs: {
  postInstall = (prevAttrs.postInstall or "") + ''
    ln -s $out/lib/${finalAttrs.pname}-${lib.versions.major finalAttrs.version}.so $out/lib/x.so
    echo "''${out}"
  '';
  passthru = prevAttrs.passthru // { inherit (finalAttrs) version; };
}
