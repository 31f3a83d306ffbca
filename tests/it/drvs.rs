//! `drvs` and `drv-diff` over programs written by hand: what nix-eval-jobs and Nix 2.34 see in them.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::program::{git, run, stderr, stdout};

const JOB: &str = r#"
let job = name: more: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // more);
    x = job "x" { };
    y = job "y" { outputs = [ "out" "doc" ]; };
in
"#;

/// The jobs of a file, by attribute, and the exit code.
fn jobs(program: &str, args: &[&str]) -> (serde_json::Map<String, Value>, Option<i32>) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("jobs.nix"), format!("{JOB}{program}")).unwrap();
    let output = run(dir.path(), &[&["drvs", "-f", "jobs.nix", "--json"], args].concat());
    let lines = stdout(&output);
    let jobs = lines.lines().map(|line| {
        let job: Value = serde_json::from_str(line).unwrap();
        (job["attr"].as_str().unwrap().to_owned(), job)
    });
    (jobs.collect(), output.status.code())
}

fn first_line(job: &Value) -> &str {
    job["error"].as_str().and_then(|error| error.lines().next()).unwrap_or_default()
}

#[test]
fn functions_are_called_with_what_is_given() {
    let program = r#"{ tag ? "none" }: {
      plain = job "plain-${tag}" { };
      server = { major ? "17" }: job "server-${major}" { };
      tagged = { tag ? "other" }: job "tagged-${tag}" { };
      rest = { ... }@all: job "rest-${all.tag}" { };
      needs = { src }: job "needs-${src}" { };
      named = x: job "never" { };
      functor = { __functor = self: { jit ? true }: job "functor" { }; };
      set = { recurseForDerivations = true; inner = { jit ? true }: job "inner" { };
        made = { n ? 2 }: { recurseForDerivations = true; deep = job "deep" { }; }; };
    }"#;
    for threads in ["1", "4"] {
        let (found, code) = jobs(program, &["--argstr", "tag", "v1", "--threads", threads]);
        let names: Vec<_> = found.iter().map(|(attr, job)| (attr.as_str(), job["name"].as_str())).collect();
        let wanted = [
            ("functor", Some("functor")),
            ("needs", None),
            ("plain", Some("plain-v1")),
            ("rest", Some("rest-v1")),
            ("server", Some("server-17")),
            ("set.inner", Some("inner")),
            ("set.made.deep", Some("deep")),
            ("tagged", Some("tagged-v1")),
        ];
        assert_eq!((names.as_slice(), code), (&wanted[..], Some(1)));
        let wanted = "error: cannot evaluate a function that has an argument without a value ('src'); give it with --arg or --argstr";
        assert_eq!(first_line(&found["needs"]), wanted);
    }
}

#[test]
fn outputs_are_what_is_there() {
    let program = r#"{
      by-hand = { type = "derivation"; name = "by-hand"; inherit (x) drvPath outPath; };
      without-doc = removeAttrs y [ "doc" ];
      both = y;
      with-man = x // { outputs = [ "out" "man" ]; };
      not-a-list = x // { outputs = "out"; };
      not-a-name = x // { outputs = [ 1 ]; };
      elsewhere = x // { outPath = "/etc"; outputs = [ "out" ]; out = { outPath = "/etc"; }; };
      nameless = removeAttrs x [ "name" ];
      no-drv = removeAttrs x [ "drvPath" ];
      not-drv = x // { drvPath = x.outPath; };
    }"#;
    let (found, code) = jobs(program, &[]);
    let names =
        |attr: &str| -> Vec<String> { found[attr]["outputs"].as_object().unwrap().keys().cloned().collect() };
    assert_eq!(code, Some(1));
    for attr in ["by-hand", "without-doc", "with-man"] {
        assert_eq!(names(attr), ["out"], "{attr}");
    }
    assert_eq!(names("both"), ["doc", "out"]);
    assert_eq!(found["by-hand"]["outputs"]["out"], found["with-man"]["outputs"]["out"]);
    assert_eq!(found["by-hand"]["system"], "x86_64-linux");
    for (attr, message) in [
        ("not-a-list", "error: expected a list but found a string: \"out\""),
        ("not-a-name", "error: expected a string but found an integer: 1"),
        ("elsewhere", "error: path '/etc' is not in the Nix store"),
        ("nameless", "error: derivation name missing"),
        ("no-drv", "error: derivation does not contain a 'drvPath' attribute"),
    ] {
        assert_eq!(first_line(&found[attr]), message);
    }
    assert!(first_line(&found["not-drv"]).ends_with("-x' is not a valid derivation path"));
}

