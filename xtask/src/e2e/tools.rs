//! Runs the flake's own tools on what was built, as people would, but as a user who is not root.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::command::{logged, oks, output, program, refused};
use super::nix::{build, nix, on_flake, reference, with_progress};
use super::{Context, Outcome, catalogue, machine};

/// How many differences of tests/e2e/planted.sql the step `migrate` plants; all are for `cargo xtask upgrade`.
const SMOKE: usize = 4;

/// The line before each difference of that file begins so.
const PLANTED: &str = "-- planted: ";

/// How a database can get from one PostgreSQL to another.
pub const METHODS: &[&str] = &["pg_upgrade", "pg_dumpall", "logical"];

/// `nix run .#migration-test OLDER NEWER METHOD`, each method; a difference planted on purpose must be found. Each run
/// has servers of its own, so that several go at once.
pub fn migrate(context: &Context) -> Result<Outcome> {
    let Some(tool) = tool(context, "migration-test")? else {
        return Ok(Outcome::Skipped("the flake has no migration-test".to_owned()));
    };
    let pair = context.pair()?;
    let [older, newer] = pair.names();
    let by_method = |method: &'static str| {
        context.note(&format!("{older} to {newer} with {method}"));
        let log = context.log(method);
        logged(as_nobody(&tool).args([older, newer, method]), &log, |_| ()).map(drop)
    };
    let planted = || {
        context.note("a planted difference");
        let planted = "create table planted_difference (id int);\n\\connect \"my-app\"\ninsert into \"T 1\" values (99);\n";
        let (status, said) =
            with_sql(context, &tool, [older, newer], "--before-compare", "planted", planted)?;
        if status != Some(1)
            || !["planted_difference", "my-app.public.T 1", "+(99)"].iter().all(|text| said.contains(text))
        {
            bail!(
                "the planted differences were not found ({status:?}): see {}",
                context.log("planted").display()
            );
        }
        Ok(())
    };
    let each = || {
        context.note("one of each kind of difference, alone");
        let planted =
            fs::read_to_string(context.root.join("tests/e2e/planted.sql")).context("planted.sql")?;
        let end = planted.match_indices(PLANTED).nth(SMOKE).map_or(planted.len(), |(at, _)| at);
        let few = &planted[..end];
        let (status, said) = with_sql(context, &tool, [older, newer], "--plant", "planted-each", few)?;
        if status != Some(0) || !said.contains("planted differences found") {
            bail!("some are not found ({status:?}): see {}", context.log("planted-each").display());
        }
        Ok(())
    };
    let broken = || {
        context.note("an error is no difference");
        let sql = "select broken;\n";
        let (status, said) = with_sql(context, &tool, [older, newer], "--before-compare", "broken", sql)?;
        if status != Some(2) || !said.contains("\"broken\"") {
            bail!("an error ends with {status:?}: see {}", context.log("broken").display());
        }
        Ok(())
    };
    // The longest first.
    let mut runs: Vec<Box<dyn Fn() -> Result<()> + Sync + '_>> = vec![Box::new(each)];
    runs.extend(
        METHODS.iter().map(|method| Box::new(|| by_method(method)) as Box<dyn Fn() -> Result<()> + Sync>),
    );
    runs.extend([Box::new(planted) as Box<dyn Fn() -> Result<()> + Sync>, Box::new(broken)]);
    at_once(&runs)?;
    // tests/migrations/names.sql has a database that a shell would run.
    if Path::new("/tmp/pgflakegen-names-were-run").exists() {
        bail!("the name of a database was run");
    }
    Ok(Outcome::Done(format!(
        "{older} to {newer} with {}; a planted difference was found",
        METHODS.join(", ")
    )))
}

/// Runs all, as many at once as the machine has processors; gives every error.
fn at_once(runs: &[Box<dyn Fn() -> Result<()> + Sync + '_>]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let errors = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = run() {
                        errors.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{error:#}"));
                    }
                }
            });
        }
    });
    let errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !errors.is_empty() {
        bail!("{}", errors.join("; "));
    }
    Ok(())
}

/// A migration-test by dump with this SQL as the value of an option: its status, and all that it says.
fn with_sql(
    context: &Context,
    tool: &str,
    pair: [&str; 2],
    option: &str,
    what: &str,
    sql: &str,
) -> Result<(Option<i32>, String)> {
    let file = std::env::temp_dir().join(format!("pgflakegen-e2e-{what}-{}.sql", std::process::id()));
    fs::write(&file, sql)?;
    let result =
        as_nobody(tool).args(pair).args(["pg_dumpall", option]).arg(&file).output().context("migration-test");
    fs::remove_file(&file)?;
    let result = result?;
    let said =
        String::from_utf8_lossy(&result.stdout).into_owned() + &String::from_utf8_lossy(&result.stderr);
    fs::write(context.log(what), &said)?;
    Ok((result.status.code(), said))
}

