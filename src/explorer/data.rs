//! What the page knows: typed here, JSON in the file. Keys that have nothing to say are left out.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::catalogue::model::{Control, Setting};
use crate::catalogue::names::{ExtName, PgName, SqlName, System, VersionAttr};

/// Raised when a key changes its meaning.
pub const FORMAT: u32 = 1;

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    /// [`FORMAT`].
    pub format: u32,
    /// What is there now.
    pub catalogue: Catalogue,
    /// What was there before.
    #[serde(skip_serializing_if = "History::is_empty")]
    pub history: History,
    /// What only others know.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// What is there now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Catalogue {
    /// The flake's description.
    pub description: String,
    /// Its systems.
    pub systems: Vec<System>,
    /// The PostgreSQL that is meant when none is named.
    pub default: PgName,
    /// The port that `start-server` is shown with.
    pub port: u16,
    /// What is pinned.
    pub inputs: Vec<Input>,
    /// In the catalogue's order.
    pub postgresqls: Vec<Postgresql>,
    /// In the order of names.
    pub extensions: Vec<Extension>,
    /// Those that are named, by nixpkgs' name.
    pub licenses: BTreeMap<String, License>,
    /// SQL names that are required and that PostgreSQL brings itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contrib: Vec<SqlName>,
}

/// An input of the flake.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// `nixpkgs`.
    pub name: String,
    /// Its commit, or its hash.
    pub revision: String,
    /// When that was made: seconds since 1970.
    pub modified: u64,
    /// A page that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Postgresql {
    /// `17`.
    pub name: PgName,
    /// `psql_17`.
    pub attribute: String,
    /// `17`.
    pub major: u32,
    /// `17.6`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it is from; `None`: from nixpkgs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// A beta or release candidate.
    #[serde(skip_serializing_if = "is_false")]
    pub prerelease: bool,
    /// Not the project's own release.
    #[serde(skip_serializing_if = "is_false")]
    pub fork: bool,
    /// The day of the major's last release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<&'static str>,
    /// Files of the catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Utf8PathBuf>,
    /// With (true) or without (false).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<&'static str, bool>,
    /// All that are in effect.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
    /// `shared_preload_libraries`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preload: Vec<String>,
}

/// Where something is from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// As the catalogue has it: `github:OWNER/REPO/TAG`.
    pub text: String,
    /// A page that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The commit, where that is what is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SRI.
    pub hash: String,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// `pgvector`.
    pub name: ExtName,
    /// One line.
    pub description: String,
    /// Web page.
    pub homepage: String,
    /// Changelog, `{version}` not replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changelog: Option<String>,
    /// The repository's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its tags, `{version}` not replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Keys of [`Catalogue::licenses`].
    pub licenses: Vec<String>,
    /// `pgxs`.
    pub kind: &'static str,
    /// Names for CREATE EXTENSION.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sql: Vec<SqlName>,
    /// Whether one server has all versions.
    #[serde(skip_serializing_if = "is_false")]
    pub side_by_side: bool,
    /// Libraries for `shared_preload_libraries`, of any version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preload: Vec<String>,
    /// SQL names needed first, by any version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<SqlName>,
    /// What its control files say, by SQL name, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// Settings it needs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
    /// Systems that at least one PostgreSQL has it on.
    pub systems: Vec<System>,
    /// Systems it is not for, as the catalogue says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_for: Vec<System>,
    /// Hand-written Nix.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
    /// Names in `postgresql.pkgs`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// Why it is left out everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// By the PostgreSQL's name.
    pub fits: BTreeMap<PgName, Fit>,
}

/// Hand-written Nix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Override {
    /// Relative to the repository.
    pub file: Utf8PathBuf,
    /// Its text, unless it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// `0.8.0`.
    pub version: String,
    /// What `pg_extension` says, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_version: Option<String>,
    /// Below `exts/`.
    pub attribute: VersionAttr,
    /// Where it is from.
    pub source: Source,
    /// Names of PostgreSQLs that have it.
    pub on: Vec<PgName>,
    /// Alpha, beta, release candidate, unstable.
    #[serde(skip_serializing_if = "is_false")]
    pub prerelease: bool,
    /// Its own, where they are not the extension's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires: Option<Vec<SqlName>>,
    /// Its own, where they are not the extension's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preload: Option<Vec<String>>,
    /// Its own, where they are not the extension's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// Files of the catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Utf8PathBuf>,
    /// cargo-pgrx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgrx: Option<String>,
    /// The Rust it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rust: Option<String>,
    /// Why it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// What a PostgreSQL has of an extension.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fit {
    /// The one in `bin`: an index into [`Extension::versions`]; `None`: nixpkgs'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<usize>,
    /// All of them, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<usize>,
    /// The version that nixpkgs has, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nixpkgs: Option<String>,
    /// Why nixpkgs refuses it, by system.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<System, &'static str>,
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct License {
    /// The id at spdx.org.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spdx: Option<&'static str>,
    /// Whether nixpkgs counts it as free.
    pub free: bool,
}

/// What was there before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The commit that all this was read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Earlier catalogues, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// When a version came into the catalogue: extension, version, date.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub since: BTreeMap<String, BTreeMap<String, Since>>,
}

/// When something came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// `2026-11-27`.
    pub date: String,
    /// The commit, as short as it is unmistakable among people.
    pub commit: String,
}

/// An earlier catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The tag, or what was asked for.
    pub name: String,
    /// Its commit.
    pub commit: String,
    /// `2026-11-27`.
    pub date: String,
    /// Whether it was asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub against: bool,
    /// What was otherwise than in the next newer one (of the first: than now); null is what was not there.
    pub before: State<Option<Vec<String>>>,
}

/// What only others know: sizes, vulnerabilities. Made elsewhere, and handed in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// By extension and version; of one from nixpkgs by the version that is shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, BTreeMap<String, Fact>>,
    /// By the PostgreSQL's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub postgresqls: BTreeMap<String, Fact>,
    /// What further versions side by side add in bytes: by the PostgreSQL's name and the extension.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<String, BTreeMap<String, u64>>,
    /// Why versions of an extension cannot be side by side.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub collisions: BTreeMap<String, Vec<String>>,
}

/// What is known of one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Bytes of the package alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Bytes of all that it needs to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<u64>,
    /// Bytes that a server has because of it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brings: Option<u64>,
    /// Whether anybody with CREATE on a database may create it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
    /// Whether its schema can be changed afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relocatable: Option<bool>,
    /// What is known to be wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<Vulnerability>,
}

/// A known vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vulnerability {
    /// `CVE-2026-1234`.
    pub id: String,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The first version without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// A page that tells more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl History {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Facts {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // what serde calls
fn is_false(value: &bool) -> bool {
    !*value
}
