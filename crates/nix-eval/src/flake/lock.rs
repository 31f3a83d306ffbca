//! `flake.nix`'s inputs and `flake.lock`, made into one graph of sources.

use std::collections::BTreeMap;

use super::reference::{Attribute, Reference};
use super::source::{self, By, Source};
use super::{Kind, fail};
use crate::access::Last;
use crate::attrs::Attrs;
use crate::error::Error;
use crate::heap::Ref;
use crate::ir::Params;
use crate::machine::{Ev, Result};
use crate::value::Value;

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
    /// A folder inside the source of another node.
    Inside(usize, String),
}

struct Node {
    from: From,
    dir: String,
    flake: bool,
    inputs: BTreeMap<String, Edge>,
}

/// What `flake.nix` says of an input.
#[derive(Clone, Debug, Default)]
struct Spec {
    url: Option<Reference>,
    follows: Option<Path>,
    flake: Option<bool>,
    inputs: BTreeMap<String, Spec>,
    /// It stands on the command line.
    by_user: bool,
}

/// A `flake.lock`.
#[derive(Clone)]
struct Lock {
    root: String,
    nodes: serde_json::Map<String, serde_json::Value>,
}

fn by(user: bool) -> By {
    if user { By::User } else { By::Program }
}

struct Builder<'e> {
    ev: &'e mut Ev,
    nodes: Vec<Node>,
    overrides: BTreeMap<Path, Spec>,
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
    let mut builder = Builder { ev, nodes: Vec::new(), overrides: given };
    let root = builder.flake(From::Source(source), reference, dir, &[])?;
    builder.finish(root)
}

