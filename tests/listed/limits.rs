//! Limits of the system and of the program: few threads, few files, files without end, messages of many threads.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::support::program::{PROGRAM, run, stderr};

/// All of them.
pub fn trials() -> Vec<Trial> {
    let unprivileged = Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).output();
    let only_one = !unprivileged.is_ok_and(|output| output.status.success());
    vec![
        // Who may do anything has as many processes as it likes: it takes a user who may not.
        Trial::test("limits::one_thread_is_enough", one_thread_is_enough).with_ignored_flag(only_one),
        Trial::test("limits::few_files_are_enough", few_files_are_enough),
        Trial::test("limits::signals_leave_no_copy_of_a_source", signals_leave_no_copy_of_a_source),
        Trial::test("limits::files_without_end_are_refused", files_without_end_are_refused),
        Trial::test("limits::messages_come_whole_and_once", messages_come_whole_and_once),
        Trial::test("limits::a_job_that_passes_a_limit_is_one_error", a_job_that_passes_a_limit_is_one_error),
    ]
}

/// A generated catalogue that everybody may read.
fn repository() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for args in [&["init"][..], &[]] {
        let output = run(dir.path(), args);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    dir
}

/// What the program prints to stdout, the same with and without the limit.
fn as_without(limit: &[&str], program: &Path, dir: &Path, args: &[&str]) {
    let free = run(dir, args);
    let limited = Command::new(limit[0])
        .args(&limit[1..])
        .arg(program)
        .args(args)
        .env("HOME", "/nonexistent")
        .current_dir(dir)
        .output()
        .unwrap();
    let complaint = stderr(&limited);
    assert!(!complaint.contains("panicked"), "{args:?}: {complaint}");
    assert_eq!(limited.status.code(), free.status.code(), "{args:?}: {complaint}");
    assert_eq!(limited.stdout, free.stdout, "{args:?}");
}

const JOBS: &str = r#"
builtins.listToAttrs (map (n: {
  name = "item${toString n}";
  value = builtins.trace "looking at item${toString n}" (derivation {
    name = "item${toString n}"; system = "x86_64-linux"; builder = "/bin/sh";
  });
}) (builtins.genList (n: n) 40))
"#;

fn one_thread_is_enough() -> Result<(), Failed> {
    let dir = repository();
    fs::write(dir.path().join("jobs.nix"), JOBS)?;
    // Nested so deep that it gets a stack of its own.
    let deep = format!("{}1{}\n", "[ ".repeat(300), " ]".repeat(300));
    fs::write(dir.path().join("deep.nix"), deep)?;
    // A place that another user may run programs from.
    let program = dir.path().join("program");
    fs::copy(PROGRAM, &program)?;
    let limit = ["setpriv", "--reuid=65534", "--clear-groups", "prlimit", "--nproc=1:1"];
    for args in [
        &["check", "--no-evaluate"][..],
        &["list"],
        &["validate", "deep.nix"],
        &["drvs", "-f", "jobs.nix", "--impure", "--json", "--threads", "4"],
        &["eval", "-E", "1 + 1"],
    ] {
        as_without(&limit, &program, dir.path(), args);
    }
    Ok(())
}

fn few_files_are_enough() -> Result<(), Failed> {
    let dir = repository();
    fs::write(dir.path().join("jobs.nix"), JOBS)?;
    for args in [
        &["check", "--no-evaluate"][..],
        &["validate"],
        &["drvs", "-f", "jobs.nix", "--impure", "--json", "--threads", "4"],
    ] {
        as_without(&["prlimit", "--nofile=16:16"], Path::new(PROGRAM), dir.path(), args);
    }
    Ok(())
}

