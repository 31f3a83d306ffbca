# The image of one extension, which CloudNativePG mounts at /extensions/NAME of a server of the same major: /lib and
# /share/extension, with nothing of the Nix store.
{
  dockerTools,
  glibc,
  imageLabels,
  lib,
  patchelf,
  runCommand,
}:

{
  name,
  package,
  postgresql,
  server,
}:

let
  major = lib.versions.major server.version;
  # As the operator takes names, and volumes have them.
  imageName = lib.replaceStrings [ "_" "." ] [ "-" "-" ] (lib.toLower name);

  # Asked for by name, this says why it is not there; nothing else may evaluate it.
  refused =
    let
      reason = throw "psql_${postgresql} has no extension images: PostgreSQL ${major} looks for extensions in its own directories only (extension_control_path is of 18). Use cloudnative-pg.server, which has them in it";
    in
    {
      type = "derivation";
      name = "${imageName}-extension-image";
      meta.available = false;
      drvPath = reason;
      outPath = reason;
    };

  files =
    runCommand "${imageName}-extension"
      {
        nativeBuildInputs = [
          (lib.getBin glibc)
          patchelf
        ];
      }
      ''
        bash ${./extension-image.sh} ${lib.escapeShellArg name} ${lib.getOutput "out" package} "$out"
      '';
in
if lib.versionOlder server.version "18" then
  refused
else
  dockerTools.buildLayeredImage {
    name = imageName;
    tag = lib.replaceStrings [ "+" "~" ] [ "_" "_" ] "${lib.getVersion package}-${major}";
    # Files, not links to what is in the store.
    includeStorePaths = false;
    extraCommands = ''
      cp -r ${files}/. .
      chmod -R u+w .
    '';
    # Nobody: nothing of it is run.
    config = {
      User = "65532:65532";
      Labels = imageLabels {
        title = name;
        version = lib.getVersion package;
        packages = [ package ];
      };
    };
    passthru = { inherit files; };
  }
