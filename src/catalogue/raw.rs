//! The catalogue as it is written: every key that is known, with its place, nothing checked yet but types.
//!
//! The doc comments here are the descriptions in the JSON Schema, so they speak to who writes the catalogue.
//! A `None` may also be a value that was reported as wrong: rules pass over it in silence.

use schemars::JsonSchema;

pub use super::decode::{Field, Map, Spanned, Wrong};
use super::kinds::{Own, own};
pub use super::raw_ci::{RawAction, RawCi, RawImage, RawMachine, RawPush};
pub use super::raw_installcheck::{Installcheck, RawInstallcheck, RawTest};
pub use super::raw_server::{RawDatabase, RawServer, RawUser};
use super::schema;
use crate::diag::Span;

/// An array of values with their places.
pub type List<T> = Vec<Spanned<T>>;

/// The flake as a whole (`catalogue/flake.toml`).
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, title = "pgflakegen: flake.toml")]
pub struct RawFlake {
    /// The flake's description, one line.
    #[schemars(required)]
    pub description: Field<String>,
    /// Systems that packages are made for.
    #[schemars(with = "Vec<schema::System>", required)]
    pub systems: Field<List<String>>,
    /// The PostgreSQL that is meant when none is named: a name in postgresql.toml.
    #[schemars(required)]
    pub default_postgresql: Field<String>,
    /// The TCP port of `start-server`. Default: 5432.
    #[schemars(with = "Option<schema::Port>")]
    pub port: Field<i64>,
    /// The superuser's name (`initdb --username`). Default: postgres.
    pub superuser: Field<String>,
    /// The cluster's locale (`initdb --locale`). Default: C.UTF-8.
    pub locale: Field<String>,
    /// The memory that evaluating it is known to need: "8G". A wish, which `--max-memory` grants.
    pub max_memory: Field<String>,
    /// The time that evaluating it is known to need, in seconds. A wish, which `--max-time` grants.
    pub max_time: Field<i64>,
    /// Libraries for `shared_preload_libraries` everywhere, besides those that extensions need.
    pub preload: Field<List<String>>,
    /// postgresql.conf settings everywhere. Quote names with a dot.
    pub settings: Field<Map<RawSetting>>,
    /// Whether all versions of an extension are in one server, where there are several that are built here.
    /// Default: false.
    pub side_by_side: Field<bool>,
    /// The flake's inputs; `nixpkgs` must be there.
    #[schemars(required)]
    pub inputs: Field<Map<RawInput>>,
    /// Binary caches.
    pub caches: Field<List<RawCache>>,
    /// What builds it elsewhere, and when.
    pub ci: Field<RawCi>,
    /// What images say of themselves, and where they are pushed to.
    pub image: Field<RawImage>,
    /// Machine images, and what becomes of them at Amazon.
    pub machine: Field<RawMachine>,
    /// What development servers have when they are made.
    pub server: Field<RawServer>,
    /// What may not be in it, and which known vulnerabilities are put up with.
    pub policy: Field<RawPolicy>,
    /// The versions of pgflakegen that this catalogue is generated with, as Cargo writes requirements.
    pub required_version: Field<String>,
}

/// What is not accepted, and what is in spite of it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub struct RawPolicy {
    /// Licences that nothing may have: ids of spdx.org or names in nixpkgs' lib.licenses.
    pub deny: Field<List<String>>,
    /// Known vulnerabilities that are put up with for a time.
    pub ignore: Field<List<RawIgnore>>,
}

/// A known vulnerability that is put up with.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Ignore")]
pub struct RawIgnore {
    /// Its name: CVE-…, GHSA-…, RUSTSEC-….
    #[schemars(required)]
    pub id: Field<String>,
    /// Why it does no harm here.
    #[schemars(required)]
    pub reason: Field<String>,
    /// The last day on which that holds: 2026-12-31.
    #[schemars(required, regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: Field<String>,
    /// Only of this extension, or of PostgreSQL: postgresql.
    pub of: Field<String>,
}

