//! Flakes: references, lock files, outputs. Nothing is fetched: inputs are folders, local git
//! repositories, or found in the store or the source cache by their hash.

mod git;
mod literal;
mod lock;
mod reference;
mod source;

pub use git::reference_to;
pub use source::{git_root, place_of};

use crate::attrs::Attrs;
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::select::split_path;
use crate::shared::{Hooks, Origin};
use crate::value::Value;
use reference::{Attribute, Reference};
use source::By;

/// Nix code that ties the sources of a lock file together: each flake's outputs are called with
/// the results of its inputs and itself.
const CALL: &str = r#"nodes: root:
let
  call = _: node:
    let
      sourceInfo = if node.parent == null then node.source else results.${node.parent}.sourceInfo;
      base = if node.parent == null then sourceInfo.outPath else results.${node.parent}.outPath;
      outPath = if node.dir == "" then base else base + "/" + node.dir;
      flake = import (outPath + "/flake.nix");
      inputs = builtins.mapAttrs (_: name: results.${name}.result) node.inputs;
      outputs = flake.outputs (inputs // { self = result; });
      result =
        if node.flake then
          outputs // sourceInfo // {
            inherit outPath inputs outputs sourceInfo;
            _type = "flake";
          }
        else
          sourceInfo // { inherit sourceInfo outPath; };
    in
    { inherit outPath sourceInfo result; };
  results = builtins.mapAttrs call nodes;
in
results.${root}.result
"#;

/// What the evaluator calls for its builtins that fetch.
pub const HOOKS: Hooks = Hooks {
    names: crate::builtins::global_names,
    globals: crate::builtins::globals,
    fetch_git: Some(fetch_git),
    fetch_tree: Some(fetch_tree),
    get_flake: Some(get_flake),
    parse_flake_ref: Some(parse_flake_ref),
    flake_ref_to_string: Some(flake_ref_to_string),
};

/// Marks what a lock file names among the attributes that `fetchTree` gets: no program can write a
/// name like it.
const LAST: &str = "\0final";

fn fail<T>(kind: Kind, message: impl Into<String>) -> Result<T> {
    Err(Error::new(kind, message))
}

/// `FLAKE#FRAGMENT`, where a flake is meant.
pub fn split_fragment(text: &str) -> (&str, String) {
    let (flake, fragment) = text.split_once('#').unwrap_or((text, ""));
    (if flake.is_empty() { "." } else { flake }, crate::url::decode(fragment))
}

/// `FLAKE#FRAGMENT`, where an attribute is meant; without `#`, what looks like a reference is the flake, anything
/// else the fragment.
fn split(text: &str) -> (&str, String) {
    if is_reference(text) { split_fragment(text) } else { (".", text.to_owned()) }
}

/// Whether it looks like a reference to a flake, and not like a name.
pub fn is_reference(text: &str) -> bool {
    text.starts_with(['.', '/']) || text.contains([':', '#'])
}

