//! Jobs: one for each derivation that is worth a machine. Sources and what takes no time are built by the job that
//! needs them; what several jobs need that is no package is a job of its own, and comes first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::super::cache_status::Derivations;
use super::super::drvs;
use super::Times;
use crate::catalogue::ci::{Ci, RUNNERS, builds, features};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    NoMachine =
        "A derivation wants a machine with certain features (requiredSystemFeatures: kvm, big-parallel and their \
         like), and none of the runners that build for its system has them. It is in no job of the plan. Build it \
         on a remote builder or with Hydra, or leave it out for this system (exclude-systems).";
};

/// When a job can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What several jobs need and nobody asks for by name: a server, a compiler.
    Base,
    /// Packages made of that alone.
    Packages,
    /// What is made of packages: environments, images, checks.
    Checks,
}

impl Kind {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Base, Self::Packages, Self::Checks];

    /// Its name in outputs of a plan.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Packages => "packages",
            Self::Checks => "checks",
        }
    }
}

/// One job.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Job {
    /// What it is called, among all jobs.
    pub id: String,
    /// When it can begin.
    pub kind: Kind,
    /// The system that it builds on.
    pub system: String,
    /// The machine.
    pub runner: String,
    /// What the machine must be able to do.
    pub features: Vec<String>,
    /// The derivation's name.
    pub name: String,
    /// Derivations that it is there to build.
    pub drvs: Vec<String>,
    /// Attributes that it builds; of what nobody asks for by name, one that is made of it.
    pub attrs: Vec<String>,
    /// The PostgreSQL, of one that is of one.
    pub psql: Option<String>,
    /// The extension.
    pub extension: Option<String>,
    /// Jobs that come first.
    pub needs: Vec<String>,
    /// Names of derivations that it builds besides: sources, and what takes no time.
    pub besides: Vec<String>,
    /// How long it took before.
    pub seconds: Option<u64>,
}

struct Node {
    name: String,
    platform: String,
    features: Vec<String>,
    /// A source, or something that takes no time.
    light: bool,
    /// Attributes with their paths.
    attrs: Vec<(String, Vec<String>)>,
    inputs: Vec<String>,
}

/// What must be built.
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
}

impl Graph {
    /// The roots, and what they are made of as far as `to_build` holds; without it the roots alone, by how they are
    /// made of each other.
    pub fn of(
        roots: &BTreeMap<String, Vec<&drvs::Job>>,
        derivations: &mut Derivations,
        to_build: Option<&dyn Fn(&str) -> bool>,
    ) -> Self {
        let Some(to_build) = to_build else { return Self::of_roots(roots, derivations) };
        let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
        let mut todo: Vec<String> = roots.keys().cloned().collect();
        while let Some(drv) = todo.pop() {
            if nodes.contains_key(&drv) {
                continue;
            }
            let inputs = derivations.inputs(&drv).into_iter().map(|(input, _)| input);
            let inputs: Vec<String> =
                inputs.filter(|input| roots.contains_key(input) || to_build(input)).collect();
            todo.extend(inputs.iter().cloned());
            let node = node(&drv, roots.get(&drv), inputs, derivations);
            nodes.insert(drv, node);
        }
        Self { nodes }
    }

    fn of_roots(roots: &BTreeMap<String, Vec<&drvs::Job>>, derivations: &mut Derivations) -> Self {
        let mut below = HashMap::new();
        let nodes = roots.iter().map(|(drv, jobs)| {
            let inputs = roots_below(drv, roots, derivations, &mut below).iter().cloned().collect();
            (drv.clone(), node(drv, Some(jobs), inputs, derivations))
        });
        Self { nodes: nodes.collect() }
    }

    /// Heavy derivations that one needs, through light ones; those are `besides`.
    fn heavy_below(&self, drv: &str, own: &BTreeSet<&str>) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let (mut heavy, mut besides) = (BTreeSet::new(), BTreeSet::new());
        let mut todo: Vec<&str> = self.nodes[drv].inputs.iter().map(String::as_str).collect();
        while let Some(input) = todo.pop() {
            if own.contains(input) {
                heavy.insert(input);
            } else if besides.insert(input) {
                todo.extend(self.nodes[input].inputs.iter().map(String::as_str));
            }
        }
        (heavy, besides)
    }
}

