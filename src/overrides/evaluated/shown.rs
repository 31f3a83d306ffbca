//! What an override does, attribute by attribute: before it and after it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use similar::ChangeTag;

use super::judge::observed;
use super::session::{Opened, Session, Unready};
use super::{Build, Task};
use crate::difference;
use crate::nix::eval::{Error, Kind, Result, Value};
use crate::store::{base32, path::placeholder};

/// Sets and lists nested deeper are not followed.
const DEPTH: usize = 6;
/// Lists longer than this are cut.
const ITEMS: usize = 1000;
/// Lines around a difference.
const AROUND: usize = 2;
/// Characters of one line.
const WIDTH: usize = 160;

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Text(String),
    /// A path; in the repository relative to its root.
    Path(String),
    /// A derivation, by its name and output.
    Derivation(String),
    /// A list.
    List(Vec<Shown>),
    /// A set.
    Set(BTreeMap<String, Shown>),
    /// A function.
    Function,
    /// What evaluation says when there is no value.
    Failed(String),
    /// Nested too deep.
    Deep,
}

/// An attribute that the override changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// Without the override; `None` where there was none.
    pub before: Option<Shown>,
    /// With it; `None` where there is none any more.
    pub after: Option<Shown>,
}

/// Why there is nothing to show.
#[derive(Debug, PartialEq, Eq)]
pub enum Nothing {
    /// An input is not on this machine: which, and how to get it.
    Missing(String),
    /// The system does not have the package.
    Excluded,
    /// Evaluation failed: message.
    Failed(String),
}

/// What the override of a build changes.
///
/// # Errors
/// When nothing can be evaluated.
pub fn changes(task: Task<'_>, build: &Build, system: &str) -> std::result::Result<Vec<Change>, Nothing> {
    let mut session = Session::new(task.root, task.files, task.settings, task.inputs);
    let mut opened = match session.begin() {
        Ok(opened) => opened,
        Err(Unready::Missing(what)) => return Err(Nothing::Missing(what)),
        Err(Unready::Failed(error)) => return Err(Nothing::Failed(session.readable(&error.message))),
    };
    match compare(&session, &mut opened, build, system) {
        Ok(Some(changes)) => Ok(changes),
        Ok(None) => Err(Nothing::Excluded),
        Err(error) => {
            let place = session.innermost(&error).map(|place| format!(" ({})", place.file));
            Err(Nothing::Failed(session.readable(&error.message) + &place.unwrap_or_default()))
        }
    }
}

fn compare(
    session: &Session,
    opened: &mut Opened,
    build: &Build,
    system: &str,
) -> Result<Option<Vec<Change>>> {
    let Some(seen) = observed(opened, build, system)? else { return Ok(None) };
    let before = match build.custom {
        true => None,
        false => Some(opened.field(seen, "attributesBefore")?),
    };
    let given = opened.field(seen, "given")?;
    if !matches!(given, Value::Attrs(_)) {
        let found = given.describe();
        return Err(Error::new(Kind::Type, format!("the override gives {found}, not attributes")));
    }
    let after = match opened.field(seen, "attributesAfter") {
        Ok(after) => after,
        Err(error) if build.custom => return Err(error),
        // mkDerivation refuses them; they can be looked at all the same.
        Err(_) => opened.field(seen, "attributesRough")?,
    };
    let mut names: BTreeSet<String> = opened.names(after).into_iter().collect();
    names.extend(before.map(|before| opened.names(before)).unwrap_or_default());
    let mut changes = Vec::new();
    for name in names {
        if !build.custom && matches!(opened.says(seen, "same", &name), Ok(true)) {
            continue;
        }
        let before = before.and_then(|before| opened.attr(before, &name));
        let after = opened.attr(after, &name);
        // The same thunk: functions and what cannot be evaluated compare as different.
        if before.zip(after).is_some_and(|(before, after)| std::ptr::eq(before.value, after.value)) {
            continue;
        }
        let mut show = |attr: Option<crate::nix::eval::attrs::Attr>| {
            attr.map(|attr| shown(session, opened, attr.value, 0))
        };
        let (before, after) = (show(before), show(after));
        if before != after {
            changes.push(Change { name, before, after });
        }
    }
    Ok(Some(changes))
}

fn shown(session: &Session, opened: &mut Opened, value: crate::nix::eval::heap::Ref, depth: usize) -> Shown {
    let value = match opened.ev.force(value) {
        Ok(value) => value,
        Err(error) => return Shown::Failed(session.readable(&error.message)),
    };
    match value {
        Value::Null => Shown::Null,
        Value::Bool(value) => Shown::Bool(value),
        Value::Int(value) => Shown::Int(value),
        Value::Float(value) => Shown::Float(value),
        Value::String(text) => Shown::Text(session.without_paths(&text.lossy())),
        Value::Path(path) => Shown::Path(session.without_paths(&path.lossy())),
        Value::Closure(_) | Value::Builtin(_) | Value::Partial(_) => Shown::Function,
        Value::List(_) | Value::Attrs(_) if depth >= DEPTH => Shown::Deep,
        Value::List(list) => {
            let items = list.items.iter().take(ITEMS);
            Shown::List(items.map(|item| shown(session, opened, item, depth + 1)).collect())
        }
        Value::Attrs(_) => {
            if opened.attr(value, "type").is_some()
                && opened.text(value, "type").is_ok_and(|kind| kind == "derivation")
            {
                return derivation(session, opened, value);
            }
            if opened.attr(value, "__functor").is_some() {
                return Shown::Function;
            }
            let attrs = opened.attrs(value).into_iter();
            Shown::Set(
                attrs.map(|(name, attr)| (name, shown(session, opened, attr.value, depth + 1))).collect(),
            )
        }
    }
}

