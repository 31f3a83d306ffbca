# postgresqlBuildExtension: PGXS installs below DESTDIR, and what lands under PostgreSQL's own store
# paths is moved to the top of this output.
{
  lib,
  stdenv,
  postgresql,
}:
lib.extendMkDerivation {
  constructDrv = stdenv.mkDerivation;
  excludeDrvArgNames = [ "enableUpdateScript" ];
  extendDrvArgs =
    finalAttrs:
    {
      buildInputs ? [ ],
      nativeBuildInputs ? [ ],
      installFlags ? [ ],
      preBuild ? "",
      postInstall ? "",
      ...
    }:
    {
      strictDeps = true;
      buildInputs = [ postgresql ] ++ buildInputs;
      nativeBuildInputs = [ postgresql.pg_config ] ++ nativeBuildInputs;
      installFlags = [ "DESTDIR=${placeholder "out"}" ] ++ installFlags;
      # In nixpkgs a variable of the shell alone: PGXS of 18 takes one of the environment for where the server is.
      preBuild = ''
        export -n prefix
        ${preBuild}
      '';
      postInstall = ''
        for tree in ${postgresql} ${postgresql.dev} ${postgresql.doc} ${postgresql.man} "$out"; do
          if [ -d "$out$tree" ]; then
            cp -a "$out$tree/." "$out/"
            rm -r "''${out:?}$tree"
          fi
        done
        if [ -d "$out/nix/store" ] && ! rmdir "$out/nix/store" "$out/nix"; then
          find "$out/nix"
          nixErrorLog "the installation left files in $out/nix"
          exit 1
        fi
        ${postInstall}
      '';
    };
}
