//! The sources: Debian's original tarballs, which are upstream's. Each is checked against the hash in the
//! catalogue and put into the store under the path that the flake's fetcher has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::catalogue::Catalogue;
use super::command::{logged, output, program};
use super::{Context, Outcome, nix};

/// A source package of Debian and what it is in the catalogue.
struct Source {
    package: &'static str,
    /// The catalogue's extension, or `None` for PostgreSQL itself.
    extension: Option<&'static str>,
    version: &'static str,
}

const fn postgresql(package: &'static str, version: &'static str) -> Source {
    Source { package, extension: None, version }
}

const fn extension(package: &'static str, extension: &'static str, version: &'static str) -> Source {
    Source { package, extension: Some(extension), version }
}

const SOURCES: &[Source] = &[
    postgresql("postgresql-15", "15.18"),
    postgresql("postgresql-17", "17.11"),
    extension("ip4r", "ip4r", "2.4.2"),
    extension("pg-hint-plan-17", "pg_hint_plan", "1.7.0"),
    extension("pg-partman", "pg_partman", "5.2.4"),
    extension("pg-partman", "pg_partman", "5.5.0"),
    extension("pgaudit-1.7", "pgaudit", "1.7.0"),
    extension("pgtap", "pgtap", "1.3.3"),
    extension("pgtap", "pgtap", "1.3.4"),
    extension("pgvector", "pgvector", "0.8.0"),
    extension("postgresql-periods", "periods", "1.2.3"),
    extension("postgresql-rum", "rum", "1.3.15"),
    extension("postgresql-semver", "pg-semver", "0.40.0"),
    extension("postgresql-unit", "postgresql-unit", "7.10"),
];

/// Debian's releases that have one or the other.
const SUITES: &[&str] = &[
    "debian bookworm",
    "debian trixie",
    "debian sid",
    "debian-security bookworm-security",
    "debian-security trixie-security",
];

/// Fetches what is not there yet, and adds all to the store.
pub fn fetch(context: &Context) -> Result<Outcome> {
    let catalogue = Catalogue::read(&context.root.join("catalogue"))?;
    let downloads = context.state.join("sources");
    fs::create_dir_all(&downloads)?;
    let mut apt = Apt { context, updated: false };
    let mut absent = Vec::new();
    for source in SOURCES {
        let name = format!("{} {}", source.package, source.version);
        let folder = downloads.join(format!("{}-{}", source.package, source.version));
        let Some(tarball) = tarball_in(&folder).or_else(|| apt.fetch(source, &folder)) else {
            context.note(&format!("{name} can't be had from Debian now"));
            absent.push(name);
            continue;
        };
        match source.extension {
            None => add_tarball(&catalogue, source, &tarball, &folder),
            Some(extension) => add_tree(&catalogue, extension, source.version, &tarball, &folder),
        }
        .with_context(|| name.clone())?;
    }
    let found = SOURCES.len() - absent.len();
    if absent.iter().any(|name| name.starts_with("postgresql-1")) {
        bail!(
            "{found} of {} sources: without {} there is nothing to build",
            SOURCES.len(),
            absent.join(", ")
        );
    }
    let lost = if absent.is_empty() { String::new() } else { format!("; left out: {}", absent.join(", ")) };
    Ok(Outcome::Done(format!("{found} of {} sources in the store{lost}", SOURCES.len())))
}

/// The versions of an extension whose source has been fetched.
pub fn fetched(context: &Context) -> Vec<(&'static str, &'static str)> {
    SOURCES
        .iter()
        .filter_map(|source| {
            let folder = context.state.join("sources").join(format!("{}-{}", source.package, source.version));
            tarball_in(&folder)?;
            Some((source.extension?, source.version))
        })
        .collect()
}

fn tarball_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".orig.tar.")))
}

/// PostgreSQL is fetched as its release tarball: the file itself is what the store has.
fn add_tarball(catalogue: &Catalogue, source: &Source, tarball: &Path, folder: &Path) -> Result<()> {
    let expected = catalogue.postgresql_hash(source.version)?;
    let found = nix::hash(tarball)?;
    if found != expected {
        bail!("Debian's tarball has the hash {found}, the catalogue says {expected}");
    }
    let file = folder.join(format!("postgresql-{}.tar.bz2", source.version));
    fs::copy(tarball, &file).with_context(|| format!("{}", file.display()))?;
    nix::add_fixed(&[&file], false)
}

/// Extensions are fetched from GitHub: the unpacked tree, named `source`, is what the store has.
fn add_tree(
    catalogue: &Catalogue,
    extension: &str,
    version: &str,
    tarball: &Path,
    folder: &Path,
) -> Result<()> {
    let expected = catalogue.extension_hash(extension, version)?;
    let tree = folder.join("source");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    fs::create_dir_all(&tree)?;
    output(
        program("tar")
            .arg("xf")
            .arg(tarball)
            .arg("--directory")
            .arg(&tree)
            .args(["--strip-components=1", "--no-same-owner"]),
    )?;
    let found = nix::hash(&tree)?;
    if found != expected {
        bail!("Debian's tarball unpacks to {found}, the catalogue says {expected}");
    }
    nix::add_fixed(&[&tree], true)
}

/// apt-get with lists of its own: the machine's stay as they are.
struct Apt<'a> {
    context: &'a Context,
    updated: bool,
}

impl Apt<'_> {
    fn options(&self) -> Vec<String> {
        let lists = self.context.state.join("apt");
        [
            format!("Dir::Etc::SourceList={}/sources.list", lists.display()),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            format!("Dir::State::Lists={}/lists", lists.display()),
            "APT::Sandbox::User=root".to_owned(),
        ]
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect()
    }

    fn update(&mut self) -> Result<()> {
        let lists = self.context.state.join("apt");
        fs::create_dir_all(lists.join("lists/partial"))?;
        let text: String =
            SUITES.iter().map(|suite| format!("deb-src http://deb.debian.org/{} main\n", suite)).collect();
        fs::write(lists.join("sources.list"), text)?;
        self.context.note("reading Debian's lists of sources");
        let mut command = program("apt-get");
        logged(command.args(self.options()).arg("update"), &self.context.log("apt-sources"), |_| ())?;
        self.updated = true;
        Ok(())
    }

    /// Downloads the tarball of that upstream version, whatever Debian's revision of it is called.
    fn fetch(&mut self, source: &Source, folder: &Path) -> Option<PathBuf> {
        let attempt = || -> Result<()> {
            if !self.updated {
                self.update()?;
            }
            let shown = output(program("apt-cache").args(self.options()).args(["showsrc", source.package]))?;
            let revision = shown
                .lines()
                .filter_map(|line| line.strip_prefix("Version: "))
                .find(|version| {
                    version.split_once('-').is_some_and(|(upstream, _)| upstream == source.version)
                })
                .with_context(|| format!("Debian has no {} {}", source.package, source.version))?
                .to_owned();
            fs::create_dir_all(folder)?;
            self.context.note(&format!("fetching {} {revision}", source.package));
            let mut command = program("apt-get");
            command.current_dir(folder).args(self.options());
            // --tar-only: the .dsc and .debian files may be gone while the tarball is still there.
            command.args(["source", "--download-only", "--tar-only"]);
            command.arg(format!("{}={revision}", source.package));
            logged(&mut command, &self.context.log("apt-source"), |_| ()).map(drop)
        };
        let mut attempt = attempt;
        if let Err(error) = attempt() {
            let first = format!("{error:#}");
            self.context.note(first.lines().next().unwrap_or_default());
        }
        tarball_in(folder)
    }
}
