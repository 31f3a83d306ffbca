//! The validated catalogue: everything here is known to be right, complete and safe to generate from.
//!
//! Whoever holds a [`Catalogue`] need not check again: names are attribute and file names, hashes are
//! well-formed, every reference resolves, defaults are filled in, build keys are merged.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::Serialize;

use super::ci::{Ci, Push};
use super::input::Place;
pub use super::kinds::Kind;
use super::kinds::OwnValue;
use super::lock::Pin;
use super::names::{ExtName, PgName, SqlName, System, VersionAttr};
use super::nixpkgs::Table;

/// All of `catalogue/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// `flake.toml`.
    pub flake: Flake,
    /// `postgresql.toml`, in the file's order.
    pub postgresqls: Vec<Postgresql>,
    /// `pgrx.toml`, in ascending version order.
    pub cargo_pgrx: Vec<CargoPgrx>,
    /// `extensions/*.toml`, in the order of names.
    pub extensions: Vec<Extension>,
    /// Whether there is an `extra.nix`.
    pub has_extra: bool,
    /// `nixpkgs.toml`, where it is there: what nixpkgs has.
    pub nixpkgs: Option<Table>,
}

/// What concerns the flake as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Flake {
    /// The flake's description.
    pub description: String,
    /// Systems packages are made for, in the given order.
    pub systems: Vec<System>,
    /// Inputs; `nixpkgs` is always there. In the order of names.
    pub inputs: Vec<Input>,
    /// Binary caches.
    pub caches: Vec<Cache>,
    /// What builds it elsewhere.
    pub ci: Option<Ci>,
    /// What images say of themselves.
    pub image: Image,
    /// Machine images, if there are any.
    pub machine: Option<Machine>,
    /// What development servers have, if that is said.
    pub server: Option<Server>,
    /// What is not accepted.
    pub policy: Policy,
    /// The name of the PostgreSQL that is meant when none is named.
    pub default_postgresql: PgName,
    /// Default TCP port of `start-server`.
    pub port: u16,
    /// `initdb --username`.
    pub superuser: String,
    /// `initdb --locale`.
    pub locale: String,
    /// Bytes of memory that the catalogue asks for when it is evaluated; only the user gives them.
    pub max_memory: Option<usize>,
    /// Seconds that it asks for.
    pub max_time: Option<u64>,
    /// Libraries preloaded everywhere, besides what extensions need.
    pub preload: Vec<String>,
    /// Settings for every PostgreSQL.
    pub settings: BTreeMap<String, Setting>,
}

/// What images say of themselves, and where they are pushed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Repositories of registries; none: the one that belongs to the repository.
    pub repositories: Vec<String>,
    /// Where the catalogue is.
    pub source: Option<String>,
    /// Where the image is explained.
    pub documentation: Option<String>,
    /// Who distributes it.
    pub vendor: Option<String>,
    /// Bytes that the closure of `slim` may have.
    pub size_limit: Option<usize>,
}

/// Machine images, and what becomes of them at Amazon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// PostgreSQLs.
    pub postgresqls: Vec<PgName>,
    /// Systems.
    pub systems: Vec<System>,
    /// PostgreSQLs whose data are upgraded.
    pub upgrade_from: Vec<PgName>,
    /// Regions, the first of which images are made in; none: no AMI is made.
    pub regions: Vec<String>,
    /// The role that the release takes by OIDC.
    pub role: Option<String>,
    /// Accounts, or `all`.
    pub share: Vec<String>,
    /// Days until an AMI is deprecated.
    pub keep: u32,
}

/// What development servers have when they are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// PostgreSQLs.
    pub postgresqls: Vec<PgName>,
    /// Libraries to preload, besides the catalogue's.
    pub preload: Vec<String>,
    /// Settings, which go before the catalogue's.
    pub settings: BTreeMap<String, Setting>,
    /// Roles, in this order.
    pub users: Vec<User>,
    /// Databases, in this order.
    pub databases: Vec<Database>,
}

