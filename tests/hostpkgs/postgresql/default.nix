# postgresql_14 … postgresql_19, made as nixpkgs makes them: `generic` is called with version, rev and
# hash, so that `.override { version; rev; hash; fetchFromGitHub; }` gives another PostgreSQL.
{
  lib,
  self,
  ...
}:
let
  inherit (self) callPackage;
  generic = import ./generic.nix;

  # What the pinned nixpkgs has. Only the versions and hashes are facts of nixpkgs.
  versions = {
    "14" = {
      version = "14.23";
      rev = "refs/tags/REL_14_23";
      hash = "sha256-fjoboaUhrHFDqusmIXzSS5ZnIpSRHO9+qcqvkchl2dM=";
    };
    "15" = {
      version = "15.18";
      rev = "refs/tags/REL_15_18";
      hash = lib.fakeHash;
    };
    "16" = {
      version = "16.14";
      rev = "refs/tags/REL_16_14";
      hash = lib.fakeHash;
    };
    "17" = {
      version = "17.10";
      rev = "refs/tags/REL_17_10";
      hash = lib.fakeHash;
    };
    "18" = {
      version = "18.4";
      rev = "refs/tags/REL_18_4";
      hash = lib.fakeHash;
    };
    "19" = {
      version = "19beta1";
      rev = "refs/tags/REL_19_BETA1";
      hash = "sha256-thvbttX8wwGLf5tMJRHl86Xv8OgINzahoqB/AzAdtMI=";
    };
  };
  # What can be built here without GitHub: from its release tarball.
  tarballs = {
    "15" = "sha256-Ed8N+X/j6kupp5H6rznO4dL+Vx54iFtbVdhRfSfDI7Q=";
  };

  fromTarball = major: version: {
    fetchFromGitHub =
      _:
      self.fetchurl {
        url = "https://ftp.postgresql.org/pub/source/v${version}/postgresql-${version}.tar.bz2";
        hash = tarballs.${major};
      };
  };
  make =
    major: args:
    callPackage generic (
      args
      // {
        inherit self;
      }
      // lib.optionalAttrs (tarballs ? ${major}) (fromTarball major args.version)
    );
in
lib.mapAttrs' (major: args: lib.nameValuePair "postgresql_${major}" (make major args)) versions
// {
  postgresql = self.postgresql_17;
  postgresqlPackages = self.postgresql.pkgs;
  libpq = self.postgresql;
}
// lib.mapAttrs' (
  major: _: lib.nameValuePair "postgresql${major}Packages" self."postgresql_${major}".pkgs
) versions
