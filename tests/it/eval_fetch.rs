//! What the builtins that fetch make of archives, files and git repositories on this machine, as Nix 2.34 has
//! it: the expectations themselves are checked by `tests/listed/nix`.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::process::Command;

use crate::support::fetch::{archives, cases, is_pure, ours, repositories};

#[test]
fn fetching_is_as_nix_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap();
    archives(&dir);
    repositories(&dir);
    let place = dir.to_str().unwrap();
    let mut wrong = String::new();
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap().replace('@', place);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let wanted = |extension: &str| {
            let text = fs::read_to_string(path.with_extension(extension)).ok()?;
            Some(text.replace('@', place))
        };
        match (ours(&text, is_pure(&path)), wanted("exp"), wanted("err")) {
            (Ok(found), Some(wanted), _) if found == wanted => {}
            (Err(found), None, Some(wanted)) if found.lines().next() == wanted.lines().next() => {}
            (found, exp, err) => {
                let wanted = exp.or(err).unwrap_or_default();
                wrong += &format!("{name}: {text}  wanted: {wanted}  found:  {found:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_not_here_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap();
    archives(&dir);
    let place = dir.to_str().unwrap();
    let hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (text, expected) in [
        ("fetchTarball \"https://example.org/x.tar.gz\"".to_owned(), "would have to be downloaded"),
        (
            format!("fetchTarball {{ url = \"https://example.org/x.tar.gz\"; sha256 = \"{hash}\"; }}"),
            "nix-prefetch-url --unpack 'https://example.org/x.tar.gz'",
        ),
        ("fetchTree \"github:a/b\"".to_owned(), "the source 'github:a/b' is not on this machine"),
        (format!("fetchTarball \"file://{place}/cut.tar.gz\""), "cut off"),
        (format!("fetchTarball \"file://{place}/pipe.tar\""), "a pipe"),
        ("fetchTarball \"file:///dev/zero\"".to_owned(), "is not a regular file"),
        ("fetchGit { url = \"/\"; verifyCommit = true; }".to_owned(), "verified-fetches"),
    ] {
        let found = ours(&format!("builtins.{text}"), false).unwrap_err();
        assert!(found.contains(expected), "{text}: {found}");
    }
    repositories(&dir);
    {
        let found = ours(&format!("builtins.fetchGit {{ url = {place}/cloned; submodules = true; }}"), false);
        assert!(found.unwrap_err().contains("submodule update --init --recursive"));
        fs::write(
            dir.join("added/f"),
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n", "0".repeat(64)),
        )
        .unwrap();
        fs::write(dir.join("added/.gitattributes"), "f filter=lfs\n").unwrap();
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            let config = ["user.name=a", "user.email=a@b", "commit.gpgSign=false"];
            command.args(config.iter().flat_map(|config| ["-c", config]));
            assert!(command.arg("-C").arg(dir.join("added")).args(args).output().unwrap().status.success());
        };
        git(&["add", "."]);
        git(&["commit", "-qm", "c"]);
        let lfs = format!(
            "builtins.readFile (builtins.fetchGit {{ url = {place}/added; ref = \"HEAD\"; lfs = true; }} + \"/f\")"
        );
        let found = ours(&lfs, false).unwrap_err();
        assert!(found.contains("lfs fetch"), "{found}");
        // With the object in the repository it is what the pointer points to.
        let id = pgflakegen::store::Hash::of(pgflakegen::store::Algorithm::Sha256, "!").to_base16();
        let objects = dir.join("added/.git/lfs/objects").join(&id[..2]).join(&id[2..4]);
        fs::create_dir_all(&objects).unwrap();
        fs::write(objects.join(&id), "!").unwrap();
        fs::write(
            dir.join("added/f"),
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 1\n"),
        )
        .unwrap();
        git(&["-c", "filter.lfs.clean=cat", "commit", "-qam", "d"]);
        assert_eq!(ours(&lfs, false).unwrap(), "\"!\"\n");
    }
}
