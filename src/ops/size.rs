//! How large an environment is with all that it brings along: by package, by extension, and why each is there. What is
//! built is looked at in the store; what is not, binary caches describe.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use camino::Utf8Path;

use super::sides::{self, Flake, How, Side};
use super::{Error, Host, references};
use crate::progress::progress;
use crate::store::{Derivation, StorePath};
use crate::upstream::caches::{Caches, NarInfo, patience};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The attribute: `psql_17/bin`.
    pub attribute: &'a str,
    /// The revision that it is compared with.
    pub against: Option<&'a str>,
    /// The folder of the store.
    pub store: &'a Path,
    /// Binary caches that know what is not in the store.
    pub caches: &'a [String],
    /// How the flake is evaluated; its one system counts.
    pub how: How,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// As it is.
    pub now: Closure,
    /// At the revision.
    pub before: Option<Closure>,
    /// Caches that could not be asked, and why.
    pub warnings: Vec<String>,
}

/// A package with all that it brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// Bytes of all of it, as Nix counts them.
    pub bytes: u64,
    /// Its store paths, the largest first.
    pub members: Vec<Member>,
    /// What each extension brings that nothing else does, the largest first.
    pub shares: Vec<Share>,
}

/// A store path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name with the hash.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// Names from the package to it: one refers to the next, on the shortest way.
    pub why: Vec<String>,
    /// The only extension that brings it along.
    pub extension: Option<String>,
}

impl Member {
    /// Its name.
    pub fn name(&self) -> &str {
        name(&self.path)
    }
}

/// What only one extension brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The extension.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// Store paths.
    pub paths: usize,
}

/// Looks. Writes nothing.
///
/// # Errors
/// When the flake cannot be evaluated, has no such attribute, or something is neither built nor described.
pub fn size(request: &Request<'_>, host: &dyn Host) -> Result<Size, Error> {
    if request.attribute.ends_with("/docker") {
        let why = "an image is packed; ask for what it is made of, as psql_17/slim";
        return Err(not_measurable(request.attribute, why));
    }
    let (now, before) = match request.against {
        None => {
            let root = request.root.canonicalize_utf8();
            let root = root.map_err(|source| Error::Read { path: request.root.to_owned(), source })?;
            (sides::side(root.into_string(), "the files as they are", &request.how, host)?, None)
        }
        Some(rev) => {
            let flake = Flake::around(request.root)?;
            (flake.side(None, &request.how, host)?, Some(flake.side(Some(rev), &request.how, host)?))
        }
    };
    let _looking = progress(host, "looking into store and caches", 0);
    let (caches, left_out) = Caches::reach(request.caches, patience(), false)?;
    let system = request.how.systems.first().map_or("", String::as_str);
    let measure = |side: &Side| {
        Scales::new(side, request.store, &caches, request.against)?.closure(system, request.attribute)
    };
    let (now, before) = (measure(&now)?, before.as_ref().map(measure).transpose()?);
    let warnings = left_out.iter().map(ToString::to_string).collect();
    Ok(Size { now, before, warnings })
}

fn not_measurable(attribute: &str, why: &str) -> Error {
    Error::NotEvaluable { attribute: attribute.to_owned(), why: why.to_owned() }
}

/// What a store path is called, without its hash.
fn name(path: &str) -> &str {
    path.get(33..).unwrap_or(path)
}

/// The output of a package of a side that is meant when none is named: its name with the hash.
fn output(side: &Side, attribute: &str) -> Option<String> {
    let outputs = side.jobs.get(attribute)?.outputs.as_ref()?;
    let path = outputs.get("out").or_else(|| outputs.values().next())?.as_ref()?;
    path.rsplit('/').next().map(str::to_owned)
}

/// Extensions of the same PostgreSQL: what their packages are called, without hashes, since slim ones are copies.
fn extensions(side: &Side, attribute: &str) -> BTreeMap<String, String> {
    let Some((server, _)) = attribute.split_once('/') else { return BTreeMap::new() };
    let start = format!("{server}/exts/");
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for full in side.jobs.keys() {
        let Some(extension) = full.strip_prefix(&start) else { continue };
        if let Some(path) = output(side, full) {
            // The plain attribute comes before those of single versions.
            named.entry(name(&path).to_owned()).or_insert_with(|| extension.to_owned());
        }
    }
    named
}

