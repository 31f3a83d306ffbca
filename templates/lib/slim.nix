# The same PostgreSQL and extensions for images: no manual pages, headers, static libraries, bitcode and
# documentation, and nothing that only those refer to.
{
  lib,
  postgresql,
  runCommand,
  stdenv,
}:

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

  # Outputs of the server that nothing needs to run.
  unneededOutputs = [
    "debug"
    "dev"
    "doc"
    "man"
  ];

  forbidden = lib.filter (path: path != null) (
    map (output: postgresql.${output} or null) unneededOutputs
  );

  # Not even a reference to the original may stay, or all of it would come along. Both paths have the same
  # length, so that they can be exchanged in programs as well; not on macOS, where that breaks signatures.
  slimmed =
    package:
    runCommand package.name
      {
        inherit forbidden unneeded;
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
        exchange=(-e "s|$original|$out|g")
        for path in $forbidden; do
          nowhere=''${path:0:''${#NIX_STORE}+1}eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee''${path:''${#NIX_STORE}+33}
          exchange+=(-e "s|$path|$nowhere|g")
        done
        find "$out" -type f ${lib.optionalString stdenv.hostPlatform.isDarwin "-exec grep -Iq . {} \\;"} \
          -exec sed -i "''${exchange[@]}" {} +
        find "$out" -type l | while read -r link; do
          target=$(readlink "$link")
          case $target in
            "$original"/*) ln -sfn "$out''${target#"$original"}" "$link" ;;
          esac
        done
      '';

  # The server's own outputs are not copied: they refer to each other, and have nothing that is unneeded.
  slimPath =
    path:
    let
      output = lib.findFirst (
        output: postgresql.${output}.outPath == path.outPath
      ) null postgresql.outputs;
    in
    if output == null || output == "jit" then
      [ (slimmed path) ]
    else if lib.elem output unneededOutputs then
      [ ]
    else
      # One output by name: of a package, an environment takes all that its meta names.
      [ postgresql.${output} ];

  makeSlim =
    bin:
    let
      passthru = {
        installedExtensions = map slimmed bin.installedExtensions;
        withPackages = f: makeSlim (bin.withPackages f);
      };
    in
    # Since an environment may be made by a function, it has its paths in passthru; before, they were arguments.
    if bin ? paths then
      bin.overrideAttrs (old: {
        passthru =
          old.passthru
          // passthru
          // {
            paths = lib.concatMap slimPath old.passthru.paths;
          };
      })
    else
      bin.override (old: {
        paths = lib.concatMap slimPath old.paths;
        passthru = old.passthru or { } // passthru;
      });
in
makeSlim