/// A role of a development server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// Any text that PostgreSQL takes.
    pub name: String,
    /// As everybody may know it.
    pub password: Option<String>,
    /// Words of CREATE ROLE.
    pub options: Vec<String>,
    /// Roles that it is a member of.
    pub member_of: Vec<String>,
}

/// A database of a development server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Database {
    /// Any text that PostgreSQL takes.
    pub name: String,
    /// `None`: the superuser.
    pub owner: Option<String>,
    /// Extensions that are created in it.
    pub extensions: Vec<SqlName>,
    /// SQL for psql, relative to `catalogue/`.
    pub scripts: Vec<Utf8PathBuf>,
    /// The only PostgreSQLs that it is in; `None`: the server's.
    #[serde(skip)]
    pub postgresqls: Option<Vec<PgName>>,
}

/// A flake input with all that `flake.lock` records.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// `nixpkgs`.
    pub name: String,
    /// Where it is from.
    pub place: Place,
    /// Commit, 40 hex digits, where it has commits.
    pub rev: Option<String>,
    /// NAR hash (SRI) of the source tree.
    pub nar_hash: String,
    /// Commit time, seconds since 1970.
    pub last_modified: u64,
    /// Its inputs that are ours: input name → our input's name.
    pub follows: BTreeMap<String, String>,
}

impl Input {
    /// What it is pinned to.
    pub fn pin(&self) -> Pin {
        let (rev, nar_hash) = (self.rev.clone(), self.nar_hash.clone());
        Pin { rev, nar_hash, last_modified: self.last_modified }
    }

    /// What tells one state of it from another: the commit, else the hash.
    pub fn revision(&self) -> &str {
        self.rev.as_deref().unwrap_or(&self.nar_hash)
    }
}

impl Flake {
    /// The input `nixpkgs`, which is always there.
    pub fn nixpkgs(&self) -> Option<&Input> {
        self.input("nixpkgs")
    }

    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }
}

/// What is not accepted, and what is in spite of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Licences, by their ids at spdx.org or names in nixpkgs.
    pub deny: Vec<String>,
    /// Known vulnerabilities.
    pub ignore: Vec<Ignore>,
}

/// A known vulnerability that is put up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
    /// The last day: `2026-12-31`.
    pub until: String,
    /// Of this extension only, or of `postgresql`.
    pub of: Option<String>,
}

/// A binary cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// `https://…`.
    pub url: String,
    /// `name:base64`.
    pub public_key: String,
    /// Where workflows push to.
    pub push: Option<Push>,
}

/// The value of a postgresql.conf setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// `on` / `off`.
    Boolean(bool),
    /// A number without unit.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text; quoted in postgresql.conf.
    Text(String),
    /// An executable file of the catalogue; the setting's value is its store path.
    File {
        /// Relative to `catalogue/`.
        file: Utf8PathBuf,
    },
}

/// One PostgreSQL of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Postgresql {
    /// `15`; the attribute is `psql_15`.
    pub name: PgName,
    /// Major version.
    pub major: u32,
    /// The nixpkgs attribute whose recipe is used: `postgresql_15`.
    pub base: String,
    /// `None`: whatever version nixpkgs has.
    pub pinned: Option<Pinned>,
    /// Applied after nixpkgs' own; relative to `catalogue/`.
    pub patches: Vec<Utf8PathBuf>,
    /// A beta or release candidate.
    pub prerelease: bool,
    /// What it is built with (true) or without (false), by key of the catalogue: where that is not nixpkgs' choice.
    pub features: BTreeMap<&'static str, bool>,
    /// Settings for this one only.
    pub settings: BTreeMap<String, Setting>,
}

/// A PostgreSQL of an exact version.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// `15.18`, `19beta1`, `17_11`.
    pub version: String,
    /// Where from.
    pub source: Source,
}

impl Postgresql {
    /// Whether this is a release of PostgreSQL as its project made it, which the package set may have as well.
    pub fn is_release(&self) -> bool {
        let Some(Pinned { version, source }) = &self.pinned else { return false };
        self.patches.is_empty()
            && match &source.fetcher {
                Fetcher::Url { url } => *url == super::source::expand(super::resolve::TARBALL, version),
                Fetcher::GitHub { owner, repo, at: Revision::Tag(tag), submodules: false } => {
                    owner == "postgres" && repo == "postgres" && *tag == release_tag(version)
                }
                _ => false,
            }
    }
}

