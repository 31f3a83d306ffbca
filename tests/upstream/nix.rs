//! Against the real Nix, where there is one.

use std::process::Command;

use crate::archives::Tar;
use crate::repository::Repository;
use crate::typed;

/// What a program prints; `None`: it is not installed, and the test says so.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("NIX_CONFIG", "experimental-features = nix-command flakes\nsubstitute = false")
        .output();
    match output {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{program} {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
        }
        Err(_) => {
            eprintln!("SKIPPED: {program} is not installed");
            None
        }
    }
}

fn prefetched(arguments: &[&str]) -> serde_json::Value {
    let (_, out, err) = typed(&[&["prefetch", "--json"], arguments].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

#[test]
fn files_archives_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let tar = Tar::default()
        .directory("x-1.0/")
        .file("x-1.0/a.c", "a")
        .program("x-1.0/a/run", "b")
        .symlink("x-1.0/l", "a.c")
        .hard_link("x-1.0/h", "x-1.0/a/run")
        .directory("x-1.0/empty/")
        .bytes();
    let archive = folder.path().join("x.tar");
    std::fs::write(&archive, &tar).unwrap();
    let url = format!("file://{}", archive.display());
    let ours = prefetched(&[&url]);
    if let Some(theirs) = output("nix-prefetch-url", &["--print-path", &url]) {
        let expected =
            format!("{}\n{}", ours["base32"].as_str().unwrap(), ours["store-path"].as_str().unwrap());
        assert_eq!(theirs, expected);
    }
    let ours = prefetched(&[&url, "--unpack", "--name", "x.tar"]);
    if let Some(theirs) = output("nix-prefetch-url", &["--unpack", "--print-path", &url]) {
        let expected =
            format!("{}\n{}", ours["base32"].as_str().unwrap(), ours["store-path"].as_str().unwrap());
        assert_eq!(theirs, expected);
    }
    let path = archive.to_str().unwrap();
    let ours = prefetched(&[path]);
    if let Some(theirs) = output("nix-store", &["--add-fixed", "sha256", path]) {
        assert_eq!(theirs, ours["store-path"].as_str().unwrap());
    }
}

#[test]
fn a_checked_out_repository() {
    let repository = Repository::new();
    repository.write("source/Makefile", "all:\n").write("source/sql/x.sql", "select 1;\n");
    std::os::unix::fs::symlink("sql/x.sql", repository.path().join("source/link")).unwrap();
    let path = repository.path().join("source");
    let path = path.to_str().unwrap();
    let ours = prefetched(&[path]);
    if let Some(theirs) = output("nix", &["hash", "path", path]) {
        assert_eq!(theirs, ours["hash"].as_str().unwrap());
    }
    if let Some(theirs) = output("nix-store", &["--add-fixed", "--recursive", "sha256", path]) {
        assert_eq!(theirs, ours["store-path"].as_str().unwrap());
    }
}
