//! `flake.lock`, as Nix itself writes it: keys sorted, two spaces, a final newline, version 7.
//!
//! Source: C++ Nix `src/libflake/lockfile.cc` (`LockFile::toJSON`, `operator<<`).

use serde_json::{Map, Value, json};

use crate::catalogue::input::Place;
use crate::catalogue::model::Input;

/// A JSON object with its keys sorted, as Nix's JSON library keeps them.
fn sorted(pairs: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(Map::from_iter(pairs))
}

fn node(input: &Input) -> Value {
    let place = &input.place;
    let mut original: Vec<(String, Value)> =
        place.identity().into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let is_git = matches!(place, Place::Git { .. });
    if matches!(place, Place::Git { submodules: true, .. }) {
        original.push(("submodules".to_owned(), json!(true)));
    }
    let mut locked = original.clone();
    // Nix before 2.13 takes none of an archive, and later ones take none, too.
    if !matches!(place, Place::Tarball { .. }) {
        locked.push(("lastModified".to_owned(), json!(input.last_modified)));
    }
    locked.push(("narHash".to_owned(), json!(input.nar_hash)));
    locked.extend(input.rev.iter().map(|rev| ("rev".to_owned(), json!(rev))));
    if let Some(reference) = place.reference() {
        original.push(("ref".to_owned(), json!(reference)));
        // git is asked for the branch even where the commit is known.
        if is_git {
            locked.push(("ref".to_owned(), json!(reference)));
        }
    }
    let mut node = vec![("locked".to_owned(), sorted(locked)), ("original".to_owned(), sorted(original))];
    if !input.follows.is_empty() {
        let follows = input.follows.iter().map(|(name, target)| (name.clone(), json!([target])));
        node.push(("inputs".to_owned(), sorted(follows)));
    }
    sorted(node)
}

/// The text of `flake.lock`.
pub fn lock(inputs: &[Input]) -> String {
    let mut nodes: Vec<_> = inputs.iter().map(|input| (input.name.clone(), node(input))).collect();
    let root = sorted(inputs.iter().map(|input| (input.name.clone(), json!(input.name))));
    nodes.push(("root".to_owned(), json!({ "inputs": root })));
    let lock = sorted([
        ("nodes".to_owned(), sorted(nodes)),
        ("root".to_owned(), json!("root")),
        ("version".to_owned(), json!(7)),
    ]);
    format!("{lock:#}\n")
}
