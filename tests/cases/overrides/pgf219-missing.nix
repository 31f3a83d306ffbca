{ fetchFromGitHub, fetchurl, fetchzip, args }:
old: {
  one = fetchFromGitHub {
    owner = "a";
    repo = "b";
    tag = "v1";
  };
  fine = fetchzip { inherit (args) url hash; };
  unknown = fetchurl (args // { url = "https://example.org"; });
}
