//! Rust extensions: pgrx, Rust, crates from crates.io and from Git repositories, cargo-pgrx.

use std::path::Path;

use data_encoding::HEXLOWER;
use pgflakegen::store::hash::Algorithm;
use pgflakegen::store::nar;
use sha2::Digest as _;

use crate::upstream::archives::Tar;
use crate::upstream::bump::{FLAKE, Place};
use crate::upstream::repository::{Repository, git};
use crate::upstream::server::Answer;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A crate at the stand-in for crates.io; gives its bytes.
fn publish(place: &Place, name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let tar = files
        .iter()
        .fold(Tar::default(), |tar, (path, text)| tar.file(&format!("{name}-{version}/{path}"), text));
    let bytes = gzip(&tar.bytes());
    place.server.on(&format!("/crates/{name}/{name}-{version}.crate"), Answer::Bytes(bytes.clone()));
    bytes
}

fn locked(name: &str, version: &str, bytes: &[u8]) -> String {
    let sum = HEXLOWER.encode(&sha2::Sha256::digest(bytes));
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n\n"
    )
}

fn from_git(name: &str, url: &str, query: &str, commit: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"git+{url}{query}#{commit}\"\n\n")
}

/// The hash that Nix's `fetchgit` demands: of a clone without its `.git`.
fn cloned(url: &str, folder: &Path) -> String {
    git(
        folder.parent().unwrap(),
        &["clone", "--quiet", "--recurse-submodules", url, folder.to_str().unwrap()],
    );
    std::fs::remove_dir_all(folder.join(".git")).unwrap();
    let _ = std::fs::remove_file(folder.join("sub/.git"));
    nar::hash_path(folder, Algorithm::Sha256).unwrap().to_sri()
}

/// Everything that a Rust extension with Git crates needs.
struct Scene {
    place: Place,
    lock: String,
    pgrx: Vec<u8>,
    one: Repository,
    two: Repository,
    _inner: Repository,
    commits: [String; 2],
}

fn extension(vendor: &str) -> String {
    format!(
        "description = \"Mine\"\nlicense = \"mit\"\nkind = \"pgrx\"\nfeatures = [\"extra\", \"gone\"]\ncargo-package = \"ext\"\nsource = {{ github = \"owner/mine\", tag = \"v{{version}}\" }}\n\n[[version]]\nversion = \"0.1.0\"\npostgresql = [\"15\", \"17\"]\nhash = \"sha256-webZWgWZGnSoXwTpk816tjbtHV1UIlXkogpBDAEL4gM=\"\npgrx = \"0.12.6\"\nrust = \"1.81.0\"\n{vendor}\n"
    )
}

const WITH_HASH: &str = "cargo-hash = \"sha256-KM1d/RsSY54EC56O1+8/mS8ilwP8xfLK8QNH74hpZ/w=\"";

fn scene() -> Scene {
    let place = Place::new();
    let (inner, one, two) = (Repository::new(), Repository::new(), Repository::new());
    inner.write("inner.txt", "inner");
    inner.commit("inner");
    one.write("a/Cargo.toml", "").write("b/Cargo.toml", "").write(".gitattributes", "a export-ignore\n");
    one.git(&["submodule", "--quiet", "add", &inner.url(), "sub"]);
    let first = one.commit("one");
    let second = two.write("c/Cargo.toml", "").commit("two");
    let pgrx = publish(&place, "pgrx", "0.16.1", &[("Cargo.toml", "")]);
    let own = "[[package]]\nname = \"mine\"\nversion = \"0.2.0\"\n";
    let lock = format!(
        "version = 4\n\n{}{}{}{}{own}",
        from_git("a", &one.url(), "?branch=main", &first),
        from_git("b", &one.url(), &format!("?rev={first}"), &first),
        from_git("c", &two.url(), "", &second),
        locked("pgrx", "0.16.1", &pgrx),
    );
    let of_tool = format!("version = 4\n\n{}", locked("pgrx", "0.16.1", &pgrx));
    publish(
        &place,
        "cargo-pgrx",
        "0.16.1",
        &[
            ("Cargo.lock", &of_tool),
            ("Cargo.toml", "[package]\nname = \"cargo-pgrx\"\nrust-version = \"1.89\"\n"),
        ],
    );
    let mine = Repository::new();
    mine.write("Cargo.lock", &lock)
        .write("Cargo.toml", "[workspace]\nmembers = [\"ext\"]\n[workspace.dependencies]\npgrx = \"=0.16.1\"\n")
        .write("rust-toolchain.toml", "[toolchain]\nchannel = \"1.88\"\n")
        .write("ext/Cargo.toml", "[package]\nname = \"mine\"\n[dependencies]\npgrx.workspace = true\n[features]\nextra = []\npg16 = []\npg17 = []\n");
    mine.commit("x");
    mine.tag("v0.2.0");
    place.serve("owner/mine", &mine);
    place.write("catalogue/flake.toml", &format!("{FLAKE}\n[inputs.rust-overlay]\nurl = \"github:oxalica/rust-overlay\"\nrev = \"47759faaddf38fadaf172151ca9df8adae9c0b2e\"\nnar-hash = \"sha256-DK+AmC9SQ9hmOFNIMu1l05gJtsmKyYsfJnuFtt1TnAU=\"\nlast-modified = 1700000000\nfollows = {{ nixpkgs = \"nixpkgs\" }}\n"));
    place.write("catalogue/pgrx.toml", "# tools\n[[cargo-pgrx]]\nversion = \"0.12.6\"\nhash = \"sha256-7aQkrApALZe6EoQGVShGBj0UIATnfOy2DytFj9IWdEA=\"\ncargo-hash = \"sha256-pnMxWWfvr1/AEp8DvG4awig8zjdHizJHoZ5RJA8CL08=\"\nrust = \"1.81.0\"\n");
    Scene { place, lock, pgrx, one, two, _inner: inner, commits: [first, second] }
}