/// start-server, start-client and start-replica, on the newer PostgreSQL with the older beside it.
pub fn serve(context: &Context) -> Result<Outcome> {
    let mut tools = Vec::new();
    for name in ["start-server", "start-client", "start-replica"] {
        match tool(context, name)? {
            Some(path) => tools.push(path),
            None => return Ok(Outcome::Skipped(format!("the flake has no {name}"))),
        }
    }
    let pair = context.pair()?;
    let copies = readable(&[&context.root.join("tests/e2e/servers.sh")])?;
    let script = copies.path().join("servers.sh");
    logged(
        as_nobody("bash").arg(script).args(&tools).args([&pair.newer, &pair.older]),
        &context.log("servers"),
        |_| (),
    )?;
    Ok(Outcome::Done("a server, its client and its replica; every mistake has its message".to_owned()))
}

/// What `[server]` of the catalogue says, the program `pg`, and other versions of extensions: Nix builds these for a user
/// who is not root, so that there is a daemon.
pub fn cluster(context: &Context) -> Result<Outcome> {
    let flake = context.state.join("flake-server");
    catalogue::generate_with_server(context, &flake)?;
    let mut tools = Vec::new();
    for name in ["pg", "start-server", "start-replica"] {
        tools.push(tool_of(context, &flake, name)?);
    }
    let pair = context.pair()?;
    let described: Value = serde_json::from_str(&fs::read_to_string(flake.join("generated/catalogue.json"))?)
        .context("catalogue.json")?;
    let extensions = described["postgresqls"][&pair.newer]["extensions"].as_object();
    let other = extensions.into_iter().flatten().find_map(|(extension, fit)| {
        let mut versions = fit["versions"].as_array()?.iter().filter_map(Value::as_str);
        let version = versions.rfind(|version| Some(*version) != fit["default"].as_str())?;
        let sql = described["extensions"][extension]["sql"].as_array()?.first()?.as_str()?;
        Some([extension.clone(), sql.to_owned(), version.to_owned()])
    });
    let other = other.context("no extension has two versions")?;
    let copies = readable(&[&context.root.join("tests/e2e/cluster.sh")])?;
    let socket = copies.path().join("nix.socket");
    let mut daemon = nix("nix-daemon");
    let mut daemon = daemon.env("NIX_DAEMON_SOCKET_PATH", &socket).spawn().context("nix-daemon")?;
    let mut command = as_nobody("bash");
    command.env("NIX_CONFIG", super::nix::CONFIG).env("NIX_REMOTE", format!("unix://{}", socket.display()));
    command.arg(copies.path().join("cluster.sh")).args(&tools).args([&pair.newer, &pair.older]).args(&other);
    let said = logged(&mut command, &context.log("cluster"), |_| ());
    daemon.kill().and_then(|()| daemon.wait()).context("nix-daemon")?;
    let said = said?;
    let count = said.lines().filter(|line| line.starts_with("== ")).count();
    Ok(Outcome::Done(format!("{count} parts: what [server] says, pg, {} {}", other[0], other[2])))
}

/// The image, without a Docker engine.
pub fn image(context: &Context) -> Result<Outcome> {
    let name = context.pair()?.older;
    let image = build(context, "docker", &context.flake(), &[format!("psql_{name}/docker")])?;
    logged(
        interruptible("bash").arg(context.root.join("tests/e2e/docker.sh")).args(&image).arg(&name),
        &context.log("docker-run"),
        |_| (),
    )?;
    let rows = output(
        interruptible("bash").arg(context.root.join("tests/e2e/image-rows.sh")).args(&image).arg(&name),
    )?;
    fs::write(context.log("image-rows"), &rows)?;
    let count = rows.lines().filter(|line| line.starts_with("== ")).count();
    Ok(Outcome::Done(format!(
        "configuration by value; interrupted starts; {count} rows of its table under podman"
    )))
}

/// The first PostgreSQL that finds extensions outside of its own directories.
const MOUNTS_EXTENSIONS: &str = "18";

/// What no image of an extension can have, from tests/e2e/cloudnative-pg/extra.nix, and what is said then.
const REFUSED: &[(&str, &str)] = &[
    ("made-up.with_data", "lib/with_data.so has /nix/store/"),
    (
        "made-up.with_dictionary",
        "share/postgresql/tsearch_data is looked for in the server's own directory only",
    ),
    (
        "made-up.with_file",
        "share/postgresql/extension/words.data is looked for in the server's own directory only",
    ),
    ("made-up.with_path", "these name files of the Nix store: share/extension/with_path.control"),
];