/// An input with what flake.lock records of it (`nix flake metadata --json URL` tells).
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Input")]
pub struct RawInput {
    /// `github:OWNER/REPO[/BRANCH]`, `git+https://HOST/REPO[?ref=BRANCH]`, an archive's `https:`, or `path:/DIR`.
    #[schemars(
        required,
        regex(
            pattern = r"^(github:[^/?#]+/[^/?#]+(/[^?#]+)?|(git\+|tarball\+)?[a-z]+://[^#]+|path:/[^?#]+)$"
        )
    )]
    pub url: Field<String>,
    /// The commit: 40 hexadecimal digits. Archives and folders have none.
    #[schemars(regex(pattern = r"^[0-9a-f]{40}$"))]
    pub rev: Field<String>,
    /// SRI hash of the source tree.
    #[schemars(with = "schema::Hash", required)]
    pub nar_hash: Field<String>,
    /// The commit's time in seconds since 1970.
    #[schemars(required, range(min = 1))]
    pub last_modified: Field<i64>,
    /// Its inputs that are to be ours: the input's input = our input.
    pub follows: Field<Map<String>>,
}

/// A binary cache.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Cache")]
pub struct RawCache {
    /// `https://NAME.cachix.org`.
    #[schemars(with = "schema::Url", required)]
    pub url: Field<String>,
    /// `NAME:BASE64`, as the cache's page shows it.
    #[schemars(required, regex(pattern = r"^[^:\s]+:[A-Za-z0-9+/]{43}=$"))]
    pub public_key: Field<String>,
    /// Where workflows push to.
    pub push: Field<RawPush>,
}

/// The PostgreSQLs (`catalogue/postgresql.toml`).
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, title = "pgflakegen: postgresql.toml")]
pub struct RawPostgresqls {
    /// One `[[postgresql]]` each.
    #[schemars(required)]
    pub postgresql: Field<List<RawPostgresql>>,
}

/// One PostgreSQL. Only `name` and `major`: the package set's own.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Postgresql")]
pub struct RawPostgresql {
    /// The attribute is `psql_NAME`.
    #[schemars(required, regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub name: Field<String>,
    /// The major version.
    #[schemars(required, range(min = 10, max = 99))]
    pub major: Field<i64>,
    /// Pins the exact version, for example "15.18" or "19beta1". Needs `hash`.
    pub version: Field<String>,
    /// SRI hash of what the source gives.
    #[schemars(with = "Option<schema::Hash>")]
    pub hash: Field<String>,
    /// Where from; without it the tarball at ftp.postgresql.org. `{version}` is replaced. A source that is
    /// neither github.com/postgres/postgres nor at postgresql.org makes this a fork, which ranges do not include.
    pub source: Field<RawSource>,
    /// Takes every extension version that the PostgreSQL of this name takes.
    pub like: Field<String>,
    /// A beta or release candidate: ranges do not include it.
    pub prerelease: Field<bool>,
    /// The nixpkgs attribute whose recipe is used. Default: postgresql_MAJOR.
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_'-]*$"))]
    pub base: Field<String>,
    /// Patches, relative to the catalogue folder.
    pub patches: Field<List<String>>,
    /// What it is built with or without. Default: as nixpkgs does.
    pub features: Field<RawFeatures>,
    /// Extensions (names of files) that it exists for, and without which it is of no use.
    pub extensions: Field<List<String>>,
    /// postgresql.conf settings for this one only.
    pub settings: Field<Map<RawSetting>>,
    /// Keys that were reported.
    #[schemars(skip)]
    pub wrong: Wrong,
}

