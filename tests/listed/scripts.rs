//! The scripts that we generate, as ShellCheck sees them with every optional check on. Where there is no
//! `shellcheck`, these show as ignored.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use libtest_mimic::{Failed, Trial};

use crate::workflows::linter;

/// What is not wanted, and why.
const EXCLUDED: &[(&str, &str)] = &[
    ("SC2016", "filters of jq and programs of awk have variables of their own, in single quotes"),
    ("SC2250", "taste: braces only where they are needed"),
    ("SC2310", "what is called in a condition says by its status what it found, and ends by `die` otherwise"),
    ("SC2317", "not every tool calls every function of the parts that it is made of"),
    ("SC2329", "the same, as newer ShellChecks number it"),
];

/// One for each script; without `shellcheck` they are ignored.
pub fn trials() -> Vec<Trial> {
    let missing = linter("shellcheck").is_none();
    if missing {
        eprintln!("shellcheck is not on PATH: what it says of our scripts is not known");
    }
    let mut trials = Vec::new();
    for script in scripts() {
        let name = format!("scripts::shellcheck_{}", script.name);
        trials.push(Trial::test(name, move || check(&script)).with_ignored_flag(missing));
    }
    let count = trials.len();
    trials.push(Trial::test("scripts::every_script_is_checked", move || every_script_is_checked(count)));
    trials
}

/// A script as it is run: parts put together, with the options and the environment that Nix gives it.
struct Script {
    name: String,
    parts: Vec<PathBuf>,
    environment: Vec<String>,
}

fn templates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tools as templates/tools/default.nix puts them together, the checks, the image's entrypoint.
fn scripts() -> Vec<Script> {
    let tools = read(&templates().join("tools/default.nix"));
    let mut scripts = Vec::new();
    for text in tools.split("makeTool {").skip(1) {
        let name = text.split_once("name = \"").and_then(|(_, rest)| rest.split_once('"')).expect("a name").0;
        let parts = text.split_once("parts = [").and_then(|(_, rest)| rest.split_once(']')).expect("parts").0;
        let parts = parts.split_whitespace().map(|part| templates().join("tools").join(part)).collect();
        scripts.push(Script { name: name.to_owned(), parts, environment: variables(&tools) });
    }
    for check in ["installcheck", "side-by-side", "slim-closure", "smoke", "update"] {
        let parts = vec![templates().join(format!("checks/{check}.sh"))];
        scripts.push(Script { name: check.to_owned(), parts, environment: Vec::new() });
    }
    // What two of them share.
    scripts.push(Script {
        name: "updated".to_owned(),
        parts: vec![templates().join("checks/updated.sh")],
        environment: variables(&read(&templates().join("checks/default.nix"))),
    });
    for of_lib in ["extension-image", "side-by-side", "switch-extension-version"] {
        let parts = vec![templates().join(format!("lib/{of_lib}.sh"))];
        scripts.push(Script { name: format!("lib-{of_lib}"), parts, environment: Vec::new() });
    }
    for script in pgflakegen::render::SCRIPTS {
        let name = script.0.trim_start_matches("ci/").trim_end_matches(".sh");
        let parts = vec![templates().join(script.0)];
        scripts.push(Script { name: format!("ci-{name}"), parts, environment: Vec::new() });
    }
    let machine = read(&templates().join("machine/default.nix"));
    for text in machine.split("makeProgram \"").skip(1) {
        let name = text.split_once('"').expect("a name").0;
        let parts =
            text.split_once(".sh\n").map(|(before, _)| before.rfind('[').expect("a list")).expect("parts");
        let parts = text[parts + 1..].split_once(']').expect("parts").0;
        let parts = parts.split_whitespace().map(|part| templates().join("machine").join(part)).collect();
        scripts.push(Script { name: name.to_owned(), parts, environment: Vec::new() });
    }
    let image = read(&templates().join("lib/docker.nix"));
    scripts.push(Script {
        name: "entrypoint".to_owned(),
        parts: ["functions", "first-start", "entrypoint"]
            .map(|part| templates().join(format!("docker/{part}.sh")))
            .to_vec(),
        environment: variables(&image),
    });
    scripts
}

/// The variables of ours that a Nix file sets.
fn variables(nix: &str) -> Vec<String> {
    let names = nix.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let mut found: Vec<String> =
        names.filter(|name| name.starts_with("PGFLAKEGEN_")).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn check(script: &Script) -> Result<(), Failed> {
    let excluded: Vec<&str> = EXCLUDED.iter().map(|(code, _)| *code).collect();
    let mut command = Command::new(linter("shellcheck").unwrap_or_else(|| "shellcheck".into()));
    command.args(["--enable=all", "--external-sources", "--shell=bash", "--exclude", &excluded.join(",")]);
    if let [only] = script.parts.as_slice()
        && script.environment.is_empty()
    {
        command.arg(only);
        return report(script, command.output()?);
    }
    // As nixpkgs' writeShellApplication begins a script.
    let mut text = "set -o errexit\nset -o nounset\nset -o pipefail\n".to_owned();
    for variable in &script.environment {
        writeln!(text, "{variable}=''\nexport {variable}")?;
    }
    for part in &script.parts {
        text.push_str(&read(part));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(&script.name);
    fs::write(&path, text)?;
    report(script, command.arg(&path).output()?)
}

fn report(script: &Script, output: std::process::Output) -> Result<(), Failed> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}:\n{said}{failed}", script.name).into())
}

/// A script that nobody puts together would not be checked.
fn every_script_is_checked(count: usize) -> Result<(), Failed> {
    let scripts = scripts();
    if scripts.len() != count || count < 7 {
        return Err(format!("{count} scripts").into());
    }
    let mut unchecked = Vec::new();
    for folder in ["tools", "checks", "ci", "docker", "lib", "machine"] {
        for entry in fs::read_dir(templates().join(folder))? {
            let path = entry?.path();
            let is_script = path.extension().is_some_and(|extension| extension == "sh");
            let is_part =
                |script: &Script| script.parts.iter().any(|part| same(part, &path).unwrap_or(false));
            if is_script && !scripts.iter().any(is_part) {
                unchecked.push(path);
            }
        }
    }
    if unchecked.is_empty() { Ok(()) } else { Err(format!("nobody checks {unchecked:?}").into()) }
}

fn same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(one.canonicalize()? == other.canonicalize()?)
}
