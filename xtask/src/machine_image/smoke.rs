//! What a machine consists of, without one: units that systemd takes, the volume's program on disks of files, the disk
//! around a made-up root directory, the metadata service. Nothing is built, and neither Nix nor qemu are wanted.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::e2e::Context;
use crate::e2e::command::{Server, free_port, logged, oks, output, program};
use crate::repository::{cargo, pgflakegen};

/// Gives what there is to say.
pub fn run(context: &Context) -> Result<String> {
    super::install(context, super::DISKS)?;
    let place = context.root.join("target/machine-image/smoke");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    let units = place.join("machine/lib/systemd/system");
    fs::create_dir_all(&units).with_context(|| format!("{}", units.display()))?;
    let count = write_units(context, &units)?;
    let script = context.root.join("tests/e2e/machine-smoke.sh");
    let said =
        logged(program("bash").arg(script).arg(&context.root).arg(&place), &context.log("smoke"), |line| {
            context.note(line)
        })?;
    let cases = oks(&said);
    ensure!(cases > 0, "machine-smoke.sh has tried nothing");
    let metadata = metadata(context)?;
    Ok(format!("machine-image: {count} units, {cases} cases of volumes and disks; {metadata}"))
}

/// The units of the default PostgreSQL, evaluated by pgflakegen itself; programs of the store stand in for none, as nothing
/// is built.
fn write_units(context: &Context, folder: &std::path::Path) -> Result<usize> {
    let built = cargo().args(["build", "--quiet", "--package", "pgflakegen"]).status()?;
    ensure!(built.success(), "pgflakegen cannot be built");
    let fixture = format!("path:{}/tests/hostpkgs", context.root.display());
    let overlay = format!("{fixture}/rust-overlay");
    let mut command = Command::new(pgflakegen()?);
    command.current_dir(&context.root).stdin(Stdio::null());
    command.args(["eval", ".#legacyPackages.x86_64-linux.psql_15.machine.texts", "--raw"]);
    command.args(["--override-input", "nixpkgs", &fixture, "--override-input", "rust-overlay", &overlay]);
    let texts: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&output(&mut command)?).context("units")?;
    for (name, text) in &texts {
        fs::write(folder.join(name), text)?;
    }
    Ok(texts.len())
}

/// Version 2 of the metadata service: a token, and nothing without it.
fn metadata(context: &Context) -> Result<String> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("user-data"), "#cloud-config\n")?;
    fs::write(folder.path().join("instance-id"), "i-1")?;
    let port = free_port()?;
    let mut serve = program(std::env::current_exe()?);
    serve.arg("metadata").arg(folder.path()).arg("--listen").arg(port.to_string());
    let _server = Server::start(&mut serve, &context.log("metadata"), port)?;
    let ask = |words: &[&str], path: &str| {
        let address = format!("http://127.0.0.1:{port}/latest/{path}");
        output(program("curl").args(["--silent", "--write-out", " %{http_code}"]).args(words).arg(address))
    };
    ensure!(ask(&[], "user-data")?.trim() == "401", "user-data are there without a token");
    let ttl = ["--request", "PUT", "--header", "X-aws-ec2-metadata-token-ttl-seconds: 60"];
    let token = ask(&ttl, "api/token")?;
    let token = token.strip_suffix(" 200").context("no token")?;
    let said = ask(&["--header", &format!("X-aws-ec2-metadata-token: {token}")], "user-data")?;
    ensure!(said == "#cloud-config\n 200", "user-data are {said}");
    Ok("metadata with a token only".to_owned())
}
