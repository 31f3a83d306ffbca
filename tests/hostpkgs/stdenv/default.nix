# `stdenv.mkDerivation` over the machine's own compiler. Only host/ does the building.
{
  lib,
  system,
  config,
}:
let
  hostPlatform = lib.systems.elaborate system;

  # One file at a time, by content: an edit elsewhere in the fixture rebuilds nothing.
  storeFile =
    path:
    builtins.path {
      inherit path;
      name = baseNameOf path;
    };
  host = builtins.path {
    path = ./host;
    name = "stdenv";
  };

  licensesOf = meta: lib.toList (meta.license or [ ]);
  isUnfree = meta: builtins.any (l: !(l.free or true)) (licensesOf meta);
  allowed = {
    unfree = config.allowUnfree or false;
    unfreeNamed = config.allowUnfreePredicate or (_: false);
    broken = config.allowBroken or false;
    system = config.allowUnsupportedSystem or false;
  };
  # As nixpkgs: a package that may not be built still has its name and meta, and no drvPath.
  problem =
    pkg:
    if isUnfree pkg.meta && !allowed.unfree && !allowed.unfreeNamed pkg then
      "has an unfree license"
    else if (pkg.meta.broken or false) && !allowed.broken then
      "is marked as broken"
    else if !allowed.system && !lib.availableOn hostPlatform pkg then
      "is not available on ${system}"
    else
      null;

  notForBuilder = [
    "meta"
    "passthru"
    "pos"
    "env"
  ];
  dependencyLists = [
    "nativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
    "depsBuildBuild"
    "nativeCheckInputs"
    "checkInputs"
    "nativeInstallCheckInputs"
  ];

  # C++ Nix keeps `null` attributes out of the environment only with structured attributes.
  derivationArgs =
    attrs:
    let
      given = lib.filterAttrs (_: value: value != null) (builtins.removeAttrs attrs notForBuilder);
      dependencies = lib.genAttrs dependencyLists (
        name: map lib.getDev (builtins.filter (x: x != null) (lib.flatten (given.${name} or [ ])))
      );
      structured = given.__structuredAttrs or false;
    in
    (if structured then { env = attrs.env or { }; } else attrs.env or { })
    // given
    // lib.filterAttrs (_: list: list != [ ]) dependencies
    // {
      inherit system;
      name = attrs.name or "${attrs.pname}-${attrs.version}";
      builder = "/bin/bash";
      args = [
        "-e"
        "${host}/build.sh"
      ];
      stdenv = host;
      outputs = attrs.outputs or [ "out" ];
    };

  makeFrom =
    rattrs:
    let
      finalAttrs = rattrs (finalAttrs // { inherit finalPackage overrideAttrs; });
      overrideAttrs = f: makeFrom (lib.extends (lib.toExtension f) rattrs);
      raw = derivation (derivationArgs finalAttrs);
      meta = {
        platforms = lib.platforms.all;
        name = raw.name;
        unfree = isUnfree meta;
        broken = false;
        unsupported = !lib.availableOn hostPlatform { inherit meta; };
        available = reason == null;
        outputsToInstall = [ (builtins.head raw.outputs) ];
      }
      // finalAttrs.meta or { };
      reason = problem {
        inherit meta;
        inherit (raw) name;
        pname = finalAttrs.pname or (lib.getName raw.name);
        version = finalAttrs.version or "";
      };
      finalPackage = lib.extendDerivation (
        if reason == null then true else throw "Package ‘${raw.name}’ ${reason}, refusing to evaluate."
      ) (finalAttrs.passthru or { } // { inherit meta overrideAttrs; }) (finalAttrs // raw);
    in
    finalPackage;

  mkDerivation = fnOrAttrs: makeFrom (if lib.isFunction fnOrAttrs then fnOrAttrs else _: fnOrAttrs);

  stdenv = {
    inherit
      mkDerivation
      hostPlatform
      storeFile
      ;
    inherit (hostPlatform)
      isLinux
      isDarwin
      isx86_64
      isAarch64
      ;
    buildPlatform = hostPlatform;
    targetPlatform = hostPlatform;
    inherit system;
    shell = "/bin/bash";
    cc =
      mkDerivation {
        pname = "host-cc";
        version = "0";
        dontUnpack = true;
        installPhase = ''
          mkdir -p "$out/bin"
          for program in cc gcc g++ c++ ld ar; do
            ln -s "$(command -v "$program")" "$out/bin/$program"
          done
        '';
      }
      // {
        isGNU = hostPlatform.isLinux;
        isClang = hostPlatform.isDarwin;
      };
    override = _: stdenv;
  };
in
stdenv
