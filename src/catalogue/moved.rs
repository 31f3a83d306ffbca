//! What a move of the pinned nixpkgs means for a catalogue: the tables of two revisions compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::model::{Catalogue, Fit};
use super::nixpkgs::{Major, Member, Table, Why};

/// What changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Meaning {
    /// PostgreSQLs of the catalogue's majors, and majors that come or go.
    pub postgresql: Vec<Version>,
    /// Extensions that the catalogue takes from nixpkgs.
    pub extensions: Vec<Version>,
    /// Those of them that nixpkgs refuses from now on.
    pub refused: Vec<Refused>,
    /// And those that it refuses no more.
    pub mended: Vec<Refused>,
    /// Extensions that nixpkgs did not have, and that the catalogue does not take from it.
    pub new: Vec<String>,
    /// Extensions that it has no more, and that the catalogue does not take from it.
    pub gone: Vec<String>,
    /// What the catalogue pins and nixpkgs now has itself, in the same version.
    pub needless: Vec<Version>,
}

/// A version of something for some majors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Version {
    /// The extension or `postgresql`.
    pub name: String,
    /// Majors of PostgreSQL.
    pub postgresql: BTreeSet<Major>,
    /// The version before; `None`: it was not there.
    pub from: Option<String>,
    /// The version now; `None`: it is not there any more.
    pub to: Option<String>,
}

/// An extension that is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// The extension.
    pub name: String,
    /// `broken`, `insecure`, `unfree`, `unsupported`.
    pub why: &'static str,
    /// Majors of PostgreSQL.
    pub postgresql: BTreeSet<Major>,
    /// Systems; none: all.
    pub systems: BTreeSet<String>,
}

/// What moving from `old`, if that is known, to `new` means.
pub fn meaning(catalogue: &Catalogue, old: Option<&Table>, new: &Table) -> Meaning {
    let majors: BTreeSet<Major> = catalogue.postgresqls.iter().map(|postgresql| postgresql.major).collect();
    let mut meaning = Meaning { needless: needless(catalogue, old, new), ..Meaning::default() };
    let empty = Table::default();
    let before = old.unwrap_or(&empty);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for extension in catalogue.extensions.iter().filter(|extension| extension.kind.is_package_sets()) {
        known.extend(extension.attrs.iter().map(String::as_str));
        let mut versions = BTreeMap::<(Option<String>, Option<String>), BTreeSet<Major>>::new();
        for postgresql in &catalogue.postgresqls {
            let major = postgresql.major;
            if !extension.fits.contains_key(&postgresql.name) {
                continue;
            }
            let (was, is) = (before.find(&extension.attrs, major), new.find(&extension.attrs, major));
            let version =
                |found: Option<(&str, &Member, &str)>| found.map(|(_, _, version)| version.to_owned());
            if old.is_some() && version(was) != version(is) {
                versions.entry((version(was), version(is))).or_default().insert(major);
            }
            let refusals = |found: Option<(&str, &Member, &str)>| -> BTreeMap<&str, Why> {
                let systems =
                    catalogue.flake.systems.iter().filter(|name| !extension.exclude_systems.contains(name));
                let member = found.map(|(_, member, _)| member);
                systems
                    .filter_map(|system| Some((system.as_str(), member?.refusal(major, system)?)))
                    .collect()
            };
            let (was, is) = (refusals(was), refusals(is));
            note(&mut meaning.refused, &extension.name, major, &is, &was, catalogue);
            if old.is_some() {
                note(&mut meaning.mended, &extension.name, major, &was, &is, catalogue);
            }
        }
        meaning.extensions.extend(versions.into_iter().map(|((from, to), postgresql)| Version {
            name: extension.name.to_string(),
            postgresql,
            from,
            to,
        }));
    }
    if old.is_some() {
        let all: BTreeSet<Major> = before.postgresql.keys().chain(new.postgresql.keys()).copied().collect();
        for major in all {
            let (from, to) = (before.postgresql.get(&major), new.postgresql.get(&major));
            // Of majors that the catalogue has not, only those count that come or go.
            if from != to && (majors.contains(&major) || from.is_none() || to.is_none()) {
                meaning.postgresql.push(Version {
                    name: "postgresql".into(),
                    postgresql: [major].into(),
                    from: from.cloned(),
                    to: to.cloned(),
                });
            }
        }
        let only = |these: &Table, those: &Table| -> Vec<String> {
            let names = these.extensions.keys().filter(|name| !those.extensions.contains_key(*name));
            names.filter(|name| !known.contains(name.as_str())).cloned().collect()
        };
        (meaning.new, meaning.gone) = (only(new, before), only(before, new));
    }
    meaning
}