#[test]
fn a_lock_file_with_git_crates_is_committed_with_their_hashes() {
    let Scene { place, lock, one, two, _inner, .. } = scene();
    place.write(
        "catalogue/locks/mine-0.1.0.lock",
        "version = 4\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n",
    );
    place.write("catalogue/extensions/mine.toml", &extension("cargo-lock = \"locks/mine-0.1.0.lock\""));
    // Its lock file names repositories of this machine, which is not for an upstream to do.
    let (code, _, err) = place.said(&["bump", "mine"]);
    assert!(code == 1 && err.contains("--allow-local"), "{err}");
    let (code, out, err) = place.said(&["bump", "mine", "--allow-local"]);
    assert_eq!(code, 0, "{err}");
    // The crate has no feature pg15 any more.
    assert!(out.starts_with("mine 0.1.0 → 0.2.0 (17)\n"), "{out}");
    for remark in [
        "PostgreSQL 15 stays with what it has: its Cargo.toml has features pg16 to pg17",
        "pgrx 0.12.6 → 0.16.1",
        "Rust 1.81.0 → 1.88.0, by its rust-toolchain.toml",
        "its rust-toolchain.toml asks for Rust 1.88.0, which is newer than the input rust-overlay",
        "its Cargo.toml has no feature gone any more",
        "cargo-pgrx 0.16.1 added to catalogue/pgrx.toml",
    ] {
        assert!(out.contains(&format!("  {remark}")), "{remark}\n{out}");
    }
    assert_eq!(place.read("catalogue/locks/mine-0.2.0.lock"), lock);
    let folder = tempfile::tempdir().unwrap();
    let (first, second) =
        (cloned(&one.url(), &folder.path().join("1")), cloned(&two.url(), &folder.path().join("2")));
    let text = place.read("catalogue/extensions/mine.toml");
    let new = text.split("[[version]]").nth(2).unwrap();
    for line in [
        "postgresql = [\"17\"]\n".to_owned(),
        "pgrx = \"0.16.1\"\nrust = \"1.88.0\"\ncargo-lock = \"locks/mine-0.2.0.lock\"\n".to_owned(),
        format!("output-hashes = {{ a-\"1.0.0\" = \"{first}\""),
    ] {
        let line = line.replace("a-\"1.0.0\"", "\"a-1.0.0\"");
        assert!(new.contains(&line), "{line}\n{new}");
    }
    assert!(new.contains(&format!("\"c-1.0.0\" = \"{second}\"")) && !new.contains("b-1.0.0"), "{new}");
    let tools = place.read("catalogue/pgrx.toml");
    assert!(
        tools.starts_with("# tools\n[[cargo-pgrx]]") && tools.ends_with("rust = \"1.89.0\"\n"),
        "{tools}"
    );
    assert!(place.read("generated/extensions/mine.nix").contains("outputHashes"));
    assert_eq!(place.said(&["check"]).0, 0);

    // What was written is what verify finds, and it notices another lock file and another tree.
    let only_new =
        text.replacen(text.split("[[version]]").nth(1).unwrap(), "", 1).replacen("[[version]]", "", 1);
    std::fs::remove_file(place.path("catalogue/locks/mine-0.1.0.lock")).unwrap();
    place.write("catalogue/extensions/mine.toml", &only_new);
    let (code, _, err) = place.said(&["verify", "mine", "--allow-local"]);
    assert_eq!((code, err.contains("4 sources as the catalogue says, 0 not")), (0, true), "{err}");
    place.write(
        "catalogue/extensions/mine.toml",
        &only_new.replace(&second, "sha256-KM1d/RsSY54EC56O1+8/mS8ilwP8xfLK8QNH74hpZ/w="),
    );
    place.write("catalogue/locks/mine-0.2.0.lock", &format!("{lock}\n# mine\n"));
    let (code, _, err) = place.said(&["verify", "mine", "--allow-local"]);
    assert_eq!(code, 1);
    assert!(err.contains("this is not the Cargo.lock of mine 0.2.0"), "{err}");
    assert!(err.contains(&format!("the crates from {} are {second} today", two.url())), "{err}");
}

