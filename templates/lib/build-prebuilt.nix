# What upstream built: `files` has one for each system and each major version of PostgreSQL, as a tarball, a zip
# archive or a Debian package.
{
  autoPatchelfHook,
  dpkg,
  fetchurl,
  lib,
  postgresql,
  stdenv,
  unzip,
}:

{ files }:

args:

let
  inherit (stdenv.hostPlatform) system;
  major = lib.versions.major postgresql.version;

  # Where there is none, `meta` says so.
  file = files.${system}.${major} or null;
  endsIn = suffix: file != null && lib.hasSuffix suffix file.url;
in
stdenv.mkDerivation (
  finalAttrs:
  let
    attrs = lib.toFunction args finalAttrs;
  in
  attrs
  // {
    src = if file == null then null else fetchurl file;
    sourceRoot = ".";

    strictDeps = true;
    nativeBuildInputs =
      lib.optional stdenv.hostPlatform.isLinux autoPatchelfHook
      ++ lib.optional (endsIn ".deb") dpkg
      ++ lib.optional (endsIn ".zip") unzip
      ++ attrs.nativeBuildInputs or [ ];
    buildInputs =
      lib.optional stdenv.hostPlatform.isLinux (lib.getLib stdenv.cc.cc) ++ attrs.buildInputs or [ ];

    dontConfigure = true;
    dontBuild = true;
    # As upstream built it.
    dontStrip = true;

    installPhase = ''
      runHook preInstall

      find . -type f \( -name '*.so' -o -name '*.dylib' \) \
        -exec install -D -m 755 -t "$out/lib" {} +
      find . -type f \( -name '*.control' -o -path '*/extension/*.sql' -o -name '*--*.sql' \) \
        -exec install -D -m 644 -t "$out/share/postgresql/extension" {} +

      runHook postInstall
    '';

    meta = {
      platforms = lib.attrNames (lib.filterAttrs (_: majors: majors ? ${major}) files);
      sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    }
    // attrs.meta;
  }
)
