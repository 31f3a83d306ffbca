# One PostgreSQL. As in nixpkgs, `pkgs` and `withPackages` follow `.override`, and `.overrideAttrs` since 2026.
let
  pin = import ../pin.nix;
  generic =
    {
      lib,
      stdenv,
      fetchFromGitHub,
      newScope,
      buildEnv,
      makeWrapper,
      writeShellScriptBin,
      runCommand,
      callPackage,
      self,

      version,
      rev,
      hash,

      bison,
      flex,
      perl,
      pkg-config,
      icu,
      libuuid,
      libxml2,
      lz4,
      openssl,
      readline,
      zlib,
      zstd,

      # nixpkgs' switches that flakes set; those that are on there but off here are the fixture's.
      curlSupport ? false,
      gssSupport ? true,
      icuSupport ? true,
      jitSupport ? false,
      ldapSupport ? false,
      nlsSupport ? false,
      numaSupport ? false,
      pamSupport ? false,
      perlSupport ? true,
      pythonSupport ? true,
      selinuxSupport ? false,
      systemdSupport ? false,
      tclSupport ? true,
      uringSupport ? false,
    }@args:
    let
      atLeast = lib.versionAtLeast version;
      dlSuffix = if atLeast "16" then stdenv.hostPlatform.extensions.sharedLibrary else ".so";
      features = import ./features.nix { inherit lib self; } {
        inherit
          curlSupport
          gssSupport
          jitSupport
          ldapSupport
          nlsSupport
          numaSupport
          pamSupport
          perlSupport
          pythonSupport
          selinuxSupport
          systemdSupport
          tclSupport
          uringSupport
          ;
      };
    in
    stdenv.mkDerivation (
      finalAttrs:
      let
        this = if pin.followsOverrideAttrs then finalAttrs.finalPackage else callPackage generic args;
      in
      {
        pname = "postgresql";
        inherit version;
        src = fetchFromGitHub {
          owner = "postgres";
          repo = "postgres";
          inherit rev hash;
        };

        outputs = [
          "out"
          "dev"
          "doc"
          "man"
        ]
        ++ features.outputs;

        nativeBuildInputs = [
          bison
          flex
          perl
          pkg-config
        ];
        buildInputs = [
          libuuid
          libxml2
          lz4
          openssl
          readline
          zlib
        ]
        ++ lib.optionals icuSupport [ icu ]
        ++ features.buildInputs
        ++ lib.optionals (atLeast "15") [ zstd ];

        enableParallelBuilding = true;
        # The build id would make two builds of one derivation differ.
        env.LDFLAGS = lib.optionalString stdenv.hostPlatform.isLinux "-Wl,--build-id=none";
        configureFlags = [
          "--datadir=${placeholder "out"}/share/postgresql"
          "--docdir=${placeholder "out"}/share/doc/postgresql"
          "--sysconfdir=/etc"
          "--with-openssl"
          "--with-libxml"
          "--with-uuid=e2fs"
          "--with-lz4"
          (lib.withFeature icuSupport "icu")
        ]
        ++ features.configureFlags
        ++ lib.optionals (atLeast "15") [ "--with-zstd" ];

        buildFlags = [ "world-bin" ];
        installTargets = [ "install-world-bin" ];
        # Release tarballs up to 16 carry the manual pages ready-made.
        postInstall = ''
          if [ -d doc/src/sgml/man1 ]; then
            mkdir -p "$man/share/man"
            cp -r doc/src/sgml/man[0-9] "$man/share/man/"
          fi
          moveToOutput share/doc "$doc"
          moveToOutput share/man "$man"
          moveToOutput include "$dev"
          moveToOutput lib/pgxs "$dev"
          moveToOutput lib/pkgconfig "$dev"
          moveToOutput "lib/*.a" "$dev"
          moveToOutput bin/ecpg "$dev"
          ${features.postInstall}

          # pg_config looks beside itself; in nixpkgs and here it is a script that prints what it should say.
          mkdir -p "$dev/nix-support"
          "$out/bin/pg_config" | sed \
            -e "s|$out/include|$dev/include|g" -e "s|$out/lib/pgxs|$dev/lib/pgxs|g" \
            -e "s|$out/share/doc|$doc/share/doc|g" -e "s|$out/share/man|$man/share/man|g" \
            >"$dev/nix-support/pg_config.expected"
          rm "$out/bin/pg_config"
          sed -i "s|$out/include|$dev/include|g" "$dev"/lib/pkgconfig/*.pc
          # `make -f pgxs.mk` asks for its own directory by the compiled-in prefix in a few places.
          find "$dev/lib/pgxs" -name 'Makefile*' -exec sed -i "s|$out/lib/pgxs|$dev/lib/pgxs|g" {} +
        '';

        passthru = {
          inherit dlSuffix;
          lib = finalAttrs.finalPackage.out;
          psqlSchema = lib.versions.major version;
          pg_config = callPackage ./pg-config.nix { postgresql = finalAttrs.finalPackage; };
          pkgs = import ./extensions.nix {
            inherit lib newScope self;
            scope = {
              postgresql = this;
              inherit
                jitSupport
                perlSupport
                pythonSupport
                tclSupport
                ;
            };
          };
          # A package of its own, so that it has an `override`.
          withPackages = self.callPackage ./with-packages.nix { postgresql = this; };
          withJIT = if jitSupport then this.withPackages (_: [ this.jit ]) else null;
          withoutJIT = this.withPackages (_: [ ]);
        };

        meta = {
          homepage = "https://www.postgresql.org";
          description = "Powerful, open source object-relational database system";
          license = lib.licenses.postgresql;
          platforms = lib.platforms.unix;
          mainProgram = "psql";
        };
      }
    );
in
generic
