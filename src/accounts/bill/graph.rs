//! From derivations to components.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::uses::{Use, text, uses, variables};
use super::{Basis, Bill, Component, Crate, Crates, Licence, Patch, Reason, Sort, Source, identity};
use crate::accounts::place::Place;
use crate::catalogue::model::Fetcher;
use crate::store::path::IngestionMethod;
use crate::store::{Derivation, StoreDir, StorePath};

/// All derivations below one, by their paths.
pub type Derivations = BTreeMap<StorePath, Derivation>;

/// What is known of a derivation from elsewhere: its package's `meta`, or the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Fact {
    /// One line.
    pub description: Option<String>,
    /// A page.
    pub homepage: Option<String>,
    /// Licences.
    pub licences: Vec<Licence>,
    /// A name of the National Vulnerability Database, where nixpkgs knows it.
    pub cpe: Option<String>,
    /// A package URL, where nixpkgs knows it.
    pub purl: Option<String>,
    /// The source, where the catalogue knows it.
    pub fetcher: Option<Fetcher>,
    /// What it is, where the catalogue knows it.
    pub sort: Option<Sort>,
    /// The crates of its lock file.
    pub crates: Option<Vec<Crate>>,
}

/// What is known from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By the derivation's path.
    pub by_derivation: HashMap<String, Fact>,
    /// By package name and version: the catalogue's own.
    pub by_name: HashMap<(String, String), Fact>,
}

/// Which bill is wanted.
pub struct Request<'a> {
    /// The attribute.
    pub subject: &'a str,
    /// The derivation that it is.
    pub root: &'a StorePath,
    /// What sort of thing that is.
    pub sort: Sort,
    /// Whether tools of the build are wanted, too.
    pub tools: bool,
    /// The hashes of the store paths that the built files refer to, if that is known.
    pub referred: Option<&'a BTreeSet<String>>,
    /// Of the newest input.
    pub time: i64,
}

struct Graph<'a> {
    nodes: Vec<(&'a StorePath, &'a Derivation)>,
    numbers: HashMap<&'a StorePath, usize>,
    /// By the hash of an output's path.
    by_output: HashMap<String, usize>,
    uses: Vec<BTreeMap<usize, Use>>,
}

impl<'a> Graph<'a> {
    fn new(derivations: &'a Derivations, store: &StoreDir) -> Self {
        let nodes: Vec<_> = derivations.iter().collect();
        let numbers: HashMap<_, _> = nodes.iter().enumerate().map(|(at, (path, _))| (*path, at)).collect();
        let mut by_output = HashMap::new();
        for (at, (_, drv)) in nodes.iter().enumerate() {
            for path in drv.outputs.values().filter_map(|output| output.path()) {
                by_output.insert(path.hash_part().to_owned(), at);
            }
        }
        let prefix = format!("{}/", store.as_str());
        let mut uses_of = Vec::with_capacity(nodes.len());
        for (_, drv) in &nodes {
            let mut inputs = HashMap::new();
            for input in drv.input_drvs.keys() {
                let Some(at) = numbers.get(input) else { continue };
                let outputs = derivations.get(input).into_iter().flat_map(|drv| drv.outputs.values());
                for path in outputs.filter_map(|output| output.path()) {
                    inputs.insert(path.hash_part().to_owned(), *at);
                }
            }
            let mut found = uses(drv, &prefix, &inputs);
            for input in drv.input_drvs.keys().filter_map(|input| numbers.get(input)) {
                found.entry(*input).or_insert(Use::Tool);
            }
            uses_of.push(found);
        }
        Self { nodes, numbers, by_output, uses: uses_of }
    }

    fn is_fixed(&self, at: usize) -> bool {
        self.nodes[at].1.fixed_output().is_some()
    }