#[test]
fn what_is_known_after_the_build_only_is_null() {
    let program = r#"rec {
      plain = x;
      ca = job "ca" { __contentAddressed = true; outputHashAlgo = "sha256"; outputHashMode = "recursive"; outputs = [ "out" "dev" ]; };
      above = job "above" { inherit ca; };
      fixed = job "fixed" { outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; };
    }"#;
    let (found, code) = jobs(program, &["--extra-experimental-features", "ca-derivations"]);
    assert_eq!(code, Some(0));
    assert_eq!(found["ca"]["outputs"], json!({ "dev": null, "out": null }));
    assert_eq!(found["above"]["outputs"], json!({ "out": null }));
    for attr in ["plain", "fixed"] {
        assert!(found[attr]["outputs"]["out"].as_str().unwrap().starts_with("/nix/store/"), "{attr}");
        assert_eq!(found[attr]["requiredSystemFeatures"], json!([]));
    }
    assert_eq!(found["above"]["requiredSystemFeatures"], json!(["ca-derivations"]));
}

#[test]
fn platform_and_features_are_the_derivations() {
    let program = r#"{
      renamed = x // { system = "aarch64-darwin"; };
      without = removeAttrs x [ "system" ];
      vm = job "vm" { requiredSystemFeatures = [ "kvm" "big-parallel" "kvm" ]; };
      words = job "words" { requiredSystemFeatures = " kvm  nixos-test "; };
      structured = job "structured" { __structuredAttrs = true; requiredSystemFeatures = [ "kvm" ]; };
      outside = x // { requiredSystemFeatures = [ "kvm" ]; };
    }"#;
    let (found, _) = jobs(program, &[]);
    for attr in ["renamed", "without", "vm"] {
        assert_eq!(found[attr]["system"], "x86_64-linux", "{attr}");
    }
    let features = |attr: &str| found[attr]["requiredSystemFeatures"].clone();
    assert_eq!(features("vm"), json!(["big-parallel", "kvm"]));
    assert_eq!(features("words"), json!(["kvm", "nixos-test"]));
    assert_eq!(features("structured"), json!(["kvm"]));
    assert_eq!(features("outside"), json!([]));
}

#[test]
fn meta_is_what_nix_takes_for_some() {
    let program = r#"{
      a = x // { meta = { s = "s"; n = null; p = ./jobs.nix; f = x: x; fl = 1.5; d = x; l = [ 1 null ]; deep.x = [ (a: a) ];
        list = [ true { k = 1; } ]; }; };
      none = x;
      text = x // { meta = "text"; };
      throws = x // { meta.broken = throw "which?"; };
    }"#;
    let (found, _) = jobs(program, &["--meta"]);
    assert_eq!(found["a"]["meta"], json!({ "fl": 1.5, "list": [true, { "k": 1 }], "s": "s" }));
    assert_eq!(found["none"]["meta"], json!({}));
    assert_eq!(first_line(&found["text"]), "error: expected a set but found a string: \"text\"");
    assert_eq!(first_line(&found["throws"]), "error: which?");
    assert!(jobs(program, &[]).0["throws"]["error"].is_null(), "nobody asked for it");
}

#[test]
fn a_set_that_cannot_be_looked_into_is_an_error() {
    let program = r#"{
      good = { recurseForDerivations = true; a = x; };
      closed = { recurseForDerivations = false; a = x; };
      fails = { recurseForDerivations = throw "which of them?"; b = x; };
      text = { recurseForDerivations = "true"; c = x; };
      set = { recurseForDerivations = { }; d = x; };
    }"#;
    let (found, code) = jobs(program, &[]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["fails", "good.a", "set", "text"]);
    assert_eq!(code, Some(1));
    assert_eq!(first_line(&found["fails"]), "error: which of them?");
    assert_eq!(first_line(&found["text"]), "error: expected a Boolean but found a string: \"true\"");
    let (found, _) = jobs(program, &["--force-recurse"]);
    assert_eq!(found.len(), 6, "each set, and what fails in one");
    let (found, code) = jobs("[ x ]", &[]);
    assert_eq!(first_line(&found[""]), "error: expected a set of packages but found a list");
    assert_eq!(code, Some(2), "nothing was evaluated");
}

const FLAKE: &str = r#"{
  outputs = { self }: let job = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }; in {
    packages.x86_64-linux.package = job "NAME";
    packages.aarch64-linux.package = job "other";
    hydraJobs = { nightly = job "nightly"; release = { recurseForDerivations = true; one = job "one"; }; };
  };
}
"#;

