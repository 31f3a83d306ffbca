//! The names Nix binds around every file.

/// Names that are global without a prefix.
const PLAIN: &[&str] = &[
    "abort",
    "baseNameOf",
    "break",
    "builtins",
    "derivation",
    "derivationStrict",
    "dirOf",
    "false",
    "fetchGit",
    "fetchMercurial",
    "fetchTarball",
    "fetchTree",
    "fromTOML",
    "import",
    "isNull",
    "map",
    "null",
    "placeholder",
    "removeAttrs",
    "scopedImport",
    "throw",
    "toString",
    "true",
];

/// Builtins that are global as `__name`: all but the plain ones. Those of Nix 2.3 to 2.34; some exist
/// only in some versions.
const PREFIXED: &[&str] = &[
    "add",
    "addDrvOutputDependencies",
    "addErrorContext",
    "all",
    "any",
    "appendContext",
    "attrNames",
    "attrValues",
    "bitAnd",
    "bitOr",
    "bitXor",
    "catAttrs",
    "ceil",
    "compareVersions",
    "concatLists",
    "concatMap",
    "concatStringsSep",
    "convertHash",
    "currentSystem",
    "currentTime",
    "deepSeq",
    "div",
    "elem",
    "elemAt",
    "exec",
    "fetchClosure",
    "fetchurl",
    "filter",
    "filterSource",
    "findFile",
    "flakeRefToString",
    "floor",
    "foldl'",
    "fromJSON",
    "functionArgs",
    "genList",
    "genericClosure",
    "getAttr",
    "getContext",
    "getEnv",
    "getFlake",
    "groupBy",
    "hasAttr",
    "hasContext",
    "hashFile",
    "hashString",
    "head",
    "importNative",
    "intersectAttrs",
    "isAttrs",
    "isBool",
    "isFloat",
    "isFunction",
    "isInt",
    "isList",
    "isPath",
    "isString",
    "langVersion",
    "length",
    "lessThan",
    "listToAttrs",
    "mapAttrs",
    "match",
    "mul",
    "nixPath",
    "nixVersion",
    "outputOf",
    "parseDrvName",
    "parseFlakeRef",
    "partition",
    "path",
    "pathExists",
    "readDir",
    "readFile",
    "readFileType",
    "replaceStrings",
    "seq",
    "sort",
    "split",
    "splitVersion",
    "storeDir",
    "storePath",
    "stringLength",
    "sub",
    "substring",
    "tail",
    "toFile",
    "toJSON",
    "toPath",
    "toXML",
    "trace",
    "traceVerbose",
    "tryEval",
    "typeOf",
    "unsafeDiscardOutputDependency",
    "unsafeDiscardStringContext",
    "unsafeGetAttrPos",
    "valueSize",
    "warn",
    "zipAttrsWith",
];

/// Whether `name` is bound around every file.
pub fn is_global(name: &str) -> bool {
    PLAIN.binary_search(&name).is_ok()
        || name.strip_prefix("__").is_some_and(|rest| {
            PREFIXED.binary_search(&rest).is_ok() || matches!(rest, "fetchTree" | "curPos")
        })
}

/// Whether `builtins` has `name`.
pub fn is_builtin(name: &str) -> bool {
    PLAIN.binary_search(&name).is_ok() || PREFIXED.binary_search(&name).is_ok()
}

/// The names that can stand alone, for "did you mean".
pub fn plain() -> impl Iterator<Item = &'static str> {
    PLAIN.iter().copied()
}

/// The names of `builtins`, for "did you mean".
pub fn builtins() -> impl Iterator<Item = &'static str> {
    PLAIN.iter().chain(PREFIXED).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_searched() {
        assert!(PLAIN.is_sorted());
        assert!(PREFIXED.is_sorted());
        assert!(is_global("map") && is_global("__elem") && is_global("__foldl'"));
        assert!(!is_global("elem") && is_builtin("elem"));
    }
}