    /// What runs with whatever the toolchain of a derivation makes: the C library, the compiler's own.
    fn toolchain(&self, at: usize, prefix: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let stdenv = variables(self.nodes[at].1, prefix).remove("stdenv").unwrap_or_default();
        let stdenv = stdenv.iter().filter_map(|hash| self.by_output.get(hash));
        for stdenv in stdenv.copied() {
            // The wrapper around the compiler says which library it links with.
            for wrapper in self.uses[stdenv].keys() {
                let of_wrapper = variables(self.nodes[*wrapper].1, prefix);
                if !of_wrapper.contains_key("libc") && !of_wrapper.contains_key("libc_lib") {
                    continue;
                }
                let named = ["libc", "libc_lib", "cc", "cc_solib", "gccForLibs", "gccForLibs_solib"];
                let hashes = named.iter().filter_map(|name| of_wrapper.get(*name)).flatten();
                found.extend(hashes.filter_map(|hash| self.by_output.get(hash)));
            }
        }
        found
    }
}

/// Where the unpacked source of a component would be, by its id: the store path's name.
pub fn source_of(derivations: &Derivations, id: &str) -> Option<String> {
    let drv = derivations.iter().find(|(path, _)| path.base_name().trim_end_matches(".drv") == id)?.1;
    let path = text(drv, "src")?;
    Some(path.rsplit('/').next().unwrap_or_default().to_owned()).filter(|name| !name.is_empty())
}

/// The hashes of all outputs and sources, by which references to them are found in files.
pub fn output_paths(derivations: &Derivations) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for drv in derivations.values() {
        for path in drv.outputs.values().filter_map(|output| output.path()).chain(&drv.input_srcs) {
            all.insert(path.hash_part().to_owned(), path.base_name().to_owned());
        }
    }
    all
}

/// The bill of what is below `request.root`.
pub fn bill(
    request: &Request<'_>,
    derivations: &Derivations,
    facts: &Facts,
    store: &StoreDir,
) -> Option<Bill> {
    let prefix = format!("{}/", store.as_str());
    let graph = Graph::new(derivations, store);
    let root = *graph.numbers.get(request.root)?;
    let reasons = reasons(&graph, root, request, &prefix);
    let mut components: BTreeMap<usize, Component> = BTreeMap::new();
    for (at, reason) in &reasons {
        let component = component(&graph, *at, *reason, facts, store);
        if *at == root || component.version.is_some() {
            components.insert(*at, component);
        }
    }
    if let Some(subject) = components.get_mut(&root) {
        subject.sort = request.sort;
    }
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, component) in &components {
        let needed = needed(&graph, *at, &components, &reasons, &prefix);
        let ids = needed.iter().filter_map(|at| components.get(at)).map(|needed| needed.id.clone());
        needs.insert(component.id.clone(), ids.collect());
    }
    let id = components.get(&root).map(|component| component.id.clone())?;
    let system = String::from_utf8_lossy(&graph.nodes[root].1.platform).into_owned();
    let mut components: Vec<Component> = components.into_values().collect();
    components.sort_by(|a, b| (&a.name, &a.version, &a.id).cmp(&(&b.name, &b.version, &b.id)));
    Some(Bill {
        subject: request.subject.to_owned(),
        system,
        root: id,
        components,
        needs,
        basis: if request.referred.is_some() { Basis::Store } else { Basis::Derivations },
        time: request.time,
    })
}

fn reasons(graph: &Graph<'_>, root: usize, request: &Request<'_>, prefix: &str) -> BTreeMap<usize, Reason> {
    let mut reasons = BTreeMap::from([(root, Reason::Subject)]);
    if let Some(referred) = request.referred {
        for at in referred.iter().filter_map(|hash| graph.by_output.get(hash)) {
            reasons.entry(*at).or_insert(Reason::Referred);
        }
    } else {
        let mut todo = vec![root];
        let mut seen = BTreeSet::from([root]);
        while let Some(at) = todo.pop() {
            let named =
                graph.uses[at].iter().filter(|(_, used)| **used == Use::Named).map(|(input, _)| *input);
            let runtime = graph.toolchain(at, prefix);
            for (input, reason) in named
                .map(|input| (input, Reason::Named))
                .chain(runtime.into_iter().map(|input| (input, Reason::Toolchain)))
            {
                if graph.is_fixed(input) {
                    continue;
                }
                let known = reasons.entry(input).or_insert(reason);
                *known = (*known).min(reason);
                // What the compiler itself is made of is no part of what it makes.
                if reason == Reason::Named && seen.insert(input) {
                    todo.push(input);
                }
            }
        }
    }
    if request.tools {
        let mut todo: Vec<usize> = reasons.keys().copied().collect();
        while let Some(at) = todo.pop() {
            for input in graph.uses[at].keys().filter(|input| !graph.is_fixed(**input)) {
                if !reasons.contains_key(input) {
                    reasons.insert(*input, Reason::Tool);
                    todo.push(*input);
                }
            }
        }
    }
    // What is fetched is said of what is built from it.
    reasons.retain(|at, _| *at == root || !graph.is_fixed(*at));
    reasons
}

