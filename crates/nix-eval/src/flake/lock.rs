//! `flake.nix`'s inputs and `flake.lock`, made into one graph of sources.

mod file;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::reference::{Attribute, Reference};
use super::source::{self, By, Source};
use super::{Kind, fail};
use crate::access::Last;
use crate::error::Error;
use crate::heap::Ref;
use crate::ir::Params;
use crate::machine::{Ev, Result};
use crate::value::Value;
use nix_store::StorePath;

use file::{Old, OldEdge, relative};
use spec::{Spec, place};

type Path = Vec<String>;

/// Where an input leads.
#[derive(Clone, Debug)]
enum Edge {
    Node(usize),
    /// Another input, counted from the root.
    Follows(Path),
}

enum From {
    Source(Source),
    Locked(Reference),
    /// A folder that was found inside of another node's source, which is this store path.
    Within(StorePath),
    /// A lock file says that it is this folder of the input that the path leads to.
    Inside(Path, String),
}

struct Node {
    from: From,
    dir: String,
    flake: bool,
    inputs: BTreeMap<String, Edge>,
}

fn by(user: bool) -> By {
    if user { By::User } else { By::Program }
}

struct Builder<'e> {
    ev: &'e mut Ev,
    nodes: Vec<Node>,
    overrides: BTreeMap<Path, Spec>,
    /// Overrides of inputs that are there.
    used: BTreeSet<Path>,
    /// The lock file in use is not the one that is written.
    changed: bool,
}

/// The nodes of a flake and its inputs as a value: name → { source, dir, flake, inputs }.
pub fn nodes(ev: &mut Ev, reference: &Reference, by: By, overrides: &[(String, String)]) -> Result<Value> {
    let source = source::fetch(ev, reference, by)?;
    nodes_from(ev, source, Some((reference, by)), reference.dir(), overrides)
}

/// As [`nodes`], for a flake whose source is at hand.
pub fn nodes_of(ev: &mut Ev, source: Source, dir: &str, overrides: &[(String, String)]) -> Result<Value> {
    nodes_from(ev, source, None, dir, overrides)
}

fn nodes_from(
    ev: &mut Ev,
    source: Source,
    reference: Option<(&Reference, By)>,
    dir: &str,
    overrides: &[(String, String)],
) -> Result<Value> {
    let here = std::env::current_dir()?;
    let mut given = BTreeMap::new();
    for (input, flake) in overrides {
        let url = Reference::parse(flake, here.to_str())?;
        let path = input.split('/').map(str::to_owned).collect();
        given.insert(path, Spec { url: Some(url), by_user: true, ..Spec::default() });
    }
    let (nodes, used) = (Vec::new(), BTreeSet::new());
    let mut builder = Builder { ev, nodes, overrides: given, used, changed: false };
    let root = builder.flake(From::Source(source), reference, dir, &[])?;
    for (input, flake) in overrides {
        if !builder.used.contains(&input.split('/').map(str::to_owned).collect::<Path>()) {
            let text =
                format!("warning: the flag '--override-input {input} {flake}' does not match any input");
            builder.ev.shared.message(&text);
        }
    }
    if let From::Source(source) = &mut builder.nodes[root].from
        && builder.changed
    {
        // With another lock file it is not what was committed.
        source.attrs.retain(|(name, _)| !["rev", "shortRev", "revCount"].contains(name));
    }
    builder.finish(root)
}