/// The flake that `text` names, as a reference. Of a folder without flake.nix it is that around it, as far as the
/// repository or file system goes; what is not there is no folder.
fn reference_of(text: &str) -> Result<Reference> {
    use std::os::unix::fs::MetadataExt as _;
    let here = std::env::current_dir()?;
    let mut reference = Reference::parse(text, here.to_str())?;
    if reference.kind() != "auto" {
        return Ok(reference);
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut start = if path.starts_with('/') { path.into() } else { here.join(path) };
    let shown = |path: &std::path::Path| {
        String::from_utf8_lossy(&crate::paths::canonical(path.as_os_str().as_encoded_bytes())).into_owned()
    };
    let looked_at = start.metadata().map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "No such file or directory".to_owned(),
            _ => error.to_string(),
        };
        Error::new(Kind::Io, format!("getting status of '{}': {why}", shown(&start)))
    })?;
    if !looked_at.is_dir() {
        match start.parent() {
            Some(parent) if start.ends_with("flake.nix") => start = parent.to_path_buf(),
            _ => {
                let message =
                    format!("path '{}' is not a flake (because it's not a directory)", shown(&start));
                return fail(Kind::Io, message);
            }
        }
    }
    let place = start.canonicalize()?;
    let device = place.metadata()?.dev();
    let mut found = None;
    for dir in place.ancestors() {
        if dir.join("flake.nix").symlink_metadata().is_ok() {
            found = Some(dir);
            break;
        }
        let ends = dir.join(".git").exists() || dir.metadata()?.dev() != device;
        if ends {
            break;
        }
    }
    let Some(found) = found else {
        let message = format!(
            "path '{}' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)",
            shown(&start)
        );
        return fail(Kind::Io, message);
    };
    reference.attrs.insert("path".into(), Attribute::Text(found.to_string_lossy().into_owned()));
    if let Some(root) = source::git_root(found)
        && let Ok(dir) = found.strip_prefix(root.canonicalize()?)
        && !query.contains("dir=")
        && !dir.as_os_str().is_empty()
    {
        reference.attrs.insert("dir".into(), Attribute::Text(dir.to_string_lossy().into_owned()));
    }
    Ok(reference)
}

/// A flake with its inputs, called.
fn call(ev: &mut Ev, reference: &Reference, by: By, overrides: &[(String, String)]) -> Result<Value> {
    let nodes = lock::nodes(ev, reference, by, overrides)?;
    tie(ev, nodes)
}

/// Calls the flakes of a graph of sources.
fn tie(ev: &mut Ev, nodes: Value) -> Result<Value> {
    let code = ev.parse(CALL, Origin::Ours { text: CALL, file: "" }, b"/")?;
    let function = ev.eval(code, None)?;
    let nodes = ev.at(nodes);
    let root = ev.at(ev.string(b"root"));
    ev.call(function, &[nodes, root], 0)
}

/// A flake in a folder, called, to be looked at and not built: its outputs together with `inputs` and
/// `outPath`. The folder is neither hashed nor copied, so its store path ([`place_of`]), and those of derivations that have
/// files of it, are not the ones that Nix gives.
pub fn in_place(ev: &mut Ev, folder: &std::path::Path, overrides: &[(String, String)]) -> Result<Value> {
    let source = source::in_place(ev, folder)?;
    let nodes = lock::nodes_of(ev, source, "", overrides)?;
    tie(ev, nodes)
}

/// The outputs of a flake.
pub fn outputs(ev: &mut Ev, flake: &str, overrides: &[(String, String)]) -> Result<Value> {
    match whole(ev, flake, overrides)? {
        Value::Attrs(attrs) => match attrs.get(ev.intern(b"outputs")) {
            Some(outputs) => ev.force(outputs.value),
            None => fail(Kind::MissingAttribute, format!("'{flake}' is not a flake")),
        },
        _ => fail(Kind::Type, format!("'{flake}' is not a flake")),
    }
}

/// A flake with all that it has: outputs, inputs, its source. It is called once.
pub fn whole(ev: &mut Ev, flake: &str, overrides: &[(String, String)]) -> Result<Value> {
    let key = format!("{flake}\0{overrides:?}");
    if let Some(value) = ev.shared.flake(&key) {
        return Ok(value);
    }
    let reference = reference_of(flake)?;
    let value = call(ev, &reference, By::User, overrides)?;
    Ok(ev.shared.remember_flake(key, value))
}

/// An attribute of a flake, as `nix eval` finds it: under `packages` and `legacyPackages` of this
/// system, or as it is.
pub fn attribute(ev: &mut Ev, text: &str, overrides: &[(String, String)]) -> Result<Value> {
    let (flake, fragment) = split(text);
    let outputs = outputs(ev, flake, overrides)?;
    locate(ev, outputs, flake, &fragment).map(|(_, value)| value)
}

