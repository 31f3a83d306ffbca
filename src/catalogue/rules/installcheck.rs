//! The tests that `installcheck` names are words, each said once, for PostgreSQLs that the extension is for.

use std::collections::{BTreeMap, BTreeSet};

use super::text::shaped;
use super::{Context, Rule, each};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, OneOrMany, RawInstallcheck, RawTest, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadInstallcheck =
        "installcheck says which tests of an extension's source fail or are not run. A test goes by the name that \
         pg_regress prints (of a test in Perl by its file's, without .pl), has a reason, and is named once for each \
         PostgreSQL: what is skipped cannot fail. The PostgreSQLs are among those that the extension is for.",
        bad: r#"
            installcheck = { known-failures = [{ test = "sql/first test", reason = "another plan" }] }
        "#,
        says: "`sql/first test` cannot be the name of a test",
        fixed: r#"
            installcheck = { known-failures = [{ test = "first_test", reason = "another plan" }] }
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (at, file, _) in cx.extensions() {
        let Some(told) = file.raw.installcheck() else { continue };
        let fitting = cx.index.fitting(&file.raw, at);
        let specs = std::iter::once(&told.postgresql).chain(told.tests().map(|test| &test.postgresql));
        // What is malformed or unknown is said by another rule.
        if cx.raw.complete.postgresqls && !fitting.is_empty() {
            for spec in specs.flatten().flat_map(|specs| &specs.value.0) {
                let meant = cx.index.matching(&spec.value);
                if !meant.is_empty() && meant.iter().all(|postgresql| !fitting.contains(postgresql)) {
                    let message = format!("{} is not for PostgreSQL {}", file.name, printable(&spec.value));
                    found.push(finding(spec.span, message).help("remove it here"));
                }
            }
        }
        for test in told.tests() {
            found.extend(test.test.as_ref().and_then(name));
            found.extend(test.reason.as_ref().and_then(reason));
        }
        twice(cx, &fitting, told, found);
    }
}

fn finding(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::BadInstallcheck, span, message)
}

fn name(name: &Spanned<String>) -> Option<Diagnostic> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '+' | '-');
    let good =
        name.value.len() < 100 && shaped(&name.value, |c| c.is_ascii_alphanumeric() || c == '_', plain);
    (!good).then(|| {
        finding(name.span, format!("`{}` cannot be the name of a test", printable(&name.value)))
            .help("letters, digits, `_`, `.`, `/`, `+` and `-`, as pg_regress prints it")
    })
}

fn reason(reason: &Spanned<String>) -> Option<Diagnostic> {
    let empty = reason.value.trim().is_empty();
    empty.then(|| finding(reason.span, "the reason is empty".to_owned()).help("say what differs, and where"))
}

/// A test that is named again for the same PostgreSQL.
fn twice(cx: &Context<'_>, fitting: &BTreeSet<usize>, told: &RawInstallcheck, found: &mut Diagnostics) {
    let meant = |specs: &Field<OneOrMany<String>>| -> BTreeSet<usize> {
        match specs {
            Some(specs) => specs.value.0.iter().flat_map(|spec| cx.index.matching(&spec.value)).collect(),
            None => fitting.clone(),
        }
    };
    let mut known: BTreeMap<&str, Vec<(Span, BTreeSet<usize>)>> = BTreeMap::new();
    for RawTest { test, postgresql, .. } in
        each(&told.known_failures).chain(each(&told.skip)).map(|test| &test.value)
    {
        let Some(test) = test else { continue };
        let meant = meant(postgresql);
        let others = known.entry(&test.value).or_default();
        if let Some((first, _)) = others.iter().find(|(_, other)| !other.is_disjoint(&meant)) {
            found.push(
                finding(test.span, format!("the test `{}` is named twice", printable(&test.value)))
                    .also(*first, "here first")
                    .help("leave one, or say in `postgresql` where each holds"),
            );
        }
        others.push((test.span, meant));
    }
}
