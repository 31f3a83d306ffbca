//! A `flake.lock` as it was written, and what Nix refuses in one.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::reference::Reference;
use super::super::{Kind, fail};
use super::{Builder, Path};
use crate::access::Last;
use crate::error::Error;
use crate::machine::Result;
use crate::shared::Shared;

/// A `flake.lock`.
pub(super) struct Lock {
    root: String,
    nodes: serde_json::Map<String, serde_json::Value>,
}

/// A node of a lock file whose root is at `origin`.
#[derive(Clone)]
pub(super) struct Old {
    pub(super) lock: Rc<Lock>,
    pub(super) key: String,
    pub(super) origin: Path,
}

impl Old {
    fn get(&self, field: &str) -> Option<&serde_json::Value> {
        self.lock.nodes.get(&self.key)?.get(field)
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = (&String, OldEdge)> {
        let inputs = self.get("inputs").and_then(serde_json::Value::as_object);
        inputs.into_iter().flatten().map(|(name, target)| (name, self.edge(target)))
    }

    pub(super) fn edge(&self, target: &serde_json::Value) -> OldEdge {
        match target {
            serde_json::Value::Array(_) => {
                OldEdge::Follows([&self.origin[..], &path_of(Some(target))].concat())
            }
            target => {
                OldEdge::Node(Self { key: target.as_str().unwrap_or_default().to_owned(), ..self.clone() })
            }
        }
    }

    pub(super) fn input(&self, name: &str) -> Option<OldEdge> {
        Some(self.edge(self.get("inputs")?.get(name)?))
    }

    pub(super) fn reference(&self, field: &str) -> Reference {
        Reference::from_json(self.get(field).unwrap_or(&serde_json::Value::Null))
    }

    pub(super) fn is_flake(&self) -> bool {
        self.get("flake").and_then(serde_json::Value::as_bool).unwrap_or(true)
    }

    /// The input whose source it is inside of.
    pub(super) fn parent(&self) -> Option<Path> {
        let parent = self.get("parent").filter(|parent| parent.is_array())?;
        Some([&self.origin[..], &path_of(Some(parent))].concat())
    }
}

pub(super) enum OldEdge {
    Node(Old),
    Follows(Path),
}

fn path_of(list: Option<&serde_json::Value>) -> Path {
    let parts = list.and_then(serde_json::Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.as_str().map(str::to_owned)).collect()
}

/// Whether a reference is a path that starts from the flake that says it.
pub(super) fn relative(reference: &Reference) -> Option<&str> {
    reference.text("path").filter(|path| reference.kind() == "path" && !path.starts_with('/'))
}

impl Lock {
    /// Nodes that can be reached must say what they are.
    fn check(&self, shared: &Shared) -> Result<()> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![self.root.as_str()];
        while let Some(key) = todo.pop() {
            if !seen.insert(key) {
                continue;
            }
            let node = self.nodes.get(key);
            if key != self.root {
                let Some(node) = node else {
                    return fail(Kind::Other, format!("references missing node '{key}'"));
                };
                for field in ["locked", "original"] {
                    if !node.get(field).is_some_and(serde_json::Value::is_object) {
                        return fail(Kind::Other, format!("lacks '{field}' in node '{key}'"));
                    }
                }
                let locked = Reference::from_json(&node["locked"]);
                if !locked.is_locked() && relative(&locked).is_none() {
                    if locked.text("narHash").is_none() {
                        let text = locked.to_text();
                        return fail(Kind::Other, format!("has the unlocked input '{text}' in node '{key}'"));
                    }
                    shared.message(&format!(
                        "warning: lock file entry '{}' is unlocked (it lacks a Git revision) but is checked by NAR hash",
                        locked.to_text()
                    ));
                }
            }
            let inputs = node.and_then(|node| node.get("inputs")?.as_object());
            for (name, target) in inputs.into_iter().flatten() {
                match target {
                    serde_json::Value::String(target) if *target == self.root => {
                        return fail(Kind::Other, "contains a cycle to its root node");
                    }
                    serde_json::Value::String(target) => todo.push(target),
                    serde_json::Value::Array(_) => {}
                    _ => {
                        return fail(
                            Kind::Other,
                            format!("leads nowhere with input '{name}' of node '{key}'"),
                        );
                    }
                }
            }
        }
        Ok(())
    }
}

impl Builder<'_> {
    /// A flake's lock file, and the key of its root.
    pub(super) fn read_lock(&mut self, folder: &str) -> Result<Option<(Lock, String)>> {
        let file = format!("{folder}/flake.lock");
        if self.ev.kind_of(file.as_bytes(), Last::Kept, 0)?.is_none() {
            return Ok(None);
        }
        let bytes = self.ev.read_at(file.as_bytes(), 0)?;
        let shown = String::from_utf8_lossy(&self.ev.real(file.as_bytes())).into_owned();
        let shown = self
            .ev
            .shared
            .known_as(file.as_bytes())
            .map_or(shown, |known| String::from_utf8_lossy(&known.path).into_owned());
        let wrong = |what: String| Error::new(Kind::Other, format!("lock file '{shown}' {what}"));
        let json: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        let version = json.get("version").and_then(serde_json::Value::as_i64).unwrap_or(0);
        if !(5..=7).contains(&version) {
            return Err(wrong(format!("has unsupported version {version}")));
        }
        let Some(root) = json.get("root").and_then(|root| root.as_str()) else {
            return Err(wrong("does not say which node is its 'root'".to_owned()));
        };
        let nodes = json.get("nodes").and_then(|nodes| nodes.as_object()).cloned().unwrap_or_default();
        let lock = Lock { root: root.to_owned(), nodes };
        lock.check(&self.ev.shared).map_err(|error| wrong(error.message.to_string()))?;
        let key = lock.root.clone();
        Ok(Some((lock, key)))
    }
}