impl Builder<'_> {
    fn text(&mut self, value: Ref, what: &str) -> Result<String> {
        match self.ev.force(value)? {
            Value::String(text) => Ok(text.lossy().into_owned()),
            other => {
                let found = other.describe();
                fail(Kind::Type, format!("{what} of a flake must be a string, but it is {found}"))
            }
        }
    }

    /// The inputs of the flake in `folder`.
    fn specs(&mut self, attrs: &'static Attrs, folder: &str) -> Result<BTreeMap<String, Spec>> {
        let mut specs = BTreeMap::new();
        for attr in self.ev.sorted(attrs) {
            let name = self.ev.text(attr.name).lossy().into_owned();
            let spec = match self.ev.force(attr.value)? {
                Value::Attrs(inner) => self.spec(inner, &name, folder)?,
                other => {
                    let found = other.describe();
                    return fail(
                        Kind::Type,
                        format!("expected a set but got {found} for flake input '{name}'"),
                    );
                }
            };
            specs.insert(name, spec);
        }
        Ok(specs)
    }

    fn spec(&mut self, attrs: &'static Attrs, input: &str, folder: &str) -> Result<Spec> {
        let mut spec = Spec::default();
        let mut reference = Reference::default();
        let mut url = None;
        for attr in self.ev.sorted(attrs) {
            let name = self.ev.text(attr.name).lossy().into_owned();
            match name.as_str() {
                "url" => {
                    let written = match self.ev.force(attr.value)? {
                        Value::Path(path) => {
                            let path = path.lossy().into_owned();
                            let below = path.strip_prefix(folder).map(|rest| rest.trim_start_matches('/'));
                            format!("path:{}", below.map_or(path.clone(), |rest| format!("./{rest}")))
                        }
                        _ => self.text(attr.value, "an input's url")?,
                    };
                    url = Some(written);
                }
                "follows" => {
                    let follows = self.text(attr.value, "an input's follows")?;
                    spec.follows =
                        Some(follows.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect());
                }
                "flake" => match self.ev.force(attr.value)? {
                    Value::Bool(flag) => spec.flake = Some(flag),
                    _ => return fail(Kind::Type, format!("'flake' of input '{input}' must be a Boolean")),
                },
                "inputs" => {
                    if let Value::Attrs(inner) = self.ev.force(attr.value)? {
                        if inner.get(self.ev.intern(b"self")).is_some() {
                            return fail(Kind::Other, "'self' input attribute not allowed");
                        }
                        spec.inputs = self.specs(inner, folder)?;
                    }
                }
                _ => {
                    let value = match self.ev.force(attr.value)? {
                        Value::String(text) => Attribute::Text(text.lossy().into_owned()),
                        Value::Int(number) => Attribute::Number(number),
                        Value::Bool(flag) => Attribute::Flag(flag),
                        _ => {
                            return fail(
                                Kind::Other,
                                format!("unsupported attribute '{name}' of flake input '{input}'"),
                            );
                        }
                    };
                    reference.attrs.insert(name, value);
                }
            }
        }
        if reference.attrs.contains_key("type") {
            if let Some(url) = url {
                reference.set("url", &url);
            }
            let dir = reference.attrs.remove("dir");
            reference.check()?;
            reference.attrs.extend(dir.map(|dir| ("dir".to_owned(), dir)));
            spec.url = Some(reference);
        } else if input != "self" {
            if let Some((name, _)) = reference.attrs.first_key_value() {
                return fail(Kind::Other, format!("unexpected flake input attribute '{name}'"));
            }
            if let Some(url) = url {
                spec.url = Some(Reference::parse_input(&url, spec.flake.unwrap_or(true))?);
            }
        } else {
            // What a flake wants of its own source.
            spec.url = Some(reference);
        }
        if spec.url.is_some() && spec.follows.is_some() {
            return fail(Kind::Other, "flake input has both a flake reference and a follows attribute");
        }
        Ok(spec)
    }

    /// The folder of a node's flake as the evaluator sees it.
    fn out_path(&self, node: usize) -> Option<String> {
        match &self.nodes[node].from {
            From::Source(source) => Some(self.ev.shared.store.print(&source.path)),
            From::Inside(parent, dir) => Some(format!("{}/{dir}", self.flake_dir(*parent)?)),
            From::Locked(_) => None,
        }
    }

    fn flake_dir(&self, node: usize) -> Option<String> {
        let out = self.out_path(node)?;
        let dir = &self.nodes[node].dir;
        Some(if dir.is_empty() { out } else { format!("{out}/{dir}") })
    }

    fn folder(&self, node: usize) -> Result<String> {
        let Some(folder) = self.flake_dir(node) else {
            return fail(Kind::Other, "internal error: a locked flake has no folder");
        };
        Ok(String::from_utf8_lossy(&crate::paths::canonical(folder.as_bytes())).into_owned())
    }

    /// Fetches the source of a flake as its `inputs.self` says; whether that is another one.
    fn fetch_again(
        &mut self,
        node: usize,
        (reference, by): (&Reference, By),
        own: &Reference,
    ) -> Result<bool> {
        if let Some((name, _)) =
            own.attrs.iter().find(|(name, _)| !["submodules", "lfs"].contains(&name.as_str()))
        {
            return fail(Kind::Other, format!("flake 'self' attribute '{name}' is not supported"));
        }
        let mut wanted = reference.clone();
        wanted.attrs.extend(own.attrs.clone());
        let From::Source(source) = &self.nodes[node].from else { return Ok(false) };
        if wanted == *reference {
            return Ok(false);
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
        Ok(true)
    }

    /// Adds a flake and what it needs.
    fn flake(
        &mut self,
        from: From,
        reference: Option<(&Reference, By)>,
        dir: &str,
        prefix: &[String],
    ) -> Result<usize> {
        let index = self.nodes.len();
        self.nodes.push(Node { from, dir: dir.to_owned(), flake: true, inputs: BTreeMap::new() });
        let mut folder = self.folder(index)?;
        let file = format!("{folder}/flake.nix");
        if self.ev.kind_of(file.as_bytes(), Last::Followed, 0)?.is_none() {
            let place = String::from_utf8_lossy(&self.ev.real(folder.as_bytes())).into_owned();
            return fail(
                Kind::Io,
                format!(
                    "'{place}' has no flake.nix (in a git repository it must be tracked: git add flake.nix)"
                ),
            );
        }
        let Value::Attrs(flake) = self.ev.import(file.as_bytes(), 0)? else {
            return fail(Kind::Type, format!("file '{file}' must be an attribute set"));
        };
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
            return fail(Kind::MissingAttribute, format!("flake '{folder}' lacks attribute 'outputs'"));
        };
        if let Value::Closure(closure) = self.ev.force(outputs.value)?
            && let Params::Pattern(pattern) = &closure.lambda.params
        {
            for formal in pattern.formals {
                let name = self.ev.text(formal.name).lossy().into_owned();
                if name != "self" {
                    specs.entry(name).or_default();
                }
            }
        }
        if let Some(own) = specs.remove("self").and_then(|spec| spec.url)
            && let Some(reference) = reference
            && self.fetch_again(index, reference, &own)?
        {
            folder = self.folder(index)?;
        }
        let lock = self.read_lock(&folder)?;
        // What this flake says of its inputs' inputs counts for them, unless said further out.
        for (name, spec) in &specs {
            self.note_overrides(&spec.inputs, &[prefix, std::slice::from_ref(name)].concat(), prefix);
        }
        for (name, spec) in specs {
            let path = [prefix, std::slice::from_ref(&name)].concat();
            let edge = self.input(&name, spec, &path, prefix, index, lock.as_ref())?;
            self.nodes[index].inputs.insert(name, edge);
        }
        Ok(index)
    }

    fn note_overrides(&mut self, specs: &BTreeMap<String, Spec>, at: &[String], prefix: &[String]) {
        for (name, spec) in specs {
            let path = [at, std::slice::from_ref(name)].concat();
            let mut noted = spec.clone();
            noted.follows = spec.follows.as_ref().map(|follows| [prefix, follows].concat());
            self.note_overrides(&spec.inputs, &path, prefix);
            if noted.url.is_some() || noted.follows.is_some() {
                self.overrides.entry(path).or_insert(noted);
            }
        }
    }

    fn read_lock(&mut self, folder: &str) -> Result<Option<Lock>> {
        let file = format!("{folder}/flake.lock");
        if self.ev.kind_of(file.as_bytes(), Last::Kept, 0)?.is_none() {
            return Ok(None);
        }
        let bytes = self.ev.read_at(file.as_bytes(), 0)?;
        let json: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(Kind::Other, format!("lock file '{file}' is no JSON: {error}")))?;
        let version = json.get("version").and_then(serde_json::Value::as_u64);
        if !version.is_some_and(|version| (5..=7).contains(&version)) {
            return fail(Kind::Other, format!("lock file '{file}' has an unsupported version"));
        }
        let root = json.get("root").and_then(|root| root.as_str()).unwrap_or("root").to_owned();
        let nodes = json.get("nodes").and_then(|nodes| nodes.as_object()).cloned().unwrap_or_default();
        Ok(Some(Lock { root, nodes }))
    }

    fn input(
        &mut self,
        name: &str,
        spec: Spec,
        path: &[String],
        prefix: &[String],
        parent: usize,
        lock: Option<&Lock>,
    ) -> Result<Edge> {
        if let Some(over) = self.overrides.get(path).cloned() {
            if let Some(follows) = over.follows {
                return Ok(Edge::Follows(follows));
            }
            if let Some(url) = over.url {
                let flake = spec.flake.unwrap_or(true);
                return self.fetch(&url, by(over.by_user), flake, path, parent).map(Edge::Node);
            }
        }
        if let Some(follows) = spec.follows {
            return Ok(Edge::Follows([prefix, &follows].concat()));
        }
        let url = spec.url.unwrap_or_else(|| {
            let attrs = [("type", "indirect"), ("id", name)];
            let attrs = attrs.map(|(key, value)| (key.to_owned(), Attribute::Text(value.to_owned())));
            Reference { attrs: attrs.into() }
        });
        if let Some(lock) = lock
            && let Some(key) =
                lock.nodes.get(&lock.root).and_then(|root| root.get("inputs")?.get(name)?.as_str())
            && let Some(node) = lock.nodes.get(key)
            && node.get("original").map(Reference::from_json).is_some_and(|original| original == url)
        {
            return self.locked(lock, key, path, prefix, parent);
        }
        self.fetch(&url, By::Program, spec.flake.unwrap_or(true), path, parent).map(Edge::Node)
    }

    /// A node of a lock file and what is below it. `origin` is where the lock file's root is.
    fn locked(
        &mut self,
        lock: &Lock,
        key: &str,
        path: &[String],
        origin: &[String],
        parent: usize,
    ) -> Result<Edge> {
        if path.len() > 64 {
            return fail(Kind::Other, "the inputs of the lock file are nested without end");
        }
        let Some(node) = lock.nodes.get(key) else {
            return fail(Kind::Other, format!("lock file references missing node '{key}'"));
        };
        let reference = Reference::from_json(node.get("locked").unwrap_or(&serde_json::Value::Null));
        let flake = node.get("flake").and_then(serde_json::Value::as_bool).unwrap_or(true);
        let relative =
            reference.text("path").filter(|path| reference.kind() == "path" && !path.starts_with('/'));
        let from = match relative {
            Some(dir) => From::Inside(parent, dir.to_owned()),
            None => From::Locked(reference.clone()),
        };
        let index = self.nodes.len();
        self.nodes.push(Node { from, dir: reference.dir().to_owned(), flake, inputs: BTreeMap::new() });
        let inputs = node.get("inputs").and_then(|inputs| inputs.as_object()).cloned().unwrap_or_default();
        for (name, target) in inputs {
            let below = [path, std::slice::from_ref(&name)].concat();
            let edge = match (self.overrides.get(&below).cloned(), target) {
                (Some(Spec { follows: Some(follows), .. }), _) => Edge::Follows(follows),
                (Some(Spec { url: Some(url), by_user, .. }), _) => {
                    Edge::Node(self.fetch(&url, by(by_user), true, &below, index)?)
                }
                (_, serde_json::Value::String(key)) => self.locked(lock, &key, &below, origin, index)?,
                (_, serde_json::Value::Array(parts)) => {
                    let parts = parts.iter().filter_map(|part| part.as_str().map(str::to_owned));
                    Edge::Follows(origin.iter().cloned().chain(parts).collect())
                }
                _ => return fail(Kind::Other, format!("lock file: input '{name}' of '{key}' leads nowhere")),
            };
            self.nodes[index].inputs.insert(name, edge);
        }
        Ok(Edge::Node(index))
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
        let relative = url.text("path").filter(|path| url.kind() == "path" && !path.starts_with('/'));
        let from = match relative {
            Some(dir) => From::Inside(parent, dir.to_owned()),
            None => {
                let input = path.join("/");
                From::Source(
                    source::fetch(self.ev, url, by)
                        .map_err(|error| error.frame(0, format!("while fetching the input '{input}'")))?,
                )
            }
        };
        if flake {
            return self.ev_stack(|this| this.flake(from, Some((url, by)), url.dir(), path));
        }
        self.nodes.push(Node { from, dir: url.dir().to_owned(), flake, inputs: BTreeMap::new() });
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
        let mut infos: Vec<Ref> = Vec::with_capacity(self.nodes.len());
        let mut all = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let mut inputs = Vec::new();
            for (name, edge) in &node.inputs {
                let target = match edge {
                    Edge::Node(target) => *target,
                    Edge::Follows(path) => self.resolve(root, path, 0)?,
                };
                inputs.push((name.clone(), key(target)));
            }
            all.push((index, inputs));
        }
        let Builder { ev, nodes, .. } = self;
        let mut attrs = Vec::with_capacity(nodes.len());
        for ((index, inputs), node) in all.into_iter().zip(&nodes) {
            let info = match &node.from {
                From::Source(source) => {
                    let info = source.info(ev);
                    ev.at(ev.set_of(info))
                }
                From::Locked(reference) => ev.lazy_fetch(reference),
                From::Inside(parent, dir) => {
                    let within = nodes.get(*parent).map(|parent| parent.dir.as_str()).unwrap_or_default();
                    let dir = if within.is_empty() { dir.clone() } else { format!("{within}/{dir}") };
                    let parent = infos.get(*parent).copied();
                    ev.inside(parent, &dir)?
                }
            };
            infos.push(info);
            let inputs = inputs
                .into_iter()
                .map(|(name, target)| ev.named(&name, ev.at(ev.string(target.as_bytes()))))
                .collect();
            let fields = vec![
                ev.named("source", info),
                ev.named("dir", ev.at(ev.string(node.dir.as_bytes()))),
                ev.named("flake", ev.at(Value::Bool(node.flake))),
                ev.named("inputs", ev.at(ev.set_of(inputs))),
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

    /// The source information of a folder inside another source.
    fn inside(&mut self, parent: Option<Ref>, dir: &str) -> Result<Ref> {
        let Some(parent) = parent else {
            return fail(Kind::Other, "internal error: no source around this one");
        };
        let text = r#"parent: dir: parent // { outPath = parent.outPath + "/" + dir; }"#;
        let origin = crate::shared::Origin::Text(text.into());
        let code = self.parse(text, origin, b"/")?;
        let function = self.eval(code, None)?;
        let dir = crate::paths::canonical(format!("/{dir}").as_bytes());
        let dir = self.at(self.string(&dir[1..]));
        let value = self.call(function, &[parent, dir], 0)?;
        Ok(self.at(value))
    }
}
