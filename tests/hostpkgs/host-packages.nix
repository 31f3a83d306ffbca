# Programs and libraries that are the machine's own (Debian's), under nixpkgs' names. A package
# here only checks that the machine has it; one that Debian or this fixture lacks evaluates, and
# says so when it is built.
{
  lib,
  stdenv,
  self,
}:
let

  package =
    pname: args:
    stdenv.mkDerivation (
      {
        inherit pname;
        version = "host";
        dontUnpack = true;
        dontBuild = true;
        strictDeps = true;
        preferLocalBuild = true;
      }
      // args
      // {
        meta = {
          mainProgram = args.meta.mainProgram or pname;
          description = "${pname} of this machine";
        }
        // args.meta or { };
      }
    );

  # A program: a link to the machine's, so that scripts can say ${jq}/bin/jq.
  tool =
    pname: debian: programs: extra:
    package pname (
      extra
      // {
        inherit programs debian;
        installPhase = ''
          runHook preInstall
          mkdir -p "$out/bin"
          for program in $programs; do
            if ! path=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v "$program"); then
              echo "error: $program is not on this machine: apt-get install $debian" >&2
              exit 1
            fi
            ln -s "$path" "$out/bin/$program"
          done
          runHook postInstall
        '';
        meta.mainProgram = builtins.head programs;
      }
    );

  # A library: its -dev package is installed. Compilers find it where Debian puts it.
  library =
    pname: debian: header:
    package pname {
      inherit debian header;
      installPhase = ''
        for directory in /usr/include /usr/include/x86_64-linux-gnu; do
          [ ! -e "$directory/$header" ] || found=1
        done
        if [ -z "''${found:-}" ]; then
          echo "error: $header is not on this machine: apt-get install $debian" >&2
          exit 1
        fi
        mkdir -p "$out"
      '';
    };

  unavailable =
    pname:
    package pname {
      installPhase = ''
        echo "error: $pname is not in hostpkgs, the test fixture; it is in nixpkgs" >&2
        exit 1
      '';
    };

  coreutilsPrograms = lib.splitString " " (
    "basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dirname du echo env expand expr "
    + "factor false fmt fold head id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv "
    + "nice nl nohup nproc numfmt od paste pathchk pr printenv printf ptx pwd readlink realpath rm rmdir seq "
    + "sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync "
    + "tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink users wc who whoami yes"
  );

  tools = {
    barman = tool "barman" "barman-cli-cloud" (map (name: "barman-cloud-${name}") [
      "backup"
      "backup-delete"
      "backup-keep"
      "backup-list"
      "backup-show"
      "check-wal-archive"
      "restore"
      "wal-archive"
      "wal-restore"
    ]) { };
    bash = tool "bash" "bash" [ "bash" "sh" ] { };
    bison = tool "bison" "bison" [ "bison" ] { };
    clang = tool "clang" "clang" [ "clang" ] { };
    coreutils = tool "coreutils" "coreutils" coreutilsPrograms { };
    curl = tool "curl" "curl libcurl4-openssl-dev" [ "curl" ] { };
    diffutils = tool "diffutils" "diffutils" [ "diff" "cmp" "diff3" "sdiff" ] { };
    e2fsprogs = tool "e2fsprogs" "e2fsprogs" [ "mkfs.ext4" "e2fsck" "resize2fs" ] { };
    findutils = tool "findutils" "findutils" [ "find" "xargs" ] { };
    flex = tool "flex" "flex" [ "flex" ] { };
    # What nixpkgs has for systems without util-linux.
    flock = tool "flock" "util-linux" [ "flock" ] { };
    gawk = tool "gawk" "gawk" [ "awk" ] { };
    git = tool "git" "git" [ "git" ] { };
    glibc = tool "glibc" "libc-bin" [ "ldd" ] { };
    glibcLocales = tool "glibc-locales" "libc-bin" [ "locale" ] { };
    gnugrep = tool "gnugrep" "grep" [ "grep" "egrep" "fgrep" ] { };
    gnumake = tool "gnumake" "make" [ "make" ] { };
    gnupatch = tool "patch" "patch" [ "patch" ] { };
    gnused = tool "gnused" "sed" [ "sed" ] { };
    gnutar = tool "gnutar" "tar" [ "tar" ] { };
    gosu = tool "gosu" "gosu" [ "gosu" ] { };
    gzip = tool "gzip" "gzip" [ "gzip" "gunzip" "zcat" ] { };
    iproute2 = tool "iproute2" "iproute2" [ "ip" "ss" ] { };
    jq = tool "jq" "jq" [ "jq" ] { };
    llvm = tool "llvm" "llvm-dev" [ "llvm-config" ] { };
    m4 = tool "m4" "m4" [ "m4" ] { };
    netcat = tool "netcat" "netcat-openbsd" [ "nc" ] { };
    openssl = tool "openssl" "openssl libssl-dev" [ "openssl" ] { };
    patchelf = tool "patchelf" "patchelf" [ "patchelf" ] { };
    perl = tool "perl" "perl libperl-dev" [ "perl" ] { };
    pkg-config = tool "pkg-config" "pkg-config" [ "pkg-config" ] { };
    procps = tool "procps" "procps" [ "ps" "pgrep" "pkill" "kill" ] { };
    python3 = tool "python3" "python3 python3-dev" [ "python3" ] { };
    shellcheck = tool "shellcheck" "shellcheck" [ "shellcheck" ] { };
    unzip = tool "unzip" "unzip" [ "unzip" ] { };
    util-linux = tool "util-linux" "util-linux" [
      "flock"
      "setpriv"
      "setsid"
      "unshare"
      "mountpoint"
      "su"
      "blkid"
      "blockdev"
      "lsblk"
      "mount"
      "runuser"
    ] { };
    tcl = tool "tcl" "tcl tcl-dev" [ "tclsh" ] { };
    which = tool "which" "debianutils" [ "which" ] { };
    xz = tool "xz" "xz-utils" [ "xz" "unxz" ] { };
    zstd = tool "zstd" "zstd libzstd-dev" [ "zstd" ] { };
    cmake = tool "cmake" "cmake" [ "cmake" "ctest" "cpack" ] {
      postInstall = ''
        mkdir -p "$out/nix-support"
        cp ${stdenv.storeFile ./stdenv/cmake-hook.sh} "$out/nix-support/setup-hook"
      '';
    };
    autoPatchelfHook = tool "auto-patchelf-hook" "libc-bin" [ "ldd" ] {
      postInstall = ''
        mkdir -p "$out/nix-support"
        cp ${stdenv.storeFile ./stdenv/auto-patchelf-hook.sh} "$out/nix-support/setup-hook"
      '';
    };
    dpkg = tool "dpkg" "dpkg" [ "dpkg-deb" ] { };
    meson = tool "meson" "meson" [ "meson" ] {
      postInstall = ''
        mkdir -p "$out/nix-support"
        cp ${stdenv.storeFile ./stdenv/meson-hook.sh} "$out/nix-support/setup-hook"
      '';
    };
    ninja = tool "ninja" "ninja-build" [ "ninja" ] {
      postInstall = ''
        mkdir -p "$out/nix-support"
        cp ${stdenv.storeFile ./stdenv/ninja-hook.sh} "$out/nix-support/setup-hook"
      '';
    };
  };

  libraries = {
    # Not linked with, but preloaded.
    nss_wrapper = package "nss_wrapper" {
      installPhase = ''
        library=/usr/lib/x86_64-linux-gnu/libnss_wrapper.so
        if [ ! -e "$library" ]; then
          echo "error: $library is not on this machine: apt-get install libnss-wrapper" >&2
          exit 1
        fi
        mkdir -p "$out/lib"
        ln -s "$library" "$out/lib/libnss_wrapper.so"
      '';
    };
    boost = library "boost" "libboost-dev" "boost/version.hpp";
    icu = library "icu4c" "libicu-dev" "unicode/ucol.h";
    json_c = library "json-c" "libjson-c-dev" "json-c/json.h";
    libkrb5 = library "libkrb5" "libkrb5-dev" "gssapi/gssapi.h";
    libsodium = library "libsodium" "libsodium-dev" "sodium.h";
    libuuid = library "libuuid" "uuid-dev" "uuid/uuid.h";
    libxml2 = library "libxml2" "libxml2-dev" "libxml2/libxml/parser.h";
    libxslt = library "libxslt" "libxslt1-dev" "libxslt/xslt.h";
    lz4 = library "lz4" "liblz4-dev" "lz4.h";
    pcre2 = library "pcre2" "libpcre2-dev" "pcre2.h";
    readline = library "readline" "libreadline-dev" "readline/readline.h";
    xxhash = library "xxhash" "libxxhash-dev" "xxhash.h";
    zlib = library "zlib" "zlib1g-dev" "zlib.h";
    libclang = library "libclang" "libclang-dev" "clang-c/Index.h";
  };

  missing = [
    "cachix"
    "deadnix"
    "gdal"
    "gdalMinimal"
    "geos"
    "groonga"
    "gitleaks"
    "libversion"
    "gettext"
    "libselinux"
    "liburing"
    "linux-pam"
    "mecab"
    "mold"
    "msgpack-c"
    "nix"
    "nixfmt"
    "nixfmt-rfc-style"
    "nixfmt-tree"
    "nix-update"
    "numactl"
    "openldap"
    "pgbackrest"
    "proj"
    "protobuf"
    "protobufc"
    "rdkafka"
    "snowball"
    "sqlite"
    "sqlfluff"
    "statix"
    "systemd"
    "systemdLibs"
    "treefmt"
    "tzdata"
    "v8"
    "wal-g"
  ];
