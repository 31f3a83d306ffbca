//! What comparisons look at: a catalogue as a flat list of facts, and how an older one differs from a newer one.
//!
//! A page has the difference from each revision to the next newer one, from which it makes any two of them.

use std::collections::BTreeMap;

use crate::catalogue::model::{Catalogue, Extension, Fit, Postgresql};

/// Facts by what they are about: `postgresql/17`, `input/nixpkgs`, `extension/NAME` (kind and licences),
/// `preload/NAME`, `fit/NAME/17` (the version in `bin`, then the others; those of nixpkgs begin with [`NIXPKGS`]).
pub type State<Value = Vec<String>> = BTreeMap<String, Value>;

/// What a version of nixpkgs' begins with; where that is all, the version is not known.
pub const NIXPKGS: &str = "nixpkgs ";

/// The facts of a catalogue.
pub fn state(catalogue: &Catalogue) -> State {
    let mut state = State::new();
    for input in &catalogue.flake.inputs {
        state.insert(format!("input/{}", input.name), vec![input.revision().to_owned()]);
    }
    for postgresql in &catalogue.postgresqls {
        let version = catalogue.version_of(postgresql).unwrap_or_default().to_owned();
        state.insert(format!("postgresql/{}", postgresql.name), vec![version]);
    }
    for extension in &catalogue.extensions {
        let name = &extension.name;
        let mut about = vec![extension.kind.name().to_owned()];
        about.extend(extension.licenses.iter().cloned());
        state.insert(format!("extension/{name}"), about);
        let preload = preloaded(extension);
        if !preload.is_empty() {
            state.insert(format!("preload/{name}"), preload);
        }
        for postgresql in &catalogue.postgresqls {
            if let Some(versions) = versions(catalogue, extension, postgresql) {
                state.insert(format!("fit/{name}/{}", postgresql.name), versions);
            }
        }
    }
    state
}

/// What in `older` is not as in `newer`.
pub fn before(older: &State, newer: &State) -> State<Option<Vec<String>>> {
    let changed = older.iter().filter(|(key, value)| newer.get(*key) != Some(value));
    let gone = newer.keys().filter(|key| !older.contains_key(*key)).map(|key| (key.clone(), None));
    changed.map(|(key, value)| (key.clone(), Some(value.clone()))).chain(gone).collect()
}

/// The libraries that any version is preloaded by.
pub(super) fn preloaded(extension: &Extension) -> Vec<String> {
    let mut all = extension.preload.clone();
    for library in extension.versions.iter().flat_map(|version| &version.preload) {
        if !all.contains(library) {
            all.push(library.clone());
        }
    }
    all
}

fn versions(catalogue: &Catalogue, extension: &Extension, postgresql: &Postgresql) -> Option<Vec<String>> {
    Some(match extension.fits.get(&postgresql.name)? {
        Fit::Nixpkgs => {
            let version = catalogue.nixpkgs_version(extension, postgresql).unwrap_or_default();
            vec![format!("{NIXPKGS}{version}")]
        }
        Fit::Versions { default, all } => {
            let others = all.iter().rev().filter(|index| *index != default);
            let named =
                std::iter::once(default).chain(others).filter_map(|index| extension.versions.get(*index));
            named.map(|version| version.version.clone()).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_what_was_otherwise_and_what_was_not() {
        let of = |pairs: &[(&str, &str)]| -> State {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect()
        };
        let older = of(&[("gone", "1"), ("moved", "1"), ("same", "1")]);
        let newer = of(&[("moved", "2"), ("new", "1"), ("same", "1")]);
        let found = before(&older, &newer);
        let of = |key: &str| found.get(key).map(|value| value.as_ref().map(|texts| texts.join(" ")));
        assert_eq!(of("gone"), Some(Some("1".to_owned())));
        assert_eq!(of("moved"), Some(Some("1".to_owned())));
        assert_eq!(of("new"), Some(None));
        assert_eq!(of("same"), None);
        assert!(before(&newer, &newer).is_empty());
    }
}