#[test]
fn git_crates_are_part_of_the_vendored_ones() {
    let Scene { place, lock, pgrx, one, two, commits, _inner } = scene();
    place.write("catalogue/extensions/mine.toml", &extension(WITH_HASH));
    let (code, _, err) = place.said(&["bump", "mine", "--allow-local"]);
    assert_eq!(code, 0, "{err}");
    // The layout of nixpkgs' fetchCargoVendor, hashed by its folder.
    let staging = tempfile::tempdir().unwrap();
    let path = |name: &str| staging.path().join(name);
    std::fs::create_dir_all(path("tarballs")).unwrap();
    std::fs::create_dir_all(path("git")).unwrap();
    std::fs::write(path("Cargo.lock"), &lock).unwrap();
    std::fs::write(path("tarballs/pgrx-0.16.1.tar.gz"), &pgrx).unwrap();
    cloned(&one.url(), &path(&format!("git/{}", commits[0])));
    cloned(&two.url(), &path(&format!("git/{}", commits[1])));
    let hash = nar::hash_path(staging.path(), Algorithm::Sha256).unwrap();
    let text = place.read("catalogue/extensions/mine.toml");
    assert!(text.contains(&format!("cargo-hash = \"{hash}\"")), "{hash}\n{text}");
}

#[test]
fn a_dropped_version_takes_its_lock_file_along() {
    let scene = scene();
    let place = &scene.place;
    let old = "version = 4\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n";
    place.write("catalogue/locks/mine-0.1.0.lock", old);
    let text = extension("cargo-lock = \"locks/mine-0.1.0.lock\"").replace("[\"15\", \"17\"]", "\"17\"");
    place.write("catalogue/extensions/mine.toml", &text);
    git(place.root.path(), &["init", "--quiet"]);
    assert_eq!(place.said(&["generate"]).0, 0);
    git(place.root.path(), &["add", "--all"]);
    git(place.root.path(), &["commit", "--quiet", "-m", "first"]);
    let (code, out, err) = place.said(&["bump", "mine", "--allow-local", "--replace", "--commit"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("no longer there: 0.1.0"), "{out}");
    assert!(!place.path("catalogue/locks/mine-0.1.0.lock").exists());
    assert!(!err.contains("PGF112"), "{err}");
    assert_eq!(git(place.root.path(), &["status", "--porcelain"]), "");
    let files = git(place.root.path(), &["show", "--name-only", "--format=%s"]);
    for file in [
        "mine: 0.1.0 -> 0.2.0",
        "catalogue/locks/mine-0.1.0.lock",
        "catalogue/locks/mine-0.2.0.lock",
        "catalogue/pgrx.toml",
    ] {
        assert!(files.contains(file), "{file}\n{files}");
    }
}

#[test]
fn a_version_for_none_of_ours_stays_out() {
    let Scene { place, .. } = scene();
    let text = extension(WITH_HASH).replace("[\"15\", \"17\"]", "\"15\"");
    place.write("catalogue/extensions/mine.toml", &text);
    let (code, out, err) = place.said(&["bump", "mine", "--allow-local"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("mine 0.2.0 is left out: PostgreSQL 15 stays with what it has"), "{err}");
    assert_eq!(place.read("catalogue/extensions/mine.toml"), text);
}

#[test]
fn a_source_that_contradicts_itself_changes_nothing() {
    for (file, text, said) in [
        (
            "Cargo.toml",
            "[workspace.dependencies]\npgrx = \"=0.17.0\"\n",
            "Cargo.lock has pgrx 0.16.1, its Cargo.toml wants =0.17.0",
        ),
        ("Cargo.lock", "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n", "does not depend on pgrx"),
        ("Cargo.lock", "no toml", "Cargo.lock cannot be read"),
        ("Cargo.lock", "[[package]]\nname = \"../x\"\nversion = \"1.0.0\"\n", "is no package"),
    ] {
        let Scene { place, lock, .. } = scene();
        let mine = Repository::new();
        mine.write("Cargo.lock", &lock)
            .write("ext/Cargo.toml", "[package]\nname = \"mine\"\n[dependencies]\npgrx.workspace = true\n");
        mine.write(file, text).commit("x");
        mine.tag("v0.2.0");
        place.serve("owner/mine", &mine);
        let entry = extension(WITH_HASH);
        place.write("catalogue/extensions/mine.toml", &entry);
        let (code, _, err) = place.said(&["bump", "mine", "--allow-local"]);
        assert_eq!(code, 1, "{said}");
        assert!(err.contains("PGF506") && err.contains(said), "{said}\n{err}");
        assert_eq!(place.read("catalogue/extensions/mine.toml"), entry);
    }
}
