//! What names something in nixpkgs is an attribute path, and nothing else.

use super::text::{is_attribute_path, is_identifier};
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::raw::{Field, OneOrMany, RawBuild, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadAttributePath =
        "build-inputs and native-build-inputs name packages of nixpkgs by attribute path (openssl, \
         perlPackages.DBI); base and attr name attributes too. They are names, not Nix expressions: whatever needs \
         an expression goes into an override.",
        bad: r#"build-inputs = ["pkgs.openssl"]"#,
        says: "`pkgs.openssl` is not an attribute path in nixpkgs",
        fixed: r#"build-inputs = ["openssl"]"#;
    InvalidValue;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.postgresqls {
        found.extend(entry.value.base.as_ref().and_then(|base| judge(base, is_identifier(&base.value))));
    }
    for file in &cx.raw.extensions {
        names(&file.raw.attr, found);
        build(&file.raw.build, found);
        for version in versions(&file.raw) {
            build(&version.value.build, found);
        }
    }
}

/// Names in PostgreSQL's own package set: one name each, not a path.
fn names(field: &Field<OneOrMany<String>>, found: &mut Diagnostics) {
    let Some(Spanned { value: OneOrMany(names), span }) = field else { return };
    if names.is_empty() {
        found.push(
            Diagnostic::new(Code::InvalidValue, *span, "`attr` names nothing")
                .help("remove it; the file's name is taken then"),
        );
    }
    for (at, name) in names.iter().enumerate() {
        let better = name.value.rsplit('.').next().unwrap_or_default();
        if !is_identifier(&name.value) {
            let finding = Diagnostic::new(
                Code::BadAttributePath,
                name.span,
                format!("`{}` is not a name in postgresql.pkgs", printable(&name.value)),
            );
            found.push(if is_identifier(better) {
                finding.help(format!("write \"{better}\""))
            } else {
                finding.help("letters, digits, `_`, `-` and `'`, for example \"pg_libversion\"")
            });
        } else if let Some(first) = names[..at].iter().find(|other| other.value == name.value) {
            found.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    name.span,
                    format!("`{}` is named twice", printable(&name.value)),
                )
                .also(first.span, "the first one")
                .help("remove one of the two"),
            );
        }
    }
}

fn build(build: &RawBuild, found: &mut Diagnostics) {
    for input in
        [&build.build_inputs, &build.native_build_inputs].into_iter().flatten().flat_map(|l| &l.value)
    {
        found.extend(judge(input, is_path(&input.value)));
    }
}

/// The package set itself is not part of the path, though nixpkgs has `pkgs` inside itself.
fn is_path(text: &str) -> bool {
    is_attribute_path(text) && !text.starts_with("pkgs.") && !text.starts_with("nixpkgs.")
}

fn judge(path: &Spanned<String>, good: bool) -> Option<Diagnostic> {
    if good {
        return None;
    }
    let finding = Diagnostic::new(
        Code::BadAttributePath,
        path.span,
        format!("`{}` is not an attribute path in nixpkgs", printable(&path.value)),
    );
    let better = path.value.trim().trim_start_matches("pkgs.").trim_start_matches("nixpkgs.");
    Some(if better != path.value && is_attribute_path(better) {
        finding.help(format!("write \"{better}\""))
    } else {
        finding.help("names with dots between, for example \"openssl\" or \"perlPackages.DBI\"; anything else goes into an override")
    })
}
