//! `flake.lock` as it stands, whoever wrote it: which sources it locks, and how that differs from the catalogue's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::rules::text::is_hex;
use super::sri;

/// What is known of an input at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The commit, where it has commits.
    pub rev: Option<String>,
    /// SRI hash of the source tree.
    pub nar_hash: String,
    /// Seconds since 1970; 0 where a lock file does not say it, as of archives.
    pub last_modified: u64,
}

impl Pin {
    /// Whether both are the same source.
    pub fn is(&self, other: &Self) -> bool {
        let unsaid = self.last_modified == 0 || other.last_modified == 0;
        self.rev == other.rev
            && self.nar_hash == other.nar_hash
            && (unsaid || self.last_modified == other.last_modified)
    }

    /// What it is called in a line of text: the commit's first digits, else the hash.
    pub fn short(&self) -> &str {
        self.rev.as_deref().map_or(&self.nar_hash, short)
    }
}

/// The first digits of a commit.
pub fn short(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}

/// A lock file, as far as the catalogue has words for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Inputs of the flake itself.
    pub inputs: BTreeMap<String, Node>,
}

/// One input of a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is pinned to; `None`: it says no hash, or no commit where it should.
    pub pin: Option<Pin>,
    /// What it is of: all that `locked` says besides.
    locked: Map<String, Value>,
    /// The branch or tag that is followed.
    reference: Option<String>,
    /// Its own inputs: those that follow another by that one's path, others as `None`.
    own: BTreeMap<String, Option<Vec<String>>>,
}

/// Why a text is no lock file that can be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// No JSON.
    #[error("it is no JSON (line {line}: {why})")]
    Syntax {
        /// From one.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// Another format.
    #[error("it is of version {0}; versions 5 to 7 are known")]
    Version(String),
    /// JSON, but no lock.
    #[error("{0}")]
    Shape(String),
}

/// How a lock file differs from the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It pins an input to something else.
    Moved {
        /// The input.
        name: String,
        /// What the catalogue says.
        from: Pin,
        /// What the lock file says.
        to: Pin,
    },
    /// Anything that cannot be taken over: a sentence.
    Other(String),
}

impl Lock {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let shape = |what: &str| LockError::Shape(what.to_owned());
        let json: Value = serde_json::from_str(text)
            .map_err(|error| LockError::Syntax { line: error.line(), why: error.to_string() })?;
        match json.get("version") {
            Some(version) if matches!(version.as_u64(), Some(5..=7)) => {}
            Some(version) => return Err(LockError::Version(version.to_string())),
            None => return Err(shape("it says no version")),
        }
        let nodes = json.get("nodes").and_then(Value::as_object).ok_or_else(|| shape("it has no nodes"))?;
        let root = json.get("root").and_then(Value::as_str).unwrap_or("root");
        let root = nodes.get(root).ok_or_else(|| shape("its root is no node of it"))?;
        let mut inputs = BTreeMap::new();
        for (name, target) in root.get("inputs").and_then(Value::as_object).into_iter().flatten() {
            let Some(target) = target.as_str() else {
                return Err(LockError::Shape(format!("its input `{name}` follows another")));
            };
            let node = nodes.get(target).ok_or_else(|| shape("an input of it is no node of it"))?;
            inputs.insert(name.clone(), Node::of(node));
        }
        Ok(Self { inputs })
    }

    /// How it differs from the one that the catalogue gives: first what can be taken over.
    pub fn differences(&self, ours: &Self) -> Vec<Difference> {
        let (mut moved, mut others) = (Vec::new(), Vec::new());
        let mut other = |text: String| others.push(Difference::Other(text));
        for name in self.inputs.keys().filter(|name| !ours.inputs.contains_key(*name)) {
            other(format!("it has an input `{name}`, which the catalogue has not"));
        }
        for (name, our) in &ours.inputs {
            let Some(node) = self.inputs.get(name) else {
                other(format!("it has no input `{name}`"));
                continue;
            };
            if let Some(what) = node.other_place(our) {
                other(format!("its `{name}` is {what}"));
                continue;
            }
            for (own, to) in node.own.iter().filter(|(own, to)| our.own.get(*own) != Some(to)) {
                other(match to {
                    Some(to) => format!("`{own}` of its `{name}` follows `{}`", to.join("/")),
                    None => format!("it locks an input `{own}` of `{name}`, which follows none of ours"),
                });
            }
            match (&our.pin, &node.pin) {
                (Some(from), Some(to)) if !from.is(to) => {
                    let (name, from, to) = (name.clone(), from.clone(), to.clone());
                    moved.push(Difference::Moved { name, from, to });
                }
                (_, Some(_)) => {}
                (_, None) => other(format!("its `{name}` is not pinned by a commit, a hash and a time")),
            }
        }
        moved.extend(others);
        moved
    }
}

/// Whether two texts lock the same, whatever else they say.
pub fn same(one: &str, other: &str) -> bool {
    match (Lock::parse(one), Lock::parse(other)) {
        (Ok(one), Ok(other)) => one.differences(&other).is_empty(),
        _ => false,
    }
}

/// Nix takes SHA-256 only.
fn is_nar_hash(text: &str) -> bool {
    text.starts_with("sha256-") && sri::check(text).is_ok()
}

