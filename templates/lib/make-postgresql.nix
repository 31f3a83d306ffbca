# One PostgreSQL of the catalogue: the server, its extensions, and both together.
{
  nixpkgsRevision,
  pkgs,
  revision,
}:

path:

let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;

  catalogue = lib.importJSON ../catalogue.json;

  # NixOS 25.05 is the first release with this function.
  isSupported = (pkgs.postgresql.pkgs.callPackage or (_: _: false)) (
    {
      postgresqlBuildExtension ? null,
    }:
    postgresqlBuildExtension != null
  ) { };

  entry =
    if isSupported then
      pkgs.newScope { pinned = import ./pinned.nix; } path { }
    else
      throw "nixpkgs ${
        lib.version or "of this revision"
      } is too old for this flake: it has no postgresqlBuildExtension. The oldest that works is that of NixOS 25.05; name a newer revision in catalogue/flake.toml";
  inherit (entry) postgresql;

  builders = import ./builders.nix {
    inherit (entry) name;
    inherit pkgs postgresql;
  };
  callPackage = pkgs.newScope (builders // { inherit postgresql; });

  available = lib.filterAttrs (
    _: extension: !(lib.elem system (extension.excludedSystems or [ ]))
  ) entry.extensions;

  # Every version of every extension; only those that are asked for are evaluated.
  packages = lib.mapAttrs (name: _: callPackage (../extensions + "/${name}.nix") { }) available;

  # JIT is an output of its own since 2025; before, it was in the server.
  jit = lib.optional (
    entry.jit or false && lib.elem "jit" (postgresql.outputs or [ ])
  ) postgresql.jit;

  defaults = lib.mapAttrs (name: extension: packages.${name}.${extension.default}) available;

  refusal = import ./refusal.nix { inherit lib system; };

  # Extensions that the package set refuses, each with the reason. They come back by themselves when it has
  # mended them, or is told to allow them.
  leftOut = lib.filterAttrs (_: reason: reason != null) (
    lib.mapAttrs (
      name: extension: if extension.required or false then null else refusal defaults.${name}
    ) available
  );
  withoutLeftOut = extensions: lib.removeAttrs extensions (lib.attrNames leftOut);

  combine = pkgs.callPackage ./side-by-side.nix { };

  # The versions of an extension that can be in one server: of those that are the same in SQL one, the default or
  # the newest.
  versionsSideBySide =
    name: extension:
    let
      sqlVersion = version: (describeVersion name version).sql-version;
      bySql = lib.groupBy sqlVersion extension.versions;
      one =
        versions: if lib.elem extension.default versions then extension.default else lib.last versions;
      chosen = lib.mapAttrsToList (_: one) bySql;
    in
    map (version: {
      inherit version;
      sqlVersion = sqlVersion version;
      package = packages.${name}.${version};
    }) (lib.filter (version: lib.elem version chosen) extension.versions);

  # Extensions of which `bin` has several versions.
  sideBySide = lib.filterAttrs (_: versions: lib.length versions > 1) (
    lib.mapAttrs versionsSideBySide (
      withoutLeftOut (lib.filterAttrs (_: extension: extension.sideBySide or false) available)
    )
  );

  combined = lib.mapAttrs (
    name: versions:
    let
      described = catalogue.extensions.${name};
      sqlVersions = map (version: version.sqlVersion) versions;
    in
    combine {
      inherit name versions;
      inherit (described) sql;
      default = (describeVersion name available.${name}.default).sql-version;
      aliases = lib.subtractLists sqlVersions (
        lib.unique (lib.mapAttrsToList (_: version: version.sql-version) described.versions)
      );
    }
  ) sideBySide;

  switchVersion = lib.optional (sideBySide != { }) (
    pkgs.writeShellApplication {
      name = "switch-extension-version";
      runtimeInputs = [
        pkgs.coreutils
        postgresql
      ];
      text = builtins.readFile ./switch-extension-version.sh;
    }
  );

  members = lib.warnIf (leftOut != { }) "psql_${entry.name} is without what nixpkgs refuses: ${
    lib.concatStringsSep "; " (lib.mapAttrsToList (name: reason: "${name} (${reason})") leftOut)
  }" (withoutLeftOut defaults);

  # pgvector 0.7.4 is `pgvector-0_7_4`: Nix's command line takes that without quotes.
  versionAttribute =
    name: version: "${name}-${lib.replaceStrings [ "." "+" "~" ] [ "_" "_" "_" ] version}";

  attributesOf = name: [ name ] ++ map (versionAttribute name) (available.${name}.versions or [ ]);

  isUncertain =
    name:
    let
      inherit (catalogue.extensions.${name}) kind license;
    in
    kind == "nixpkgs" || lib.any (license: !(lib.licenses.${license}.free or true)) license;

  versioned = lib.concatMapAttrs (
    name: extension:
    lib.listToAttrs (
      map (version: {
        name = versionAttribute name version;
        value = packages.${name}.${version};
      }) (extension.versions or [ ])
    )
  ) available;

  makeSlim = pkgs.callPackage ./slim.nix { inherit postgresql; };

  imageLabels = import ./image-labels.nix { inherit catalogue lib revision; };

  makeExtensionImage = pkgs.callPackage ./extension-image.nix { inherit imageLabels; };

  makeImage = pkgs.callPackage ./docker.nix {
    inherit catalogue imageLabels;
    data = import ../tools/data.nix { inherit pkgs; };
  };

  # The package that has a SQL name, for this PostgreSQL.
  providers = lib.listToAttrs (
    map (create: {
      name = create.sql;
      value = create.extension;
    }) catalogue.postgresqls.${entry.name}.create
  );

  # What the catalogue says of a version; where majors have different sources of it, of ours.
  describeVersion =
    name: version:
    let
      extension = catalogue.extensions.${name};
      described = extension.versions.${version} or extension;
    in
    described.by-major.${lib.versions.major postgresql.version} or described;

  # The packages that have these SQL names.
  providing =
    name: sqls:
    lib.filter (other: other != name && available ? ${other} && !(leftOut ? ${other})) (
      map (sql: providers.${sql} or name) sqls
    );

  # The names of an extension in one version and of what it requires, and of what has further SQL names.
  requiredNames =
    name: version: sqls:
    lib.unique (
      [ name ]
      ++ lib.concatMap (other: requiredNames other available.${other}.default [ ]) (
        providing name ((describeVersion name version).requires ++ sqls)
      )
    );

  # The packages of these.
  withRequired =
    name: version: sqls:
    [ packages.${name}.${version} ]
    ++ map (other: packages.${other}.${available.${other}.default}) (
      lib.tail (requiredNames name version sqls)
    );

  describe = chosen: name: extension: {
    inherit name;
    version = lib.getVersion extension;
    origin = (describeVersion name (chosen.${name} or available.${name}.default)).origin or "nixpkgs";
  };

  # What is in an installation, for tools that find one in the store.
  makeReceipt =
    # Versions that are not the defaults.
    chosen: extensions:
    let
      described = lib.mapAttrsToList (describe chosen) extensions;
      fromNixpkgs = lib.partition (extension: extension.origin == "nixpkgs") described;
      receipt = {
        receipt-version = "2";
        inherit revision;
        psql-name = entry.name;
        psql-version = postgresql.version;
        nixpkgs = {
          revision = nixpkgsRevision;
          extensions = fromNixpkgs.right;
        };
        extensions = fromNixpkgs.wrong;
        left-out = lib.mapAttrsToList (name: reason: { inherit name reason; }) leftOut;
      };
    in
    if sideBySide == { } then
      pkgs.writeTextFile {
        name = "receipt-${entry.name}";
        destination = "/receipt.json";
        text = builtins.toJSON receipt;
      }
    else
      # What the other versions add is known when they are built.
      pkgs.runCommand "receipt-${entry.name}"
        {
          nativeBuildInputs = [ pkgs.jq ];
          receipt = builtins.toJSON (
            receipt
            // {
              side-by-side = lib.mapAttrsToList (name: versions: {
                inherit name;
                versions = map (version: version.version) versions;
              }) sideBySide;
            }
          );
          combined = lib.concatLines (map toString (lib.attrValues combined));
          passAsFile = [ "receipt" ];
        }
        ''
          mkdir -p "$out"
          while IFS= read -r package; do
            if [[ -n $package ]]; then
              for file in "$package"/share/pgflakegen/side-by-side/*; do
                jq --null-input --arg name "''${file##*/}" --argjson bytes "$(<"$file")" '{ ($name): $bytes }'
              done
            fi
          done <<<"$combined" | jq --slurp add >bytes.json
          jq --compact-output --slurpfile bytes bytes.json \
            '."side-by-side" |= map(. + { "added-bytes": $bytes[0][.name] })' "$receiptPath" >"$out/receipt.json"
        '';