/// What a component needs; what has no version of its own, such as a wrapper, hands on what it needs.
fn needed(
    graph: &Graph<'_>,
    at: usize,
    components: &BTreeMap<usize, Component>,
    reasons: &BTreeMap<usize, Reason>,
    prefix: &str,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([at]);
    let mut todo = vec![at];
    while let Some(one) = todo.pop() {
        let runtime = graph.toolchain(one, prefix);
        for input in graph.uses[one].keys().copied().chain(runtime) {
            if !reasons.contains_key(&input) || !seen.insert(input) {
                continue;
            }
            if components.contains_key(&input) {
                found.insert(input);
            } else {
                todo.push(input);
            }
        }
    }
    found
}

/// The name up to the first dash that no letter follows, and what stands behind it, as Nix splits names.
pub fn split_name(name: &str) -> (&str, Option<&str>) {
    let dash = name.as_bytes().windows(2).position(|pair| pair[0] == b'-' && !pair[1].is_ascii_alphabetic());
    match dash {
        Some(at) => (&name[..at], name.get(at + 1..)),
        None => (name, None),
    }
}

fn component(graph: &Graph<'_>, at: usize, reason: Reason, facts: &Facts, store: &StoreDir) -> Component {
    let (path, drv) = graph.nodes[at];
    let (base, number) = split_name(&drv.name);
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = filled(text(drv, "pname")).unwrap_or_else(|| base.to_owned());
    let (sources, patches, vendored) = inputs(graph, at);
    // A script called `receipt-17` is no version of anything.
    let number = number.filter(|_| !sources.is_empty());
    let version = filled(text(drv, "version")).or_else(|| number.map(str::to_owned));
    let by_path = facts.by_derivation.get(&store.print(path));
    let by_name = version.as_ref().and_then(|version| facts.by_name.get(&(name.clone(), version.clone())));
    let fact = |of: fn(&Fact) -> Option<String>| by_path.and_then(of).or_else(|| by_name.and_then(of));
    let licences =
        [by_path, by_name].into_iter().flatten().map(|fact| &fact.licences).find(|all| !all.is_empty());
    let fetcher = by_name.and_then(|fact| fact.fetcher.as_ref());
    let place = fetcher.and_then(Place::of).or_else(|| {
        let url = sources.iter().find_map(|source| source.url.clone())?;
        Place::of(&Fetcher::Url { url })
    });
    let purl = fact(|fact| fact.purl.clone())
        .or_else(|| place.as_ref().and_then(identity::of_place))
        .unwrap_or_else(|| identity::purl(&name, version.as_deref(), sources.first()));
    let known_cpe = fact(|fact| fact.cpe.clone());
    let told = identity::cpe(&name, version.as_deref(), place.as_ref());
    let (cpe, cpe_is_guess) = match (known_cpe, told) {
        (Some(cpe), _) => (Some(cpe), false),
        (None, Some((cpe, guess))) => (Some(cpe), guess),
        (None, None) => (None, false),
    };
    let is_server = name == "postgresql" && cpe.is_some();
    let sort =
        by_name.and_then(|fact| fact.sort).unwrap_or(if is_server { Sort::Server } else { Sort::Library });
    let crates = match by_name.and_then(|fact| fact.crates.clone()) {
        Some(crates) => Crates::Known(crates),
        None => vendored,
    };
    let outputs =
        drv.outputs.iter().filter_map(|(name, output)| Some((name.clone(), store.print(output.path()?))));
    Component {
        id: path.base_name().trim_end_matches(".drv").to_owned(),
        description: fact(|fact| fact.description.clone()),
        homepage: fact(|fact| fact.homepage.clone()),
        licences: licences.cloned().unwrap_or_default(),
        purl: version.is_some().then_some(purl),
        outputs: outputs.collect(),
        name,
        version,
        sort,
        reason,
        cpe,
        cpe_is_guess,
        sources,
        patches,
        crates,
    }
}

