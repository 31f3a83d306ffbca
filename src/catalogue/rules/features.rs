//! What a PostgreSQL is built with exists for its major, and an extension that needs it is named only where it is.

use super::text::listed;
use super::{Context, Rule};
use crate::catalogue::features::{self, Feature};
use crate::catalogue::index::Postgres;
use crate::catalogue::raw::Spanned;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    PostgresqlFeature =
        "features of [[postgresql]] says what the server is built with (true) or without (false), through the \
         arguments of nixpkgs' recipe; what is not named is as nixpkgs has it. libcurl, NUMA and io_uring came with \
         PostgreSQL 18, Zstandard with 15, LZ4 with 14; nixpkgs cannot leave out the last two. The languages \
         plperl, plpython3 and pltcl are extensions: those that PostgreSQLs of a range take are left out where the \
         language is, one that is named is a contradiction.",
        bad: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            features = { numa = true }
        "#,
        says: "PostgreSQL 17 cannot be built with NUMA",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            features = { jit = false }
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for postgresql in &cx.index.postgresqls {
        let features = postgresql.raw.value.features.iter();
        for (key, wanted) in features.flat_map(|features| features.value.given()) {
            let Some(feature) = features::by_key(key) else { continue };
            found.extend(judge(postgresql, feature, wanted));
        }
    }
    languages(cx, found);
}

fn judge(postgresql: &Postgres<'_>, feature: Feature, wanted: &Spanned<bool>) -> Option<Diagnostic> {
    let Feature { key, name, argument, since, .. } = feature;
    let finding = |message| Diagnostic::new(Code::PostgresqlFeature, wanted.span, message);
    if wanted.value && postgresql.major < since {
        let message = format!("PostgreSQL {} cannot be built with {name}", postgresql.major);
        return Some(
            finding(message).help(format!("PostgreSQL has it since {since}; remove the key `{key}` here")),
        );
    }
    (!wanted.value && argument.is_none() && postgresql.major >= since).then(|| {
        finding(format!("PostgreSQL {} cannot be built without {name}", postgresql.major))
            .help(format!("nixpkgs has no argument for it; remove the key `{key}`"))
    })
}

/// A PostgreSQL that an extension names, and that is built without what the extension is.
fn languages(cx: &Context<'_>, found: &mut Diagnostics) {
    for file in &cx.raw.extensions {
        let Some(needed) = cx.index.needs(file) else { continue };
        for spec in file.raw.postgresql.iter().flat_map(|specs| &specs.value.0) {
            let named = cx.index.postgresql(&spec.value).map(|at| &cx.index.postgresqls[at]);
            let Some(postgresql) = named else { continue };
            let Some(without) = postgresql.without(needed) else { continue };
            let message =
                format!("{} is for {}, which is built without {}", file.name, postgresql.name, needed.name);
            let others = cx.index.postgresqls.iter().filter(|other| other.without(needed).is_none());
            let others: Vec<_> = others.map(|other| other.name).collect();
            let rest = if others.is_empty() {
                "none has it".to_owned()
            } else {
                format!("{} have it", listed(others))
            };
            found.push(
                Diagnostic::new(Code::PostgresqlFeature, spec.span, message)
                    .also(without, "left out here")
                    .help(format!(
                        "remove \"{}\" here, or `{} = false` there; {rest}",
                        spec.value, needed.key
                    )),
            );
        }
    }
}
