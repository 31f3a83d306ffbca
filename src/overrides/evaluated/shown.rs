//! What an override does, attribute by attribute: before it and after it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use similar::ChangeTag;

use super::judge::observed;
use super::session::{Opened, Session, Unready, field, lossy, names, says, string};
use super::{Build, Task};
use crate::difference;
use crate::nix::eval::{Error, ErrorKind, Kind, Result, Value};
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
    let opened = match session.begin() {
        Ok(opened) => opened,
        Err(Unready::Missing(what)) => return Err(Nothing::Missing(what)),
        Err(Unready::Failed(error)) => return Err(Nothing::Failed(session.readable(error.message()))),
    };
    match compare(&session, &opened, build, system) {
        Ok(Some(changes)) => Ok(changes),
        Ok(None) => Err(Nothing::Excluded),
        Err(error) => {
            let place = session.innermost(&error).map(|place| format!(" ({})", place.file));
            Err(Nothing::Failed(session.readable(error.message()) + &place.unwrap_or_default()))
        }
    }
}

fn compare(session: &Session, opened: &Opened, build: &Build, system: &str) -> Result<Option<Vec<Change>>> {
    let Some(seen) = observed(opened, build, system)? else { return Ok(None) };
    let before = match build.custom {
        true => None,
        false => Some(field(&seen, "attributesBefore")?),
    };
    let given = field(&seen, "given")?;
    if !given.is_set()? {
        let found = given.describe()?;
        return Err(Error::new(ErrorKind::Type, format!("the override gives {found}, not attributes")));
    }
    let after = match field(&seen, "attributesAfter") {
        Ok(after) => after,
        Err(error) if build.custom => return Err(error),
        // mkDerivation refuses them; they can be looked at all the same.
        Err(_) => field(&seen, "attributesRough")?,
    };
    let mut all: BTreeSet<String> = names(&after)?.into_iter().collect();
    if let Some(before) = &before {
        all.extend(names(before)?);
    }
    let mut changes = Vec::new();
    for name in all {
        if !build.custom && matches!(says(&seen, "same", &name), Ok(true)) {
            continue;
        }
        let before = before.as_ref().and_then(|before| before.attr(&name).ok().flatten());
        let after = after.attr(&name)?;
        // The same thunk: functions and what cannot be evaluated compare as different.
        if before.as_ref().zip(after.as_ref()).is_some_and(|(before, after)| before.is_same(after)) {
            continue;
        }
        let show = |value: Option<Value<'_>>| value.map(|value| shown(session, &value, 0));
        let (before, after) = (show(before), show(after));
        if before != after {
            changes.push(Change { name, before, after });
        }
    }
    Ok(Some(changes))
}

fn shown(session: &Session, value: &Value<'_>, depth: usize) -> Shown {
    look(session, value, depth).unwrap_or_else(|error| Shown::Failed(session.readable(error.message())))
}

fn look(session: &Session, value: &Value<'_>, depth: usize) -> Result<Shown> {
    let text = |text: &[u8]| session.without_paths(&String::from_utf8_lossy(text));
    Ok(match value.force()? {
        Kind::Null => Shown::Null,
        Kind::Bool(value) => Shown::Bool(value),
        Kind::Int(value) => Shown::Int(value),
        Kind::Float(value) => Shown::Float(value),
        Kind::String(string) => Shown::Text(text(&string)),
        Kind::Path(path) => Shown::Path(text(&path)),
        Kind::Function => Shown::Function,
        Kind::List(_) | Kind::Attrs(_) if depth >= DEPTH => Shown::Deep,
        Kind::List(_) => {
            let items = value.elements()?.into_iter().take(ITEMS);
            Shown::List(items.map(|item| shown(session, &item, depth + 1)).collect())
        }
        Kind::Attrs(_) => {
            if value.attr("type")?.is_some() && string(value, "type").is_ok_and(|kind| kind == "derivation") {
                return Ok(derivation(session, value));
            }
            if value.attr("__functor")?.is_some() {
                return Ok(Shown::Function);
            }
            let attrs = value.attrs()?.into_iter();
            Shown::Set(
                attrs.map(|attr| (lossy(&attr.name), shown(session, &attr.value, depth + 1))).collect(),
            )
        }
    })
}

fn derivation(session: &Session, value: &Value<'_>) -> Shown {
    match string(value, "name") {
        Ok(name) => match string(value, "outputName") {
            Ok(output) if output != "out" => Shown::Derivation(format!("{name}.{output}")),
            _ => Shown::Derivation(name),
        },
        Err(error) => Shown::Failed(session.readable(error.message())),
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
            Self::Text(text) => crate::nix::eval::quote(blurred(text).as_bytes()),
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