/// What a derivation is built from: sources, patches, crates.
fn inputs(graph: &Graph<'_>, at: usize) -> (Vec<Source>, Vec<Patch>, Crates) {
    let (mut sources, mut patches, mut crates) = (Vec::new(), Vec::new(), Crates::None);
    let drv = graph.nodes[at].1;
    for (input, used) in &graph.uses[at] {
        match used {
            Use::Source => fetched(graph, *input, &mut sources),
            Use::Patch => {
                let mut found = Vec::new();
                fetched(graph, *input, &mut found);
                let name = graph.nodes[*input].1.name.clone();
                patches.push(Patch { name, source: found.into_iter().next() });
            }
            Use::Vendored => {
                let mut found = Vec::new();
                vendored(graph, *input, &mut BTreeSet::new(), &mut found);
                found.sort();
                found.dedup();
                crates = match found.is_empty() {
                    true => Crates::Unknown("the lock file is in the source, which is not here"),
                    false => Crates::Known(found),
                };
            }
            Use::Named | Use::Tool => {}
        }
    }
    // Patches of the catalogue are files of the flake.
    let named = text(drv, "patches").unwrap_or_default();
    for source in &drv.input_srcs {
        if named.contains(source.base_name()) {
            patches.push(Patch { name: source.name().to_owned(), source: None });
        }
    }
    sources.sort();
    sources.dedup();
    patches.sort();
    patches.dedup();
    (sources, patches, crates)
}

/// Sources that are fetched by a derivation, or by what it is made from.
fn fetched(graph: &Graph<'_>, at: usize, to: &mut Vec<Source>) {
    let drv = graph.nodes[at].1;
    let Some((method, hash, _)) = drv.fixed_output() else {
        for (input, used) in &graph.uses[at] {
            if matches!(used, Use::Source) {
                fetched(graph, *input, to);
            }
        }
        return;
    };
    let urls = text(drv, "urls").or_else(|| text(drv, "url")).unwrap_or_default();
    let mut url = urls.split_whitespace().next().map(str::to_owned);
    // A repository at a revision.
    if let (Some(address), Some(rev)) = (&url, text(drv, "rev").filter(|rev| !rev.is_empty()))
        && address.ends_with(".git")
    {
        url = Some(format!("git+{address}@{}", rev.trim_start_matches("refs/tags/")));
    }
    let url = url.filter(|url| url.starts_with("http") || url.starts_with("git+http"));
    let algorithm = hash.to_sri().split('-').next().unwrap_or_default().to_owned();
    let tree = method != IngestionMethod::Flat;
    to.push(Source { url, hash: Some((algorithm, hash.to_base16())), tree });
}

/// Crates that are fetched one by one.
fn vendored(graph: &Graph<'_>, at: usize, seen: &mut BTreeSet<usize>, to: &mut Vec<Crate>) {
    if !seen.insert(at) {
        return;
    }
    let drv = graph.nodes[at].1;
    if let Some((_, hash, _)) = drv.fixed_output() {
        let urls = text(drv, "urls").or_else(|| text(drv, "url")).unwrap_or_default();
        if let Some((name, version)) = urls.split_whitespace().find_map(identity::registry_crate) {
            to.push(Crate { name, version, checksum: Some(hash.to_base16()), git: None });
        }
        return;
    }
    for (input, _) in graph.uses[at].iter().filter(|(_, used)| **used != Use::Tool) {
        vendored(graph, *input, seen, to);
    }
}

#[cfg(test)]
mod tests;
