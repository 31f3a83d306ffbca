//! Builds PostgreSQL with its extensions, starts it, and compares what it says of itself with the catalogue.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::catalogue;
use super::command::{free_port, logged, output, program};
use super::{Context, Outcome, nix};

/// Builds `psql_NAME/bin`.
pub fn build(context: &Context, name: &str) -> Result<Outcome> {
    let attribute = format!("psql_{name}/bin");
    let paths = nix::build(context, &format!("build-{name}"), &context.flake(), &[attribute])?;
    Ok(Outcome::Done(paths.join(" ")))
}

/// Every version of every extension, side by side: each has a control file that says its version.
pub fn build_versions(context: &Context) -> Result<Outcome> {
    let catalogue = resolved(&context.flake())?;
    let mut wanted = Vec::new();
    for (extension, entry) in catalogue["extensions"].as_object().into_iter().flatten() {
        for (version, details) in entry["versions"].as_object().into_iter().flatten() {
            for name in details["postgresql"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let attribute =
                    details["attribute"].as_str().with_context(|| format!("{extension} {version}"))?;
                let sql_version = details["sql-version"].as_str().unwrap_or(version).to_owned();
                wanted.push((format!("psql_{name}/exts/{attribute}"), extension.clone(), sql_version));
            }
        }
    }
    let attributes: Vec<String> = wanted.iter().map(|(attribute, ..)| attribute.clone()).collect();
    nix::build(context, "versions", &context.flake(), &attributes)?;
    let paths = nix::out_paths(context, &context.flake())?;
    let mut wrong = Vec::new();
    for (attribute, extension, version) in &wanted {
        let path = paths.get(attribute).with_context(|| format!("the flake has no package {attribute}"))?;
        let names = catalogue["extensions"][extension]["sql"].as_array().into_iter().flatten();
        for sql in names.filter_map(Value::as_str) {
            let says = control_version(Path::new(path), sql);
            if says.as_ref() != Some(version) {
                wrong.push(format!("{attribute}: {sql}.control says {says:?}, the catalogue {version}"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(Outcome::Done(format!("{} versions, each with its own in the control file", wanted.len())))
}

fn control_version(path: &Path, sql: &str) -> Option<String> {
    let file = path.join(format!("share/postgresql/extension/{sql}.control"));
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.trim_start().starts_with("default_version"))?;
    let (_, value) = line.split_once('=')?;
    Some(value.trim().trim_matches('\'').to_owned())
}

/// What the generator made of the catalogue.
fn resolved(flake: &Path) -> Result<Value> {
    let path = flake.join("generated/catalogue.json");
    let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
}

/// Starts one of the test's PostgreSQLs.
pub fn run(context: &Context, name: &str) -> Result<Outcome> {
    run_from(context, &context.flake(), name)
}

/// A PostgreSQL is added to the catalogue, and to nothing else: it must build and run.
pub fn run_another(context: &Context) -> Result<Outcome> {
    let name = format!("{}_again", context.pair()?.older);
    let flake = context.state.join("flake-with-another");
    catalogue::generate_with_another(context, &flake, &name)?;
    run_from(context, &flake, &name)
}

/// Starts the result, creates every extension, and compares the versions.
fn run_from(context: &Context, flake: &Path, name: &str) -> Result<Outcome> {
    let catalogue = resolved(flake)?;
    let entry = &catalogue["postgresqls"][name];
    let installed = nix::build(context, &format!("build-{name}"), flake, &[format!("psql_{name}/bin")])?;
    let installed = installed.first().context("nothing was built")?;
    check_receipt(Path::new(installed), entry)?;

    let server = Server::start(context, Path::new(installed), entry)?;
    let mut expected = BTreeMap::new();
    for extension in entry["create"].as_array().into_iter().flatten() {
        let sql = extension["sql"].as_str().context("catalogue.json: create without sql")?;
        server.query(&format!("create extension if not exists \"{sql}\" cascade"))?;
        expected.insert(sql.to_owned(), extension["version"].as_str().map(str::to_owned));
    }
    let listed = server.query("select extname || ' ' || extversion from pg_extension order by 1")?;
    let found: BTreeMap<&str, &str> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
    let wrong: Vec<String> = expected
        .iter()
        .filter_map(|(sql, version)| match (found.get(sql.as_str()), version) {
            (None, _) => Some(format!("{sql} is not there")),
            (Some(found), Some(version)) if found != version => {
                Some(format!("{sql} is {found}, the catalogue says {version}"))
            }
            _ => None,
        })
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    if expected.contains_key("hello_pgrx") {
        let greeting = server.query("select hello_pgrx('world')")?;
        if greeting != "Hello, world" {
            bail!("hello_pgrx('world') is {greeting:?}");
        }
    }
    let settings = check_settings(&server, entry)?;
    let version = server.query("show server_version")?;
    let jit = if catalogue::Catalogue::read(&flake.join("catalogue"))?.has_jit(name) {
        check_jit(&server, Path::new(installed))?
    } else {
        String::new()
    };
    Ok(Outcome::Done(format!(
        "PostgreSQL {version}{jit}, {settings} settings known, {} extensions created: {}",
        found.len(),
        listed.replace('\n', ", ")
    )))
}

/// The settings that a catalogue is checked against.
const SETTINGS: &str = include_str!("../../../src/catalogue/postgresql-settings.txt");

/// Every setting of the server is one that the program knows for its major version.
fn check_settings(server: &Server<'_>, entry: &Value) -> Result<usize> {
    let major = entry["major"].as_u64().context("catalogue.json: no major")?;
    let known: BTreeMap<String, &str> = SETTINGS
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .map(|(name, majors)| (name.to_lowercase(), majors))
        .collect();
    let has = |name: &str| {
        let Some(majors) = known.get(&name.to_lowercase()) else { return false };
        let (from, to) = majors.split_once('-').unwrap_or_default();
        from.parse().unwrap_or(0) <= major && major <= to.parse().unwrap_or(u64::MAX)
    };
    let names = server.query("select name from pg_settings where name not like '%.%'")?;
    let unknown: Vec<&str> = names.lines().filter(|name| !has(name)).collect();
    if !unknown.is_empty() {
        bail!("postgresql-settings.txt lacks for {major}: {}", unknown.join(", "));
    }
    Ok(names.lines().count())
}

/// A query is compiled, and functions are inlined from their bitcode; extensions have some, too.
fn check_jit(server: &Server<'_>, installed: &Path) -> Result<String> {
    let plan = server.query(
        "set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0; \
         explain (analyze) select sum(i * 2) from generate_series(1, 1000) i",
    )?;
    if !plan.contains("JIT:") || !plan.contains("Inlining true") {
        bail!("the query is not compiled:\n{plan}");
    }
    let bitcode = fs::read_dir(installed.join("lib/bitcode")).context("lib/bitcode")?;
    let folders = bitcode.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir())).count();
    if folders < 2 {
        bail!("lib/bitcode has PostgreSQL's own, and none of an extension");
    }
    Ok(format!(" compiling its queries (bitcode of {folders} modules)"))
}

/// The receipt says which PostgreSQL it is.
fn check_receipt(installed: &Path, entry: &Value) -> Result<()> {
    let path = installed.join("receipt.json");
    let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let receipt: Value = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    if receipt["psql-version"] != entry["version"] {
        bail!("receipt.json says {}, the catalogue {}", receipt["psql-version"], entry["version"]);
    }
    Ok(())
}

/// A server on localhost with a data directory of its own; stopped and removed at the end.
struct Server<'a> {
    context: &'a Context,
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl<'a> Server<'a> {
    fn start(context: &'a Context, installed: &Path, entry: &Value) -> Result<Self> {
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("pgflakegen-e2e-{port}"));
        // It must be new: another's folder of that name is not to be touched.
        fs::create_dir(&folder).with_context(|| format!("{}", folder.display()))?;
        let server = Self { context, programs: installed.join("bin"), folder, port };
        // PostgreSQL refuses to run as root.
        output(program("chown").arg("nobody").arg(&server.folder))?;
        server.initialise(entry)?;
        let mut command = server.program("pg_ctl");
        command.args(["start", "--wait", "--silent", "--log"]).arg(server.folder.join("log"));
        command.arg("--pgdata").arg(server.data());
        logged(&mut command, &context.log("pg_ctl"), |_| ())
            .with_context(|| fs::read_to_string(server.folder.join("log")).unwrap_or_default())?;
        Ok(server)
    }

    fn initialise(&self, entry: &Value) -> Result<()> {
        let mut command = self.program("initdb");
        command.args(["--username=postgres", "--auth=trust", "--locale=C.UTF-8", "--no-sync", "--pgdata"]);
        logged(command.arg(self.data()), &self.context.log("initdb"), |_| ())?;
        let preload: Vec<&str> =
            entry["preload"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut settings = format!(
            "\nport = {}\nlisten_addresses = 'localhost'\nunix_socket_directories = '{}'\nfsync = off\nshared_preload_libraries = '{}'\n",
            self.port,
            self.folder.display(),
            preload.join(","),
        );
        for (key, value) in entry["settings"].as_object().into_iter().flatten() {
            // A setting that is a file of the catalogue belongs to extensions that are not built here.
            if let Some(value) = value.as_str() {
                settings.push_str(&format!("{key} = '{}'\n", value.replace('\'', "''")));
            }
        }
        let file = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        fs::write(&file, text + &settings).with_context(|| format!("{}", file.display()))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program of the built PostgreSQL, as the user nobody.
    fn program(&self, name: &str) -> Command {
        let mut command = program("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]);
        command.arg(self.programs.join(name)).current_dir("/").env("LC_ALL", "C.UTF-8");
        command
    }

    fn query(&self, sql: &str) -> Result<String> {
        let mut command = self.program("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command.args(["--host=localhost", "--username=postgres", "--dbname=postgres"]);
        command.arg(format!("--port={}", self.port)).arg("--command").arg(sql);
        Ok(output(&mut command).with_context(|| sql.to_owned())?.trim().to_owned())
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let stopped = self
            .program("pg_ctl")
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(self.data())
            .output();
        if stopped.is_ok_and(|stopped| stopped.status.success()) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
