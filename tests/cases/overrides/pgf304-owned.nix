{ fetchFromGitHub }:
old: {
  pname = "other";
  version = "2.0.0";
  src = fetchFromGitHub {
    owner = "a";
    repo = "b";
    tag = "v2";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  };
}
