//! The functions of `lib` and `builtins` that files of versions are written with.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::knowledge::Knowledge;
use super::value::Value;
use crate::nix::eval::compare_versions;

/// Each with how many arguments it takes.
const FUNCTIONS: [(&str, usize); 41] = [
    ("attrNames", 1),
    ("attrValues", 1),
    ("callPackage", 2),
    ("callPackages", 2),
    ("compareVersions", 2),
    ("concatStrings", 1),
    ("concatStringsSep", 2),
    ("elem", 2),
    ("filter", 2),
    ("filterAttrs", 2),
    ("fromJSON", 1),
    ("hasPrefix", 2),
    ("head", 1),
    ("importJSON", 1),
    ("last", 1),
    ("length", 1),
    ("lessThan", 2),
    ("major", 1),
    ("majorMinor", 1),
    ("map", 2),
    ("mapAttrs", 2),
    ("naturalSort", 1),
    ("optional", 2),
    ("optionalAttrs", 2),
    ("optionalString", 2),
    ("optionals", 2),
    ("pathExists", 1),
    ("readFile", 1),
    ("removePrefix", 2),
    ("removeSuffix", 2),
    ("replaceStrings", 3),
    ("splitString", 2),
    ("toJSON", 1),
    ("toString", 1),
    ("toLower", 1),
    ("versionAtLeast", 2),
    ("versionOlder", 2),
    ("toInt", 1),
    ("trace", 2),
    ("warn", 2),
    ("warnIf", 3),
];

/// Whether a function gives a source.
pub fn is_fetcher(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|name| name.starts_with("fetch"))
}

/// A function of the package set applied to its first argument.
pub fn apply(known: &Knowledge<'_>, name: &str, argument: Value) -> Value {
    let (prefix, last) = name.rsplit_once('.').unwrap_or(("", name));
    let of_lib = matches!(
        prefix,
        "" | "lib"
            | "builtins"
            | "lib.versions"
            | "versions"
            | "lib.strings"
            | "lib.lists"
            | "lib.attrsets"
            | "lib.trivial"
            | "stdenv.lib"
    );
    match FUNCTIONS.iter().find(|(function, _)| of_lib && *function == last) {
        Some((function, 1)) => call(known, function, vec![argument]),
        Some((function, _)) => Value::Partial(function, vec![argument]),
        None => match argument {
            set @ (Value::Set(..) | Value::Attrs(_)) => Value::Call(name.to_owned(), set.into()),
            _ => Value::Unknown,
        },
    }
}

/// A known function with one more argument, perhaps its last.
pub fn call(known: &Knowledge<'_>, name: &'static str, arguments: Vec<Value>) -> Value {
    let wanted = FUNCTIONS.iter().find(|(function, _)| *function == name).map_or(0, |(_, count)| *count);
    if arguments.len() < wanted {
        return Value::Partial(name, arguments);
    }
    let value = match arguments.as_slice() {
        [one] => unary(known, name, one),
        [one, two] => binary(known, name, one, two),
        [_, _, value] if name == "warnIf" => Some(value.clone()),
        [from, to, text] => replace(from, to, text),
        _ => None,
    };
    value.unwrap_or_default()
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::List(items) => items.iter().map(Value::text).collect(),
        _ => None,
    }
}

fn replace(from: &Value, to: &Value, text: &Value) -> Option<Value> {
    let (from, to, mut rest) = (texts(from)?, texts(to)?, text.text()?);
    if from.iter().any(|from| from.is_empty()) {
        return None;
    }
    let mut out = String::new();
    while let Some(first) = rest.chars().next() {
        match from.iter().position(|from| rest.starts_with(from)) {
            Some(at) => {
                out.push_str(to.get(at)?);
                rest = &rest[from[at].len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    Some(Value::Text(out))
}

/// Whether two values are the same; `None`: that is not known.
pub fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => {
            (left.text().is_some() && right.text().is_some()).then_some(a == b)
        }
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Null, Value::Null) => Some(true),
        (Value::Null, Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_))
        | (Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_), Value::Null) => Some(false),
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).try_fold(true, |all, (a, b)| Some(all && equal(a, b)?))
        }
        (Value::List(_), Value::List(_)) => Some(false),
        _ => None,
    }
}

