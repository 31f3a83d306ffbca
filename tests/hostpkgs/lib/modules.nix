# nixpkgs' module system, as far as the modules under test use it: options with types, priorities, conditions, order.
# An option that nobody declares is an error, as there.
lib:
let
  isOption = lib.isType "option";

  # Conditions and lists of definitions, down to the attributes, so that names do not depend on conditions.
  pushDown =
    def:
    if def._type or "" == "merge" then
      lib.concatMap pushDown def.contents
    else if def._type or "" == "if" then
      map (lib.mapAttrs (_: lib.mkIf def.condition)) (pushDown def.content)
    else if def._type or "" == "override" then
      map (lib.mapAttrs (_: lib.mkOverride def.priority)) (pushDown def.content)
    else
      [ def ];

  # What is left of a definition: values, each with its priority and place.
  discharge =
    priority: order: def:
    if def._type or "" == "merge" then
      lib.concatMap (discharge priority order) def.contents
    else if def._type or "" == "if" then
      lib.optionals def.condition (discharge priority order def.content)
    else if def._type or "" == "override" then
      discharge def.priority order def.content
    else if def._type or "" == "order" then
      discharge priority def.priority def.content
    else
      [
        {
          inherit priority order;
          value = def;
        }
      ];

  # Of the highest priority, in order.
  winners =
    defs:
    let
      all = lib.concatMap (discharge 100 1000) defs;
      best = lib.foldl' (least: def: lib.min least def.priority) 9999 all;
    in
    map (def: def.value) (
      lib.sort (a: b: a.order < b.order) (lib.filter (def: def.priority == best) all)
    );

  evalOption =
    path: option: defs:
    let
      all = lib.optional (option ? default) (lib.mkOverride 1500 option.default) ++ defs;
      values = winners all;
      type = option.type or lib.types.anything;
      merged = type.merge path values;
      bad = lib.filter (value: !type.check value) values;
    in
    if values == [ ] && !(type ? empty) then
      throw "The option `${path}' was accessed but has no value defined. Try setting the option."
    else if bad != [ ] then
      throw "A definition for option `${path}' is not of type `${type.name}'."
    else
      option.apply or lib.id merged;

  # `free`: the type of what nobody declares, if that is allowed here.
  evalTree =
    free: path: options: defs:
    let
      pushed = lib.concatMap pushDown defs;
      under = name: lib.concatMap (def: lib.optional (def ? ${name}) def.${name}) pushed;
      at = name: if path == "" then name else "${path}.${name}";
      unknown = lib.subtractLists (lib.attrNames options) (lib.unique (lib.concatMap lib.attrNames pushed));
    in
    if unknown != [ ] && free == null then
      throw "The option `${at (lib.head unknown)}' does not exist."
    else
      lib.mapAttrs (
        name: option:
        if isOption option then
          evalOption (at name) option (under name)
        else
          evalTree null (at name) option (under name)
      ) options
      // lib.optionalAttrs (free != null) (
        removeAttrs (free.merge path pushed) (lib.attrNames options)
      );

  # A module with all that it imports, as attribute sets.
  collect =
    args: key: module:
    let
      read = if lib.isFunction module then module args else module;
      value = if builtins.isPath module || builtins.isString module then (import module) else read;
      set = if lib.isFunction value then value args else value;
      own = set.key or key;
    in
    lib.concatLists (
      # What a module with a key imports is as much the same.
      lib.imap0 (at: collect args (if own == null then null else "${own}/${toString at}")) (
        set.imports or [ ]
      )
    )
    ++ [
      {
        key = own;
        options = set.options or { };
        free = set.freeformType or null;
        config =
          if set ? options || set ? config || set ? freeformType then
            set.config or { }
          else
            builtins.removeAttrs set [
              "imports"
              "key"
              "_file"
            ];
      }
    ];

  # One with a key counts once, however often it is imported.
  once =
    modules:
    lib.foldl' (
      seen: module:
      if module.key != null && lib.any (other: other.key == module.key) seen then seen else seen ++ [ module ]
    ) [ ] modules;

  combine = lib.foldl' (
    a: b:
    a
    // lib.mapAttrs (
      name: option: if a ? ${name} && !isOption option then combine [ a.${name} option ] else option
    ) b
  ) { };

  type =
    name: check: merge:
    {
      inherit name check merge;
      _type = "option-type";
    };
  one =
    name: check:
    type name check (
      path: values:
      if lib.all (value: value == lib.head values) values then
        lib.head values
      else
        throw "The option `${path}' has conflicting definition values."
    );

  mergeAnything =
    path: defs:
    let
      values = winners defs;
    in
    if values == [ ] then
      null
    else if lib.all builtins.isAttrs values && !(lib.any (value: value ? type && value.type == "derivation") values) then
      lib.filterAttrs (_: value: value != null) (
        lib.zipAttrsWith (name: mergeAnything "${path}.${name}") values
      )
    else if lib.all builtins.isList values then
      lib.concatLists values
    else
      (one "anything" (_: true)).merge path values;
