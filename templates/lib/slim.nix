# The same PostgreSQL and extensions for images: no manual pages, headers, static libraries, bitcode and
# documentation, and nothing that only those refer to.
{
  lib,
  postgresql,
  runCommand,
  stdenv,
}:

bin:

let
  unneeded = [
    "include"
    "lib/bitcode"
    "lib/cmake"
    "lib/pgxs"
    "lib/pkgconfig"
    "nix-support"
    "share/doc"
    "share/gtk-doc"
    "share/info"
    "share/man"
    "share/postgresql/man"
  ];

  # Not even a reference to the original may stay, or all of it would come along. Both paths have the same
  # length, so that they can be exchanged in programs as well; not on macOS, where that breaks signatures.
  slimmed =
    package:
    runCommand package.name
      {
        inherit unneeded;
        original = lib.getOutput "out" package;
        # Which of two packages wins where both have a file.
        meta = lib.optionalAttrs (package ? meta.priority) { inherit (package.meta) priority; };
      }
      ''
        cp -r "$original" "$out"
        chmod -R u+w "$out"
        for path in $unneeded; do
          rm -rf "$out/$path"
        done
        find "$out" -name '*.a' -delete
        find "$out" -type d -empty -delete
        mkdir -p "$out"
        find "$out" -type f ${lib.optionalString stdenv.hostPlatform.isDarwin "-exec grep -Iq . {} \\;"} \
          -exec sed -i "s|$original|$out|g" {} +
        find "$out" -type l | while read -r link; do
          target=$(readlink "$link")
          case $target in
            "$original"/*) ln -sfn "$out''${target#"$original"}" "$link" ;;
          esac
        done
      '';
in
bin.override (environment: {
  paths = map (path: if path == postgresql then path else slimmed path) (
    lib.filter (path: path != postgresql.man) environment.paths
  );
})
