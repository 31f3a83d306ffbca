# What scripts know of the catalogue, as a JSON file.
{ pkgs }:

let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv) hostPlatform;

  catalogue = lib.importJSON ../catalogue.json;

  # The value of a setting is a file of the catalogue: its store path, executable.
  executable =
    file:
    "${pkgs.runCommand (baseNameOf file) { source = ../../catalogue + "/${file}"; } ''
      install -m 755 "$source" "$out"
      patchShebangs "$out"
    ''}";

  settingValue = value: if value ? file then executable value.file else value;

  # glibc itself has these.
  builtinLocale = lib.elem catalogue.locale [
    "C"
    "C.UTF-8"
    "POSIX"
  ];
in
{
  # `builds` says, for each PostgreSQL, where it is built.
  write =
    builds: postgresqls:
    pkgs.writeText "postgresqls.json" (
      builtins.toJSON {
        inherit (catalogue)
          default-postgresql
          locale
          port
          superuser
          ;
        localeArchive =
          if hostPlatform.isLinux && !builtinLocale then
            "${pkgs.glibcLocales}/lib/locale/locale-archive"
          else
            null;
        postgresqls = lib.mapAttrs' (
          attribute: postgresql:
          let
            entry = catalogue.postgresqls.${postgresql.name};
          in
          lib.nameValuePair postgresql.name (
            {
              inherit (entry) major preload;
              # Only what this system has.
              create = lib.filter (create: postgresql.extensions ? ${create.extension}) entry.create;
              settings = lib.mapAttrs (_: settingValue) entry.settings;
            }
            // builds.${attribute}
          )
        ) postgresqls;
      }
    );
}
