lib:
let
  inherit (builtins)
    attrNames
    listToAttrs
    concatMap
    foldl'
    isAttrs
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;
  nameValuePair = name: value: { inherit name value; };
  getAttrs = names: set: genAttrs names (name: set.${name});
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  filterAttrs =
    pred: set: removeAttrs set (builtins.filter (name: !pred name set.${name}) (attrNames set));
  mapAttrs' = f: set: listToAttrs (map (n: f n set.${n}) (attrNames set));
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: foldl' (acc: n: acc // f n set.${n}) { } (attrNames set);
  mergeAttrsList = foldl' (a: b: a // b) { };
  optionalAttrs = cond: set: if cond then set else { };
  foldlAttrs =
    f: init: set:
    foldl' (acc: n: f acc n set.${n}) init (attrNames set);
  isDerivation = value: value.type or null == "derivation";
  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if set ? ${builtins.head path} then
      attrByPath (builtins.tail path) default set.${builtins.head path}
    else
      default;
  getAttrFromPath =
    path: attrByPath path (throw "cannot find attribute `${lib.concatStringsSep "." path}'");
  hasAttrByPath =
    path: set:
    path == [ ]
    || (set ? ${builtins.head path} && hasAttrByPath (builtins.tail path) set.${builtins.head path});
  setAttrByPath = path: value: lib.foldr (name: acc: { ${name} = acc; }) value path;
  recursiveUpdate =
    a: b:
    a
    // builtins.mapAttrs (
      name: value:
      if a ? ${name} && isAttrs a.${name} && isAttrs value then recursiveUpdate a.${name} value else value
    ) b;
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  cartesianProduct =
    set:
    foldl' (
      acc: name: concatMap (partial: map (value: partial // { ${name} = value; }) set.${name}) acc
    ) [ { } ] (attrNames set);
  getOutput =
    output: pkg: if pkg.outputSpecified or false then pkg else pkg.${output} or pkg.out or pkg;
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getDev = getOutput "dev";
  getMan = getOutput "man";
}
