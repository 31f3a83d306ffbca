//! Finding the differences.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Change, Changes, Extension, Input, Move, Server, Version, What};
use crate::accounts::audit::postgresql as advisories;
use crate::accounts::place;
use crate::catalogue::input::Place as InputPlace;
use crate::catalogue::model::{self, Catalogue, Fit, Postgresql};
use crate::catalogue::moved;
use crate::catalogue::names::{PgName, System};
use crate::diag::plural;
use crate::store::dates;

/// What files of the catalogue hold that its model only names: patches, overrides, lock files. By path.
pub type Digests = BTreeMap<Utf8PathBuf, String>;

/// One side: a catalogue with the contents of the files that it names.
type Side<'a> = (&'a Catalogue, &'a Digests);

/// What differs between two catalogues.
pub fn compare(old: Side<'_>, new: Side<'_>) -> Changes {
    let systems = |these: &Catalogue, those: &Catalogue| -> Vec<System> {
        these.flake.systems.iter().filter(|name| !those.flake.systems.contains(name)).cloned().collect()
    };
    Changes {
        postgresqls: servers(old, new),
        extensions: extensions(old, new),
        inputs: inputs(old.0, new.0),
        systems_added: systems(new.0, old.0),
        systems_removed: systems(old.0, new.0),
    }
}

/// Names of both, in the order of the new one, then what is only in the old one.
fn names<'a>(old: impl Iterator<Item = &'a str>, new: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = new.collect();
    for name in old {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn change<T>(old: &Option<T>, new: &Option<T>) -> Change {
    match (old, new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    }
}

fn servers(old: Side<'_>, new: Side<'_>) -> Vec<Server> {
    let listed = |catalogue: &'_ Catalogue| -> Vec<PgName> {
        catalogue.postgresqls.iter().map(|postgresql| postgresql.name.clone()).collect()
    };
    let (olds, news) = (listed(old.0), listed(new.0));
    let mut found = Vec::new();
    for name in names(olds.iter().map(PgName::as_str), news.iter().map(PgName::as_str)) {
        let (before, after) = (old.0.postgresql(name), new.0.postgresql(name));
        let version = |catalogue: &Catalogue, postgresql: Option<&Postgresql>| {
            postgresql.and_then(|postgresql| catalogue.version_of(postgresql)).map(str::to_owned)
        };
        let (from, to) = (version(old.0, before), version(new.0, after));
        let remarks = match (before, after) {
            (Some(before), Some(after)) => server_remarks((before, old.1), (after, new.1), from == to),
            _ => Vec::new(),
        };
        if before.is_some() && after.is_some() && from == to && remarks.is_empty() {
            continue;
        }
        let mut compared =
            fetcher(before).zip(fetcher(after)).and_then(|(from, to)| place::compare(from, to));
        let mut notes = None;
        // What nixpkgs or the catalogue take from postgresql.org has tags and notes of the project's own.
        let is_release = |postgresql: &Postgresql| postgresql.pinned.is_none() || postgresql.is_release();
        if after.is_some_and(is_release) && from != to {
            notes = to.as_deref().and_then(release_notes);
            if compared.is_none() && before.is_some_and(is_release) {
                compared = from.as_deref().zip(to.as_deref()).map(|(from, to)| {
                    let tag = model::release_tag;
                    format!("https://github.com/postgres/postgres/compare/{}...{}", tag(from), tag(to))
                });
            }
        }
        let known = |postgresql: Option<&Postgresql>, version: &Option<String>| -> Vec<String> {
            let release = postgresql.filter(|postgresql| is_release(postgresql)).zip(version.as_deref());
            let found = release
                .map(|(postgresql, version)| advisories::table().concerning(postgresql.major, version));
            found.unwrap_or_default().into_iter().map(|one| one.id).collect()
        };
        let (had, has_now) = match (before, after) {
            (Some(_), Some(_)) => (known(before, &from), known(after, &to)),
            _ => (Vec::new(), known(after, &to)),
        };
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|id| !those.contains(id)).cloned().collect()
        };
        let has = |catalogue: &Catalogue| {
            catalogue.extensions.iter().filter(|extension| extension.fits.contains_key(name)).count()
        };
        found.push(Server {
            name: name.to_owned(),
            change: change(&before, &after),
            from,
            to,
            mends: only(&had, &has_now),
            brings: only(&has_now, &had),
            extensions: if after.is_some() { has(new.0) } else { has(old.0) },
            remarks,
            compare: compared,
            notes,
        });
    }
    found
}