/// What tells how large the packages of a side are.
pub(super) struct Scales<'a> {
    side: &'a Side,
    store: &'a Path,
    caches: &'a Caches,
    revision: Option<&'a str>,
    known: BTreeMap<String, String>,
    graph: Graph,
}

impl<'a> Scales<'a> {
    /// Of what is in a store or described by caches; `revision` is what else must be built, for the error.
    ///
    /// # Errors
    /// When the side's derivations cannot be read.
    pub fn new(
        side: &'a Side,
        store: &'a Path,
        caches: &'a Caches,
        revision: Option<&'a str>,
    ) -> Result<Self, Error> {
        let known = known(side.folder.path())?;
        Ok(Self { side, store, caches, revision, known, graph: Graph { paths: BTreeMap::new() } })
    }

    /// The store path of a package, with its hash.
    ///
    /// # Errors
    /// When there is none, or it is not known before it is built.
    pub fn path(&self, system: &str, attribute: &str) -> Result<String, Error> {
        let full = format!("packages.{system}.{attribute}");
        let missing = |why: &str| not_measurable(attribute, why);
        let job = self.side.jobs.get(&full).ok_or_else(|| missing("the flake has no such package"))?;
        if let Some(error) = &job.error {
            return Err(missing(error));
        }
        output(self.side, &full).ok_or_else(|| missing("its path is not known before it is built"))
    }

    /// A package with all that it brings along.
    ///
    /// # Errors
    /// When there is none, or something of it is neither built nor described.
    pub fn closure(&mut self, system: &str, attribute: &str) -> Result<Closure, Error> {
        let root = self.weighed(system, attribute)?;
        let extensions = extensions(self.side, &format!("packages.{system}.{attribute}"));
        Ok(self.graph.closure(&root, &extensions))
    }

    /// Its bytes alone.
    ///
    /// # Errors
    /// As [`closure`](Self::closure).
    pub fn bytes(&mut self, system: &str, attribute: &str) -> Result<u64, Error> {
        let root = self.weighed(system, attribute)?;
        Ok(total(self.graph.reach(&root, None).keys().map(|path| self.graph.bytes(path))))
    }

    fn weighed(&mut self, system: &str, attribute: &str) -> Result<String, Error> {
        let root = self.path(system, attribute)?;
        self.graph.weigh(&root, self.store, &self.known, self.caches).map_err(|absent| match absent {
            Absent::Nowhere(path) => Error::NoSize {
                path,
                attribute: attribute.to_owned(),
                store: self.store.display().to_string(),
                revision: self.revision.map(str::to_owned),
            },
            Absent::Unreadable(error) => error.into(),
        })?;
        Ok(root)
    }
}

/// Why a store path has no size.
enum Absent {
    /// It is neither in the store nor described.
    Nowhere(String),
    /// It cannot be read.
    Unreadable(io::Error),
}

/// The hashes of all outputs and sources, by which references are found in files.
fn known(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let store = crate::store::StoreDir::default();
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(base) = name.to_str().filter(|name| name.ends_with(".drv")) else { continue };
        let Ok(drv) = Derivation::in_folder(folder, &StorePath::from_base_name(base)?, &store) else {
            continue;
        };
        for path in drv.outputs.values().filter_map(|output| output.path()).chain(&drv.input_srcs) {
            all.insert(path.hash_part().to_owned(), path.base_name().to_owned());
        }
    }
    Ok(all)
}

/// A store path: its bytes as an archive, and the names of the others that it refers to.
struct Node {
    bytes: u64,
    references: Vec<String>,
}

/// What a cache says; `None`: not how large it is.
fn described(path: &str, info: &NarInfo) -> Option<Node> {
    let references = info.references.iter().map(StorePath::base_name).filter(|name| *name != path);
    Some(Node { bytes: info.nar_size?, references: references.map(str::to_owned).collect() })
}

