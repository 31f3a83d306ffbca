{ fetchurl }:
old: rec {
  tag = "2";
  data = fetchurl {
    url = "https://example.org/${tag}";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  };
}
