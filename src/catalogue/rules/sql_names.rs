//! In one PostgreSQL a SQL name belongs to one extension.

use std::collections::BTreeSet;

use super::{Context, Rule};
use crate::catalogue::contrib::{self, Contrib};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};

use super::text::listed;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    DuplicateSqlName =
        "In one PostgreSQL, CREATE EXTENSION finds an extension by its SQL name, so only one package can provide \
         it; the files of the other would be overwritten. Two extensions may share a SQL name as long as no \
         PostgreSQL takes both. Correct the key sql, or the postgresql lists. Names of PostgreSQL's own contrib \
         extensions count too.",
        bad: r#"sql = ["pgcrypto"]"#,
        says: "PostgreSQL itself brings the extension `pgcrypto`",
        fixed: r#"sql = ["example_crypto"]"#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let nth_place = |at: usize, name: &str, nth: usize| -> Span {
        let file = &cx.raw.extensions[at];
        let mut written = file.raw.sql.iter().flat_map(|list| &list.value).filter(|sql| sql.value == name);
        written.nth(nth).map_or(file.span, |sql| sql.span)
    };
    let place = |at: usize, name: &str| nth_place(at, name, 0);
    for (name, providers) in &cx.index.providers {
        let fitting: Vec<BTreeSet<usize>> =
            providers.iter().map(|at| cx.index.fitting(&cx.raw.extensions[*at].raw, *at)).collect();
        for (second, at) in providers.iter().enumerate() {
            let own = &cx.raw.extensions[*at].name;
            let brought: Vec<_> = fitting[second]
                .iter()
                .map(|postgresql| &cx.index.postgresqls[*postgresql])
                .filter(|postgresql| contrib::extension(name, postgresql.major) == Some(Contrib::Present))
                .map(|postgresql| postgresql.name)
                .collect();
            if !brought.is_empty() {
                found.push(
                    Diagnostic::new(
                        Code::DuplicateSqlName,
                        place(*at, name),
                        format!("PostgreSQL itself brings the extension `{name}`"),
                    )
                    .help(format!("leave {own} out for {}, or correct its sql names", listed(brought))),
                );
            }
            let other = (0..second)
                .find(|first| providers[*first] == *at || !fitting[*first].is_disjoint(&fitting[second]));
            let Some(first) = other.map(|first| providers[first]) else { continue };
            let message = if first == *at {
                format!("`{name}` stands twice in the SQL names of {own}")
            } else {
                format!("`{name}` is also a SQL name of {}", cx.raw.extensions[first].name)
            };
            let repeated = providers[..second].iter().filter(|earlier| *earlier == at).count();
            found.push(
                Diagnostic::new(Code::DuplicateSqlName, nth_place(*at, name, repeated), message)
                    .also(place(first, name), "the first one")
                    .help(
                        "one PostgreSQL can have only one of them: correct `sql`, or the `postgresql` lists",
                    ),
            );
        }
    }
}
