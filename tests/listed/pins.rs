//! The generated flake with revisions of nixpkgs that differ: names, broken packages, how environments are made,
//! aliases, versions. `tests/hostpkgs/pins/` says how they do.
//!
//! Evaluated by pgflakegen itself; where there is a Nix, its derivations are compared as well.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{PROGRAM, copy, stderr};

const PINS: [&str; 3] = ["2025-11", "2026-07", "2026-09"];
/// Before the first that works.
const TOO_OLD: &str = "2024-11";
/// The one that the catalogue names.
const PIN: &str = "2026-07";

/// All of them; what compares with Nix is ignored without one.
pub fn trials() -> Vec<Trial> {
    let reference = std::env::var("PGFLAKEGEN_NIX").unwrap_or_else(|_| "nix-instantiate".to_owned());
    let version = Command::new(&reference).arg("--version").output();
    let missing = !version.is_ok_and(|output| output.status.success());
    if missing {
        eprintln!("{reference} cannot be run: comparing with Nix is ignored");
    }
    let trial = |name: &str, test: fn() -> Result<(), Failed>| Trial::test(format!("pins::{name}"), test);
    vec![
        trial("the_first_name_that_is_there_is_taken", the_first_name_that_is_there_is_taken),
        trial("no_name_is_said", no_name_is_said),
        trial("slim_has_no_manual_pages", slim_has_no_manual_pages),
        trial("what_nixpkgs_refuses_is_left_out", what_nixpkgs_refuses_is_left_out),
        trial("what_is_left_out_is_said_once", what_is_left_out_is_said_once),
        trial("what_is_left_out_can_be_asked_for", what_is_left_out_can_be_asked_for),
        trial("the_users_configuration_counts", the_users_configuration_counts),
        trial("what_requires_the_left_out_is_not_created", what_requires_the_left_out_is_not_created),
        trial("required_is_not_left_out", required_is_not_left_out),
        trial("one_dead_postgresql_leaves_the_others", one_dead_postgresql_leaves_the_others),
        trial("too_old_a_nixpkgs_is_said", too_old_a_nixpkgs_is_said),
        trial("nixpkgs_own_version_is_nixpkgs_own", nixpkgs_own_version_is_nixpkgs_own),
        trial("no_aliases_are_used", no_aliases_are_used),
        Trial::test("pins::derivations_are_those_of_nix", move || derivations_are_those_of_nix(&reference))
            .with_ignored_flag(missing),
    ]
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The flake of `tests/cases/pins`, and a package set for each pin beside it.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD.get_or_init(|| make_world("tests/cases/pins/catalogue", |_| ()).expect("a world")).path()
}

fn make_world(catalogue: &str, edit: impl FnOnce(&Path)) -> Result<TempDir, Failed> {
    let dir = tempfile::tempdir()?;
    let flake = dir.path().join("flake");
    copy(&repository().join(catalogue), &flake.join("catalogue"));
    edit(&flake.join("catalogue"));
    let output = Command::new(PROGRAM).arg("--root").arg(&flake).arg("generate").output()?;
    if !output.status.success() {
        return Err(stderr(&output).into());
    }
    for pin in PINS.into_iter().chain([TOO_OLD]) {
        let set = dir.path().join(pin);
        copy(&repository().join("tests/hostpkgs"), &set);
        fs::write(set.join("pin.nix"), format!("import ./pins/{pin}.nix\n"))?;
    }
    Ok(dir)
}

/// The PostgreSQLs of a flake over a package set: `config` is nixpkgs', in Nix.
fn postgresqls(world: &Path, pin: &str, config: &str) -> String {
    format!(
        "(import {world}/flake/generated {{ pkgs = import {world}/{pin} {{ system = \"x86_64-linux\"; config = {config}; }}; }})",
        world = world.display(),
    )
}

const UNFREE: &str = "{ allowUnfreePredicate = p: p.pname == \"unfree\"; }";

fn run(expression: &str) -> Result<Output, Failed> {
    let output =
        Command::new(PROGRAM).args(["eval", "--impure", "--json", "--strict", "-E", expression]).output()?;
    Ok(output)
}

