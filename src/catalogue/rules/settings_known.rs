//! Settings without a dot are PostgreSQL's own: those that are set are there.

use std::collections::BTreeSet;

use super::text::{listed, shaped};
use super::{Context, Rule};
use crate::catalogue::index::Postgres;
use crate::catalogue::postgresql_settings::{MAJORS, all, has, is_one};
use crate::catalogue::raw::{Field, Map, RawSetting};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    UnknownSetting =
        "Names without a dot are PostgreSQL's own, and a server does not start from a file with one that it does \
         not know (`unrecognized configuration parameter`). What PostgreSQL 15 to 18 have is in the program; other \
         majors and forks are not judged. Settings of extensions have a dot (\"cron.database_name\") and are not \
         judged either.",
        bad: r#"
            # flake.toml
            settings = { shared_bufers = "1GB" }
        "#,
        says: "PostgreSQL `16`, `17` have no setting `shared_bufers`",
        fixed: r#"
            # flake.toml
            settings = { shared_buffers = "1GB" }
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let everything: Vec<&Postgres<'_>> = cx.index.postgresqls.iter().collect();
    if let Some((_, flake)) = &cx.raw.flake {
        judge(&flake.settings, &everything, found);
        if let Some(server) = &flake.server {
            judge(&server.value.settings, &cx.index.of_server(&server.value), found);
        }
    }
    for postgresql in &cx.index.postgresqls {
        judge(&postgresql.raw.value.settings, &[postgresql], found);
    }
    for (at, file, _) in cx.extensions() {
        let fitting = cx.index.fitting(&file.raw, at);
        let fitting: Vec<&Postgres<'_>> = fitting.iter().map(|at| &cx.index.postgresqls[*at]).collect();
        judge(&file.raw.settings, &fitting, found);
        if let Some(installcheck) = file.raw.installcheck() {
            judge(&installcheck.settings, &fitting, found);
        }
    }
}

fn judge(settings: &Field<Map<RawSetting>>, postgresqls: &[&Postgres<'_>], found: &mut Diagnostics) {
    // A fork may have more than PostgreSQL.
    let judged: Vec<&Postgres<'_>> = postgresqls
        .iter()
        .copied()
        .filter(|postgresql| !postgresql.fork && MAJORS.contains(&postgresql.major))
        .collect();
    for (name, _) in settings.iter().flat_map(|map| &map.value.0) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !shaped(&name.value, |c| c.is_ascii_alphabetic() || c == '_', plain) {
            continue;
        }
        let without: Vec<&Postgres<'_>> =
            judged.iter().copied().filter(|postgresql| !has(&name.value, postgresql.major)).collect();
        let Some(first) = without.first() else { continue };
        let names = listed(without.iter().map(|postgresql| postgresql.name));
        let verb = if without.len() == 1 { "has" } else { "have" };
        let finding = Diagnostic::new(
            Code::UnknownSetting,
            name.span,
            format!("PostgreSQL {names} {verb} no setting `{}`", name.value),
        );
        // In one order, as the nearest of several equals is the first.
        let candidates: BTreeSet<&str> = all(first.major).collect();
        found.push(match nearest(&name.value, candidates) {
            _ if without.len() < judged.len() => {
                finding.help("set it in postgresql.toml, for those that have it")
            }
            _ if is_one(&name.value) => finding.help("remove it; another major has it"),
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("remove it; a setting of an extension has a dot: \"cron.database_name\""),
        });
    }
}