/// `REL_17_6` for 17.6, `REL_19_BETA1` for 19beta1.
pub fn release_tag(version: &str) -> String {
    let suffix = version.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(version.len());
    let (number, suffix) = version.split_at(suffix);
    let number = number.replace('.', "_");
    let separator = if suffix.is_empty() { "" } else { "_" };
    format!("REL_{number}{separator}{}", suffix.to_ascii_uppercase())
}

/// A source that is fetched: a fixed-output derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How it is fetched; `{version}` is already replaced in all texts.
    pub fetcher: Fetcher,
    /// SRI hash of what the fetcher gives.
    pub hash: String,
}

/// A fetcher of nixpkgs with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetcher {
    /// `fetchFromGitHub`.
    GitHub {
        /// Owner.
        owner: String,
        /// Repository.
        repo: String,
        /// Tag or revision.
        at: Revision,
        /// With submodules.
        submodules: bool,
    },
    /// `fetchurl`: the hash is the file's.
    Url {
        /// `https://…`.
        url: String,
    },
    /// `fetchgit`.
    Git {
        /// `https://….git`.
        url: String,
        /// Tag or revision.
        at: Revision,
        /// With submodules.
        submodules: bool,
    },
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// A tag's name, without `refs/tags/`.
    Tag(String),
    /// A commit or a full ref.
    Rev(String),
}

/// A `cargo-pgrx` that pgrx extensions are built with.
#[derive(Clone, Debug, PartialEq)]
pub struct CargoPgrx {
    /// `0.12.6`.
    pub version: String,
    /// What `fetchCrate` gives.
    pub hash: String,
    /// Its crates.
    pub vendor: Vendor,
    /// The Rust it is built with; `None`: the package set's.
    pub rust: Option<String>,
}

/// How a Rust program's crates are vendored.
#[derive(Clone, Debug, PartialEq)]
pub enum Vendor {
    /// `cargoHash`: `fetchCargoVendor`'s hash.
    Hash(String),
    /// `cargoLock`: a committed lock file.
    Lock {
        /// Relative to `catalogue/`.
        file: Utf8PathBuf,
        /// Hashes of git dependencies by `name-version`.
        output_hashes: BTreeMap<String, String>,
    },
}

/// One extension with all its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The package's name, which is the file's stem.
    pub name: ExtName,
    /// One line.
    pub description: String,
    /// Web page.
    pub homepage: String,
    /// Changelog, `{version}` not replaced.
    pub changelog: Option<String>,
    /// Names in nixpkgs' `lib.licenses`; at least one.
    pub licenses: Vec<String>,
    /// How it is built.
    pub kind: Kind,
    /// Names for CREATE EXTENSION; empty for a module that has none.
    pub sql_names: Vec<SqlName>,
    /// Libraries for `shared_preload_libraries`; versions have their own.
    pub preload: Vec<String>,
    /// Libraries that, where present, come before its own in `shared_preload_libraries`.
    pub preload_after: Vec<String>,
    /// What its control files say, as far as that is known; versions have their own.
    pub control: Option<Control>,
    /// Settings it needs.
    pub settings: BTreeMap<String, Setting>,
    /// Systems it is not for.
    pub exclude_systems: Vec<System>,
    /// Hand-written Nix, relative to `catalogue/`.
    pub override_file: Option<Utf8PathBuf>,
    /// Attributes of the catalogue that the override sets instead.
    pub override_owns: Vec<String>,
    /// Names in `postgresql.pkgs`, of which the first that is there is taken; only with `kind = "nixpkgs"`, else
    /// none.
    pub attrs: Vec<String>,
    /// Whether nixpkgs' refusal of it is an error, not a reason to leave it out.
    pub required: bool,
    /// Whether `bin` has all versions that fit, not the default alone.
    pub side_by_side: bool,
    /// Versions, newest last. For `kind = "nixpkgs"` none.
    pub versions: Vec<Version>,
    /// For each PostgreSQL (by name) that can have it: what it gets. Broken versions are not in here.
    pub fits: BTreeMap<PgName, Fit>,
    /// SQL names needed first, for `kind = "nixpkgs"`; versions have their own.
    pub requires: Vec<SqlName>,
    /// Why it is left out everywhere.
    pub broken: Option<String>,
    /// The tests of its source; `None`: its kind is not built with make.
    pub installcheck: Option<Installcheck>,
    /// How new versions are found; nothing that is generated depends on it.
    pub follow: Follow,
}