/// The roots that a derivation is made of, the nearest on each way.
fn roots_below(
    drv: &str,
    roots: &BTreeMap<String, Vec<&drvs::Job>>,
    derivations: &mut Derivations,
    known: &mut HashMap<String, Rc<BTreeSet<String>>>,
) -> Rc<BTreeSet<String>> {
    if let Some(found) = known.get(drv) {
        return found.clone();
    }
    let mut found = BTreeSet::new();
    for (input, _) in derivations.inputs(drv) {
        match roots.contains_key(&input) {
            true => {
                found.insert(input);
            }
            false => found.extend(roots_below(&input, roots, derivations, known).iter().cloned()),
        }
    }
    let found = Rc::new(found);
    known.insert(drv.to_owned(), found.clone());
    found
}

fn node(
    drv: &str,
    roots: Option<&Vec<&drvs::Job>>,
    inputs: Vec<String>,
    derivations: &mut Derivations,
) -> Node {
    let base = drv.rsplit('/').next().unwrap_or(drv);
    let plain = base.get(33..).unwrap_or(base).trim_end_matches(".drv").to_owned();
    let attrs = roots.into_iter().flatten().map(|job| (job.attr.clone(), job.attr_path.clone())).collect();
    let Some(derivation) = derivations.get(drv) else {
        return Node {
            name: plain,
            platform: String::new(),
            features: Vec::new(),
            light: false,
            attrs,
            inputs,
        };
    };
    let text = |key: &str| {
        let value = derivation.env.get(key.as_bytes());
        value.map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    };
    // A few commands, if nobody asks for them by name: a receipt, a wrapper.
    let no_source =
        !derivation.env.contains_key(&b"__json"[..]) && (text("src").is_empty() && text("srcs").is_empty());
    let light = derivation.fixed_output().is_some()
        || text("preferLocalBuild") == "1"
        || (roots.is_none() && no_source)
        || derivation.builder.starts_with(b"builtin:");
    let known = roots.into_iter().flatten().find_map(|job| job.required_system_features.clone());
    let split = || text("requiredSystemFeatures").split_whitespace().map(str::to_owned).collect();
    Node {
        name: plain,
        platform: String::from_utf8_lossy(&derivation.platform).into_owned(),
        features: known.unwrap_or_else(split),
        light,
        attrs,
        inputs,
    }
}

