//! A PostgreSQL is either the package set's or pinned with version and hash; its version is of its major.

use super::{Context, Rule};
use crate::catalogue::advice;
use crate::catalogue::decode::printable;
use crate::catalogue::index::Postgres;
use crate::catalogue::raw::{RawSource, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    MissingKey;
    PostgresqlVersion =
        "The exact version of a PostgreSQL belongs to its major (17.6 to 17) and is written as upstream does: 17.6, \
         19beta1, 19rc1. A beta or release candidate is marked prerelease = true, so that ranges such as \">=15\" \
         do not take it before it is released; a release is not. A fork counts versions as it likes and has a \
         source of its own.",
        bad: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            version = "16.3"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#,
        says: "`16.3` is no version of PostgreSQL 17",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17
            version = "17.6"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.postgresqls {
        let raw = &entry.value;
        if let Some(major) = raw.major.as_ref().filter(|major| !(10..=99).contains(&major.value)) {
            found.push(
                Diagnostic::new(
                    Code::PostgresqlVersion,
                    major.span,
                    format!("there is no PostgreSQL {} that could be built", major.value),
                )
                .help("the major version is a number such as 17"),
            );
        }
        let mut pair = |there: Option<crate::diag::Span>, key: &str, needs: &str, example: &str| {
            if let Some(span) = there {
                let mut finding =
                    Diagnostic::new(Code::MissingKey, span, format!("`{key}` needs `{needs}` beside it"))
                        .help(format!("add {needs} = {example}, or remove {key}"));
                if needs == "hash" {
                    finding = finding.help(advice::postgresql(raw));
                }
                found.push(finding);
            }
        };
        if raw.wrong.has("version") || raw.wrong.has("hash") || raw.wrong.has("source") {
            continue;
        }
        match (&raw.version, &raw.hash, &raw.source) {
            (Some(version), None, _) => pair(Some(version.span), "version", "hash", "\"sha256-…\""),
            (None, Some(hash), _) => pair(Some(hash.span), "hash", "version", "\"17.11\""),
            // That nixpkgs is no source here is said by another rule.
            (None, None, Some(Spanned { value: RawSource::Nixpkgs, .. })) => {}
            (None, None, Some(source)) => pair(Some(source.span), "source", "version", "\"17.11\""),
            _ => {}
        }
    }
    found.extend(cx.index.postgresqls.iter().filter_map(version));
}

fn version(postgresql: &Postgres<'_>) -> Option<Diagnostic> {
    let version = postgresql.raw.value.version.as_ref()?;
    // A fork counts as it likes.
    if postgresql.fork {
        return None;
    }
    let finding = |message: String| Diagnostic::new(Code::PostgresqlVersion, version.span, message);
    let major = postgresql.major.to_string();
    let rest = version.value.strip_prefix(&major);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let early = ["alpha", "beta", "rc"]
        .iter()
        .any(|word| rest.and_then(|rest| rest.strip_prefix(word)).is_some_and(number));
    let stable = rest.and_then(|rest| rest.strip_prefix('.')).is_some_and(number);
    if !early && !stable {
        return Some(
            finding(format!("`{}` is no version of PostgreSQL {major}", printable(&version.value)))
                .help(format!("for example \"{major}.2\" or \"{major}beta1\"; a fork needs its own source")),
        );
    }
    if early && !postgresql.prerelease {
        return Some(
            finding(format!("{} is a prerelease, but is not marked as one", version.value))
                .help("add prerelease = true, so that ranges do not include it"),
        );
    }
    if stable && postgresql.prerelease {
        return Some(
            finding(format!("{} is marked as a prerelease, but is a release", version.value))
                .help("remove prerelease = true"),
        );
    }
    None
}