fn fetcher(postgresql: Option<&Postgresql>) -> Option<&model::Fetcher> {
    Some(&postgresql?.pinned.as_ref()?.source.fetcher)
}

/// `https://www.postgresql.org/docs/release/17.6/`, of a release only.
fn release_notes(version: &str) -> Option<String> {
    let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && version.contains('.');
    plain.then(|| format!("https://www.postgresql.org/docs/release/{version}/"))
}

fn contents<'d>(files: &'d [Utf8PathBuf], digests: &'d Digests) -> Vec<(&'d Utf8Path, Option<&'d String>)> {
    files.iter().map(|file| (file.as_path(), digests.get(file))).collect()
}

fn server_remarks(
    (before, old): (&Postgresql, &Digests),
    (after, new): (&Postgresql, &Digests),
    same_version: bool,
) -> Vec<String> {
    let mut remarks = Vec::new();
    if same_version && before.pinned != after.pinned {
        remarks.push(match (&before.pinned, &after.pinned) {
            (Some(_), Some(_)) => "the same version of another source".to_owned(),
            (None, _) => "pinned, no longer nixpkgs' own".to_owned(),
            (_, None) => "nixpkgs' own, no longer pinned".to_owned(),
        });
    }
    if before.base != after.base {
        remarks.push(format!("built as {}, no longer {}", after.base, before.base));
    }
    if contents(&before.patches, old) != contents(&after.patches, new) {
        remarks.push("patched otherwise".to_owned());
    }
    if before.features != after.features {
        remarks.push("other features".to_owned());
    }
    if before.settings != after.settings {
        remarks.push("other settings".to_owned());
    }
    remarks
}

/// What one PostgreSQL has of one extension.
struct Having<'c> {
    default: Version,
    /// Of the catalogue: the default first.
    ours: Vec<&'c model::Version>,
}

fn having<'c>(catalogue: &'c Catalogue, extension: &'c model::Extension, name: &str) -> Option<Having<'c>> {
    let postgresql = catalogue.postgresql(name)?;
    match extension.fits.get(name)? {
        Fit::Nixpkgs => {
            let version = catalogue.nixpkgs_version(extension, postgresql).map(str::to_owned);
            Some(Having { default: Version { version, nixpkgs: true }, ours: Vec::new() })
        }
        Fit::Versions { default, all } => {
            let first = extension.versions.get(*default)?;
            let others = all.iter().filter(|at| *at != default).filter_map(|at| extension.versions.get(*at));
            let default = Version { version: Some(first.version.clone()), nixpkgs: false };
            Some(Having { default, ours: std::iter::once(first).chain(others).collect() })
        }
    }
}

fn own(version: &model::Version) -> Version {
    Version { version: Some(version.version.clone()), nixpkgs: false }
}

