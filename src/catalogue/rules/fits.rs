//! An extension that no PostgreSQL of the catalogue can have is a mistake, unless it is marked broken.

use super::text::listed;
use super::{Context, Rule};
use crate::catalogue::index::versions;
use crate::catalogue::raw::Spanned;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    NoPostgresql =
        "As the catalogue stands, this extension or version would be built for no PostgreSQL or no system at all. \
         If that is intended for now, mark it with broken = \"why\"; then it is left out and the reason is shown in \
         lists. Otherwise name the PostgreSQLs it is for.",
        bad: r#"
            [[version]]
            postgresql = []
        "#,
        says: "this is for no PostgreSQL at all",
        fixed: r#"
            [[version]]
            postgresql = ["17"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let systems: Vec<&str> = cx
        .raw
        .flake
        .iter()
        .flat_map(|(_, flake)| &flake.systems)
        .flat_map(|systems| systems.value.iter().map(|system| system.value.as_str()))
        .collect();
    for (_, file, kind) in cx.extensions() {
        if let Some(excluded) = &file.raw.exclude_systems {
            let out = |system: &&str| excluded.value.iter().any(|excluded| excluded.value == *system);
            if !systems.is_empty() && systems.iter().all(out) {
                found.push(
                    Diagnostic::new(
                        Code::NoPostgresql,
                        excluded.span,
                        format!("{} is for none of the flake's systems", file.name),
                    )
                    .help(format!(
                        "leave at least one of {} in, or set broken = \"why\"",
                        listed(systems.iter().copied())
                    )),
                );
            }
        }
        let empty = |list: &Spanned<crate::catalogue::raw::OneOrMany<String>>| {
            list.value.0.is_empty().then_some(list.span)
        };
        let lists = match kind {
            Some(kind) if kind.is_package_sets() => vec![&file.raw.postgresql],
            _ => versions(&file.raw).map(|version| &version.value.postgresql).collect(),
        };
        for span in lists.into_iter().flatten().filter_map(empty) {
            found.push(
                Diagnostic::new(Code::NoPostgresql, span, "this is for no PostgreSQL at all")
                    .help("name one, or keep the version out with broken = \"why\""),
            );
        }
    }
}