/// What a fragment means among the outputs of a flake, and where it is.
pub fn locate(ev: &mut Ev, outputs: Value, flake: &str, fragment: &str) -> Result<(Vec<String>, Value)> {
    let system = ev.shared.settings.system.clone();
    let tries = match fragment.strip_prefix('.') {
        _ if fragment.is_empty() => {
            vec![format!("packages.{system}.default"), format!("defaultPackage.{system}")]
        }
        Some(absolute) => vec![absolute.to_owned()],
        None => vec![
            format!("packages.{system}.{fragment}"),
            format!("legacyPackages.{system}.{fragment}"),
            fragment.to_owned(),
        ],
    };
    let mut suggestions = Vec::new();
    for path in &tries {
        match follow(ev, outputs, path)? {
            Ok(value) => return Ok((split_path(path)?, value)),
            Err(close) => suggestions.extend(close),
        }
    }
    let mut quoted: Vec<_> = tries.iter().map(|path| format!("'{path}'")).collect();
    let last = quoted.pop().unwrap_or_default();
    let list = if quoted.is_empty() { last } else { format!("{} or {last}", quoted.join(", ")) };
    let mut error =
        Error::new(Kind::MissingAttribute, format!("flake '{flake}' does not provide attribute {list}"));
    suggestions.sort();
    suggestions.dedup();
    error.suggestions = suggestions;
    Err(error)
}

/// The store path of the source that an entry of the search path names as `flake:REFERENCE`.
pub fn source_of_flake(ev: &mut Ev, text: &str) -> Result<String> {
    let reference = Reference::parse(text, None)?;
    let source = source::fetch(ev, &reference, By::Program)?;
    let path = ev.shared.store.print(&source.path);
    Ok(if reference.dir().is_empty() { path } else { format!("{path}/{}", reference.dir()) })
}

/// The store path of an archive, unpacked.
pub fn source_of_tarball(ev: &mut Ev, url: &str) -> Result<String> {
    let source = source::fetch(ev, &Reference::of("tarball", "url", url), By::Program)?;
    Ok(ev.shared.store.print(&source.path))
}

/// Follows `path`; names that are close where an attribute is missing.
#[allow(clippy::type_complexity)]
fn follow(ev: &mut Ev, value: Value, path: &str) -> Result<std::result::Result<Value, Vec<String>>> {
    let mut value = value;
    for part in split_path(path)? {
        let Value::Attrs(attrs) = value else { return Ok(Err(Vec::new())) };
        match attrs.get(ev.intern(part.as_bytes())) {
            Some(attr) => value = ev.force(attr.value)?,
            None => {
                let names: Vec<_> = attrs.flat().iter().map(|attr| ev.text(attr.name).lossy()).collect();
                return Ok(Err(crate::error::suggest(&part, names)));
            }
        }
    }
    Ok(Ok(value))
}

/// A reference from the argument of `fetchGit` or `fetchTree`, and whether a lock file says it.
fn reference_arg(ev: &mut Ev, arg: Ref, git: bool) -> Result<(Reference, bool)> {
    let what = if git { "fetchGit" } else { "fetchTree" };
    let mut reference = match ev.force(arg)? {
        Value::Attrs(attrs) => {
            let mut reference = reference_from(ev, attrs, what)?;
            match (git, reference.attrs.contains_key("type")) {
                (true, true) => return fail(Kind::Other, "unexpected argument 'type'"),
                (true, false) => reference.set("type", "git"),
                (false, false) => {
                    return fail(Kind::Other, "argument 'type' is missing in call to 'fetchTree'");
                }
                (false, true) => {
                    // Given as attributes, a git repository is fetched without its history.
                    if reference.kind() == "git" && !reference.attrs.contains_key(LAST) {
                        reference.attrs.entry("shallow".to_owned()).or_insert(Attribute::Flag(true));
                    }
                    if reference.attrs.contains_key("name") && !reference.attrs.contains_key(LAST) {
                        return fail(Kind::Other, "argument 'name' isn’t supported in call to 'fetchTree'");
                    }
                }
            }
            reference
        }
        other => {
            let text = match other {
                Value::String(text) => text.lossy().into_owned(),
                Value::Path(path) => path.lossy().into_owned(),
                other => {
                    let (what, shown) = (other.describe(), ev.show_for_error(other));
                    return fail(Kind::Type, format!("cannot coerce {what} to a string: {shown}"));
                }
            };
            if !git {
                return Ok((Reference::parse_url(&text)?, false));
            }
            Reference::of("git", "url", &text)
        }
    };
    if git && !reference.flag("submodules") {
        reference.attrs.entry("exportIgnore".to_owned()).or_insert(Attribute::Flag(true));
    }
    let last = reference.attrs.remove(LAST).is_some();
    reference.check()?;
    Ok((reference, last))
}

