//! The names by which others know a piece of software: package URL and CPE.

use super::Source;
use crate::accounts::place::{Forge, Place};
use crate::accounts::text::encoded;
use crate::catalogue::model::Fetcher;

/// The package URL of what is fetched so.
pub(super) fn purl(name: &str, version: Option<&str>, source: Option<&Source>) -> String {
    let url = source.and_then(|source| source.url.as_deref());
    if let Some(url) = url {
        if let Some((name, version)) = registry_crate(url) {
            return cargo(&name, &version);
        }
        if let Some(place) = Place::of(&Fetcher::Url { url: url.to_owned() })
            && let Some(purl) = of_place(&place)
        {
            return purl;
        }
    }
    let mut purl = format!("pkg:generic/{}", encoded(&name.to_lowercase(), ""));
    if let Some(version) = version {
        purl.push('@');
        purl.push_str(&encoded(version, ""));
    }
    let mut qualifiers = Vec::new();
    if let Some(Source { hash: Some((algorithm, digits)), tree: false, .. }) = source {
        qualifiers.push(format!("checksum={algorithm}:{digits}"));
    }
    if let Some(url) = url {
        qualifiers.push(format!("download_url={}", encoded(url, "")));
    }
    if !qualifiers.is_empty() {
        purl.push('?');
        purl.push_str(&qualifiers.join("&"));
    }
    purl
}

/// The package URL of a repository, where its forge has a type of its own.
pub(super) fn of_place(place: &Place) -> Option<String> {
    let kind = match place.forge {
        Forge::GitHub => "github",
        Forge::GitLab if place.host == "gitlab.com" => "gitlab",
        _ => return None,
    };
    Some(format!("pkg:{kind}/{}@{}", encoded(&place.path.to_lowercase(), "/"), encoded(&place.at, "")))
}

/// The package URL of a crate.
pub(super) fn cargo(name: &str, version: &str) -> String {
    format!("pkg:cargo/{}@{}", encoded(name, ""), encoded(version, ""))
}

/// `https://crates.io/api/v1/crates/NAME/VERSION/download`, `https://static.crates.io/crates/NAME/VERSION/download`,
/// `https://static.crates.io/crates/NAME/NAME-VERSION.crate`.
pub(super) fn registry_crate(url: &str) -> Option<(String, String)> {
    let url = url::Url::parse(url).ok()?;
    if !matches!(url.host_str()?, "crates.io" | "static.crates.io") {
        return None;
    }
    let parts: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    match parts.as_slice() {
        [.., "crates", name, version, "download"] => Some(((*name).to_owned(), (*version).to_owned())),
        [.., "crates", name, file] => {
            let version = file.strip_suffix(".crate")?.strip_prefix(name)?.strip_prefix('-')?;
            Some(((*name).to_owned(), version.to_owned()))
        }
        _ => None,
    }
}

/// A CPE, and whether it is told from owner and repository only.
pub(super) fn cpe(name: &str, version: Option<&str>, place: Option<&Place>) -> Option<(String, bool)> {
    let version = version?;
    let known = KNOWN.iter().find(|(of, ..)| *of == name).map(|(_, vendor, product)| (*vendor, *product));
    let (number, update) = split(version);
    let written = |vendor: &str, product: &str| {
        let part = |text: &str| escaped(&text.to_lowercase());
        let update = if update.is_empty() { "*".to_owned() } else { part(update) };
        format!("cpe:2.3:a:{}:{}:{}:{update}:*:*:*:*:*:*", part(vendor), part(product), part(number))
    };
    if let Some((vendor, product)) = known {
        return Some((written(vendor, product), false));
    }
    let (owner, repo) = place?.path.rsplit_once('/')?;
    Some((written(owner, repo), true))
}

