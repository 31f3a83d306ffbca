//! What people type wrong, and what upstream says wrong: answered in words, and before anybody is asked who need not be.

use crate::upstream::bump::{Place, VECTOR};
use crate::upstream::repository::Repository;

/// What is said, without blank lines.
fn said(place: &Place, arguments: &[&str]) -> (i32, String) {
    let (code, _, err) = place.said(arguments);
    let lines: Vec<&str> =
        err.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != " |").collect();
    (code, lines.join("\n"))
}

#[test]
fn of_a_postgresql_that_is_to_be_added() {
    let place = Place::new();
    let refused = |first: &str, help: &str| (1, format!("{first}\n = help: {help}\nnothing was changed"));
    assert_eq!(
        said(&place, &["add", "postgresql"]),
        (2, "pgflakegen: say which PostgreSQL: `pgflakegen add postgresql 18`, or an exact version".into())
    );
    assert_eq!(
        said(&place, &["add", "postgresql", "eighteen"]),
        refused(
            "error[PGF117]: `eighteen` is no version of PostgreSQL",
            "write a major or an exact version: `pgflakegen add postgresql 18`, or 17.5, or 19beta1"
        )
    );
    assert_eq!(
        said(&place, &["add", "postgresql", "15"]),
        refused(
            "error[PGF507]: PostgreSQL 15 is in the catalogue already",
            "`pgflakegen bump postgresql@15` takes a newer version of it"
        )
    );
    assert_eq!(
        said(&place, &["add", "postgresql", "15.18"]),
        refused(
            "error[PGF507]: PostgreSQL 15.18 is in the catalogue already",
            "`pgflakegen bump postgresql@15` takes a newer version of it"
        )
    );
    assert_eq!(
        said(&place, &["add", "postgresql", "17"]),
        refused(
            "error[PGF507]: PostgreSQL 17 is in the catalogue already",
            "it is what nixpkgs has; an exact version beside it is added by its number"
        )
    );
    assert_eq!(
        said(&place, &["add", "postgresql", "18", "--from", "99"]),
        refused("error[PGF117]: no PostgreSQL is called 99", "--from takes one of 15, 17")
    );
    assert_eq!(place.server.count("/postgresql/"), 0, "nobody upstream was asked");
}

#[test]
fn of_what_is_to_be_bumped() {
    let place = Place::new();
    for (name, message, help) in [
        (
            "vector",
            "no extension is called vector",
            "did you mean `pgvector`? `vector` is what pgvector is called in SQL",
        ),
        ("pgvectr", "no extension is called pgvectr", "did you mean `pgvector`?"),
        ("nothing-like-it", "no extension is called nothing-like-it", "`pgflakegen list` names them all"),
        ("psql_17", "no extension is called psql_17", "a PostgreSQL is named as `postgresql@17`"),
    ] {
        let expected = (1, format!("error[PGF505]: {message}\n = help: {help}"));
        assert_eq!(said(&place, &["bump", name]), expected);
        assert_eq!(said(&place, &["outdated", name]), expected);
    }
    for (name, message, help) in [
        (
            "postgresql@17",
            "PostgreSQL 17 is the package set's own, whatever version that is",
            "a newer nixpkgs in catalogue/flake.toml has newer ones\n = help: those with a version of their own: 15",
        ),
        ("postgresql@16", "no PostgreSQL is called 16", "those with a version of their own: 15"),
    ] {
        assert_eq!(said(&place, &["bump", name]), (1, format!("error[PGF117]: {message}\n = help: {help}")));
    }
}

#[test]
fn of_what_is_to_be_shown() {
    let place = Place::new();
    let (code, out, _) = place.said(&["show", "pgvector@0.7.0"]);
    assert!(code == 0 && out.contains("\n0.7.0\n") && !out.contains("\n0.8.0\n"), "{out}");
    let (code, out, _) = place.said(&["show", "vector@0.7.0", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["attribute"].as_str()), (0, Some("pgvector-0_7_0")));
    for (name, message) in [
        ("0.7.0", "0.7.0 is a version: type `pgflakegen show pgvector@0.7.0`"),
        ("15.18", "15.18 is a version: type `pgflakegen show 15`"),
        ("pgvector@0.9", "pgvector has no version 0.9; it has 0.8.0, 0.7.0"),
    ] {
        assert_eq!(said(&place, &["show", name]), (2, format!("pgflakegen: {message}")));
    }
}

/// A repository with these tags.
fn tagged(tags: &[&str]) -> Repository {
    let repository = Repository::new();
    repository.write("x", "x");
    repository.commit("x");
    for tag in tags {
        repository.tag(tag);
    }
    repository
}

