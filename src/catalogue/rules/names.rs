//! Names become attributes, file names and SQL: only what is safe in all of them.

use super::text::{is_identifier, is_keyword, is_reserved_by_windows, shaped};
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::rule::rule;

/// Longer names make file names that some file systems refuse.
const LONGEST: usize = 100;

/// What the command line has another use for.
const RESERVED: [&str; 3] = ["inputs", "postgresql", "cargo-pgrx"];

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    UnsafeName =
        "Names become attributes (psql_17/exts/pgvector), file names (generated/extensions/pgvector.nix) and SQL, \
         so they keep to what is safe in all three. A PostgreSQL's name has lower-case letters, digits, `_` and \
         `-`. An extension's name is an identifier of the Nix language: it does not begin with a digit, is no \
         keyword, and has no dot; and it is none of the names Windows reserves (con, nul…), so that the repository \
         can be checked out everywhere. A SQL name follows what CREATE EXTENSION takes. A version has letters, \
         digits and . _ - + ~.",
        bad: r#"
            [[version]]
            version = "v 1.0"
        "#,
        says: "`v 1.0` cannot be a version",
        fixed: r#"
            [[version]]
            version = "1.0"
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.postgresqls {
        if let Some(name) = &entry.value.name {
            postgresql(name, found);
        }
        version(&entry.value.version, found);
    }
    for entry in &cx.raw.cargo_pgrx {
        version(&entry.value.version, found);
    }
    for file in &cx.raw.extensions {
        extension(&file.name, file.span, found);
        for name in file.raw.sql.iter().flat_map(|list| &list.value) {
            sql(name, found);
        }
        if file.raw.sql.is_none() && !is_sql_name(&file.name) && is_identifier(&file.name) {
            found.push(unsafe_name(
                file.span,
                &file.name,
                "cannot be the name of a SQL extension",
                "set sql = [\"…\"]",
            ));
        }
    }
    for (_, raw) in cx.versions() {
        version(&raw.value.version, found);
        if let Some(sql) = &raw.value.sql_version
            && !is_sql_version(&sql.value)
        {
            found.push(unsafe_name(
                sql.span,
                &sql.value,
                "cannot be the version of a SQL extension",
                "PostgreSQL takes letters, digits, `.`, `_`, `+`, `~` and single `-` inside",
            ));
        }
    }
}

fn unsafe_name(span: Span, name: &str, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::UnsafeName, span, format!("`{}` {why}", printable(name))).help(help)
}

fn postgresql(name: &Spanned<String>, found: &mut Diagnostics) {
    let good = shaped(
        &name.value,
        |c| c.is_ascii_lowercase() || c.is_ascii_digit(),
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'),
    );
    if !good || name.value.len() > LONGEST {
        let better: String = name
            .value
            .to_ascii_lowercase()
            .replace(['.', ' ', '+', '~'], "_")
            .chars()
            .take(LONGEST)
            .collect();
        let help =
            format!("lower-case letters, digits, `_` and `-` only, for example \"{}\"", printable(&better));
        found.push(unsafe_name(name.span, &name.value, "cannot be part of the attribute psql_NAME", &help));
    }
}

fn extension(name: &str, span: Span, found: &mut Diagnostics) {
    let help = "rename the file; letters, digits, `_` and `-` only, beginning with a letter or `_`";
    let why = if is_keyword(name) {
        "is a word of the Nix language"
    } else if is_reserved_by_windows(name) {
        "is reserved by Windows, where this repository could not be checked out"
    } else if !is_identifier(name) {
        "cannot be an extension's name: as an attribute it would need quotes"
    } else if name.len() > LONGEST {
        "is too long for a file name"
    } else if RESERVED.contains(&name) {
        let message =
            format!("`{name}` cannot be an extension's name: `bump` and `verify` mean something else by it");
        found.push(
            Diagnostic::new(Code::UnsafeName, span, message)
                .help("rename the file; what CREATE EXTENSION says is the key sql"),
        );
        return;
    } else {
        return;
    };
    found.push(unsafe_name(span, name, why, help));
}

/// What check_valid_extension_name in PostgreSQL's extension.c takes, and no character that needs care.
fn is_sql_name(name: &str) -> bool {
    name.len() < 64
        && shaped(
            name,
            |c| c.is_ascii_alphabetic() || c == '_',
            |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
        )
        && !name.contains("--")
        && !name.ends_with('-')
}

/// As check_valid_version_name in extension.c.
fn is_sql_version(version: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '~' | '-');
    shaped(version, |c| plain(c) && c != '-', plain) && !version.contains("--") && !version.ends_with('-')
}

fn sql(name: &Spanned<String>, found: &mut Diagnostics) {
    if !is_sql_name(&name.value) {
        found.push(unsafe_name(
            name.span,
            &name.value,
            "cannot be the name of a SQL extension",
            "letters, digits, `_` and single `-` inside, beginning with a letter or `_`",
        ));
    }
}

fn version(version: &Field<String>, found: &mut Diagnostics) {
    let Some(version) = version else { return };
    let good = shaped(
        &version.value,
        |c| c.is_ascii_alphanumeric(),
        |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '~' | '-'),
    );
    if !good || version.value.len() > LONGEST || version.value.ends_with('.') {
        let help = match version.value.strip_prefix("refs/tags/").or(version.value.strip_prefix('=')) {
            Some(rest) => format!("write \"{}\" and put the rest into tag", printable(rest.trim())),
            None => {
                "letters, digits, `.`, `_`, `-`, `+` and `~`, beginning with a letter or digit".to_owned()
            }
        };
        found.push(unsafe_name(version.span, &version.value, "cannot be a version", &help));
    }
}
