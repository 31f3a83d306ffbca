//! How two catalogues differ, as people read it: an extension is a line.

mod compare;
mod html;
mod markdown;
mod shown;
mod text;

use serde::Serialize;

use crate::catalogue::moved::Meaning;
use crate::catalogue::names::System;

pub use compare::{Digests, compare};
pub use html::html;
pub use markdown::markdown;
pub use text::text;

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is there no more.
    Removed,
    /// It is another one.
    Changed,
}

/// All differences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// Servers, in the order of the catalogue.
    pub postgresqls: Vec<Server>,
    /// Extensions, in the order of names.
    pub extensions: Vec<Extension>,
    /// Inputs of the flake, in the order of names.
    pub inputs: Vec<Input>,
    /// Systems that are built for from now on.
    pub systems_added: Vec<System>,
    /// And those that are not any more.
    pub systems_removed: Vec<System>,
}

/// A PostgreSQL that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Server {
    /// Its name in the catalogue.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// Its version before, where it is known.
    pub from: Option<String>,
    /// And now.
    pub to: Option<String>,
    /// How many extensions it has; of one that was removed, had.
    pub extensions: usize,
    /// Vulnerabilities that it has no more, by its project's advisories.
    pub mends: Vec<String>,
    /// And those that it has now.
    pub brings: Vec<String>,
    /// What else differs.
    pub remarks: Vec<String>,
    /// What changed in the source.
    pub compare: Option<String>,
    /// What its makers say of the version.
    pub notes: Option<String>,
}

/// An extension that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Extension {
    /// Its name in the catalogue.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// For which PostgreSQL what differs.
    pub moves: Vec<Move>,
    /// Licences before, by their names in nixpkgs, if they differ.
    pub licences_before: Option<Vec<String>>,
    /// Licences now, if they differ or it is new.
    pub licences: Option<Vec<String>>,
    /// What else differs.
    pub remarks: Vec<String>,
    /// Upstream's own account of the newest version.
    pub changelog: Option<String>,
    /// Its page.
    pub homepage: String,
}

/// One difference, and the PostgreSQLs that have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Move {
    /// Names of PostgreSQLs.
    pub postgresql: Vec<String>,
    /// What happened.
    pub what: What,
    /// The version before.
    pub from: Option<Version>,
    /// The version now.
    pub to: Option<Version>,
    /// What changed in the source.
    pub compare: Option<String>,
}

/// What happened to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The PostgreSQL did not have the extension.
    Added,
    /// It has it no more.
    Removed,
    /// The default is another version.
    Moved,
    /// A version came beside the default.
    BesideAdded,
    /// A version beside the default went.
    BesideRemoved,
    /// The version is the same, its source is not.
    Source,
    /// The version is the same, and built in another way.
    Build,
}

/// A version, and whether it is of the catalogue or of nixpkgs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Version {
    /// Where it is known.
    pub version: Option<String>,
    /// Whose it is.
    pub nixpkgs: bool,
}

/// An input of the flake that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// Commit or hash before.
    pub from: Option<String>,
    /// And now.
    pub to: Option<String>,
    /// The day of that commit.
    pub from_date: Option<String>,
    /// The day of this one.
    pub to_date: Option<String>,
    /// What changed in it.
    pub compare: Option<String>,
    /// What the move means for the catalogue, by the tables of both revisions.
    pub meaning: Option<Meaning>,
    /// Why that is not known.
    pub unknown: Option<String>,
}

impl Changes {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is built anew, or why that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rebuilt {
    /// Packages before or after.
    pub packages: usize,
    /// How many of them are `added`, `removed`, `rebuilt`, `broken`, `mended` or `unknown`.
    pub counts: Vec<(String, usize)>,
    /// Why some are rebuilt, what concerns most first.
    pub causes: Vec<Cause>,
    /// Why nothing could be evaluated.
    pub unknown: Option<String>,
}

/// Why packages are rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cause {
    /// What differs, and of which derivation.
    pub what: String,
    /// How many packages that rebuilds.
    pub packages: usize,
}

/// How large what servers are delivered as was and is, or why that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sizes {
    /// Those that are known on a side at least, and are not the same on both.
    pub list: Vec<Size>,
    /// How many are as large as before.
    pub same: usize,
    /// Those that are known on no side: `psql_17/bin (x86_64-linux)`.
    pub unmeasured: Vec<String>,
    /// Why nothing could be evaluated.
    pub unknown: Option<String>,
}

/// How large an environment was and is, with all that it brings along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Size {
    /// `psql_17/bin`; `psql_17/slim` is what the image is made of.
    pub attribute: String,
    /// For which system.
    pub system: String,
    /// What became of it.
    pub change: Change,
    /// Bytes before, where that is known.
    pub before: Option<u64>,
    /// Bytes now, where that is known.
    pub now: Option<u64>,
    /// Why one of them is not.
    pub unknown: Option<String>,
}

/// Differences with the names of both sides.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The side before.
    pub from: &'a str,
    /// The side now; `None`: the files as they are.
    pub to: Option<&'a str>,
    /// What differs.
    pub changes: &'a Changes,
    /// What is rebuilt, if that was asked for.
    pub rebuilt: Option<&'a Rebuilt>,
    /// What it means for sizes, if that was asked for.
    pub sizes: Option<&'a Sizes>,
}

impl Document<'_> {
    /// What it is called.
    fn title(&self) -> String {
        match self.to {
            Some(to) => format!("Changes from {} to {to}", self.from),
            None => format!("Changes since {}", self.from),
        }
    }
}
