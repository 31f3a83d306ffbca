//! What pure evaluation reads, and what not: the flake of `tests/cases/pure/tree`, with each path of
//! `tests/cases/pure/table` read in every way that there is. The table has what Nix 2.34 gives.
//!
//! With `PGFLAKEGEN_NIX` set to a `nix-instantiate` of Nix 2.34 the table itself is checked, by the `nix` beside it;
//! with `PGFLAKEGEN_BLESS=1` as well it is written anew.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::support::message;
use libtest_mimic::{Failed, Trial};
use pgflakegen::nix::eval::{Evaluator, Machine, Settings};

/// The ways to read a path.
const WAYS: [(&str, &str); 11] = [
    ("readFile", "builtins.readFile @"),
    ("readDir", "builtins.attrNames (builtins.readDir @)"),
    ("import", "import @"),
    ("path", "builtins.path { path = @; name = \"n\"; }"),
    ("filterSource", "builtins.filterSource (_: _: true) @"),
    ("hashFile", "builtins.hashFile \"sha256\" @"),
    ("pathExists", "builtins.pathExists @"),
    ("pathExists/", "builtins.pathExists (toString @ + \"/\")"),
    ("readFileType", "builtins.readFileType @"),
    ("copy", "\"${@}\""),
    ("findFile", "toString (builtins.findFile [ { path = @; prefix = \"\"; } ] \"\")"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pure")
}

/// Each path, and what comes of it: ways that give the same, and what that is.
fn table() -> BTreeMap<String, Vec<(Vec<String>, String)>> {
    let mut table: BTreeMap<String, Vec<(Vec<String>, String)>> = BTreeMap::new();
    let mut path = String::new();
    for line in fs::read_to_string(folder().join("table")).unwrap().lines() {
        match line.strip_prefix("  ").and_then(|line| line.split_once(": ")) {
            Some((ways, found)) => {
                let ways = ways.split(' ').map(str::to_owned).collect();
                table.entry(path.clone()).or_default().push((ways, found.to_owned()));
            }
            None if line.is_empty() => {}
            None => {
                path = line.to_owned();
                table.entry(path.clone()).or_default();
            }
        }
    }
    assert!(table.len() > 60, "only {} paths", table.len());
    table
}

fn name(path: usize, way: usize) -> String {
    format!("c{path}-{way}")
}

/// The flake and its input on the disk.
fn written(table: &BTreeMap<String, Vec<(Vec<String>, String)>>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for line in fs::read_to_string(folder().join("tree")).unwrap().lines() {
        let place = |path: &str| {
            let place = dir.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            place
        };
        if let Some((path, target)) = line.split_once(" -> ") {
            symlink(target, place(path)).unwrap();
        } else if let Some((path, text)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            fs::write(place(path), text).unwrap();
        }
    }
    let mut text = "{\n  inputs.dep.url = \"path:/nowhere\";\n  outputs = { self, dep }: {\n".to_owned();
    for (at, path) in table.keys().enumerate() {
        for (way, (_, expression)) in WAYS.iter().enumerate() {
            writeln!(text, "    {} = {};", name(at, way), expression.replace('@', path)).unwrap();
        }
    }
    text += "    own = self.outPath;\n    deps = dep.outPath;\n  };\n}\n";
    fs::write(dir.path().join("flake/flake.nix"), text).unwrap();
    dir
}

/// What one evaluator gives for one attribute: JSON, or `error: ` and the message.
type Evaluate<'a> = &'a dyn Fn(&str) -> String;

fn ours(dir: &Path) -> impl Fn(&str) -> String {
    let flake = format!("path:{}", dir.join("flake").display());
    let dep = vec![("dep".to_owned(), format!("path:{}", dir.join("dep").display()))];
    let settings = Settings { pure: true, system: "x86_64-linux".into(), ..Settings::default() };
    let evaluator = Evaluator::new(Arc::new(Machine), settings);
    move |name| {
        let session = evaluator.session();
        let value = session.flake_attribute(&format!("{flake}#{name}"), &dep);
        match value.and_then(|value| value.to_json()) {
            Ok(text) => text,
            Err(error) => format!("error: {error}"),
        }
    }
}

fn theirs<'a>(nix: &'a Path, dir: &'a Path) -> impl Fn(&str) -> String + 'a {
    move |name| {
        let output = Command::new(nix)
            .args(["eval", "--json", "--no-write-lock-file", "--override-input", "dep"])
            .arg(format!("path:{}", dir.join("dep").display()))
            .arg(format!("path:{}#{name}", dir.join("flake").display()))
            .output()
            .unwrap();
        match output.status.success() {
            true => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            false => format!("error: {}", message(&output.stderr)),
        }
    }
}

/// Says the same in the same words. Nix has two ways to say that something is not there; how it calls an input
/// whose file is missing has the time in it when that was changed.
fn uniform(text: &str, own: &str, dep: &str) -> String {
    let quoted = |text: &str| text.split(['\'', '"']).nth(1).unwrap_or_default().to_owned();
    let here = std::env::current_dir().unwrap();
    let text = text.replace(&format!("{}/", here.display()), "$here/");
    // Some messages of a Nix whose store is elsewhere say where.
    let elsewhere = regex::Regex::new(r"(?:/[\w.+-]+)+(/nix/store/)").unwrap();
    let text = elsewhere.replace_all(&text, "$1").into_owned();
    let text = text
        .replace(own, "$own")
        .replace(dep, "$dep")
        .replace(own.strip_prefix("/nix/store/").unwrap_or("no store path"), "own");
    let text = match (text.find('«'), text.find('»')) {
        (Some(from), Some(to)) if from < to => {
            format!("{}$dep{}", &text[..from], &text[to + '»'.len_utf8()..])
        }
        _ => text,
    };
    let gone = ["No such file or directory", "Not a directory"].iter().any(|end| text.ends_with(end));
    match text.as_str() {
        _ if text.starts_with("error: opening file") && gone => {
            format!("error: path '{}' does not exist", quoted(&text))
        }
        _ if text.starts_with("error: cannot read directory")
            && text.ends_with("No such file or directory") =>
        {
            format!("error: path '{}' does not exist", quoted(&text))
        }
        "error: file '/nix' does not exist" => "error: path '/nix' does not exist".to_owned(),
        // The directory is a file in between: Nix says what the system says.
        _ if text.starts_with("error: cannot read directory") && text.contains("a.txt/x") => {
            format!("error: path '{}' does not exist", quoted(&text))
        }
        _ => text.strip_suffix(" (use '--impure' to override)").unwrap_or(&text).to_owned(),
    }
}

/// The table as an evaluator gives it.
fn found(table: &BTreeMap<String, Vec<(Vec<String>, String)>>, evaluate: Evaluate<'_>) -> String {
    let path = |name: &str| evaluate(name).trim_matches('"').to_owned();
    let (own, dep) = (path("own"), path("deps"));
    assert!(own.starts_with("/nix/store/"), "{own}");
    let mut text = String::new();
    for (at, path) in table.keys().enumerate() {
        let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
        for (way, (what, _)) in WAYS.iter().enumerate() {
            let found = uniform(&evaluate(&name(at, way)), &own, &dep);
            match groups.iter_mut().find(|(_, known)| *known == found) {
                Some((ways, _)) => ways.push(what),
                None => groups.push((vec![what], found)),
            }
        }
        writeln!(text, "{path}").unwrap();
        for (ways, found) in groups {
            writeln!(text, "  {}: {found}", ways.join(" ")).unwrap();
        }
        text.push('\n');
    }
    text
}

fn same(found: &str) -> Result<(), Failed> {
    let wanted = fs::read_to_string(folder().join("table")).unwrap();
    let mut path = "";
    let mut wrong = String::new();
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        if !wanted.starts_with("  ") {
            path = wanted;
        }
        if found != wanted {
            writeln!(wrong, "{path}\n  found:  {found}\n  wanted: {wanted}").unwrap();
        }
    }
    match wrong.is_empty() && found.lines().count() == wanted.lines().count() {
        true => Ok(()),
        false => Err(Failed::from(wrong)),
    }
}

/// Both; what compares with Nix is ignored without one of the right version.
pub fn trials() -> Vec<Trial> {
    let nix = std::env::var_os("PGFLAKEGEN_NIX").map(|nix| Path::new(&nix).with_file_name("nix"));
    // The table has messages, which are those of this version.
    let version = nix.as_ref().and_then(|nix| Command::new(nix).arg("--version").output().ok());
    let other = !version.is_some_and(|output| String::from_utf8_lossy(&output.stdout).contains(" 2.34"));
    vec![
        Trial::test("eval_pure::pure_evaluation_reads_what_nix_reads", || {
            let table = table();
            let dir = written(&table);
            same(&found(&table, &ours(dir.path())))
        }),
        Trial::test("eval_pure::messages::the_table_is_that_of_nix", move || {
            let table = table();
            let dir = written(&table);
            let found = found(&table, &theirs(&nix.unwrap_or_default(), dir.path()));
            if std::env::var_os("PGFLAKEGEN_BLESS").is_some() {
                return Ok(fs::write(folder().join("table"), found)?);
            }
            same(&found)
        })
        .with_ignored_flag(other),
    ]
}
