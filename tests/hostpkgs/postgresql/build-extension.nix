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
      prePatch ? "",
      postInstall ? "",
      ...
    }:
    {
      strictDeps = true;
      buildInputs = [ postgresql ] ++ buildInputs;
      nativeBuildInputs = [ postgresql.pg_config ] ++ nativeBuildInputs;
      installFlags = [ "DESTDIR=${placeholder "out"}" ] ++ installFlags;
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
    }
    # PGXS of 18 takes an exported prefix for where PostgreSQL itself is. In nixpkgs it is a variable of the shell.
    // lib.optionalAttrs (lib.versionAtLeast postgresql.version "18") {
      prePatch = ''
        export -n prefix
        ${prePatch}
      '';
    };
}
