//! What is in an environment or image of the flake: evaluated, not built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use camino::Utf8Path;
use serde::Deserialize;

use super::evaluate::{Evaluation, missing, own_system, systems};
use super::{Error, Host, references};
use crate::accounts::bill::{self, Bill, Crates, Derivations, Fact, Facts, Licence, Sort, crates};
use crate::catalogue::model::{Catalogue, Vendor};
use crate::interrupt::TemporaryDirectory;
use crate::layout::CATALOGUE;
use crate::limited;
use crate::nix::eval::{self, ErrorKind, Machine, Session, Settings, Text, Value};
use crate::progress::progress;
use crate::store::{Derivation, StoreDir, StorePath};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The attribute: `psql_17/bin`.
    pub attribute: &'a str,
    /// Whether the tools of the build are wanted, too.
    pub tools: bool,
    /// The folder of a store in which it is built: what the files there refer to is what is there at run time.
    pub store: Option<&'a Path>,
    /// How it is evaluated; the first system counts.
    pub evaluation: Evaluation,
}

impl<'a> Request<'a> {
    /// What an attribute is made of, without tools, by its derivations.
    pub fn of(root: &'a Utf8Path, attribute: &'a str, evaluation: &Evaluation) -> Self {
        Self { root, attribute, tools: false, store: None, evaluation: evaluation.clone() }
    }
}

/// What a package says of itself.
#[derive(Deserialize)]
struct Said {
    path: String,
    description: Option<String>,
    homepage: Option<String>,
    licences: Vec<SaidLicence>,
    cpe: Option<String>,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct SaidLicence {
    spdx: Option<String>,
    name: Option<String>,
    free: bool,
}

const DESCRIBE: &str = include_str!("sbom.nix");

/// Makes the bill. Nothing is written but temporary files.
///
/// # Errors
/// When the catalogue cannot be read, or the attribute not be evaluated; with `store`, when it is not built there.
pub fn sbom(request: &Request<'_>, host: &dyn Host) -> Result<Bill, Error> {
    Ok(with_derivations(request, host)?.0)
}

/// The bill, with the derivations that it is made of.
///
/// # Errors
/// As [`sbom`](fn@sbom).
pub(super) fn with_derivations(request: &Request<'_>, host: &dyn Host) -> Result<(Bill, Derivations), Error> {
    let catalogue = super::usable(request.root, host)?;
    let system = match systems(&catalogue, &request.evaluation.systems)?.first() {
        Some(first) if !request.evaluation.systems.is_empty() => first.clone(),
        _ => own_system(&catalogue),
    };
    let evaluating = progress(host, "evaluating", 0);
    let folder = TemporaryDirectory::new("derivations-")?;
    let settings = Settings {
        pure: true,
        system: system.into(),
        write_to: Some(folder.path().to_owned()),
        ..request.evaluation.settings.clone()
    };
    let (said, path) = evaluate(request, &catalogue, settings)?;
    drop(evaluating);
    let store = StoreDir::default();
    let derivations = derivations(folder.path(), &store)?;
    let root = store.parse(&path)?;
    let sort = sort(request.attribute);
    let facts = facts(request.root, &catalogue, said);
    let referred = match request.store {
        Some(folder) => Some(referred(request, folder, &root, &derivations, sort, host)?),
        None => None,
    };
    let time = catalogue.flake.inputs.iter().map(|input| input.last_modified).max().unwrap_or(0);
    let wanted = bill::Request {
        subject: request.attribute,
        root: &root,
        sort,
        tools: request.tools,
        referred: referred.as_ref(),
        time: i64::try_from(time).unwrap_or(0),
    };
    let made = bill::bill(&wanted, &derivations, &facts, &store);
    let mut made = made.ok_or_else(|| Error::NotEvaluable {
        attribute: request.attribute.to_owned(),
        why: "its derivation was not written".to_owned(),
    })?;
    if let Some(folder) = request.store {
        lock_files(&mut made, folder, &derivations);
    }
    Ok((made, derivations))
}

fn sort(attribute: &str) -> Sort {
    match attribute.rsplit('/').next() {
        Some("docker") => Sort::Container,
        _ if attribute.contains("/exts/") => Sort::Extension,
        _ => Sort::Environment,
    }
}

/// What packages say, and the attribute's derivation.
fn evaluate(
    request: &Request<'_>,
    catalogue: &Catalogue,
    settings: Settings,
) -> Result<(Vec<Said>, String), Error> {
    let failed = |error: eval::Error| Error::NotEvaluable {
        attribute: request.attribute.to_owned(),
        why: match error.kind() {
            ErrorKind::Unavailable => missing(catalogue, error.message().to_owned()),
            _ => error.to_string(),
        },
    };
    let root = request
        .root
        .canonicalize_utf8()
        .map_err(|source| Error::Read { path: request.root.to_owned(), source })?;
    let session = Session::new(Arc::new(Machine), settings);
    let run = || -> eval::Result<(String, String)> {
        let outputs = session.flake(root.as_str(), &request.evaluation.inputs)?;
        let (_, value) = session.flake_output(&outputs, root.as_str(), request.attribute)?;
        let Some(package) = value.package()? else {
            let found = if value.is_set()? { "a set".to_owned() } else { value.describe()? };
            let message = format!("it is no package but {found}");
            return Err(eval::Error::new(ErrorKind::Type, message));
        };
        let function = session.eval(Text::Expression(DESCRIBE.as_bytes(), Path::new("/")))?;
        let name = request.attribute.split('/').next().unwrap_or_default();
        let others = others(&outputs, name).unwrap_or_else(|| session.list(&[]));
        let tools = session.bool(request.tools);
        let arguments = session.set([("others", others), ("root", value), ("tools", tools)]);
        Ok((function.call(&arguments)?.to_json()?, package.drv_path))
    };
    let (json, path) = run().map_err(failed)?;
    let said: Vec<Said> = serde_json::from_str(&json).map_err(|error| Error::NotEvaluable {
        attribute: request.attribute.to_owned(),
        why: error.to_string(),
    })?;
    Ok((said, path))
}

/// The environment that an image or another of its kin is made of: what is in it says more of itself.
fn others<'s>(outputs: &Value<'s>, name: &str) -> Option<Value<'s>> {
    let mut value = outputs.clone();
    let system = &outputs.session().evaluator().settings().system;
    for part in ["legacyPackages", system, name, "bin"] {
        value = value.attr(part).ok()??;
    }
    value.force().ok().map(|_| value)
}