/// The tests of an extension's source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Installcheck {
    /// The PostgreSQLs whose checks they are among.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checked: Vec<PgName>,
    /// SQL names of what they need besides what the extension requires.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<SqlName>,
    /// Libraries to preload, besides the extension's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preload: Vec<String>,
    /// Settings, which go before the extension's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
    /// Those that fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<Test>,
    /// Those that are not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Test>,
}

/// One test of an extension's source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// As pg_regress prints it.
    pub test: String,
    /// Why it is named.
    pub reason: String,
    /// The PostgreSQLs for which that holds.
    #[serde(rename = "postgresql")]
    pub postgresqls: Vec<PgName>,
}

/// What `bump` is told about an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// How many versions stay side by side for each PostgreSQL; `None`: all.
    pub keep: Option<usize>,
    /// Versions passed over; `*` stands for anything.
    pub ignore: Vec<String>,
    /// `tags`, `releases`, `pgxn:NAME`, `crates:NAME`, `branch:NAME`, `none`.
    pub versions_from: Option<String>,
    /// Patterns of tags.
    pub tags: Vec<String>,
    /// The source's tag, `{version}` not replaced.
    pub template: Option<String>,
    /// A PostgreSQL stays with versions of the same first number.
    pub by_major: bool,
}

/// What one PostgreSQL has of one extension.
#[derive(Clone, Debug, PartialEq)]
pub enum Fit {
    /// The package set's, whatever version that is.
    Nixpkgs,
    /// Our versions.
    Versions {
        /// Index into [`Extension::versions`] of the one in `bin`.
        default: usize,
        /// Indices of all that fit, ascending.
        all: Vec<usize>,
    },
}

/// One version of an extension.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// `0.8.0`.
    pub version: String,
    /// `extversion` in `pg_extension`.
    pub sql_version: String,
    /// The part of the attribute after `exts/`.
    pub attr: VersionAttr,
    /// Majors of the PostgreSQLs that take it, ascending. Where a version is there several times, each with a
    /// source of its own, these tell which one is meant.
    pub majors: Vec<u32>,
    /// Alpha, beta, release candidate, unstable: never a default unless pinned.
    pub prerelease: bool,
    /// Where the source comes from; of several files the first.
    pub source: Source,
    /// How it is built.
    pub build: Build,
    /// SQL names needed first.
    pub requires: Vec<SqlName>,
    /// Libraries for `shared_preload_libraries`: its own list, or else the extension's.
    pub preload: Vec<String>,
    /// What its control files say, as far as that is known: its own, or else the extension's.
    pub control: Option<Control>,
    /// Why it is left out.
    pub broken: Option<String>,
}

/// What control files say of who may create an extension, and where: by SQL name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Control(pub BTreeMap<SqlName, OneControl>);

impl Control {
    /// The SQL names for which something holds.
    pub fn names(&self, holds: fn(&OneControl) -> bool) -> Vec<&str> {
        self.0.iter().filter(|(_, one)| holds(one)).map(|(name, _)| name.as_str()).collect()
    }

    /// The schema of those names that must be in one.
    pub fn schemas(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, one)| Some((name.as_str(), one.schema.as_deref()?)))
    }
}

/// What one control file says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OneControl {
    /// Whether anybody with CREATE on a database may create it.
    pub trusted: bool,
    /// Whether it can be moved to another schema afterwards.
    pub relocatable: bool,
    /// Whether only a superuser may create it, unless it is trusted.
    pub superuser: bool,
    /// The schema it must be in.
    pub schema: Option<String>,
}

