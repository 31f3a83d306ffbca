lib:
let
  inherit (builtins)
    concatStringsSep
    genList
    replaceStrings
    stringLength
    substring
    ;
  lower = "abcdefghijklmnopqrstuvwxyz";
  upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
in
rec {
  inherit (builtins)
    compareVersions
    concatStringsSep
    isString
    match
    replaceStrings
    splitVersion
    stringLength
    substring
    toJSON
    fromJSON
    unsafeDiscardStringContext
    ;
  stringToCharacters = s: genList (i: substring i 1 s) (stringLength s);
  lowerChars = stringToCharacters lower;
  upperChars = stringToCharacters upper;
  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  concatMapStringsSep =
    sep: f: list:
    concatStringsSep sep (map f list);
  concatImapStringsSep =
    sep: f: list:
    concatStringsSep sep (lib.imap1 f list);
  concatLines = concatMapStrings (s: s + "\n");
  concatMapAttrsStringSep =
    sep: f: attrs:
    concatStringsSep sep (lib.mapAttrsToList f attrs);
  optionalString = cond: s: if cond then s else "";
  hasPrefix = pref: s: substring 0 (stringLength pref) s == pref;
  hasSuffix =
    suf: s:
    stringLength s >= stringLength suf
    && substring (stringLength s - stringLength suf) (stringLength suf) s == suf;
  hasInfix = infix: s: builtins.length (splitString infix s) > 1;
  removePrefix = pref: s: if hasPrefix pref s then substring (stringLength pref) (-1) s else s;
  removeSuffix =
    suf: s: if hasSuffix suf s then substring 0 (stringLength s - stringLength suf) s else s;
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  splitString =
    sep: s:
    builtins.filter builtins.isString (builtins.split (escapeRegex (toString sep)) (toString s));
  escape = chars: replaceStrings chars (map (c: "\\${c}") chars);
  escapeShellArg =
    arg:
    let
      s = toString arg;
    in
    if builtins.match "[[:alnum:],._+:@%/-]+" s == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] s}'"
    else
      s;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  toShellVar = name: value: "${name}=${escapeShellArg value}";
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList toShellVar vars);
  escapeNixString = s: escape [ "$" ] (builtins.toJSON s);
  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  trim =
    s:
    let
      m = builtins.match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" s;
    in
    if m == null then "" else builtins.head m;
  fileContents = file: removeSuffix "\n" (builtins.readFile file);
  makeSearchPath =
    sub: paths: concatMapStringsSep ":" (p: "${p}/${sub}") (builtins.filter (p: p != null) paths);
  makeSearchPathOutput =
    output: sub: paths:
    makeSearchPath sub (map (lib.getOutput output) paths);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !versionOlder a b;
  getName =
    x:
    if builtins.isString x then
      (builtins.parseDrvName x).name
    else
      x.pname or (builtins.parseDrvName x.name).name;
  getVersion =
    x:
    if builtins.isString x then
      (builtins.parseDrvName x).version
    else
      x.version or (builtins.parseDrvName x.name).version;
  nameFromURL = url: sep: builtins.head (splitString sep (lib.last (splitString "/" url)));
  toInt = s: builtins.fromJSON s;
  fixedWidthString =
    width: filler: s:
    if stringLength s >= width then s else fixedWidthString width filler (filler + s);
  enableFeature = flag: feat: "--${if flag then "enable" else "disable"}-${feat}";
  withFeature = flag: feat: "--${if flag then "with" else "without"}-${feat}";
  withFeatureAs =
    flag: feat: value:
    withFeature flag feat + optionalString flag "=${value}";
  cmakeFeature = name: value: "-D${name}:STRING=${value}";
  cmakeBool = name: value: "-D${name}:BOOL=${if value then "TRUE" else "FALSE"}";
}
