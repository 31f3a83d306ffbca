//! What Nix says of the flake without building it: show, check, and every output of every system.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::command::{logged, output, program};
use super::nix::{nix, on_flake, reference, with_progress};
use super::{Context, Outcome};

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
    // Without what is not the flake's: `path:` copies the whole folder, build results too.
    let copy = context.state.join("own");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    fs::create_dir_all(&copy)?;
    let listed = output(
        program("git").args(["-c", "safe.directory=*"]).arg("-C").arg(&context.root).args(["ls-files", "-z"]),
    )?;
    let files = context.state.join("own-files");
    fs::write(&files, listed)?;
    let mut tar = program("tar");
    tar.arg("--directory")
        .arg(&context.root)
        .args(["--null", "--create", "--file"])
        .arg(copy.with_extension("tar"));
    output(tar.arg("--files-from").arg(&files))?;
    output(program("tar").arg("xf").arg(copy.with_extension("tar")).arg("--directory").arg(&copy))?;
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

/// A newer Nix, in a root file system of its own, must come to the same derivations.
pub fn newer_nix(context: &Context) -> Result<Outcome> {
    let Some(chroot) = &context.newer_nix else {
        return Ok(Outcome::Skipped("no --nix-2-34 DIR was given".to_owned()));
    };
    let inside = Path::new("/tmp/pgflakegen-e2e");
    let outside = chroot.join("tmp/pgflakegen-e2e");
    if outside.exists() {
        fs::remove_dir_all(&outside)?;
    }
    fs::create_dir_all(&outside)?;
    let flakes = [("flake", context.flake()), ("own", context.state.join("own"))];
    let hostpkgs = ("hostpkgs", context.root.join("tests/hostpkgs"));
    for (name, folder) in flakes.iter().chain([&hostpkgs]) {
        output(program("cp").arg("--recursive").arg(folder).arg(outside.join(name)))?;
    }

    let run = |words: &[&str]| -> Result<String> {
        let mut command: Command = nix("chroot");
        command.env("NIX_CONFIG", "experimental-features = nix-command flakes\nsubstituters =\nflake-registry =\nbuild-users-group =\nsandbox = false\n");
        command.arg(chroot).arg("nix").args(words);
        let fixture = inside.join("hostpkgs");
        command.args(["--override-input", "nixpkgs", &format!("path:{}", fixture.display())]);
        command.args([
            "--override-input",
            "rust-overlay",
            &format!("path:{}/rust-overlay", fixture.display()),
        ]);
        logged(command.arg("--no-write-lock-file"), &context.log("newer-nix"), |_| ())
    };
    let version = output(program("chroot").arg(chroot).args(["nix", "--version"]))?;
    let mut compared = 0;
    for (name, ours) in &flakes {
        let theirs = inside.join(name);
        run(&["flake", "check", "--no-build", "--all-systems", &reference(&theirs, "")])?;
        for system in SYSTEMS {
            let attribute = format!("packages.{system}");
            let theirs =
                flatten(&run(&["eval", "--json", "--apply", PATHS, &reference(&theirs, &attribute)])?)?;
            let ours = paths(context, ours, &attribute)?;
            if let Some((name, path)) = ours.iter().find(|(name, path)| theirs.get(*name) != Some(path)) {
                bail!("{attribute}{name} is {path}, but with {}: {:?}", version.trim(), theirs.get(name));
            }
            compared += ours.len();
        }
    }
    fs::remove_dir_all(&outside)?;
    Ok(Outcome::Done(format!("{}: flake check, and {compared} derivations are the same", version.trim())))
}
