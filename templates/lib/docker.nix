# The image of one PostgreSQL; behaves as people know it from the official image. For an operator, which starts programs
# of it by itself: neither entrypoint nor volume.
{
  barman ? null,
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
  imageLabels,
  jq,
  lib,
  nss_wrapper,
  runCommand,
  writeShellApplication,
  writeTextDir,
  xz,
  zstd,
}:

{
  name,
  postgresql,
  forOperator ? false,
  withBarman ? false,
}:

let
  # As in the official image, and as CloudNativePG has it.
  uid = if forOperator then "26" else "999";
  home = "/var/lib/postgresql";
  inherit (catalogue.postgresqls.${name}) major;
  perMajor = major >= 18;
  volume = if perMajor then home else "${home}/data";
  pgdata = if perMajor then "${home}/${toString major}/docker" else volume;
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

  inherit (postgresql.postgresql) version;

  # What every image has.
  common = [
    bin
    bash
    conf
    coreutils
    dockerTools.binSh
    dockerTools.usrBinEnv
  ]
  ++ users;

  environment = [
    "PATH=/bin${lib.optionalString (!forOperator) ":/usr/local/bin"}"
    "LANG=${catalogue.locale}"
  ]
  ++ lib.optionals (!forOperator) [
    "PGDATA=${pgdata}"
    "PGHOST=${sockets}"
  ]
  ++ [
    "PG_MAJOR=${toString major}"
    "PG_VERSION=${version}"
    "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt"
  ]
  ++ lib.optional (!builtinLocale) "LOCALE_ARCHIVE=${glibcLocales}/lib/locale/locale-archive";

  labels = imageLabels {
    inherit version;
    title = "postgresql-${name}";
    packages = [ postgresql.postgresql ] ++ postgresql.bin.installedExtensions;
  };
in
if forOperator then
  dockerTools.buildLayeredImage {
    name = "postgresql-${name}";
    # The operator reads the major from how the tag begins, followed by one of `.-_`.
    tag =
      let
        released = builtins.match "[0-9.]+" version != null;
      in
      "${lib.optionalString (!released) "${toString major}-"}${version}-cloudnative-pg${lib.optionalString withBarman "-barman"}";

    contents =
      common
      ++ lib.optional withBarman (
        if barman == null then throw "this nixpkgs has no barman: build cloudnative-pg.server" else barman
      );

    # Where the operator mounts volumes: a read-only image must have the places.
    fakeRootCommands = ''
      mkdir -p .${home}/data ./controller ./extensions ./run ./tmp
      chown -R ${uid}:${uid} .${home} ./controller ./run
      chmod 1777 ./tmp
    '';

    config = {
      User = uid;
      Env = environment;
      ExposedPorts."5432/tcp" = { };
      Labels = labels;
    };
  }
else
  dockerTools.buildLayeredImage {
    name = "postgresql-${name}";
    tag = "latest";

    contents = common ++ [
      entrypoint
      gosu
      usualPlaces
    ];

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
      Env = environment;
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
      Labels = labels;
    };
  }
