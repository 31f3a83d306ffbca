# `stdenv.mkDerivation` over the machine's own compiler. Only host/ does the building.
{
  lib,
  system,
  config,
}:
let
  pin = import ../pin.nix;
  hostPlatform = lib.systems.elaborate system;

  # What an input stands for: its dev output, which has the programs besides, as nixpkgs' dev outputs propagate them.
  withPrograms =
    input: [ (lib.getDev input) ] ++ lib.optional (input ? dev && !(input.outputSpecified or false)) (lib.getBin input);

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
    insecure =
      config.allowInsecurePredicate
        or (pkg: builtins.elem "${pkg.pname}-${pkg.version}" (config.permittedInsecurePackages or [ ]));
  };
  showLicenses = meta: toString (map (l: l.shortName or l.fullName or "unknown") (licensesOf meta));
  # As nixpkgs: a package that may not be built still has its name and meta, and no drvPath.
  problem =
    pkg:
    if isUnfree pkg.meta && !allowed.unfree && !allowed.unfreeNamed pkg then
      "has an unfree license (‘${showLicenses pkg.meta}’)"
    else if !pin.problems && pkg.meta.broken && !allowed.broken then
      "is marked as broken"
    else if !allowed.system && !lib.availableOn hostPlatform pkg then
      "is not available on the requested hostPlatform:\n  hostPlatform.system = \"${system}\""
    else if pkg.meta.insecure && !allowed.insecure pkg then
      "is marked as insecure\n\nKnown issues:\n${
        lib.concatMapStrings (issue: " - ${issue}\n") pkg.meta.knownVulnerabilities
      }"
    else if pkg.meta.broken && !allowed.broken then
      "has problems:\n- broken: This package is broken.\n"
    else
      null;
  refusal =
    pkg: reason:
    let
      position = pkg.meta.position or "«unknown-file»";
    in
    if pin.problems then
      "Refusing to evaluate package '${pkg.name}' in ${position} because it ${reason}"
    else
      "Package ‘${pkg.name}’ in ${position} ${reason}, refusing to evaluate.";

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
        name: lib.concatMap withPrograms (builtins.filter (x: x != null) (lib.flatten (given.${name} or [ ])))
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
      outputs = finalAttrs.outputs or [ "out" ];
      given = finalAttrs.meta or { };
      place =
        if given ? description then
          builtins.unsafeGetAttrPos "description" given
        else
          builtins.unsafeGetAttrPos (if finalAttrs ? version then "version" else "name") finalAttrs;
      name = finalAttrs.name or "${finalAttrs.pname}-${finalAttrs.version}";
      meta = {
        platforms = lib.platforms.all;
        inherit name;
        # `bin` or `out`, and the manual pages.
        outputsToInstall = [
          (
            if builtins.elem "bin" outputs then
              "bin"
            else if builtins.elem "out" outputs then
              "out"
            else
              builtins.head outputs
          )
        ]
        ++ lib.optional (builtins.elem "man" outputs) "man";
      }
      // given
      // lib.optionalAttrs (place != null) { position = "${place.file}:${toString place.line}"; }
      // {
        available = reason == null;
        broken = given.broken or false;
        insecure = given.knownVulnerabilities or [ ] != [ ];
        unfree = isUnfree given;
        unsupported = !lib.availableOn hostPlatform { meta = given; };
      };
      checked = {
        inherit meta name;
        pname = finalAttrs.pname or (lib.getName name);
        version = finalAttrs.version or "";
      };
      reason = problem checked;
      finalPackage = lib.extendDerivation (reason == null || throw (refusal checked reason)) (
        finalAttrs.passthru or { }
        // {
          inherit meta overrideAttrs;
          passthru = finalAttrs.passthru or { };
        }
      ) (finalAttrs // raw);
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
        # The compiler without its wrapper, for its libraries.
        cc = mkDerivation {
          pname = "host-libgcc";
          version = "0";
          dontUnpack = true;
          installPhase = ''mkdir -p "$out"'';
        };
      };
    override = _: stdenv;
  };
in
stdenv