/// Adds what is refused in `these` and not in `those`.
fn note(
    to: &mut Vec<Refused>,
    name: &str,
    major: Major,
    these: &BTreeMap<&str, Why>,
    those: &BTreeMap<&str, Why>,
    catalogue: &Catalogue,
) {
    let mut by_reason = BTreeMap::<Why, BTreeSet<String>>::new();
    for (system, why) in these.iter().filter(|(system, why)| those.get(*system) != Some(why)) {
        by_reason.entry(*why).or_default().insert((*system).to_owned());
    }
    for (why, mut systems) in by_reason {
        if catalogue.flake.systems.iter().all(|system| systems.contains(system.as_str())) {
            systems.clear();
        }
        let why = why.name();
        let same = |one: &&mut Refused| one.name == name && one.why == why && one.systems == systems;
        match to.iter_mut().find(same) {
            Some(known) => drop(known.postgresql.insert(major)),
            None => to.push(Refused { name: name.to_owned(), why, postgresql: [major].into(), systems }),
        }
    }
}

/// What the catalogue pins although `new` has the same version; not what was so before.
fn needless(catalogue: &Catalogue, old: Option<&Table>, new: &Table) -> Vec<Version> {
    let mut all = Vec::new();
    for postgresql in catalogue.postgresqls.iter().filter(|postgresql| postgresql.is_release()) {
        let Some(pinned) = &postgresql.pinned else { continue };
        let own = |table: &Table| table.postgresql.get(&postgresql.major) == Some(&pinned.version);
        if own(new) && !old.is_some_and(own) {
            all.push(Version {
                name: format!("postgresql {}", postgresql.name),
                postgresql: [postgresql.major].into(),
                from: Some(pinned.version.clone()),
                to: Some(pinned.version.clone()),
            });
        }
    }
    for extension in catalogue.extensions.iter().filter(|extension| !extension.kind.is_package_sets()) {
        let names = [extension.name.to_string()];
        let mut majors = BTreeMap::<&str, BTreeSet<Major>>::new();
        for postgresql in &catalogue.postgresqls {
            let Some(Fit::Versions { default, .. }) = extension.fits.get(&postgresql.name) else { continue };
            let Some(version) = extension.versions.get(*default).map(|version| version.version.as_str())
            else {
                continue;
            };
            let own = |table: &Table| {
                let found = table.find(&names, postgresql.major);
                found.is_some_and(|(_, member, theirs)| {
                    let refused = catalogue
                        .flake
                        .systems
                        .iter()
                        .any(|system| member.refusal(postgresql.major, system).is_some());
                    theirs == version && !refused
                })
            };
            if own(new) && !old.is_some_and(own) {
                majors.entry(version).or_default().insert(postgresql.major);
            }
        }
        all.extend(majors.into_iter().map(|(version, postgresql)| Version {
            name: extension.name.to_string(),
            postgresql,
            from: Some(version.to_owned()),
            to: Some(version.to_owned()),
        }));
    }
    all
}

fn list(majors: &BTreeSet<Major>) -> String {
    majors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Meaning {
    /// A line for each thing that changes.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Version { postgresql, from, to, .. } in &self.postgresql {
            let major = list(postgresql);
            lines.push(match (from, to) {
                (Some(from), Some(to)) => format!("PostgreSQL {major}: {from} → {to}"),
                (None, Some(to)) => format!("PostgreSQL {major} is new: {to}"),
                (_, None) => format!("PostgreSQL {major} is gone"),
            });
        }
        for Version { name, postgresql, from, to } in &self.extensions {
            let majors = list(postgresql);
            lines.push(match (from, to) {
                (Some(from), Some(to)) => format!("{name} {from} → {to} ({majors})"),
                (None, Some(to)) => format!("{name} is there now: {to} ({majors})"),
                (_, None) => format!("{name} is gone ({majors})"),
            });
        }
        for (all, is) in [(&self.refused, "is"), (&self.mended, "is no longer")] {
            for Refused { name, why, postgresql, systems } in all {
                let systems: Vec<&str> = systems.iter().map(String::as_str).collect();
                let on =
                    if systems.is_empty() { String::new() } else { format!(" on {}", systems.join(", ")) };
                lines.push(format!("{name} {is} {why} ({}){on}", list(postgresql)));
            }
        }
        for Version { name, postgresql, to, .. } in &self.needless {
            let version = to.as_deref().unwrap_or_default();
            lines.push(format!(
                "{name}: nixpkgs has {version} itself now ({}); without its entry's it comes from the cache",
                list(postgresql)
            ));
        }
        for (names, is) in [(&self.new, "new in nixpkgs"), (&self.gone, "gone from nixpkgs")] {
            if !names.is_empty() {
                lines.push(format!("{is}: {}", names.join(", ")));
            }
        }
        lines
    }
}
