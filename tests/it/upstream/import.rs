//! `import`: derivations and versions.json.

use std::path::{Path, PathBuf};

use pgflakegen::upstream::import::{Request, read};

use crate::upstream::bump::Place;
use crate::upstream::repository::Repository;

const HASH: &str = "sha256-Nmb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU=";

fn plain(name: &str, more: &str) -> String {
    format!(
        r#"{{ lib, stdenv, fetchFromGitHub, postgresql, curl, perl }}:
stdenv.mkDerivation rec {{
  pname = "{name}";
  version = "1.2";
  src = fetchFromGitHub {{
    owner = "someone";
    repo = pname;
    rev = "refs/tags/v${{version}}";
    sha256 = "{HASH}";
  }};
  nativeBuildInputs = [ perl ];
  buildInputs = [ curl postgresql ];
  makeFlags = [ "A=1" ];
  {more}
  installPhase = ''
    mkdir -p $out/{{lib,share/postgresql/extension}}
    cp *.so $out/lib
    cp *.sql *.control $out/share/postgresql/extension
  '';
  meta = with lib; {{
    description = "Does something.";
    homepage = "https://github.com/${{src.owner}}/${{pname}}";
    license = licenses.mit;
    platforms = postgresql.meta.platforms;
    broken = versionOlder postgresql.version "15";
  }};
}}
"#
    )
}

