{ fetchFromGitHub }:
old: {
  data = fetchFromGitHub {
    owner = "a";
    repo = "b";
    rev = "refs/tags/v${old.version}";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  };
}