/// What CloudNativePG takes: a server's image, and images of extensions in it and in Debian's own PostgreSQL.
pub fn cloudnative_pg(context: &Context) -> Result<Outcome> {
    let name = MOUNTS_EXTENSIONS;
    let flake = context.state.join("flake-operator");
    if !catalogue::generate_for_operator(context, &flake, name)? {
        return Ok(Outcome::Skipped(format!("Debian's sources have no PostgreSQL {name}")));
    }
    let one = |attribute: &str| -> Result<String> {
        let paths = build(context, attribute, &flake, &[attribute.to_owned()])?;
        paths.into_iter().next().with_context(|| format!("{attribute} has no path"))
    };
    let ours = format!("psql_{name}.cloudnative-pg");
    let server = one(&format!("{ours}.server-with-barman"))?;
    one("made-up.compiled_in")?;
    let mut images = Vec::new();
    for extension in ["pgtap", "pgvector", "pgaudit"] {
        images.push(format!("{extension}={}", one(&format!("{ours}.extensions.{extension}"))?));
    }
    images.push(format!("greeting={}", one("made-up.greeting")?));
    let older = format!("psql_{}.cloudnative-pg.extensions.pgtap", context.pair()?.older);
    let reason = "looks for extensions in its own directories only";
    for (attribute, said) in REFUSED.iter().copied().chain([(older.as_str(), reason)]) {
        let mut command = on_flake(context, &["build", "--no-link", "-L"], &[reference(&flake, attribute)]);
        refused(&mut command, &context.log(attribute), &[said])?;
    }
    let mut command = interruptible("bash");
    command.arg(context.root.join("tests/e2e/cloudnative-pg.sh")).args([machine::UNSTABLE, name]);
    command.arg(context.root.join("tests/smoke")).arg(server).args(&images);
    logged(&mut command, &context.log("cloudnative-pg"), |_| ())?;
    Ok(Outcome::Done(format!(
        "PostgreSQL {name} as user 26; {} images of extensions in it and in Debian's; {} are refused",
        images.len(),
        REFUSED.len() + 1
    )))
}

/// A script of tests/e2e as nobody, which gets a copy of each of these files or folders, then the arguments; gives how
/// many cases it has tried.
pub fn cases(
    context: &Context,
    name: &str,
    beside: &[&Path],
    arguments: &[impl AsRef<OsStr>],
) -> Result<usize> {
    let script = context.root.join("tests/e2e").join(name).with_extension("sh");
    let files: Vec<&Path> = [script.as_path()].into_iter().chain(beside.iter().copied()).collect();
    let copies = readable(&files)?;
    let mut command = as_nobody("bash");
    command.args(files.iter().filter_map(|file| file.file_name()).map(|name| copies.path().join(name)));
    Ok(oks(&logged(command.args(arguments), &context.log(name), |_| ())?))
}

/// Extensions that are broken on purpose: the checks must say so.
pub fn broken_extensions(context: &Context) -> Result<Outcome> {
    let mut builds = Vec::new();
    for name in context.pair()?.names() {
        let attribute = format!("psql_{name}/bin");
        builds.extend(build(context, &format!("build-{name}"), &context.flake(), &[attribute])?);
    }
    let generated = context.flake().join("generated");
    let count = cases(context, "broken-extensions", &[&generated.join("checks/extension.sql")], &builds)?;
    context.note("updates");
    let updates = cases(context, "broken-updates", &[&generated], builds.get(..1).unwrap_or_default())?;
    Ok(Outcome::Done(format!(
        "{} broken extensions and {updates} of their updates: each fault is found",
        count.saturating_sub(1)
    )))
}

/// All extensions that the archive has in several versions, in one server; then made-up ones with planted faults.
pub fn side_by_side(context: &Context) -> Result<Outcome> {
    let flake = context.state.join("flake-side-by-side");
    catalogue::generate_side_by_side(context, &flake)?;
    let names = names(context, &flake, "checks.x86_64-linux")?;
    let pairs: Vec<String> = names.into_iter().filter(|name| name.contains("-side-by-side-")).collect();
    if pairs.is_empty() {
        bail!("no extension has two versions: there is nothing to test");
    }
    let attributes: Vec<String> = pairs.iter().map(|name| format!("checks.x86_64-linux.{name}")).collect();
    build(context, "checks", &flake, &attributes)?;

    let name = context.pair()?.older;
    let servers = build(context, "side-by-side-server", &flake, &[format!("psql_{name}/bin")])?;
    let [server] = servers.as_slice() else { bail!("psql_{name}/bin has {} paths", servers.len()) };
    let receipt: Value = serde_json::from_str(&fs::read_to_string(Path::new(server).join("receipt.json"))?)
        .context("receipt.json")?;
    let sizes: Vec<String> = receipt["side-by-side"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| format!("{} {} bytes", entry["name"], entry["added-bytes"]))
        .collect();
    context.note(&format!("PostgreSQL {name} has besides its defaults: {}", sizes.join(", ")));

    let plain = build(context, "build-side-by-side", &context.flake(), &[format!("psql_{name}/bin")])?;
    let count = cases(context, "side-by-side", &[&flake.join("generated")], &plain)?;
    let pairs: Vec<&str> = pairs.iter().map(|name| name.trim_start_matches("psql_")).collect();
    Ok(Outcome::Done(format!("{}; {count} made-up cases", pairs.join(", "))))
}