impl Node {
    fn of(node: &Value) -> Self {
        let mut locked = node.get("locked").and_then(Value::as_object).cloned().unwrap_or_default();
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        let rev = text(locked.remove("rev"));
        let nar_hash = text(locked.remove("narHash"));
        let kind = locked.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let unsaid = (kind == "tarball").then_some(0);
        let last_modified = locked.remove("lastModified").and_then(|value| value.as_u64()).or(unsaid);
        // What Nix adds and nobody needs to know; the branch stands in `original`.
        for key in ["revCount", "ref", "lastModifiedDate", "shallow"] {
            locked.remove(key);
        }
        let good = |rev: &Option<String>| rev.as_ref().is_none_or(|rev| is_hex(rev, 40));
        let commits = matches!(kind.as_str(), "github" | "git");
        let pin = match (nar_hash, last_modified) {
            (Some(nar_hash), Some(last_modified))
                if good(&rev)
                    && commits == rev.is_some()
                    && is_nar_hash(&nar_hash)
                    && (last_modified > 0 || unsaid.is_some()) =>
            {
                Some(Pin { rev, nar_hash, last_modified })
            }
            _ => None,
        };
        let original = node.get("original").and_then(Value::as_object);
        let reference = original.and_then(|original| original.get("ref")).and_then(Value::as_str);
        let own = node.get("inputs").and_then(Value::as_object).into_iter().flatten();
        let own = own.map(|(name, target)| {
            let follows = target
                .as_array()
                .map(|path| path.iter().map(|part| part.as_str().unwrap_or_default().to_owned()).collect());
            (name.clone(), follows)
        });
        Self { pin, locked, reference: reference.map(str::to_owned), own: own.collect() }
    }

    /// What it is of, if that is not what the other is of.
    fn other_place(&self, ours: &Self) -> Option<String> {
        if self.locked != ours.locked {
            let all: Vec<&str> = self.locked.values().filter_map(Value::as_str).collect();
            return Some(format!("of another place ({})", all.join(" ")));
        }
        if self.reference != ours.reference {
            let name = |node: &Self| {
                node.reference.as_ref().map_or("no branch".to_owned(), |name| format!("`{name}`"))
            };
            return Some(format!("made for {}, where the catalogue's url says {}", name(self), name(ours)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn text(edit: impl Fn(&mut Value)) -> String {
        let mut lock = serde_json::json!({
            "nodes": {
                "nixpkgs": {
                    "locked": {
                        "lastModified": 1_784_796_856,
                        "narHash": "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=",
                        "owner": "NixOS", "repo": "nixpkgs",
                        "rev": "e2587caef70cea85dd97d7daab492899902dbf5d", "type": "github",
                    },
                    "original": { "owner": "NixOS", "ref": "nixos-unstable", "repo": "nixpkgs", "type": "github" },
                },
                "root": { "inputs": { "nixpkgs": "nixpkgs" } },
            },
            "root": "root",
            "version": 7,
        });
        edit(&mut lock);
        lock.to_string()
    }

    fn ours() -> Lock {
        Lock::parse(&text(|_| {})).unwrap()
    }

    fn differences(edit: impl Fn(&mut Value)) -> Vec<Difference> {
        Lock::parse(&text(edit)).unwrap().differences(&ours())
    }

    #[test]
    fn the_same_in_other_words() {
        assert_eq!(differences(|_| {}), []);
        // Nix counts commits, which nobody needs to know.
        assert_eq!(differences(|lock| lock["nodes"]["nixpkgs"]["locked"]["revCount"] = 7.into()), []);
    }

    #[test]
    fn moved() {
        let rev = "0".repeat(40);
        let found = differences(|lock| {
            lock["nodes"]["nixpkgs"]["locked"]["rev"] = rev.clone().into();
            lock["nodes"]["nixpkgs"]["locked"]["lastModified"] = 1_784_796_857.into();
        });
        let pin = || ours().inputs["nixpkgs"].pin.clone().unwrap();
        let to = Pin { rev: Some(rev), last_modified: 1_784_796_857, ..pin() };
        assert_eq!(found, [Difference::Moved { name: "nixpkgs".into(), from: pin(), to }]);
    }

    #[test]
    fn what_cannot_be_taken_over() {
        let said = |edit: fn(&mut Value)| match &differences(edit)[..] {
            [Difference::Other(text)] => text.clone(),
            other => panic!("{other:?}"),
        };
        for (edit, wanted) in [
            (
                (|lock| lock["nodes"]["nixpkgs"]["locked"]["owner"] = "me".into()) as fn(&mut Value),
                "another place",
            ),
            (|lock| lock["nodes"]["nixpkgs"]["original"]["ref"] = "master".into(), "made for `master`"),
            (|lock| lock["nodes"]["nixpkgs"]["locked"]["rev"] = "abc".into(), "not pinned"),
            (|lock| lock["nodes"]["nixpkgs"]["locked"]["narHash"] = "sha256-x".into(), "not pinned"),
            (
                |lock| lock["nodes"]["nixpkgs"]["inputs"] = serde_json::json!({ "a": "b" }),
                "follows none of ours",
            ),
            (|lock| lock["nodes"]["nixpkgs"]["inputs"] = serde_json::json!({ "a": ["b"] }), "follows `b`"),
            (|lock| lock["nodes"]["root"]["inputs"] = serde_json::json!({}), "has no input"),
            (|lock| lock["nodes"]["root"]["inputs"]["x"] = "nixpkgs".into(), "has an input `x`"),
        ] {
            assert!(said(edit).contains(wanted), "{} has no {wanted}", said(edit));
        }
    }

    #[test]
    fn what_is_no_lock_file() {
        let said = |text: &str| Lock::parse(text).unwrap_err().to_string();
        assert!(said("{\n<<<<<<< HEAD\n").starts_with("it is no JSON (line 2: "));
        assert_eq!(said("{}"), "it says no version");
        assert_eq!(
            said(&text(|lock| lock["version"] = 8.into())),
            "it is of version 8; versions 5 to 7 are known"
        );
        assert_eq!(said(&text(|lock| lock["root"] = "x".into())), "its root is no node of it");
    }
}