fn reference_from(ev: &mut Ev, attrs: &'static Attrs, what: &str) -> Result<Reference> {
    let mut reference = Reference::default();
    for attr in ev.sorted(attrs) {
        let name = ev.text(attr.name).lossy().into_owned();
        let value = match ev.force(attr.value)? {
            Value::String(text) => Attribute::Text(text.lossy().into_owned()),
            other if name == "type" => {
                let (what, shown) = (other.describe(), ev.show_for_error(other));
                return fail(Kind::Type, format!("expected a string but found {what}: {shown}"));
            }
            Value::Path(path) => Attribute::Text(path.lossy().into_owned()),
            Value::Int(number) if number < 0 => {
                return fail(
                    Kind::Other,
                    format!("negative value given for '{what}' argument '{name}': {number}"),
                );
            }
            Value::Int(number) => Attribute::Number(number),
            Value::Bool(flag) => Attribute::Flag(flag),
            // Their shape does not matter: they are refused as what they are.
            _ if name == "publicKeys" => Attribute::Text(String::new()),
            other => {
                let found = other.describe();
                return fail(
                    Kind::Type,
                    format!(
                        "argument '{name}' to '{what}' is {found} while a string, Boolean or integer is expected"
                    ),
                );
            }
        };
        reference.attrs.insert(name, value);
    }
    Ok(reference)
}

fn placed<T>(result: Result<T>, pos: Pos) -> Result<T> {
    result.map_err(|mut error| {
        if error.pos == 0 {
            error.pos = pos;
        }
        error
    })
}

fn fetched(ev: &mut Ev, arg: Ref, pos: Pos, git: bool) -> Result<(Reference, source::Source)> {
    let what = if git { "fetchGit" } else { "fetchTree" };
    let (reference, last) = reference_arg(ev, arg, git)?;
    if last {
        let found = source::fetch(ev, &reference, By::Lock);
        let text = reference.to_text();
        let found = found.map_err(|error| error.frame(0, format!("while fetching the input '{text}'")))?;
        return Ok((reference, found));
    }
    if ev.shared.settings.pure && !reference.is_locked() && reference.nar_hash()?.is_none() {
        let text = reference.to_text();
        let message = format!("in pure evaluation mode, '{what}' doesn't fetch unlocked input '{text}'");
        return Err(Error::at(Kind::Restricted, message, pos));
    }
    if reference.attrs.contains_key("__final") {
        let text = reference.to_text();
        return fail(Kind::Other, format!("input '{text}' is not allowed to use the '__final' attribute"));
    }
    // What the text would lack.
    reference.to_url()?;
    let found = source::fetch(ev, &reference, By::Program);
    let text = reference.to_text();
    Ok((reference, found.map_err(|error| error.frame(0, format!("while fetching the input '{text}'")))?))
}

