//! The sources: whatever minors of PostgreSQL and versions of extensions Debian's archive has today. Its
//! original tarballs are upstream's. They become a mirror of the places that pgflakegen asks, so that
//! `bump` finds and hashes them as it does the real ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::apt::{Archive, Offer, tarball};
use super::catalogue::Catalogue;
use super::command::{output, program};
use super::{Context, Outcome};

/// Fewer majors than this, or fewer extensions with a C source, are too few for a test.
const LEAST: (usize, usize) = (2, 8);

/// Source packages of Debian, and the extensions of the catalogue that they are; `*` is a version.
const PACKAGES: &[(&str, &str)] = &[
    ("hypopg", "hypopg"),
    ("ip4r", "ip4r"),
    ("pg-cron", "pg_cron"),
    ("pg-hint-plan-*", "pg_hint_plan"),
    ("pg-ivm", "pg_ivm"),
    ("pg-partman", "pg_partman"),
    ("pg-rational", "pg_rational"),
    ("pg-repack", "pg_repack"),
    ("pg-roaringbitmap", "pg_roaringbitmap"),
    ("pg-similarity", "pg_similarity"),
    ("pg-squeeze", "pg_squeeze"),
    ("pg-uuidv7", "pg_uuidv7"),
    ("pgaudit-*", "pgaudit"),
    ("pgsql-http", "pgsql-http"),
    ("pgtap", "pgtap"),
    ("pgvector", "pgvector"),
    ("plpgsql-check", "plpgsql_check"),
    ("postgresql-hll", "pg_hll"),
    ("postgresql-periods", "periods"),
    ("postgresql-rum", "rum"),
    ("postgresql-semver", "pg-semver"),
    ("postgresql-unit", "postgresql-unit"),
    ("wal2json", "wal2json"),
];

/// What has been fetched: the newest minor of each major, and for each extension the tree of each version.
pub struct Fetched {
    /// `17` to `17.12`.
    pub postgresql: BTreeMap<u32, String>,
    /// The extension, its version, and the folder that its tarball was unpacked to.
    pub extensions: Vec<(String, String, PathBuf)>,
}

impl Fetched {
    /// What an earlier step has left.
    pub fn read(context: &Context) -> Result<Self> {
        let path = context.state.join("fetched.json");
        let text =
            fs::read_to_string(&path).with_context(|| format!("{}: run the step sources", path.display()))?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
        let postgresql = value["postgresql"].as_object().into_iter().flatten();
        let extensions = value["extensions"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            postgresql: postgresql
                .filter_map(|(major, version)| Some((major.parse().ok()?, text(version))))
                .collect(),
            extensions: extensions
                .map(|entry| (text(&entry[0]), text(&entry[1]), PathBuf::from(text(&entry[2]))))
                .collect(),
        })
    }

    fn write(&self, context: &Context) -> Result<()> {
        let postgresql: BTreeMap<String, &String> =
            self.postgresql.iter().map(|(major, version)| (major.to_string(), version)).collect();
        let value = json!({ "postgresql": postgresql, "extensions": self.extensions });
        fs::write(context.state.join("fetched.json"), value.to_string()).context("fetched.json")
    }
}

/// Where the mirror of PostgreSQL's own tarballs is.
pub fn postgresql_mirror(context: &Context) -> PathBuf {
    context.state.join("mirror/postgresql")
}

/// Where the mirror of GitHub's repositories is.
pub fn github_mirror(context: &Context) -> PathBuf {
    context.state.join("mirror/github")
}

/// The release tarball of a PostgreSQL in the mirror.
pub fn postgresql_tarball(context: &Context, version: &str) -> PathBuf {
    postgresql_mirror(context).join(format!("v{version}/postgresql-{version}.tar.bz2"))
}