#[test]
fn nothing_newer_is_only_said_where_upstream_says_so() {
    let place = Place::new();
    let help = " = help: say in its entry what its tags look like, tags = [\"v{version}\"], or where it is announced, versions-from";
    for (tags, why) in [
        (&[][..], "it has no tags upstream"),
        (&["v0.7.0"], "its own tag v0.8.0 is not upstream any more"),
        (
            &["v0.7.0", "v0.8.0", "0.8.1", "0.9.0", "docs-1"],
            "upstream has tags that are called otherwise and look newer (0.8.1, 0.9.0)",
        ),
    ] {
        place.serve("pgvector/pgvector", &tagged(tags));
        let message =
            format!("error[PGF505]: pgvector: whether there is something newer could not be told: {why}");
        assert_eq!(said(&place, &["outdated", "pgvector"]), (1, format!("{message}\n{help}")));
        assert_eq!(said(&place, &["bump", "pgvector"]).0, 1);
    }
    place.serve("pgvector/pgvector", &tagged(&["v0.7.0", "v0.8.0", "0.7.5"]));
    assert_eq!(said(&place, &["outdated", "pgvector"]), (0, "everything is up to date".into()));
    // Whoever says what the tags look like has it so.
    let followed = VECTOR.replace("changelog =", "tags = [\"v{version}\"]\nchangelog =");
    place.write("catalogue/extensions/pgvector.toml", &followed);
    place.serve("pgvector/pgvector", &tagged(&["v0.7.0", "v0.8.0", "0.9.0"]));
    assert_eq!(said(&place, &["outdated", "pgvector"]), (0, "everything is up to date".into()));
}

const HASH: &str = "sha256-rJLK57mlqxRv0rn7uuZFgsh8lN2mXxTeCjYcdH1n0UM=";

fn derivation(name: &str, attribute: &str) -> String {
    format!(
        "{{ lib, stdenv, fetchFromGitHub, postgresql, hello, writeText }}:\nstdenv.mkDerivation rec {{\n  pname = \"{name}\";\n  version = \"1.0\";\n  buildInputs = [ postgresql ];\n  src = fetchFromGitHub {{ owner = \"acme\"; repo = \"{name}\"; rev = \"v${{version}}\"; hash = \"{}\"; }};\n  {attribute}\n  meta.license = lib.licenses.mit;\n  meta.description = \"Something useful\";\n}}\n",
        // Each has a source of its own.
        HASH.replace("rJLK", &format!("{name:A<4}"))
    )
}

#[test]
fn what_import_writes_is_always_nix() {
    let place = Place::new();
    for (name, attribute) in [
        ("a1", "makeFlags = let f = writeText \"x\" \"y\"; in [ \"A=1\" \"B=${f}\" ];"),
        ("a2", "cmakeFlags = with lib; [ (cmakeBool \"X\" true) ];"),
        ("a3", "makeFlags = if stdenv.isDarwin then [ \"A\" ] else let q = hello; in [ \"B=${q}\" ];"),
        (
            "a4",
            "configureFlags = lib.optional stdenv.isDarwin \"--x\" ++ (let q = hello; in [ \"B=${q}\" ]);",
        ),
        ("a5", "configureFlags = assert lib ? x; [ \"B=${hello}\" ];"),
    ] {
        place.write(&format!("nix/{name}.nix"), &derivation(name, attribute));
        let (code, out, err) = place.said(&["import", "--offline", "nix", &format!("nix/{name}.nix")]);
        assert_eq!(code, 0, "{name}: {out}{err}");
        assert!(out.contains("in part"), "{out}");
    }
    assert!(
        place.read("catalogue/overrides/a1.nix").contains("++ (\n"),
        "{}",
        place.read("catalogue/overrides/a1.nix")
    );
    assert_eq!(place.said(&["check", "--no-evaluate"]).0, 0);
}

const ZOO: &str = r#"{ lib, stdenv, fetchFromGitHub, postgresql }:
let
  pname = "zoo";
  all = (builtins.fromJSON (builtins.readFile ./versions.json)).${pname};
  build = version: hash: stdenv.mkDerivation {
    inherit pname version;
    buildInputs = [ postgresql ];
    src = fetchFromGitHub { owner = "acme"; repo = "zoo"; rev = "v${version}"; inherit hash; };
    meta = { description = "Something useful"; license = lib.licenses.mit; };
  };
in
lib.mapAttrs (v: x: build v x.hash) all
"#;

#[test]
fn import_knows_files_that_are_called_otherwise() {
    let place = Place::new();
    place.write("nix/foo-2.9.1.nix", &derivation("foo", ""));
    let (code, out, err) = place.said(&["import", "--offline", "nix", "nix/foo-2.9.1.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(place.read("catalogue/extensions/foo.toml").contains("version = \"1.0\""));
    // Tests of an extension are not the extension.
    place.write("ext/tests/zoo.nix", "{ pkgs }: pkgs.hello\n");
    place.write("ext/zoo.nix", ZOO);
    place.write(
        "ext/versions.json",
        &format!("{{\"zoo\": {{\"1.0\": {{\"postgresql\": [\"15\"], \"hash\": \"{HASH}\"}}}}}}"),
    );
    let (code, out, err) =
        place.said(&["import", "--offline", "versions-json", "ext/versions.json", "--nix-dir", "ext"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(place.read("catalogue/extensions/zoo.toml").contains("ext/zoo.nix"));
}
