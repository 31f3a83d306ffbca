//! `cache`: keys, and clearing a folder away.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::ci_plan::repository;
use crate::support::program::{git, run, stderr, stdout};

#[test]
fn a_key_is_made_once_and_seen_by_nobody() {
    let dir = TempDir::new().expect("a temporary directory");
    let file = dir.path().join("key");
    let output = run(dir.path(), &["cache", "keygen", "a.example-1", "--output", "key"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let secret = fs::read_to_string(&file).expect("the key");
    let base64 = secret.strip_prefix("a.example-1:").expect("its name");
    let bytes = data_encoding::BASE64.decode(base64.as_bytes()).expect("base64");
    assert_eq!((bytes.len(), secret.contains('\n')), (64, false));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let public = format!("a.example-1:{}\n", data_encoding::BASE64.encode(&bytes[32..]));
    assert_eq!(stdout(&output), public);
    for text in [stdout(&output), stderr(&output)] {
        assert!(!text.contains(base64) && !text.contains(&base64[..43]), "{text}");
    }
    // It is no other time's.
    let again = run(dir.path(), &["cache", "keygen", "a.example-1", "--output", "key"]);
    assert!(
        again.status.code() == Some(2) && stderr(&again).contains("key cannot be written"),
        "{}",
        stderr(&again)
    );
    assert_eq!(fs::read_to_string(&file).expect("the key"), secret);
    let other = run(dir.path(), &["cache", "keygen", "a.example-1", "--output", "other"]);
    assert_ne!(stdout(&other), public);
    let bad = run(dir.path(), &["cache", "keygen", "a b", "--output", "bad"]);
    assert!(bad.status.code() == Some(2) && !dir.path().join("bad").exists());
    // Through a link nothing is written.
    std::os::unix::fs::symlink("elsewhere", dir.path().join("link")).expect("a link");
    assert_eq!(run(dir.path(), &["cache", "keygen", "a-1", "--output", "link"]).status.code(), Some(2));
    assert!(!dir.path().join("elsewhere").exists());
    // Where git would take it along, that is said.
    git(dir.path(), &["init", "-q"]);
    let inside = run(dir.path(), &["cache", "keygen", "a-1", "--output", "inside"]);
    assert!(stderr(&inside).contains("git repository that does not ignore it"), "{}", stderr(&inside));
    fs::write(dir.path().join(".gitignore"), "hidden\n").expect("a file");
    let hidden = run(dir.path(), &["cache", "keygen", "a-1", "--output", "hidden"]);
    assert!(!stderr(&hidden).contains("git repository"), "{}", stderr(&hidden));
}

fn narinfo(cache: &Path, path: &str, references: &str) {
    let hash = &path["/nix/store/".len()..][..32];
    let text = format!(
        "StorePath: {path}\nURL: nar/{hash}.nar\nCompression: none\nFileSize: 5\nNarSize: 5\nReferences: {references}\n"
    );
    fs::write(cache.join(format!("{hash}.narinfo")), text).expect("a writable directory");
    fs::write(cache.join(format!("nar/{hash}.nar")), "12345").expect("a writable directory");
}

#[test]
fn what_no_tag_offers_goes_when_it_is_said_so() {
    let repository = repository("");
    let root = repository.path();
    git(root, &["tag", "v1"]);
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let with = |args: &[&str]| run(root, &[args, &["--override-input", "nixpkgs", &hostpkgs]].concat());
    let output = with(&["drvs", "--systems", "x86_64-linux", "--json"]);
    let path = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .find(|job| job["attr"] == "packages.x86_64-linux.psql_17/exts/pgvector")
        .and_then(|job| job["outputs"]["out"].as_str().map(str::to_owned))
        .expect("pgvector");
    let cache = root.join("cache");
    fs::create_dir_all(cache.join("nar")).expect("a writable directory");
    let gc = |args: &[&str]| {
        let output = with(&[&["cache", "gc", "cache"], args].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    assert!(gc(&["--keep-tags"]).2.contains("no nix-cache-info"));
    fs::write(cache.join("nix-cache-info"), "StoreDir: /nix/store\n").expect("a file");
    let (needed, old) = ("1".repeat(32) + "-needed", "2".repeat(32) + "-old");
    narinfo(&cache, &path, &needed);
    narinfo(&cache, &format!("/nix/store/{needed}"), "");
    narinfo(&cache, &format!("/nix/store/{old}"), &needed);
    let files = || {
        walkdir::WalkDir::new(&cache)
            .into_iter()
            .filter(|entry| entry.as_ref().is_ok_and(|e| e.file_type().is_file()))
            .count()
    };
    let (code, out, err) = gc(&["--keep-tags"]);
    assert_eq!(
        (code, out.as_str(), files()),
        (Some(0), format!("/nix/store/{old}\t5\n").as_str(), 7),
        "{err}"
    );
    assert!(err.contains("1 of 3 store paths") && err.contains("would go"), "{err}");
    // A bucket is cleared away by the files that the report names.
    let (_, out, _) = gc(&["--keep-tags", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let hash = "2".repeat(32);
    assert_eq!(
        report["going"][0]["files"],
        serde_json::json!([format!("{hash}.narinfo"), format!("nar/{hash}.nar")])
    );
    let bucket = with(&["cache", "gc", "s3://bucket", "--keep-tags"]);
    assert!(
        bucket.status.code() == Some(2) && stderr(&bucket).contains("is not a folder of this machine"),
        "{}",
        stderr(&bucket)
    );
    // Nothing is kept: that is a mistake.
    assert_eq!(gc(&["--delete"]).0, Some(2));
    assert_eq!(gc(&["--keep", "no-such-revision", "--delete"]).0, Some(2));
    assert_eq!(files(), 7);
    assert_eq!(gc(&["--keep-tags", "--delete"]).0, Some(0));
    assert_eq!(files(), 5);
    assert!(!cache.join("nar").join("2".repeat(32) + ".nar").exists());
    // What cannot be read may be needed.
    fs::write(cache.join("3".repeat(32) + ".narinfo"), "StorePath: x\nURL: ../../../etc/passwd\n")
        .expect("a file");
    let (code, _, err) = gc(&["--keep-tags", "--delete"]);
    assert!(code == Some(2) && err.contains("nothing is cleared away"), "{err}");
}
