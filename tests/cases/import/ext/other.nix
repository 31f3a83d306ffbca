{ maven, fetchFromGitHub }:
maven.buildMavenPackage {
  pname = "other";
  version = "1.0";
  src = fetchFromGitHub { };
}
