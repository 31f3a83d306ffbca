# What packages say of themselves: those that `root` and `others` are, and all that these are made of, as far as they are
# attributes of each other.
{
  root,
  others,
  tools,
}:

let
  inherit (builtins)
    attrNames
    concatMap
    filter
    genericClosure
    head
    isAttrs
    isList
    isString
    length
    match
    seq
    tryEval
    unsafeDiscardStringContext
    ;

  attempt =
    default: value:
    let
      tried = tryEval value;
    in
    if tried.success then tried.value else default;

  isPackage = value: isAttrs value && (value.type or null) == "derivation";

  packagesIn =
    value:
    if isPackage value then
      [ value ]
    else if isList value then
      concatMap packagesIn value
    else
      [ ];

  # All of the list is looked at, so that what fails in it fails here.
  whole = list: seq (length list) list;
  found = value: attempt [ ] (whole (packagesIn value));

  isTool = name: match "stdenv|native.*|propagatedNative.*|depsBuild.*|check.*|installCheck.*" name != null;

  inside =
    package:
    let
      attributes = package.drvAttrs or { };
    in
    concatMap (name: if !tools && isTool name then [ ] else found attributes.${name}) (
      attrNames attributes
    );

  beside =
    package:
    concatMap (name: found (package.${name} or [ ])) [
      "contents"
      "installedExtensions"
      "paths"
      "postgresql"
    ];

  nodes =
    packages:
    filter (node: node.key != null) (
      map (package: {
        key = attempt null (unsafeDiscardStringContext package.drvPath);
        inherit package;
      }) packages
    );

  all = genericClosure {
    startSet = nodes ([ root ] ++ found others);
    operator = { package, ... }: nodes (inside package ++ beside package);
  };

  text =
    value:
    if isString value then
      unsafeDiscardStringContext value
    else if isList value && value != [ ] then
      text (head value)
    else
      null;

  licence =
    value:
    if isString value then
      {
        spdx = null;
        name = value;
        free = true;
      }
    else
      {
        spdx = text (value.spdxId or null);
        name = text (value.shortName or value.fullName or null);
        free = value.free or true;
      };

  licences =
    value:
    let
      one = attempt null (
        let
          it = licence value;
        in
        seq it.spdx (seq it.name (seq it.free it))
      );
    in
    if isList value then
      concatMap licences value
    else if isString value || isAttrs value then
      (if one == null then [ ] else [ one ])
    else
      [ ];

  describe =
    { key, package }:
    let
      meta = attempt { } (package.meta or { });
      identifiers = attempt { } (meta.identifiers or { });
    in
    {
      path = key;
      description = attempt null (text (meta.description or null));
      homepage = attempt null (text (meta.homepage or null));
      licences = attempt [ ] (whole (licences (meta.license or [ ])));
      cpe = attempt null (text (identifiers.cpe or null));
      purl = attempt null (text (identifiers.purl or null));
    };
in
map describe all