fn files_without_end_are_refused() -> Result<(), Failed> {
    let dir = repository();
    let memory = |args: &[&str]| {
        // What would be read without end would soon be more than this.
        let mut command = Command::new("prlimit");
        command.arg("--as=4294967296:4294967296").arg(PROGRAM).args(args).current_dir(dir.path());
        command.output().unwrap()
    };
    let json = dir.path().join("generated/catalogue.json");
    let before = fs::read(&json)?;
    fs::remove_file(&json)?;
    std::os::unix::fs::symlink("/dev/zero", &json)?;
    let output = memory(&["check", "--no-evaluate"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    fs::remove_file(&json)?;
    fs::write(&json, before)?;
    // Sparse: it takes no room on the disk.
    let toml = dir.path().join("catalogue/extensions/pgvector.toml");
    let length = fs::metadata(&toml)?.len();
    fs::OpenOptions::new().write(true).open(&toml)?.set_len(10 << 30)?;
    let output = memory(&["check", "--no-evaluate"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let wanted = "extensions/pgvector.toml: it is larger than 64 MiB";
    assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
    fs::OpenOptions::new().write(true).open(&toml)?.set_len(length)?;
    // A pipe that nobody writes into.
    let pipe = dir.path().join("pipe.nix");
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let output = memory(&["eval", "--impure", "-E", "builtins.readFile ./pipe.nix"]);
    assert!(stderr(&output).contains("it is no regular file"), "{}", stderr(&output));
    let output = memory(&["validate", "pipe.nix"]);
    assert!(stderr(&output).contains("not a file"), "{}", stderr(&output));
    Ok(())
}

fn signals_leave_no_copy_of_a_source() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let mut text = "{ outputs = _: { x = let f0 = x: x;".to_owned();
    for n in 1..64 {
        text += &format!(" f{n} = x: f{0} x + f{0} x;", n - 1);
    }
    fs::write(dir.path().join("flake.nix"), text + " in f63 1; }; }")?;
    for args in [&["init", "-q"][..], &["add", "."]] {
        assert!(Command::new("git").arg("-C").arg(dir.path()).args(args).status()?.success());
    }
    for signal in ["INT", "TERM", "HUP"] {
        let temporary = tempfile::tempdir()?;
        let entries = || fs::read_dir(temporary.path()).unwrap().count();
        let mut child = Command::new(PROGRAM)
            // With submodules it is copied.
            .args(["eval", ".?submodules=1#x"])
            .current_dir(dir.path())
            .env("TMPDIR", temporary.path())
            .spawn()?;
        while entries() == 0 {
            assert!(child.try_wait()?.is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status()?.success());
        assert!(child.wait()?.code().is_none(), "it ends by the signal");
        assert_eq!(entries(), 0, "{signal}");
    }
    Ok(())
}

fn messages_come_whole_and_once() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("jobs.nix"), JOBS)?;
    let wanted: BTreeSet<String> = (0..40).map(|n| format!("trace: looking at item{n}")).collect();
    for threads in ["1", "4"] {
        let args = ["drvs", "-f", "jobs.nix", "--impure", "--json", "--threads", threads];
        let output = run(dir.path(), &args);
        assert!(output.status.success());
        let text = stderr(&output);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 40, "{text}");
        assert_eq!(lines.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>(), wanted);
        if threads == "1" {
            assert_eq!(text, stderr(&run(dir.path(), &args)), "one thread has one order");
        }
    }
    Ok(())
}

fn a_job_that_passes_a_limit_is_one_error() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let package = |name: &str, value: &str| {
        format!(
            "{name} = derivation {{ name = \"{name}\"; system = \"s\"; builder = \"b\"; value = toString ({value}); }};"
        )
    };
    let mut calls = "let f0 = x: x;".to_owned();
    for n in 1..64 {
        calls += &format!(" f{n} = x: f{0} x + f{0} x;", n - 1);
    }
    let text = [
        "{".to_owned(),
        package(
            "greedy",
            "builtins.stringLength (builtins.foldl' (s: _: s + s) \"text\" (builtins.genList (x: x) 100))",
        ),
        package("listing", "builtins.length (builtins.genList (x: x) 100000000)"),
        package("endless", &format!("{calls} in f63 1")),
        (0..20)
            .map(|n| package(&format!("fine{n}"), "builtins.length (builtins.genList (x: x) 100000)"))
            .collect(),
        "}".to_owned(),
    ];
    fs::write(dir.path().join("default.nix"), text.concat())?;
    for threads in ["1", "3"] {
        let output = run(
            dir.path(),
            &[
                "drvs",
                "-f",
                "default.nix",
                "--json",
                "--threads",
                threads,
                "--max-memory",
                "64",
                "--max-time",
                "20",
            ],
        );
        let jobs: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(jobs.len(), 23);
        for job in jobs {
            let (name, error) = (job["attr"].as_str().unwrap(), job["error"].as_str().unwrap_or_default());
            let wanted = match name {
                "greedy" | "listing" => "needs more than 64 MiB of memory",
                "endless" => "takes longer than 2 s",
                _ => "",
            };
            assert!(error.contains(wanted) && error.is_empty() == wanted.is_empty(), "{name}: {error}");
        }
    }
    Ok(())
}
