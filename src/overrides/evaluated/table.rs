//! What the catalogue's own table of nixpkgs says of what the catalogue takes from it, where nixpkgs itself is not at
//! hand: the same findings as [`super::members`] has.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::findings::Report;
use super::members::{Key, Where};
use crate::catalogue::lifetime::{self, Lifetime};
use crate::catalogue::model::{Catalogue, Postgresql};
use crate::catalogue::names::System;
use crate::catalogue::nixpkgs::{self, Table};
use crate::catalogue::places;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, nearest};
use crate::layout;
use crate::rule::{Finder, finder};

/// What this file can say.
pub(crate) const FINDER: Finder = finder! {
    EndOfLife =
        "PostgreSQL's project makes minor releases of a major for five years; after the last one, security holes \
         stay open, and nixpkgs removes the major soon. The day is compared with the commit of the pinned nixpkgs, \
         so that the same catalogue gives the same findings on every day. Users move on with migration-test or \
         pg_upgrade; then the entry goes from postgresql.toml.";
    LeftOut;
    NixpkgsTooOld =
        "The generated flake builds extensions with nixpkgs' postgresqlBuildExtension, which NixOS 25.05 is the \
         first release to have. The nixpkgs that is pinned has it not. `pgflakegen bump inputs nixpkgs` moves the \
         pin to where its branch is, `--to REV` to a revision.";
    NoBase;
    NotInNixpkgs;
    OtherNixpkgsTable =
        "catalogue/nixpkgs.toml was made from another revision of nixpkgs than [inputs.nixpkgs] in flake.toml pins, \
         so nothing of it is used. `pgflakegen index` makes it anew, from the pinned nixpkgs when that is on this \
         machine, else from the one in the folder of --nixpkgs.";
    OwnVersion;
    RequiredRefused;
};

/// What is so whether or not nixpkgs is at hand: a table of another revision, majors that have ended. `shown` and
/// `sources` are as for [`super::judge`].
pub fn standing(
    root: &Utf8Path,
    catalogue: &Catalogue,
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) {
    let mut report = Report { root, shown, sources, sink, partial: false };
    let Some(pinned) = catalogue.flake.nixpkgs() else { return };
    if let Some(table) = catalogue.nixpkgs.as_ref().filter(|table| table.revision != pinned.revision()) {
        let file = layout::in_catalogue(layout::NIXPKGS_TOML);
        let span = report.at(&file, |text| places::key(text, &["revision"]));
        let message = format!(
            "the table is of nixpkgs {:.12}, and flake.toml pins {:.12}",
            table.revision,
            pinned.revision()
        );
        report.sink.push(
            Diagnostic::new(Code::OtherNixpkgsTable, span, message)
                .help("`pgflakegen index` writes it for the pinned one; until then nothing of it is used"),
        );
    }
    // A prerelease has no end yet, a fork has its own.
    for postgresql in catalogue.postgresqls.iter().filter(|postgresql| follows_releases(postgresql)) {
        let (message, help) = match lifetime::of(postgresql.major, pinned.last_modified) {
            Lifetime::Alive => continue,
            Lifetime::Ending(day) => (
                format!("PostgreSQL {} gets its last release on {day}", postgresql.major),
                "plan the move to a newer major: `nix run .#migration-test` tries it",
            ),
            Lifetime::Ended(day) => (
                format!("PostgreSQL {} got its last release on {day}", postgresql.major),
                "drop the entry; or keep it with a source of its own, as nixpkgs removes it",
            ),
        };
        let span = report.at(&layout::in_catalogue(layout::POSTGRESQL_TOML), |text| {
            places::entry(text, "postgresql", &postgresql.name, &["major"])
        });
        report.sink.push(Diagnostic::new(Code::EndOfLife, span, message).help(help));
    }
}

/// A nixpkgs without what the generated flake is made of: nothing else that could be said of it matters.
fn too_old(
    root: &Utf8Path,
    table: &Table,
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) {
    let mut report = Report { root, shown, sources, sink, partial: false };
    let span = report.at(&layout::in_catalogue(layout::FLAKE_TOML), |text| {
        places::inner(text, &["inputs", "nixpkgs", "rev"])
            .or_else(|| places::inner(text, &["inputs", "nixpkgs", "nar-hash"]))
    });
    let lacks: Vec<&str> = table.lacks.iter().map(String::as_str).collect();
    let message = format!("the pinned nixpkgs is too old: it has no {}", lacks.join(", "));
    report.sink.push(Diagnostic::new(Code::NixpkgsTooOld, span, message).help(format!(
        "the oldest that works is that of {}; `pgflakegen bump inputs nixpkgs`",
        nixpkgs::OLDEST
    )));
}

fn follows_releases(postgresql: &Postgresql) -> bool {
    !postgresql.prerelease && (postgresql.pinned.is_none() || postgresql.is_release())
}

/// What the table, if it is of the pinned revision, says for `systems`.
pub fn judge(
    root: &Utf8Path,
    catalogue: &Catalogue,
    systems: &[System],
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) {
    let Some(table) = catalogue.nixpkgs_table() else { return };
    if !table.lacks.is_empty() {
        too_old(root, table, shown, sources, sink);
        return;
    }
    let mut report = Report { root, shown, sources, sink, partial: false };
    let mut found = BTreeMap::<Key<'_>, Where<'_>>::new();
    for system in systems {
        for postgresql in &catalogue.postgresqls {
            let attribute = format!("psql_{}", postgresql.name);
            let mut note = |name, code, reason: String| {
                let at: &mut Where<'_> = found.entry(Key { name, code, reason }).or_default();
                at.entry(system.as_str()).or_default().insert(attribute.clone());
            };
            let server = base(postgresql, table);
            match server {
                Some(None) => {
                    note(&postgresql.name, Code::NoBase, format!("nixpkgs has no {}", postgresql.base));
                    // It has no extensions then, either.
                    continue;
                }
                Some(Some(version))
                    if postgresql.is_release()
                        && postgresql.pinned.as_ref().is_some_and(|pinned| pinned.version == version) =>
                {
                    note(&postgresql.name, Code::OwnVersion, String::new());
                }
                _ => {}
            }
            for extension in catalogue.extensions.iter().filter(|e| e.kind.is_package_sets()) {
                let excluded = extension.exclude_systems.contains(system);
                if excluded || !extension.fits.contains_key(&postgresql.name) {
                    continue;
                }
                match table.find(&extension.attrs, postgresql.major) {
                    None => {
                        let names = extension.attrs.join(" or ");
                        let known = || table.extensions.keys().map(String::as_str);
                        let near = extension.attrs.iter().find_map(|attr| nearest(attr, known()));
                        let near = near.map_or(String::new(), |near| format!("; it has {near}"));
                        note(
                            &extension.name,
                            Code::NotInNixpkgs,
                            format!("nixpkgs has no extension {names}{near}"),
                        );
                    }
                    Some((_, member, _)) => {
                        let Some(why) = member.refusal(postgresql.major, system) else { continue };
                        let code = if extension.required { Code::RequiredRefused } else { Code::LeftOut };
                        note(&extension.name, code, why.sentence().to_owned());
                    }
                }
            }
        }
    }
    for (key, at) in found {
        report.member(&key, &at, systems, catalogue);
    }
}

/// What nixpkgs has of a PostgreSQL's base; `None` where the base is none that a table knows.
fn base<'t>(postgresql: &Postgresql, table: &'t Table) -> Option<Option<&'t str>> {
    let major = postgresql.base.strip_prefix("postgresql_")?.parse().ok()?;
    Some(table.postgresql.get(&major).map(String::as_str))
}