/// Bytes of several; caches can say what they like.
fn total(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// Store paths by their names.
struct Graph {
    paths: BTreeMap<String, Node>,
}

impl Graph {
    /// Adds what a path brings along.
    fn weigh(
        &mut self,
        root: &str,
        store: &Path,
        known: &BTreeMap<String, String>,
        caches: &Caches,
    ) -> Result<(), Absent> {
        // What is known is known with all it refers to: a path that fails adds nothing.
        let mut new: BTreeMap<String, Node> = BTreeMap::new();
        let mut level = BTreeSet::from([root.to_owned()]);
        level.retain(|path| !self.paths.contains_key(path));
        while !level.is_empty() {
            let (here, elsewhere): (Vec<String>, Vec<String>) =
                level.into_iter().partition(|path| store.join(path).symlink_metadata().is_ok());
            let infos = caches.describe(&elsewhere);
            let mut found = Vec::new();
            for path in elsewhere {
                let Some(node) = infos.get(&path).and_then(|info| described(&path, info)) else {
                    return Err(Absent::Nowhere(path));
                };
                found.push((path, node));
            }
            for path in here {
                let node = look(&store.join(&path), known).map_err(Absent::Unreadable)?;
                found.push((path, node));
            }
            let next: BTreeSet<String> =
                found.iter().flat_map(|(_, node)| node.references.iter().cloned()).collect();
            new.extend(found);
            let is_new = |path: &String| !new.contains_key(path) && !self.paths.contains_key(path);
            level = next.into_iter().filter(is_new).collect();
        }
        self.paths.extend(new);
        Ok(())
    }

    fn bytes(&self, path: &str) -> u64 {
        self.paths.get(path).map_or(0, |node| node.bytes)
    }

    /// What can be reached, each with what it was reached from first; not through `without`.
    fn reach<'g>(&'g self, root: &'g str, without: Option<&str>) -> BTreeMap<&'g str, Option<&'g str>> {
        let mut from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(root, None)]);
        let mut level = vec![root];
        while !level.is_empty() {
            let mut next = Vec::new();
            for path in level {
                for reference in self.paths.get(path).into_iter().flat_map(|node| &node.references) {
                    if Some(reference.as_str()) != without && !from.contains_key(reference.as_str()) {
                        from.insert(reference, Some(path));
                        next.push(reference.as_str());
                    }
                }
            }
            level = next;
        }
        from
    }

    fn closure(&self, root: &str, extensions: &BTreeMap<String, String>) -> Closure {
        let from = self.reach(root, None);
        let bytes = |path: &str| self.bytes(path);
        let (mut only, mut shares) = (BTreeMap::new(), Vec::new());
        for path in from.keys().filter(|path| **path != root) {
            let Some(extension) = extensions.get(name(path)) else { continue };
            let others = self.reach(root, Some(path));
            let brought: Vec<&str> =
                from.keys().filter(|path| !others.contains_key(*path)).copied().collect();
            shares.push(Share {
                name: extension.clone(),
                bytes: total(brought.iter().map(|path| bytes(path))),
                paths: brought.len(),
            });
            for path in brought {
                // What one that requires another brings is of both: the other says it.
                let at = only.entry(path).or_insert_with(|| extension.clone());
                if extensions.get(name(path)) == Some(extension) {
                    at.clone_from(extension);
                }
            }
        }
        shares.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        let mut members: Vec<Member> = from
            .keys()
            .map(|path| Member {
                path: (*path).to_owned(),
                bytes: bytes(path),
                why: way(&from, path),
                extension: only.get(path).cloned(),
            })
            .collect();
        members.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        Closure { bytes: total(members.iter().map(|member| member.bytes)), members, shares }
    }
}

/// The names from the package to a path.
fn way(from: &BTreeMap<&str, Option<&str>>, path: &str) -> Vec<String> {
    let mut names = vec![name(path).to_owned()];
    let mut at = path;
    while let Some(Some(before)) = from.get(at) {
        names.push(name(before).to_owned());
        at = before;
    }
    names.reverse();
    names
}

fn look(path: &Path, known: &BTreeMap<String, String>) -> io::Result<Node> {
    let (bytes, hashes) = references::look(path, known)?;
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let references = hashes.iter().filter_map(|hash| known.get(hash)).filter(|name| **name != own).cloned();
    Ok(Node { bytes, references: references.collect() })
}