/// `builtins.fetchGit`.
pub fn fetch_git(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    let (_, source) = placed(fetched(ev, arg, pos, true), pos)?;
    let mut attrs = source.info(ev);
    let zeros = "0".repeat(40);
    for (name, value) in [("rev", zeros.as_str()), ("shortRev", &zeros[..7])] {
        if !source.attrs.iter().any(|(known, _)| *known == name) {
            let value = ev.string(value.as_bytes());
            attrs.push(ev.named(name, ev.at(value)));
        }
    }
    if !source.attrs.iter().any(|(known, _)| *known == "revCount") {
        attrs.push(ev.named("revCount", ev.at(Value::Int(0))));
    }
    Ok(ev.set_of(attrs))
}

/// `builtins.fetchTree`.
pub fn fetch_tree(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    let (_, source) = placed(fetched(ev, arg, pos, false), pos)?;
    let attrs = source.info(ev);
    Ok(ev.set_of(attrs))
}

fn text_arg(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<String> {
    match ev.force(arg)? {
        Value::String(text) => Ok(text.lossy().into_owned()),
        other => {
            let (what, shown) = (other.describe(), ev.show_for_error(other));
            let message = format!("expected a string but found {what}: {shown}");
            Err(Error::at(Kind::Type, message, pos))
        }
    }
}

/// `builtins.getFlake`.
pub fn get_flake(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    let text = text_arg(ev, arg, pos)?;
    let reference = placed(Reference::parse(&text, None), pos)?;
    if ev.shared.settings.pure && !reference.is_locked() {
        let message = format!(
            "cannot call 'getFlake' on unlocked flake reference '{text}', at pure evaluation mode (use --impure to override)"
        );
        return Err(Error::at(Kind::Restricted, message, pos));
    }
    placed(call(ev, &reference, By::Program, &[]), pos)
}

/// `builtins.parseFlakeRef`.
pub fn parse_flake_ref(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    let text = text_arg(ev, arg, pos)?;
    let reference = placed(Reference::parse(&text, None), pos)?;
    let mut attrs = Vec::new();
    for (name, value) in &reference.attrs {
        let value = match value {
            Attribute::Text(text) => ev.string(text.as_bytes()),
            Attribute::Number(number) => Value::Int(*number),
            Attribute::Flag(flag) => Value::Bool(*flag),
        };
        attrs.push(ev.named(name, ev.at(value)));
    }
    Ok(ev.set_of(attrs))
}

/// `builtins.flakeRefToString`.
pub fn flake_ref_to_string(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    let attrs = match ev.force(arg)? {
        Value::Attrs(attrs) => attrs,
        other => {
            let (what, shown) = (other.describe(), ev.show_for_error(other));
            let message = format!("expected a set but found {what}: {shown}");
            return Err(Error::at(Kind::Type, message, pos));
        }
    };
    let mut reference = Reference::default();
    for attr in ev.sorted(attrs) {
        let name = ev.text(attr.name).lossy().into_owned();
        let value = match ev.force(attr.value)? {
            Value::String(text) => Attribute::Text(text.lossy().into_owned()),
            Value::Int(number) if number < 0 => {
                let message = format!("negative value given for flake ref attr {name}: {number}");
                return Err(Error::at(Kind::Other, message, pos));
            }
            Value::Int(number) => Attribute::Number(number),
            Value::Bool(flag) => Attribute::Flag(flag),
            other => {
                let what = other.describe();
                let message = format!(
                    "flake reference attribute sets may only contain integers, Booleans, and strings, but attribute '{name}' is {what}"
                );
                return Err(Error::at(Kind::Type, message, pos));
            }
        };
        reference.attrs.insert(name, value);
    }
    // `dir` is of the flake, not of what is fetched.
    let dir = reference.attrs.remove("dir");
    placed(reference.check(), pos)?;
    reference.attrs.extend(dir.map(|dir| ("dir".to_owned(), dir)));
    let text = placed(reference.to_url(), pos)?;
    Ok(ev.string(text.as_bytes()))
}
