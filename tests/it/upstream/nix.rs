//! Against the real Nix, where there is one.

use std::path::Path;
use std::process::Command;

use pgflakegen::store::hash::Algorithm;

use crate::upstream::archives::Tar;
use crate::upstream::repository::Repository;
use crate::upstream::typed;

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

/// Whether a program is there; says so if not.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--help").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

fn done(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program).current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Every kind of archive that fetchzip unpacks, as the usual programs make them.
#[test]
fn archives_of_every_kind() {
    let repository = Repository::new();
    repository
        .write("x-1.0/a.c", "a")
        .write("x-1.0/a/run.sh", "#!/bin/sh\n")
        .write("x-1.0/a/leer zeichen ü", "ü")
        .write("x-1.0/large", (0..400_000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let folder = repository.path();
    std::os::unix::fs::symlink("a/run.sh", folder.join("x-1.0/link")).unwrap();
    std::fs::create_dir(folder.join("x-1.0/empty")).unwrap();
    done(folder, "chmod", &["755", "x-1.0/a/run.sh"]);
    let expected = pgflakegen::store::nar::hash_path(&folder.join("x-1.0"), Algorithm::Sha256).unwrap();
    if let Some(theirs) = output("nix", &["hash", "path", folder.join("x-1.0").to_str().unwrap()]) {
        assert_eq!(theirs, expected.to_sri());
    }
    // What stripRoot = false leaves: the folder around it.
    let whole = tempfile::tempdir().unwrap();
    done(folder, "cp", &["-a", "x-1.0", whole.path().to_str().unwrap()]);
    let unstripped = pgflakegen::store::nar::hash_path(whole.path(), Algorithm::Sha256).unwrap();
    for (program, arguments, name) in [
        ("tar", &["-cf", "x.tar", "x-1.0"][..], "x.tar"),
        ("gzip", &["-k", "x.tar"], "x.tar.gz"),
        ("bzip2", &["-k", "x.tar"], "x.tar.bz2"),
        ("xz", &["-k", "x.tar"], "x.tar.xz"),
        ("xz", &["-k", "-9e", "-T2", "--block-size=100000", "-S.xz9", "x.tar"], "x.tar.xz9"),
        ("zstd", &["-q", "-k", "x.tar"], "x.tar.zst"),
        ("zstd", &["-q", "-19", "--long=27", "-T2", "x.tar", "-o", "x19.tar.zst"], "x19.tar.zst"),
        ("zip", &["-qry", "x.zip", "x-1.0"], "x.zip"),
        ("zip", &["-qry0", "x0.zip", "x-1.0"], "x0.zip"),
    ] {
        if !has(program) {
            continue;
        }
        done(folder, program, arguments);
        let url = format!("file://{}/{name}", folder.display());
        let ours = prefetched(&[&url, "--unpack", "--name", "x"]);
        assert_eq!(ours["hash"].as_str().unwrap(), expected.to_sri(), "{name}");
        let kept = prefetched(&[&url, "--unpack", "--no-strip-root"]);
        assert_eq!(kept["hash"].as_str().unwrap(), unstripped.to_sri(), "{name}");
        if let Some(theirs) = output("nix-prefetch-url", &["--unpack", "--print-path", "--name", "x", &url]) {
            let expected =
                format!("{}\n{}", ours["base32"].as_str().unwrap(), ours["store-path"].as_str().unwrap());
            assert_eq!(theirs, expected, "{name}");
        }
    }
}
