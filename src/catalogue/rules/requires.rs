//! What an extension requires exists for every PostgreSQL that the extension is for, and not in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::text::listed;
use super::{Context, Rule};
use crate::catalogue::contrib::{self, Contrib};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::model::Kind;
use crate::catalogue::raw::{ExtensionFile, Field, List, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    CircularRequirement =
        "Following requires leads back to where it began, so none of these could be created first. Usually one \
         of the requirements is not a real one, such as an extension that can use another but does not need it. \
         Remove that one.",
        bad: r#"requires = ["example"]"#,
        says: "example requires itself",
        fixed: r#"requires = ["other"]"#;
    RequirementMissing =
        "An extension requires another that exists, but not for every PostgreSQL the first is for. CREATE \
         EXTENSION would fail there. Either add the PostgreSQL to a version of the required extension, or take \
         it out of the one that requires it. The same holds for systems: what requires an extension excludes at \
         least the systems that the required one excludes. Contrib changes too: adminpack and old_snapshot \
         ended with 16, pg_walinspect began with 15, pg_logicalinspect with 18.",
        bad: r#"requires = ["pg_logicalinspect"]"#,
        says: "example requires `pg_logicalinspect`, which is not there for PostgreSQL `17`",
        fixed: r#"requires = ["pg_walinspect"]"#;
    UnknownRequirement =
        "requires names SQL extensions that must be created first, by the name CREATE EXTENSION takes: \
         `vector`, not `pgvector`. The name is neither one that an extension of the catalogue provides nor one \
         that PostgreSQL brings (contrib and procedural languages). Correct it, or add the extension that \
         provides it.",
        bad: r#"requires = ["pgcrypt"]"#,
        says: "nothing provides the SQL extension `pgcrypt`",
        fixed: r#"requires = ["pgcrypto"]"#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let fitting: Vec<BTreeSet<usize>> =
        cx.raw.extensions.iter().enumerate().map(|(at, file)| cx.index.fitting(&file.raw, at)).collect();
    // One list may count for many versions: say it once, with all the PostgreSQLs.
    let mut missing: BTreeMap<Span, (&Spanned<String>, &ExtensionFile, BTreeSet<usize>)> = BTreeMap::new();
    let mut unknown: BTreeMap<Span, &Spanned<String>> = BTreeMap::new();
    let mut elsewhere: BTreeMap<Span, (&Spanned<String>, &ExtensionFile, Vec<&str>)> = BTreeMap::new();
    for (at, file, kind) in cx.extensions() {
        let tests: Vec<usize> = cx.index.fitting(&file.raw, at).into_iter().collect();
        // Not a requirement of its own: there may be circles through what tests need.
        let tests = file.raw.installcheck().map(|told| (&told.requires, tests.as_slice()));
        for (requires, takes) in lists(cx, at, file, kind).into_iter().chain(tests) {
            for name in requires.iter().flat_map(|list| &list.value) {
                let providers = cx.index.providers.get(name.value.as_str());
                if providers.is_none() && !contrib::names().any(|contrib| contrib == name.value) {
                    unknown.insert(name.span, name);
                    continue;
                }
                let systems = lacking_systems(cx, file, providers.map_or(&[], Vec::as_slice));
                if !contrib::names().any(|contrib| contrib == name.value) && !systems.is_empty() {
                    elsewhere.insert(name.span, (name, file, systems));
                }
                let lacking = takes.iter().copied().filter(|postgresql| {
                    let major = cx.index.postgresqls[*postgresql].major;
                    contrib::extension(&name.value, major) != Some(Contrib::Present)
                        && !providers.is_some_and(|all| all.iter().any(|p| fitting[*p].contains(postgresql)))
                });
                let lacking: BTreeSet<usize> = lacking.collect();
                if !lacking.is_empty() {
                    missing.entry(name.span).or_insert((name, file, BTreeSet::new())).2.extend(lacking);
                }
            }
        }
    }
    found.extend(unknown.into_values().filter_map(|name| unknown_name(cx, name)));
    found.extend(
        missing.into_values().filter_map(|(name, file, lacking)| not_there(cx, name, file, &lacking)),
    );
    found.extend(elsewhere.into_values().map(|(name, file, systems)| {
        let (extension, systems) = (&file.name, listed(systems));
        let message =
            format!("{extension} requires `{}`, which is not for {systems}", printable(&name.value));
        Diagnostic::new(Code::RequirementMissing, name.span, message)
            .help(format!("add {systems} to the exclude-systems of {extension}"))
    }));
    circles(cx, found);
}

/// The flake's systems that an extension is for, but none of those that provide what it requires.
fn lacking_systems<'a>(cx: &Context<'a>, file: &ExtensionFile, providers: &[usize]) -> Vec<&'a str> {
    let excludes = |file: &ExtensionFile, system: &str| {
        file.raw.exclude_systems.iter().flat_map(|list| &list.value).any(|out| out.value == system)
    };
    let systems = cx.raw.flake.iter().flat_map(|(_, flake)| &flake.systems).flat_map(|list| &list.value);
    systems
        .map(|system| system.value.as_str())
        .filter(|system| !providers.is_empty() && !excludes(file, system))
        .filter(|system| providers.iter().all(|at| excludes(&cx.raw.extensions[*at], system)))
        .collect()
}

type Requires<'a> = &'a Field<List<String>>;