/// The value of an expression, and what was said meanwhile.
fn evaluate(expression: &str) -> Result<(Value, String), Failed> {
    let output = run(expression)?;
    if !output.status.success() {
        return Err(format!("{expression}\n{}", stderr(&output)).into());
    }
    Ok((serde_json::from_slice(&output.stdout)?, stderr(&output)))
}

/// The message of an expression that fails.
fn failure(expression: &str) -> Result<String, Failed> {
    let output = run(expression)?;
    if output.status.success() {
        return Err(format!("{expression} is {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(stderr(&output))
}

#[track_caller]
fn same(found: &Value, wanted: &Value) -> Result<(), Failed> {
    if found == wanted { Ok(()) } else { Err(format!("{found}\nis not\n{wanted}").into()) }
}

fn has(text: &str, wanted: &str) -> Result<(), Failed> {
    if text.contains(wanted) { Ok(()) } else { Err(format!("no {wanted:?} in\n{text}").into()) }
}

fn the_first_name_that_is_there_is_taken() -> Result<(), Failed> {
    for (pin, name) in [("2025-11", "pg_libversion"), ("2026-07", "pg_libversion"), ("2026-09", "libversion")]
    {
        for aliases in ["true", "false"] {
            let set = postgresqls(world(), pin, &format!("{{ allowAliases = {aliases}; }}"));
            let (found, said) = evaluate(&format!("{set}.psql_17.exts.libversion.pname"))?;
            same(&found, &json!(name))?;
            same(&json!(said), &json!(""))?;
        }
    }
    Ok(())
}

fn no_name_is_said() -> Result<(), Failed> {
    let only_old = |catalogue: &Path| {
        let file = catalogue.join("extensions/libversion.toml");
        let text = fs::read_to_string(&file).expect("the case");
        fs::write(
            file,
            text.replace("[\"libversion\", \"pg_libversion\"]", "[\"pg_libversion\", \"libver\"]"),
        )
        .expect("a writable directory");
    };
    let world = make_world("tests/cases/pins/catalogue", only_old)?;
    // An alias that says why it is none, and no alias at all.
    for aliases in ["true", "false"] {
        let set = postgresqls(world.path(), "2026-09", &format!("{{ allowAliases = {aliases}; }}"));
        let said = failure(&format!("{set}.psql_17.exts.libversion.drvPath"))?;
        has(&said, "nixpkgs has no extension libversion for PostgreSQL 17 (17.11)")?;
        has(&said, "none called pg_libversion or libver")?;
    }
    Ok(())
}

fn slim_has_no_manual_pages() -> Result<(), Failed> {
    for pin in PINS {
        let set = postgresqls(world(), pin, UNFREE);
        let trees = |attribute: &str| -> Result<Vec<String>, Failed> {
            let (trees, _) =
                evaluate(&format!("builtins.unsafeDiscardStringContext {set}.psql_17.{attribute}.trees"))?;
            Ok(trees.as_str().unwrap_or_default().lines().map(str::to_owned).collect())
        };
        let (bin, slim) = (trees("bin")?, trees("slim")?);
        let outputs = |trees: &[String]| {
            let servers = trees.iter().filter(|tree| tree.contains("-postgresql-17.11"));
            servers
                .filter_map(|tree| Some(tree.split_once("-postgresql-17.11")?.1.to_owned()))
                .collect::<Vec<_>>()
        };
        same(&json!(outputs(&bin)), &json!([" 5", "-man 5"]))?;
        same(&json!(outputs(&slim)), &json!([" 5"]))?;
        // The same members, each a copy.
        if bin.len() != slim.len() + 1 || bin.iter().filter(|tree| slim.contains(tree)).count() != 1 {
            return Err(format!("{bin:#?}\n{slim:#?}").into());
        }
        // With one package more it is as slim, and the image has it.
        let (more, _) = evaluate(&format!(
            "builtins.unsafeDiscardStringContext ({set}.psql_17.slim.withPackages (ps: [ ps.pgtap ])).trees"
        ))?;
        same(&json!(more.as_str().unwrap_or_default().lines().count()), &json!(slim.len() + 1))?;
        evaluate(&format!("builtins.stringLength {set}.psql_17.docker.drvPath"))?;
        evaluate(&format!("builtins.stringLength {set}.psql_17.tested.slim.drvPath"))?;
    }
    Ok(())
}

const BROKEN: &str = "broken";
const INSECURE: &str = "needs nodejs-host: insecure: This NodeJS release has reached its end of life";

fn what_nixpkgs_refuses_is_left_out() -> Result<(), Failed> {
    let wanted = [
        (
            "2025-11",
            json!({ "psql_15": {}, "psql_15_patched": {}, "psql_17": {}, "psql_18": { "insecure_input": INSECURE } }),
        ),
        (
            "2026-07",
            json!({
                "psql_15": {}, "psql_15_patched": {}, "psql_17": { "pg_ed25519": BROKEN },
                "psql_18": { "insecure_input": INSECURE, "pg_ed25519": BROKEN, "sqlite_fdw": BROKEN },
            }),
        ),
        // Mended: it comes back by itself.
        (
            "2026-09",
            json!({
                "psql_15": {}, "psql_15_patched": {}, "psql_17": { "pg_ed25519": BROKEN },
                "psql_18": { "insecure_input": INSECURE, "pg_ed25519": BROKEN },
            }),
        ),
    ];
    for (pin, wanted) in wanted {
        let set = postgresqls(world(), pin, UNFREE);
        let (found, _) = evaluate(&format!("builtins.mapAttrs (_: p: p.leftOut) {set}"))?;
        same(&found, &wanted)?;
        let (names, _) = evaluate(&format!(
            "builtins.mapAttrs (_: p: map (e: e.pname or e.name) p.bin.installedExtensions) {set}"
        ))?;
        for (postgresql, left_out) in wanted.as_object().into_iter().flatten() {
            let names: Vec<&str> =
                names[postgresql].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let left_out = left_out.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            for name in left_out {
                assert!(!names.contains(&name), "{pin}: {postgresql} has {name}");
            }
            assert!(names.contains(&"unfree"), "{pin}: {postgresql} has {names:?}");
        }
    }
    Ok(())
}

fn what_is_left_out_is_said_once() -> Result<(), Failed> {
    let set = postgresqls(world(), PIN, UNFREE);
    // Everything that is made of it at once.
    let (paths, said) = evaluate(&format!(
        "let p = {set}.psql_17; in map (x: builtins.stringLength x.drvPath) [ p.bin p.slim p.docker p.tested.bin ]"
    ))?;
    assert!(paths.is_array());
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("warning")).collect();
    let wanted = "evaluation warning: psql_17 is without what nixpkgs refuses: pg_ed25519 (broken)";
    assert!(lines.len() == 1 && lines[0].contains(wanted), "{said}");
    // The receipt, which is among the members, says it as well.
    let (text, _) = evaluate(&format!(
        "let all = {set}.psql_17.bin.installedExtensions; in \
         (builtins.head (builtins.filter (e: e.name == \"receipt-17\") all)).text"
    ))?;
    let receipt: Value = serde_json::from_str(text.as_str().unwrap_or_default())?;
    same(&receipt["left-out"], &json!([{ "name": "pg_ed25519", "reason": BROKEN }]))?;
    let listed = receipt["nixpkgs"]["extensions"].as_array().map_or(0, Vec::len);
    same(&json!(listed), &json!(2))
}

fn what_is_left_out_can_be_asked_for() -> Result<(), Failed> {
    for (pin, words) in [(PIN, "because it has problems:"), ("2026-09", "- broken: This package is broken.")]
    {
        let set = postgresqls(world(), pin, UNFREE);
        has(&failure(&format!("{set}.psql_17.exts.pg_ed25519.drvPath"))?, words)?;
    }
    // Of the flake, `nix build` finds it where `nix flake check` does not look.
    let flake = world().join("flake");
    let with = |attribute: &str| {
        Command::new(PROGRAM)
            .args(["eval", "--json", "--strict"])
            .arg(format!("path:{}#{attribute}", flake.display()))
            .arg("--override-input")
            .arg("nixpkgs")
            .arg(format!("path:{}", world().join(PIN).display()))
            .output()
    };
    let refused = with("legacyPackages.x86_64-linux.\"psql_17/exts/pg_ed25519\".drvPath")?;
    has(&stderr(&refused), "Refusing to evaluate package 'pg_ed25519-0'")?;
    let absent = with("packages.x86_64-linux.\"psql_17/exts/pg_ed25519\".drvPath")?;
    has(&stderr(&absent), "does not provide attribute")?;
    let there = with("packages.x86_64-linux.\"psql_15/exts/pg_ed25519\".pname")?;
    same(&serde_json::from_slice(&there.stdout)?, &json!("pg_ed25519"))?;
    let left_out = with("legacyPackages.x86_64-linux.psql_17.left-out")?;
    same(&serde_json::from_slice(&left_out.stdout)?, &json!({ "pg_ed25519": BROKEN }))
}

fn the_users_configuration_counts() -> Result<(), Failed> {
    let cases = [
        ("{ allowBroken = true; }", json!({ "insecure_input": INSECURE, "unfree": "unfree" })),
        (
            "{ permittedInsecurePackages = [ \"nodejs-host\" ]; allowUnfree = true; }",
            json!({ "pg_ed25519": BROKEN, "sqlite_fdw": BROKEN }),
        ),
        (
            "{ permittedInsecurePackages = [ \"nodejs-host\" ]; allowUnfree = true; allowBroken = true; }",
            json!({}),
        ),
    ];
    for (config, wanted) in cases {
        let set = postgresqls(world(), PIN, config);
        let (found, said) = evaluate(&format!("{set}.psql_18.leftOut"))?;
        same(&found, &wanted)?;
        assert!(!said.contains("warning"), "{said}");
        evaluate(&format!("builtins.stringLength {set}.psql_18.bin.drvPath"))?;
    }
    // All versions of what is refused are out of sight of `nix flake check`.
    let set = postgresqls(world(), PIN, "{ }");
    let (refused, _) = evaluate(&format!("builtins.attrNames {set}.psql_17.refused"))?;
    same(&refused, &json!(["pg_ed25519", "unfree", "unfree-1_0", "unfree-1_1"]))?;
    let (checks, _) = evaluate(&format!(
        "builtins.attrNames (import {0}/flake/generated/checks {{ pkgs = import {0}/{PIN} {{ system = \"x86_64-linux\"; }}; \
         postgresqls = {{ inherit ({set}) psql_17; }}; }})",
        world().display()
    ))?;
    same(&checks, &json!(["psql_17-slim-closure", "psql_17-slim-smoke", "psql_17-smoke"]))
}

fn what_requires_the_left_out_is_not_created() -> Result<(), Failed> {
    for (postgresql, wanted) in [
        ("psql_15", json!(["libversion", "pg_ed25519", "on_ed25519", "sqlite_fdw", "unfree"])),
        ("psql_17", json!(["libversion", "sqlite_fdw", "unfree"])),
    ] {
        let set = postgresqls(world(), PIN, UNFREE);
        let (created, _) = evaluate(&format!(
            "let data = import {0}/flake/generated/tools/data.nix {{ pkgs = import {0}/{PIN} {{ system = \"x86_64-linux\"; }}; }}; \
             known = builtins.fromJSON (data.writeForTests {{ p = {{ }}; }} {{ p = {set}.{postgresql}; }}).text; \
             in map (c: c.sql) (builtins.head (builtins.attrValues known.postgresqls)).create",
            world().display()
        ))?;
        same(&created, &wanted)?;
    }
    Ok(())
}

fn required_is_not_left_out() -> Result<(), Failed> {
    let insist = |catalogue: &Path| {
        let file = catalogue.join("extensions/pg_ed25519.toml");
        let text = fs::read_to_string(&file).expect("the case");
        fs::write(file, text + "required = true\n").expect("a writable directory");
    };
    let world = make_world("tests/cases/pins/catalogue", insist)?;
    let set = postgresqls(world.path(), PIN, UNFREE);
    same(&evaluate(&format!("{set}.psql_17.leftOut"))?.0, &json!({}))?;
    has(&failure(&format!("{set}.psql_17.bin.drvPath"))?, "Refusing to evaluate package 'pg_ed25519-0'")?;
    evaluate(&format!("builtins.stringLength {set}.psql_15.bin.drvPath"))?;
    let set = postgresqls(world.path(), PIN, "{ allowBroken = true; allowUnfree = true; }");
    evaluate(&format!("builtins.stringLength {set}.psql_17.bin.drvPath")).map(drop)
}

/// nixpkgs removes old majors, and leaves a name that throws.
fn one_dead_postgresql_leaves_the_others() -> Result<(), Failed> {
    let (found, _) = evaluate(&format!(
        "let pkgs = import {0}/{PIN} {{ system = \"x86_64-linux\"; config = {UNFREE}; \
           overlays = [ (_: _: {{ postgresql_15 = throw \"postgresql_15 has been removed\"; }}) ]; }}; \
         all = import {0}/flake/generated {{ inherit pkgs; }}; \
         in {{ refused = builtins.attrNames all.psql_15.refused; bin = builtins.stringLength all.psql_17.bin.drvPath; }}",
        world().display()
    ))?;
    same(&found["refused"], &json!([]))
}

fn too_old_a_nixpkgs_is_said() -> Result<(), Failed> {
    let set = postgresqls(world(), TOO_OLD, UNFREE);
    for what in ["bin.drvPath", "exts.libversion.drvPath", "postgresql.drvPath", "name"] {
        let said = failure(&format!("{set}.psql_18.{what}"))?;
        has(&said, "is too old for this flake")?;
        has(&said, "The oldest that works is that of NixOS 25.05")?;
    }
    Ok(())
}

fn nixpkgs_own_version_is_nixpkgs_own() -> Result<(), Failed> {
    let set = postgresqls(world(), PIN, UNFREE);
    let pkgs = format!("(import {}/{PIN} {{ system = \"x86_64-linux\"; }})", world().display());
    let (own, _) = evaluate(&format!(
        "builtins.mapAttrs (_: p: p.postgresql.drvPath == {pkgs}.\"postgresql_${{builtins.substring 0 2 p.name}}\".drvPath) {set}"
    ))?;
    same(&own, &json!({ "psql_15": true, "psql_15_patched": false, "psql_17": false, "psql_18": true }))?;
    let (versions, _) = evaluate(&format!("builtins.mapAttrs (_: p: p.postgresql.version) {set}"))?;
    same(&versions["psql_15_patched"], &json!("15.18"))?;
    same(&versions["psql_17"], &json!("17.11"))
}

/// The default catalogue over nixpkgs without aliases: what is one would be missing. With them, nobody warns.
fn no_aliases_are_used() -> Result<(), Failed> {
    let root = repository().display();
    for aliases in ["false", "true"] {
        let (length, said) = evaluate(&format!(
            "let \
               pkgs = import {root}/tests/hostpkgs {{ \
                 system = \"x86_64-linux\"; \
                 overlays = [ ((import {root}/tests/hostpkgs/rust-overlay/flake.nix).outputs {{ self = {{ }}; }}).overlays.default ]; \
                 config = {{ allowAliases = {aliases}; allowUnfree = true; allowBroken = true; }}; \
               }}; \
               postgresqls = import {root}/generated {{ inherit pkgs; }}; \
               made = p: [ p.bin p.slim p.docker ] ++ builtins.attrValues p.exts; \
               checks = import {root}/generated/checks {{ inherit pkgs postgresqls; }}; \
               tools = import {root}/generated/tools {{ inherit pkgs postgresqls; }}; \
               all = builtins.concatMap made (builtins.attrValues postgresqls) ++ builtins.attrValues checks \
                 ++ builtins.attrValues tools ++ [ (pkgs.mkShellNoCC {{ packages = [ pkgs.nixfmt pkgs.nixfmt-tree ]; }}) ]; \
             in builtins.foldl' (n: x: n + builtins.stringLength x.drvPath) 0 all"
        ))?;
        assert!(length.as_u64() > Some(10_000), "{length}");
        same(&json!(said), &json!(""))?;
    }
    Ok(())
}

fn derivations_are_those_of_nix(nix: &str) -> Result<(), Failed> {
    for pin in PINS {
        let set = postgresqls(world(), pin, UNFREE);
        let expression = format!(
            "builtins.mapAttrs (_: p: {{ bin = p.bin.drvPath; slim = p.slim.drvPath; docker = p.docker.drvPath; \
             libversion = p.exts.libversion.drvPath; left-out = p.leftOut; }}) {set}"
        );
        let (ours, _) = evaluate(&expression)?;
        let output = Command::new(nix)
            .args(["--eval", "--strict", "--json", "--readonly-mode", "-E", &expression])
            .output()?;
        if !output.status.success() {
            return Err(stderr(&output).into());
        }
        same(&ours, &serde_json::from_slice(&output.stdout)?)?;
    }
    Ok(())
}