/// Fetches what there is, and makes the mirror.
pub fn fetch(context: &Context) -> Result<Outcome> {
    let catalogue = Catalogue::read(&context.root.join("catalogue"))?;
    let archive = Archive::read(context)?;
    let offers: Vec<Offer> = archive
        .offers(|package| major_of(package).is_some() || extension_of(package).is_some())?
        .into_iter()
        .filter(|offer| wanted(&catalogue, offer))
        .collect();
    let downloads = context.state.join("sources");
    archive.download(&offers, &downloads)?;

    let mirror = context.state.join("mirror");
    if mirror.exists() {
        fs::remove_dir_all(&mirror)?;
    }
    let mut fetched = Fetched { postgresql: BTreeMap::new(), extensions: Vec::new() };
    let mut absent = Vec::new();
    for offer in &offers {
        let name = format!("{} {}", offer.package, offer.upstream);
        let Some(tarball) = tarball(&downloads, offer) else {
            absent.push(name);
            continue;
        };
        if let Some(major) = major_of(&offer.package) {
            let place = postgresql_tarball(context, &offer.upstream);
            fs::create_dir_all(place.parent().unwrap_or(&mirror))?;
            fs::copy(&tarball, &place).with_context(|| format!("{}", place.display()))?;
            // Offers come from older releases of Debian to newer ones, a security update after what it mends.
            let newest = fetched.postgresql.entry(major).or_insert_with(|| offer.upstream.clone());
            if minor(&offer.upstream) > minor(newest) {
                newest.clone_from(&offer.upstream);
            }
        } else if let Some(extension) = extension_of(&offer.package) {
            let tree = unpack(&tarball, &downloads.join(format!("{}-{}", offer.package, offer.upstream)))
                .with_context(|| name.clone())?;
            if let Some((repository, tag)) = catalogue.repository(extension, &offer.upstream) {
                commit(&github_mirror(context).join(repository), &tree, &tag)
                    .with_context(|| name.clone())?;
            }
            fetched.extensions.push((extension.to_owned(), offer.upstream.clone(), tree));
        }
    }
    if !absent.is_empty() {
        context.note(&format!("listed, but gone: {}", absent.join(", ")));
    }
    let mut extensions: Vec<&str> = fetched.extensions.iter().map(|(name, ..)| name.as_str()).collect();
    extensions.sort_unstable();
    extensions.dedup();
    let compiled = extensions.iter().filter(|name| catalogue.is_compiled(name)).count();
    if fetched.postgresql.len() < LEAST.0 || compiled < LEAST.1 {
        bail!(
            "Debian has {} majors of PostgreSQL and {compiled} extensions with a C source: fewer than {} and {}, \
             too few for a test",
            fetched.postgresql.len(),
            LEAST.0,
            LEAST.1
        );
    }
    let servers: Vec<&str> = fetched.postgresql.values().map(String::as_str).collect();
    let summary = format!(
        "PostgreSQL {}; {} versions of {}",
        servers.join(", "),
        fetched.extensions.len(),
        extensions.join(" ")
    );
    fetched.write(context)?;
    let lost = if absent.is_empty() { String::new() } else { format!("; {} gone", absent.len()) };
    Ok(Outcome::Done(summary + &lost))
}

/// What the catalogue has, and what is newest.
fn wanted(catalogue: &Catalogue, offer: &Offer) -> bool {
    let Some(extension) = extension_of(&offer.package) else { return true };
    catalogue.extension_hash(extension, &offer.upstream).is_ok()
        || catalogue.repository(extension, &offer.upstream).is_some()
}

/// `17` of `postgresql-17`.
fn major_of(package: &str) -> Option<u32> {
    package.strip_prefix("postgresql-")?.parse().ok()
}

fn minor(version: &str) -> Option<u32> {
    version.split_once('.')?.1.parse().ok()
}

fn extension_of(package: &str) -> Option<&'static str> {
    let version = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let (_, extension) = PACKAGES.iter().find(|(name, _)| match name.strip_suffix('*') {
        Some(start) => package.strip_prefix(start).is_some_and(version),
        None => *name == package,
    })?;
    Some(extension)
}

/// The tree of a tarball, in a folder called `source`, as fetchers call theirs.
fn unpack(tarball: &Path, folder: &Path) -> Result<PathBuf> {
    let tree = folder.join("source");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    fs::create_dir_all(&tree)?;
    let mut tar = program("tar");
    tar.arg("xf").arg(tarball).arg("--directory").arg(&tree);
    output(tar.args(["--strip-components=1", "--no-same-owner"]))?;
    Ok(tree)
}

/// A commit with just this tree, and its tag.
fn commit(repository: &Path, tree: &Path, tag: &str) -> Result<()> {
    let git = |words: &[&str]| {
        let mut command = program("git");
        command.arg("--git-dir").arg(repository).arg("--work-tree").arg(tree);
        command.args([
            "-c",
            "core.autocrlf=false",
            "-c",
            "user.name=e2e",
            "-c",
            "user.email=e2e@pgflakegen.invalid",
        ]);
        output(command.args(words))
    };
    if !repository.exists() {
        fs::create_dir_all(repository)?;
        output(program("git").args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(repository))?;
    }
    git(&["add", "--all", "--force", "."])?;
    git(&["commit", "--quiet", "--allow-empty", "--message", tag])?;
    git(&["tag", "--force", tag]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_what_they_are() {
        assert_eq!(major_of("postgresql-17"), Some(17));
        assert_eq!(major_of("postgresql-unit"), None);
        assert_eq!(extension_of("pgaudit-1.7"), Some("pgaudit"));
        assert_eq!(extension_of("pgaudit-toast"), None);
        assert_eq!(extension_of("pgvector"), Some("pgvector"));
    }
}
