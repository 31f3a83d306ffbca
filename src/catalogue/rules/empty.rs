//! There must be something to generate from: a folder, a flake.toml, at least one PostgreSQL.

use super::{Context, Rule};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::layout::{CATALOGUE, FLAKE_TOML, POSTGRESQL_TOML};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    EmptyCatalogue =
        "There is no catalogue folder, or it names no PostgreSQL at all. `pgflakegen init` makes a small working \
         one.",
        bad: r#"
            # postgresql.toml
            postgresql = []
        "#,
        says: "catalogue/postgresql.toml names no PostgreSQL",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17

        "#;
    MissingFile;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if cx.files.is_empty() {
        found.push(
            Diagnostic::global(
                Code::EmptyCatalogue,
                format!("there is no {CATALOGUE} folder, or nothing in it"),
            )
            .help("pgflakegen init makes a small working one; --root DIR says where it is"),
        );
        return;
    }
    for name in [FLAKE_TOML, POSTGRESQL_TOML] {
        if cx.files.get(name.into()).is_none() {
            found.push(
                Diagnostic::global(Code::MissingFile, format!("{CATALOGUE}/{name} does not exist"))
                    .help(format!("create {CATALOGUE}/{name}; pgflakegen init shows what it looks like")),
            );
        }
    }
    let there = cx.files.get(POSTGRESQL_TOML.into()).is_some();
    if there && cx.raw.complete.postgresqls && cx.raw.postgresqls.is_empty() {
        found.push(
            Diagnostic::global(
                Code::EmptyCatalogue,
                format!("{CATALOGUE}/postgresql.toml names no PostgreSQL"),
            )
            .help("add one: [[postgresql]] with name = \"17\" and major = 17"),
        );
    }
}