fn unary(known: &Knowledge<'_>, name: &str, value: &Value) -> Option<Value> {
    Some(match (name, value) {
        ("major", Value::ServerVersion) => Value::Text(known.major?.to_string()),
        ("major", _) => Value::Text(value.text()?.split('.').next().unwrap_or_default().to_owned()),
        ("majorMinor", _) => Value::Text(value.text()?.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")),
        ("toString", Value::Int(number)) => Value::Text(number.to_string()),
        ("toString", Value::Bool(value)) => Value::Text(if *value { "1" } else { "" }.into()),
        ("toString", Value::Null) => Value::Text(String::new()),
        ("toString", Value::Text(_)) => value.clone(),
        ("toInt", _) => Value::Int(value.text()?.parse().ok()?),
        ("toLower", _) => Value::Text(value.text()?.to_ascii_lowercase()),
        ("attrNames", _) => Value::List(known.attrs(value)?.into_keys().map(Value::Text).collect()),
        ("attrValues", _) => Value::List(known.attrs(value)?.into_values().collect()),
        ("length", Value::List(items)) => Value::Int(i64::try_from(items.len()).ok()?),
        ("head", Value::List(items)) => items.first()?.clone(),
        ("last", Value::List(items)) => items.last()?.clone(),
        ("concatStrings", _) => Value::Text(texts(value)?.concat()),
        ("naturalSort", Value::List(_)) => {
            let mut items = texts(value)?;
            items.sort_by(|a, b| crate::catalogue::version::compare(a, b));
            Value::List(items.into_iter().map(|text| Value::Text(text.to_owned())).collect())
        }
        ("readFile", Value::Path(path)) => Value::Text((known.files)(path)?),
        ("pathExists", Value::Path(path)) => Value::Bool((known.files)(path).is_some()),
        ("fromJSON", Value::Text(text)) => json(&serde_json::from_str(text).ok()?),
        ("importJSON", Value::Path(path)) => json(&serde_json::from_str(&(known.files)(path)?).ok()?),
        _ => return None,
    })
}

fn binary(known: &Knowledge<'_>, name: &str, one: &Value, two: &Value) -> Option<Value> {
    let nothing = |condition: bool, value: Value| if condition { two.clone() } else { value };
    Some(match (name, one, two) {
        ("optional", Value::Bool(condition), _) => {
            Value::List(if *condition { vec![two.clone()] } else { Vec::new() })
        }
        ("optionals", Value::Bool(condition), _) => nothing(*condition, Value::List(Vec::new())),
        ("optionalString", Value::Bool(condition), _) => nothing(*condition, Value::Text(String::new())),
        ("optionalAttrs", Value::Bool(condition), _) => nothing(*condition, Value::Attrs(BTreeMap::new())),
        ("trace" | "warn", ..) => two.clone(),
        ("compareVersions", ..) => Value::Int(match ordered(known, one, two)? {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }),
        ("versionOlder", ..) => Value::Bool(ordered(known, one, two)?.is_lt()),
        ("versionAtLeast", ..) => Value::Bool(ordered(known, one, two)?.is_ge()),
        ("lessThan", Value::Int(one), Value::Int(two)) => Value::Bool(one < two),
        ("elem", _, Value::List(items)) => {
            let mut unknown = false;
            for item in items {
                match equal(one, item) {
                    Some(true) => return Some(Value::Bool(true)),
                    Some(false) => {}
                    None => unknown = true,
                }
            }
            if unknown {
                return None;
            }
            Value::Bool(false)
        }
        ("map", _, Value::List(items)) => {
            Value::List(items.iter().map(|item| known.apply(one.clone(), item.clone())).collect())
        }
        ("filter", _, Value::List(items)) => {
            let mut kept = Vec::new();
            for item in items {
                match known.apply(one.clone(), item.clone()) {
                    Value::Bool(true) => kept.push(item.clone()),
                    Value::Bool(false) => {}
                    _ => return None,
                }
            }
            Value::List(kept)
        }
        ("filterAttrs", ..) => {
            let mut kept = BTreeMap::new();
            for (name, value) in known.attrs(two)? {
                let partly = known.apply(one.clone(), Value::Text(name.clone()));
                match known.apply(partly, value.clone()) {
                    Value::Bool(true) => drop(kept.insert(name, value)),
                    Value::Bool(false) => {}
                    _ => return None,
                }
            }
            Value::Attrs(kept)
        }
        ("mapAttrs", ..) => {
            let apply = |(name, value): (String, Value)| {
                let partly = known.apply(one.clone(), Value::Text(name.clone()));
                (name, known.apply(partly, value))
            };
            Value::Attrs(known.attrs(two)?.into_iter().map(apply).collect())
        }
        ("concatStringsSep", ..) => Value::Text(texts(two)?.join(one.text()?)),
        ("splitString", ..) => {
            let separator = one.text()?;
            if separator.is_empty() {
                return None;
            }
            Value::List(two.text()?.split(separator).map(|part| Value::Text(part.to_owned())).collect())
        }
        ("hasPrefix", ..) => Value::Bool(two.text()?.starts_with(one.text()?)),
        ("removePrefix", ..) => {
            let (affix, text) = (one.text()?, two.text()?);
            Value::Text(text.strip_prefix(affix).unwrap_or(text).to_owned())
        }
        ("removeSuffix", ..) => {
            let (affix, text) = (one.text()?, two.text()?);
            Value::Text(text.strip_suffix(affix).unwrap_or(text).to_owned())
        }
        // `callPackage ./builder.nix { pgrxVersion = …; }`: a function of what it is given.
        ("callPackage" | "callPackages", _, Value::Set(..) | Value::Attrs(_)) => {
            Value::Call(name.to_owned(), two.clone().into())
        }
        _ => return None,
    })
}

/// The order of two versions, one of them perhaps PostgreSQL's own, of which no more than the major is known.
fn ordered(known: &Knowledge<'_>, one: &Value, two: &Value) -> Option<Ordering> {
    let of = |value: &Value, other: &Value| match value {
        Value::ServerVersion => {
            let major = known.major?;
            // Against a minor version of the same major nothing can be said.
            let other = other.text()?;
            let (first, rest) = other.split_once('.').unwrap_or((other, ""));
            (rest.is_empty() || rest == "0" || first.parse() != Ok(major)).then(|| format!("{major}.0"))
        }
        other => other.text().map(str::to_owned),
    };
    Some(compare_versions(of(one, two)?.as_bytes(), of(two, one)?.as_bytes()))
}

pub(super) fn json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => number.as_i64().map_or(Value::Unknown, Value::Int),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(json).collect()),
        serde_json::Value::Object(map) => {
            Value::Attrs(map.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}
