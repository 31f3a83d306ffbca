//! In one PostgreSQL a SQL name belongs to one extension.

use std::collections::BTreeSet;

use super::Context;
use crate::catalogue::contrib::{self, Contrib};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};

use super::text::listed;

pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let place = |at: usize, name: &str| -> Span {
        let file = &cx.raw.extensions[at];
        let written = file.raw.sql.iter().flat_map(|list| &list.value).find(|sql| sql.value == name);
        written.map_or(file.span, |sql| sql.span)
    };
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
            found.push(
                Diagnostic::new(Code::DuplicateSqlName, place(*at, name), message)
                    .also(place(first, name), "the first one")
                    .help(
                        "one PostgreSQL can have only one of them: correct `sql`, or the `postgresql` lists",
                    ),
            );
        }
    }
}
