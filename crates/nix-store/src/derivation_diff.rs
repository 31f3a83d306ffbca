//! Why two derivations differ: followed through their inputs down to what differs first.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::path::output_path_name;
use super::{Derivation, StoreDir};

/// One first cause.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Cause {
    /// Names of the derivations from the package down to the one that differs; empty for itself.
    pub by: Vec<String>,
    /// What differs there.
    pub what: String,
}

/// What differs in a pair of derivations: by itself, and which inputs.
struct Difference {
    own: Vec<String>,
    /// Name, before, after.
    inputs: Vec<(String, String, String)>,
}

/// Compares derivations of two folders, each of which holds them under the names they have in the store.
pub struct DerivationDiff {
    before: PathBuf,
    after: PathBuf,
    store: StoreDir,
    known: HashMap<(String, String), Rc<Difference>>,
}

impl DerivationDiff {
    /// For derivations in these folders.
    pub fn new(before: &Path, after: &Path) -> Self {
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
            store: StoreDir::default(),
            known: HashMap::new(),
        }
    }

    /// The first causes of a difference, nearest first; each derivation is looked at once.
    pub fn of(&mut self, old: &str, new: &str) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut seen = HashSet::new();
        let mut todo = VecDeque::from([(old.to_owned(), new.to_owned(), Vec::new())]);
        while let Some((old, new, by)) = todo.pop_front() {
            if !seen.insert((old.clone(), new.clone())) {
                continue;
            }
            let found = self.difference(&old, &new);
            causes.extend(found.own.iter().map(|what| Cause { by: by.clone(), what: what.clone() }));
            for (name, old, new) in &found.inputs {
                let by = by.iter().chain([name]).cloned().collect();
                todo.push_back((old.clone(), new.clone(), by));
            }
        }
        causes
    }

    fn difference(&mut self, old: &str, new: &str) -> Rc<Difference> {
        let key = (old.to_owned(), new.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let read = |folder: &Path, path: &str| -> Option<Derivation> {
            Derivation::in_folder(folder, &self.store.parse(path).ok()?, &self.store).ok()
        };
        let found = match (read(&self.before, old), read(&self.after, new)) {
            (Some(old), Some(new)) => self.compare(&old, &new),
            _ => Difference { own: vec![format!("{old} → {new}")], inputs: Vec::new() },
        };
        let found = Rc::new(found);
        self.known.insert(key, found.clone());
        found
    }

    fn compare(&self, a: &Derivation, b: &Derivation) -> Difference {
        let mut own = Vec::new();
        let inputs = self.inputs(a, b, &mut own);
        sources(a, b, &mut own);
        // Where inputs differ so do their paths in the texts, which is no cause of its own.
        let all = !inputs.is_empty() || !own.is_empty();
        let seen = |drv: &Derivation, text: &[u8]| self.blurred(drv, text, all);
        let mut text = |what: &str, old: Vec<u8>, new: Vec<u8>| {
            if old != new {
                let (old, new) = excerpts(&old, &new);
                own.push(format!("{what}: {old} → {new}"));
            }
        };
        text("system", a.platform.to_vec(), b.platform.to_vec());
        text("builder", seen(a, &a.builder), seen(b, &b.builder));
        let args = |drv: &Derivation| drv.args.iter().map(|arg| arg.to_vec()).collect::<Vec<_>>().join(&b' ');
        text("args", seen(a, &args(a)), seen(b, &args(b)));
        for (key, old) in &a.env {
            if let Some(new) = b.env.get(key) {
                text(&String::from_utf8_lossy(key), seen(a, old), seen(b, new));
            }
        }
        let missing = |from: &Derivation, to: &Derivation| -> Vec<(String, String)> {
            let keys = from.env.iter().filter(|(key, _)| !to.env.contains_key(*key));
            let shown = |value: &[u8]| excerpts(&seen(from, value), b"").0;
            keys.map(|(key, value)| (String::from_utf8_lossy(key).into_owned(), shown(value))).collect()
        };
        let (gone, new) = (missing(a, b), missing(b, a));
        own.extend(gone.into_iter().map(|(key, _)| format!("{key} is gone")));
        own.extend(new.into_iter().map(|(key, value)| format!("{key} is new: {value}")));
        Difference { own, inputs }
    }

    /// Inputs that stand for each other, by their names, else by their names without versions.
    fn inputs(&self, a: &Derivation, b: &Derivation, own: &mut Vec<String>) -> Vec<(String, String, String)> {
        let only = |these: &Derivation, others: &Derivation| -> Vec<super::StorePath> {
            these.input_drvs.keys().filter(|path| !others.input_drvs.contains_key(path)).cloned().collect()
        };
        let (mut old, mut new) = (only(a, b), only(b, a));
        let mut pairs = Vec::new();
        let exact: fn(&str) -> &str = |name| name;
        for by in [exact, without_version] {
            old.retain(|path| match new.iter().position(|other| by(path.name()) == by(other.name())) {
                Some(at) => {
                    let other = new.remove(at);
                    let name = path.name().trim_end_matches(".drv").to_owned();
                    pairs.push((name, self.store.print(path), self.store.print(&other)));
                    false
                }
                None => true,
            });
        }
        let name = |path: &super::StorePath| path.name().trim_end_matches(".drv").to_owned();
        own.extend(old.iter().map(|path| format!("{} is no input any more", name(path))));
        own.extend(new.iter().map(|path| format!("{} is a new input", name(path))));
        for (path, outputs) in &a.input_drvs {
            if let Some(others) = b.input_drvs.get(path)
                && others != outputs
            {
                let list =
                    |outputs: &BTreeSet<String>| outputs.iter().cloned().collect::<Vec<_>>().join(", ");
                own.push(format!("outputs of {}: {} → {}", name(path), list(outputs), list(others)));
            }
        }
        pairs
    }

    /// A text without what follows from something else: the derivation's own outputs, or all store paths.
    fn blurred(&self, drv: &Derivation, text: &[u8], all: bool) -> Vec<u8> {
        let prefix = format!("{}/", self.store.as_str());
        let prefix = prefix.as_bytes();
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if !rest.starts_with(prefix) {
                out.push(text[at]);
                at += 1;
                continue;
            }
            let name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-._?=".contains(byte);
            let len = rest[prefix.len()..].iter().take_while(name).count();
            let base = &rest[prefix.len()..prefix.len() + len];
            let is_output = drv.outputs.iter().any(|(output, kind)| match kind.path() {
                Some(path) => path.base_name().as_bytes() == base,
                None => base.ends_with(output_path_name(&drv.name, output).as_bytes()),
            });
            out.extend_from_slice(prefix);
            out.extend_from_slice(if all || is_output { "…".as_bytes() } else { base });
            at += prefix.len() + len;
        }
        out
    }
}