fn listed(dir: &Path, args: &[&str]) -> (Vec<String>, String) {
    let output = run(dir, &[&["drvs"], args].concat());
    let names = stdout(&output);
    let names = names.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" ")).collect();
    (names, stderr(&output).lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_flake_that_is_named_is_the_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let (here, there) = (root.join("here"), root.join("there"));
    for (place, name) in [(&here, "here"), (&there, "there")] {
        fs::create_dir_all(place.join("below")).unwrap();
        fs::write(place.join("flake.nix"), FLAKE.replace("NAME", name)).unwrap();
    }
    let only = ["--systems", "x86_64-linux"];
    let of = |args: &[&str]| listed(&here, &[args, &only].concat());
    let all = |name: &str| vec![format!("packages.x86_64-linux.package {name}")];
    for args in [&[][..], &["."], &["./below"], &["path:."], &["./flake.nix"]] {
        assert_eq!(of(args), (all("here"), String::new()), "{args:?}");
    }
    for args in [&["../there"][..], &["--root", "../there"], &["../there#packages"]] {
        assert_eq!(of(args), (all("there"), String::new()), "{args:?}");
    }
    for (flake, message) in [
        ("./no-such-folder", format!("error: getting status of '{}/no-such-folder': No such file or directory", here.display())),
        ("../no-such-folder", format!("error: getting status of '{}/no-such-folder': No such file or directory", root.display())),
        ("there", "error: 'there' would be a flake of a registry, and none is asked; what this folder's flake calls so is '.#there'".into()),
        ("..", format!("error: path '{}' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)", root.display())),
    ] {
        assert_eq!(of(&[flake]), (vec![], message), "{flake}");
    }
    let attribute = |args: &[&str]| listed(&here, args);
    let (jobs, one) =
        (["hydraJobs.nightly nightly", "hydraJobs.release.one one"], ["packages.x86_64-linux.package here"]);
    assert_eq!(attribute(&["path:.#hydraJobs"]).0, jobs);
    assert_eq!(attribute(&[".#hydraJobs.release.one"]).0, jobs[1..]);
    assert_eq!(attribute(&[".#packages.x86_64-linux"]).0, one);
    let nothing = "error: flake '.' does not provide attribute 'packages.x86_64-linux.nothing', 'legacyPackages.x86_64-linux.nothing' or 'nothing'";
    assert_eq!(attribute(&[".#nothing", "--system", "x86_64-linux"]), (vec![], nothing.into()));
    let (_, error) = of(&[".#hydraJobs"]);
    assert_eq!(error, "error: --systems is for all of a flake, and '#hydraJobs' is a part of it");
    let (names, error) = attribute(&["--systems", "x86_64-linux,riscv64-linux"]);
    assert!(
        names.is_empty() && error.starts_with("error: the flake has nothing for riscv64-linux"),
        "{error}"
    );
    assert!(error.ends_with("; it has aarch64-linux, x86_64-linux"), "{error}");
    // `eval` takes a word for an attribute, of the repository that --root names as well.
    let output = run(&here, &["--root", "../there", "eval", "--raw", "packages.x86_64-linux.package.name"]);
    assert_eq!(stdout(&output), "there", "{}", stderr(&output));
}

#[test]
fn a_set_that_breaks_breaks_its_packages() {
    let dir = tempfile::tempdir().unwrap();
    // The flake is not at the top of the repository.
    let place = dir.path().join("sub");
    fs::create_dir(&place).unwrap();
    let flake = r#"{ outputs = { self }: let job = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }; in {
      legacyPackages.x86_64-linux = { same = job "same"; set = { recurseForDerivations = true; a = job "a"; b = job "b"; }; };
    }; }"#;
    fs::write(place.join("flake.nix"), flake).unwrap();
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-qm", "first"]);
    fs::write(
        place.join("flake.nix"),
        flake.replace("recurseForDerivations = true", "recurseForDerivations = throw \"no\""),
    )
    .unwrap();
    let output = run(&place, &["drv-diff"]);
    let set = "legacyPackages.x86_64-linux.set";
    assert_eq!(
        stdout(&output),
        format!("broken {set}.a\n  error: no\nbroken {set}.b\n  error: no\n"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stderr(&output), "2 of 3 packages change\n");
    git(dir.path(), &["commit", "-qam", "second"]);
    let output = run(&place, &["drv-diff", "HEAD", "HEAD~1"]);
    assert_eq!(stdout(&output), format!("mended {set}.a\nmended {set}.b\n"));
    assert_eq!(stderr(&output), "2 of 3 packages change\n");
}

/// What nix-eval-jobs does with aggregates: what they name becomes an input.
const AGGREGATES: &str = r#"rec {
  one = job "one" { };
  two = job "two" { outputs = [ "out" "doc" ]; };
  broken = throw "no";
  direct = job "direct" { _hydraAggregate = true; constituents = [ one ]; };
  named = job "named" { _hydraAggregate = true; constituents = [ "two" one ]; };
  nested = job "nested" { _hydraAggregate = true; constituents = [ "named" ]; };
  patterns = job "patterns" { _hydraAggregate = true; _hydraGlobConstituents = true; constituents = [ "o*" "tw?" ]; };
  nobody = job "nobody" { _hydraAggregate = true; _hydraGlobConstituents = true; constituents = [ "x*" ]; };
  fails = job "fails" { _hydraAggregate = true; constituents = [ "broken" "gone" ]; };
  circle = job "circle" { _hydraAggregate = true; constituents = [ "elcric" ]; };
  elcric = job "elcric" { _hydraAggregate = true; constituents = [ "circle" ]; };
  unsaid = job "unsaid" { _hydraAggregate = true; };
}"#;

