//! The examples that rules give of themselves, in `explain` and docs/codes.md: the mistake is found and said as they say,
//! and nothing is said of the correction.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::catalogue::{self, Files};
use pgflakegen::diag::{Code, Diagnostics, Format, SourceMap, emit};
use pgflakegen::overrides::index::Index;
use pgflakegen::overrides::{OverrideFacts, Role, lint_override};
use pgflakegen::rule::Text;
use pgflakegen::rules;
use toml::{Table, Value};

use crate::support::ATTRIBUTES;

/// What an example of a catalogue says nothing of.
const FLAKE: &str = r#"
description = "A small catalogue"
systems = ["x86_64-linux"]
default-postgresql = "17"

[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "e2587caef70cea85dd97d7daab492899902dbf5d"
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856
"#;
const POSTGRESQL: &str = r#"
[[postgresql]]
name = "16"
major = 16

[[postgresql]]
name = "17"
major = 17
"#;
const PGRX: &str = r#"
[[cargo-pgrx]]
version = "0.12.6"
hash = "sha256-bOckX7zvHhgJDDhoAm+VZVIeVIf2hG/3oWZWuTtnZPo="
cargo-hash = "sha256-88uKPSnITRZ2VkelI56jZ9GWazG/Rn39QlyHKJKSKMM="
"#;
const EXAMPLE: &str = r#"
description = "Does this"
license = "postgresql"
kind = "pgxs"
source = { github = "example/example", tag = "v{version}" }

[[version]]
version = "1.0"
postgresql = ["17"]
hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
"#;
const OTHER: &str = r#"
description = "Does that"
license = "postgresql"
kind = "pgxs"
source = { github = "other/other", tag = "v{version}" }

[[version]]
version = "1.0"
postgresql = ["17"]
hash = "sha256-qwPaguQUdDHV8q6GDneLq5MuhVroPizpbqt7f08gKJI="
"#;

/// The catalogue with an example's keys in place of its own.
fn catalogue(example: &str) -> Files {
    let mut files: Vec<(String, String)> = [
        ("flake.toml", FLAKE),
        ("postgresql.toml", POSTGRESQL),
        ("pgrx.toml", PGRX),
        ("extensions/other.toml", OTHER),
        ("extensions/example.toml", EXAMPLE),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .to_vec();
    let mut parts = vec![("extensions/example.toml", String::new())];
    for line in example.lines() {
        match line.strip_prefix("# ") {
            Some(path) => parts.push((path, String::new())),
            None => {
                let (_, text) = parts.last_mut().expect("one from the start on");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    for (path, text) in parts {
        match files.iter_mut().find(|(own, _)| own == path) {
            Some((_, own)) => *own = with_keys(own, &text),
            None => files.push((path.to_owned(), text)),
        }
    }
    let mut all = Files::new();
    for (path, text) in files {
        all.insert(path, text);
    }
    all
}

/// A file with the keys of another in place of its own: inputs beside its own, and versions and inputs with what they do
/// not say from its first.
fn with_keys(own: &str, keys: &str) -> String {
    let mut own: Table = own.parse().expect("TOML");
    let keys: Table = keys.parse().expect("an example is TOML");
    for (key, value) in keys {
        let value = match (key.as_str(), value, own.get(&key)) {
            ("version", Value::Array(versions), Some(Value::Array(of))) => {
                Value::Array(versions.into_iter().map(|version| completed(version, &of[0])).collect())
            }
            ("inputs", Value::Table(inputs), Some(Value::Table(of))) => {
                let mut all = of.clone();
                for (name, input) in inputs {
                    let completed = completed(input, &of["nixpkgs"]);
                    all.insert(name, completed);
                }
                Value::Table(all)
            }
            (_, value, _) => value,
        };
        own.insert(key, value);
    }
    own.to_string()
}

fn completed(value: Value, of: &Value) -> Value {
    let (Value::Table(own), Value::Table(of)) = (value, of) else { panic!("a table") };
    let mut all = of.clone();
    all.extend(own);
    Value::Table(all)
}

fn judge_catalogue(example: &str) -> (Diagnostics, SourceMap) {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    catalogue::load_from(&catalogue(example), &mut sources, &mut found);
    (found, sources)
}

fn judge_override(code: Code, text: &str) -> (Diagnostics, SourceMap) {
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/overrides");
    let of_rust = (code == Code::BuilderArgument).then_some("cargo-pgrx");
    let facts = OverrideFacts {
        extension: "example".into(),
        role: Role::Attributes,
        versions: Some(vec!["1.0.0".into(), "1.1.0".into()]),
        attributes: Some(ATTRIBUTES.into_iter().chain(of_rust).map(str::to_owned).collect()),
        directory: directory.clone(),
        repository: directory,
        index: Some(Arc::new(Index::bundled().expect("the repository carries it"))),
        ..OverrideFacts::default()
    };
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = sources.add(Utf8PathBuf::from("example.nix"), text.to_owned());
    lint_override(id, &sources, &facts, &mut found);
    (found, sources)
}

fn shown((found, sources): &(Diagnostics, SourceMap)) -> String {
    let mut text = Vec::new();
    emit(found, sources, Format::Text, false, &mut text).expect("a Vec takes everything");
    String::from_utf8(text).expect("findings are UTF-8")
}

/// The texts of rules, and whether they are of a catalogue.
fn texts() -> impl Iterator<Item = (bool, &'static Text)> {
    rules::finders().into_iter().filter(|finder| finder.file.contains("/rules/")).flat_map(|finder| {
        let of_catalogue = finder.file.starts_with("src/catalogue/");
        finder.texts.iter().map(move |text| (of_catalogue, text))
    })
}

#[test]
fn examples_give_their_message_and_corrections_none() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (of_catalogue, text) in texts() {
        let judge = |example: &str| match of_catalogue {
            true => judge_catalogue(example),
            false => judge_override(text.code, example),
        };
        for example in text.examples {
            seen += 1;
            let bad = judge(&example.bad());
            if !bad.0.iter().any(|one| one.code == text.code && one.message == example.says) {
                wrong.push(format!("{:?} does not say {:?}:\n{}", text.code, example.says, shown(&bad)));
            }
            let fixed = judge(&example.fixed());
            if !fixed.0.is_empty() {
                wrong.push(format!("{:?} is not corrected:\n{}", text.code, shown(&fixed)));
            }
        }
    }
    assert!(seen > 80, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_an_example_of_all_that_it_explains() {
    let without: Vec<Code> =
        texts().filter(|(_, text)| text.examples.is_empty()).map(|(_, text)| text.code).collect();
    assert!(without.is_empty(), "{without:?}");
}
