# The image of one PostgreSQL; behaves as people know it from the official image.
{
  bash,
  cacert,
  catalogue,
  coreutils,
  data,
  dockerTools,
  findutils,
  glibcLocales,
  gnugrep,
  gnused,
  gosu,
  gzip,
  jq,
  lib,
  nss_wrapper,
  revision,
  runCommand,
  writeShellApplication,
  writeTextDir,
  xz,
  zstd,
}:

{ name, postgresql }:

let
  # As in the official image.
  uid = "999";
  home = "/var/lib/postgresql";
  inherit (catalogue.postgresqls.${name}) major;
  perMajor = major >= 18;
  volume = if perMajor then home else "${home}/data";
  pgdata = if perMajor then "${home}/${toString major}/docker" else volume;
  sockets = "/run/postgresql";

  bin = postgresql.slim;

  # Of the server and its extensions, as an SPDX expression.
  licenses = lib.pipe ([ postgresql.postgresql ] ++ postgresql.bin.installedExtensions) [
    (lib.concatMap (package: lib.toList (package.meta.license or [ ])))
    (map (license: license.spdxId or null))
    (lib.filter (id: id != null))
    lib.unique
    (lib.sort lib.lessThan)
    (lib.concatStringsSep " AND ")
  ];

  builtinLocale = lib.elem catalogue.locale [
    "C"
    "C.UTF-8"
    "POSIX"
  ];

  # /etc/postgresql/catalogue.conf: a newer image brings its newer settings to the same volume.
  conf =
    runCommand "postgresql-${name}-conf"
      {
        nativeBuildInputs = [ jq ];
        PGFLAKEGEN_CATALOGUE = data.write { ${name} = { }; } { ${name} = postgresql; };
      }
      ''
        source ${../tools/catalogue.sh}
        mkdir -p "$out/etc/postgresql"
        postgresql_conf ${lib.escapeShellArg name} ${bin} >"$out/etc/postgresql/catalogue.conf"
      '';

  entrypoint = writeShellApplication {
    name = "docker-entrypoint.sh";
    runtimeInputs = [
      bin
      coreutils
      findutils
      gnugrep
      gnused
      gosu
      gzip
      xz
      zstd
    ];
    runtimeEnv = {
      PGFLAKEGEN_LOCALE = catalogue.locale;
      PGFLAKEGEN_MAJOR = toString major;
      PGFLAKEGEN_NSS_WRAPPER = "${nss_wrapper}/lib/libnss_wrapper.so";
      PGFLAKEGEN_PGDATA = pgdata;
      PGFLAKEGEN_SOCKETS = sockets;
      PGFLAKEGEN_VOLUME = volume;
    };
    text = lib.concatMapStrings builtins.readFile [
      ../docker/functions.sh
      ../docker/first-start.sh
      ../docker/entrypoint.sh
    ];
    excludeShellChecks = [
      # Functions that only scripts of others call.
      "SC2317"
      "SC2329"
    ];
  };

  # Where entrypoints that are made from the official image look.
  usualPlaces = runCommand "usual-places" { } ''
    mkdir -p "$out/usr/local/bin"
    ln -s ${entrypoint}/bin/docker-entrypoint.sh ${gosu}/bin/gosu "$out/usr/local/bin"
  '';

  users = [
    (writeTextDir "etc/passwd" ''
      root:x:0:0:root:/root:/bin/sh
      postgres:x:${uid}:${uid}:PostgreSQL:${home}:/bin/sh
      nobody:x:65534:65534:nobody:/:/bin/false
    '')
    (writeTextDir "etc/group" ''
      root:x:0:
      postgres:x:${uid}:
      nogroup:x:65534:
    '')
    (writeTextDir "etc/nsswitch.conf" ''
      passwd: files
      group: files
      hosts: files dns
    '')
  ];
in
dockerTools.buildLayeredImage {
  name = "postgresql-${name}";
  tag = "latest";

  contents = [
    bin
    bash
    conf
    coreutils
    dockerTools.binSh
    dockerTools.usrBinEnv
    entrypoint
    gosu
    usualPlaces
  ]
  ++ users;

  # What the server writes to belongs to its user; another can have its place below it.
  fakeRootCommands = ''
    mkdir -p .${volume} .${sockets} ./docker-entrypoint-initdb.d ./tmp
    chown -R ${uid}:${uid} .${home} .${sockets}
    chmod 1777 .${volume}
    chmod 3777 .${sockets}
    chmod 1777 ./tmp
  '';

  config = {
    User = "postgres";
    Entrypoint = [ "${entrypoint}/bin/docker-entrypoint.sh" ];
    Cmd = [ "postgres" ];
    Env = [
      "PATH=/bin:/usr/local/bin"
      "LANG=${catalogue.locale}"
      "PGDATA=${pgdata}"
      "PGHOST=${sockets}"
      "PG_MAJOR=${toString major}"
      "PG_VERSION=${postgresql.postgresql.version}"
      "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt"
    ]
    ++ lib.optional (!builtinLocale) "LOCALE_ARCHIVE=${glibcLocales}/lib/locale/locale-archive";
    ExposedPorts."5432/tcp" = { };
    Volumes.${volume} = { };
    # A fast shutdown: sessions end, and the next start needs no recovery.
    StopSignal = "SIGINT";
    Healthcheck = {
      # Over TCP: while the entrypoint prepares the database, the server is on its socket only.
      Test = [
        "CMD"
        "/bin/pg_isready"
        "--quiet"
        "--host=127.0.0.1"
        "--username=postgres"
      ];
      Interval = 10000000000;
      Timeout = 5000000000;
      StartPeriod = 60000000000;
      Retries = 5;
    };
    # https://github.com/opencontainers/image-spec/blob/main/annotations.md
    Labels =
      lib.mapAttrs' (key: lib.nameValuePair "org.opencontainers.image.${key}") (
        lib.filterAttrs (_: value: value != null && value != "") {
          title = "postgresql-${name}";
          inherit (catalogue) description;
          inherit (postgresql.postgresql) version;
          inherit revision licenses;
          inherit (catalogue.image) source documentation vendor;
          url = catalogue.image.source;
        }
      );
  };
}
