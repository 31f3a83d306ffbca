//! What is in an environment or image: a bill of materials, made of derivations, without building anything.
//!
//! A derivation names what it is built with. What of that its output refers to when it runs is decided by building
//! it; until then it is one of these, and no other. So each component says why it is here ([`Reason`]), and the bill
//! whether that was measured on what was built or told from derivations ([`Basis`]).

pub mod crates;
mod cyclonedx;
mod graph;
mod identity;
pub mod licence;
mod spdx2;
mod spdx3;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

pub use cyclonedx::cyclonedx;
pub use graph::{Derivations, Fact, Facts, Request, bill, output_paths, source_of, split_name};
pub use licence::Licence;
pub use spdx2::spdx2;
pub use spdx3::spdx3;

use crate::store::{Algorithm, Hash};

/// How it is known what is there when the environment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What derivations name other than as their tools. It may be more than what is there, and is not less.
    Derivations,
    /// What the built files refer to.
    Store,
}

/// Why a component is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is what the bill is about.
    Subject,
    /// It is named by the environment, or by something in it, as more than a tool.
    Named,
    /// It is the C library or the run-time libraries of the compiler.
    Toolchain,
    /// The built files refer to it.
    Referred,
    /// It is only a tool that something was built with.
    Tool,
}

impl Reason {
    /// Whether it is, or may be, there at run time.
    pub fn is_required(self) -> bool {
        self != Self::Tool
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Named => "named by a derivation",
            Self::Toolchain => "run-time library of the toolchain",
            Self::Referred => "referred to by what was built",
            Self::Tool => "tool of the build",
        }
    }
}

/// What sort of thing a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An environment.
    Environment,
    /// A container image.
    Container,
    /// The server.
    Server,
    /// One of its extensions.
    Extension,
    /// Anything else.
    Library,
}

/// A file or tree that a component is built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Where it is from, if that is an address of the web.
    pub url: Option<String>,
    /// Its hash: algorithm and hexadecimal digits.
    pub hash: Option<(String, String)>,
    /// The hash is of the unpacked tree, as Nix serialises it, and not of the file at the address.
    pub tree: bool,
}

/// A change that was made to the sources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Patch {
    /// The file's name.
    pub name: String,
    /// Where it is from, if it was fetched.
    pub source: Option<Source>,
}

/// A Rust crate that is linked into a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its archive, where it is from the registry.
    pub checksum: Option<String>,
    /// The repository and revision, where it is from git.
    pub git: Option<String>,
}

/// The crates of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Crates {
    /// It is no Rust.
    #[default]
    None,
    /// They are in a lock file that is not here; why.
    Unknown(&'static str),
    /// These.
    Known(Vec<Crate>),
}

/// Something with a version.
#[derive(Clone, Debug)]
pub struct Component {
    /// The derivation's name in the store, which is unique.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// What it is.
    pub sort: Sort,
    /// Why it is here.
    pub reason: Reason,
    /// One line.
    pub description: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
    /// Its licences, all of which hold; none: not known.
    pub licences: Vec<Licence>,
    /// Its package URL.
    pub purl: Option<String>,
    /// Its name in the National Vulnerability Database.
    pub cpe: Option<String>,
    /// Whether that name is told from owner and repository, and not known.
    pub cpe_is_guess: bool,
    /// What it is built from.
    pub sources: Vec<Source>,
    /// What is changed in these.
    pub patches: Vec<Patch>,
    /// What is linked into it.
    pub crates: Crates,
    /// Where it would be in the store.
    pub outputs: BTreeMap<String, String>,
}

/// The bill.
#[derive(Clone, Debug)]
pub struct Bill {
    /// What it is about: an attribute of the flake.
    pub subject: String,
    /// The system it is for.
    pub system: String,
    /// The component that it is about.
    pub root: String,
    /// All of them, the root among them, in the order of names.
    pub components: Vec<Component>,
    /// What each needs, by ids.
    pub needs: BTreeMap<String, BTreeSet<String>>,
    /// How that is known.
    pub basis: Basis,
    /// Seconds since 1970: of the newest input, not of now.
    pub time: i64,
}

impl Bill {
    /// The component that it is about.
    pub fn subject(&self) -> Option<&Component> {
        self.components.iter().find(|component| component.id == self.root)
    }

    /// All others.
    pub fn others(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(|component| component.id != self.root)
    }
}

/// A UUID of a text: the same for the same.
fn uuid(text: &str) -> String {
    let hex = Hash::of(Algorithm::Sha256, text).to_base16();
    // Version 8: made as one likes; variant 1.
    let variant = match u8::from_str_radix(hex.get(16..17).unwrap_or("8"), 16).unwrap_or(8) & 3 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("{}-{}-8{}-{variant}{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

/// `2026-07-23T08:54:16Z`.
fn timestamp(seconds: i64) -> String {
    let compact = crate::store::dates::compact(seconds);
    let part = |range: std::ops::Range<usize>| compact.get(range).unwrap_or_default();
    format!("{}-{}-{}T{}:{}:{}Z", part(0..4), part(4..6), part(6..8), part(8..10), part(10..12), part(12..14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_and_times_have_their_forms() {
        let one = uuid("a");
        assert_eq!(one, uuid("a"));
        assert_ne!(one, uuid("b"));
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'8');
        assert!(b"89ab".contains(&one.as_bytes()[19]));
        assert_eq!(timestamp(1_784_796_856), "2026-07-23T08:54:16Z");
    }
}
