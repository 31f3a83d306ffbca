{
  lib,
  stdenv,
  buildEnv,
  fetchFromGitHub,
  postgresql,
  curl,
  libuv,
  latestOnly ? false,
}:
let
  pname = "sev";
  library = "sev_lib";
  all = (builtins.fromJSON (builtins.readFile ./versions.json)).${pname};
  supported = lib.filterAttrs (
    _: value: builtins.elem (lib.versions.major postgresql.version) value.postgresql
  ) all;
  versions = lib.naturalSort (lib.attrNames supported);
  latestVersion = lib.last versions;
  used = if latestOnly then { "${latestVersion}" = supported.${latestVersion}; } else supported;

  build =
    version: given:
    stdenv.mkDerivation rec {
      inherit pname version;

      src = fetchFromGitHub {
        owner = "someone";
        repo = "several";
        rev = given.revision or given.rev or "v${version}";
        inherit (given) hash;
      };

      patches =
        map (name: ./. + "/${name}") (given.patches or [ ])
        ++ lib.optionals (version == latestVersion) [ ./newest.patch ];

      buildInputs = [
        curl
        postgresql
      ]
      ++ lib.optional (version == "0.6") libuv;

      makeFlags = [ "USE_PGXS=1" ] ++ lib.optionals stdenv.isDarwin [ "CC=clang" ];

      NIX_CFLAGS_COMPILE = if lib.versionOlder version "0.10" then "-Wno-error" else "";

      short = lib.versions.majorMinor version;

      preBuild = ''
        cp src/${library}.c ${pname}.c
        echo ${version}
      '';

      installPhase = ''
        install -Dm755 ${pname}.so $out/lib/${pname}-${version}${postgresql.dlSuffix}
        cp ${pname}--${short}.sql $out/share/postgresql/extension
        if [[ "${version}" == "${latestVersion}" ]]; then
          cp *.sql $out/share/postgresql/extension
        fi
      '';

      meta = with lib; {
        description = "Several versions in one file";
        homepage = "https://github.com/${src.owner}/${src.repo}";
        changelog = "https://github.com/someone/several/releases/tag/v${version}";
        license = licenses.postgresql;
        inherit (postgresql.meta) platforms;
      };
    };
in
buildEnv {
  name = pname;
  paths = builtins.attrValues (lib.mapAttrs (name: value: build name value) used);
}
