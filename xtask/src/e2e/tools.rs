//! Runs the flake's own tools on what was built, as people would, but as a user who is not root.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::command::{logged, output, program};
use super::nix::{on_flake, reference, with_progress};
use super::{Context, Outcome};

/// How a database can get from one PostgreSQL to another.
const METHODS: &[&str] = &["pg_upgrade", "pg_dumpall", "logical"];

/// `nix run .#migration-test 15 17 METHOD`, each method; a difference planted on purpose must be found.
pub fn migrate(context: &Context) -> Result<Outcome> {
    let Some(tool) = tool(context, "migration-test")? else {
        return Ok(Outcome::Skipped("the flake has no migration-test".to_owned()));
    };
    for method in METHODS {
        context.note(&format!("15 to 17 with {method}"));
        let log = context.log(&format!("migrate-{method}"));
        logged(as_nobody(&tool).args(["15", "17", method]), &log, |_| ())?;
    }
    context.note("a planted difference");
    let planted = std::env::temp_dir().join(format!("pgflakegen-e2e-planted-{}.sql", std::process::id()));
    fs::write(&planted, "create table planted_difference (id int);\n")?;
    let result = as_nobody(&tool)
        .args(["15", "17", "pg_dumpall", "--before-compare"])
        .arg(&planted)
        .output()
        .context("migration-test");
    fs::remove_file(&planted)?;
    let result = result?;
    let said =
        String::from_utf8_lossy(&result.stdout).into_owned() + &String::from_utf8_lossy(&result.stderr);
    fs::write(context.log("migrate-planted"), &said)?;
    if result.status.code() != Some(1) || !said.contains("planted_difference") {
        bail!(
            "the planted difference was not found ({}): see target/e2e/logs/migrate-planted.log",
            result.status
        );
    }
    Ok(Outcome::Done(format!("15 to 17 with {}; a planted difference was found", METHODS.join(", "))))
}

/// Builds an app of the flake and gives its program.
fn tool(context: &Context, name: &str) -> Result<Option<String>> {
    let flake = context.flake();
    let apps = on_flake(
        context,
        &["eval", "--json", "--apply", "builtins.attrNames"],
        &[reference(&flake, "apps.x86_64-linux")],
    )
    .output()
    .context("nix eval")?;
    let names: Vec<String> = serde_json::from_slice(&apps.stdout).unwrap_or_default();
    if !names.iter().any(|known| known == name) {
        return Ok(None);
    }
    // Only `nix run` builds what a program is in.
    let mut run = on_flake(context, &["run"], &[reference(&flake, name)]);
    with_progress(context, run.args(["--", "--help"]), name)?;
    let attribute = format!("apps.x86_64-linux.{name}.program");
    output(&mut on_flake(context, &["eval", "--raw"], &[reference(&flake, &attribute)])).map(Some)
}

/// PostgreSQL refuses to run as root.
fn as_nobody(tool: &str) -> Command {
    let mut command = program("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", tool]);
    command.current_dir("/").env("HOME", std::env::temp_dir()).env("USER", "nobody");
    command
}