in
{
  isType = name: value: builtins.isAttrs value && value._type or "" == name;

  mkOption = option: option // { _type = "option"; };
  mkEnableOption =
    what:
    lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkDefault = lib.mkOverride 1000;
  mkForce = lib.mkOverride 50;
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  mkBefore = lib.mkOrder 500;
  mkAfter = lib.mkOrder 1500;

  types = {
    anything = type "anything" (_: true) mergeAnything;
    bool = one "boolean" builtins.isBool;
    int = one "signed integer" builtins.isInt;
    ints.unsigned = one "unsigned integer" (value: builtins.isInt value && value >= 0);
    port = one "port" (value: builtins.isInt value && value >= 0 && value < 65536);
    str = one "string" builtins.isString;
    path = one "path" (value: builtins.isPath value || builtins.isString value && lib.hasPrefix "/" value || value ? outPath);
    package = one "package" (value: value.type or "" == "derivation");
    raw = one "raw value" (_: true);
    strMatching =
      pattern: one "string matching ${pattern}" (value: builtins.isString value && builtins.match pattern value != null);
    enum = values: one "one of ${builtins.toJSON values}" (value: lib.elem value values);
    lines = type "lines" builtins.isString (_: lib.concatStringsSep "\n");
    nullOr =
      of:
      type "null or ${of.name}" (value: value == null || of.check value) (
        path: values: if lib.elem null values then null else of.merge path values
      );
    either =
      a: b:
      type "${a.name} or ${b.name}" (value: a.check value || b.check value) (
        path: values: if lib.all a.check values then a.merge path values else b.merge path values
      );
    listOf = of: type "list of ${of.name}" (value: builtins.isList value && lib.all of.check value) (_: lib.concatLists) // { empty = [ ]; };
    attrsOf =
      of:
      type "attribute set of ${of.name}" builtins.isAttrs (
        path: values:
        lib.filterAttrs (_: value: value != null) (
          lib.zipAttrsWith (
            name: defs:
            let
              left = winners defs;
            in
            if left == [ ] then null else of.merge "${path}.${name}" left
          ) (lib.concatMap pushDown values)
        )
      )
      // { empty = { }; };
    # Names without looking at what they stand for.
    lazyAttrsOf =
      of:
      type "lazy attribute set of ${of.name}" builtins.isAttrs (
        path: values:
        lib.zipAttrsWith (name: defs: of.merge "${path}.${name}" (winners defs)) (
          lib.concatMap pushDown values
        )
      )
      // { empty = { }; };
    submodule =
      module:
      type "submodule" builtins.isAttrs (
        path: values: (lib.evalModules { modules = [ module ] ++ map (config: { inherit config; }) values; }).config
      );
  };

  evalModules =
    {
      modules,
      specialArgs ? { },
    }:
    let
      args = {
        inherit lib config;
        pkgs = config.nixpkgs.pkgs;
      }
      // specialArgs;
      all = once (lib.concatMap (collect args null) modules);
      options = combine (map (module: module.options) all);
      free = lib.foldl' (found: module: if module.free == null then found else module.free) null all;
      config = evalTree free "" options (map (module: module.config) all);
    in
    {
      inherit config options;
    };
}
