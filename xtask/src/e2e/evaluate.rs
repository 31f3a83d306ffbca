//! What Nix says of the flake without building it: show, check, and every output of every system.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::command::logged;
use super::nix::{on_flake, overridden, reference, with_progress};
use super::{Context, Outcome, catalogue, machine};

/// The systems that the flake is for.
const SYSTEMS: &[&str] = &["aarch64-darwin", "aarch64-linux", "x86_64-linux"];

/// Each derivation becomes its path, each app its program; nothing is built. What nixpkgs refuses, which only
/// legacyPackages has, has no path.
const PATHS: &str = "let go = value: if value.type or null == \"derivation\" \
      then if value.meta.available or true then value.drvPath else null \
    else if value.type or null == \"app\" then value.program \
    else if builtins.isAttrs value then builtins.mapAttrs (_: go) value else null; in go";

/// `nix flake show`.
pub fn show(context: &Context) -> Result<Outcome> {
    let shown = show_json(context, &context.flake())?;
    let outputs: Vec<&str> = shown.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let packages = shown["packages"]["x86_64-linux"].as_object().map_or(0, serde_json::Map::len);
    if packages == 0 {
        bail!("nix flake show lists no packages: {shown}");
    }
    Ok(Outcome::Done(format!("{packages} packages; {}", outputs.join(" "))))
}

fn show_json(context: &Context, flake: &Path) -> Result<Value> {
    let mut command = on_flake(context, &["flake", "show", "--json"], &[reference(flake, "")]);
    let text = logged(&mut command, &context.log("show"), |_| ())?;
    serde_json::from_str(&text).context("nix flake show --json")
}

/// `nix flake check --no-build`.
pub fn check(context: &Context) -> Result<Outcome> {
    let mut command =
        on_flake(context, &["flake", "check", "--no-build"], &[reference(&context.flake(), "")]);
    logged(&mut command, &context.log("check"), |_| ())?;
    Ok(Outcome::Done("no complaint".to_owned()))
}

/// `nix flake check`: builds the flake's own checks.
pub fn build_checks(context: &Context) -> Result<Outcome> {
    let flake = context.flake();
    let shown = show_json(context, &flake)?;
    let Some(checks) = shown["checks"]["x86_64-linux"].as_object() else {
        return Ok(Outcome::Skipped("the flake has no checks".to_owned()));
    };
    let names: Vec<&str> = checks.keys().map(String::as_str).collect();
    let mut command = on_flake(context, &["flake", "check", "--print-build-logs"], &[reference(&flake, "")]);
    with_progress(context, &mut command, "flake-check")?;
    Ok(Outcome::Done(format!("{} checks: {}", names.len(), names.join(" "))))
}

/// Every output of the flake the test generated.
pub fn generated_flake(context: &Context) -> Result<Outcome> {
    evaluate(context, &context.flake())
}

/// Every output of the repository's own flake, which is the whole default catalogue.
pub fn own_flake(context: &Context) -> Result<Outcome> {
    let copy = context.state.join("own");
    catalogue::copy_repository(context, &copy)?;
    evaluate(context, &copy)
}

fn evaluate(context: &Context, flake: &Path) -> Result<Outcome> {
    let shown = show_json(context, flake)?;
    let mut counts = BTreeMap::new();
    for system in SYSTEMS {
        for name in shown.as_object().into_iter().flatten().map(|(name, _)| name) {
            if shown[name].get(system).is_none() {
                continue;
            }
            let paths = paths(context, flake, &format!("{name}.{system}"))?;
            *counts.entry(*system).or_insert(0) += paths.len();
        }
    }
    if counts.len() != SYSTEMS.len() {
        bail!("outputs for {:?} only", counts.keys());
    }
    let counts: Vec<String> = counts.iter().map(|(system, count)| format!("{count} for {system}")).collect();
    Ok(Outcome::Done(counts.join(", ")))
}

/// The derivations and programs below an attribute, by their own attribute path.
fn paths(context: &Context, flake: &Path, attribute: &str) -> Result<BTreeMap<String, String>> {
    let mut command =
        on_flake(context, &["eval", "--json", "--apply", PATHS], &[reference(flake, attribute)]);
    let text =
        logged(&mut command, &context.log("evaluate"), |_| ()).with_context(|| attribute.to_owned())?;
    flatten(&text)
}

fn flatten(text: &str) -> Result<BTreeMap<String, String>> {
    fn go(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::String(path) => {
                into.insert(prefix.to_owned(), path.clone());
            }
            Value::Object(map) => {
                for (name, value) in map {
                    go(&format!("{prefix}.{name}"), value, into);
                }
            }
            _ => {}
        }
    }
    let mut into = BTreeMap::new();
    go("", &serde_json::from_str(text).context("nix eval --json")?, &mut into);
    Ok(into)
}

/// The current Nix must come to the same derivations.
pub fn current_nix(context: &Context) -> Result<Outcome> {
    let nix = machine::CurrentNix::installed()?;
    let mut compared = 0;
    for (name, flake) in [("flake", context.flake()), ("own", context.state.join("own"))] {
        let on_flake = |words: &[&str], attribute: &str| {
            logged(
                overridden(
                    context,
                    nix.command(context, "nix").args(words).arg(reference(&flake, attribute)),
                ),
                &context.log(name),
                |_| (),
            )
        };
        on_flake(&["flake", "check", "--no-build", "--all-systems"], "")?;
        for system in SYSTEMS {
            let attribute = format!("packages.{system}");
            let theirs = flatten(&on_flake(&["eval", "--json", "--apply", PATHS], &attribute)?)?;
            let ours = paths(context, &flake, &attribute)?;
            if let Some((name, path)) = ours.iter().find(|(name, path)| theirs.get(*name) != Some(path)) {
                bail!("{attribute}{name} is {path}, but with {}: {:?}", nix.version(), theirs.get(name));
            }
            compared += ours.len();
        }
    }
    Ok(Outcome::Done(format!("Nix {}: flake check, and {compared} derivations are the same", nix.version())))
}