/// What a PostgreSQL is built with (true) or without (false).
#[derive(Clone, Debug, std::default::Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Features")]
pub struct RawFeatures {
    /// libcurl, for OAuth. From PostgreSQL 18.
    pub curl: Field<bool>,
    /// GSSAPI (Kerberos).
    pub gssapi: Field<bool>,
    /// ICU collations.
    pub icu: Field<bool>,
    /// Asynchronous reads and writes with io_uring, on Linux. From PostgreSQL 18.
    pub io_uring: Field<bool>,
    /// Compiling expressions with LLVM: true puts it into `bin`.
    pub jit: Field<bool>,
    /// LDAP authentication.
    pub ldap: Field<bool>,
    /// LZ4 compression. nixpkgs always has it.
    pub lz4: Field<bool>,
    /// Messages in other languages.
    pub nls: Field<bool>,
    /// Knowing about NUMA nodes, on Linux. From PostgreSQL 18.
    pub numa: Field<bool>,
    /// PAM authentication, on Linux.
    pub pam: Field<bool>,
    /// PL/Perl: what the extension plperl is made of.
    pub perl: Field<bool>,
    /// PL/Python: what the extension plpython3 is made of.
    pub python: Field<bool>,
    /// Telling systemd about starts and stops, on Linux.
    pub systemd: Field<bool>,
    /// PL/Tcl: what the extension pltcl is made of.
    pub tcl: Field<bool>,
    /// Zstandard compression. From PostgreSQL 15; nixpkgs always has it.
    pub zstd: Field<bool>,
}

impl RawFeatures {
    /// Those that are given, with their keys.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Spanned<bool>)> {
        let all = [
            ("curl", &self.curl),
            ("gssapi", &self.gssapi),
            ("icu", &self.icu),
            ("io-uring", &self.io_uring),
            ("jit", &self.jit),
            ("ldap", &self.ldap),
            ("lz4", &self.lz4),
            ("nls", &self.nls),
            ("numa", &self.numa),
            ("pam", &self.pam),
            ("perl", &self.perl),
            ("python", &self.python),
            ("systemd", &self.systemd),
            ("tcl", &self.tcl),
            ("zstd", &self.zstd),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }
}

/// The cargo-pgrx versions that Rust extensions are built with (`catalogue/pgrx.toml`).
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, title = "pgflakegen: pgrx.toml")]
pub struct RawPgrxFile {
    /// One `[[cargo-pgrx]]` each.
    #[schemars(required)]
    pub cargo_pgrx: Field<List<RawCargoPgrx>>,
}

/// One version of cargo-pgrx.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "CargoPgrx")]
pub struct RawCargoPgrx {
    /// As at crates.io.
    #[schemars(required)]
    pub version: Field<String>,
    /// SRI hash of what `fetchCrate` gives.
    #[schemars(with = "schema::Hash", required)]
    pub hash: Field<String>,
    /// SRI hash of its crates as `fetchCargoVendor` gives them. Or `cargo-lock`.
    #[schemars(with = "Option<schema::Hash>")]
    pub cargo_hash: Field<String>,
    /// Its Cargo.lock, relative to the catalogue folder. Or `cargo-hash`.
    pub cargo_lock: Field<String>,
    /// Hashes of the lock file's git dependencies: "NAME-VERSION" = SRI hash.
    #[schemars(with = "Option<Map<schema::Hash>>")]
    pub output_hashes: Field<Map<String>>,
    /// The exact Rust that builds it, from the rust-overlay input. Default: the package set's.
    pub rust: Field<String>,
}

