//! `validate` and `index` as a process: what they print, what they write, how they end.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::program::{run, stderr, stdout};

/// A repository with an override for pgvector.
fn repository(r#override: &str) -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    let toml = dir.path().join("catalogue/extensions/pgvector.toml");
    let extension = fs::read_to_string(&toml).expect("init wrote it");
    fs::write(&toml, format!("override = \"overrides/pgvector.nix\"\n{extension}")).expect("a writable file");
    fs::create_dir_all(dir.path().join("catalogue/overrides")).expect("a writable directory");
    fs::write(dir.path().join("catalogue/overrides/pgvector.nix"), r#override).expect("a writable directory");
    dir
}

const WRONG: &str = "\
# Links OpenSSL.
{ openssl, curl }:
old: {
  buildInputs = [ openssl ]; # for the hashes
  src = old.source;
}
";

#[test]
fn an_override_is_judged_by_the_catalogue() {
    let dir = repository(WRONG);
    for args in
        [&["validate"][..], &["validate", "catalogue/overrides/pgvector.nix"], &["generate"], &["check"]]
    {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let shown = stderr(&output);
        for part in [
            "PGF212",
            "PGF304",
            "PGF305",
            "PGF307",
            "catalogue/overrides/pgvector.nix:4:3",
            "extensions/pgvector.toml",
        ] {
            assert!(shown.contains(part), "{args:?} lacks {part}: {shown}");
        }
    }
    assert!(!dir.path().join("flake.nix").exists(), "nothing is written while there are errors");
    let toml = dir.path().join("catalogue/extensions/pgvector.toml");
    let extension = fs::read_to_string(&toml).expect("init wrote it");
    fs::write(&toml, format!("override-owns = [\"src\"]\n{extension}")).expect("a writable file");
    assert!(!stderr(&run(dir.path(), &["validate"])).contains("PGF304"));
}

#[test]
fn fixes_keep_comments_and_layout() {
    let dir = repository(WRONG);
    let file = dir.path().join("catalogue/overrides/pgvector.nix");
    let output = run(dir.path(), &["validate", "--fix"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = WRONG
        .replace("{ openssl, curl }", "{ openssl }")
        .replace("= [ openssl ]", "= (old.buildInputs or [ ]) ++ [ openssl ]");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), expected);
    assert!(stderr(&output).contains("2 fixes applied in 1 file"), "{}", stderr(&output));
    let left: Vec<_> = fs::read_dir(dir.path().join("catalogue/overrides")).expect("it is there").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
    // A second time there is nothing to do, and the file is not touched.
    let before = fs::metadata(&file).and_then(|m| m.modified()).expect("it is there");
    run(dir.path(), &["validate", "--fix"]);
    assert_eq!(fs::metadata(&file).and_then(|m| m.modified()).expect("it is there"), before);
}

#[test]
fn any_nix_file_and_every_format() {
    let dir = TempDir::new().expect("a temporary directory");
    fs::write(dir.path().join("a file.nix"), "let unused = 1; in nope\n").expect("a writable directory");
    let at = |format| run(dir.path(), &["validate", "a file.nix", "--format", format]);
    let json: serde_json::Value = serde_json::from_slice(&at("json").stdout).expect("JSON");
    let codes: Vec<_> = json["findings"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|f| f["code"].as_str().expect("a code"))
        .collect();
    assert_eq!(codes, ["PGF211", "PGF210"]);
    let sarif: serde_json::Value = serde_json::from_slice(&at("sarif").stdout).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][1];
    assert_eq!(result["ruleId"], "PGF210");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20file.nix");
    assert_eq!(place["region"]["startColumn"], 20);
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"]
        [result["ruleIndex"].as_u64().expect("an index") as usize];
    assert_eq!(rule["id"], "PGF210");
    let github = stdout(&at("github"));
    assert!(github.contains("::error file=a file.nix,line=1,endLine=1,col=20"), "{github}");
    assert_eq!(at("text").status.code(), Some(1));
    assert!(!stderr(&at("text")).contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(run(dir.path(), &["validate", "absent.nix"]).status.code(), Some(2));
}

#[test]
fn the_index_of_the_repository_comes_first() {
    let dir = repository("{ opensll }:\nold: { buildInputs = old.buildInputs ++ [ opensll ]; }\n");
    assert!(stderr(&run(dir.path(), &["validate"])).contains("PGF303"));
    fs::write(dir.path().join("names.json"), r#"{"nixpkgs.opensll": {}, "nixpkgs.cmake": {}}"#)
        .expect("a writable directory");
    let output = run(dir.path(), &["index", "--from", "names.json", "--revision", "abc"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(run(dir.path(), &["validate"]).status.code(), Some(0));
    // A complete index knows what does not exist.
    fs::write(dir.path().join("catalogue/overrides/pgvector.nix"), "{ zzz }:\nold: { x = zzz; }\n")
        .expect("a writable directory");
    assert!(stderr(&run(dir.path(), &["validate"])).contains("PGF303"));
    fs::write(dir.path().join("catalogue/nixpkgs.index.gz"), "damaged").expect("a writable directory");
    assert_eq!(run(dir.path(), &["validate"]).status.code(), Some(2));
}

fn hostpkgs() -> String {
    format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn overrides_are_evaluated_where_nixpkgs_is_at_hand() {
    let dir = repository("{ lib }:\nold: { doCheck = lib.optionalString (old ? version) \"x\"; }\n");
    let hostpkgs = hostpkgs();
    let with = |args: &[&str]| run(dir.path(), &[args, &["--override-input", "nixpkgs", &hostpkgs]].concat());
    // The syntax alone does not tell.
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["validate"]).status.code(), Some(0));
    let output = with(&["validate", "--evaluate"]);
    let shown = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    for part in
        ["PGF404", "catalogue/overrides/pgvector.nix:2:8", "mkDerivation takes true or false", "evaluated"]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let output = with(&["validate", "--evaluate", "--format", "json", "--systems", "x86_64-linux"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["findings"][0]["code"], "PGF404");
    assert_eq!(json["findings"][0]["place"]["line"], 2);
    assert_eq!(with(&["validate", "--evaluate", "--systems", "x86_64-linus"]).status.code(), Some(2));
    // `check` does it by itself.
    let output = with(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("PGF404"), "{}", stderr(&output));
    assert_eq!(with(&["check", "--no-evaluate"]).status.code(), Some(0));
    // Files that are not asked for are not evaluated.
    fs::write(dir.path().join("other.nix"), "1\n").expect("a writable directory");
    assert_eq!(with(&["validate", "--evaluate", "other.nix"]).status.code(), Some(0));
    // Naming another nixpkgs is asking for it.
    assert_eq!(with(&["validate"]).status.code(), Some(1));
}

/// As `nix flake check`: every package, check, shell and app.
#[test]
fn everything_is_evaluated_where_nixpkgs_is_at_hand() {
    let dir = repository("{ }:\nold: { makeFlags = old.makeFlags or [ ] ++ [ \"A=1\" ]; }\n");
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    let hostpkgs = hostpkgs();
    let check = |args: &[&str]| {
        run(dir.path(), &[&["check", "--evaluate", "--override-input", "nixpkgs", &hostpkgs], args].concat())
    };
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_slice(&check(&[args, &["--format", "json"]].concat()).stdout).expect("JSON")
    };
    let output = check(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("evaluated: "), "{}", stderr(&output));
    let all = json(&[])["evaluated"]["attributes"].as_u64().expect("a number");
    let of_one = json(&["--systems", "x86_64-linux"])["evaluated"]["attributes"].as_u64().expect("a number");
    assert!(of_one > 20 && all > of_one * 2, "{all} of all systems, {of_one} of one");
    // What a whole folder of the repository is part of is evaluated too; one that fails is an error.
    fs::write(
        dir.path().join("catalogue/extra.nix"),
        "_: { packages.x86_64-linux = { one = throw \"no luck\"; two = throw \"no luck\"; }; }\n",
    )
    .expect("a writable directory");
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    let output = check(&[]);
    let shown = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("error[PGF414]: 2 attributes do not evaluate: no luck"), "{shown}");
    assert!(shown.contains("packages.x86_64-linux.one, packages.x86_64-linux.two"), "{shown}");
    assert!(shown.contains(&format!("evaluated: 2 of {} attributes fail", all + 2)), "{shown}");
    let json = json(&[]);
    assert_eq!(json["evaluated"]["failed"][0]["message"], "no luck", "{json}");
    assert_eq!(json["findings"][0]["code"], "PGF414", "{json}");
    // Nothing at all is another matter.
    fs::write(dir.path().join("catalogue/extra.nix"), "_: throw \"never\"\n").expect("a writable directory");
    assert_eq!(check(&[]).status.code(), Some(2));
    fs::remove_file(dir.path().join("catalogue/extra.nix")).expect("it is there");
    let output = run(dir.path(), &["check", "--evaluate", "--format", "json", "--source-cache", "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["evaluated"]["attributes"], 0, "{json}");
    assert!(
        json["evaluated"]["why"].as_str().is_some_and(|why| why.contains("not on this machine")),
        "{json}"
    );
}

#[test]
fn what_evaluation_lacks_is_said() {
    let dir = repository("{ }:\nold: { makeFlags = old.makeFlags or [ ] ++ [ \"A=1\" ]; }\n");
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    let absent = |output: &Output| {
        let shown = stderr(output);
        for part in [
            "nixpkgs's source (github:NixOS/nixpkgs",
            "not on this machine",
            "--override-input nixpkgs path:DIR",
        ] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
    };
    // A store that has nixpkgs at the catalogue's revision would be used.
    let toml = dir.path().join("catalogue/flake.toml");
    let flake = fs::read_to_string(&toml).expect("init wrote it");
    let line = flake.lines().find(|line| line.starts_with("nar-hash")).expect("an input has one").to_owned();
    let other = "nar-hash = \"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\"";
    fs::write(&toml, flake.replace(&line, other)).expect("a writable file");
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    let output = run(dir.path(), &["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    absent(&output);
    let output = run(dir.path(), &["validate", "--evaluate"]);
    assert_eq!(output.status.code(), Some(2));
    absent(&output);
    let output = run(dir.path(), &["show", "pgvector", "--override"]);
    assert_eq!(output.status.code(), Some(2));
    absent(&output);
}

#[test]
fn what_an_override_changes_is_shown() {
    let dir = repository(
        "{ openssl }:\nfinalAttrs: old: {\n  buildInputs = old.buildInputs ++ [ openssl ];\n  makeFlags = \
         [ \"OPTFLAGS=-O3\" \"V=${finalAttrs.version}\" ];\n  postPatch = ''\n    one\n    two\n  '';\n  \
         postInstall = old.postInstall + ''\n    install -m 644 README.md \"$out/share\"\n  '';\n  env.A = \"1\";\n}\n",
    );
    let hostpkgs = hostpkgs();
    let show = |args: &[&str]| {
        let rest =
            ["--override", "--system", "x86_64-linux", "--override-input", "nixpkgs", hostpkgs.as_str()];
        run(dir.path(), &[&["show"], args, &rest].concat())
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    let output = show(&["pgvector"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!("show-override", stdout(&output));
    let output = show(&["vector", "--json", "--postgresql", "17"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((json["extension"].as_str(), json["postgresql"].as_str()), (Some("pgvector"), Some("17")));
    let after = json["attributes"]["buildInputs"]["after"].as_array().expect("a list");
    assert!(
        after.last().is_some_and(|last| last["derivation"].as_str().is_some_and(|n| n.contains("openssl")))
    );
    assert_eq!(json["attributes"]["postPatch"], serde_json::json!({ "after": "one\ntwo\n" }));
    for wrong in [&["pgvector@9.9"][..], &["pgvector", "--postgresql", "9"], &["pg_cron"], &["17"]] {
        assert_eq!(show(wrong).status.code(), Some(2), "{wrong:?}");
    }
    fs::write(
        dir.path().join("catalogue/overrides/pgvector.nix"),
        "{ }: old: { x = throw \"no\"; y = old.z; }\n",
    )
    .expect("a writable directory");
    let output = show(&["pgvector"]);
    assert!(stdout(&output).contains("«error: no»"), "{}", stdout(&output));
}

#[test]
fn an_index_is_made_of_nixpkgs_itself() {
    let dir = repository("{ opensll }:\nold: { buildInputs = old.buildInputs ++ [ opensll ]; }\n");
    let hostpkgs = hostpkgs();
    let folder = hostpkgs.trim_start_matches("path:");
    let index = dir.path().join("catalogue/nixpkgs.index.gz");
    let output = run(dir.path(), &["index", "--nixpkgs", folder, "--revision", "abc", "--verbose"]);
    let shown = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("of nixpkgs abc") && shown.contains(" lib\n"), "{shown}");
    let read = || {
        pgflakegen::overrides::index::Index::read(&fs::read(&index).expect("written")).expect("our own file")
    };
    let names = read();
    for name in ["openssl", "callPackage", "lib.concatMap", "dockerTools.buildLayeredImage"] {
        assert!(names.has(name), "{name}");
    }
    for name in ["opensll", "openssl.name", "pkgs.openssl", "buildPackages.lib"] {
        assert!(!names.has(name), "{name}");
    }
    assert!(stderr(&run(dir.path(), &["validate"])).contains("PGF303"));
    // And what it has for PostgreSQL, for all systems of the catalogue.
    let table = fs::read_to_string(dir.path().join("catalogue/nixpkgs.toml")).expect("written");
    for part in [
        "revision = \"abc\"\n",
        "15 = \"15.18\"\n",
        "[extensions.pg_ed25519]\nlicenses = [\"postgresql\"]\n",
        "  { why = \"broken\", postgresql = [16, 17, 18, 19] },\n",
        "  { why = \"unfree\", postgresql = [14, 15, 16, 17, 18, 19] },\n",
        "postgresql = [14, 15, 16, 17, 18, 19], systems = [\"aarch64-darwin\"] },\n",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    // The same again: the same bytes.
    let bytes = fs::read(&index).expect("written");
    run(dir.path(), &["index", "--nixpkgs", folder, "--revision", "abc"]);
    assert_eq!(fs::read(&index).expect("written"), bytes);
    // The catalogue's nixpkgs, of which there is another copy.
    let output = run(dir.path(), &["index", "--override-input", "nixpkgs", &hostpkgs, "--revision", "def"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!((read().revision.as_str(), read().len()), ("def", names.len()));
    for wrong in [&["--nixpkgs", "catalogue", "--revision", "abc"][..], &["--from", "absent"]] {
        let output = run(dir.path(), &[&["index"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", stderr(&output));
    }
    let tree = dir.path().join("tree");
    fs::create_dir(&tree).expect("a writable directory");
    fs::write(tree.join("default.nix"), "{ ... }: throw \"not today\"\n").expect("a writable directory");
    let output = run(dir.path(), &["index", "--nixpkgs", "tree", "--revision", "abc"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not today"), "{}", stderr(&output));
}

/// What is said of nixpkgs without nixpkgs.
#[test]
fn a_table_says_what_nixpkgs_has() {
    let dir = repository("{ lib }:\nold: { makeFlags = old.makeFlags ++ lib.optional true \"A=1\"; }\n");
    let catalogue = dir.path().join("catalogue");
    let flake = fs::read_to_string(catalogue.join("flake.toml")).expect("init wrote it");
    let rev =
        flake.lines().find_map(|line| line.strip_prefix("rev = ")).expect("an input has one").to_owned();
    let member = |attr: &str| {
        format!(
            "description = \"Something\"\nlicense = \"mit\"\nhomepage = \"https://example.org\"\nkind = \"nixpkgs\"\nattr = \"{attr}\"\npostgresql = \">=15\"\n"
        )
    };
    fs::write(catalogue.join("extensions/gone.toml"), member("pg_libversion")).expect("writable");
    fs::write(catalogue.join("extensions/bad.toml"), member("bad")).expect("writable");
    fs::write(catalogue.join("extensions/fine.toml"), member("fine")).expect("writable");
    let table = |revision: &str| {
        format!(
            "revision = {revision}\n[postgresql]\n15 = \"15.18\"\n16 = \"16.14\"\n17 = \"17.10\"\n\
             [extensions.libversion]\nversions = {{ 15 = \"2\", 16 = \"2\", 17 = \"2\" }}\n\
             [extensions.fine]\nversions = {{ 15 = \"1.2\", 16 = \"1.2\", 17 = \"1.3\" }}\n\
             [extensions.pg_cron]\nversions = {{ 15 = \"1.6.7\", 16 = \"1.6.7\", 17 = \"1.6.7\" }}\n\
             [extensions.bad]\nversions = {{ 15 = \"1\", 16 = \"1\", 17 = \"1\" }}\n\
             refused = [{{ why = \"broken\", postgresql = [16, 17] }}]\n"
        )
    };
    let path = catalogue.join("nixpkgs.toml");
    fs::write(&path, table(&rev)).expect("writable");
    run(dir.path(), &["generate"]);
    let output = run(dir.path(), &["check", "--no-evaluate"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "error[PGF423]: nixpkgs has no extension pg_libversion; it has libversion",
        "warning[PGF421]: bad is left out of psql_",
        "nixpkgs says: it is broken",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("PGF426") && !said.contains("fine"), "{said}");
    let matrix = stdout(&run(dir.path(), &["matrix"]));
    assert!(matrix.contains("1.3*") && matrix.ends_with("* from nixpkgs\n"), "{matrix}");
    let list = stdout(&run(dir.path(), &["list"]));
    assert!(list.contains("nixpkgs 1.3"), "{list}");
    // Mended: only what is left out is said, and what was not looked at.
    fs::write(catalogue.join("extensions/gone.toml"), member("libversion")).expect("writable");
    run(dir.path(), &["generate"]);
    let output = run(dir.path(), &["check", "--no-evaluate"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("not evaluated\n"), "{}", stderr(&output));
    let json: serde_json::Value =
        serde_json::from_slice(&run(dir.path(), &["check", "--no-evaluate", "--format", "json"]).stdout)
            .expect("JSON");
    assert!(json["not-evaluated"].as_u64().is_some_and(|count| count > 0), "{json}");
    // A PostgreSQL that nixpkgs has not, and one that gets no releases any more.
    fs::write(&path, table(&rev).replace("17 = \"17.10\"\n", "")).expect("writable");
    let modified = flake.lines().find(|line| line.starts_with("last-modified")).expect("an input has one");
    let later = flake.replace(modified, "last-modified = 1900000000");
    fs::write(catalogue.join("flake.toml"), later).expect("writable");
    let said = stderr(&run(dir.path(), &["check", "--no-evaluate"]));
    assert!(said.contains("error[PGF425]: nixpkgs has no postgresql_17\n"), "{said}");
    assert!(said.contains("warning[PGF427]: PostgreSQL 17 got its last release on 2029-11-08\n"), "{said}");
    fs::write(catalogue.join("flake.toml"), &flake).expect("writable");
    // A table of another revision says so, and nothing else.
    fs::write(&path, table("\"0123456789012345678901234567890123456789\"")).expect("writable");
    let said = stderr(&run(dir.path(), &["check", "--no-evaluate"]));
    assert!(
        said.contains("warning[PGF426]: the table is of nixpkgs 012345678901, and")
            && !said.contains("PGF421"),
        "{said}"
    );
    assert!(stdout(&run(dir.path(), &["matrix"])).contains("nixpkgs"));
    // What is no table.
    fs::write(&path, "revision = 1\n").expect("writable");
    let output = run(dir.path(), &["check", "--no-evaluate"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error[PGF157]"), "{}", stderr(&output));
    // What it says to type mends it, for all systems of the catalogue.
    let hostpkgs = hostpkgs();
    let folder = hostpkgs.trim_start_matches("path:");
    let output = run(dir.path(), &["index", "--nixpkgs", folder, "--revision", rev.trim_matches('"')]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let table = fs::read_to_string(&path).expect("written");
    assert!(table.contains("systems = [\"aarch64-darwin\"]"), "{table}");
    let said = stderr(&run(dir.path(), &["check", "--no-evaluate"]));
    assert!(!said.contains("PGF157"), "{said}");
}

/// The catalogue's own nixpkgs, found by its hash.
#[test]
fn the_pinned_nixpkgs_is_found_in_a_folder_of_sources() {
    use pgflakegen::store::{Algorithm, nar::hash_path};

    let dir = repository("{ lib }:\nold: { makeFlags = old.makeFlags ++ lib.optionnal true \"A=1\"; }\n");
    let hostpkgs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs");
    let hash = hash_path(&hostpkgs, Algorithm::Sha256).expect("a readable folder");
    let toml = dir.path().join("catalogue/flake.toml");
    let flake = fs::read_to_string(&toml).expect("init wrote it");
    let line = flake.lines().find(|line| line.starts_with("nar-hash")).expect("an input has one").to_owned();
    fs::write(&toml, flake.replace(&line, &format!("nar-hash = \"{}\"", hash.to_sri())))
        .expect("a writable file");
    let sources = dir.path().join("sources");
    fs::create_dir(&sources).expect("a writable directory");
    std::os::unix::fs::symlink(&hostpkgs, sources.join(hash.to_base32())).expect("a writable directory");
    let with = |args: &[&str]| run(dir.path(), &[args, &["--source-cache", "sources"]].concat());
    let output = with(&["validate", "--evaluate"]);
    let shown = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("PGF403") && shown.contains("in all "), "{shown}");
    let output = with(&["index"]);
    let shown = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let rev = flake.lines().find_map(|line| line.strip_prefix("rev = ")).expect("an input has one");
    assert!(shown.contains(rev.trim_matches('"')), "{shown}");
}
