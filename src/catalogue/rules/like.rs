//! `like` and `default-postgresql` name PostgreSQLs that exist; `like` leads somewhere.

use super::postgresql_specs::unknown;
use super::{Context, Rule};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    CircularLike =
        "like = \"17\" makes a PostgreSQL take every extension version that 17 takes. Following it must end at one \
         that stands by itself.",
        bad: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            like = "17"
        "#,
        says: "17 is like itself",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17

        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let known = cx.index.postgresqls.iter().map(|postgresql| postgresql.name);
    if cx.raw.complete.postgresqls
        && !cx.index.postgresqls.is_empty()
        && let Some((_, flake)) = &cx.raw.flake
        && let Some(default) = &flake.default_postgresql
        && cx.index.postgresql(&default.value).is_none()
    {
        found.push(unknown(default, &default.value, known.clone()));
    }
    for postgresql in &cx.index.postgresqls {
        let Some(like) = &postgresql.raw.value.like else { continue };
        if cx.index.postgresql(&like.value).is_none() {
            found.push(unknown(like, &like.value, known.clone()));
            continue;
        }
        // The chain of answers stops where it would come back: then its last one has a `like` too.
        let last = postgresql.answers.last().map(|last| &cx.index.postgresqls[*last]);
        let back = last.and_then(|last| {
            let target = cx.index.postgresql(&last.raw.value.like.as_ref()?.value)?;
            postgresql.answers.first().is_some_and(|first| *first == target).then_some(())
        });
        // A circle is said at the first of its members.
        let first = postgresql.answers.first();
        if back.is_some() && postgresql.answers.iter().min() == first {
            let way: Vec<_> =
                postgresql.answers.iter().map(|answer| cx.index.postgresqls[*answer].name).collect();
            let message = match way.as_slice() {
                [only] => format!("{only} is like itself"),
                _ => format!("these are like each other: {} → {}", way.join(" → "), way[0]),
            };
            found.push(
                Diagnostic::new(Code::CircularLike, like.span, message)
                    .help("like names the PostgreSQL whose extension versions this one takes too"),
            );
        }
    }
}
