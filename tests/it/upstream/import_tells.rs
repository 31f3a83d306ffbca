//! `import`: what a file tells of an extension, and what it does not.

use crate::upstream::bump::Place;
use crate::upstream::repository::Repository;

const HASHES: [&str; 2] = [
    "sha256-Nmb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU=",
    "sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=",
];

fn vectors(more: &str) -> String {
    format!(
        r#"{{ lib, stdenv, fetchFromGitHub, postgresql, postgresqlTestExtension }}:
stdenv.mkDerivation (finalAttrs: {{
  pname = "pgvec";
  version = "1.0";
  buildInputs = [ postgresql ];
  src = fetchFromGitHub {{ owner = "good"; repo = "pgvec"; tag = "v${{finalAttrs.version}}"; hash = "{}"; }};
  installPhase = ''
    mkdir -p $out/{{lib,share/postgresql/extension}}
    cp *.so $out/lib
    cp *.sql *.control $out/share/postgresql/extension
  '';
  {more}
  meta.license = lib.licenses.postgresql;
  meta.description = "Vectors";
}})
"#,
        HASHES[0]
    )
}

#[test]
fn what_neither_file_nor_source_tells_is_asked_for() {
    let place = Place::new();
    place.write("nix/pgvec.nix", &vectors(""));
    let (code, out, err) = place.said(&["import", "nix", "nix/pgvec.nix", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("in part") && out.contains("needs: sql (taken as pgvec), requires and preload"),
        "{out}"
    );
}

#[test]
fn the_source_tells_it() {
    let place = Place::new();
    place.write("nix/pgvec.nix", &vectors(""));
    let source = Repository::new();
    source.write("vec.control", "default_version = '1.0'\nrequires = 'pgcrypto, absent'\n");
    source.write("Makefile", "EXTENSION = vec\n").commit("first");
    source.tag("v1.0");
    place.serve("good/pgvec", &source);
    let (code, out, err) = place.said(&["import", "nix", "nix/pgvec.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/pgvec.toml");
    assert!(text.contains("sql = [\"vec\"]\nrequires = [\"pgcrypto\"]\n"), "{text}");
    assert!(out.contains("it requires absent, which is not in the catalogue yet"), "{out}");
    assert!(!out.contains("needs:"), "{out}");
}

#[test]
fn the_test_beside_it_tells_it() {
    let place = Place::new();
    let test = r#"passthru.tests.extension = postgresqlTestExtension {
    inherit (finalAttrs) finalPackage;
    withPackages = [ "pgvector" ];
    postgresqlExtraSettings = ''
      shared_preload_libraries = 'vchord'
    '';
    sql = ''
      CREATE EXTENSION IF NOT EXISTS "vchord" CASCADE;
    '';
  };"#;
    place.write("nix/vectorchord.nix", &vectors(test).replace("\"pgvec\"", "\"vectorchord\""));
    let (code, out, err) = place.said(&["import", "nix", "nix/vectorchord.nix", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("in full"), "{out}");
    let text = place.read("catalogue/extensions/vectorchord.toml");
    assert!(
        text.contains("sql = [\"vchord\"]\nrequires = [\"vector\"]\npreload = [\"vchord\"]\n"),
        "the catalogue has pgvector, whose name in SQL is vector: {text}"
    );
}

#[test]
fn arguments_of_the_rust_builder_become_keys() {
    let place = Place::new();
    place.write(
        "catalogue/pgrx.toml",
        &format!(
            "[[cargo-pgrx]]\nversion = \"0.12.0-alpha.1\"\nhash = \"{}\"\ncargo-hash = \"{}\"\n",
            HASHES[0].replace("Nmb7", "Omb7"),
            HASHES[1].replace("C8eq", "D8eq")
        ),
    );
    place.write(
        "nix/px.nix",
        &format!(
            r#"{{ lib, fetchFromGitHub, buildPgrxExtension, rustPlatform, cargo-pgrx_0_12_0_alpha_1, postgresql }}:
(buildPgrxExtension.override {{ rustPlatform = rustPlatform // {{ marker = 1; }}; }}) (finalAttrs: {{
  inherit postgresql;
  cargo-pgrx = cargo-pgrx_0_12_0_alpha_1;
  pname = "px";
  version = "1.0";
  src = fetchFromGitHub {{ owner = "acme"; repo = "px"; tag = "v${{finalAttrs.version}}"; hash = "{}"; }};
  cargoHash = "{}";
  cargoPgrxFlags = [ "--package" "px" ];
  cargoBuildFlags = [ "--locked" ];
  buildNoDefaultFeatures = true;
  usePgTestCheckFeature = false;
  meta = {{ description = "Something useful"; license = lib.licenses.mit; broken = lib.versionAtLeast postgresql.version "17"; }};
}})
"#,
            HASHES[0], HASHES[1]
        ),
    );
    let (code, out, err) = place.said(&["import", "nix", "nix/px.nix", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/px.toml");
    for line in [
        "pgrx-flags = [\"--package\", \"px\"]",
        "cargo-flags = [\"--locked\"]",
        "default-features = false",
        "pg-test-feature = false",
        "pgrx = \"0.12.0-alpha.1\"",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}: {text}");
    }
    assert!(out.contains("what the builder's own .override changes was left out"), "{out}");
    let nix = place.read("generated/extensions/px.nix");
    for line in ["cargoPgrxFlags = [", "buildNoDefaultFeatures = true;", "usePgTestCheckFeature = false;"] {
        assert!(nix.contains(line), "{line}: {nix}");
    }
    assert!(!place.path("catalogue/overrides/px.nix").exists());
}

#[test]
fn a_source_for_each_postgresql_is_never_taken_for_all() {
    let place = Place::new();
    place.write(
        "nix/debs.nix",
        &format!(
            r#"{{ lib, stdenv, fetchurl, postgresql }}:
let
  hashes = {{ "15" = "{}"; "17" = "{}"; }};
  major = lib.versions.major postgresql.version;
in
stdenv.mkDerivation rec {{
  pname = "debs";
  version = "0.4.0";
  src = fetchurl {{ url = "https://example.org/v${{version}}/debs-pg${{major}}_amd64.deb"; hash = hashes."${{major}}"; }};
  meta = {{ description = "Something useful"; license = lib.licenses.mit; }};
}}
"#,
            HASHES[0], HASHES[1]
        ),
    );
    let (code, out, err) = place.said(&["import", "nix", "nix/debs.nix", "--offline"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("0.4.0 has another source for each of PostgreSQL 15, 17"), "{out}");
    assert!(
        out.contains(&format!(
            "hashes.SYSTEM = {{ \"15\" = \"{}\", \"17\" = \"{}\" }}",
            HASHES[0], HASHES[1]
        )),
        "{out}"
    );
    assert!(!place.path("catalogue/extensions/debs.toml").exists());
}
