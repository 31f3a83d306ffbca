//! Hydra's aggregates: packages that stand for other jobs (`_hydraAggregate`, `constituents`). Those that are named by their
//! attributes become inputs of the derivation, as nix-eval-jobs has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::Job;
use crate::nix::eval::{Error, ErrorKind, Kind, Result, Value};
use crate::ops::cache_status::Derivations;
use crate::store::path::StorePath;
use crate::store::{Derivation, DerivationOutput, DrvHash};

/// What a package says that it is made of, in the fields of nix-eval-jobs; nothing of one that is no aggregate.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parts {
    /// Derivations of other jobs.
    pub constituents: Vec<String>,
    /// Those that it names by their attributes, until they are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_constituents: Option<Vec<String>>,
    /// Whether these are patterns, too.
    pub glob_constituents: bool,
}

impl Parts {
    /// Of a package.
    pub(super) fn of(package: &Value<'_>) -> Result<Self> {
        let mut named = Vec::new();
        if !is_true(package, "_hydraAggregate")? {
            return Ok(Self { named_constituents: Some(named), ..Self::default() });
        }
        let Some(list) = package.attr("constituents")? else {
            let message = "an aggregate, a package with `_hydraAggregate`, must have `constituents`";
            return Err(Error::new(ErrorKind::MissingAttribute, message));
        };
        for item in list.elements()? {
            if let Kind::String(text) = item.force()? {
                named.push(String::from_utf8_lossy(&text).into_owned());
            }
        }
        Ok(Self {
            constituents: list.derivations()?,
            named_constituents: Some(named),
            glob_constituents: is_true(package, "_hydraGlobConstituents")?,
        })
    }
}

fn is_true(package: &Value<'_>, name: &str) -> Result<bool> {
    let Some(value) = package.attr(name)? else { return Ok(false) };
    match value.force()? {
        Kind::Bool(is) => Ok(is),
        _ => {
            let message = format!("`{name}` must be true or false, and is {}", value.describe()?);
            Err(Error::new(ErrorKind::Type, message))
        }
    }
}

/// Gives aggregates the jobs that they name. `folder` has all derivations, and gets those of aggregates anew.
pub(super) fn join(jobs: &mut [Job], folder: &Path, warn: impl Fn(&str)) {
    let at: BTreeMap<String, usize> =
        jobs.iter().enumerate().map(|(at, job)| (job.attr.clone(), at)).collect();
    let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (own, job) in jobs.iter_mut().enumerate() {
        let Some(parts) = &mut job.parts else { continue };
        let Some(named) = parts.named_constituents.take_if(|named| !named.is_empty()) else { continue };
        let patterns = parts.glob_constituents;
        let (mut found, mut errors) = (BTreeSet::new(), String::new());
        for name in named {
            match at.get(&name) {
                Some(other) => found.extend([*other]),
                None if patterns => {
                    let others = matching(&name, &at, own);
                    if others.is_empty() {
                        errors += &format!("{name}: constituent glob pattern had no matches\n");
                    }
                    found.extend(others);
                }
                None => errors += &format!("{name}: does not exist\n"),
            }
        }
        if !errors.is_empty() {
            job.error = Some(errors);
        }
        wanted.insert(own, found);
    }
    let mut store = Written { folder, derivations: Derivations::of(folder), hashes: BTreeMap::new() };
    let mut done = BTreeSet::new();
    for own in wanted.keys().copied().collect::<Vec<_>>() {
        join_one(own, jobs, &wanted, &mut done, &mut Vec::new(), &mut store, &warn);
    }
}

/// Jobs whose attributes are like a pattern of the shell, in which `*` stands for dots, too.
fn matching(pattern: &str, at: &BTreeMap<String, usize>, own: usize) -> Vec<usize> {
    let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
    at.iter()
        .filter(|(name, other)| **other != own && pattern.matches(name))
        .map(|(_, other)| *other)
        .collect()
}