/// The closure for images is smaller than the whole one.
pub fn slim(context: &Context) -> Result<Outcome> {
    let mut sizes = Vec::new();
    // One at a time: Nix gives the paths of several in an order of its own.
    let name = context.pair()?.older;
    for attribute in [format!("psql_{name}/bin"), format!("psql_{name}/slim")] {
        let paths = build(context, "slim", &context.flake(), std::slice::from_ref(&attribute))?;
        let [path] = paths.as_slice() else { bail!("{attribute} has {} paths", paths.len()) };
        let text = output(nix("nix").args(["path-info", "--closure-size", path]))?;
        let size = text.split_whitespace().last().and_then(|word| word.parse::<u64>().ok());
        sizes.push(size.with_context(|| format!("nix path-info said: {text}"))?);
    }
    let [whole, slim] = sizes[..] else { bail!("two sizes") };
    if slim >= whole {
        bail!("the closures of bin and slim have {whole} and {slim} bytes");
    }
    context.note("a limit to it");
    let check = format!("checks.x86_64-linux.psql_{name}-slim-closure");
    let flake = context.state.join("flake-limited");
    catalogue::generate_with_size_limit(context, &flake, "1M")?;
    let mut build =
        on_flake(context, &["build", "--no-link", "--print-build-logs"], &[reference(&flake, &check)]);
    refused(&mut build, &context.log("limit"), &["and size-limit in catalogue/flake.toml allows 1 MiB"])?;
    catalogue::generate_with_size_limit(context, &flake, "4G")?;
    super::nix::build(context, "limit-kept", &flake, &[check])?;
    Ok(Outcome::Done(format!(
        "{} KiB instead of {} KiB; a limit of 1 MiB fails its check",
        slim / 1024,
        whole / 1024
    )))
}

/// Builds an app of the flake and gives its program.
pub fn tool(context: &Context, name: &str) -> Result<Option<String>> {
    let flake = context.flake();
    let names = names(context, &flake, "apps.x86_64-linux").unwrap_or_default();
    if !names.iter().any(|known| known == name) {
        return Ok(None);
    }
    tool_of(context, &flake, name).map(Some)
}

/// The same of another flake.
pub fn tool_of(context: &Context, flake: &Path, name: &str) -> Result<String> {
    // Only `nix run` builds what a program is in.
    let mut run = on_flake(context, &["run"], &[reference(flake, name)]);
    with_progress(context, run.args(["--", "--help"]), name)?;
    let attribute = format!("apps.x86_64-linux.{name}.program");
    output(&mut on_flake(context, &["eval", "--raw"], &[reference(flake, &attribute)]))
}

/// The names of a set of a flake.
fn names(context: &Context, flake: &Path, attribute: &str) -> Result<Vec<String>> {
    let words = ["eval", "--json", "--apply", "builtins.attrNames"];
    let names = output(&mut on_flake(context, &words, &[reference(flake, attribute)]))?;
    serde_json::from_str(&names).with_context(|| format!("names of {attribute}"))
}

/// Copies of files and folders for others to read: the repository may be where only its owner can.
pub fn readable(paths: &[&Path]) -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("pgflakegen-e2e-").tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    output(program("cp").arg("--recursive").args(paths).arg(folder.path()))?;
    Ok(folder)
}

/// PostgreSQL refuses to run as root.
pub fn as_nobody(tool: &str) -> Command {
    let mut command = interruptible("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", tool]);
    command.current_dir("/").env("HOME", std::env::temp_dir()).env("USER", "nobody");
    command
}

/// A program that Ctrl-C ends. Whatever runs this test in the background ignores it, and so would the program.
pub fn interruptible(name: &str) -> Command {
    let mut command = program("env");
    command.args(["--default-signal=HUP,INT,QUIT", name]);
    command
}
