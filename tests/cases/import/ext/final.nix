{
  cmake,
  fetchFromGitHub,
  lib,
  openssl,
  postgresql,
  postgresqlBuildExtension,
  stdenv,
}:

postgresqlBuildExtension (finalAttrs: {
  pname = "final";
  version = "2.6";

  src = fetchFromGitHub {
    owner = "someone";
    repo = "final";
    tag = "final_${builtins.replaceStrings [ "." ] [ "_" ] finalAttrs.version}";
    hash = "sha256-PV4DKRxa/BSvr8J8eWGDzxlbr0nNS6vX7JHKqGBBsPA=";
    fetchSubmodules = true;
  };

  patches = [ ./final.patch ];

  nativeBuildInputs = [ cmake ];
  buildInputs = [ openssl ] ++ lib.optional stdenv.hostPlatform.isDarwin finalAttrs.passthru.extra;

  cmakeFlags = [
    "-DAPACHE_ONLY=1"
    "-DPG_CONFIG=${postgresql.pg_config}/bin/pg_config"
  ];

  env.WITH_TLS = 1;
  env.LDFLAGS = "-L${lib.getLib openssl}/lib";

  postPatch = ''
    substituteInPlace CMakeLists.txt --replace-fail ${finalAttrs.version} ${lib.versions.majorMinor finalAttrs.version}
  '';

  passthru.extra = openssl;

  meta = {
    description = "Version of everything that is final";
    homepage = "https://example.org/final";
    changelog = "https://example.org/final/${finalAttrs.version}";
    license = with lib.licenses; [
      mit
      asl20
    ];
    platforms = lib.platforms.linux;
  };
})
