//! What a `postgresql` key names must exist, and every range must match something.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::range::{self, Spec};
use crate::catalogue::raw::{Field, OneOrMany, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadRange =
        "A range is a list of comparisons with commas between, all of which must hold: \">=15\", \">=15, <18\", \
         \"<= 16\", \"=17\". What is compared is the major version, a whole number; minor versions have no place in \
         a range. Other signs (^15, ~15, 15.x, *) are not known, because they mean different things in different \
         tools.",
        bad: r#"
            [[version]]
            postgresql = ">=16, 18"
        "#,
        says: "`18` has no comparison sign, which a part of a range needs",
        fixed: r#"
            [[version]]
            postgresql = ">=16, <18"
        "#;
    EmptyRange =
        "No PostgreSQL of the catalogue is in the range, so what it stands at would be built for none. Ranges \
         include released PostgreSQLs only: a prerelease or a fork is taken by naming it, or by its own key `like`. \
         Correct the range, or name what is meant.",
        bad: r#"
            [[version]]
            postgresql = ">=20"
        "#,
        says: "no PostgreSQL of the catalogue is in the range `>=20`",
        fixed: r#"
            [[version]]
            postgresql = ">=16"
        "#;
    UnknownPostgresql =
        "The name is none of those in postgresql.toml. PostgreSQLs are named as there (\"17\", \"17_6\", \
         \"orioledb-17\"), not by their minor version. Correct the name, add an entry, or use a range over majors \
         such as \">=15, <18\", which needs no change when a major is added.",
        bad: r#"
            [[version]]
            postgresql = ["17.6"]
        "#,
        says: "there is no PostgreSQL called `17.6`",
        fixed: r#"
            [[version]]
            postgresql = ["17"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if !cx.raw.complete.postgresqls || cx.index.postgresqls.is_empty() {
        return;
    }
    for file in &cx.raw.extensions {
        specs(cx, &file.raw.postgresql, found);
        if let Some(installcheck) = file.raw.installcheck() {
            specs(cx, &installcheck.postgresql, found);
            installcheck.tests().for_each(|test| specs(cx, &test.postgresql, found));
        }
    }
    for (_, version) in cx.versions() {
        specs(cx, &version.value.postgresql, found);
    }
}

fn specs(cx: &Context<'_>, field: &Field<OneOrMany<String>>, found: &mut Diagnostics) {
    found.extend(field.iter().flat_map(|list| &list.value.0).filter_map(|spec| judge(cx, spec)));
}

fn judge(cx: &Context<'_>, spec: &Spanned<String>) -> Option<Diagnostic> {
    let names = || cx.index.postgresqls.iter().map(|postgresql| postgresql.name);
    match range::parse(&spec.value) {
        Err(malformed) => {
            Some(Diagnostic::new(Code::BadRange, spec.span, malformed.message).help(malformed.help))
        }
        Ok(Spec::Name(name)) => cx.index.postgresql(&name).is_none().then(|| unknown(spec, &name, names())),
        Ok(Spec::Range(range)) => {
            if !cx.index.matching(&spec.value).is_empty() {
                return None;
            }
            let finding = Diagnostic::new(
                Code::EmptyRange,
                spec.span,
                format!("no PostgreSQL of the catalogue is in the range `{}`", printable(&spec.value)),
            );
            let by_name: Vec<_> = cx
                .index
                .postgresqls
                .iter()
                .filter(|postgresql| range.contains(postgresql.major))
                .map(|postgresql| format!("\"{}\"", postgresql.name))
                .collect();
            Some(if by_name.is_empty() {
                let majors: std::collections::BTreeSet<_> =
                    cx.index.postgresqls.iter().map(|postgresql| postgresql.major.to_string()).collect();
                finding.help(format!(
                    "the catalogue has the majors {}",
                    majors.into_iter().collect::<Vec<_>>().join(", ")
                ))
            } else {
                finding
                    .label("prereleases and forks are not in ranges")
                    .help(format!("name it: {}", by_name.join(", ")))
            })
        }
    }
}

/// The finding for a PostgreSQL that no entry defines.
pub fn unknown<'a>(
    place: &Spanned<String>,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let finding = Diagnostic::new(
        Code::UnknownPostgresql,
        place.span,
        format!("there is no PostgreSQL called `{}`", printable(name)),
    );
    // Another number is not what was meant by a number.
    let number = name.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'_');
    let spelled = name.replace('.', "_");
    match known.clone().find(|known| *known == spelled).or_else(|| nearest(name, known.clone())) {
        Some(near) if !number || near == spelled => finding.help(format!("did you mean \"{near}\"?")),
        _ => finding.help(format!(
            "postgresql.toml has {}; use one of these, or add an entry",
            known.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
        )),
    }
}