fn derivation(session: &Session, opened: &mut Opened, value: Value) -> Shown {
    match opened.text(value, "name") {
        Ok(name) => match opened.text(value, "outputName") {
            Ok(output) if output != "out" => Shown::Derivation(format!("{name}.{output}")),
            _ => Shown::Derivation(name),
        },
        Err(error) => Shown::Failed(session.readable(&error.message)),
    }
}

impl Shown {
    /// For programs: derivations are `{"derivation": NAME}`.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => json!(value),
            Self::Int(value) => json!(value),
            Self::Float(value) => json!(value),
            Self::Text(text) | Self::Path(text) => json!(text),
            Self::Derivation(name) => json!({ "derivation": name }),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Set(attrs) => attrs.iter().map(|(name, value)| (name.clone(), value.json())).collect(),
            Self::Function => json!("«function»"),
            Self::Failed(message) => json!({ "error": message }),
            Self::Deep => json!("…"),
        }
    }

    /// On one line, as Nix writes it, hashes of store paths left out.
    fn line(&self) -> String {
        let text = match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => crate::nix::eval::quoting::quote(blurred(text).as_bytes()),
            Self::Path(path) => blurred(path),
            Self::Derivation(name) => name.clone(),
            Self::List(items) if items.is_empty() => "[ ]".to_owned(),
            Self::List(items) => {
                format!("[ {} ]", items.iter().map(Self::line).collect::<Vec<_>>().join(" "))
            }
            Self::Set(attrs) if attrs.is_empty() => "{ }".to_owned(),
            Self::Set(attrs) => {
                let attrs = attrs.iter().map(|(name, value)| format!("{name} = {};", value.line()));
                format!("{{ {} }}", attrs.collect::<Vec<_>>().join(" "))
            }
            Self::Function => "«function»".to_owned(),
            Self::Failed(message) => format!("«error: {message}»"),
            Self::Deep => "…".to_owned(),
        };
        match text.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// As lines: the elements of a list, the attributes of a set, the lines of a text.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::List(items) if !items.is_empty() => items.iter().map(Self::line).collect(),
            Self::Set(attrs) if !attrs.is_empty() => {
                attrs.iter().map(|(name, value)| format!("{name} = {}", value.line())).collect()
            }
            Self::Text(text) if text.contains('\n') => {
                blurred(text).lines().map(|line| line.trim_end().to_owned()).collect()
            }
            other => vec![other.line()],
        }
    }
}

/// `/nix/store/…-openssl-3.4` for a store path, `$out` for what stands for an output: hashes say nothing to a
/// reader.
fn blurred(text: &str) -> String {
    const STORE: &str = "/nix/store/";
    const OUTPUTS: [&str; 6] = ["out", "dev", "lib", "bin", "doc", "man"];
    let named = |text: String, output: &str| text.replace(&placeholder(output), &format!("${output}"));
    let text = &OUTPUTS.into_iter().fold(text.to_owned(), named);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(STORE) {
        let (before, path) = rest.split_at(at + STORE.len());
        out.push_str(before);
        let (hash, name) = path.split_at_checked(32).unwrap_or(("", path));
        let hashed = !hash.is_empty() && hash.bytes().all(base32::is_base32) && name.starts_with('-');
        rest = if hashed { name } else { path };
        if hashed {
            out.push('…');
        }
    }
    out.push_str(rest);
    out
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// On both sides.
    Same(String),
    /// Only before.
    Before(String),
    /// Only after.
    After(String),
    /// Lines on both sides that are not shown.
    Left,
}

impl Change {
    /// The two values line by line.
    pub fn lines(&self) -> Vec<Line> {
        let lines = |value: &Option<Shown>| value.as_ref().map(Shown::lines).unwrap_or_default();
        let (before, after) = (lines(&self.before), lines(&self.after));
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        let all: Vec<Line> = difference::steps(&before, &after)
            .iter()
            .flat_map(|step| step.iter_changes(before.as_slice(), after.as_slice()))
            .map(|change| {
                let text = change.value().to_owned();
                match change.tag() {
                    ChangeTag::Equal => Line::Same(text),
                    ChangeTag::Delete => Line::Before(text),
                    ChangeTag::Insert => Line::After(text),
                }
            })
            .collect();
        let near = |at: usize| {
            let around = &all[at.saturating_sub(AROUND)..(at + AROUND + 1).min(all.len())];
            around.iter().any(|line| !matches!(line, Line::Same(_)))
        };
        let mut out = Vec::new();
        for (at, line) in all.iter().enumerate() {
            if near(at) {
                out.push(line.clone());
            } else if out.last() != Some(&Line::Left) {
                out.push(Line::Left);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivations(names: &[&str]) -> Shown {
        Shown::List(names.iter().map(|name| Shown::Derivation((*name).to_owned())).collect())
    }

    #[test]
    fn lists_differ_by_elements() {
        let change = Change {
            name: "buildInputs".into(),
            before: Some(derivations(&["a-1", "b-1", "c-1", "d-1", "e-1"])),
            after: Some(derivations(&["a-1", "b-1", "c-1", "e-1", "f-1"])),
        };
        let same = |text: &str| Line::Same(text.to_owned());
        assert_eq!(
            change.lines(),
            [
                Line::Left,
                same("b-1"),
                same("c-1"),
                Line::Before("d-1".into()),
                same("e-1"),
                Line::After("f-1".into())
            ]
        );
    }

    #[test]
    fn store_paths_are_shown_without_their_hash() {
        let path = "-L/nix/store/0123456789abcdfghijklmnpqrsvwxyz-json-c-0.17/lib /nix/store/é";
        assert_eq!(blurred(path), "-L/nix/store/…-json-c-0.17/lib /nix/store/é");
    }
}
