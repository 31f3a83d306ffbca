//! `size`: what is built, and what a cache describes; by package, extension and reason; limits.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::ci_plan::repository;
use crate::support::program::{git, run, stderr, stdout};

/// The name of what a package of a flake is built to.
pub fn built(root: &Path, flake: &str, attribute: &str) -> String {
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let words =
        ["drvs", flake, "--systems", "x86_64-linux", "--json", "--override-input", "nixpkgs", &hostpkgs];
    let output = run(root, &words);
    let attribute = format!("packages.x86_64-linux.{attribute}");
    let jobs = stdout(&output);
    let mut jobs = jobs.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let job = jobs.find(|job| job["attr"] == *attribute).expect("it is there");
    job["outputs"]["out"].as_str().expect("a path").trim_start_matches("/nix/store/").to_owned()
}

/// A store path that refers to others.
pub fn make(store: &Path, name: &str, bytes: usize, references: &[&String]) {
    let folder = store.join(name);
    fs::create_dir_all(&folder).expect("a writable directory");
    let references: String = references.iter().map(|name| format!("/nix/store/{name}\n")).collect();
    fs::write(folder.join("file"), format!("{references}{}", ".".repeat(bytes)))
        .expect("a writable directory");
}

#[test]
fn what_is_there_and_why_and_how_much_it_has_grown() {
    let repository = repository("");
    let root = repository.path();
    let head = git(root, &["rev-parse", "HEAD"]);
    let before = built(root, &format!("git+file://{}?rev={}", root.display(), head.trim()), "psql_17/bin");
    fs::write(root.join("catalogue/note"), "an edit").expect("a writable directory");
    git(root, &["add", "catalogue/note"]);
    let now = built(root, ".", "psql_17/bin");
    assert_ne!(before, now, "a receipt has its revision");
    let (pgvector, pg_cron) =
        (built(root, ".", "psql_17/exts/pgvector"), built(root, ".", "psql_17/exts/pg_cron"));
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let store = elsewhere.path().join("store");
    make(&store, &before, 2 << 20, &[]);
    make(&store, &now, 1000, &[&pgvector, &now]);
    make(&store, &pgvector, 3 << 20, &[&pg_cron]);
    make(&store, &pg_cron, 1 << 20, &[]);
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let in_store = store.display().to_string();
    let size = |args: &[&str]| {
        let more =
            ["--system", "x86_64-linux", "--store", &in_store, "--override-input", "nixpkgs", &hostpkgs];
        let output = run(root, &[&["size"], args, &more].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, out, err) = size(&["psql_17/bin", "--against", "HEAD"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("psql_17/bin: 4.1 MiB in 3 store paths, +2.1 MiB since HEAD\n"), "{out}");
    let way = format!("{} > {} > {}", &now[33..], &pgvector[33..], &pg_cron[33..]);
    // What pgvector refers to is there because of it, and is an extension's own.
    for part in ["     4.1 MiB  pgvector  2 paths\n", "     1.1 MiB  pg_cron  1 path\n", &way] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(out.contains("+3.1 MiB  pgvector  0.0 MiB -> 3.1 MiB"), "{out}");
    // As Nix counts: the archive of a folder with a file.
    let (_, out, _) = size(&["psql_17/bin", "--against", "HEAD", "--json"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    let bytes = |path: &str| {
        let mut paths = report["paths"].as_array().expect("paths").iter();
        paths.find(|one| one["path"] == *path).expect("it is there")["bytes"].as_u64().expect("bytes")
    };
    let padded = |length: u64| length.div_ceil(8) * 8;
    assert_eq!(bytes(&pg_cron), padded(1 << 20) + 280, "{report}");
    assert_eq!(report["bytes"].as_u64(), Some(bytes(&now) + bytes(&pgvector) + bytes(&pg_cron)));
    assert_eq!(report["against"]["revision"], "HEAD");
    // Limits are for CI.
    for (args, code, says) in [
        (&["--limit", "5M"][..], 0, ""),
        (&["--limit", "4M"], 1, "has 4.1 MiB, more than 4.0 MiB; the largest is pgvector-"),
        (&["--against", "HEAD", "--max-growth", "3M"], 0, ""),
        (&["--against", "HEAD", "--max-growth", "2M"], 1, "has grown by +2.1 MiB, more than 2.0 MiB"),
        (&["--max-growth", "2M"], 2, "--against"),
        (&["--limit", "much"], 2, "K, M or G"),
        (&["--against", "no-such-revision"], 2, "has no revision 'no-such-revision'"),
    ] {
        let (got, _, err) = size(&[&["psql_17/bin"], args].concat());
        assert!(got == Some(code) && err.contains(says), "{args:?}: {got:?} {err}");
    }
    // An image is packed.
    let (code, _, err) = size(&["psql_17/docker"]);
    assert!(code == Some(2) && err.contains("ask for what it is made of, as psql_17/slim"), "{err}");
    // What is not built, a cache describes.
    fs::remove_dir_all(store.join(&pg_cron)).expect("it is there");
    let (code, _, err) = size(&["psql_17/bin"]);
    assert!(code == Some(2) && err.contains(&pg_cron) && err.contains("--cache URL"), "{err}");
    let cache = elsewhere.path().join("cache");
    fs::create_dir_all(&cache).expect("a writable directory");
    let at = format!("file://{}", cache.display());
    let (code, _, err) = size(&["psql_17/bin", "--cache", &at]);
    assert!(code == Some(2) && err.contains(&pg_cron), "{err}");
    fs::write(cache.join("nix-cache-info"), "StoreDir: /nix/store\n").expect("a writable directory");
    let narinfo =
        format!("StorePath: /nix/store/{pg_cron}\nURL: nar/x\nNarSize: {}\nReferences: {pg_cron}\n", 9 << 20);
    fs::write(cache.join(format!("{}.narinfo", &pg_cron[..32])), narinfo).expect("a writable directory");
    let (code, out, err) = size(&["psql_17/bin", "--cache", &at]);
    assert!(code == Some(0) && out.contains("     9.0 MiB  pg_cron  1 path\n"), "{out}{err}");
    // What it says leads nowhere else, and is added up whatever it is.
    let described = |bytes: &str, references: &str| {
        let text = format!("StorePath: /nix/store/{pg_cron}\nNarSize: {bytes}\nReferences: {references}\n");
        fs::write(cache.join(format!("{}.narinfo", &pg_cron[..32])), text).expect("a writable directory");
        size(&["psql_17/bin", "--cache", &at])
    };
    let (code, _, err) = described("1", "../../../../etc/passwd");
    assert!(code == Some(2) && err.contains(&pg_cron), "{err}");
    let (code, out, err) = described(&u64::MAX.to_string(), "");
    assert!(code == Some(0) && out.contains("17592186044416.0 MiB  pg_cron"), "{out}{err}");
}

/// `size-limit` of `[image]`: the check that each PostgreSQL has of its slim closure.
#[test]
fn a_closure_beyond_its_limit_fails_and_says_what_takes_most() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    let mut paths = String::new();
    for (hash, name, size) in
        [("a", "postgresql-17.6", 3 << 20), ("b", "icu4c-76.1", 2 << 20), ("c", "zlib-1.3", 4096)]
    {
        let path = at(&format!("{}-{name}", hash.repeat(32)));
        fs::write(&path, vec![b'x'; size]).expect("written");
        paths += &format!("{}\n", path.display());
    }
    fs::create_dir(at("closure")).expect("made");
    fs::write(at("closure/store-paths"), paths).expect("written");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/checks/slim-closure.sh");
    let checked = |limit: Option<&str>| {
        let mut command = std::process::Command::new("bash");
        command.arg(&script).env("closure", at("closure")).env("out", at("out")).env("unwanted", "^cargo-");
        limit.iter().for_each(|limit| {
            command.env("limit", limit);
        });
        command.output().expect("bash")
    };
    for enough in [None, Some("5246976")] {
        let output = checked(enough);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stdout(&output), "3 paths, 5246976 bytes\n");
    }
    let output = checked(Some("4194304"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: what images are made of has 6 MiB, and size-limit in catalogue/flake.toml allows 4 MiB\n  \
         it is more by 1052672 bytes; these take most:\n     \
         3145728  postgresql-17.6\n     2097152  icu4c-76.1\n        4096  zlib-1.3\n  \
         pgflakegen size ATTR says by whom they are wanted\n"
    );
}