/// An extension with all its versions (`catalogue/extensions/NAME.toml`).
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, title = "pgflakegen: extensions/NAME.toml")]
pub struct RawExtension {
    /// What it does: one line, no article in front, no full stop.
    #[schemars(required)]
    pub description: Field<String>,
    /// Its web page. Default: the GitHub repository of the source.
    #[schemars(with = "Option<schema::Url>")]
    pub homepage: Field<String>,
    /// Page that tells what changed; `{version}` is replaced.
    #[schemars(with = "Option<schema::Url>")]
    pub changelog: Field<String>,
    /// Attribute name in nixpkgs' lib.licenses, or an array of them.
    #[schemars(with = "OneOrMany<schema::License>", required)]
    pub license: Field<OneOrMany<String>>,
    /// How it is built.
    #[schemars(with = "Option<schema::Kind>")]
    pub kind: Field<String>,
    /// Names for CREATE EXTENSION. Default: the file's name. [] for a module that has none.
    pub sql: Field<List<String>>,
    /// SQL names of extensions needed first.
    pub requires: Field<List<String>>,
    /// Libraries for shared_preload_libraries; true: the one named like the first SQL name.
    pub preload: Field<Preload>,
    /// Libraries that, where present, come before its own in shared_preload_libraries.
    pub preload_after: Field<List<String>>,
    /// What its control file says of who may create it, and where. Default: not known.
    pub control: Field<RawControl>,
    /// Systems it is not for.
    #[schemars(with = "Option<Vec<schema::System>>")]
    pub exclude_systems: Field<List<String>>,
    /// Leaves the whole extension out; says why.
    pub broken: Field<String>,
    /// Whether it must be in `bin`: where nixpkgs refuses it (broken, insecure, unfree), `check` and evaluation
    /// fail. Default: false, and it is left out there.
    pub required: Field<bool>,
    /// Whether all its versions are in one server: CREATE EXTENSION … VERSION takes any, and ALTER EXTENSION …
    /// UPDATE TO goes from one to another. Default: what flake.toml says.
    pub side_by_side: Field<bool>,
    /// The version in `bin`, or one for each PostgreSQL. Default: the newest stable that fits.
    pub default: Field<Default>,
    /// Hand-written Nix, relative to the catalogue folder.
    pub r#override: Field<String>,
    /// Attributes of the catalogue (pname, version, src, hash) that the override sets instead.
    pub override_owns: Field<List<String>>,
    /// Where from; "nixpkgs" for the package set's own.
    pub source: Field<RawSource>,
    /// With source = "nixpkgs": the name in postgresql.pkgs, or several, where revisions of nixpkgs differ: the
    /// first that is there is taken. Default: the file's name.
    pub attr: Field<OneOrMany<String>>,
    /// With source = "nixpkgs": names of PostgreSQLs, or ranges over majors such as ">=15, <18".
    pub postgresql: Field<OneOrMany<String>>,
    /// postgresql.conf settings it needs. Quote names with a dot.
    pub settings: Field<Map<RawSetting>>,
    /// The tests that its source has (`make installcheck`): with true, or a table that says more, `nix flake check`
    /// runs them. Default: false, and they are run when they are asked for.
    pub installcheck: Field<Installcheck>,
    /// How many versions `pgflakegen bump` keeps side by side for each PostgreSQL. Default: all.
    #[schemars(range(min = 1))]
    pub keep: Field<i64>,
    /// Versions that `pgflakegen bump` passes over; `*` stands for anything.
    pub ignore: Field<List<String>>,
    /// Where new versions are looked for: tags, releases, pgxn, crates, branch or none; tags:URL, pgxn:NAME,
    /// crates:NAME and branch:NAME say which. Default: tags where the source is a repository.
    #[schemars(regex(pattern = r"^(none|releases|(tags|pgxn|crates|branch)(:\S+)?)$"))]
    pub versions_from: Field<String>,
    /// What upstream's tags look like: "v{version}", "PG{postgresql}/v{version}-rc0", "ver_{version_}" (with
    /// underscores for dots). Default: the source's tag, and what the versions' own tags have in common.
    pub tags: Field<List<String>>,
    /// With "major", a PostgreSQL stays with versions whose first number is that of the version it has.
    /// Default: newest.
    #[schemars(regex(pattern = r"^(newest|major)$"))]
    pub track: Field<String>,
    /// Build keys for all versions.
    #[schemars(flatten)]
    pub build: RawBuild,
    /// Keys that its kind brings.
    #[schemars(flatten, with = "own::OfExtension")]
    pub own: Own,
    /// One `[[version]]` each.
    pub version: Field<List<RawVersion>>,
    /// Keys that were reported.
    #[schemars(skip)]
    pub wrong: Wrong,
}

