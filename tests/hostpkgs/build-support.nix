# nixpkgs' trivial builders, writers, wrappers and environments.
{
  lib,
  stdenv,
  self,
}:
let
  pin = import ./pin.nix;
  linkTree = stdenv.storeFile ./stdenv/link-tree.pl;
  makeWrapperHook = stdenv.storeFile ./stdenv/make-wrapper.sh;

  runCommandWith =
    {
      name,
      derivationArgs ? { },
      ...
    }:
    buildCommand: stdenv.mkDerivation ({ inherit name buildCommand; } // derivationArgs);
  runCommand = name: derivationArgs: runCommandWith { inherit name derivationArgs; };

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      derivationArgs ? { },
      ...
    }:
    runCommand name
      (
        {
          inherit
            text
            executable
            destination
            checkPhase
            passthru
            ;
          meta =
            lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
              mainProgram = lib.removePrefix "/bin/" destination;
            }
            // meta;
          passAsFile = [ "text" ] ++ derivationArgs.passAsFile or [ ];
          preferLocalBuild = true;
        }
        // builtins.removeAttrs derivationArgs [ "passAsFile" ]
      )
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        if [ -e "$textPath" ]; then mv "$textPath" "$target"; else printf %s "$text" >"$target"; fi
        if [ -n "$executable" ]; then chmod +x "$target"; fi
        eval "$checkPhase"
      '';
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  syntaxCheck = ''
    ${stdenv.shell} -n "$target"
  '';

  # The derivation's own arguments of a tree of links. `trees`: one line each, the path to link and its
  # priority (nixpkgs: the lower one wins).
  tree =
    {
      postBuild ? "",
      pathsToLink ? [ "/" ],
      ignoreCollisions ? true,
      extraPrefix ? "",
      ...
    }:
    lines: {
      inherit pathsToLink extraPrefix;
      trees = lib.concatLines (lib.unique lines);
      ignoreCollisions = if ignoreCollisions then "1" else "";
      passAsFile = [ "trees" ];
      preferLocalBuild = true;
      buildCommand = ''
        perl ${linkTree} "$treesPath" "$out$extraPrefix" "$ignoreCollisions" $pathsToLink
        ${postBuild}
      '';
    };
  treeLine = path: package: "${path} ${toString (package.meta.priority or 5)}";
  notOfDerivation = [
    "paths"
    "extraOutputsToInstall"
    "checkCollisionContents"
    "derivationArgs"
  ];

  # Of a package whose output nobody chose, an environment has all that its meta says: manual pages too.
  chosenLines =
    {
      paths,
      extraOutputsToInstall ? [ ],
      ...
    }:
    lib.concatMap (
      package:
      let
        usual =
          if !(package.outputSpecified or false) && package.meta.outputsToInstall or null != null then
            map (output: package.${output}) package.meta.outputsToInstall
          else
            [ package ];
        extra = map (output: package.${output} or null) extraOutputsToInstall;
      in
      map (path: treeLine path package) (lib.remove null (usual ++ extra))
    ) (lib.remove null (lib.flatten paths));

  merged =
    args:
    stdenv.mkDerivation (
      builtins.removeAttrs args notOfDerivation
      // tree args (map (path: treeLine path path) (lib.remove null (lib.flatten args.paths)))
    );

  buildEnvDefaults = args: {
    ignoreCollisions = false;
    name = args.name or "${args.pname}-${args.version}";
  };
  # Called with a set; other paths are had with `override`.
  buildEnvOfSet =
    args:
    let
      all = buildEnvDefaults args // args;
    in
    stdenv.mkDerivation (builtins.removeAttrs all notOfDerivation // tree all (chosenLines all));
  # Called with a set or a function of the final attributes; other paths are had with `overrideAttrs`, in
  # passthru. `override` merges with what it was called with, which may be no set.
  buildEnvOfFunction = lib.extendMkDerivation {
    constructDrv = stdenv.mkDerivation;
    excludeDrvArgNames = notOfDerivation;
    extendDrvArgs =
      finalAttrs: args:
      let
        all = buildEnvDefaults args // args.derivationArgs or { } // args;
      in
      builtins.removeAttrs all notOfDerivation
      // tree all (chosenLines (all // { paths = finalAttrs.passthru.paths or all.paths; }))
      // {
        passthru = {
          inherit (args) paths;
        }
        // args.passthru or { };
      };
    inheritFunctionArgs = false;
  };
