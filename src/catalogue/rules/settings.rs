//! Settings have names that PostgreSQL takes, and two extensions of one PostgreSQL agree on a value.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{listed, shaped};
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, Map, RawSetting, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadSetting =
        "The name of a postgresql.conf setting has letters, digits and `_`; those of extensions have a dot and are \
         quoted in TOML (\"cron.database_name\"). Some settings have a key of their own: preload for \
         shared_preload_libraries, port; others are given by the tools that start servers.",
        bad: "settings = { port = 5433 }",
        says: "port cannot be set here",
        fixed: r#"settings = { "example.limit" = 5433 }"#;
    ConflictingSettings =
        "Two extensions of the same PostgreSQL need different values of one setting; whichever came last would win. \
         Decide by putting the setting into flake.toml, or into the PostgreSQL's entry: those go before the \
         extensions'.",
        bad: r#"
            settings = { wal_level = "logical" }

            # extensions/third.toml
            description = "Does a third thing"
            license = "postgresql"
            kind = "pgxs"
            source = { github = "third/third", tag = "v{version}" }
            settings = { wal_level = "replica" }

            [[version]]
            version = "1.0"
            postgresql = ["17"]
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#,
        says: "third and example set wal_level to different values in PostgreSQL `17`",
        fixed: r#"
            settings = { wal_level = "logical" }

            # extensions/third.toml
            description = "Does a third thing"
            license = "postgresql"
            kind = "pgxs"
            source = { github = "third/third", tag = "v{version}" }
            settings = { wal_level = "logical" }

            [[version]]
            version = "1.0"
            postgresql = ["17"]
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if let Some((_, flake)) = &cx.raw.flake {
        names(&flake.settings, found);
        if let Some(server) = &flake.server {
            names(&server.value.settings, found);
        }
    }
    for entry in &cx.raw.postgresqls {
        names(&entry.value.settings, found);
    }
    for file in &cx.raw.extensions {
        names(&file.raw.settings, found);
        if let Some(installcheck) = file.raw.installcheck() {
            names(&installcheck.settings, found);
        }
    }
    conflicts(cx, found);
}

/// As valid_custom_variable_name in PostgreSQL's guc.c.
fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        shaped(
            part,
            |c| c.is_ascii_alphabetic() || c == '_',
            |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'),
        )
    })
}

fn names(settings: &Field<Map<RawSetting>>, found: &mut Diagnostics) {
    for (name, _) in settings.iter().flat_map(|map| &map.value.0) {
        let finding = |message: String| Diagnostic::new(Code::BadSetting, name.span, message);
        let managed = match name.value.to_ascii_lowercase().as_str() {
            "shared_preload_libraries" => Some("use the key preload, of the extension or of flake.toml"),
            "port" => Some("use the key port of flake.toml"),
            "data_directory"
            | "hba_file"
            | "ident_file"
            | "unix_socket_directories"
            | "external_pid_file" => Some("the tools set it for each server they start"),
            _ => None,
        };
        if let Some(help) = managed {
            found.push(finding(format!("{} cannot be set here", name.value)).help(help));
        } else if !is_name(&name.value) {
            found.push(
                finding(format!("`{}` cannot be a setting's name", printable(&name.value))).help(
                    "letters, digits and `_`; an extension's settings have a dot: \"cron.database_name\"",
                ),
            );
        }
    }
}

/// Who sets what: the extension's file, its setting, the PostgreSQLs it fits.
type Use<'a> = (usize, &'a Spanned<String>, &'a RawSetting);

fn conflicts(cx: &Context<'_>, found: &mut Diagnostics) {
    let mut by_name: BTreeMap<String, Vec<Use<'_>>> = BTreeMap::new();
    for (at, file, _) in cx.extensions() {
        for (name, value) in file.raw.settings.iter().flat_map(|map| &map.value.0) {
            by_name.entry(name.value.to_ascii_lowercase()).or_default().push((at, name, &value.value));
        }
    }
    let mut decided: BTreeSet<String> = BTreeSet::new();
    if let Some((_, flake)) = &cx.raw.flake {
        let names = flake.settings.iter().flat_map(|map| &map.value.0);
        decided.extend(names.map(|(name, _)| name.value.to_ascii_lowercase()));
    }
    for (name, uses) in by_name.into_iter().filter(|(name, uses)| uses.len() > 1 && !decided.contains(name)) {
        let fitting: Vec<BTreeSet<usize>> =
            uses.iter().map(|(at, ..)| cx.index.fitting(&cx.raw.extensions[*at].raw, *at)).collect();
        for second in 1..uses.len() {
            for first in 0..second {
                if same(uses[first].2, uses[second].2) {
                    continue;
                }
                let both: Vec<&str> = fitting[first]
                    .intersection(&fitting[second])
                    .map(|at| &cx.index.postgresqls[*at])
                    .filter(|postgresql| !sets(&postgresql.raw.value.settings, &name))
                    .map(|postgresql| postgresql.name)
                    .collect();
                if both.is_empty() {
                    continue;
                }
                let name_of = |at: usize| cx.raw.extensions[uses[at].0].name.as_str();
                found.push(
                    Diagnostic::new(
                        Code::ConflictingSettings,
                        uses[second].1.span,
                        format!(
                            "{} and {} set {} to different values in PostgreSQL {}",
                            name_of(second),
                            name_of(first),
                            printable(&name),
                            listed(both)
                        ),
                    )
                    .also(uses[first].1.span, format!("as {} has it", name_of(first)))
                    .help("set it in flake.toml or postgresql.toml, which decide"),
                );
            }
        }
    }
}

fn sets(settings: &Field<Map<RawSetting>>, name: &str) -> bool {
    settings.iter().flat_map(|map| &map.value.0).any(|(key, _)| key.value.eq_ignore_ascii_case(name))
}

/// Whether two settings say the same; `true` and "on" do.
fn same(a: &RawSetting, b: &RawSetting) -> bool {
    let text = |setting: &RawSetting| match setting {
        RawSetting::Boolean(value) => if *value { "on" } else { "off" }.to_owned(),
        RawSetting::Integer(value) => value.to_string(),
        RawSetting::Float(value) => value.to_string(),
        RawSetting::Text(value) => match value.to_ascii_lowercase().as_str() {
            "true" | "yes" => "on".to_owned(),
            "false" | "no" => "off".to_owned(),
            _ => value.clone(),
        },
        RawSetting::File(path) => format!("{{{}}}", path.value),
    };
    text(a) == text(b)
}