/// Those that it names come first; `above` are the aggregates that lead here.
fn join_one(
    own: usize,
    jobs: &mut [Job],
    wanted: &BTreeMap<usize, BTreeSet<usize>>,
    done: &mut BTreeSet<usize>,
    above: &mut Vec<usize>,
    store: &mut Written<'_>,
    warn: &impl Fn(&str),
) {
    let Some(parts) = wanted.get(&own).filter(|_| !done.contains(&own)) else { return };
    above.push(own);
    let mut errors = String::new();
    for other in parts {
        if above.contains(other) {
            errors += &format!("{}: the aggregate is made of itself\n", jobs[*other].attr);
            continue;
        }
        join_one(*other, jobs, wanted, done, above, store, warn);
        if let Some(error) = &jobs[*other].error {
            errors += &format!("{}: {error}\n", jobs[*other].attr);
        }
    }
    above.pop();
    done.insert(own);
    let job = &mut jobs[own];
    if !errors.is_empty() {
        job.error.get_or_insert_default().push_str(&errors);
    }
    if job.error.is_some() {
        return;
    }
    let parts: Vec<String> = parts.iter().filter_map(|other| jobs[*other].drv_path.clone()).collect();
    let job = &mut jobs[own];
    match store.with_inputs(job, &parts) {
        Some(()) => job.parts.get_or_insert_default().constituents.extend(parts),
        None => warn(&format!("warning: the derivation of the aggregate '{}' is not there", job.attr)),
    }
}

/// Derivations in a folder.
struct Written<'a> {
    folder: &'a Path,
    derivations: Derivations,
    hashes: BTreeMap<StorePath, DrvHash>,
}

impl Written<'_> {
    fn hash(&mut self, path: &StorePath) -> Option<DrvHash> {
        if let Some(known) = self.hashes.get(path) {
            return Some(known.clone());
        }
        let printed = self.derivations.store().print(path);
        let derivation = self.derivations.get(&printed)?.clone();
        let hash = self.hash_of(&derivation)?;
        self.hashes.insert(path.clone(), hash.clone());
        Some(hash)
    }

    fn hash_of(&mut self, derivation: &Derivation) -> Option<DrvHash> {
        let store = self.derivations.store().clone();
        derivation.hash_modulo(&store, |input| self.hash(input).ok_or(())).ok()
    }

    /// The aggregate's derivation with the first outputs of others among its inputs: it and what it gives are others then.
    fn with_inputs(&mut self, job: &mut Job, parts: &[String]) -> Option<()> {
        let store = self.derivations.store().clone();
        let mut derivation = self.derivations.get(job.drv_path.as_ref()?)?.clone();
        for part in parts {
            let first = self.derivations.get(part)?.outputs.keys().next()?.clone();
            derivation.input_drvs.insert(store.parse(part).ok()?, BTreeSet::from([first]));
        }
        // What follows from the hash is no part of it.
        let mut masked = derivation.clone();
        for (name, output) in &mut masked.outputs {
            *output = DerivationOutput::Deferred;
            masked.env.insert(name.as_str().into(), "".into());
        }
        let DrvHash::Regular { hash, .. } = self.hash_of(&masked)? else { return None };
        let out = store.output_path("out", &hash, &derivation.name).ok()?;
        let printed = store.print(&out);
        derivation.env.insert("out".into(), printed.as_str().into());
        derivation.outputs.insert("out".to_owned(), DerivationOutput::InputAddressed(out));
        let path = derivation.path(&store).ok()?;
        std::fs::write(self.folder.join(path.base_name()), derivation.to_aterm(&store)).ok()?;
        job.drv_path = Some(store.print(&path));
        job.outputs.get_or_insert_default().insert("out".to_owned(), Some(printed));
        let inputs = derivation
            .input_drvs
            .iter()
            .map(|(path, outputs)| (store.print(path), outputs.iter().cloned().collect()));
        job.input_drvs = Some(inputs.collect());
        Some(())
    }
}
