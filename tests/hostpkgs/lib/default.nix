# nixpkgs' `lib`, as far as the flakes under test use it. Same names, same arguments.
let
  lib =
    builtins
    // import ./lists.nix lib
    // import ./attrsets.nix lib
    // import ./strings.nix lib
    // import ./customisation.nix lib
    // import ./meta.nix lib
    // import ./modules.nix lib
    // {
      inherit lib;
      lists = import ./lists.nix lib;
      attrsets = import ./attrsets.nix lib;
      strings = import ./strings.nix lib;
      customisation = import ./customisation.nix lib;
      fixedPoints = import ./customisation.nix lib;
      trivial = {
        inherit (lib)
          id
          const
          flip
          importJSON
          importTOML
          boolToString
          warn
          warnIf
          throwIf
          throwIfNot
          toFunction
          isFunction
          functionArgs
          pipe
          mod
          version
          release
          ;
      };

      id = x: x;
      const = x: _: x;
      flip =
        f: a: b:
        f b a;
      mod = a: b: a - b * (a / b);
      min = a: b: if a < b then a else b;
      max = a: b: if a > b then a else b;
      pipe = builtins.foldl' (x: f: f x);
      boolToString = b: if b then "true" else "false";
      importJSON = path: builtins.fromJSON (builtins.readFile path);
      importTOML = path: builtins.fromTOML (builtins.readFile path);
      warn = msg: builtins.trace "evaluation warning: ${msg}";
      warnIf = cond: msg: if cond then lib.warn msg else lib.id;
      # A package that warns once it is to be built; its name and meta may be asked for.
      warnOnInstantiate =
        msg: drv:
        let
          warned = lib.mapAttrs (_: lib.warn msg) (
            builtins.removeAttrs drv [
              "meta"
              "name"
              "type"
              "outputName"
            ]
          );
        in
        drv // warned;
      throwIf = cond: msg: if cond then throw msg else lib.id;
      throwIfNot = cond: lib.throwIf (!cond);
      assertMsg = pred: msg: pred || throw msg;
      asserts = { inherit (lib) assertMsg; };
      toFunction = v: if lib.isFunction v then v else _: v;
      isFunction = f: builtins.isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
      functionArgs = f: if f ? __functor then f.__functionArgs or { } else builtins.functionArgs f;
      setFunctionArgs = f: args: {
        __functor = _: f;
        __functionArgs = args;
      };
      mirrorFunctionArgs =
        f:
        let
          args = lib.functionArgs f;
        in
        g: lib.setFunctionArgs g args;

      release = "26.11";
      version = "26.11-hostpkgs";

      versions = {
        splitVersion = builtins.splitVersion;
        major = v: builtins.elemAt (builtins.splitVersion v) 0;
        minor = v: builtins.elemAt (builtins.splitVersion v) 1;
        patch = v: builtins.elemAt (builtins.splitVersion v) 2;
        majorMinor = v: lib.concatStringsSep "." (lib.take 2 (builtins.splitVersion v));
      };

      fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
      fakeSha256 = lib.concatStrings (lib.genList (_: "0") 64);
      maintainers = { };
      teams = { };

      cleanSource =
        src:
        builtins.path {
          path = src;
          name = "source";
          filter =
            name: _:
            !(builtins.elem (baseNameOf name) [
              ".git"
              "result"
            ]);
        };
      cleanSourceWith =
        {
          src,
          filter ? _: _: true,
          name ? "source",
        }:
        builtins.path {
          inherit name filter;
          path = src;
        };
      # Only what is listed, by path: no filters and no differences.
      fileset =
        let
          paths = set: if builtins.isList set then lib.concatMap paths set else [ set ];
        in
        {
          unions = lib.concatMap paths;
          union = a: b: paths a ++ paths b;
          maybeMissing = path: if builtins.pathExists path then path else [ ];
          toSource =
            { root, fileset }:
            let
              wanted = map toString (paths fileset);
            in
            lib.cleanSourceWith {
              src = root;
              filter =
                path: _:
                builtins.any (
                  want: lib.hasPrefix "${want}/" "${path}/" || lib.hasPrefix "${path}/" "${want}/"
                ) wanted;
            };
        };
      sourceByRegex =
        src: regexes:
        lib.cleanSourceWith {
          inherit src;
          filter =
            path: _:
            builtins.any (
              re: builtins.match re (lib.removePrefix (toString src + "/") (toString path)) != null
            ) regexes;
        };
    };
in
lib
