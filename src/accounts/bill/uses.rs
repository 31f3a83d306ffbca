//! What a derivation uses its inputs for, as far as it says: by the variables that name them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::store::Derivation;

/// For what an input is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// It is unpacked and built.
    Source,
    /// It changes the source.
    Patch,
    /// Crates and the like, which are linked in.
    Vendored,
    /// It is named elsewhere: the result may refer to it.
    Named,
    /// It only runs while building.
    Tool,
}

/// The variable that attributes are in, if they are not variables.
const STRUCTURED: &[u8] = b"__json";

/// Length of the hash in a store path's name.
const HASH: usize = 32;

/// What a variable's inputs are there for.
fn of_variable(name: &str) -> Use {
    match name {
        "src" | "srcs" => Use::Source,
        "patches" | "prePatches" => Use::Patch,
        "cargoDeps" | "cargoVendorDir" | "goModules" | "npmDeps" => Use::Vendored,
        "cargo-pgrx"
        | "stdenv"
        | "builder"
        | "args"
        | "shell"
        | "PATH"
        | "initialPath"
        | "nativeBuildInputs"
        | "propagatedNativeBuildInputs"
        | "nativeCheckInputs"
        | "nativeInstallCheckInputs"
        | "checkInputs"
        | "installCheckInputs"
        | "disallowedReferences"
        | "disallowedRequisites"
        | "allowedReferences"
        | "allowedRequisites"
        | "setupHook"
        | "setupHooks" => Use::Tool,
        _ if name.starts_with("depsBuild") || name.starts_with("propagatedDepsBuild") => Use::Tool,
        _ => Use::Named,
    }
}

/// Variables with the hashes of the store paths in them.
pub(super) fn variables(drv: &Derivation, prefix: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |name: &str, text: &[u8]| {
        let hashes = hashes(text, prefix);
        if !hashes.is_empty() {
            found.entry(name.to_owned()).or_default().extend(hashes);
        }
    };
    add("builder", &drv.builder);
    for arg in &drv.args {
        add("args", arg);
    }
    for (name, value) in &drv.env {
        if name == STRUCTURED
            && let Ok(serde_json::Value::Object(attributes)) = serde_json::from_slice(value)
        {
            for (name, value) in attributes {
                add(&name, value.to_string().as_bytes());
            }
            continue;
        }
        // An output names itself.
        if !drv.outputs.keys().any(|output| output.as_bytes() == &name[..]) {
            add(&String::from_utf8_lossy(name), value);
        }
    }
    found
}

/// A variable, or an attribute of a derivation whose attributes are none.
pub(super) fn text(drv: &Derivation, name: &str) -> Option<String> {
    if let Some(value) = drv.env.get(name.as_bytes()) {
        return Some(String::from_utf8_lossy(value).into_owned());
    }
    let json: serde_json::Value = serde_json::from_slice(drv.env.get(STRUCTURED)?).ok()?;
    match json.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(all) => {
            Some(all.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

/// What each input is used for, by the number that `inputs` gives the hashes of its outputs. One that is not seen
/// anywhere is a tool: nothing of it can get into the result but by name.
pub(super) fn uses(drv: &Derivation, prefix: &str, inputs: &HashMap<String, usize>) -> BTreeMap<usize, Use> {
    let mut found: BTreeMap<usize, Use> = BTreeMap::new();
    for (name, hashes) in variables(drv, prefix) {
        let used = of_variable(&name);
        for input in hashes.iter().filter_map(|hash| inputs.get(hash)) {
            // A source stays one although a script names it, and what is more than a tool is no tool.
            found.entry(*input).and_modify(|known| *known = (*known).min(used)).or_insert(used);
        }
    }
    found
}

/// The hashes of the store paths in a text.
fn hashes(text: &[u8], prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let prefix = prefix.as_bytes();
    let mut rest = text;
    while let Some(at) = rest.windows(prefix.len()).position(|window| window == prefix) {
        rest = rest.get(at + prefix.len()..).unwrap_or_default();
        if let Some(hash) = rest.get(..HASH).and_then(|hash| std::str::from_utf8(hash).ok())
            && hash.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            found.insert(hash.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_variables() {
        let hash = |c: char| c.to_string().repeat(HASH);
        let path = |c: char| format!("/nix/store/{}-x", hash(c));
        let mut drv = Derivation {
            name: "a".into(),
            outputs: BTreeMap::new(),
            input_drvs: BTreeMap::new(),
            input_srcs: BTreeSet::new(),
            platform: "x".into(),
            builder: path('b').into(),
            args: Vec::new(),
            env: BTreeMap::new(),
        };
        for (name, value) in [
            ("src", path('s')),
            ("patches", format!("{} {}", path('p'), path('q'))),
            ("nativeBuildInputs", format!("{} {}", path('t'), path('n'))),
            ("buildInputs", path('l')),
            ("postInstall", format!("ln -s {}/share $out", path('n'))),
        ] {
            drv.env.insert(name.into(), value.into());
        }
        let inputs: HashMap<String, usize> =
            "bspqtnlu".chars().enumerate().map(|(number, c)| (hash(c), number)).collect();
        let found = uses(&drv, "/nix/store/", &inputs);
        let of = |c: char| found.get(&inputs[&hash(c)]).copied();
        assert_eq!(of('b'), Some(Use::Tool));
        assert_eq!(of('s'), Some(Use::Source));
        assert_eq!((of('p'), of('q')), (Some(Use::Patch), Some(Use::Patch)));
        assert_eq!(of('t'), Some(Use::Tool));
        assert_eq!(of('l'), Some(Use::Named));
        assert_eq!(of('n'), Some(Use::Named));
        assert_eq!(of('u'), None);
        // The same without variables.
        let json = serde_json::json!({ "buildInputs": [path('l')], "name": "a" });
        drv.env = [(STRUCTURED.into(), json.to_string().into())].into();
        let found = uses(&drv, "/nix/store/", &inputs);
        assert_eq!(found.get(&inputs[&hash('l')]), Some(&Use::Named));
        assert_eq!(text(&drv, "name").as_deref(), Some("a"));
    }
}