/// The derivations that evaluation has written.
fn derivations(folder: &Path, store: &StoreDir) -> Result<Derivations, Error> {
    let mut all = Derivations::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(base) = name.to_str().filter(|name| name.ends_with(".drv")) else { continue };
        let path = StorePath::from_base_name(base)?;
        match Derivation::in_folder(folder, &path, store) {
            Ok(drv) => drop(all.insert(path, drv)),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all)
}

/// What packages and the catalogue say.
fn facts(root: &Utf8Path, catalogue: &Catalogue, said: Vec<Said>) -> Facts {
    let mut facts = Facts::default();
    for Said { path, description, homepage, licences, cpe, purl } in said {
        let licences = licences
            .iter()
            .map(|one| Licence::of_meta(one.spdx.as_deref(), one.name.as_deref(), one.free))
            .collect();
        let fact = Fact { description, homepage, licences, cpe, purl, ..Fact::default() };
        facts.by_derivation.insert(path, fact);
    }
    for extension in &catalogue.extensions {
        let licences: Vec<Licence> =
            extension.licenses.iter().map(|name| Licence::of_nixpkgs(name)).collect();
        for version in &extension.versions {
            let lock = match version.build.pgrx.as_ref().map(|pgrx| &pgrx.vendor) {
                Some(Vendor::Lock { file, .. }) => limited::read(root.join(CATALOGUE).join(file)).ok(),
                _ => None,
            };
            let crates = lock.and_then(|lock| crates::of_lock(&String::from_utf8_lossy(&lock)));
            let fact = Fact {
                description: Some(extension.description.clone()),
                homepage: Some(extension.homepage.clone()),
                licences: licences.clone(),
                fetcher: Some(version.source.fetcher.clone()),
                sort: Some(Sort::Extension),
                crates,
                ..Fact::default()
            };
            facts.by_name.insert((extension.name.to_string(), version.version.clone()), fact);
        }
    }
    for postgresql in &catalogue.postgresqls {
        let Some(pinned) = &postgresql.pinned else { continue };
        let fact = Fact {
            fetcher: Some(pinned.source.fetcher.clone()),
            sort: Some(Sort::Server),
            ..Fact::default()
        };
        facts.by_name.insert(("postgresql".to_owned(), pinned.version.clone()), fact);
    }
    facts
}

/// The hashes of all that the built files refer to.
fn referred(
    request: &Request<'_>,
    folder: &Path,
    root: &StorePath,
    derivations: &Derivations,
    sort: Sort,
    host: &dyn Host,
) -> Result<BTreeSet<String>, Error> {
    if sort == Sort::Container {
        return Err(Error::NotEvaluable {
            attribute: request.attribute.to_owned(),
            why: "an image is packed, so that nothing can be found in it; ask for what it is made of, as psql_17/slim"
                .to_owned(),
        });
    }
    let _looking = progress(host, "looking into the store", 0);
    let known: BTreeMap<String, String> = bill::output_paths(derivations);
    let outputs = derivations.get(root).into_iter().flat_map(|drv| drv.outputs.values());
    let mut begin = Vec::new();
    for path in outputs.filter_map(|output| output.path()) {
        if folder.join(path.base_name()).symlink_metadata().is_ok() {
            begin.push(path.base_name().to_owned());
        }
    }
    if begin.is_empty() {
        return Err(Error::NotBuilt {
            attribute: request.attribute.to_owned(),
            path: root.name().trim_end_matches(".drv").to_owned(),
            store: folder.display().to_string(),
        });
    }
    references::closure(folder, &begin, &known).map_err(Error::Io)
}

/// Crates of lock files that are in sources which are in the store.
fn lock_files(bill: &mut Bill, folder: &Path, derivations: &Derivations) {
    for component in bill.components.iter_mut().filter(|one| matches!(one.crates, Crates::Unknown(_))) {
        let Some(source) = bill::source_of(derivations, &component.id) else { continue };
        let Ok(path) = camino::Utf8PathBuf::from_path_buf(folder.join(source).join("Cargo.lock")) else {
            continue;
        };
        let text = limited::read(&path).ok();
        if let Some(crates) = text.and_then(|text| crates::of_lock(&String::from_utf8_lossy(&text))) {
            component.crates = Crates::Known(crates);
        }
    }
}
