# What `pgflakegen index` asks of a nixpkgs for one system.
nixpkgs: system:

let
  pkgs = import nixpkgs {
    inherit system;
    # What is only an alias will be removed.
    config.allowAliases = false;
    overlays = [ ];
  };
  inherit (pkgs) lib;

  numbers = builtins.genList (n: toString (n + 9)) 40;
  try = value: builtins.tryEval (builtins.deepSeq value value);
  is = set: name: set ? ${name} && (builtins.tryEval (set.${name} ? type && set.${name}.type == "derivation")).value;
  server = major: pkgs."postgresql_${major}";

  # By full name; nixpkgs' licences have no other that all have.
  licenses = builtins.listToAttrs (
    map (name: {
      name = lib.licenses.${name}.fullName;
      value = name;
    }) (builtins.filter (name: lib.licenses.${name} ? fullName) (lib.reverseList (builtins.attrNames lib.licenses)))
  );
  listOf = value: if builtins.isList value then value else [ value ];

  fact =
    package:
    let
      meta = package.meta or { };
      of = listOf (meta.license or [ ]);
    in
    {
      version = package.version or "";
      licenses = builtins.filter (name: name != null) (
        map (license: if builtins.isAttrs license then licenses.${license.fullName or ""} or null else null) of
      );
      unfree = builtins.any (license: !(license.free or true)) (builtins.filter builtins.isAttrs of);
      broken = meta.broken or false;
      unsupported = !(lib.meta.availableOn pkgs.stdenv.hostPlatform package);
      insecure = meta.knownVulnerabilities or [ ] != [ ] || meta.insecure or false;
    };
in
{
  # As generated/lib/make-postgresql.nix asks.
  lacks =
    let
      there = (pkgs.postgresql.pkgs.callPackage or (_: _: false)) (
        {
          postgresqlBuildExtension ? null,
        }:
        postgresqlBuildExtension != null
      ) { };
    in
    if there then [ ] else [ "postgresqlBuildExtension" ];
  majors = builtins.filter (major: is pkgs "postgresql_${major}" && (try (server major).version).success) numbers;
  version = major: (server major).version;
  names =
    major:
    let
      set = (server major).pkgs;
    in
    # The set hands out its PostgreSQL as well.
    builtins.filter (name: is set name && name != "postgresql") (builtins.attrNames set);
  fact = major: name: builtins.toJSON (fact (server major).pkgs.${name});
}