in
{
  inherit
    runCommand
    runCommandWith
    writeTextFile
    writeScript
    ;
  runCommandLocal = name: args: runCommand name ({ preferLocalBuild = true; } // args);
  runCommandCC = runCommand;
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      name = baseNameOf path;
      destination = "/${path}";
      inherit text;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
    };
  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = "#!${self.runtimeShell}\n${text}\n";
      checkPhase = syntaxCheck;
    };
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = "#!${self.runtimeShell}\n${text}\n";
      checkPhase = syntaxCheck;
    };
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? { },
      inheritPath ? true,
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      checkPhase ? null,
      meta ? { },
      passthru ? { },
      derivationArgs ? { },
    }:
    writeTextFile {
      inherit name passthru derivationArgs;
      executable = true;
      destination = "/bin/${name}";
      meta = {
        mainProgram = name;
      }
      // meta;
      text =
        "#!${self.runtimeShell}\n"
        + lib.concatMapStrings (o: "set -o ${o}\n") bashOptions
        + lib.concatStrings (lib.mapAttrsToList (n: v: "${lib.toShellVar n v}\nexport ${n}\n") runtimeEnv)
        + lib.optionalString (runtimeInputs != [ ]) (
          "\nexport PATH=\"${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}\"\n"
        )
        + "\n${text}\n";
      checkPhase =
        if checkPhase != null then
          checkPhase
        else
          ''
            ${syntaxCheck}
            ${lib.getExe self.shellcheck} ${
              lib.escapeShellArgs (
                lib.optionals (excludeShellChecks != [ ]) [
                  "--exclude"
                  (lib.concatStringsSep "," excludeShellChecks)
                ]
                ++ extraShellCheckFlags
              )
            } "$target"
          '';
    };

  # symlinkJoin: the first path wins. buildEnv: a collision is an error.
  symlinkJoin =
    {
      paths,
      name ? "${pname}-${version}",
      pname ? "",
      version ? "",
      stripPrefix ? "",
      failOnMissing ? true,
      ...
    }@args:
    merged (
      builtins.removeAttrs args [
        "stripPrefix"
        "failOnMissing"
      ]
      // {
        inherit name;
      }
    );
  buildEnv = lib.makeOverridable (
    if pin.buildEnv == "function" then buildEnvOfFunction else buildEnvOfSet
  );
  linkFarm =
    name: entries:
    let
      list =
        if builtins.isAttrs entries then
          lib.mapAttrsToList (name: path: { inherit name path; }) entries
        else
          entries;
    in
    runCommand name { preferLocalBuild = true; } ''
      mkdir -p "$out"
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$out/$(dirname ${lib.escapeShellArg entry.name})"
        ln -s ${lib.escapeShellArg "${entry.path}"} "$out"/${lib.escapeShellArg entry.name}
      '') list}
    '';
  linkFarmFromDrvs =
    name: drvs:
    self.linkFarm name (
      map (drv: {
        inherit (drv) name;
        path = drv;
      }) drvs
    );
  emptyDirectory = runCommand "empty-directory" { } ''mkdir "$out"'';
  emptyFile = runCommand "empty-file" { } ''touch "$out"'';

  makeSetupHook =
    {
      name,
      propagatedBuildInputs ? [ ],
      ...
    }:
    script:
    runCommand name { inherit propagatedBuildInputs; } ''
      mkdir -p "$out/nix-support"
      cp ${script} "$out/nix-support/setup-hook"
      fixupPhase
    '';
  makeWrapper = self.makeSetupHook { name = "make-wrapper-hook"; } makeWrapperHook;
  makeBinaryWrapper = self.makeWrapper;
  installShellFiles = self.makeSetupHook { name = "install-shell-files"; } (
    stdenv.storeFile ./stdenv/install-shell-files.sh
  );
  # nixpkgs' hook that strips references; nothing in this fixture needs it.
  removeReferencesTo = self.writeShellScriptBin "remove-references-to" "exit 0";
  nix-update-script = _: [ ];
  # The closure of some paths, as a directory with the file `store-paths`.
  closureInfo =
    { rootPaths }:
    runCommand "closure-info"
      {
        exportReferencesGraph = lib.concatLists (
          lib.imap0 (i: path: [
            "closure-${toString i}"
            path
          ]) (lib.toList rootPaths)
        );
      }
      ''
        mkdir "$out"
        cat closure-* | grep "^$NIX_STORE/" | sort -u >"$out/store-paths"
      '';
  copyPathToStore =
    path:
    builtins.path {
      inherit path;
      name = baseNameOf path;
    };
  replaceVars =
    path: vars: runCommand (baseNameOf path) vars ''substituteAll ${stdenv.storeFile path} "$out"'';

  applyPatches =
    {
      src,
      name ? (if src ? name then src.name else baseNameOf src) + "-patched",
      patches ? [ ],
      prePatch ? "",
      postPatch ? "",
      ...
    }@args:
    stdenv.mkDerivation (
      args
      // {
        inherit
          name
          src
          patches
          prePatch
          postPatch
          ;
        phases = [
          "unpackPhase"
          "patchPhase"
          "installPhase"
        ];
        installPhase = ''cp -r . "$out"'';
      }
    );

  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      shellHook ? "",
      ...
    }@args:
    stdenv.mkDerivation (
      builtins.removeAttrs args [
        "packages"
        "inputsFrom"
      ]
      // {
        inherit name;
        nativeBuildInputs =
          packages ++ nativeBuildInputs ++ lib.concatMap (d: d.nativeBuildInputs or [ ]) inputsFrom;
        buildInputs = buildInputs ++ lib.concatMap (d: d.buildInputs or [ ]) inputsFrom;
        shellHook = lib.concatStringsSep "\n" (map (d: d.shellHook or "") inputsFrom ++ [ shellHook ]);
        buildCommand = ''
          export >"$out"
        '';
      }
    );
  mkShellNoCC = self.mkShell;
}
