# What scripts know of the catalogue, as a JSON file.
{
  pkgs,
  # The catalogue's, where nobody has another.
  superuser ? null,
}:

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

  # A PostgreSQL, as far as scripts care.
  ofPostgresql =
    postgresql:
    let
      entry = catalogue.postgresqls.${postgresql.name};
    in
    {
      inherit (entry) major;
      # Of the extensions that this system has; the server brings the others.
      preload = lib.filter (
        library:
        let
          owners = lib.filter (owner: lib.elem library catalogue.extensions.${owner}.preload) (
            lib.attrNames catalogue.extensions
          );
        in
        owners == [ ] || lib.any (owner: postgresql.extensions ? ${owner}) owners
      ) entry.preload;
      settings = lib.mapAttrs (_: settingValue) entry.settings;
    };

  # What is created where extensions are tested; nothing else changes with their versions.
  created =
    postgresql:
    let
      entry = catalogue.postgresqls.${postgresql.name};
      ofCatalogue = map (create: create.sql) entry.create;
    in
    # Only what this system has, with all that it requires, which comes before it.
    lib.foldl' (
      before: create:
      let
        isThere = sql: lib.any (other: other.sql == sql) before || !(lib.elem sql ofCatalogue);
      in
      before
      ++ lib.optional (
        postgresql.extensions ? ${create.extension} && lib.all isThere create.requires
      ) create
    ) [ ] entry.create;

  # A script for psql, which says its name, where that can be one in the store.
  script =
    file:
    let
      name = baseNameOf file;
      isPlain = builtins.match "[A-Za-z0-9_][A-Za-z0-9._-]{0,99}" name != null;
    in
    "${builtins.path {
      name = if isPlain then name else "script.sql";
      path = ../../catalogue + "/${file}";
    }}";

  # What a development server has besides. An image or a machine has no part in it.
  developed =
    postgresql:
    let
      entry = catalogue.postgresqls.${postgresql.name};
      plain = ofPostgresql postgresql;
      inherit (entry) server;
    in
    plain
    // {
      # Which versions can be asked for.
      extensions = lib.mapAttrs (name: _: {
        inherit (entry.extensions.${name}) versions;
        inherit (catalogue.extensions.${name}) sql;
      }) postgresql.extensions;
    }
    // lib.optionalAttrs (entry ? server) {
      preload = plain.preload ++ lib.subtractLists plain.preload server.preload;
      settings = plain.settings // lib.mapAttrs (_: settingValue) server.settings;
      server = {
        inherit (server) users;
        databases = map (database: database // { scripts = map script database.scripts; }) server.databases;
      };
    };

  # `describe` says what there is to know of a PostgreSQL, `more` what else, `builds` where each is built.
  writeAs =
    describe: more: builds: postgresqls:
    pkgs.writeText "postgresqls.json" (
      builtins.toJSON (
        {
          inherit (catalogue)
            default-postgresql
            locale
            port
            ;
          superuser = if superuser == null then catalogue.superuser else superuser;
          localeArchive =
            if hostPlatform.isLinux && !builtinLocale then
              "${pkgs.glibcLocales}/lib/locale/locale-archive"
            else
              null;
          postgresqls = lib.mapAttrs' (
            attribute: postgresql:
            lib.nameValuePair postgresql.name (describe postgresql // builds.${attribute})
          ) postgresqls;
        }
        // more
      )
    );
in
{
  inherit ofPostgresql;

  write = writeAs ofPostgresql { };

  # For who has these extensions alone, with libraries and settings besides.
  writeForExtensions =
    {
      extensions,
      preload,
      settings,
    }:
    writeAs (
      postgresql:
      let
        plain = ofPostgresql postgresql;
        of = key: map (name: catalogue.extensions.${name}.${key}) extensions;
        libraries = lib.concatLists (of "preload") ++ preload;
        # In the order that works for all.
        known = lib.filter (library: lib.elem library libraries) plain.preload;
      in
      plain
      // {
        preload = known ++ lib.subtractLists known (lib.unique libraries);
        settings = lib.mapAttrs (_: settingValue) (lib.mergeAttrsList (of "settings" ++ [ settings ]));
      }
    ) { };

  # For who creates all extensions.
  writeForTests = writeAs (postgresql: ofPostgresql postgresql // { create = created postgresql; }) { };

  # For who starts development servers. `flake` is what it all is of: source, system, and inputs by name.
  writeForServers = flake: writeAs developed { inherit flake; };
}