/// Each list of requirements with the PostgreSQLs it counts for.
fn lists<'a>(
    cx: &'a Context<'_>,
    at: usize,
    file: &'a ExtensionFile,
    kind: Option<Kind>,
) -> Vec<(Requires<'a>, &'a [usize])> {
    if file.raw.broken.is_some() {
        return Vec::new();
    }
    let takes = &cx.index.takes[at];
    if kind.is_some_and(Kind::is_package_sets) {
        return takes.iter().map(|takes| (&file.raw.requires, takes.as_slice())).collect();
    }
    versions(&file.raw)
        .zip(takes)
        .filter(|(version, _)| version.value.broken.is_none())
        .map(|(version, takes)| {
            let own = &version.value.requires;
            (if own.is_some() { own } else { &file.raw.requires }, takes.as_slice())
        })
        .collect()
}

fn unknown_name(cx: &Context<'_>, name: &Spanned<String>) -> Option<Diagnostic> {
    // A file that could not be read may provide it.
    if !cx.raw.complete.unreadable_extensions.is_empty() {
        return None;
    }
    let finding = Diagnostic::new(
        Code::UnknownRequirement,
        name.span,
        format!("nothing provides the SQL extension `{}`", printable(&name.value)),
    );
    // The file's name in place of the SQL name is the usual mistake.
    if let Some(file) = cx.raw.extensions.iter().find(|file| file.name == name.value) {
        let names = crate::catalogue::index::sql_names(&file.name, &file.raw);
        return Some(finding.help(match names.is_empty() {
            true => format!("{} has no CREATE EXTENSION, so it cannot be required", file.name),
            false => format!("its name in SQL is {}", listed(names)),
        }));
    }
    let mut known: Vec<&str> = contrib::names().collect();
    known.extend(cx.index.providers.keys());
    Some(match nearest(&name.value, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("add an extension that provides it, or remove it here"),
    })
}

fn not_there(
    cx: &Context<'_>,
    name: &Spanned<String>,
    file: &ExtensionFile,
    lacking: &BTreeSet<usize>,
) -> Option<Diagnostic> {
    if !cx.raw.complete.unreadable_extensions.is_empty() {
        return None;
    }
    let postgresqls: Vec<_> = lacking.iter().map(|at| &cx.index.postgresqls[*at]).collect();
    let names = listed(postgresqls.iter().map(|postgresql| postgresql.name));
    let mut finding = Diagnostic::new(
        Code::RequirementMissing,
        name.span,
        format!(
            "{} requires `{}`, which is not there for PostgreSQL {names}",
            file.name,
            printable(&name.value)
        ),
    );
    for postgresql in &postgresqls {
        match contrib::extension(&name.value, postgresql.major) {
            Some(Contrib::GoneAfter(last)) => {
                finding = finding.help(format!("PostgreSQL {last} was the last that had it"));
                break;
            }
            Some(Contrib::Since(first)) => {
                finding = finding.help(format!("PostgreSQL {first} is the first that has it"));
                break;
            }
            _ => {}
        }
    }
    let providers: Vec<&str> = cx
        .index
        .providers
        .get(name.value.as_str())
        .into_iter()
        .flatten()
        .map(|at| cx.raw.extensions[*at].name.as_str())
        .collect();
    Some(match providers.first() {
        Some(provider) => finding.help(format!(
            "add PostgreSQL {names} to a version of {provider}, or take it out of {}",
            file.name
        )),
        None => finding.help(format!("take PostgreSQL {names} out of {}", file.name)),
    })
}

/// Circles among the extensions of the catalogue, each said once.
fn circles(cx: &Context<'_>, found: &mut Diagnostics) {
    let edges: Vec<Vec<(usize, &Spanned<String>)>> = cx
        .extensions()
        .map(|(_, file, _)| {
            let mut to: BTreeMap<usize, &Spanned<String>> = BTreeMap::new();
            let own = versions(&file.raw).map(|version| &version.value.requires);
            let names = std::iter::once(&file.raw.requires).chain(own).flatten().flat_map(|list| &list.value);
            for name in names {
                for provider in cx.index.providers.get(name.value.as_str()).into_iter().flatten() {
                    to.entry(*provider).or_insert(name);
                }
            }
            to.into_iter().collect()
        })
        .collect();
    // Depth first without recursion: a chain may be as long as the catalogue.
    let mut state = vec![0u8; edges.len()];
    for start in 0..edges.len() {
        if state[start] != 0 {
            continue;
        }
        let mut stack: Vec<(usize, usize)> = vec![(start, 0)];
        state[start] = 1;
        while let Some((at, next)) = stack.last_mut() {
            let Some((to, name)) = edges[*at].get(*next) else {
                state[*at] = 2;
                stack.pop();
                continue;
            };
            *next += 1;
            match state[*to] {
                0 => {
                    state[*to] = 1;
                    stack.push((*to, 0));
                }
                1 => {
                    let from = stack.iter().position(|(at, _)| at == to).unwrap_or(0);
                    let mut way: Vec<&str> =
                        stack[from..].iter().map(|(at, _)| cx.raw.extensions[*at].name.as_str()).collect();
                    way.push(&cx.raw.extensions[*to].name);
                    let message = match way.len() {
                        2 => format!("{} requires itself", way[0]),
                        _ => format!("these require each other: {}", way.join(" → ")),
                    };
                    found.push(
                        Diagnostic::new(Code::CircularRequirement, name.span, message)
                            .help("remove the requirement that is not real"),
                    );
                }
                _ => {}
            }
        }
    }
}