fn sources(a: &Derivation, b: &Derivation, own: &mut Vec<String>) {
    let only = |these: &Derivation, others: &Derivation| -> BTreeMap<String, usize> {
        let mut names = BTreeMap::new();
        for path in these.input_srcs.difference(&others.input_srcs) {
            *names.entry(path.name().to_owned()).or_default() += 1;
        }
        names
    };
    let (old, new) = (only(a, b), only(b, a));
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        own.push(match (old.get(name), new.get(name)) {
            (Some(_), Some(_)) => format!("source '{name}' has other contents"),
            (Some(_), None) => format!("source '{name}' is no input any more"),
            _ => format!("source '{name}' is a new input"),
        });
    }
}

/// The name up to the first dash that no letter follows, as Nix splits names.
fn without_version(name: &str) -> &str {
    let dash = name.as_bytes().windows(2).position(|pair| pair[0] == b'-' && !pair[1].is_ascii_alphabetic());
    &name[..dash.unwrap_or(name.len())]
}

/// Both texts from shortly before where they part, shortened.
fn excerpts(old: &[u8], new: &[u8]) -> (String, String) {
    const BEFORE: usize = 16;
    const LENGTH: usize = 72;
    let text =
        |bytes: &[u8]| -> Vec<char> { String::from_utf8_lossy(bytes).replace('\n', "⏎").chars().collect() };
    let (old, new) = (text(old), text(new));
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let start = if old.len().max(new.len()) <= LENGTH { 0 } else { same.saturating_sub(BEFORE) };
    let cut = |text: &[char]| {
        let end = (start + LENGTH).min(text.len());
        let middle: String = text.get(start..end).unwrap_or_default().iter().collect();
        format!("{}{middle}{}", if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" })
    };
    (cut(&old), cut(&new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_they_part() {
        let long = "a".repeat(100);
        let (old, new) =
            excerpts(format!("{long}one{long}").as_bytes(), format!("{long}two{long}").as_bytes());
        assert!(old.starts_with("…aaa") && old.contains("one") && old.ends_with('…'), "{old}");
        assert!(new.contains("two"), "{new}");
        assert_eq!(excerpts(b"1.0", b"1.1"), ("1.0".to_owned(), "1.1".to_owned()));
        assert_eq!(without_version("pg-hint-plan-1.2.drv"), "pg-hint-plan");
    }
}
