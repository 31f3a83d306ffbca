//! How extensions are built: one file per kind, which says all there is to say of it.
//!
//! A kind says which keys it takes and which of its own it brings, what else must be true of an entry, with which
//! function of the generated Nix it is built, and by what `add` and `import` recognize it. Whoever reads, checks,
//! renders, documents, fetches or imports asks the [`KindSpec`], and knows no kind by name.

use std::fmt;
use std::ops::Deref;

use super::expression::Nix;
use super::model::Build;
use super::raw::{ExtensionFile, RawExtension, RawVersion};
use super::rules::Context;
use crate::diag::Diagnostics;

pub mod own;

pub use own::{Key, Own, OwnValue, Place, Type};

/// All kinds, in the order in which they are documented.
macro_rules! kinds {
    ($($(#[$attribute:meta])* $module:ident::$spec:ident,)*) => {
        $($(#[$attribute])* pub(crate) mod $module;)*
        static ALL: &[Kind] = &[$($(#[$attribute])* Kind(&$module::$spec),)*];
    };
}

kinds! {
    pgxs::Pgxs,
    sql::Sql,
    cmake::Cmake,
    configure::Configure,
    meson::Meson,
    pgrx::Pgrx,
    prebuilt::Prebuilt,
    nixpkgs::Nixpkgs,
    custom::Custom,
    // What a test adds to them.
    #[cfg(test)]
    example::Example,
}

#[cfg(test)]
mod tests;

/// How far below the root the files lie that expressions of kinds get into.
pub const DEPTH: usize = 2;

/// Where a kind's derivation comes from.
#[derive(Clone, Copy, Debug)]
pub enum Recipe {
    /// A function of the generated Nix, which the extension's attributes are given to.
    Builder(Builder),
    /// The override file gives all of it; the function calls it.
    Override(Builder),
    /// The package set has it.
    PackageSet,
}

/// A function of the generated Nix: `buildNAME` in `generated/lib/build-NAME.nix`.
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    /// The file's text.
    pub text: &'static str,
    /// What `generated/lib/builders.nix` calls it with, beside the package set.
    pub arguments: &'static str,
}

/// An attribute or a parameter with its value, if a version has one.
pub type Attribute = (&'static str, fn(&Build) -> Option<Nix>);

/// What a configuring program is told.
pub struct Flags {
    /// The attribute: `cmakeFlags`.
    pub attribute: &'static str,
    /// The key: `cmake-flags`.
    pub key: &'static str,
    /// Those of a version.
    pub of: fn(&Build) -> &[String],
}

/// Something given to the builder itself, before the attributes.
pub struct Parameter {
    /// Its name, and its value for a version.
    pub attribute: Attribute,
    /// It is left out where no version has a value.
    pub optional: bool,
}

/// What a source shows of how it is built.
pub struct SourceClues<'a> {
    /// Its Cargo.toml depends on pgrx.
    pub depends_on_pgrx: bool,
    /// All its Makefiles.
    pub make: &'a str,
    /// The Makefiles name something that is compiled.
    pub compiles: bool,
    /// Whether the folder that is built has a file.
    pub has: &'a dyn Fn(&str) -> bool,
}

/// What a hand-written derivation shows of how it is built.
pub struct RecipeClues<'a> {
    /// It is built by nixpkgs' builder for pgrx.
    pub is_pgrx: bool,
    /// `dontBuild`.
    pub builds_nothing: bool,
    /// Whether a program is among its native inputs.
    pub tool: &'a dyn Fn(&str) -> bool,
    /// Whether it has a key of the catalogue that is a list.
    pub key: &'a dyn Fn(&str) -> bool,
    /// Whether it has an attribute that no key of the catalogue is for.
    pub attribute: &'a dyn Fn(&str) -> bool,
}

/// That a source is of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Clue {
    /// Of several kinds the one with the most weight is meant.
    pub weight: u8,
    /// What says so.
    pub from: &'static str,
}

/// All that is to be said of a kind.
pub trait KindSpec: Sync {
    /// As written in the catalogue.
    fn name(&self) -> &'static str;

    /// One line for whoever chooses one.
    fn describe(&self) -> &'static str;

    /// What else people call it.
    fn also_called(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where the derivation comes from.
    fn recipe(&self) -> Recipe;

    /// Whether it takes a key that not all kinds have.
    fn takes(&self, key: &str) -> bool {
        built(key) || self.brings(key)
    }

    /// Keys that are there for it alone, and that it need not share.
    fn keys(&self) -> &'static [Key] {
        &[]
    }

    /// Whether a key is one of its own.
    fn brings(&self, key: &str) -> bool {
        self.keys().iter().any(|own| own.name == key)
    }

    /// What must be true of an entry beside that its keys are those it takes.
    fn check(&self, _cx: &Context<'_>, _file: &ExtensionFile, _found: &mut Diagnostics) {}

    /// A version's keys that only it has, into the model. `None`: something is missing, which [`Self::check`] said.
    fn resolve(&self, _extension: &RawExtension, _version: &RawVersion, _build: &mut Build) -> Option<()> {
        Some(())
    }

    /// Whether it has a file for each system and PostgreSQL, each with a hash of its own, in place of one source.
    fn has_files(&self) -> bool {
        false
    }

    /// What may stand in braces in its source's address.
    fn placeholders(&self) -> &'static [&'static str] {
        &["version"]
    }

    /// The flags of its configuring program.
    fn flags(&self) -> Option<Flags> {
        None
    }

    /// Attributes that only it has.
    fn attributes(&self) -> Vec<Attribute> {
        Vec::new()
    }

    /// What its builder is told before the attributes.
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// Native inputs that its builder adds.
    fn adds(&self) -> &'static [&'static str] {
        &[]
    }

    /// What its builder and nixpkgs' hand to mkDerivation beside what all derivations have; `None`: any attribute.
    fn handed(&self) -> Option<&'static [&'static str]> {
        Some(HANDED)
    }

    /// Whether the source is a crate, whose own crates are pinned beside it.
    fn has_crates(&self) -> bool {
        false
    }

    /// The key that says which folder of the source is built.
    fn folder_key(&self) -> &'static str {
        "source-root"
    }

    /// Whether a source is of this kind.
    fn detect(&self, _clues: &SourceClues<'_>) -> Option<Clue> {
        None
    }

    /// Whether a hand-written derivation is of this kind, and how much that counts.
    fn recognize(&self, _clues: &RecipeClues<'_>) -> Option<u8> {
        None
    }

    /// Attributes of a hand-written derivation that its builder makes needless.
    fn needless(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The keys of all that is built here.
fn built(key: &str) -> bool {
    matches!(
        key,
        "default"
            | "version"
            | "hash"
            | "build-inputs"
            | "native-build-inputs"
            | "env"
            | "patches"
            | "source-root"
    )
}

/// What nixpkgs' postgresqlBuildExtension adds before overrides are applied.
const HANDED: &[&str] = &["installFlags", "postInstall", "strictDeps"];

/// How an extension is built.
#[derive(Clone, Copy)]
pub struct Kind(&'static dyn KindSpec);

impl Kind {
    /// The package set's own, which is meant where a source is just `"nixpkgs"`.
    pub const NIXPKGS: Kind = Kind(&nixpkgs::Nixpkgs);
    /// PGXS, which is meant where nothing says another.
    pub const USUAL: Kind = Kind(&pgxs::Pgxs);

    /// All, in the order they are documented.
    pub fn all() -> impl DoubleEndedIterator<Item = Kind> + Clone {
        ALL.iter().copied()
    }

    /// Their names.
    pub fn names() -> Vec<&'static str> {
        Kind::all().map(|kind| kind.name()).collect()
    }

    /// The kind called `name` in the catalogue.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.name() == name)
    }

    /// Whether the package set has the recipe.
    pub fn is_package_sets(self) -> bool {
        matches!(self.recipe(), Recipe::PackageSet)
    }

    /// Whether the override file gives the whole derivation.
    pub fn is_hand_written(self) -> bool {
        matches!(self.recipe(), Recipe::Override(_))
    }

    /// The builder, if it has one of ours.
    pub fn builder(self) -> Option<Builder> {
        match self.recipe() {
            Recipe::Builder(builder) | Recipe::Override(builder) => Some(builder),
            Recipe::PackageSet => None,
        }
    }

    /// The builder's name in the generated Nix: `buildPgxs`.
    pub fn function(self) -> String {
        let name = self.name();
        let (first, rest) = name.split_at(name.len().min(1));
        format!("build{}{rest}", first.to_ascii_uppercase())
    }

    /// The kind whose builder, with or without arguments of its own, an expression of the generated Nix is.
    pub fn from_function(text: &str) -> Option<Kind> {
        let name = text.split_whitespace().next()?;
        Kind::all().find(|kind| matches!(kind.recipe(), Recipe::Builder(_)) && kind.function() == name)
    }

    /// The builder's file in `generated/lib/`.
    pub fn file(self) -> String {
        format!("build-{}.nix", self.name())
    }
}

impl Deref for Kind {
    type Target = dyn KindSpec;
    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
