//! What the test beside a derivation says of its extension: SQL names, what it needs first, what is preloaded.

use rnix::ast;
use rowan::ast::AstNode;

use super::phases;
use super::reading::Reading;
use super::site::{self, Case};
use super::value::{Definition, Entry, Value, entries};
use crate::nix::syntax::text;

/// What a server has to have for an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// CREATE EXTENSION's names of its own; none: it is a library alone.
    pub sql: Vec<String>,
    /// SQL names of what it needs first.
    pub requires: Vec<String>,
    /// nixpkgs' names of packages that a server with it has, too.
    pub packages: Vec<String>,
    /// Libraries that are preloaded.
    pub preload: Vec<String>,
}

/// `passthru.tests.NAME = postgresqlTestExtension { sql, withPackages, postgresqlExtraSettings }`.
pub(super) fn read(reading: &Reading<'_, '_>, all: &[Entry], case: &Case) -> Option<Surroundings> {
    let own = all.iter().filter(|entry| entry.path.first().is_some_and(|name| name == "passthru"));
    let exprs = own.filter_map(|entry| match &entry.value {
        Definition::Expr(expr) => Some(expr),
        _ => None,
    });
    let mut tests = exprs.flat_map(|expr| expr.syntax().descendants().filter_map(ast::Apply::cast));
    let test = tests.find_map(|apply| {
        let function = text::dotted(&text::peel(apply.lambda()?))?.pop()?;
        (function == "postgresqlTestExtension").then(|| site::written_set(apply.argument()?))?
    })?;
    let given = entries(&test);
    let words = |name: &str| match site::definition(&given, name) {
        Some(Definition::Expr(expr)) => phases::words(reading.known, expr, &case.env),
        _ => String::new(),
    };
    let packages =
        match site::definition(&given, "withPackages").map(|one| reading.known.definition(one, &case.env)) {
            Some(Value::List(items)) => items.iter().filter_map(Value::text).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
    let (sql, requires) = split(created(&words("sql")), !packages.is_empty());
    Some(Surroundings { sql, requires, packages, preload: preloaded(&words("postgresqlExtraSettings")) })
}

/// The names in `CREATE EXTENSION [IF NOT EXISTS] NAME`, in order.
fn created(sql: &str) -> Vec<String> {
    let spaced = sql.replace(';', " ; ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|given| given.eq_ignore_ascii_case(word));
    let mut names: Vec<String> = Vec::new();
    for at in (0..words.len()).filter(|at| is(*at, "create") && is(at + 1, "extension")) {
        let skip = if is(at + 2, "if") && is(at + 3, "not") && is(at + 4, "exists") { 5 } else { 2 };
        let Some(name) = words.get(at + skip).map(|name| name.trim_matches('"')) else { continue };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if !name.is_empty() && name.chars().all(plain) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// With other packages in the server, what is created before the last is theirs.
fn split(mut names: Vec<String>, with_others: bool) -> (Vec<String>, Vec<String>) {
    match names.pop() {
        Some(last) if with_others => (vec![last], names),
        Some(last) => {
            names.push(last);
            (names, Vec::new())
        }
        None => (Vec::new(), Vec::new()),
    }
}

/// The libraries of `shared_preload_libraries = 'a, b'`.
fn preloaded(settings: &str) -> Vec<String> {
    let lines = settings.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("shared_preload_libraries")?.trim_start();
        Some(rest.strip_prefix('=').unwrap_or(rest).trim().trim_end_matches(';').trim_matches(['\'', '"']))
    });
    let names = lines.flat_map(|names| names.split(',')).map(|name| name.trim().trim_matches('"'));
    let plain =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    names.filter(plain).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_sql() {
        let sql = "create extension if not exists vector;\nCREATE EXTENSION \"vchord\" CASCADE; CREATE TABLE extension (a int);";
        assert_eq!(created(sql), ["vector", "vchord"]);
        assert_eq!(created("CREATE EXTENSION \u{1};"), [""; 0]);
        let names = || vec!["vector".to_owned(), "vchord".to_owned()];
        assert_eq!(split(names(), true), (vec!["vchord".to_owned()], vec!["vector".to_owned()]));
        assert_eq!(split(names(), false), (names(), Vec::new()));
    }

    #[test]
    fn libraries_in_settings() {
        assert_eq!(
            preloaded("a = 1\n  shared_preload_libraries = 'pg_cron, pg_net'\n"),
            ["pg_cron", "pg_net"]
        );
        assert_eq!(preloaded("session_preload_libraries = 'x'"), [""; 0]);
    }
}
