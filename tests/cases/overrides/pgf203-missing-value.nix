{ }:
old: {
  doCheck = ;
  makeFlags;
  dontBuild: true;
}
