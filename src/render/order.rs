//! Orders that work: which libraries are preloaded first, which extensions are created first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalogue::model::{Catalogue, Extension, Fit, OneControl, Postgresql, Setting, Version};
use crate::catalogue::names::{ExtName, SqlName};

/// One `CREATE EXTENSION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Create {
    /// The name to create.
    pub sql: SqlName,
    /// The extension (package) that has it.
    pub extension: ExtName,
    /// `extversion` expected; `None` when nixpkgs decides.
    pub version: Option<String>,
    /// What must have been created before; contrib extensions included.
    pub requires: Vec<SqlName>,
    /// What its control file says, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<OneControl>,
}

/// The extensions that are in the `bin` of a PostgreSQL, with the version that is.
fn installed<'a>(
    catalogue: &'a Catalogue,
    postgresql: &'a Postgresql,
) -> impl Iterator<Item = (&'a Extension, Option<&'a Version>)> {
    catalogue.extensions.iter().filter_map(|extension| match extension.fits.get(&postgresql.name)? {
        Fit::Nixpkgs => Some((extension, None)),
        Fit::Versions { default, .. } => Some((extension, extension.versions.get(*default))),
    })
}

/// Items in an order in which each comes after what it must come after, otherwise in the given order.
/// Constraints on unknown items do not count; a cycle is broken at its first item.
fn ordered<'a>(items: &[&'a str], after: &BTreeMap<&str, Vec<&str>>) -> Vec<&'a str> {
    fn visit<'a>(
        item: &'a str,
        items: &[&'a str],
        after: &BTreeMap<&str, Vec<&str>>,
        seen: &mut BTreeSet<&'a str>,
        out: &mut Vec<&'a str>,
    ) {
        if !seen.insert(item) {
            return;
        }
        for earlier in after.get(item).into_iter().flatten() {
            if let Some(earlier) = items.iter().find(|i| *i == earlier) {
                visit(earlier, items, after, seen, out);
            }
        }
        out.push(item);
    }
    let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
    for item in items {
        visit(item, items, after, &mut seen, &mut out);
    }
    out
}

/// `shared_preload_libraries` for a PostgreSQL: the flake's own first, then the extensions' by name, each
/// after what it must come after.
pub fn preload(catalogue: &Catalogue, postgresql: &Postgresql) -> Vec<String> {
    let mut libraries = catalogue.flake.preload.clone();
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (extension, version) in installed(catalogue, postgresql) {
        for library in version.map_or(&extension.preload, |v| &v.preload) {
            after.entry(library).or_default().extend(extension.preload_after.iter().map(String::as_str));
            if !libraries.contains(library) {
                libraries.push(library.clone());
            }
        }
    }
    let libraries: Vec<&str> = libraries.iter().map(String::as_str).collect();
    ordered(&libraries, &after).into_iter().map(str::to_owned).collect()
}

/// Settings for a PostgreSQL: the flake's, then the extensions', then its own; later ones win.
pub fn settings(catalogue: &Catalogue, postgresql: &Postgresql) -> BTreeMap<String, Setting> {
    let mut all = catalogue.flake.settings.clone();
    for (extension, _) in installed(catalogue, postgresql) {
        all.extend(extension.settings.clone());
    }
    all.extend(postgresql.settings.clone());
    all
}

/// What can be created in a PostgreSQL, each after what it requires.
pub fn create(catalogue: &Catalogue, postgresql: &Postgresql) -> Vec<Create> {
    let mut all: BTreeMap<SqlName, Create> = BTreeMap::new();
    for (extension, version) in installed(catalogue, postgresql) {
        let requires = version.map_or(&extension.requires, |v| &v.requires);
        let control = version.map_or(&extension.control, |v| &v.control).as_ref();
        for sql in &extension.sql_names {
            let create = Create {
                sql: sql.clone(),
                extension: extension.name.clone(),
                version: version.map(|v| v.sql_version.clone()),
                requires: requires.iter().filter(|name| *name != sql).cloned().collect(),
                control: control.and_then(|control| control.0.get(sql)).cloned(),
            };
            all.insert(sql.clone(), create);
        }
    }
    let after =
        all.values().map(|c| (c.sql.as_str(), c.requires.iter().map(SqlName::as_str).collect())).collect();
    let names: Vec<&str> = all.keys().map(SqlName::as_str).collect();
    ordered(&names, &after).into_iter().filter_map(|name| all.get(name).cloned()).collect()
}

/// The SQL names of all extensions of the catalogue in an order that works for every PostgreSQL.
pub fn create_all(catalogue: &Catalogue) -> Vec<SqlName> {
    let mut requires: BTreeMap<SqlName, BTreeSet<SqlName>> = BTreeMap::new();
    for created in catalogue.postgresqls.iter().flat_map(|postgresql| create(catalogue, postgresql)) {
        requires.entry(created.sql).or_default().extend(created.requires);
    }
    let names: Vec<&str> = requires.keys().map(SqlName::as_str).collect();
    let after = requires.iter().map(|(name, all)| (name.as_str(), all.iter().map(SqlName::as_str).collect()));
    ordered(&names, &after.collect()).into_iter().map(SqlName::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_comes_first_and_cycles_end() {
        let items = ["a", "b", "c"];
        let after = BTreeMap::from([("a", vec!["c", "unknown"]), ("c", vec!["b"])]);
        assert_eq!(ordered(&items, &after), ["b", "c", "a"]);
        let cycle = BTreeMap::from([("a", vec!["b"]), ("b", vec!["a"])]);
        assert_eq!(ordered(&items, &cycle).len(), 3);
    }
}