in
tools
// libraries
// lib.genAttrs missing unavailable
// {
  inherit unavailable;
  bashInteractive = self.bash;
  runtimeShell = "${self.bash}${self.bash.shellPath or "/bin/bash"}";
  runtimeShellPackage = self.bash;
  patch = self.gnupatch;
  openssl_3 = self.openssl;
  zstd-dev = self.zstd;
  llvmPackages = {
    inherit (self) clang libclang;
    inherit (self) llvm;
    inherit (self) stdenv;
  };
  perlPackages = {
    inherit (self) perl;
    TAPParserSourceHandlerpgTAP =
      tool "TAP-Parser-SourceHandler-pgTAP" "libtap-parser-sourcehandler-pgtap-perl" [ "pg_prove" ]
        { };
    IPCRun = package "perl-IPC-Run" {
      debian = "libipc-run-perl";
      installPhase = ''mkdir "$out"'';
    };
  };
  perl540Packages = self.perlPackages;
  python3Packages.python = self.python3;
  cacert = package "nss-cacert" {
    installPhase = ''
      mkdir -p "$out/etc/ssl/certs"
      cp /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/ca-bundle.crt"
    '';
  };
  darwin = { };
  # Past its end of life since April 2026, and said to be insecure.
  nodejs_20 = package "nodejs" {
    installPhase = ''
      echo "error: $pname is not in hostpkgs, the test fixture; it is in nixpkgs" >&2
      exit 1
    '';
    meta.knownVulnerabilities = [ "This NodeJS release has reached its end of life" ];
  };
}