impl Builder<'_> {
    /// The folder of a node's flake as the evaluator sees it; fetches what a lock file names.
    fn folder(&mut self, node: usize) -> Result<String> {
        let (base, dir) = match &self.nodes[node].from {
            From::Source(source) => (source.path.clone(), self.nodes[node].dir.clone()),
            From::Within(path) => (path.clone(), self.nodes[node].dir.clone()),
            From::Locked(reference) => {
                let reference = reference.clone();
                let source = source::fetch(self.ev, &reference, By::Lock)?;
                self.nodes[node].from = From::Source(source);
                return self.folder(node);
            }
            From::Inside(parent, dir) => {
                let (parent, dir) = (parent.clone(), dir.clone());
                let parent = self.resolve(0, &parent, 0)?;
                let (path, dir) = self.within(parent, &dir)?;
                (self.nodes[node].from, self.nodes[node].dir) = (From::Within(path), dir);
                return self.folder(node);
            }
        };
        let base = self.ev.shared.store.print(&base);
        Ok(if dir.is_empty() { base } else { format!("{base}/{dir}") })
    }

    /// A folder that is named from a node's: the store path that it is in, and where there.
    fn within(&mut self, node: usize, dir: &str) -> Result<(StorePath, String)> {
        let folder = format!("{}/{dir}", self.ev_stack(|this| this.folder(node))?);
        let full = String::from_utf8_lossy(&crate::paths::canonical(folder.as_bytes())).into_owned();
        let store = self.ev.shared.store.clone();
        let here = self.folder(node)?;
        let (own, _) = store.split(&here)?;
        match store.split(&full) {
            Ok((path, below)) if path == own => Ok((path, below.trim_start_matches('/').to_owned())),
            _ => {
                fail(Kind::Other, format!("relative path '{dir}' points outside of its parent's store path"))
            }
        }
    }

    /// Fetches the source of a flake as its `inputs.self` says; whether that is another one.
    fn fetch_again(&mut self, node: usize, (reference, by): (&Reference, By), own: &Reference) -> Result<()> {
        if let Some((name, _)) =
            own.attrs.iter().find(|(name, _)| !["submodules", "lfs"].contains(&name.as_str()))
        {
            return fail(Kind::Other, format!("flake 'self' attribute '{name}' is not supported"));
        }
        let mut wanted = reference.clone();
        wanted.attrs.extend(own.attrs.clone());
        let From::Source(source) = &self.nodes[node].from else { return Ok(()) };
        if wanted == *reference {
            return Ok(());
        }
        wanted.attrs.remove("narHash");
        let rev = source.attrs.iter().find_map(|(name, value)| (*name == "rev").then(|| value.clone()));
        if let Some(rev) =
            rev.filter(|rev| !matches!(rev, Attribute::Text(rev) if rev.starts_with("0000000")))
        {
            wanted.attrs.insert("rev".to_owned(), rev);
        }
        let source = source::fetch(self.ev, &wanted, by)?;
        self.nodes[node].from = From::Source(source);
        Ok(())
    }

    /// Adds a flake and what it needs.
    fn flake(
        &mut self,
        from: From,
        reference: Option<(&Reference, By)>,
        dir: &str,
        path: &[String],
    ) -> Result<usize> {
        let index = self.nodes.len();
        self.nodes.push(Node { from, dir: dir.to_owned(), flake: true, inputs: BTreeMap::new() });
        let specs = self.read_flake(index, reference, path)?;
        let folder = self.folder(index)?;
        let old = self.read_lock(&folder)?.map(|lock| {
            let (lock, key) = (Rc::new(lock.0), lock.1);
            Old { lock, key, origin: path.to_vec() }
        });
        self.inputs(index, specs, path, old.as_ref(), false)?;
        Ok(index)
    }

    /// What the flake.nix of a node, which is at `path`, says of its inputs.
    fn read_flake(
        &mut self,
        index: usize,
        reference: Option<(&Reference, By)>,
        path: &[String],
    ) -> Result<BTreeMap<String, Spec>> {
        let folder = self.folder(index)?;
        let file = format!("{folder}/flake.nix");
        if self.ev.kind_of(file.as_bytes(), Last::Followed, 0)?.is_none() {
            let shared = &self.ev.shared;
            let untracked = shared.no_file(file.as_bytes(), 0);
            if untracked.message.contains("is not tracked by Git") {
                return Err(untracked);
            }
            let place = shared.known_as(folder.as_bytes()).map(|known| known.path);
            let place = place.unwrap_or_else(|| shared.real(folder.as_bytes()));
            let place = String::from_utf8_lossy(&place);
            return fail(Kind::Io, format!("path '{place}' does not contain a 'flake.nix'"));
        }
        let Value::Attrs(flake) = self.ev.import(file.as_bytes(), 0)? else {
            return fail(Kind::Type, format!("file '{file}' must be an attribute set"));
        };
        let named = reference.map_or_else(|| folder.clone(), |(reference, _)| reference.to_text());
        super::literal::check(self.ev, &file, &named)?;
        let mut specs = match flake.get(self.ev.intern(b"inputs")) {
            Some(inputs) => match self.ev.force(inputs.value)? {
                Value::Attrs(inputs) => self.specs(inputs, &folder)?,
                other => {
                    let found = other.describe();
                    return fail(
                        Kind::Type,
                        format!("expected a set but got {found} for 'inputs' of a flake"),
                    );
                }
            },
            None => BTreeMap::new(),
        };
        let Some(outputs) = flake.get(self.ev.intern(b"outputs")) else {
            return fail(Kind::MissingAttribute, format!("flake '{named}' lacks attribute 'outputs'"));
        };
        match self.ev.force(outputs.value)? {
            Value::Closure(closure) => {
                if let Params::Pattern(pattern) = &closure.lambda.params {
                    for formal in pattern.formals {
                        let name = self.ev.text(formal.name).lossy().into_owned();
                        if name != "self" {
                            specs.entry(name).or_default();
                        }
                    }
                }
            }
            other if other.is_function() => {}
            other => {
                let message = format!("expected a function but got {}", other.describe());
                return Err(Error::at(Kind::Type, message, outputs.pos));
            }
        }
        if let Some(own) = specs.remove("self").and_then(|spec| spec.url)
            && let Some(reference) = reference
        {
            self.fetch_again(index, reference, &own)?;
        }
        for spec in specs.values_mut() {
            place(spec, index, path);
        }
        Ok(specs)
    }

    /// Adds the inputs of a node at `path`. What `old` says of one holds where it has not changed; where it is
    /// trusted, that is not looked at once more.
    fn inputs(
        &mut self,
        index: usize,
        specs: BTreeMap<String, Spec>,
        path: &[String],
        old: Option<&Old>,
        trusted: bool,
    ) -> Result<()> {
        // What a flake says of its inputs' inputs counts for them, unless said further out.
        for (name, spec) in &specs {
            self.note_overrides(&spec.inputs, &[path, std::slice::from_ref(name)].concat());
        }
        let unknown: Vec<_> = self
            .overrides
            .keys()
            .filter_map(|at| {
                at.split_last().filter(|(name, above)| *above == path && !specs.contains_key(*name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in unknown.iter().filter(|_| !path.is_empty()) {
            let input = path.join("/");
            let text = format!("warning: input '{input}' has an override for a non-existent input '{name}'");
            self.ev.shared.message(&text);
        }
        self.changed |= old.is_some_and(|old| old.inputs().any(|(name, _)| !specs.contains_key(name)));
        for (name, spec) in specs {
            let below = [path, std::slice::from_ref(&name)].concat();
            let edge = self.input(&name, spec, &below, index, old, trusted)?;
            self.nodes[index].inputs.insert(name, edge);
        }
        Ok(())
    }

    fn note_overrides(&mut self, specs: &BTreeMap<String, Spec>, at: &[String]) {
        for (name, spec) in specs {
            let path = [at, std::slice::from_ref(name)].concat();
            self.note_overrides(&spec.inputs, &path);
            if spec.url.is_some() || spec.follows.is_some() {
                self.overrides.entry(path).or_insert_with(|| spec.clone());
            }
        }
    }

    fn input(
        &mut self,
        name: &str,
        spec: Spec,
        path: &[String],
        index: usize,
        old: Option<&Old>,
        trusted: bool,
    ) -> Result<Edge> {
        let flake = spec.flake.unwrap_or(true);
        let spec = match self.overrides.get(path) {
            Some(over) => {
                self.used.insert(path.to_vec());
                over.clone()
            }
            None => spec,
        };
        let old = old.and_then(|old| old.input(name));
        if let Some(follows) = spec.follows {
            self.changed |= !matches!(&old, Some(OldEdge::Follows(old)) if *old == follows);
            return Ok(Edge::Follows(follows));
        }
        let url = spec.url.unwrap_or_else(|| {
            let attrs = [("type", "indirect"), ("id", name)];
            let attrs = attrs.map(|(key, value)| (key.to_owned(), Attribute::Text(value.to_owned())));
            Reference { attrs: attrs.into() }
        });
        let (parent, parent_path) = match spec.parent {
            Some((node, path)) => (node, Some(path)),
            None => (index, None),
        };
        let parent_path = parent_path.filter(|_| relative(&url).is_some());
        let old = match old {
            Some(OldEdge::Node(old))
                if old.reference("original") == url
                    && (old.parent() == parent_path || old.parent().is_none() || trusted) =>
            {
                Some(old)
            }
            _ => None,
        };
        if let Some(old) = &old
            && !spec.by_user
        {
            return self.locked(old, path, parent, trusted).map(Edge::Node);
        }
        let before = std::mem::replace(&mut self.changed, true);
        let node = self.fetch(&url, by(spec.by_user), flake, path, parent)?;
        // The user may name what is locked.
        self.changed = before || !old.is_some_and(|old| self.is_locked(node, &url, &old));
        Ok(Edge::Node(node))
    }

    /// Whether a node that was fetched, and what is below it, is what the lock file says.
    fn is_locked(&self, node: usize, url: &Reference, old: &Old) -> bool {
        let Node { from: From::Source(source), flake, .. } = &self.nodes[node] else { return false };
        let is_same = |(key, value): (&String, &Attribute)| match key.as_str() {
            "narHash" => *value == Attribute::Text(source.hash.to_sri()),
            _ => {
                source
                    .attrs
                    .iter()
                    .find(|(name, _)| name == key)
                    .map(|(_, value)| value)
                    .or(url.attrs.get(key))
                    == Some(value)
            }
        };
        *flake == old.is_flake()
            && old.reference("locked").attrs.iter().all(is_same)
            && self.below_is_locked(node, old)
    }

    fn below_is_locked(&self, node: usize, old: &Old) -> bool {
        let inputs = &self.nodes[node].inputs;
        old.inputs().count() == inputs.len()
            && old.inputs().all(|(name, edge)| match (inputs.get(name), edge) {
                (Some(Edge::Follows(path)), OldEdge::Follows(old)) => *path == old,
                (Some(Edge::Node(next)), OldEdge::Node(old)) => {
                    matches!(&self.nodes[*next].from, From::Locked(locked) if *locked == old.reference("locked"))
                        && self.nodes[*next].flake == old.is_flake()
                        && self.below_is_locked(*next, &old)
                }
                _ => false,
            })
    }

    /// A node of a lock file and what is below it.
    fn locked(&mut self, old: &Old, path: &[String], parent: usize, trusted: bool) -> Result<usize> {
        if path.len() > 64 {
            return fail(Kind::Other, "the inputs of the lock file are nested without end");
        }
        let reference = old.reference("locked");
        let from = match relative(&reference) {
            Some(dir) => {
                From::Inside(old.parent().unwrap_or_else(|| self.path_to(parent, path)), dir.to_owned())
            }
            None => From::Locked(reference.clone()),
        };
        let (flake, dir) = (old.is_flake(), reference.dir().to_owned());
        let index = self.nodes.len();
        self.nodes.push(Node { from, dir, flake, inputs: BTreeMap::new() });
        let mut specs = BTreeMap::new();
        let mut read = false;
        for (name, edge) in old.inputs() {
            let spec = match edge {
                OldEdge::Node(below) => Spec {
                    url: Some(below.reference("original")),
                    flake: Some(below.is_flake()),
                    parent: below.parent().and_then(|path| Some((self.resolve(0, &path, 0).ok()?, path))),
                    ..Spec::default()
                },
                OldEdge::Follows(follows) => {
                    // The line that said so may be gone from flake.nix.
                    let below = [path, std::slice::from_ref(name)].concat();
                    read |= !trusted && !self.overrides.contains_key(&below);
                    Spec { follows: Some(follows), ..Spec::default() }
                }
            };
            specs.insert(name.clone(), spec);
        }
        self.ev_stack(|this| {
            if read && flake {
                let specs = this.read_flake(index, Some((&reference, By::Lock)), path)?;
                return this.inputs(index, specs, path, Some(old), false);
            }
            this.inputs(index, specs, path, Some(old), true)
        })?;
        Ok(index)
    }

    /// Where a node is that is above `path`.
    fn path_to(&self, node: usize, path: &[String]) -> Path {
        let mut above = (0..path.len()).rev().map(|len| &path[..len]);
        above
            .find(|path| self.resolve(0, path, 0).is_ok_and(|found| found == node))
            .unwrap_or_default()
            .to_vec()
    }

    fn fetch(
        &mut self,
        url: &Reference,
        by: By,
        flake: bool,
        path: &[String],
        parent: usize,
    ) -> Result<usize> {
        if path.len() > 64 {
            return fail(Kind::Other, "the inputs of the flake are nested without end");
        }
        let (from, dir) = match relative(url) {
            Some(dir) => {
                let (source, dir) = self.within(parent, dir)?;
                (From::Within(source), dir)
            }
            None => {
                let input = path.join("/");
                let source = source::fetch(self.ev, url, by)
                    .map_err(|error| error.frame(0, format!("while fetching the input '{input}'")))?;
                (From::Source(source), url.dir().to_owned())
            }
        };
        if flake {
            return self.ev_stack(|this| this.flake(from, Some((url, by)), &dir, path));
        }
        self.nodes.push(Node { from, dir, flake, inputs: BTreeMap::new() });
        Ok(self.nodes.len() - 1)
    }

    fn ev_stack<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        stacker::maybe_grow(256 << 10, 4 << 20, || work(self))
    }

    /// The node that a path of inputs leads to.
    fn resolve(&self, root: usize, path: &[String], depth: usize) -> Result<usize> {
        if depth > 100 {
            return fail(Kind::Other, format!("follow cycle detected at input '{}'", path.join("/")));
        }
        let mut node = root;
        for name in path {
            node = match self.nodes[node].inputs.get(name) {
                Some(Edge::Node(next)) => *next,
                Some(Edge::Follows(follows)) => self.resolve(root, follows, depth + 1)?,
                None => {
                    let path = path.join("/");
                    return fail(
                        Kind::Other,
                        format!("input '{path}' follows a non-existent input '{name}'"),
                    );
                }
            };
        }
        Ok(node)
    }

    fn finish(self, root: usize) -> Result<Value> {
        let key = |index: usize| if index == root { "root".to_owned() } else { format!("n{index}") };
        let mut all = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut inputs = Vec::new();
            for (name, edge) in &node.inputs {
                let target = match edge {
                    Edge::Node(target) => *target,
                    Edge::Follows(path) => self.resolve(root, path, 0)?,
                };
                inputs.push((name.clone(), key(target)));
            }
            let parent = match &node.from {
                From::Inside(path, _) => Some(key(self.resolve(root, path, 0)?)),
                _ => None,
            };
            all.push((inputs, parent));
        }
        let Builder { ev, nodes, .. } = self;
        let mut attrs = Vec::with_capacity(nodes.len());
        for (index, ((inputs, parent), node)) in all.into_iter().zip(&nodes).enumerate() {
            let (source, dir) = match &node.from {
                From::Source(source) => {
                    let info = source.info(ev);
                    (ev.at(ev.set_of(info)), &node.dir)
                }
                From::Within(path) => {
                    let out = source::out_path(ev, path);
                    (ev.at(ev.set_of(vec![out])), &node.dir)
                }
                From::Locked(reference) => (ev.lazy_fetch(reference), &node.dir),
                From::Inside(_, dir) => (ev.at(Value::Null), dir),
            };
            let inputs = inputs
                .into_iter()
                .map(|(name, target)| ev.named(&name, ev.at(ev.string(target.as_bytes()))))
                .collect();
            let parent = parent.map_or(Value::Null, |parent| ev.string(parent.as_bytes()));
            let fields = vec![
                ev.named("source", source),
                ev.named("dir", ev.at(ev.string(dir.as_bytes()))),
                ev.named("flake", ev.at(Value::Bool(node.flake))),
                ev.named("inputs", ev.at(ev.set_of(inputs))),
                ev.named("parent", ev.at(parent)),
            ];
            attrs.push(ev.named(&key(index), ev.at(ev.set_of(fields))));
        }
        Ok(ev.set_of(attrs))
    }
}

impl Ev {
    /// A thunk that fetches what a lock file names.
    fn lazy_fetch(&mut self, reference: &Reference) -> Ref {
        let mut attrs = Vec::new();
        for (name, value) in reference.attrs.iter().filter(|(name, _)| *name != "dir") {
            let value = match value {
                Attribute::Text(text) => self.string(text.as_bytes()),
                Attribute::Number(number) => Value::Int(*number),
                Attribute::Flag(flag) => Value::Bool(*flag),
            };
            attrs.push(self.named(name, self.at(value)));
        }
        attrs.push(self.named(super::LAST, self.at(Value::Bool(true))));
        let arg = self.at(self.set_of(attrs));
        let function = self.at(self.builtin("fetchTree"));
        self.lazy_call(function, arg)
    }
}