/// One version of an extension.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Version")]
pub struct RawVersion {
    /// As upstream calls it.
    #[schemars(required)]
    pub version: Field<String>,
    /// For which PostgreSQLs: their names, or ranges over majors such as ">=15, <18".
    #[schemars(required)]
    pub postgresql: Field<OneOrMany<String>>,
    /// The exact `version` that a PostgreSQL must have too: for what goes with one patch set of a fork.
    pub postgresql_version: Field<String>,
    /// SRI hash of what the fetcher gives. All kinds but prebuilt need it.
    #[schemars(with = "Option<schema::Hash>")]
    pub hash: Field<String>,
    /// Replaces the source's tag.
    pub tag: Field<String>,
    /// Replaces the source's tag or revision.
    pub rev: Field<String>,
    /// Replaces the source's URL.
    #[schemars(with = "Option<schema::Url>")]
    pub url: Field<String>,
    /// extversion in pg_extension where it differs from the version.
    pub sql_version: Field<String>,
    /// Replaces the extension's requires.
    pub requires: Field<List<String>>,
    /// Replaces the extension's preload.
    pub preload: Field<Preload>,
    /// Replaces the extension's control.
    pub control: Field<RawControl>,
    /// Leaves this version out; says why.
    pub broken: Field<String>,
    /// The cargo-pgrx it is built with: a version in pgrx.toml.
    pub pgrx: Field<String>,
    /// The exact Rust, from the rust-overlay input. Default: the package set's.
    pub rust: Field<String>,
    /// SRI hash of its crates as fetchCargoVendor gives them. Or `cargo-lock`.
    #[schemars(with = "Option<schema::Hash>")]
    pub cargo_hash: Field<String>,
    /// Its Cargo.lock, relative to the catalogue folder. Or `cargo-hash`.
    pub cargo_lock: Field<String>,
    /// Hashes of the lock file's git dependencies: "NAME-VERSION" = SRI hash.
    #[schemars(with = "Option<Map<schema::Hash>>")]
    pub output_hashes: Field<Map<String>>,
    /// Build keys; each replaces the extension's.
    #[schemars(flatten)]
    pub build: RawBuild,
    /// Keys that its kind brings; each replaces the extension's.
    #[schemars(flatten, with = "own::OfVersion")]
    pub own: Own,
    /// Keys that were reported.
    #[schemars(skip)]
    pub wrong: Wrong,
}

/// Keys that may stand in an extension and in a version.
#[derive(Clone, Debug, std::default::Default, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[schemars(rename = "Build")]
pub struct RawBuild {
    /// Attribute paths in nixpkgs of libraries.
    pub build_inputs: Field<List<String>>,
    /// Attribute paths in nixpkgs of programs that the build runs.
    pub native_build_inputs: Field<List<String>>,
    /// Arguments for make.
    pub make_flags: Field<List<String>>,
    /// Arguments for ./configure.
    pub configure_flags: Field<List<String>>,
    /// Arguments for cmake.
    pub cmake_flags: Field<List<String>>,
    /// Environment variables of the build.
    pub env: Field<Map<String>>,
    /// Patches, relative to the catalogue folder.
    pub patches: Field<List<String>>,
    /// Subdirectory of the source that is built.
    pub source_root: Field<String>,
    /// Cargo features; pgNN is added by itself.
    pub features: Field<List<String>>,
    /// The crate's directory in a workspace.
    pub cargo_package: Field<String>,
}

