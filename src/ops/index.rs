//! Indexing: what nixpkgs has, kept beside the catalogue: its attribute names, and versions and refusals of
//! all that it has for PostgreSQL.

use camino::{Utf8Path, Utf8PathBuf};

use super::evaluate::{self, Evaluation};
use super::{Error, Host};
use crate::catalogue::names::System;
use crate::catalogue::nixpkgs;
use crate::layout::{self, CATALOGUE};
use crate::nix::eval::{Settings, current_system};
use crate::nix::flake;
use crate::overrides::evaluated;
use crate::overrides::index::{Coverage, Index};
use crate::overrides::{names, postgresql_facts};
use crate::tree::place;

/// Where the names come from.
#[derive(Clone, Debug)]
pub enum From<'a> {
    /// The catalogue's nixpkgs, where it is on this machine.
    Catalogue,
    /// The nixpkgs in this folder.
    Tree(&'a Utf8Path),
    /// These lists of names.
    Names {
        /// The names.
        names: Vec<String>,
        /// Some may be missing.
        partial: bool,
    },
}

/// What is to be indexed.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Where the names come from.
    pub from: From<'a>,
    /// The revision that is recorded; `None`: the catalogue's, or that of the folder's git repository.
    pub revision: Option<&'a str>,
    /// The system to evaluate for; `None`: this machine's.
    pub system: Option<&'a str>,
    /// Where the index goes, and no table is made; `None`: into the catalogue.
    pub output: Option<&'a Utf8Path>,
    /// How the flake is evaluated to find the catalogue's nixpkgs.
    pub evaluation: Evaluation,
}

/// The names, written.
#[derive(Debug)]
pub struct Indexed {
    /// Where.
    pub output: Utf8PathBuf,
    /// What.
    pub index: Index,
    /// The nixpkgs that was evaluated, whose table is to be made.
    tree: Option<Utf8PathBuf>,
}

/// The table, written.
#[derive(Debug)]
pub struct Tabled {
    /// Where.
    pub output: Utf8PathBuf,
    /// What.
    pub table: nixpkgs::Table,
    /// What does not evaluate, and is not in it.
    pub failed: Vec<String>,
}

/// Finds the names and writes the index.
///
/// # Errors
/// When the names cannot be had or the index cannot be written.
pub fn index(request: &Request<'_>, host: &dyn Host) -> Result<Indexed, Error> {
    let root = request.root;
    let (mut coverage, mut tree) = (Coverage::Complete, None);
    let (revision, names) = match &request.from {
        From::Names { names, partial } => {
            if *partial {
                coverage = Coverage::Partial;
            }
            (request.revision.unwrap_or_default().to_owned(), names.clone())
        }
        From::Tree(folder) => {
            tree = Some((*folder).to_owned());
            (revision_of(request, folder)?, evaluate(request, folder, host)?)
        }
        From::Catalogue => {
            let catalogue = super::usable(root, host)?;
            let rev = catalogue.flake.nixpkgs().map(|input| input.revision().to_owned());
            let evaluation = &request.evaluation;
            let asked = evaluate::Asked { root, catalogue: &catalogue, evaluation, host };
            let folder = evaluated::input(evaluate::task(asked), "nixpkgs")
                .map_err(|what| Error::NoNixpkgs(evaluate::missing(&catalogue, what)))?;
            let revision = match (request.revision, evaluation.inputs.is_empty(), rev) {
                (Some(revision), ..) => revision.to_owned(),
                (None, true, Some(rev)) => rev,
                _ => revision_of(request, &folder)?,
            };
            let names = evaluate(request, &folder, host)?;
            tree = Some(folder);
            (revision, names)
        }
    };
    if names.is_empty() {
        return Err(Error::NoNames);
    }
    let index = Index::new(revision, coverage, names);
    let output =
        request.output.map_or_else(|| root.join(CATALOGUE).join(layout::NIXPKGS_INDEX), Utf8Path::to_owned);
    write(request.output, root, layout::NIXPKGS_INDEX, &index.write()?)?;
    // A table of part of what the index was wanted for, elsewhere, has no place of its own.
    Ok(Indexed { output, index, tree: tree.filter(|_| request.output.is_none()) })
}

impl Indexed {
    /// Writes what nixpkgs has for PostgreSQL, where a nixpkgs was evaluated for the catalogue.
    ///
    /// # Errors
    /// When it cannot be evaluated, or the table not be written.
    pub fn table(&self, request: &Request<'_>, host: &dyn Host) -> Result<Option<Tabled>, Error> {
        let Some(tree) = &self.tree else { return Ok(None) };
        table(request, tree, self.index.revision.clone(), host).map(Some)
    }
}

fn table(request: &Request<'_>, tree: &Utf8Path, revision: String, host: &dyn Host) -> Result<Tabled, Error> {
    let root = request.root;
    let catalogue = super::load(root)?.catalogue;
    let systems = match (request.system, catalogue) {
        (Some(system), _) => vec![System::new(system)],
        (None, Some(catalogue)) => catalogue.flake.systems,
        (None, None) => vec![System::new(current_system())],
    };
    let settings = Settings::default();
    let asked = postgresql_facts::of_tree(tree.as_std_path(), revision, &systems, &settings, host);
    let (table, failed) = asked.map_err(|why| Error::NoPackages { tree: tree.to_owned(), why })?;
    write(None, root, layout::NIXPKGS_TOML, table.write().as_bytes())?;
    Ok(Tabled { output: root.join(CATALOGUE).join(layout::NIXPKGS_TOML), table, failed })
}

/// Where the user said, or into the catalogue, which may not lead out of the repository.
pub(super) fn write(
    output: Option<&Utf8Path>,
    root: &Utf8Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), Error> {
    let _unbroken = crate::interrupt::unbroken();
    let written = match output {
        Some(output) => place::replace(output, bytes),
        None => place::Place::open(root).and_then(|root| root.replace(&layout::in_catalogue(name), bytes)),
    };
    written.map_err(|cause| Error::IndexNotWritten {
        output: output.map_or_else(|| root.join(CATALOGUE).join(name), Utf8Path::to_owned),
        done: place::is_done(&cause),
        cause,
    })
}

/// The revision that was named, else that of the git repository.
fn revision_of(request: &Request<'_>, tree: &Utf8Path) -> Result<String, Error> {
    if let Some(revision) = request.revision {
        return Ok(revision.to_owned());
    }
    let root = flake::git_root(tree.as_std_path());
    match root.map(|root| flake::revision(&root, "HEAD")) {
        Some(Ok(revision)) => Ok(revision),
        // git says what is to be done.
        Some(Err(error)) if error.message().contains("safe.directory") => Err(error.into()),
        _ => Err(Error::WhichRevision(tree.to_owned())),
    }
}

fn evaluate(request: &Request<'_>, tree: &Utf8Path, host: &dyn Host) -> Result<Vec<String>, Error> {
    if !tree.join("default.nix").is_file() {
        return Err(Error::NotNixpkgs(tree.to_owned()));
    }
    let system = request.system.map_or_else(current_system, str::to_owned);
    let settings = Settings { system, ..Settings::default() };
    names::of_tree(tree.as_std_path(), settings, host)
        .map_err(|why| Error::NoPackages { tree: tree.to_owned(), why })
}
