//! What `generated/lib/side-by-side.sh` makes of versions of made-up extensions, in `cases/side-by-side`. What
//! PostgreSQL makes of that is for the end-to-end test.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Every file below `folder` with its text, every link with its target.
fn list(root: &Path, folder: &Path, out: &mut String) {
    for path in sorted(folder) {
        let name = path.strip_prefix(root).expect("below it").display();
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            assert!(path.exists(), "{name} leads nowhere");
            writeln!(out, "──── {name} -> {}", target.display()).expect("a String takes everything");
        } else if path.is_dir() {
            list(root, &path, out);
        } else {
            let text = fs::read_to_string(&path).expect("a readable text");
            writeln!(out, "──── {name}\n{}", text.trim_end()).expect("a String takes everything");
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
#[cfg(target_os = "linux")]
fn cases_give_their_snapshots() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = sorted(&root.join("tests/cases/side-by-side"));
    assert!(cases.len() >= 3);
    for case in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        fs::create_dir(&out).expect("a folder");
        let versions: String = sorted(&case)
            .iter()
            .filter(|path| path.is_dir())
            .map(|path| {
                let version = path.file_name().expect("a name").to_string_lossy();
                format!("{version}\t{}\n", path.display())
            })
            .collect();
        let made = Command::new("bash")
            .arg(root.join("templates/lib/side-by-side.sh"))
            .env("extension", "planted")
            .env("names", "planted\n")
            .env("versions", versions)
            .env("default", read(&case.join("default")).trim())
            .env("aliases", read(&case.join("aliases")))
            .env("out", &out)
            .output()
            .expect("bash");
        let mut text = String::from_utf8_lossy(&made.stderr).into_owned();
        if made.status.success() {
            list(&out, &out, &mut text);
        } else {
            writeln!(text, "it ends with {:?}", made.status.code()).expect("a String takes everything");
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = case.file_name().expect("a name").to_string_lossy();
        settings.bind(|| insta::assert_snapshot!(format!("side-by-side-{name}"), text));
    }
}

#[test]
fn show_says_which_extensions_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/render/side-by-side");
    let show = |name: &str, more: &[&str]| -> String {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        let output = program.arg("--root").arg(&root).args(["show", name]).args(more).output();
        String::from_utf8(output.expect("the program starts").stdout).expect("UTF-8")
    };
    for (name, is) in [("pgvector", true), ("alone", false), ("module", false), ("plperl", false)] {
        assert_eq!(show(name, &[]).contains("all versions in one server"), is, "{name}");
        assert_eq!(show(name, &["--json"]).contains("side-by-side"), is, "{name}");
    }
}