/// As PostgreSQL takes a file that says nothing.
impl Default for OneControl {
    fn default() -> Self {
        Self { trusted: false, relocatable: false, superuser: true, schema: None }
    }
}

/// The build keys of one version, merged with the extension's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// Attribute paths in nixpkgs.
    pub build_inputs: Vec<String>,
    /// Attribute paths in nixpkgs.
    pub native_build_inputs: Vec<String>,
    /// For make.
    pub make_flags: Vec<String>,
    /// For `./configure`.
    pub configure_flags: Vec<String>,
    /// For cmake.
    pub cmake_flags: Vec<String>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Relative to `catalogue/`.
    pub patches: Vec<Utf8PathBuf>,
    /// Subdirectory of the source that is built.
    pub source_root: Option<String>,
    /// For `kind = "pgrx"`.
    pub pgrx: Option<Pgrx>,
    /// For `kind = "prebuilt"`: what upstream built, by system and PostgreSQL.
    pub files: Vec<File>,
    /// The keys that its kind brings.
    pub own: BTreeMap<&'static str, OwnValue>,
}

impl Build {
    /// The flags that one of its kind's own keys gives.
    pub fn own_flags(&self, key: &str) -> &[String] {
        match self.own.get(key) {
            Some(OwnValue::Flags(flags)) => flags,
            _ => &[],
        }
    }
}

impl Build {
    /// The switch that one of its kind's own keys is, where it is given.
    pub fn own_switch(&self, key: &str) -> Option<bool> {
        match self.own.get(key) {
            Some(OwnValue::Switch(switch)) => Some(*switch),
            _ => None,
        }
    }
}

/// A file that upstream built.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// For this system.
    pub system: System,
    /// For this major version of PostgreSQL.
    pub major: u32,
    /// Where it is.
    pub source: Source,
}

/// What only pgrx extensions have.
#[derive(Clone, Debug, PartialEq)]
pub struct Pgrx {
    /// Version of cargo-pgrx; in [`Catalogue::cargo_pgrx`].
    pub version: String,
    /// Exact Rust from the `rust-overlay` input; `None`: the package set's.
    pub rust: Option<String>,
    /// Its crates.
    pub vendor: Vendor,
    /// Cargo features.
    pub features: Vec<String>,
    /// The crate's directory in a workspace.
    pub cargo_package: Option<String>,
}

impl Catalogue {
    /// The PostgreSQL called `name`.
    pub fn postgresql(&self, name: &str) -> Option<&Postgresql> {
        self.postgresqls.iter().find(|p| p.name == name)
    }

    /// The extension called `name`.
    pub fn extension(&self, name: &str) -> Option<&Extension> {
        self.extensions.iter().find(|e| e.name == name)
    }

    /// What is known of the very nixpkgs that the catalogue pins.
    pub fn nixpkgs_table(&self) -> Option<&Table> {
        let pinned = self.flake.nixpkgs()?;
        self.nixpkgs.as_ref().filter(|table| table.revision == pinned.revision())
    }

    /// The version of an extension that comes from nixpkgs, where it is known.
    pub fn nixpkgs_version(&self, extension: &Extension, postgresql: &Postgresql) -> Option<&str> {
        let (_, _, version) = self.nixpkgs_table()?.find(&extension.attrs, postgresql.major)?;
        Some(version).filter(|version| !version.is_empty())
    }

    /// The version of a PostgreSQL: the pinned one, or nixpkgs' where it is known.
    pub fn version_of<'c>(&'c self, postgresql: &'c Postgresql) -> Option<&'c str> {
        let nixpkgs = || {
            let major = postgresql.base.strip_prefix("postgresql_")?.parse().ok()?;
            self.nixpkgs_table()?.postgresql.get(&major).map(String::as_str)
        };
        postgresql.pinned.as_ref().map(|pinned| pinned.version.as_str()).or_else(nixpkgs)
    }
}