fn extensions(old: Side<'_>, new: Side<'_>) -> Vec<Extension> {
    let mut all: Vec<&str> =
        old.0.extensions.iter().chain(&new.0.extensions).map(|e| e.name.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    let mut found = Vec::new();
    for name in all {
        let (before, after) = (old.0.extension(name), new.0.extension(name));
        let moves = moves(old, new, before, after);
        let both = before.zip(after);
        let remarks = both.map_or_else(
            || after.map(first_remarks).unwrap_or_default(),
            |(before, after)| remarks(before, after),
        );
        let other_licences = before.map(|e| &e.licenses) != after.map(|e| &e.licenses);
        if both.is_some() && moves.is_empty() && remarks.is_empty() && !other_licences {
            continue;
        }
        let Some(shown) = after.or(before) else { continue };
        let newest = moves.iter().filter_map(|one| one.to.as_ref()).filter_map(|to| to.version.as_deref());
        let newest = newest.max_by(|a, b| crate::catalogue::version::compare(a, b));
        let changelog = shown.changelog.as_ref().zip(newest);
        found.push(Extension {
            name: name.to_owned(),
            change: change(&before, &after),
            licences_before: before.filter(|_| other_licences && both.is_some()).map(|e| e.licenses.clone()),
            licences: after.filter(|_| other_licences).map(|e| e.licenses.clone()),
            remarks,
            changelog: changelog.map(|(template, version)| template.replace("{version}", version)),
            homepage: shown.homepage.clone(),
            moves,
        });
    }
    found
}

fn moves(
    old: Side<'_>,
    new: Side<'_>,
    before: Option<&model::Extension>,
    after: Option<&model::Extension>,
) -> Vec<Move> {
    let mut found: Vec<Move> = Vec::new();
    let server = |catalogue: &Catalogue| -> Vec<PgName> {
        catalogue.postgresqls.iter().map(|postgresql| postgresql.name.clone()).collect()
    };
    let (olds, news) = (server(old.0), server(new.0));
    for name in names(olds.iter().map(PgName::as_str), news.iter().map(PgName::as_str)) {
        // A server that comes or goes says so itself, with how many extensions it has.
        let of_server = !(olds.iter().any(|one| one == name) && news.iter().any(|one| one == name));
        if of_server && before.is_some() && after.is_some() {
            continue;
        }
        let was = before.and_then(|extension| having(old.0, extension, name));
        let is = after.and_then(|extension| having(new.0, extension, name));
        let mut add = |what: What, from: Option<Version>, to: Option<Version>, compare: Option<String>| {
            let same = |one: &&mut Move| {
                one.what == what && one.from == from && one.to == to && one.compare == compare
            };
            match found.iter_mut().find(same) {
                Some(known) => known.postgresql.push(name.to_owned()),
                None => found.push(Move { postgresql: vec![name.to_owned()], what, from, to, compare }),
            }
        };
        match (was, is) {
            (None, None) => {}
            (None, Some(is)) => add(What::Added, None, Some(is.default), None),
            (Some(was), None) => add(What::Removed, Some(was.default), None, None),
            (Some(was), Some(is)) => {
                if was.default != is.default && !only_known(&was.default, &is.default) {
                    let compare = was.ours.first().zip(is.ours.first());
                    let compare =
                        compare.and_then(|(a, b)| place::compare(&a.source.fetcher, &b.source.fetcher));
                    add(What::Moved, Some(was.default.clone()), Some(is.default.clone()), compare);
                }
                for version in &is.ours {
                    match was.ours.iter().find(|one| one.version == version.version) {
                        None if own(version) != is.default => {
                            add(What::BesideAdded, None, Some(own(version)), None);
                        }
                        None => {}
                        Some(one) => {
                            let (from, to) = (Some(own(one)), Some(own(version)));
                            if one.source != version.source || one.build.files != version.build.files {
                                let compare = place::compare(&one.source.fetcher, &version.source.fetcher);
                                add(What::Source, from, to, compare);
                            } else if before
                                .zip(after)
                                .is_some_and(|(a, b)| built(a, one, old.1) != built(b, version, new.1))
                            {
                                add(What::Build, from, to, None);
                            }
                        }
                    }
                }
                for version in &was.ours {
                    let there = is.ours.iter().any(|one| one.version == version.version);
                    if !there && own(version) != was.default {
                        add(What::BesideRemoved, Some(own(version)), None, None);
                    }
                }
            }
        }
    }
    found.sort_by_key(|one| one.what);
    found
}

/// Whether nothing else differs but that it is known, or not known, what nixpkgs has.
fn only_known(was: &Version, is: &Version) -> bool {
    was.nixpkgs && is.nixpkgs && (was.version.is_none() || is.version.is_none())
}

/// All that decides how a version is built, but for its source.
fn built<'e>(
    extension: &'e model::Extension,
    version: &'e model::Version,
    digests: &'e Digests,
) -> impl PartialEq + use<'e> {
    let lock = match version.build.pgrx.as_ref().map(|pgrx| &pgrx.vendor) {
        Some(model::Vendor::Lock { file, .. }) => digests.get(file),
        _ => None,
    };
    let file = extension.override_file.as_ref();
    (
        &version.build,
        contents(&version.build.patches, digests),
        file.map(|file| digests.get(file)),
        extension.kind.name(),
        lock,
    )
}

/// What is to be known of a new one.
fn first_remarks(extension: &model::Extension) -> Vec<String> {
    let mut remarks = Vec::new();
    let preload = preload(extension);
    if !preload.is_empty() {
        remarks.push(format!("preload {}", preload.join(", ")));
    }
    remarks
}

/// Libraries of the newest version.
fn preload(extension: &model::Extension) -> &[String] {
    extension.versions.last().map_or(&extension.preload, |version| &version.preload)
}

