//! The names of a nixpkgs tree, asked of the tree itself: what its package set has, and what the sets of
//! packages in it have.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::nix::eval::attrs::{Attr, Attrs};
use crate::nix::eval::eval_io::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::shared::Origin;
use crate::nix::eval::{Error, Ev, Kind, Result, Settings, Shared, Value};
use crate::nix::flake;
use crate::progress::{Observer, progress};

/// As the generated flake calls nixpkgs.
const CALL: &str = "nixpkgs: system: import nixpkgs { inherit system; config = { }; overlays = [ ]; }";

/// All names of the package set in `tree`: `openssl`, and `perlPackages.DBI` for what is in sets of packages
/// (and in `lib`).
///
/// # Errors
/// What evaluation says when the package set itself fails; what fails within it only lacks its inner names.
pub fn of_tree(
    tree: &Path,
    settings: Settings,
    observer: &dyn Observer,
) -> std::result::Result<Vec<String>, String> {
    let shared = Shared::new(settings, Arc::new(Machine), flake::HOOKS);
    all(&shared, tree, observer).map_err(|error| render(&shared, &error, false))
}

fn all(shared: &Arc<Shared>, tree: &Path, observer: &dyn Observer) -> Result<Vec<String>> {
    // SAFETY: what is found are names, as texts of their own; values stay in here.
    let mut first = unsafe { Ev::new(shared.clone()) };
    let packages = asked(&mut first, CALL, tree)?;
    let top: Vec<String> = names(&mut first, packages);
    let evaluating = progress(observer, "evaluating", top.len());
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeSet<String>> = Mutex::new(top.iter().cloned().collect());
    let work = |mut ev: Ev, packages: &'static Attrs| {
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = top.get(at) else { break };
            let _task = evaluating.begin(|| name);
            mine.extend(inner(&mut ev, packages, name).into_iter().map(|inner| format!("{name}.{inner}")));
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for n in 1..threads {
            let builder = std::thread::Builder::new().name(format!("names-{n}")).stack_size(32 << 20);
            // Fewer threads than wanted still do all the work.
            // SAFETY: as above.
            let _ = builder.spawn_scoped(scope, || work(unsafe { Ev::new(shared.clone()) }, packages));
        }
        work(first, packages);
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect())
}

/// The set that `question`, a function of a nixpkgs and the session's system, gives for the one in `tree`.
pub(super) fn asked(ev: &mut Ev, question: &str, tree: &Path) -> Result<&'static Attrs> {
    let code = ev.parse(question, Origin::Text(question.into()), b"/")?;
    let function = ev.eval(code, None)?;
    let tree = tree.canonicalize()?;
    let path = ev.at(ev.string(tree.to_string_lossy().as_bytes()));
    let system = ev.at(ev.string(ev.shared.settings.system.as_bytes()));
    match ev.call(function, &[path, system], 0)? {
        Value::Attrs(attrs) => Ok(attrs),
        other => {
            let found = other.describe();
            Err(Error::new(Kind::Type, format!("{} gives {found} and no package set", tree.display())))
        }
    }
}

fn names(ev: &mut Ev, attrs: &'static Attrs) -> Vec<String> {
    attrs.flat().iter().map(|attr| ev.text(attr.name).lossy().into_owned()).collect()
}

/// An attribute by its name.
pub(super) fn attr(ev: &Ev, attrs: &'static Attrs, name: &str) -> Option<Attr> {
    ev.shared.symbols.find(name.as_bytes()).and_then(|name| attrs.get(name))
}

/// The names in the set `name`, if it is one of packages or functions: neither a derivation nor nixpkgs again.
fn inner(ev: &mut Ev, packages: &'static Attrs, name: &str) -> Vec<String> {
    let value = attr(ev, packages, name).map(|attr| ev.force(attr.value));
    let Some(Ok(Value::Attrs(set))) = value else { return Vec::new() };
    let has = |name: &str| attr(ev, set, name).is_some();
    let again = has("stdenv") && has("callPackage") && has("lib");
    if again || ["__functor", "type", "_type", "drvPath"].into_iter().any(has) {
        return Vec::new();
    }
    // What callPackage and makeScope add to a set is no package.
    const ADDED: [&str; 4] = ["override", "overrideDerivation", "overrideScope'", "recurseForDerivations"];
    let own =
        |name: &String| !name.contains('.') && !name.starts_with("__") && !ADDED.contains(&name.as_str());
    names(ev, set).into_iter().filter(own).collect()
}
