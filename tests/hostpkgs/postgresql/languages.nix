# plperl, plpython3 and pltcl: the server's outputs as extensions. The environment's server is wrapped so that each
# language finds the modules that `withPackages` is asked for.
{
  lib,
  buildEnv,
  postgresql,
  runCommand,
}:
let
  # No module of any of these languages is in this set.
  language =
    name: variable:
    let
      withPackages =
        _:
        buildEnv {
          name = "${postgresql.pname}-${name}-${postgresql.version}";
          paths = [ (lib.getOutput name postgresql) ];
          passthru = {
            inherit withPackages;
            wrapperArgs = [ ''--set ${variable} "${runCommand "${name}-modules" { } ''mkdir "$out"''}"'' ];
          };
          meta = {
            inherit (postgresql.meta) homepage license platforms;
            description = "Language ${name} for PostgreSQL";
          };
        };
    in
    withPackages (_: [ ]);
in
{
  plperl = language "plperl" "PERL5LIB";
  plpython3 = language "plpython3" "PYTHONPATH";
  pltcl = language "pltcl" "TCLLIBPATH";
}
