# Licenses, platforms, and what reads `meta`.
lib:
let
  free = spdxId: fullName: {
    inherit spdxId fullName;
    shortName = spdxId;
    free = true;
    deprecated = false;
    redistributable = true;
  };
  nonFree =
    spdxId: fullName:
    free spdxId fullName
    // {
      free = false;
      redistributable = false;
    };
  linux = [
    "x86_64-linux"
    "aarch64-linux"
    "i686-linux"
    "armv7l-linux"
    "riscv64-linux"
  ];
  darwin = [
    "aarch64-darwin"
    "x86_64-darwin"
  ];
in
rec {
  licenses = builtins.mapAttrs (shortName: license: license // { inherit shortName; }) {
    agpl3Only = free "AGPL-3.0-only" "GNU Affero General Public License v3.0 only";
    agpl3Plus = free "AGPL-3.0-or-later" "GNU Affero General Public License v3.0 or later";
    artistic2 = free "Artistic-2.0" "Artistic License 2.0";
    asl20 = free "Apache-2.0" "Apache License 2.0";
    boost = free "BSL-1.0" "Boost Software License 1.0";
    bsd2 = free "BSD-2-Clause" "BSD 2-clause \"Simplified\" License";
    bsd3 = free "BSD-3-Clause" "BSD 3-clause \"New\" or \"Revised\" License";
    bsd0 = free "0BSD" "BSD Zero Clause License";
    bsl11 = nonFree "BUSL-1.1" "Business Source License 1.1";
    cc0 = free "CC0-1.0" "Creative Commons Zero v1.0 Universal";
    elastic20 = nonFree "Elastic-2.0" "Elastic License 2.0";
    free = free null "Unspecified free software license";
    gpl2Only = free "GPL-2.0-only" "GNU General Public License v2.0 only";
    gpl2Plus = free "GPL-2.0-or-later" "GNU General Public License v2.0 or later";
    gpl3Only = free "GPL-3.0-only" "GNU General Public License v3.0 only";
    gpl3Plus = free "GPL-3.0-or-later" "GNU General Public License v3.0 or later";
    isc = free "ISC" "ISC License";
    lgpl21Only = free "LGPL-2.1-only" "GNU Lesser General Public License v2.1 only";
    lgpl21Plus = free "LGPL-2.1-or-later" "GNU Lesser General Public License v2.1 or later";
    lgpl3Only = free "LGPL-3.0-only" "GNU Lesser General Public License v3.0 only";
    lgpl3Plus = free "LGPL-3.0-or-later" "GNU Lesser General Public License v3.0 or later";
    mit = free "MIT" "MIT License";
    mit0 = free "MIT-0" "MIT No Attribution";
    mpl20 = free "MPL-2.0" "Mozilla Public License 2.0";
    ncsa = free "NCSA" "University of Illinois/NCSA Open Source License";
    postgresql = free "PostgreSQL" "PostgreSQL License";
    publicDomain = free null "Public Domain";
    sspl = nonFree "SSPL-1.0" "Server Side Public License";
    tsl = nonFree null "Timescale License Agreement";
    unfree = nonFree null "Unfree";
    unfreeRedistributable = nonFree null "Unfree redistributable" // {
      redistributable = true;
    };
    unlicense = free "Unlicense" "The Unlicense";
    zlib = free "Zlib" "zlib License";
  };
  getLicenseFromSpdxId =
    id:
    lib.findFirst (l: l.spdxId == id) (throw "no license ${id} in hostpkgs") (
      builtins.attrValues licenses
    );

  sourceTypes = {
    fromSource = {
      shortName = "fromSource";
      isSource = true;
    };
    binaryNativeCode = {
      shortName = "binaryNativeCode";
      isSource = false;
    };
  };

  platforms = {
    inherit linux darwin;
    unix = linux ++ darwin ++ [ "x86_64-freebsd" ];
    all = linux ++ darwin ++ [ "x86_64-freebsd" ];
    x86_64 = [
      "x86_64-linux"
      "x86_64-darwin"
    ];
    aarch64 = [
      "aarch64-linux"
      "aarch64-darwin"
    ];
    none = [ ];
  };
  systems = {
    flakeExposed = [
      "x86_64-linux"
      "aarch64-linux"
      "x86_64-darwin"
      "aarch64-darwin"
    ];
    elaborate =
      system:
      let
        parts = lib.splitString "-" system;
        cpu = builtins.head parts;
        kernel = lib.last parts;
      in
      rec {
        inherit system;
        config = if isDarwin then "${cpu}-apple-darwin" else "${cpu}-unknown-linux-gnu";
        isLinux = kernel == "linux";
        isDarwin = kernel == "darwin";
        isFreeBSD = kernel == "freebsd";
        isUnix = true;
        isGnu = isLinux;
        isMusl = false;
        isStatic = false;
        isWindows = false;
        isx86_64 = cpu == "x86_64";
        isAarch64 = cpu == "aarch64";
        efiArch = if cpu == "aarch64" then "aa64" else "x64";
        is64bit = true;
        parsed.cpu.name = cpu;
        parsed.kernel.name = kernel;
        extensions.sharedLibrary = if isDarwin then ".dylib" else ".so";
        extensions.staticLibrary = ".a";
        extensions.executable = "";
        rust.rustcTarget = config;
        go.GOARCH = if isx86_64 then "amd64" else "arm64";
        canExecute = other: other.system == system;
      };
  };

  meta = {
    inherit
      availableOn
      getExe
      getExe'
      platformMatch
      addMetaAttrs
      lowPrio
      hiPrio
      setPrio
      ;
  };
  platformMatch =
    platform: elem: elem == platform.system || (elem ? system && elem.system == platform.system);
  availableOn =
    platform: pkg:
    builtins.any (platformMatch platform) (pkg.meta.platforms or [ platform.system ])
    && !(builtins.any (platformMatch platform) (pkg.meta.badPlatforms or [ ]));
  getExe = pkg: getExe' pkg (pkg.meta.mainProgram or (lib.getName pkg));
  getExe' = pkg: program: "${lib.getBin pkg}/bin/${program}";
  addMetaAttrs = new: drv: drv // { meta = drv.meta or { } // new; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
}
