//! What nixpkgs, on this machine, says of what a catalogue takes from it: extensions that it refuses or does not
//! have, and PostgreSQLs whose pinned version is its own.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::session::{Opened, Session, Unready, follow, string};
use super::{Outcome, Task, findings};
use crate::catalogue::model::{Catalogue, Extension, Postgresql};
use crate::catalogue::names::System;
use crate::catalogue::places;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, SourceMap, Span};
use crate::layout;
use crate::nix::eval::{Error, Kind};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    LeftOut =
        "nixpkgs marks the extension, or something that it is built with, as broken, insecure, unfree or not for \
         the system, at the catalogue's revision and with the flake's configuration. It is left out of \
         psql_NAME/bin, whose receipt.json says so under left-out, and comes back by itself with a revision that \
         has mended it; `nix build .#psql_NAME/exts/EXTENSION` gives nixpkgs' own words. To have this an error, \
         write `required = true` in the extension's file; to be rid of it, take the PostgreSQLs out of the key \
         postgresql, or the systems with exclude-systems.";
    NoBase =
        "The entry is built by nixpkgs' recipe for the attribute in `base` (postgresql_NN without it), which \
         nixpkgs at the catalogue's revision does not have: a major that is too new for it, or one that has ended \
         and was removed. Move the pin, take the recipe of a neighbouring major with `base` and a source of the \
         entry's own, or drop the entry.";
    NotInNixpkgs =
        "The extension comes from nixpkgs, which at the catalogue's revision has none of the names in `attr` (or \
         the file's name) for this PostgreSQL. Renamed extensions have a new name: `attr = [\"new\", \"old\"]` \
         takes the first that is there. Aliases do not count, since nixpkgs removes them after a while. An \
         extension that is gone gets `broken = \"why\"`, or a source of the catalogue's own.";
    OwnVersion =
        "The version that the catalogue pins is the one that nixpkgs has at the catalogue's revision, so nixpkgs' \
         own derivation is taken, which the public binary cache has. Without `version` and `hash` the PostgreSQL \
         follows nixpkgs; with them it stays at this version when nixpkgs moves on, and is then built here.";
    RequiredRefused =
        "As PGF421, and the catalogue says `required = true`: psql_NAME/bin cannot be had without the extension, so \
         it cannot be had at all. Move to a revision of nixpkgs that has mended it, build it from a source of the \
         catalogue's own, or remove `required`.";
};

/// What was found about one extension or PostgreSQL, the same for several PostgreSQLs and systems.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'c> {
    pub name: &'c str,
    pub code: Code,
    /// In nixpkgs' words.
    pub reason: String,
}

/// Systems, and for each the attributes concerned.
pub(super) type Where<'c> = BTreeMap<&'c str, BTreeSet<String>>;

/// How `generated/lib/from-nixpkgs.nix` begins when there is nothing to take.
const ABSENT: &str = "nixpkgs has no extension ";

/// Evaluates what each PostgreSQL has from nixpkgs, for each of `systems`. `shown` and `sources` are as for
/// [`super::judge`].
pub fn judge<'c>(
    task: Task<'_>,
    catalogue: &'c Catalogue,
    systems: &'c [System],
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Outcome {
    let mut report = findings::Report { root: task.root, shown, sources, sink, partial: task.partial };
    let mut session = Session::plain(task.root, task.files, task.settings, task.inputs);
    let opened = match session.begin() {
        Ok(opened) => opened,
        Err(Unready::Missing(what)) => return Outcome::Missing(what),
        Err(Unready::Failed(error)) => {
            report.flake(&session, &error);
            return Outcome::Judged(0);
        }
    };
    let (mut found, mut count) = (BTreeMap::<Key<'c>, Where<'c>>::new(), 0);
    for system in systems {
        for postgresql in &catalogue.postgresqls {
            let mut note = |name: &'c str, code: Code, reason: String, attribute: String| {
                let at = found.entry(Key { name, code, reason }).or_default();
                at.entry(system.as_str()).or_default().insert(attribute);
            };
            let attribute = format!("psql_{}", postgresql.name);
            if is_own(&opened, postgresql, system) {
                note(&postgresql.name, Code::OwnVersion, String::new(), attribute.clone());
            }
            for extension in &catalogue.extensions {
                let Some(attr) = member(extension, postgresql, system) else { continue };
                let path = ["legacyPackages", system, &attribute, "exts", attr];
                count += 1;
                match opened.session.part(|| look(&opened, extension, &path)) {
                    Some(Seen::Refused(error)) => {
                        let code = if extension.required { Code::RequiredRefused } else { Code::LeftOut };
                        note(&extension.name, code, session.readable(summary(&error)), attribute.clone());
                    }
                    Some(Seen::Absent) => {
                        let reason = format!("nixpkgs has no extension {}", extension.attrs.join(" or "));
                        note(&extension.name, Code::NotInNixpkgs, reason, attribute.clone());
                    }
                    None => {}
                }
            }
        }
    }
    for (key, at) in found {
        report.member(&key, &at, systems, catalogue);
    }
    Outcome::Judged(count)
}

enum Seen {
    /// nixpkgs has it, and refuses it.
    Refused(Error),
    /// nixpkgs has it under no name.
    Absent,
}

/// The attribute below `exts` of what a PostgreSQL has of an extension in `bin`, if it has it on the system.
fn member<'c>(extension: &'c Extension, postgresql: &Postgresql, system: &str) -> Option<&'c str> {
    let fits = extension.fits.contains_key(&postgresql.name);
    (fits && !extension.exclude_systems.iter().any(|other| other == system)).then_some(&extension.name)
}