#[test]
fn a_derivation_in_full() {
    let place = Place::new();
    place.write("nix/one.nix", &plain("one", ""));
    let source = Repository::new();
    source.write("one.control", "default_version = '1.2'\nrequires = 'plpgsql'\n").commit("first");
    source.tag("v1.2");
    place.serve("someone/one", &source);
    let (code, out, err) = place.said(&["import", "nix", "nix/one.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    let expected = format!(
        "#:schema ../../schema/extension.json\n# Imported from nix/one.nix.\ndescription = \"Does something\"\nhomepage = \"https://github.com/someone/one\"\nlicense = \"mit\"\nkind = \"pgxs\"\nsource = {{ github = \"someone/one\", tag = \"v{{version}}\" }}\nbuild-inputs = [\"curl\"]\nnative-build-inputs = [\"perl\"]\nmake-flags = [\"A=1\"]\n\n[[version]]\nversion = \"1.2\"\npostgresql = \">=15\"\nhash = \"{HASH}\"\n"
    );
    let text = place.read("catalogue/extensions/one.toml");
    assert_eq!(text, expected, "{out}");
    assert!(out.contains("in full"), "{out}");
    let nix = place.read("generated/extensions/one.nix");
    assert!(nix.contains(HASH) && nix.contains("curl") && nix.contains("perl"), "{nix}");
    let (code, out, _) = place.said(&["import", "nix", "nix/one.nix"]);
    assert_eq!(code, 1);
    assert!(out.contains("--force"), "{out}");
}

#[test]
fn what_does_not_fit_goes_to_an_override() {
    let place = Place::new();
    place.write("nix/fix.patch", "--- a\n+++ b\n");
    place.write(
        "nix/two.nix",
        &plain(
            "two",
            "patches = [ ./fix.patch ];\n  postPatch = ''\n    echo ${pname} ${lib.getExe perl}\n  '';",
        ),
    );
    let (code, out, err) = place.said(&["import", "nix", "nix/two.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("in part") && out.contains("postPatch went to"), "{out}");
    assert_eq!(place.read("catalogue/patches/two/fix.patch"), "--- a\n+++ b\n");
    let nix = place.read("catalogue/overrides/two.nix");
    assert!(
        nix.contains("inherit (old) pname") && nix.contains("lib, perl") && nix.contains("postPatch"),
        "{nix}"
    );
    assert!(rnix::Root::parse(&nix).errors().is_empty(), "{nix}");
}

#[test]
fn other_shapes() {
    let place = Place::new();
    let finals = r#"{ lib, fetchFromGitHub, postgresql, postgresqlBuildExtension }:
postgresqlBuildExtension (finalAttrs: {
  pname = "three";
  version = "2.6";
  src = fetchFromGitHub {
    owner = "someone";
    repo = "three";
    tag = "three_${builtins.replaceStrings [ "." ] [ "_" ] finalAttrs.version}";
    hash = "HASH";
  };
  meta = { description = "Three"; license = with lib.licenses; [ mit asl20 ]; };
})
"#;
    place.write("nix/three.nix", &finals.replace("HASH", HASH));
    let unpinned =
        finals.replace("\"2.6\"", "versions.\"${postgresql.psqlSchema}\"").replace("three", "four");
    place.write("nix/four.nix", &unpinned.replace("HASH", HASH));
    place.write("nix/five.nix", "{ }: 1");
    place.write("nix/six.nix", "{ lib");
    let (code, out, err) =
        place.said(&["import", "nix", "nix/three.nix", "nix/four.nix", "nix/five.nix", "nix/six.nix"]);
    assert_eq!(code, 1, "{out}{err}");
    let text = place.read("catalogue/extensions/three.toml");
    assert!(
        text.contains("tag = \"three_2_6\"") && text.contains("license = [\"mit\", \"asl20\"]"),
        "{text}"
    );
    for (name, why) in
        [("four", "its version is not written out"), ("five", "no derivation"), ("six", "it is not Nix")]
    {
        let line = out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains("not") && line.contains(why), "{line}");
    }
    assert!(!place.path("catalogue/extensions/four.toml").exists());
}

#[test]
fn versions_json_with_its_nix_files() {
    let place = Place::new();
    let nix = plain("http", "").replace("sha256 = \"", "# ").replace("version = \"1.2\"", "inherit version");
    place.write("nix/pgsql-http.nix", &nix);
    let listed = format!(
        r#"{{"http": {{"1.5": {{"postgresql": ["15"], "hash": "{HASH}"}}, "1.10": {{"postgresql": ["15", "17"], "hash": "sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=", "revision": "v1.10-final"}}}}, "gone": {{}}}}"#
    );
    place.write("nix/versions.json", &listed);
    let arguments = ["import", "versions-json", "nix/versions.json", "--nix-dir", "nix"];
    let (code, out, err) = place.said(&arguments);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("there is no Nix file for it"), "{out}");
    let text = place.read("catalogue/extensions/http.toml");
    let (first, second) = (text.find("\"1.5\"").unwrap(), text.find("\"1.10\"").unwrap());
    assert!(
        first < second
            && text.contains("tag = \"v1.10-final\"")
            && text.contains("postgresql = [\"15\", \"17\"]"),
        "{text}"
    );
    place.write("nix/versions.json", r#"{"http": {"1": {"unknown": 1}}}"#);
    let (code, _, err) = place.said(&arguments);
    assert_eq!((code, err.contains("unknown field")), (2, true), "{err}");
}

const FLAKE: &str = r#"
description = "Test"
systems = ["x86_64-linux", "aarch64-darwin"]
default-postgresql = "15"

[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "e2587caef70cea85dd97d7daab492899902dbf5d"
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856

[inputs.rust-overlay]
url = "github:oxalica/rust-overlay"
rev = "47759faaddf38fadaf172151ca9df8adae9c0b2e"
nar-hash = "sha256-DK+AmC9SQ9hmOFNIMu1l05gJtsmKyYsfJnuFtt1TnAU="
last-modified = 1784697913
follows = { nixpkgs = "nixpkgs" }
"#;

const TOOLS: &str = r#"{"0.12.6": {"hash": "sha256-7aQkrApALZe6EoQGVShGBj0UIATnfOy2DytFj9IWdEA=", "rust": {"1.80.0": {"cargoHash": "sha256-yZpD3FriL9UbzRtdFkfIfFfYIrRPYxr/lZ5rb0YBTPc="}, "1.81.0": {"cargoHash": "sha256-pnMxWWfvr1/AEp8DvG4awig8zjdHizJHoZ5RJA8CL08="}}}}"#;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import")
}

/// A catalogue that has taken over `tests/cases/import/ext`, with what was said.
fn taken_over() -> (Place, i32, String) {
    let place = Place::new();
    place.write("catalogue/flake.toml", FLAKE);
    std::fs::remove_file(place.path("catalogue/extensions/pgvector.toml")).unwrap();
    for entry in walkdir::WalkDir::new(cases().join("ext")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let relative = entry.path().strip_prefix(cases()).unwrap().to_str().unwrap();
            place.write(relative, &std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    place.write("tools.json", TOOLS);
    let (code, out, err) = place.said(&["import", "nix", "ext", "--offline", "--cargo-pgrx", "tools.json"]);
    assert!(err.contains("in full"), "{err}");
    (place, code, out)
}

fn files(place: &Place, folder: &str) -> Vec<String> {
    let walk = walkdir::WalkDir::new(place.path(folder)).sort_by_file_name();
    let files = walk.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(place.root.path()).unwrap().display().to_string()).collect()
}

#[test]
fn files_of_all_shapes() {
    let (place, code, out) = taken_over();
    assert_eq!(code, 1, "{out}");
    let mut text = out;
    for file in files(&place, "catalogue") {
        let own = ["catalogue/flake.toml", "catalogue/postgresql.toml"];
        if !own.contains(&file.as_str()) {
            text.push_str(&format!("\n--- {file}\n{}", place.read(&file)));
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(file://)?/[^ ']*/\.tmp[A-Za-z0-9]+", "GITHUB");
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("import", text));
    let (code, out, err) = place.said(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    for file in files(&place, "catalogue/overrides").iter().filter(|file| !file.contains("phases/")) {
        let (_, out, err) = place.said(&["validate", file]);
        assert!(!format!("{out}{err}").contains("error["), "{file}: {out}{err}");
    }
}

/// What a hand-written derivation hands to the builders and the generated one does not, or the other way round.
fn differences(place: &Place, name: &str, file: &str, major: &str) -> serde_json::Value {
    let compare = cases().join("compare.nix");
    let root = place.root.path().to_str().unwrap();
    let original = place.path(file);
    let (code, out, err) = place.said(&[
        "eval",
        "-f",
        compare.to_str().unwrap(),
        "--strict",
        "--json",
        "--arg",
        "root",
        root,
        "--arg",
        "original",
        original.to_str().unwrap(),
        "--argstr",
        "name",
        name,
        "--arg",
        "major",
        major,
    ]);
    assert_eq!(code, 0, "{name}: {err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn generated_derivations_mean_what_the_hand_written_ones_did() {
    let (place, ..) = taken_over();
    // What was left out, as the report says: phases that only copy or put versions side by side, and what these need.
    let cases: [(&str, &str, &str, &str, &[&str]); 11] = [
        ("plain", "ext/plain.nix", "17", "1.2", &["installPhase"]),
        ("final", "ext/final.nix", "15", "2.6", &[]),
        ("by_major", "ext/by_major.nix", "17", "17.1", &[]),
        ("by_major", "ext/by_major.nix", "15", "1.7.1", &[]),
        ("several", "ext/several/default.nix", "15", "0.6", &["installPhase", "short"]),
        ("several", "ext/several/default.nix", "15", "0.9.1", &["installPhase", "short"]),
        ("several", "ext/several/default.nix", "17", "0.9.1", &["installPhase", "short"]),
        ("several", "ext/several/default.nix", "17", "0.11.0", &["installPhase", "short"]),
        ("crates", "ext/crates/default.nix", "17", "0.3.0", &[]),
        ("phases", "ext/phases.nix", "15", "3.1", &[]),
        // Where the builder installs by itself.
        ("placed", "ext/placed.nix", "17", "0.5", &["makeFlags"]),
    ];
    let mut wrong = Vec::new();
    for (name, file, major, version, expected) in cases {
        let all = differences(&place, name, file, major);
        let found = all["differences"][version].as_object().unwrap();
        let names: Vec<&String> = found.keys().collect();
        if names != expected {
            wrong.push(format!("{name} {version} with PostgreSQL {major}: {found:#?}"));
        }
        let same = all["same"][version].as_array().unwrap();
        assert!(same.iter().any(|name| name == "src"), "{name}: the comparison sees no source: {all:#}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The comparison itself can tell them apart.
    let text = place.read("ext/plain.nix").replace("A=1", "A=2");
    place.write("ext/changed.nix", &text);
    let all = differences(&place, "plain", "ext/changed.nix", "17");
    assert!(all["differences"]["1.2"]["makeFlags"].is_object(), "{all:#}");
}

#[test]
fn versions_are_added_to_an_entry() {
    let place = Place::new();
    place.write("nix/one.nix", &plain("one", ""));
    assert_eq!(place.said(&["import", "nix", "nix/one.nix"]).0, 0);
    let first = place.read("catalogue/extensions/one.toml").replace("# Imported", "# Mine. Imported");
    place.write("catalogue/extensions/one.toml", &first);
    let newer = plain("one", "env.B = \"2\";")
        .replace("1.2\";", "1.10\";")
        .replace(HASH, "sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=")
        .replace("\"A=1\"", "\"A=1\" \"C=3\"");
    place.write("nix/one.nix", &newer);
    let (code, out, err) = place.said(&["import", "nix", "nix/one.nix", "--merge"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/one.toml");
    let expected = format!(
        "{first}\n[[version]]\nversion = \"1.10\"\npostgresql = \">=15\"\nhash = \"sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=\"\nmake-flags = [\"A=1\", \"C=3\"]\nenv = {{ B = \"2\" }}\n"
    );
    assert_eq!(text, expected);
    let (code, out, _) = place.said(&["import", "nix", "nix/one.nix", "--merge"]);
    assert_eq!((code, out.contains("has all its versions already")), (1, true), "{out}");
    let (code, _, err) = place.said(&["import", "nix", "nix/one.nix", "--merge", "--force"]);
    assert_eq!(code, 2, "{err}");
    // Two files of one extension in one run are one entry.
    place.write("old/one.nix", &plain("one", ""));
    let (code, out, err) = place.said(&["import", "nix", "old/one.nix", "nix/one.nix", "--force"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/one.toml");
    assert!(text.contains("version = \"1.2\"") && text.contains("version = \"1.10\""), "{text}");
    assert!(text.contains("# Imported from old/one.nix, nix/one.nix."), "{text}");
}

#[test]
fn what_only_the_source_tells_is_fetched() {
    let place = Place::new();
    place.write("catalogue/flake.toml", FLAKE);
    let lock = "version = 4\n\n[[package]]\nname = \"pgrx\"\nversion = \"0.12.6\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00\"\n";
    let repository = Repository::new();
    repository.write("Cargo.lock", lock).write("Cargo.toml", "[dependencies]\npgrx = \"=0.12.6\"\n");
    repository.commit("x");
    repository.tag("v1.2");
    place.serve("someone/rusty", &repository);
    repository.write("other", "").commit("y");
    repository.git(&["tag", "--force", "v1.2"]);
    place.serve("someone/bare", &repository);
    let nix = r#"{ buildPgrxExtension, fetchFromGitHub, lib, postgresql }:
buildPgrxExtension rec {
  inherit postgresql;
  pname = "rusty";
  version = "1.2";
  src = fetchFromGitHub { owner = "someone"; repo = "rusty"; rev = "v${version}"; hash = lib.fakeHash; };
  cargoLock.lockFile = "${src}/Cargo.lock";
  meta = { description = "Rusty"; license = lib.licenses.mit; };
}
"#;
    place.write("nix/rusty.nix", nix);
    let bare = plain("bare", "").replace(&format!("sha256 = \"{HASH}\""), "sha256 = lib.fakeSha256");
    place.write("nix/bare.nix", &bare);
    place.write("tools.json", TOOLS);
    let arguments = ["import", "nix", "nix", "--cargo-pgrx", "tools.json"];
    // The mirror is a folder, so --offline still reads it; a repository that is not there says so.
    let (code, out, err) = place.said(&arguments);
    assert_eq!(code, 0, "{out}{err}");
    let hash = place.hash("someone/rusty", "v1.2");
    let text = place.read("catalogue/extensions/rusty.toml");
    for line in [&format!("hash = \"{hash}\""), "pgrx = \"0.12.6\"", "cargo-lock = \"locks/rusty-1.2.lock\""]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(place.read("catalogue/locks/rusty-1.2.lock"), lock);
    assert!(place.read("catalogue/pgrx.toml").contains("rust = \"1.81.0\""));
    let other = place.hash("someone/bare", "v1.2");
    assert!(place.read("catalogue/extensions/bare.toml").contains(&format!("hash = \"{other}\"")));
    place.write("nix/rusty.nix", &nix.replace("repo = \"rusty\"", "repo = \"nowhere\""));
    let (code, out, _) = place.said(&["import", "nix", "nix/rusty.nix", "--force"]);
    assert_eq!(code, 1);
    assert!(out.contains("1.2 was left out: its hash is not known: "), "{out}");
}

#[test]
fn a_hash_that_two_versions_share_is_doubted() {
    let place = Place::new();
    let nix = plain("dup", "").replace("sha256 = \"", "# ").replace("version = \"1.2\"", "inherit version");
    place.write("nix/dup.nix", &nix);
    let repository = Repository::new();
    for version in ["1.0", "1.1"] {
        repository.write("version", version);
        repository.commit(version);
        repository.tag(&format!("v{version}"));
    }
    place.serve("someone/dup", &repository);
    let listed = format!(
        r#"{{"dup": {{"1.0": {{"postgresql": ["15"], "hash": "{HASH}"}}, "1.1": {{"postgresql": ["15", "12"], "hash": "{HASH}"}}}}}}"#
    );
    place.write("nix/versions.json", &listed);
    let (code, out, err) = place.said(&["import", "versions-json", "nix/versions.json", "--nix-dir", "nix"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("1.1 and 1.0 have one hash") && out.contains("PostgreSQL 12 is not in"), "{out}");
    let text = place.read("catalogue/extensions/dup.toml");
    for version in ["v1.0", "v1.1"] {
        assert!(text.contains(&place.hash("someone/dup", version)), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", middle in "[a-z{}()\\[\\];=\"$ :./]{0,80}") {
        let request = Request {
            name: "x",
            provenance: "x.nix",
            versions: None,
            postgresqls: &[("15".to_owned(), 15)],
            files: &|_| None,
        };
        let _ = read(&text, &request);
        let text = format!("stdenv.mkDerivation rec {{ src = fetchurl {{ {middle} }}; {middle} }}");
        if let Ok(draft) = read(&text, &request) {
            let _ = draft.write();
        }
    }
}
