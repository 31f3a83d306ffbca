# Extensions of SQL alone: PGXS without a compiler.
{
  buildExtension,
  postgresqlBuildExtension,
  stdenvNoCC,
}:

buildExtension {
  build = postgresqlBuildExtension.override { stdenv = stdenvNoCC; };
}