fn remarks(before: &model::Extension, after: &model::Extension) -> Vec<String> {
    let mut remarks = Vec::new();
    match (preload(before), preload(after)) {
        (was, is) if was == is => {}
        (_, []) => remarks.push("needs no preloading any more".to_owned()),
        (_, is) => remarks.push(format!("preload {}", is.join(", "))),
    }
    match (before.side_by_side, after.side_by_side) {
        (false, true) => remarks.push("all versions in one server".to_owned()),
        (true, false) => remarks.push("one version in a server".to_owned()),
        _ => {}
    }
    if before.sql_names != after.sql_names {
        remarks.push(match after.sql_names.as_slice() {
            [] => "no CREATE EXTENSION any more".to_owned(),
            names => format!("CREATE EXTENSION {}", names.join(", ")),
        });
    }
    let requires = |extension: &model::Extension| {
        extension
            .versions
            .last()
            .map_or_else(|| extension.requires.clone(), |version| version.requires.clone())
    };
    let (was, is) = (requires(before), requires(after));
    if was != is {
        remarks.push(match is.as_slice() {
            [] => format!("requires {} no more", was.join(", ")),
            names => format!("requires {}", names.join(", ")),
        });
    }
    if before.settings != after.settings {
        remarks.push(match after.settings.len() {
            0 => "no settings any more".to_owned(),
            count => format!("other settings ({})", plural(count, "line")),
        });
    }
    if before.installcheck != after.installcheck {
        remarks.push("other tests of its own".to_owned());
    }
    if before.exclude_systems != after.exclude_systems {
        remarks.push(match after.exclude_systems.as_slice() {
            [] => "for all systems".to_owned(),
            systems => format!("not for {}", systems.join(", ")),
        });
    }
    match (&before.broken, &after.broken) {
        (was, is) if was == is => {}
        (_, Some(why)) => remarks.push(format!("left out: {why}")),
        (Some(_), None) => remarks.push("no longer left out".to_owned()),
        (None, None) => {}
    }
    let broken = |extension: &model::Extension| -> Vec<(String, String)> {
        let all = extension.versions.iter();
        all.filter_map(|version| Some((version.version.clone(), version.broken.clone()?))).collect()
    };
    let known = broken(before);
    let new = broken(after).into_iter().filter(|one| !known.contains(one));
    remarks.extend(new.map(|(version, why)| format!("{version} is left out: {why}")));
    remarks
}

fn inputs(old: &Catalogue, new: &Catalogue) -> Vec<Input> {
    let mut all: Vec<&str> =
        old.flake.inputs.iter().chain(&new.flake.inputs).map(|input| input.name.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    let mut found = Vec::new();
    for name in all {
        let (before, after) = (old.flake.input(name), new.flake.input(name));
        if let Some((before, after)) = before.zip(after)
            && before.pin().is(&after.pin())
            && before.place == after.place
        {
            continue;
        }
        let date = |input: &model::Input| {
            let seconds = i64::try_from(input.last_modified).ok().filter(|seconds| *seconds > 0)?;
            Some(dates::day(seconds))
        };
        let compared = before.zip(after).and_then(|(before, after)| {
            let (InputPlace::GitHub { owner, repo, .. }, InputPlace::GitHub { owner: to, repo: name, .. }) =
                (&before.place, &after.place)
            else {
                return None;
            };
            let ((from, to_rev), same) =
                (before.rev.as_ref().zip(after.rev.as_ref())?, owner == to && repo == name);
            (same && from != to_rev)
                .then(|| format!("https://github.com/{owner}/{repo}/compare/{from}...{to_rev}"))
        });
        let (meaning, unknown) = match (name, before, after) {
            ("nixpkgs", Some(_), Some(_)) => match (old.nixpkgs_table(), new.nixpkgs_table()) {
                (Some(from), Some(to)) => (Some(moved::meaning(new, Some(from), to)), None),
                (was, _) => {
                    let which = if was.is_none() { "the revision before" } else { "the revision now" };
                    let why = format!(
                        "what this changes is not known: catalogue/nixpkgs.toml is not about {which}; `pgflakegen index` writes it"
                    );
                    (None, Some(why))
                }
            },
            _ => (None, None),
        };
        found.push(Input {
            name: name.to_owned(),
            change: change(&before, &after),
            from: before.map(|input| input.revision().to_owned()),
            to: after.map(|input| input.revision().to_owned()),
            from_date: before.and_then(date),
            to_date: after.and_then(date),
            compare: compared,
            meaning,
            unknown,
        });
    }
    found
}
