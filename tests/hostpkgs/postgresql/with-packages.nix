# `postgresql.withPackages`. PostgreSQL finds its share directory from the real path of its own binary:
# nixpkgs patches it to start from the link, this fixture makes every program in bin/ a real copy.
{
  lib,
  buildEnv,
  makeWrapper,
}:
let
  withPackages =
    postgresql: f:
    let
      installedExtensions = f postgresql.pkgs;
      args = lib.concatMap (ext: ext.wrapperArgs or [ ]) installedExtensions;
      finalPackage = buildEnv {
        name = "${postgresql.pname}-and-plugins-${postgresql.version}";
        paths = installedExtensions ++ [
          postgresql
          postgresql.man
        ];
        nativeBuildInputs = [ makeWrapper ];
        postBuild = ''
          for program in ${lib.getOutput "out" postgresql}/bin/*; do
            cp --remove-destination "$program" "$out/bin/$(basename "$program")"
          done
        ''
        + lib.optionalString (args != [ ]) ''
          wrapProgram "$out/bin/postgres" ${lib.concatStringsSep " " args}
        '';
        passthru = {
          inherit installedExtensions;
          inherit (postgresql) pkgs psqlSchema version;
          pg_config = postgresql.pg_config.override { outputs.out = finalPackage; };
          withPackages = f': withPackages postgresql (ps: installedExtensions ++ f' ps);
          withJIT = finalPackage;
          withoutJIT = finalPackage;
        };
        meta = { inherit (postgresql.meta) platforms license mainProgram; };
      };
    in
    finalPackage;
in
withPackages