/// Where a source comes from: exactly one of `github`, `url` and `git`. `{version}` is replaced.
#[derive(Clone, Debug)]
pub enum RawSource {
    /// `"nixpkgs"`.
    Nixpkgs,
    /// A table.
    Fetched(Box<RawFetched>),
}

/// A source that is fetched.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Fetched")]
pub struct RawFetched {
    /// `OWNER/REPO` at github.com.
    #[schemars(regex(pattern = r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$"))]
    pub github: Field<String>,
    /// A file.
    #[schemars(with = "Option<schema::Url>")]
    pub url: Field<String>,
    /// A Git repository elsewhere.
    #[schemars(with = "Option<schema::Url>")]
    pub git: Field<String>,
    /// The tag, for example "v{version}".
    pub tag: Field<String>,
    /// The commit, or a full reference such as refs/tags/….
    pub rev: Field<String>,
    /// Whether submodules are fetched too.
    pub submodules: Field<bool>,
}

/// The value of a postgresql.conf setting.
#[derive(Clone, Debug, PartialEq)]
pub enum RawSetting {
    /// `true`, `false`.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// `{ file = "files/…" }`.
    File(Spanned<String>),
}

/// One value, or an array of them.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub List<T>);

/// The `preload` key.
#[derive(Clone, Debug)]
pub enum Preload {
    /// Whether the library of the first SQL name is preloaded.
    Own(bool),
    /// These libraries.
    Libraries(List<String>),
}

/// What a control file says of who may create the extension, and where. What is not given is as PostgreSQL takes
/// it where a control file is silent.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Control")]
pub struct RawControl {
    /// Whether anybody with CREATE on a database may create it. Default: false.
    pub trusted: Field<Which>,
    /// Whether it can be moved to another schema afterwards. Default: false.
    pub relocatable: Field<Which>,
    /// Whether only a superuser may create it, unless it is trusted. Default: true.
    pub superuser: Field<Which>,
    /// The schema it must be in. Default: any.
    pub schema: Field<SchemaOf>,
}

/// The schema that an extension must be in.
#[derive(Clone, Debug)]
pub enum SchemaOf {
    /// All of its SQL names.
    All(String),
    /// By SQL name.
    ByName(Map<String>),
}

/// For which of an extension's SQL names something holds.
#[derive(Clone, Debug)]
pub enum Which {
    /// For all of them, or for none.
    All(bool),
    /// For these.
    Names(List<String>),
}

/// The `default` key.
#[derive(Clone, Debug)]
pub enum Default {
    /// The same version everywhere it fits.
    All(String),
    /// By PostgreSQL.
    ByPostgresql(Map<String>),
}

/// An extension's file: its name and what is in it.
#[derive(Clone, Debug)]
pub struct ExtensionFile {
    /// The file's stem.
    pub name: String,
    /// The first byte: where findings about the file as a whole point.
    pub span: Span,
    /// What it says.
    pub raw: RawExtension,
}

/// Which files could be read: what is said in the others is unknown, not absent.
#[derive(Clone, Debug)]
pub struct Complete {
    /// `flake.toml` was read, or is not there.
    pub flake: bool,
    /// `postgresql.toml` was read, or is not there.
    pub postgresqls: bool,
    /// `pgrx.toml` was read, or is not there.
    pub cargo_pgrx: bool,
    /// Names of extensions whose file could not be read.
    pub unreadable_extensions: Vec<String>,
}

/// All files.
#[derive(Clone, Debug)]
pub struct RawCatalogue {
    /// What could not be read.
    pub complete: Complete,
    /// `flake.toml`; `None` when it is missing or has syntax errors.
    pub flake: Option<(Span, RawFlake)>,
    /// `postgresql.toml`.
    pub postgresqls: List<RawPostgresql>,
    /// `pgrx.toml`.
    pub cargo_pgrx: List<RawCargoPgrx>,
    /// `extensions/*.toml` in the order of names.
    pub extensions: Vec<ExtensionFile>,
}
