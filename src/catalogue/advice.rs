//! What to type for the hash of an entry: a command with the entry's own values.

use crate::catalogue::decode::printable;
use crate::catalogue::input::Place;
use crate::catalogue::model::{Fetcher, Revision};
use crate::catalogue::raw::{ExtensionFile, Field, RawCargoPgrx, RawInput, RawPostgresql, RawVersion};
use crate::catalogue::resolve::TARBALL;
use crate::catalogue::source;

/// Where nothing is known of what is fetched.
pub const ANY: &str = "`pgflakegen prefetch URL` prints it";

/// The hash of a version's source.
pub fn version(file: &ExtensionFile, raw: &RawVersion) -> String {
    let fetcher = source::fetcher(source::fetched(&file.raw.source), raw).ok();
    fetcher.as_ref().map_or_else(|| ANY.to_owned(), fetched)
}

/// The hash of its crates.
pub fn crates(file: &ExtensionFile, raw: &RawVersion) -> String {
    match &raw.version {
        Some(version) => format!(
            "remove this [[version]] and type `pgflakegen bump {}@{}`, which writes it with both hashes",
            file.name,
            printable(&version.value)
        ),
        None => ANY.to_owned(),
    }
}

/// The hash of a PostgreSQL's source.
pub fn postgresql(raw: &RawPostgresql) -> String {
    let version = text(&raw.version);
    let fetcher = match source::fetched(&raw.source) {
        Some(source) => source::of(source, (&None, &None), version).ok(),
        None if version.is_empty() => None,
        None => Some(Fetcher::Url { url: source::expand(TARBALL, version) }),
    };
    fetcher.as_ref().map_or_else(|| ANY.to_owned(), fetched)
}

/// The hash of a cargo-pgrx.
pub fn cargo_pgrx(raw: &RawCargoPgrx) -> String {
    let version = text(&raw.version);
    let url = format!("https://static.crates.io/crates/cargo-pgrx/cargo-pgrx-{version}.crate");
    prints(&format!("--unpack {}", quoted(&url)))
}

/// The hash of its crates.
pub fn crates_of_cargo_pgrx(raw: &RawCargoPgrx) -> String {
    format!(
        "remove this [[cargo-pgrx]]: the next `pgflakegen bump` of an extension with pgrx {} writes it",
        printable(text(&raw.version))
    )
}

/// The hash of an input.
pub fn input(raw: &RawInput) -> String {
    match (Place::parse(text(&raw.url)), text(&raw.rev)) {
        (Ok(Place::GitHub { owner, repo, .. }), rev) if !rev.is_empty() => {
            prints(&quoted(&format!("github:{owner}/{repo}/{rev}")))
        }
        _ => ANY.to_owned(),
    }
}

fn text(field: &Field<String>) -> &str {
    field.as_ref().map_or("", |text| &text.value)
}

fn prints(arguments: &str) -> String {
    format!("`pgflakegen prefetch {}` prints it", printable(arguments))
}

fn fetched(fetcher: &Fetcher) -> String {
    let (text, submodules) = match fetcher {
        Fetcher::GitHub { owner, repo, at, submodules } => {
            (format!("github:{owner}/{repo}/{}", name(at)), *submodules)
        }
        Fetcher::Git { url, at, submodules } => {
            let key = if matches!(at, Revision::Tag(_)) { "ref" } else { "rev" };
            (format!("git+{url}?{key}={}", name(at)), *submodules)
        }
        Fetcher::Url { url } => (url.clone(), false),
    };
    prints(&format!("{}{}", if submodules { "--submodules " } else { "" }, quoted(&text)))
}

fn name(at: &Revision) -> &str {
    match at {
        Revision::Tag(name) | Revision::Rev(name) => name,
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+@%,=~".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
