//! What is generated, evaluated over tests/hostpkgs, which behaves as nixpkgs' recipes do: languages and features of
//! servers, forks with their extension, Rust extensions on Darwin.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `expression` with `catalogue`, what `generated` makes of the package set for `system`; or the error.
fn evaluated(generated: &Path, system: &str, expression: &str) -> Result<Value, String> {
    let overlay = here("tests/hostpkgs/rust-overlay/flake.nix");
    let program_text = format!(
        "let
           overlay = ((import {overlay}).outputs {{ self = null; }}).overlays.default;
           pkgs = import {packages} {{ system = \"{system}\"; overlays = [ overlay ]; }};
           catalogue = import {generated} {{ inherit pkgs; }};
         in {expression}",
        overlay = overlay.display(),
        packages = here("tests/hostpkgs").display(),
        generated = generated.display(),
    );
    let output = program()
        .args(["eval", "--impure", "--strict", "--json", "-E", &program_text])
        .output()
        .expect("the program starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn ours(system: &str, expression: &str) -> Value {
    evaluated(&here("generated"), system, expression).expect("this repository evaluates")
}

/// The case of the renderer that has features, generated.
fn features(replace: (&str, &str)) -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a temporary directory");
    let from = here("tests/cases/render/features/catalogue");
    let into = dir.path().join("catalogue");
    std::fs::create_dir_all(into.join("extensions")).expect("a writable directory");
    for file in ["flake.toml", "postgresql.toml", "extensions/orioledb.toml", "extensions/plperl.toml"] {
        let text = std::fs::read_to_string(from.join(file)).expect("the case is there");
        std::fs::write(into.join(file), text.replace(replace.0, replace.1)).expect("a writable directory");
    }
    let output = program().arg("--root").arg(dir.path()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let generated = dir.path().join("generated");
    (dir, generated)
}

#[test]
fn rust_on_darwin_starts_no_server() {
    let phases = "map (package: {
        inherit (package) name;
        broken = package.meta.broken or false;
        text = toString (map (phase: package.${phase} or \"\") [ \"buildPhase\" \"preCheck\" \"installPhase\" ]);
        doCheck = package.doCheck or false;
        inherit (package) drvPath;
      }) (with catalogue.psql_15.exts; [ pg_graphql pg_jsonschema vchord wrappers pgvectorscale ])";
    for system in ["x86_64-linux", "aarch64-linux", "aarch64-darwin"] {
        let darwin = system == "aarch64-darwin";
        let packages = ours(system, phases);
        for package in packages.as_array().expect("a list") {
            let text = package["text"].as_str().expect("text");
            assert_eq!(package["broken"], json!(false), "{system}: {package}");
            assert_eq!(package["doCheck"], json!(false), "{system}: {package}");
            assert!(text.contains("cargo pgrx package"), "{system}: {package}");
            for command in ["pg_ctl", "createuser", "pgrx init", "pgrx stop"] {
                assert_eq!(text.contains(command), !darwin, "{system}, {command}: {package}");
            }
            // What takes the place of `init`.
            assert_eq!(text.contains("config.toml"), darwin, "{system}: {package}");
        }
    }
}

#[test]
fn a_fork_has_its_extension() {
    let fork = ours(
        "x86_64-linux",
        "{
          inherit (catalogue.psql_orioledb-17.exts.orioledb) makeFlags drvPath version;
          in_bin = builtins.elem catalogue.psql_orioledb-17.exts.orioledb
            catalogue.psql_orioledb-17.bin.installedExtensions;
          elsewhere = builtins.filter (name: catalogue.${name}.exts ? orioledb) (builtins.attrNames catalogue);
        }",
    );
    assert_eq!(fork["makeFlags"], json!(["USE_PGXS=1", "ORIOLEDB_PATCHSET_VERSION=11"]));
    assert_eq!(fork["in_bin"], json!(true));
    assert_eq!(fork["elsewhere"], json!(["psql_orioledb-17"]));
    let text = std::fs::read_to_string(here("generated/catalogue.json")).expect("it is generated");
    let catalogue: Value = serde_json::from_str(&text).expect("JSON");
    let preload = &catalogue["postgresqls"]["orioledb-17"]["preload"];
    assert!(preload.as_array().expect("a list").contains(&json!("orioledb")), "{preload}");
}

#[test]
fn languages_are_in_every_server() {
    let names = ours(
        "aarch64-linux",
        "builtins.mapAttrs (_: postgresql:
           builtins.filter (name: builtins.elem name [ \"plperl\" \"plpython3\" \"pltcl\" ])
             (builtins.attrNames postgresql.exts)) catalogue",
    );
    for (name, languages) in names.as_object().expect("a set") {
        assert_eq!(languages, &json!(["plperl", "plpython3", "pltcl"]), "{name}");
    }
}

#[test]
fn features_become_arguments_of_the_recipe() {
    let (_dir, generated) = features(("", ""));
    let flags = "builtins.mapAttrs (_: postgresql: {
        inherit (postgresql.postgresql) configureFlags outputs;
        paths = map (path: path.outputName or \"\") postgresql.bin.installedExtensions;
      }) catalogue";
    let of = |value: &Value, name: &str, flag: &str| -> bool {
        value[name]["configureFlags"].as_array().expect("a list").contains(&json!(flag))
    };
    let linux = evaluated(&generated, "x86_64-linux", flags).expect("it evaluates");
    for (name, with, without) in [
        ("psql_14", &[][..], &["--with-perl", "--with-libnuma"][..]),
        ("psql_15", &["--with-perl", "--with-tcl", "--with-gssapi"], &["--with-ldap", "--with-llvm"]),
        ("psql_17", &["--with-llvm", "--with-ldap", "--with-systemd"], &["--with-gssapi", "--with-tcl"]),
        (
            "psql_18",
            &["--with-liburing", "--with-libnuma", "--enable-nls", "--with-pam"],
            &["--with-libcurl"],
        ),
    ] {
        assert!(with.iter().all(|flag| of(&linux, name, flag)), "{name}: {}", linux[name]);
        assert!(!without.iter().any(|flag| of(&linux, name, flag)), "{name}: {}", linux[name]);
    }
    // JIT is in the environment where it was asked for.
    assert!(linux["psql_17"]["paths"].as_array().expect("a list").contains(&json!("jit")));
    assert!(!linux["psql_18"]["paths"].as_array().expect("a list").contains(&json!("jit")));
    // What only Linux has is left out elsewhere.
    let darwin = evaluated(&generated, "aarch64-darwin", flags).expect("it evaluates");
    for (name, flag) in
        [("psql_17", "--with-systemd"), ("psql_18", "--with-liburing"), ("psql_18", "--with-pam")]
    {
        assert!(of(&linux, name, flag) && !of(&darwin, name, flag), "{name} {flag}");
    }
    assert!(of(&darwin, "psql_17", "--with-ldap"));
}

#[test]
fn a_recipe_without_an_argument_says_so() {
    // The stand-in's recipe of an older nixpkgs: what it does not know, it cannot be told.
    let (_dir, generated) = features(("", ""));
    let old = "let
        known = builtins.removeAttrs (pkgs.lib.functionArgs pkgs.postgresql_18.override) [ \"uringSupport\" ];
        override = { __functor = _: pkgs.postgresql_18.override; __functionArgs = known; };
      in import GENERATED/lib/with-features.nix { inherit (pkgs) lib; } (pkgs.postgresql_18 // { inherit override; })";
    let old = old.replace("GENERATED", &generated.display().to_string());
    let without = evaluated(
        &generated,
        "x86_64-linux",
        &format!("({old} {{ uringSupport = false; ldapSupport = true; }}).configureFlags"),
    );
    assert!(without.expect("it evaluates").as_array().expect("a list").contains(&json!("--with-ldap")));
    let with = evaluated(&generated, "x86_64-linux", &format!("({old} {{ uringSupport = true; }}).drvPath"));
    let message = with.expect_err("there is no such argument");
    for part in ["PostgreSQL 18", "uringSupport", "catalogue/postgresql.toml", "newer revision"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[test]
fn what_upstream_built_is_left_out_where_there_is_no_file() {
    let dir = TempDir::new().expect("a temporary directory");
    let catalogue = dir.path().join("catalogue/extensions");
    std::fs::create_dir_all(&catalogue).expect("a writable directory");
    let from = here("tests/cases/catalogue/no-file/catalogue");
    for file in ["flake.toml", "postgresql.toml", "extensions/lacking.toml"] {
        std::fs::copy(from.join(file), dir.path().join("catalogue").join(file)).expect("the case is there");
    }
    let output = program().arg("--root").arg(dir.path()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let generated = dir.path().join("generated");
    let left_out = "builtins.mapAttrs (_: postgresql: postgresql.leftOut) catalogue";
    let reason = |system: &str| json!({ "lacking": format!("not available on {system}") });
    let found = evaluated(&generated, "x86_64-linux", left_out).expect("it evaluates");
    assert_eq!(found, json!({ "psql_16": {}, "psql_17": reason("x86_64-linux") }));
    let found = evaluated(&generated, "aarch64-linux", left_out).expect("it evaluates");
    assert_eq!(found, json!({ "psql_16": reason("aarch64-linux"), "psql_17": reason("aarch64-linux") }));
    let package = "let it = catalogue.psql_16.exts.lacking-1_0; in {
        inherit (it.src) url;
        hooks = map (input: input.pname or \"\") it.nativeBuildInputs;
        native = builtins.all (type: !type.isSource) it.meta.sourceProvenance;
        drv = it.drvPath != \"\";
      }";
    let found = evaluated(&generated, "x86_64-linux", package).expect("it evaluates");
    let url = "https://example.org/1.0-pg16-x86_64-linux.zip";
    let hooks = ["auto-patchelf-hook", "unzip"];
    assert_eq!(found, json!({ "url": url, "hooks": hooks, "native": true, "drv": true }));
}

#[test]
fn versions_are_side_by_side_where_there_are_several() {
    let dir = TempDir::new().expect("a temporary directory");
    let from = here("tests/cases/render/side-by-side/catalogue");
    std::fs::create_dir_all(dir.path().join("catalogue/extensions")).expect("a writable directory");
    for file in ["flake", "postgresql"]
        .map(str::to_owned)
        .into_iter()
        .chain(["alone", "module", "pg_cron", "pgvector", "plperl"].map(|name| format!("extensions/{name}")))
    {
        let file = format!("{file}.toml");
        std::fs::copy(from.join(&file), dir.path().join("catalogue").join(file)).expect("the case is there");
    }
    let output = program().arg("--root").arg(dir.path()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let generated = dir.path().join("generated");
    let found = evaluated(
        &generated,
        "x86_64-linux",
        "let
           inherit (pkgs) lib;
           checks = import GENERATED/checks { inherit pkgs; postgresqls = catalogue; };
         in {
           versions = lib.mapAttrs (_: postgresql: lib.mapAttrs (_: map (version: version.version)) postgresql.sideBySide) catalogue;
           combined = lib.mapAttrs (_: postgresql: map (package: {
               inherit (package) name aliases default names;
               versions = map (line: lib.head (lib.splitString \"\\t\" line)) (lib.splitString \"\\n\" package.versions);
             }) (lib.filter (package: package ? aliases) postgresql.bin.installedExtensions)) catalogue;
           single = map lib.getName (lib.filter (package: package ? version)
             (catalogue.psql_17.withVersions \"pgvector\").installedExtensions);
           evaluates = map (check: lib.isString check.drvPath) (lib.attrValues checks);
           checks = lib.filter (lib.hasInfix \"side-by-side\") (lib.attrNames checks);
           check = { inherit (checks.psql_16-side-by-side-pg_cron) PGFLAKEGEN_SQL PGFLAKEGEN_VERSIONS; };
           slim = catalogue.psql_16.slim.drvPath != catalogue.psql_16.bin.drvPath;
         }"
        .replace("GENERATED", &generated.display().to_string())
        .as_str(),
    )
    .expect("it evaluates");
    let pg_cron = json!(["1.5.2", "1.6.8"]);
    assert_eq!(
        found["versions"],
        json!({
            "psql_16": { "pg_cron": pg_cron, "pgvector": ["0.7.4", "0.8.0", "0.8.2"] },
            "psql_17": { "pg_cron": pg_cron, "pgvector": ["0.8.0", "0.8.2"] },
        }),
        "of versions that are the same in SQL one"
    );
    assert_eq!(
        found["combined"]["psql_17"],
        json!([
            { "name": "pg_cron-side-by-side-1.6.8", "names": "pg_cron\n", "default": "1.6", "aliases": "",
              "versions": ["1.5", "1.6", ""] },
            // pg_upgrade from 16 brings functions of 0.7.4.
            { "name": "pgvector-side-by-side-0.8.2", "names": "vector\n", "default": "0.8.2", "aliases": "0.7.4\n",
              "versions": ["0.8.0", "0.8.2", ""] },
        ])
    );
    assert_eq!(
        found["checks"],
        json!([
            "psql_16-side-by-side-pg_cron",
            "psql_16-side-by-side-pgvector",
            "psql_17-side-by-side-pg_cron",
            "psql_17-side-by-side-pgvector",
        ])
    );
    assert_eq!(found["single"], json!(["pgvector-side-by-side", "pgtap"]));
    assert_eq!(
        found["check"],
        json!({ "PGFLAKEGEN_SQL": ["pg_cron"], "PGFLAKEGEN_VERSIONS": ["1.5", "1.6"] })
    );
    assert_eq!(found["slim"], json!(true));
    assert!(found["evaluates"].as_array().expect("a list").iter().all(|check| *check == json!(true)));
}
