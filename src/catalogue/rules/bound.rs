//! A PostgreSQL that exists for an extension has it, and a version that goes with one version of a PostgreSQL
//! finds it.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BoundExtension =
        "extensions of [[postgresql]] names extensions that a fork exists for, as OrioleDB's patches exist for the \
         extension orioledb. Without a version of it for this PostgreSQL the fork is of no use: when the fork moves \
         on, the extension must move with it. Which go together is in the extension's repository (.pgtags of \
         OrioleDB).",
        bad: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            extensions = ["exampel"]
        "#,
        says: "there is no extension called `exampel`",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            extensions = ["example"]
        "#;
    UnmatchedPostgresqlVersion =
        "postgresql-version of a [[version]] binds it to PostgreSQLs of exactly that version, besides what \
         postgresql says: an extension's release that goes with one patch set of a fork. None of the PostgreSQLs \
         that it names has this version, so it would never be built.",
        bad: r#"
            [[version]]
            postgresql-version = "17_11"
        "#,
        says: "no PostgreSQL here has the version `17_11`",
        fixed: r#"
            [[version]]
            postgresql = ["17"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if !cx.raw.complete.unreadable_extensions.is_empty() || !cx.raw.complete.postgresqls {
        return;
    }
    for (at, postgresql) in cx.index.postgresqls.iter().enumerate() {
        for wanted in postgresql.raw.value.extensions.iter().flat_map(|list| &list.value) {
            let file = cx.raw.extensions.iter().position(|file| file.name == wanted.value);
            let missing = |message| Diagnostic::new(Code::BoundExtension, wanted.span, message);
            let Some(file) = file else {
                let name = printable(&wanted.value);
                let finding = missing(format!("there is no extension called `{name}`"));
                let known = cx.raw.extensions.iter().map(|file| file.name.as_str());
                found.push(match nearest(&wanted.value, known) {
                    Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                    None => finding.help(format!("add extensions/{name}.toml")),
                });
                continue;
            };
            let raw = &cx.raw.extensions[file].raw;
            if cx.index.fitting(raw, file).contains(&at) {
                continue;
            }
            let version = postgresql.raw.value.version.as_ref().map_or("", |version| version.value.as_str());
            let message = format!(
                "{} exists for {}, but has no version of it",
                postgresql.name, cx.raw.extensions[file].name
            );
            // A version for another version of this PostgreSQL is the nearest to what is wanted.
            let bound = versions(raw).map(|version| &version.value).find(|version| {
                version.postgresql_version.is_some()
                    && version
                        .postgresql
                        .iter()
                        .flat_map(|specs| &specs.value.0)
                        .any(|spec| spec.value == postgresql.name)
            });
            let (place, why) = match bound.and_then(|version| version.postgresql_version.as_ref()) {
                Some(exact) => (exact.span, "this is for another version of it"),
                None => (cx.raw.extensions[file].span, "none of these is for it"),
            };
            found.push(missing(message).also(place, why).help(format!(
                "add a [[version]] there with postgresql = [\"{}\"], for {}",
                postgresql.name,
                if version.is_empty() { "the version of nixpkgs" } else { version },
            )));
        }
    }
    for (at, file) in cx.raw.extensions.iter().enumerate() {
        for (nth, version) in versions(&file.raw).enumerate() {
            let (Some(exact), Some(specs)) = (&version.value.postgresql_version, &version.value.postgresql)
            else {
                continue;
            };
            let takes = cx.index.takes.get(at).and_then(|takes| takes.get(nth));
            let meant: Vec<_> =
                specs.value.0.iter().flat_map(|spec| cx.index.matching(&spec.value)).collect();
            // Said at the PostgreSQL already, where that cannot do without.
            let said = meant.iter().any(|meant| {
                let bound = &cx.index.postgresqls[*meant].raw.value.extensions;
                bound.iter().flat_map(|list| &list.value).any(|name| name.value == file.name)
            });
            if meant.is_empty() || said || takes.is_none_or(|takes| !takes.is_empty()) {
                continue;
            }
            let have = meant.iter().map(|meant| {
                let raw = &cx.index.postgresqls[*meant].raw.value;
                let version =
                    raw.version.as_ref().map_or("nixpkgs' version", |version| version.value.as_str());
                format!("{} is {version}", cx.index.postgresqls[*meant].name)
            });
            let message = format!("no PostgreSQL here has the version `{}`", printable(&exact.value));
            found.push(
                Diagnostic::new(Code::UnmatchedPostgresqlVersion, exact.span, message)
                    .label(have.collect::<Vec<_>>().join(", "))
                    .help("correct it, or remove this [[version]] if the PostgreSQL has moved on"),
            );
        }
    }
}
