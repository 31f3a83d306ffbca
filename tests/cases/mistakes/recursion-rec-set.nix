rec {
  version = "${version}";
}.version
