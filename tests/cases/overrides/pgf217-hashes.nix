{ fetchurl, fetchpatch }:
old: {
  data = fetchurl {
    url = "https://example.org/data.tar.gz";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSu=";
  };
  patches = [
    (fetchpatch {
      url = "https://example.org/x.patch";
      hash = "sha265-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    })
    (fetchurl {
      url = "https://example.org/y.patch";
      hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    })
  ];
  cargoHash = "sha256-47DEQpj8HBSa_/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
}