#[test]
fn aggregates_are_made_of_the_jobs_that_they_name() {
    let (found, code) = jobs(AGGREGATES, &["--constituents"]);
    assert_eq!(code, Some(1));
    let drv = |name: &str| found[name]["drvPath"].as_str().unwrap();
    let of = |name: &str| -> Vec<&str> {
        found[name]["constituents"].as_array().unwrap().iter().map(|drv| drv.as_str().unwrap()).collect()
    };
    assert_eq!(of("one"), Vec::<&str>::new());
    assert_eq!(of("direct"), [drv("one")]);
    assert_eq!(of("named"), [drv("one"), drv("two")]);
    assert_eq!(of("nested"), [drv("named")]);
    assert_eq!(of("patterns"), [drv("one"), drv("two")]);
    assert_eq!(found["named"]["inputDrvs"][drv("two")], serde_json::json!(["doc"]));
    assert_eq!(found["patterns"]["globConstituents"], true);
    for (name, says) in [
        ("nobody", "x*: constituent glob pattern had no matches"),
        ("fails", "gone: does not exist"),
        ("circle", "the aggregate is made of itself"),
        ("elcric", "the aggregate is made of itself"),
        ("unsaid", "must have `constituents`"),
    ] {
        let error = found[name]["error"].as_str().unwrap_or_default();
        assert!(error.contains(says), "{name}: {error}");
    }
    assert!(found["fails"]["error"].as_str().unwrap().contains("broken: error: no"));
    // Without the option they are packages as others.
    let (plain, _) = jobs(AGGREGATES, &[]);
    assert_ne!(plain["named"]["drvPath"], found["named"]["drvPath"]);
    assert!(plain["named"].get("constituents").is_none());
}

#[test]
fn an_aggregates_derivation_is_the_one_that_nix_would_make() {
    // What `two` adds to the inputs of an aggregate that names it, a string's context adds to any package.
    let program = r#"rec {
      two = job "two" { outputs = [ "out" "doc" ]; };
      named = job "named" { _hydraAggregate = true; constituents = [ "two" ]; };
      said = job "named" { _hydraAggregate = true; constituents = [ "${builtins.substring 0 0 two.doc}two" ]; };
    }"#;
    let (found, code) = jobs(program, &["--constituents"]);
    let (plain, _) = jobs(program, &[]);
    assert_eq!(code, Some(0));
    assert_ne!(plain["said"]["drvPath"], plain["named"]["drvPath"]);
    assert_eq!(found["named"]["drvPath"], plain["said"]["drvPath"]);
    assert_eq!(found["named"]["outputs"], plain["said"]["outputs"]);
    assert_eq!(found["named"]["inputDrvs"], plain["said"]["inputDrvs"]);
}

#[test]
fn functions_of_the_command_line_select_and_apply() {
    let program = r#"{ a.b = job "b" { }; c = job "c" { }; }"#;
    let (found, code) = jobs(program, &["--select", "all: all.a", "--apply", "job: { is = job.name; }"]);
    assert_eq!(code, Some(0));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(found["b"]["extraValue"], serde_json::json!({ "is": "b" }));
    let (found, code) = jobs(program, &["--apply", "job: 3"]);
    assert_eq!(code, Some(2));
    assert_eq!(first_line(&found["c"]), "error: --apply must make a set, and makes an integer");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("jobs.nix"), format!("{JOB}{program}")).unwrap();
    for (args, says) in [
        (["--select", "all: 3"], "--select must make a set, and makes an integer"),
        (["--select", "all:"], "syntax error"),
        (["--select", "all: throw \"mine\""], "mine"),
    ] {
        let output = run(dir.path(), &[&["drvs", "-f", "jobs.nix"], &args[..]].concat());
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches("error: ").count(), 1, "{}", stderr(&output));
    }
    // A flake has what it is made of.
    fs::write(dir.path().join("flake.nix"), FLAKE).unwrap();
    let path = format!("path:{}", dir.path().display());
    let select = |reference: &str, function: &str| {
        listed(
            dir.path(),
            &["--flake", reference, "--select", function, "--workers", "2", "--max-memory-size", "200"],
        )
    };
    let (names, said) = select(&path, "flake: { inherit (flake.outputs.hydraJobs) nightly; }");
    assert_eq!(names, ["nightly nightly"], "{said}");
    let (names, said) = select(&format!("{path}#hydraJobs"), "jobs: jobs.release");
    assert_eq!(names, ["one one"], "{said}");
}