/// The jobs for all of it, each after those that it needs.
pub(super) fn jobs(graph: &Graph, ci: &Ci, times: &Times, found: &mut Diagnostics) -> Vec<Job> {
    let nodes = &graph.nodes;
    let is_root = |drv: &str| !nodes[drv].attrs.is_empty();
    let mut own: BTreeSet<&str> = BTreeSet::new();
    own.extend(
        nodes.iter().filter(|(_, node)| !node.light && !node.attrs.is_empty()).map(|(drv, _)| drv.as_str()),
    );
    // What several of them need is built once.
    let between: BTreeSet<&str> = nodes
        .iter()
        .filter(|(_, node)| !node.light && node.attrs.is_empty())
        .map(|(drv, _)| drv.as_str())
        .collect();
    let all: BTreeSet<&str> = own.union(&between).copied().collect();
    let mut users: BTreeMap<&str, usize> = BTreeMap::new();
    for drv in nodes.keys().filter(|drv| all.contains(drv.as_str()) || is_root(drv)) {
        for heavy in graph.heavy_below(drv, &all).0 {
            *users.entry(heavy).or_default() += 1;
        }
    }
    own.extend(between.iter().filter(|drv| users.get(*drv).copied().unwrap_or(0) > 1));
    let mut groups: Vec<Group<'_>> =
        own.iter().map(|drv| Group { key: (*drv).to_owned(), drvs: BTreeSet::from([*drv]) }).collect();
    // Light ones that no job needs are put together, by system and PostgreSQL.
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for drv in &own {
        needed.extend(graph.heavy_below(drv, &own).1);
    }
    let mut tops: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (drv, node) in nodes
        .iter()
        .filter(|(drv, node)| node.light && !node.attrs.is_empty() && !needed.contains(drv.as_str()))
    {
        let of = node.attrs[0].1.get(2).map_or("", |name| name.split('/').next().unwrap_or(name));
        tops.entry(format!("{} {of}", node.platform)).or_default().insert(drv);
    }
    groups.extend(tops.into_iter().map(|(key, drvs)| Group { key, drvs }));
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        named.extend(group.drvs.iter().map(|drv| (*drv, at)));
    }
    let below: Vec<(BTreeSet<usize>, BTreeSet<&str>)> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| {
            let (mut needs, mut besides) = (BTreeSet::new(), BTreeSet::new());
            for drv in &group.drvs {
                let (heavy, more) = graph.heavy_below(drv, &own);
                needs.extend(heavy.iter().filter_map(|drv| named.get(drv)).filter(|other| **other != at));
                besides.extend(more.into_iter().filter(|drv| !group.drvs.contains(drv)));
            }
            (needs, besides)
        })
        .collect();
    let mut depth: Vec<Option<usize>> = vec![None; groups.len()];
    for at in 0..groups.len() {
        deep(at, &below, &mut depth);
    }
    let kinds: Vec<Kind> = groups
        .iter()
        .zip(&below)
        .map(|(group, (needs, _))| {
            kind(group, nodes, needs.iter().any(|other| groups[*other].drvs.iter().any(|drv| is_root(drv))))
        })
        .collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let name = |at: usize| first(&groups[at], nodes).map_or("", |(attr, _)| attr.as_str());
    order.sort_by(|a, b| {
        (kinds[*a], depth[*a], name(*a), &groups[*a].key).cmp(&(
            kinds[*b],
            depth[*b],
            name(*b),
            &groups[*b].key,
        ))
    });
    let mut ids: Vec<String> = vec![String::new(); groups.len()];
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for at in &order {
        let wanted = id(&groups[*at], kinds[*at], nodes);
        let mut id = wanted.clone();
        let mut number = 2;
        while !taken.insert(id.clone()) {
            id = format!("{wanted}-{number}");
            number += 1;
        }
        ids[*at] = id;
    }
    let made = order.iter().filter_map(|at| {
        let group = &groups[*at];
        let needs = below[*at].0.iter().map(|other| ids[*other].clone()).collect();
        let besides = below[*at].1.iter().map(|drv| nodes[*drv].name.clone()).collect::<BTreeSet<_>>();
        let base = below
            .iter()
            .zip(&groups)
            .filter(|((needs, _), _)| needs.contains(at))
            .find_map(|(_, user)| first(user, nodes).map(|(attr, _)| attr.clone()));
        job(
            Parts { group, kind: kinds[*at], id: ids[*at].clone(), needs, besides, base },
            nodes,
            ci,
            times,
            found,
        )
    });
    let mut made: Vec<Job> = made.collect();
    // Of what stands before, only what is there.
    let there: BTreeSet<String> = made.iter().map(|job| job.id.clone()).collect();
    made.iter_mut().for_each(|job| job.needs.retain(|id| there.contains(id)));
    made
}

/// Derivations that are built together.
struct Group<'g> {
    key: String,
    drvs: BTreeSet<&'g str>,
}

fn first<'n>(group: &Group<'_>, nodes: &'n BTreeMap<String, Node>) -> Option<&'n (String, Vec<String>)> {
    group.drvs.iter().flat_map(|drv| &nodes[*drv].attrs).min()
}

fn deep(at: usize, below: &[(BTreeSet<usize>, BTreeSet<&str>)], depth: &mut [Option<usize>]) -> usize {
    if let Some(known) = depth[at] {
        return known;
    }
    // Derivations cannot need each other; groups of light ones are at the top.
    depth[at] = Some(0);
    let found = below[at].0.iter().map(|other| deep(*other, below, depth) + 1).max().unwrap_or(0);
    depth[at] = Some(found);
    found
}

fn kind(group: &Group<'_>, nodes: &BTreeMap<String, Node>, on_packages: bool) -> Kind {
    let mut attrs = group.drvs.iter().flat_map(|drv| &nodes[*drv].attrs).peekable();
    if attrs.peek().is_none() {
        return Kind::Base;
    }
    let light = group.drvs.iter().all(|drv| nodes[*drv].light);
    let only_checks = attrs.all(|(_, path)| path.first().is_some_and(|kind| kind == "checks"));
    if on_packages || only_checks || light { Kind::Checks } else { Kind::Packages }
}

