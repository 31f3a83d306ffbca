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
  gzip,
  jq,
  lib,
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
  pgdata = "${home}/data";
  sockets = "/run/postgresql";

  bin = postgresql.slim;

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
      gzip
      xz
      zstd
    ];
    runtimeEnv = {
      PGFLAKEGEN_LOCALE = catalogue.locale;
      PGFLAKEGEN_SOCKETS = sockets;
    };
    text = builtins.readFile ../docker/entrypoint.sh;
  };

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
  ]
  ++ users;

  # What the server writes to belongs to its user.
  fakeRootCommands = ''
    mkdir -p .${pgdata} .${sockets} ./docker-entrypoint-initdb.d ./tmp
    chown -R ${uid}:${uid} .${home} .${sockets}
    chmod 700 .${pgdata}
    chmod 2775 .${sockets}
    chmod 1777 ./tmp
  '';

  config = {
    User = "postgres";
    Entrypoint = [ "${entrypoint}/bin/docker-entrypoint.sh" ];
    Cmd = [ "postgres" ];
    Env = [
      "PATH=/bin"
      "LANG=${catalogue.locale}"
      "PGDATA=${pgdata}"
      "PGHOST=${sockets}"
      "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt"
    ]
    ++ lib.optional (!builtinLocale) "LOCALE_ARCHIVE=${glibcLocales}/lib/locale/locale-archive";
    ExposedPorts."5432/tcp" = { };
    Volumes.${pgdata} = { };
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
    Labels = {
      "org.opencontainers.image.title" = "postgresql-${name}";
      "org.opencontainers.image.description" = catalogue.description;
      "org.opencontainers.image.version" = postgresql.postgresql.version;
    };
  };
}