/// What the National Vulnerability Database calls what is often in an environment: vendor and product.
const KNOWN: [(&str, &str, &str); 24] = [
    ("bash", "gnu", "bash"),
    ("coreutils", "gnu", "coreutils"),
    ("curl", "haxx", "curl"),
    ("gdal", "osgeo", "gdal"),
    ("glibc", "gnu", "glibc"),
    ("icu4c", "icu-project", "international_components_for_unicode"),
    ("krb5", "mit", "kerberos_5"),
    ("libkrb5", "mit", "kerberos_5"),
    ("libxml2", "xmlsoft", "libxml2"),
    ("libxslt", "xmlsoft", "libxslt"),
    ("linux-pam", "linux-pam", "linux-pam"),
    ("lz4", "lz4_project", "lz4"),
    ("ncurses", "gnu", "ncurses"),
    ("openldap", "openldap", "openldap"),
    ("openssl", "openssl", "openssl"),
    ("perl", "perl", "perl"),
    ("postgis", "postgis", "postgis"),
    ("postgresql", "postgresql", "postgresql"),
    ("python3", "python", "python"),
    ("readline", "gnu", "readline"),
    ("sqlite", "sqlite", "sqlite"),
    ("systemd", "systemd_project", "systemd"),
    ("zlib", "zlib", "zlib"),
    ("zstd", "facebook", "zstandard"),
];

/// `19rc1` is an update of 19.
fn split(version: &str) -> (&str, &str) {
    for word in ["beta", "rc", "alpha"] {
        if let Some(at) = version.find(word).filter(|at| *at > 0) {
            let (number, update) = version.split_at(at);
            return (number.trim_end_matches(['-', '.', '_']), update);
        }
    }
    (version, "")
}

/// What is not a letter, a digit or one of `_-.` is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') => out.push(c),
            ' ' => out.push('_'),
            c if c.is_ascii_graphic() => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push_str("\\?"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(url: &str, tree: bool) -> Source {
        Source { url: Some(url.into()), hash: Some(("sha256".into(), "ab".into())), tree }
    }

    #[test]
    fn package_urls() {
        let github = source("https://github.com/PgVector/pgvector/archive/refs/tags/v0.8.0.tar.gz", true);
        assert_eq!(purl("pgvector", Some("0.8.0"), Some(&github)), "pkg:github/pgvector/pgvector@v0.8.0");
        let tarball = source("https://ftp.postgresql.org/pub/source/v17.6/postgresql-17.6.tar.bz2", false);
        assert_eq!(
            purl("postgresql", Some("17.6"), Some(&tarball)),
            "pkg:generic/postgresql@17.6?checksum=sha256:ab&download_url=https%3A%2F%2Fftp.postgresql.org%2Fpub%2Fsource%2Fv17.6%2Fpostgresql-17.6.tar.bz2"
        );
        let from_registry = source("https://crates.io/api/v1/crates/serde/1.0.1/download", false);
        assert_eq!(purl("crate-serde", Some("1.0.1"), Some(&from_registry)), "pkg:cargo/serde@1.0.1");
        let file = source("https://static.crates.io/crates/cargo-pgrx/cargo-pgrx-0.16.1.crate", false);
        assert_eq!(purl("cargo-pgrx", Some("0.16.1"), Some(&file)), "pkg:cargo/cargo-pgrx@0.16.1");
        assert_eq!(purl("X y", None, None), "pkg:generic/x%20y");
    }

    #[test]
    fn cpes() {
        let place = Place {
            forge: Forge::GitHub,
            host: "github.com".into(),
            path: "O+x/Repo".into(),
            at: "v1".into(),
        };
        let cpe = |name, version, place| cpe(name, version, place).expect("one");
        assert_eq!(
            cpe("postgresql", Some("17.6"), None),
            ("cpe:2.3:a:postgresql:postgresql:17.6:*:*:*:*:*:*:*".into(), false)
        );
        assert_eq!(
            cpe("postgresql", Some("19rc1"), None).0,
            "cpe:2.3:a:postgresql:postgresql:19:rc1:*:*:*:*:*:*"
        );
        assert_eq!(
            cpe("x", Some("1.0+2"), Some(&place)),
            ("cpe:2.3:a:o\\+x:repo:1.0\\+2:*:*:*:*:*:*:*".into(), true)
        );
        assert_eq!(super::cpe("x", None, Some(&place)), None);
        assert_eq!(super::cpe("x", Some("1"), None), None);
    }
}
