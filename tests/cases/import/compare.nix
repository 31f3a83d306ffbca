# What a hand-written extension and the generated one hand to the package set's builders, side by side.
#
# Builders are replaced by functions that keep what they are given. Of that, sources are compared by their hash,
# inputs by their names, lock files and patches by their contents, and everything else by its value.
{
  # The catalogue's root.
  root,
  # The hand-written file.
  original,
  # Its name in the catalogue.
  name,
  # The package set.
  pkgs ? import ../../hostpkgs { system = "x86_64-linux"; },
  # PostgreSQL's major version.
  major ? 17,
  # Arguments of the original that the package set lacks.
  arguments ? { },
}:
let
  inherit (pkgs) lib;
  hash = builtins.hashString "sha256";

  # A package that the package set has not.
  absent = name: {
    type = "derivation";
    pname = name;
    inherit name;
    outPath = "/absent/${name}";
    dev = absent "${name}.dev";
    lib = absent "${name}.lib";
    out = absent name;
    libv8 = absent "${name}.libv8";
  };

  server = pkgs."postgresql_${toString major}";
  postgresql = {
    type = "derivation";
    name = "postgresql";
    pname = "postgresql";
    inherit (server) version psqlSchema;
    outPath = "/postgresql";
    dlSuffix = ".so";
    jitSupport = false;
    buildInputs = [ (absent "of-postgresql") ];
    nativeBuildInputs = [ (absent "of-postgresql") ];
    meta.platforms = [ "x86_64-linux" ];
    dev = absent "postgresql.dev";
    lib = absent "postgresql.lib";
    pg_config = absent "postgresql.pg_config";
    pkgs = {
      inherit callPackage;
    };
  };

  # A builder that keeps what it is given.
  keep =
    more:
    let
      make =
        given:
        let
          f = lib.toFunction given;
          final = f final // {
            type = "derivation";
            outPath = "/kept/${name}";
            kept = f final // more;
            overrideAttrs =
              change:
              make (
                final:
                let
                  old = f final;
                  once = change final;
                in
                old // (if lib.isFunction once then once old else change old)
              );
          };
        in
        final;
    in
    {
      __functor = _: make;
      override = changes: keep (more // lib.optionalAttrs (changes ? rustPlatform) changes.rustPlatform);
    };

  builders = {
    stdenv = pkgs.stdenv // {
      cc = absent "cc" // {
        cc = absent "cc";
      };
      mkDerivation = keep { };
    };
    stdenvNoCC = pkgs.stdenvNoCC // {
      mkDerivation = keep { };
    };
    postgresqlBuildExtension = keep { };
    buildPostgresqlExtension = keep { };
    buildPgrxExtension = keep { };
    makeRustPlatform = { cargo, ... }: { rust = cargo; };
    rust-bin.stable = lib.genAttrs [
      "1.70.0"
      "1.76.0"
      "1.80.0"
      "1.81.0"
      "1.82.0"
      "1.84.0"
      "1.85.1"
      "1.87.0"
      "1.88.0"
      "1.90.0"
      "1.91.0"
    ] (version: {
      minimal = version;
      default = absent "rust" // {
        inherit version;
      };
    });
    buildEnv = given: given // { overrideAttrs = _: given; };
    inherit postgresql lib callPackage;
    callPackages = callPackage;
    fetchpatch2 = pkgs.fetchpatch2 or pkgs.fetchpatch or (given: absent given.url);
    fetchpatch = pkgs.fetchpatch or (given: absent given.url);
    pkgs = { rsync = absent "rsync"; } // scope;
  };
  scope = pkgs // builders // arguments;

  package =
    name:
    let
      versioned = builtins.match "buildPgrxExtension_(.*)" name;
      found = scope.${name} or (absent name);
    in
    if versioned != null then
      keep { pgrx = lib.replaceStrings [ "_" ] [ "." ] (lib.head versioned); }
    else if lib.isDerivation found && !(found ? kept) then
      {
        dev = found;
        lib = found;
      }
      // found
    else
      found;

  callPackage =
    path: more:
    # A builder of the original's own, or a package of its own.
    if more ? pgrxVersion then
      keep {
        pgrx = more.pgrxVersion;
        rust = more.rustVersion or null;
      }
    else
      let
        f = if lib.isFunction path then path else import path;
        wanted = lib.functionArgs f;
        found = lib.mapAttrs (name: _: package name) (
          lib.filterAttrs (name: optional: !optional || scope ? ${name}) wanted
        );
      in
      # A file of the original's with another package than an extension.
      if lib.isFunction f then f (found // more) else absent (baseNameOf path);

  before = callPackage original { };

  lib' = root + "/generated/lib";
  own = import (lib' + "/builders.nix") {
    pkgs = scope // {
      callPackage = _: _: lib.genAttrs (map (tool: tool.version) tools) lib.id;
    };
    inherit postgresql;
    name = "psql_test";
  };
  pgrx = root + "/catalogue/pgrx.toml";
  tools = if builtins.pathExists pgrx then (builtins.fromTOML (builtins.readFile pgrx)).cargo-pgrx else [ ];
  after =
    let
      f = import (root + "/generated/extensions/${name}.nix");
      wanted = lib.functionArgs f;
    in
    f (lib.mapAttrs (name: _: own.${name} or (package name)) wanted);

  # By version.
  originals =
    let
      all = lib.filter (one: one ? kept) (before.paths or [ before ]);
    in
    lib.listToAttrs (
      map (one: {
        name = one.kept.version or (versionOf one.kept.name);
        value = one.kept;
      }) all
    );
  versionOf = name: lib.last (builtins.match "[^0-9]*-([0-9].*)" name);

  shown =
    value:
    if builtins.isFunction value then
      "a function"
    else if builtins.isPath value then
      "file ${hash (builtins.readFile value)}"
    else if lib.isDerivation value then
      value.pname or value.name
    else if builtins.isList value then
      map shown value
    else if builtins.isAttrs value then
      lib.mapAttrs (_: shown) value
    else if builtins.isString value then
      builtins.unsafeDiscardStringContext value
    else
      value;
  names =
    inputs:
    lib.sort (a: b: a < b) (
      lib.filter (name: !(lib.hasPrefix "postgresql" name || lib.hasPrefix "rust" name || name == "cmake")) (
        map (input: input.pname or input.name or (toString input)) (lib.flatten inputs)
      )
    );
  isVariable = name: builtins.match "[A-Z][A-Z0-9_]*" name != null;
  lines = text: lib.filter (line: line != "") (map lib.trim (lib.splitString "\n" text));

  # What counts of an attribute; null: nothing.
  normal =
    name: value:
    if lib.hasSuffix "Inputs" name then
      names value
    else if lib.hasSuffix "Flags" name || name == "buildFeatures" then
      lib.sort (a: b: a < b) (
        lib.filter (flag: !(lib.hasPrefix "PG_CONFIG=" flag) && builtins.match "pg[0-9]+" flag == null) (
          map (flag: shown (toString flag)) (lib.flatten [ value ])
        )
      )
    else if name == "src" then
      if value ? outputHash then
        builtins.convertHash {
          hash = value.outputHash;
          hashAlgo = "sha256";
          toHashFormat = "sri";
        }
      else
        value.rev or "?"
    else if name == "cargoLock" then
      {
        file = if builtins.isPath (value.lockFile or null) then shown value.lockFile else "of the source";
        hashes = value.outputHashes or { };
      }
    else if builtins.isString value && (lib.hasSuffix "Phase" name || builtins.match "(pre|post)[A-Z].*" name != null) then
      lines (shown value)
    else
      shown value;

  ignored = [
    # The catalogue's own.
    "meta"
    "passthru"
    "pname"
    "name"
    "enableUpdateScript"
    "cargo-pgrx"
    "postgresql"
    # Without effect on what is built.
    "enableParallelBuilding"
    "strictDeps"
    "auditable"
    "CARGO"
    "previousVersions"
    # Of the kind.
    "dontDisableStatic"
    "setOutputFlags"
  ];
  nothing = value: value == null || value == [ ] || value == { } || value == false || value == "";

  attributes =
    kept:
    let
      env = lib.mapAttrs (_: toString) (kept.env or { } // lib.filterAttrs (name: _: isVariable name) kept);
      plain = lib.filterAttrs (name: _: !(isVariable name) && name != "env" && !(lib.elem name ignored)) (
        kept
        // lib.optionalAttrs (lib.isString (kept.cargo-pgrx or null)) { pgrx = kept.cargo-pgrx; }
        // lib.optionalAttrs onlyMake { buildPhase = null; }
        // lib.optionalAttrs onlyMake { makeFlags = kept.makeFlags or [ ] ++ made; }
      );
      # A buildPhase that calls make and nothing else has make's arguments.
      phase = lines (shown (kept.buildPhase or ""));
      words = lib.splitString " " (lib.head phase);
      onlyMake = lib.length phase == 1 && lib.elem "make" words && lib.all (w: w == "make" || lib.hasInfix "=" w) words;
      made = lib.filter (word: word != "make") words;
    in
    lib.filterAttrs (_: value: !nothing value) (
      lib.mapAttrs normal plain
      // lib.mapAttrs' (name: value: {
        name = "env.${name}";
        value = shown value;
      }) (lib.filterAttrs (name: value: !nothing value && !(lib.elem name ignored)) env)
    );

  compared =
    version: kept:
    let
      one = attributes kept;
      other =
        let
          new = attributes after.${version}.kept;
          # Where the original reads the lock file from the source, the catalogue has a copy.
          copied = (one.cargoLock.file or null) == "of the source" && new ? cargoLock;
        in
        new // lib.optionalAttrs copied { cargoLock = new.cargoLock // { inherit (one.cargoLock) file; }; };
      all = lib.attrNames (one // removeAttrs other (lib.optional (!(kept ? version)) "version"));
      differs = lib.filter (name: (one.${name} or null) != (other.${name} or null)) all;
    in
    if !(after ? ${version}) then
      { version = "not taken over"; }
    else
      lib.genAttrs differs (name: {
        original = one.${name} or null;
        generated = other.${name} or null;
      });
in
{
  differences = lib.mapAttrs compared originals;
  same = lib.mapAttrs (
    version: kept: lib.intersectLists (lib.attrNames (attributes kept)) (lib.attrNames (attributes after.${version}.kept))
  ) (lib.intersectAttrs after originals);
}
