# Fixed points, callPackage, override and overrideAttrs, extendMkDerivation.
lib: rec {
  fix =
    f:
    let
      x = f x;
    in
    x;
  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;
  composeExtensions =
    f: g: final: prev:
    let
      first = f final prev;
    in
    first // g final (prev // first);
  composeManyExtensions = lib.foldr composeExtensions (_: _: { });
  # A function of one argument, of two, or a plain set: all become `final: prev: …`.
  toExtension =
    f:
    if lib.isFunction f then
      final: prev:
      let
        once = f prev;
      in
      if lib.isFunction once then f final prev else once
    else
      _: _: f;

  makeOverridable =
    f:
    lib.mirrorFunctionArgs f (
      args:
      let
        result = f args;
        overrideWith = new: args // (if lib.isFunction new then new args else new);
        again = g: makeOverridable (lib.mirrorFunctionArgs f (args': g (f args'))) args;
      in
      if builtins.isAttrs result then
        result
        // {
          override = lib.mirrorFunctionArgs f (new: makeOverridable f (overrideWith new));
          overrideDerivation = fdrv: again (drv: drv // fdrv drv);
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = fdrv: again (drv: drv.overrideAttrs fdrv);
        }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result)
        // {
          override = lib.mirrorFunctionArgs f (new: makeOverridable f (overrideWith new));
        }
      else
        result
    );

  callPackageWith =
    autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      fargs = lib.functionArgs f;
      allArgs = builtins.intersectAttrs fargs autoArgs // args;
      missing = builtins.filter (name: !fargs.${name} && !(allArgs ? ${name})) (builtins.attrNames fargs);
    in
    if missing == [ ] then
      makeOverridable f allArgs
    else
      throw "Function called without required argument \"${builtins.head missing}\"${
        lib.optionalString (!lib.isFunction fn) " at ${toString fn}"
      }: the package set has no such attribute";

  callPackagesWith =
    autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
    in
    f (builtins.intersectAttrs (lib.functionArgs f) autoArgs // args);

  makeScope =
    newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = g: makeScope newScope (extends g f);
        packages = f;
      };
    in
    self;

  extendDerivation =
    condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      checked =
        output:
        drv.${output}
        // passthru
        // {
          drvPath =
            assert condition;
            drv.${output}.drvPath;
          outPath =
            assert condition;
            drv.${output}.outPath;
          outputSpecified = true;
        }
        // builtins.listToAttrs outputsList;
      outputsList = map (name: {
        inherit name;
        value = checked name;
      }) outputs;
    in
    drv
    // builtins.listToAttrs outputsList
    // {
      drvPath =
        assert condition;
        drv.drvPath;
      outPath =
        assert condition;
        drv.outPath;
    }
    // passthru;

  extendMkDerivation =
    {
      constructDrv,
      excludeDrvArgNames ? [ ],
      excludeFunctionArgNames ? [ ],
      extendDrvArgs,
      inheritFunctionArgs ? true,
      transformDrv ? lib.id,
    }:
    lib.setFunctionArgs (
      fpargs:
      transformDrv (
        constructDrv (
          finalAttrs:
          let
            args = lib.toFunction fpargs finalAttrs;
          in
          builtins.removeAttrs args excludeDrvArgNames // extendDrvArgs finalAttrs args
        )
      )
    ) (builtins.removeAttrs (lib.functionArgs (extendDrvArgs { })) excludeFunctionArgNames);
}