fn id(group: &Group<'_>, kind: Kind, nodes: &BTreeMap<String, Node>) -> String {
    let system = group.drvs.first().map_or("", |drv| nodes[*drv].platform.as_str());
    let name = match first(group, nodes) {
        Some((_, path)) if group.drvs.len() == 1 => path.get(2..).unwrap_or_default().join("-"),
        Some(_) => group.key.rsplit(' ').next().unwrap_or_default().to_owned() + "-environments",
        None => group.drvs.first().map_or(String::new(), |drv| nodes[*drv].name.clone()),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    format!("{system}-{}-{}", kind.name(), name.chars().map(plain).collect::<String>())
}

struct Parts<'g> {
    group: &'g Group<'g>,
    kind: Kind,
    id: String,
    needs: Vec<String>,
    besides: BTreeSet<String>,
    /// An attribute that is made of it, of what has none.
    base: Option<String>,
}

fn job(
    parts: Parts<'_>,
    nodes: &BTreeMap<String, Node>,
    ci: &Ci,
    times: &Times,
    found: &mut Diagnostics,
) -> Option<Job> {
    let Parts { group, kind, id, needs, besides, base } = parts;
    let members: Vec<&Node> = group.drvs.iter().map(|drv| &nodes[*drv]).collect();
    let one = members.first()?;
    let attribute_system = || first(group, nodes).and_then(|(_, path)| path.get(1).cloned());
    // `builtin` runs anywhere.
    let system = match one.platform.as_str() {
        "" | "builtin" => attribute_system()?,
        platform => platform.to_owned(),
    };
    let features: BTreeSet<String> = members.iter().flat_map(|node| node.features.iter().cloned()).collect();
    let name = match members.len() {
        1 => one.name.clone(),
        _ => format!("{} environments", group.key.rsplit(' ').next().unwrap_or_default()),
    };
    let runner = match runner(&system, &features, ci) {
        Ok(runner) => runner,
        Err(why) => {
            found.push(Diagnostic::global(Code::NoMachine, format!("{name} is in no job: {why}")).help(
                "build it elsewhere, by a remote builder or Hydra, or leave it out of the catalogue for this system",
            ));
            return None;
        }
    };
    let mut attrs: Vec<&(String, Vec<String>)> = members.iter().flat_map(|node| &node.attrs).collect();
    attrs.sort();
    let last = attrs.first().and_then(|(_, path)| path.get(2)).cloned().unwrap_or_default();
    let mut words = last.split('/');
    let psql = words.next().and_then(|word| word.strip_prefix("psql_")).map(str::to_owned);
    let extension = (words.next() == Some("exts")).then(|| words.next().unwrap_or_default().to_owned());
    let time = |path: &Vec<String>| times.get(&system)?.get(&path.get(2..)?.join(".")).copied();
    let seconds = match attrs.is_empty() {
        true => times.get(&system).and_then(|times| times.get(&name)).copied(),
        false => attrs.iter().filter_map(|(_, path)| time(path)).max(),
    };
    let mut attrs: Vec<String> = attrs.into_iter().map(|(attr, _)| attr.clone()).collect();
    if attrs.is_empty() {
        attrs.extend(base);
    }
    Some(Job {
        id,
        kind,
        system,
        runner,
        features: features.into_iter().collect(),
        name,
        drvs: group.drvs.iter().map(|drv| (*drv).to_owned()).collect(),
        attrs,
        psql,
        extension,
        needs,
        besides: besides.into_iter().collect(),
        seconds,
    })
}

/// The system's runner, or another one of the system that can do what is wanted.
fn runner(system: &str, wanted: &BTreeSet<String>, ci: &Ci) -> Result<String, String> {
    let can = |runner: &str| wanted.iter().all(|feature| features(runner).contains(&feature.as_str()));
    let Some(own) = ci.runner(system) else {
        return Err(format!("[ci] has no runner for {system}"));
    };
    if can(own) {
        return Ok(own.to_owned());
    }
    let other = RUNNERS.iter().map(|(label, _)| *label).find(|label| builds(label, system) && can(label));
    other.map(str::to_owned).ok_or_else(|| {
        let missing: Vec<&str> =
            wanted.iter().map(String::as_str).filter(|feature| !features(own).contains(feature)).collect();
        format!("it needs a machine with {}, and no runner for {system} has that", missing.join(", "))
    })
}