in
lib.fix (
  self:
  {
    inherit (entry) name;
    inherit postgresql;

    # What this system has of the catalogue's extensions.
    extensions = withoutLeftOut available;

    inherit leftOut;

    # Whether code can be compiled as a query runs.
    jit = jit != [ ];

    bin = postgresql.withPackages (
      _: lib.attrValues (members // combined) ++ switchVersion ++ jit ++ [ (makeReceipt { } members) ]
    );

    # `bin` with other versions of some extensions: { pgvector = "0.7.4"; }. Of these there is one version only.
    withExtensionVersions =
      chosen:
      let
        others = lib.mapAttrs (name: version: packages.${name}.${version}) chosen;
      in
      postgresql.withPackages (
        _:
        lib.attrValues (members // combined // others)
        ++ jit
        ++ [ (makeReceipt chosen (members // others)) ]
      );

    slim = makeSlim self.bin;

    # Tests are written in pgTAP, which not every catalogue has.
    tested =
      lib.mapAttrs
        (
          _: f:
          f (self.bin.withPackages (ps: lib.optional (!(available ? pgtap) || leftOut ? pgtap) ps.pgtap))
        )
        {
          bin = lib.id;
          slim = makeSlim;
        };

    # Of each extension in several versions these, the oldest first.
    inherit sideBySide;

    # The server with all versions of one extension and what those require.
    withVersions =
      name:
      postgresql.withPackages (
        ps:
        let
          requiredBy = version: lib.tail (withRequired name version.version [ ]);
        in
        [ combined.${name} ]
        ++ lib.unique (lib.concatMap requiredBy sideBySide.${name})
        ++ lib.optional (name != "pgtap") (members.pgtap or ps.pgtap)
      );

    # The server with one version of one extension, what that requires, and what has further SQL names: for updates
    # from one to the next, and for tests.
    withVersion =
      name: version: sqls:
      postgresql.withPackages (_: withRequired name version sqls);

    inherit requiredNames;

    exts = defaults // versioned;

    # Asked for by name, these give the package set's own error. Which names a flake has must not depend on what
    # cannot be evaluated, so only those are looked at of which the package set decides.
    refused = lib.filterAttrs (_: package: (builtins.tryEval (refusal package != null)).value) (
      lib.getAttrs (lib.concatMap attributesOf (lib.filter isUncertain (lib.attrNames available))) self.exts
    );
  }
  // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
    docker = makeImage {
      inherit (entry) name;
      postgresql = self;
    };

    # What the operator CloudNativePG takes.
    cloudnativePg =
      let
        server = {
          inherit (entry) name;
          postgresql = self;
          forOperator = true;
        };
        extension-image =
          { name, package }:
          makeExtensionImage {
            inherit name package;
            postgresql = entry.name;
            server = postgresql;
          };
      in
      {
        server = makeImage server;
        server-with-barman = makeImage (server // { withBarman = true; });
        # Of a package that is not in the catalogue.
        inherit extension-image;
        # What the package set refuses has no image either.
        extensions = lib.removeAttrs (lib.concatMapAttrs (
          name: _:
          lib.mapAttrs (_: package: extension-image { inherit name package; }) (
            lib.getAttrs (attributesOf name) self.exts
          )
        ) available) (lib.attrNames self.refused);
      };
  }
)