/// Looks at a package. What fails for another reason than nixpkgs' refusal is for others to say.
fn look(opened: &Opened, extension: &Extension, path: &[&str]) -> Option<Seen> {
    let package = match follow(&opened.flake(), path) {
        Ok(package) => package?,
        Err(error) if extension.kind.is_package_sets() && error.message().starts_with(ABSENT) => {
            return Some(Seen::Absent);
        }
        Err(_) => return None,
    };
    let available = follow(&package, &["meta", "available"]).ok().flatten();
    let unavailable = available.is_some_and(|available| matches!(available.force(), Ok(Kind::Bool(false))));
    if unavailable || needs_refused(opened, path) {
        return string(&package, "drvPath").err().map(Seen::Refused);
    }
    None
}

/// Whether the flake leaves the package out because of what it is built with.
fn needs_refused(opened: &Opened, path: &[&str]) -> bool {
    let [packages, system, postgresql, _, name] = path else { return false };
    let left_out = follow(&opened.flake(), &[packages, system, postgresql, "left-out", name]);
    matches!(left_out, Ok(Some(_)))
}

/// Whether nixpkgs has the very version that the catalogue pins.
fn is_own(opened: &Opened, postgresql: &Postgresql, system: &str) -> bool {
    let Some(pinned) = postgresql.pinned.as_ref().filter(|_| postgresql.is_release()) else { return false };
    let path = ["inputs", "nixpkgs", "legacyPackages", system, &postgresql.base];
    let own = follow(&opened.flake(), &path).ok().flatten();
    own.is_some_and(|own| string(&own, "version").is_ok_and(|version| version == pinned.version))
}

/// The part of nixpkgs' message that says what is wrong, without how to allow it.
pub(super) fn summary(error: &Error) -> &str {
    let end = ["\n\nYou can install it", "\nSee also", "\na) To temporarily"];
    let message = error.message();
    let end = end.iter().filter_map(|mark| message.find(mark)).min();
    &message[..end.unwrap_or(message.len())]
}

impl findings::Report<'_> {
    /// One finding about what comes from nixpkgs.
    pub(super) fn member(
        &mut self,
        key: &Key<'_>,
        at: &Where<'_>,
        systems: &[System],
        catalogue: &Catalogue,
    ) {
        let own = matches!(key.code, Code::OwnVersion | Code::NoBase);
        let file = if own { layout::POSTGRESQL_TOML.into() } else { layout::extension_toml(key.name) };
        let keys = match key.code {
            Code::OwnVersion => &["hash", "version"][..],
            Code::NoBase => &["base", "major"][..],
            Code::RequiredRefused => &["required"][..],
            Code::NotInNixpkgs => &["attr", "source", "kind"][..],
            _ => &["postgresql", "source", "kind"][..],
        };
        let span = self.at(&layout::in_catalogue(file), |text| {
            if own { places::entry(text, "postgresql", key.name, keys) } else { places::key(text, keys) }
        });
        let all: BTreeSet<&String> = at.values().flatten().collect();
        let mut names = all.into_iter().cloned().collect::<Vec<_>>().join(", ");
        if at.len() < systems.len() {
            let some: Vec<&str> = at.keys().copied().collect();
            names.push_str(&format!(" on {}", some.join(", ")));
        }
        let finding = match key.code {
            Code::OwnVersion => {
                let pinned = catalogue.postgresql(key.name).and_then(|p| p.pinned.as_ref());
                let version = pinned.map_or("", |pinned| &pinned.version);
                let text = self.sources.text(span.source);
                let lines = places::entry_lines(text, "postgresql", key.name, &["hash", "source", "version"]);
                let edits = lines
                    .into_iter()
                    .map(|range| Edit { span: Span::new(span.source, range), replacement: String::new() });
                let edits: Vec<Edit> = edits.collect();
                let message = format!("nixpkgs has PostgreSQL {version} itself");
                let finding = Diagnostic::new(key.code, span, message).help(
                    "without `version` and `hash` it comes from nixpkgs' cache, and moves with nixpkgs",
                );
                if edits.is_empty() { finding } else { finding.fix("take nixpkgs' own", edits) }
            }
            Code::NoBase => Diagnostic::new(key.code, span, key.reason.clone())
                .label(format!("for {names}"))
                .help("move the pin, or name a recipe that it has: base = \"postgresql_NN\", with a source"),
            Code::NotInNixpkgs => Diagnostic::new(key.code, span, key.reason.clone())
                .label(format!("for {names}"))
                .help("if it was renamed, name both: attr = [\"NEW\", \"OLD\"]"),
            Code::RequiredRefused => {
                let message = format!("{} is required, and nixpkgs refuses it for {names}", key.name);
                Diagnostic::new(key.code, span, message).help(format!("nixpkgs says: {}", key.reason)).help(
                    "move to a nixpkgs that has mended it, build it from a source, or remove `required`",
                )
            }
            _ => Diagnostic::new(key.code, span, format!("{} is left out of {names}", key.name))
                .help(format!("nixpkgs says: {}", key.reason)),
        };
        self.sink.push(finding);
    }
}

/// Whether the catalogue takes anything from nixpkgs of which this module could say something.
pub fn any(catalogue: &Catalogue) -> bool {
    let members = catalogue.extensions.iter().any(|extension| !extension.fits.is_empty());
    members || catalogue.postgresqls.iter().any(Postgresql::is_release)
}
