//! Calling Nix: its settings, the inputs that are replaced, and the store.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::Context;
use super::command::{logged, output, program};

/// No binary cache and no registry; builders see the machine's compiler.
pub const CONFIG: &str = "experimental-features = nix-command flakes
substitute = false
substituters =
flake-registry =
warn-dirty = false
sandbox = false
max-jobs = auto
";

/// A program of Nix with the test's settings.
pub fn nix(name: &str) -> Command {
    let mut command = program(name);
    command.env("NIX_CONFIG", CONFIG).env_remove("NIX_PATH");
    command
}

/// `nix WORDS… FLAKE#WHAT` with nixpkgs and rust-overlay replaced by the fixtures.
pub fn on_flake(context: &Context, words: &[&str], installables: &[String]) -> Command {
    let mut command = nix("nix");
    overridden(context, command.args(words).args(installables));
    command
}

/// With nixpkgs and rust-overlay replaced by the fixtures.
pub fn overridden<'a>(context: &Context, command: &'a mut Command) -> &'a mut Command {
    let fixture = context.root.join("tests/hostpkgs");
    command.args(["--override-input", "nixpkgs", &format!("path:{}", fixture.display())]);
    command.args(["--override-input", "rust-overlay", &format!("path:{}/rust-overlay", fixture.display())]);
    command.arg("--no-write-lock-file")
}

/// A flake reference, with an attribute path if there is one.
pub fn reference(flake: &Path, attribute: &str) -> String {
    if attribute.is_empty() {
        format!("path:{}", flake.display())
    } else {
        format!("path:{}#{attribute}", flake.display())
    }
}

/// A flake with `outputs` made of another, `base`, whose inputs are this test's. With inputs replaced on the command line
/// Nix knows no revision of it.
pub fn around(context: &Context, base: &str, outputs: &str) -> String {
    let fixture = context.root.join("tests/hostpkgs");
    let fixture = fixture.display();
    format!(
        r#"{{
  inputs.base.url = "{base}";
  inputs.base.inputs.nixpkgs.url = "path:{fixture}";
  inputs.base.inputs.rust-overlay.url = "path:{fixture}/rust-overlay";
  outputs =
    {{ base, ... }}:
    {{
      {outputs}
    }};
}}
"#
    )
}

/// Builds attributes of a flake, saying which derivations are built, and gives their output paths.
pub fn build(context: &Context, log: &str, flake: &Path, attributes: &[String]) -> Result<Vec<String>> {
    let installables: Vec<String> = attributes.iter().map(|attribute| reference(flake, attribute)).collect();
    let mut command = on_flake(context, &["build", "--json", "--print-build-logs"], &installables);
    let roots = context.state.join("roots").join(context.step);
    std::fs::create_dir_all(&roots)?;
    command.arg("--out-link").arg(roots.join(log));
    let text = with_progress(context, &mut command, log)?;
    let results: serde_json::Value = serde_json::from_str(&text).context("nix build --json")?;
    let paths = results
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|result| result["outputs"]["out"].as_str().map(str::to_owned))
        .collect::<Vec<_>>();
    if paths.len() != attributes.len() {
        bail!("nix build gave {} paths for {} attributes", paths.len(), attributes.len());
    }
    Ok(paths)
}

/// Runs a command that builds, saying which derivations it builds; those of the machine's own programs and
/// libraries are not worth a line.
pub fn with_progress(context: &Context, command: &mut Command, log: &str) -> Result<String> {
    logged(command, &context.log(log), |line| {
        if let Some(name) =
            line.strip_prefix("building '/nix/store/").and_then(|rest| rest.split('\'').next())
        {
            let name = name.split_once('-').map_or(name, |(_, name)| name).trim_end_matches(".drv");
            if !name.ends_with("-host") {
                context.note(&format!("building {name}"));
            }
        }
    })
}

/// The output path of every package for this machine's system, by its name.
pub fn out_paths(context: &Context, flake: &Path) -> Result<BTreeMap<String, String>> {
    let words = ["eval", "--json", "--apply", "builtins.mapAttrs (_: package: package.outPath)"];
    let mut command = on_flake(context, &words, &[reference(flake, "packages.x86_64-linux")]);
    let text = logged(&mut command, &context.log("out-paths"), |_| ())?;
    serde_json::from_str(&text).context("nix eval --json")
}

/// Adds a file, or a directory when `recursive`, under the store path that a fetcher would give it.
pub fn add_fixed(paths: &[&Path], recursive: bool) -> Result<()> {
    let mut command = nix("nix-store");
    command.arg("--add-fixed");
    if recursive {
        command.arg("--recursive");
    }
    output(command.arg("sha256").args(paths)).map(drop)
}

/// The SRI hash of a file (`nix hash file`) or of a directory as an archive (`nix hash path`).
pub fn hash(path: &Path) -> Result<String> {
    let kind = if path.is_dir() { "path" } else { "file" };
    Ok(output(nix("nix").args(["hash", kind]).arg(path))?.trim().to_owned())
}
