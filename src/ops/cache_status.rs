//! Which derivations must be built, as nix-eval-jobs says it: their outputs are asked for first, and only where one is
//! missing what they are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use super::drvs::Job;
use crate::diag::plural;
use crate::store::Derivation;
use crate::store::path::{StoreDir, StorePath};
use crate::upstream::caches::{Caches, NIXOS, patience};

/// Where the outputs of a derivation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CacheStatus {
    /// In the store of this machine.
    Local,
    /// In a binary cache.
    Cached,
    /// Nowhere.
    NotBuilt,
}

/// What a package needs, in the fields of nix-eval-jobs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// Where its outputs are.
    pub cache_status: CacheStatus,
    /// Whether nothing has to be built.
    pub is_cached: bool,
    /// Derivations that would be built.
    pub needed_builds: Vec<String>,
    /// Store paths that would be fetched.
    pub needed_substitutes: Vec<String>,
}

/// Derivations as they were written into a folder; each is read once.
pub struct Derivations {
    folder: PathBuf,
    store: StoreDir,
    read: BTreeMap<String, Option<Derivation>>,
}

impl Derivations {
    /// Those in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), store: StoreDir::default(), read: BTreeMap::new() }
    }

    /// The derivation at a store path.
    pub fn get(&mut self, path: &str) -> Option<&Derivation> {
        let Self { folder, store, read } = self;
        let derivation = read
            .entry(path.to_owned())
            .or_insert_with(|| Derivation::in_folder(folder, &store.parse(path).ok()?, store).ok());
        derivation.as_ref()
    }

    /// The store that paths are in.
    pub fn store(&self) -> &StoreDir {
        &self.store
    }

    /// The paths of its outputs; `None`: not all are known before the build.
    pub fn outputs(&mut self, path: &str, only: Option<&BTreeSet<String>>) -> Option<Vec<StorePath>> {
        let derivation = self.get(path)?;
        let wanted =
            derivation.outputs.iter().filter(|(name, _)| only.is_none_or(|only| only.contains(*name)));
        wanted.map(|(_, output)| output.path().cloned()).collect()
    }

    /// What it is made of, with the outputs that it needs.
    pub fn inputs(&mut self, path: &str) -> Vec<(String, BTreeSet<String>)> {
        let Some(derivation) = self.get(path) else { return Vec::new() };
        let inputs: Vec<_> =
            derivation.input_drvs.iter().map(|(path, outputs)| (path.clone(), outputs.clone())).collect();
        inputs.into_iter().map(|(path, outputs)| (self.store.print(&path), outputs)).collect()
    }
}

/// What is known of derivations, each with the outputs that somebody needs of it.
#[derive(Default)]
pub struct Known {
    status: BTreeMap<String, CacheStatus>,
    needed: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// Looks at `roots`, and at what those are made of that are nowhere; `stop` says of a derivation that it need not
    /// be looked at.
    pub fn look(
        roots: impl IntoIterator<Item = String>,
        derivations: &mut Derivations,
        caches: &Caches,
        stop: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut known = Self::default();
        let mut level: BTreeMap<String, Option<BTreeSet<String>>> =
            roots.into_iter().map(|root| (root, None)).collect();
        while !level.is_empty() {
            let mut paths: BTreeMap<String, Option<Vec<StorePath>>> = BTreeMap::new();
            for (drv, outputs) in &level {
                paths.insert(drv.clone(), derivations.outputs(drv, outputs.as_ref()));
            }
            let local = |path: &StorePath| Path::new(&derivations.store.print(path)).exists();
            caches.ask(
                paths.values().flatten().flatten().filter(|path| !local(path)).map(StorePath::hash_part),
            );
            let mut missing = Vec::new();
            for (drv, outputs) in &paths {
                let status = match outputs {
                    Some(outputs) if !outputs.is_empty() && outputs.iter().all(local) => CacheStatus::Local,
                    Some(outputs)
                        if !outputs.is_empty()
                            && outputs.iter().all(|path| local(path) || caches.has(path.hash_part())) =>
                    {
                        CacheStatus::Cached
                    }
                    _ => CacheStatus::NotBuilt,
                };
                known.status.insert(drv.clone(), status);
                if status == CacheStatus::NotBuilt {
                    missing.push(drv.clone());
                }
            }
            let mut next: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
            for drv in missing {
                for (input, outputs) in derivations.inputs(&drv) {
                    if stop(&input) {
                        continue;
                    }
                    let needed = known.needed.entry(input.clone()).or_default();
                    let before = needed.len();
                    needed.extend(outputs);
                    // Another output of it may be missing where the first was not.
                    if needed.len() > before && known.status.get(&input) != Some(&CacheStatus::NotBuilt) {
                        next.insert(input.clone(), Some(needed.clone()));
                    }
                }
            }
            level = next;
        }
        known
    }

    /// Where a derivation is; `None`: nobody needs it.
    pub fn status(&self, drv: &str) -> Option<CacheStatus> {
        self.status.get(drv).copied()
    }

    /// What a package needs.
    fn needs(&self, root: &str, derivations: &mut Derivations) -> Needs {
        let cache_status = self.status(root).unwrap_or(CacheStatus::NotBuilt);
        let (mut builds, mut substitutes) = (BTreeSet::new(), BTreeSet::new());
        let mut todo = vec![(root.to_owned(), None)];
        let mut seen = BTreeSet::new();
        while let Some((drv, outputs)) = todo.pop() {
            match self.status(&drv) {
                Some(CacheStatus::NotBuilt) => {
                    if seen.insert(drv.clone()) {
                        todo.extend(
                            derivations.inputs(&drv).into_iter().map(|(drv, outs)| (drv, Some(outs))),
                        );
                        builds.insert(drv);
                    }
                }
                Some(CacheStatus::Cached) => {
                    for path in derivations.outputs(&drv, outputs.as_ref()).into_iter().flatten() {
                        let path = derivations.store.print(&path);
                        if !Path::new(&path).exists() {
                            substitutes.insert(path);
                        }
                    }
                }
                Some(CacheStatus::Local) | None => {}
            }
        }
        Needs {
            cache_status,
            is_cached: cache_status != CacheStatus::NotBuilt,
            needed_builds: builds.into_iter().collect(),
            needed_substitutes: substitutes.into_iter().collect(),
        }
    }
}

/// What each package needs, by derivation, as caches say (none: the one that every Nix asks); and what they did not say.
///
/// # Errors
/// When the certificates that the environment names cannot be read.
pub fn asked(
    jobs: &[Job],
    folder: &Path,
    places: &[String],
) -> Result<(BTreeMap<String, Needs>, Vec<String>), Error> {
    let nixos = [NIXOS.to_owned()];
    let places = if places.is_empty() { &nixos[..] } else { places };
    let (caches, left_out) = Caches::reach(places, patience(), false)?;
    let mut derivations = Derivations::of(folder);
    let roots: BTreeSet<String> = jobs.iter().filter_map(|job| job.drv_path.clone()).collect();
    let known = Known::look(roots.iter().cloned(), &mut derivations, &caches, &|_| false);
    let needs = roots.into_iter().map(|root| (root.clone(), known.needs(&root, &mut derivations))).collect();
    let mut warnings: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    if let Some((count, why)) = caches.trouble() {
        warnings.push(format!("{} of caches had no answer: {why}", plural(count, "question")));
    }
    Ok((needs, warnings))
}
