//! There must be something to generate from: a folder, a flake.toml, at least one PostgreSQL.

use super::{Context, Rule};
use crate::catalogue::files::FOLDER;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule!(Catalogue, check, [EmptyCatalogue, MissingFile]);

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if cx.files.is_empty() {
        found.push(
            Diagnostic::global(
                Code::EmptyCatalogue,
                format!("there is no {FOLDER} folder, or nothing in it"),
            )
            .help("pgflakegen init makes a small working one; --root DIR says where it is"),
        );
        return;
    }
    for name in ["flake.toml", "postgresql.toml"] {
        if cx.files.get(name.into()).is_none() {
            found.push(
                Diagnostic::global(Code::MissingFile, format!("{FOLDER}/{name} does not exist"))
                    .help(format!("create {FOLDER}/{name}; pgflakegen init shows what it looks like")),
            );
        }
    }
    let there = cx.files.get("postgresql.toml".into()).is_some();
    if there && cx.raw.complete.postgresqls && cx.raw.postgresqls.is_empty() {
        found.push(
            Diagnostic::global(Code::EmptyCatalogue, format!("{FOLDER}/postgresql.toml names no PostgreSQL"))
                .help("add one: [[postgresql]] with name = \"17\" and major = 17"),
        );
    }
}
