# `postgresql.withPackages`. PostgreSQL finds its share directory from the real path of its own binary:
# nixpkgs patches it to start from the link, this fixture makes every program in bin/ a real copy.
{
  lib,
  buildEnv,
  callPackage,
  makeWrapper,
  postgresql,
}:
f:
let
  pin = import ../pin.nix;
  again = import ./with-packages.nix {
    inherit
      lib
      buildEnv
      callPackage
      makeWrapper
      postgresql
      ;
  };
  installedExtensions = f postgresql.pkgs;
  args = lib.concatMap (ext: ext.wrapperArgs or [ ]) installedExtensions;
  environment = finalPackage: {
    pname = "${postgresql.pname}-and-plugins";
    inherit (postgresql) version;
    paths = installedExtensions ++ [
      postgresql
      postgresql.man
    ];
    pathsToLink = [ "/" ];
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
      withPackages = f': again (ps: installedExtensions ++ f' ps);
      withJIT = again (_: installedExtensions ++ [ postgresql.jit ]);
      withoutJIT = again (_: lib.remove (postgresql.jit or null) installedExtensions);
    };
    meta = { inherit (postgresql.meta) platforms license mainProgram; };
  };
  inputs.nativeBuildInputs = [ makeWrapper ];
in
if pin.buildEnv == "function" then
  buildEnv (finalAttrs: environment finalAttrs.finalPackage // { derivationArgs = inputs; })
else
  let
    finalPackage = buildEnv (environment finalPackage // inputs);
  in
  finalPackage
