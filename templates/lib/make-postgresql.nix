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

  entry = pkgs.callPackage path { };
  inherit (entry) postgresql;

  builders = import ./builders.nix { inherit pkgs postgresql; };
  callPackage = pkgs.newScope (builders // { inherit postgresql; });

  available = lib.filterAttrs (
    _: extension: !(lib.elem system (extension.excludedSystems or [ ]))
  ) entry.extensions;

  # Every version of every extension; only those that are asked for are evaluated.
  packages = lib.mapAttrs (name: _: callPackage (../extensions + "/${name}.nix") { }) available;

  defaults = lib.mapAttrs (name: extension: packages.${name}.${extension.default}) available;

  # pgvector 0.7.4 is `pgvector-0_7_4`: Nix's command line takes that without quotes.
  versionAttribute =
    name: version:
    "${name}-${lib.replaceStrings [ "." "+" "~" ] [ "_" "_" "_" ] version}";

  versioned = lib.concatMapAttrs (
    name: extension:
    lib.listToAttrs (
      map (version: {
        name = versionAttribute name version;
        value = packages.${name}.${version};
      }) (extension.versions or [ ])
    )
  ) available;

  describe = name: extension: {
    inherit name;
    inherit (extension) version;
    origin = catalogue.extensions.${name}.versions.${available.${name}.default}.origin or "nixpkgs";
  };

  # What is in an installation, for tools that find one in the store.
  makeReceipt =
    extensions:
    let
      described = lib.mapAttrsToList describe extensions;
      fromNixpkgs = lib.partition (extension: extension.origin == "nixpkgs") described;
    in
    pkgs.writeTextFile {
      name = "receipt-${entry.name}";
      destination = "/receipt.json";
      text = builtins.toJSON {
        receipt-version = "2";
        inherit revision;
        psql-name = entry.name;
        psql-version = postgresql.version;
        nixpkgs = {
          revision = nixpkgsRevision;
          extensions = fromNixpkgs.right;
        };
        extensions = fromNixpkgs.wrong;
      };
    };
in
{
  inherit (entry) name;
  inherit postgresql;

  bin = postgresql.withPackages (
    _: lib.attrValues defaults ++ [ (makeReceipt defaults) ]
  );

  exts = defaults // versioned;
}
