//! The names of a nixpkgs tree, asked of the tree itself: what its package set has, and what the sets of
//! packages in it have.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::nix::eval::{Error, ErrorKind, Evaluator, Machine, Result, Session, Settings, Text, Value};
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
    let evaluator = Evaluator::new(Arc::new(Machine), settings);
    all(&evaluator, tree, observer).map_err(|error| error.report(false))
}

fn all(evaluator: &Evaluator, tree: &Path, observer: &dyn Observer) -> Result<Vec<String>> {
    let first = evaluator.session();
    let packages = asked(&first, CALL, tree)?;
    let top = names(&packages)?;
    let packages = packages.kept();
    let evaluating = progress(observer, "evaluating", top.len());
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeSet<String>> = Mutex::new(top.iter().cloned().collect());
    let work = |session: &Session| {
        let packages = session.value(&packages);
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = top.get(at) else { break };
            let _task = evaluating.begin(|| name);
            mine.extend(inner(&packages, name).into_iter().map(|inner| format!("{name}.{inner}")));
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for n in 1..threads {
            let builder = std::thread::Builder::new().name(format!("names-{n}")).stack_size(32 << 20);
            // Fewer threads than wanted still do all the work.
            let _ = builder.spawn_scoped(scope, || work(&evaluator.session()));
        }
        work(&first);
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect())
}

/// The set that `question`, a function of a nixpkgs and the session's system, gives for the one in `tree`.
pub(super) fn asked<'s>(session: &'s Session, question: &str, tree: &Path) -> Result<Value<'s>> {
    let function = session.eval(Text::Expression(question.as_bytes(), Path::new("/")))?;
    let tree = tree.canonicalize()?;
    let path = session.string(tree.to_string_lossy().as_bytes());
    let system = session.string(session.evaluator().settings().system.as_bytes());
    let set = function.call_with(&[path, system])?;
    if !set.is_set()? {
        let found = set.describe()?;
        let message = format!("{} gives {found} and no package set", tree.display());
        return Err(Error::new(ErrorKind::Type, message));
    }
    Ok(set)
}

fn names(set: &Value<'_>) -> Result<Vec<String>> {
    Ok(set.names()?.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// The names in the set `name`, if it is one of packages or functions: neither a derivation nor nixpkgs again.
fn inner(packages: &Value<'_>, name: &str) -> Vec<String> {
    let set = packages.attr(name).ok().flatten();
    let Some(names) = set.and_then(|set| names(&set).ok()) else { return Vec::new() };
    let has = |name: &str| names.iter().any(|known| known == name);
    let again = has("stdenv") && has("callPackage") && has("lib");
    if again || ["__functor", "type", "_type", "drvPath"].into_iter().any(has) {
        return Vec::new();
    }
    // What callPackage and makeScope add to a set is no package.
    const ADDED: [&str; 4] = ["override", "overrideDerivation", "overrideScope'", "recurseForDerivations"];
    let own =
        |name: &String| !name.contains('.') && !name.starts_with("__") && !ADDED.contains(&name.as_str());
    names.into_iter().filter(own).collect()
}
