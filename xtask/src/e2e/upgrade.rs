//! What is too long for the end-to-end test: all planted differences, and a data directory with what extensions keep, as
//! every newer major of the archive by each method.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::command::{logged, oks, output, program};
use super::nix::build;
use super::tools::{self, METHODS, as_nobody, interruptible, readable};
use super::{Context, Outcome, catalogue};

/// The method with which pairs are planted, too.
const PAIRED: &str = "pg_dumpall";
/// So many extensions the data directory has at least.
const EXTENSIONS: usize = 50;
/// The superuser of the data directory: a name that has to be quoted everywhere.
const SUPERUSER: &str = "owner of; all ä";
/// A filesystem whose files can share blocks is made in a file of this size, where the machine's own cannot.
const SHARING: u64 = 3 << 30;

/// What can be chosen on the command line.
#[derive(clap::Args)]
pub struct Args {
    /// Only upgrade a data directory with what extensions keep, by each method, to every newer major.
    #[arg(long, conflicts_with = "planted")]
    own_data: bool,
    /// Only plant the differences.
    #[arg(long)]
    planted: bool,
    /// Only plant a difference in each column of each system catalog.
    #[arg(long, conflicts_with_all = ["own_data", "planted"])]
    columns: bool,
}

/// All of them, unless one is chosen.
pub fn run(args: &Args) -> Result<String> {
    let context = super::context("upgrade")?;
    let all = !(args.own_data || args.planted || args.columns);
    let mut said = Vec::new();
    if all || args.planted {
        said.push(planted(&context)?);
    }
    if all || args.columns {
        said.push(columns(&context)?);
    }
    if all || args.own_data {
        said.push(own_data(&context)?);
    }
    Ok(format!("upgrade: {}", said.join("; ")))
}

/// Every difference of tests/e2e/planted.sql, alone, on either side and with each method that keeps both; with one of them
/// also each with the next, which is another planting and no other way: minutes each.
fn planted(context: &Context) -> Result<String> {
    let Some(tool) = tools::tool(context, "migration-test")? else {
        bail!("the flake has no migration-test")
    };
    let pair = context.pair()?;
    let copies = readable(&[&context.root.join("tests/e2e/planted.sql")])?;
    let place = for_everybody()?;
    let mut runs = 0;
    for method in METHODS {
        for side in ["new", "old"] {
            let log = context.log(&format!("{method}-{side}"));
            let mut command = as_nobody(&tool);
            command.args(pair.names()).args([method, "--side", side, "--plant"]);
            command.arg(copies.path().join("planted.sql")).arg("--directory").arg(place.path());
            if *method == PAIRED {
                command.args(["--pairs", "1"]);
            }
            let said = logged(&mut command, &log, |_| ())?;
            context.note(&format!("{side}: {}", said.lines().last().unwrap_or_default()));
            runs += 1;
        }
    }
    Ok(format!("{runs} runs, everything that is planted is found"))
}

/// tests/e2e/columns.sql has the upgraded cluster write a difference for each column of each system catalog: all must be
/// found.
fn columns(context: &Context) -> Result<String> {
    let Some(tool) = tools::tool(context, "migration-test")? else {
        bail!("the flake has no migration-test")
    };
    let pair = context.pair()?;
    let place = for_everybody()?;
    let (generator, plants) = (place.path().join("columns.sql"), place.path().join("plants.sql"));
    let commands = fs::read_to_string(context.root.join("tests/e2e/columns.sql"))?;
    fs::write(&generator, format!("\\o {}\n{commands}", plants.display()))?;
    // In one run, as another would give its things other numbers. It is written by then, by another user.
    File::create(&plants)?;
    fs::set_permissions(&plants, Permissions::from_mode(0o666))?;
    let mut command = as_nobody(&tool);
    command.args(pair.names()).args([PAIRED, "--directory"]).arg(place.path());
    command.arg("--before-compare").arg(&generator).arg("--plant").arg(&plants);
    let said = logged(&mut command, &context.log("columns"), |_| ());
    fs::copy(&plants, context.logs().join("columns.sql"))?;
    let said = said?;
    Ok(format!("in columns of the catalogs, {}", said.lines().last().unwrap_or_default()))
}

/// The real server makes a data directory with what extensions keep. It becomes every newer major of the archive by each
/// method, stays as it is, and nothing differs.
fn own_data(context: &Context) -> Result<String> {
    let flake = context.state.join("flake-upgrade");
    let names = catalogue::generate_all_majors(context, &flake)?;
    let mut builds = Vec::new();
    for name in &names {
        builds.extend(build(context, &format!("build-{name}"), &flake, &[format!("psql_{name}/bin")])?);
    }
    let (older, newer) = names.split_first().context("no PostgreSQL")?;
    let tool = tools::tool_of(context, &flake, "migration-test")?;

    let tests = context.root.join("tests");
    let copies = readable(&[
        &tests.join("e2e/own-data.sh"),
        &tests.join("e2e/own-data.sql"),
        &tests.join("e2e/planted.sql"),
        &tests.join("migrations"),
    ])?;
    let place = for_everybody()?;
    let data = place.path().join("data");
    let mut command = as_nobody("bash");
    command.arg(copies.path().join("own-data.sh")).arg(&data).arg(SUPERUSER).arg(copies.path()).args(&builds);
    let said = logged(&mut command, &context.log("own-data"), |_| ())?;
    context.note(said.trim());
    let count = said.split_whitespace().next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
    if count < EXTENSIONS {
        bail!("the data directory has {count} extensions, and should have {EXTENSIONS}");
    }
    let before = content(&data)?;

    let shares = Sharing::make();
    if let Err(why) = &shares {
        context.note(&format!("clone is not tried: {why:#}"));
    }
    let mut table = String::from(
        "| from | to | method | seconds | of them nobody can write | MiB of disk | compared | different | not carried |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let mut runs = 0;
    // Between the newer ones the test data go.
    let later =
        newer.iter().enumerate().flat_map(|(at, old)| newer[at + 1..].iter().map(move |new| (old, new)));
    let pairs = newer.iter().map(|new| (older, new, true)).chain(later.map(|(old, new)| (old, new, false)));
    for (old, new, own) in pairs {
        let has_swap = new.parse::<u32>().is_ok_and(|major| major >= 18);
        for method in ["pg_upgrade", "link", "clone", "swap", "pg_dumpall", "logical"] {
            let directory = match (method, &shares) {
                ("swap", _) if !has_swap => continue,
                ("clone", Err(_)) => continue,
                ("clone", Ok(shares)) => shares.mounted.path(),
                _ => place.path(),
            };
            let name = format!("{old}-{new}-{method}");
            let report = place.path().join(format!("{name}.json"));
            let mut command = as_nobody(&tool);
            command.args([old, new, method, "--directory"]).arg(directory).arg("--report").arg(&report);
            command.arg("--report").arg(report.with_extension("html"));
            if own {
                command.args(["--user", SUPERUSER, "--data"]).arg(&data);
            }
            logged(&mut command, &context.log(&name), |_| ())?;
            let line = line_of(&report)?;
            let html = fs::read_to_string(report.with_extension("html"))?;
            if html.contains("<script") || own && !html.contains("&lt;script&gt;") {
                bail!("{name}.html: names are not text");
            }
            context.note(&format!("{old} to {new}, {method}: {line}"));
            writeln!(table, "| {old} | {new} | {method} | {line} |")?;
            for extension in ["json", "html"] {
                let from = report.with_extension(extension);
                fs::copy(from, context.logs().join(format!("{name}.{extension}")))?;
            }
            runs += 1;
        }
    }
    if content(&data)? != before {
        bail!("the data directory is not what it was");
    }
    let to = context.logs().join("own-data.md");
    fs::write(&to, &table)?;
    let (Some(new), [old_build, .., new_build]) = (newer.last(), builds.as_slice()) else {
        bail!("no newer PostgreSQL")
    };
    // Other clusters, dumps and servers are taken, and what is none of these is refused.
    let at = place.path().join("own-sources").display().to_string();
    let count_of = tools::cases(context, "own-sources", &[], &[&at, &tool, older, new, old_build])?;
    context.note(&format!("{count_of} kinds of --data, or of what it refuses"));
    // Each alone in a new cluster, with what the database itself then says of it.
    let at = place.path().join("obstacles").display().to_string();
    let obstacles = tests.join("e2e/obstacles.sql");
    let words = [&at, &tool, older, new, old_build, new_build];
    let count_of = tools::cases(context, "obstacles", &[&obstacles], &words)?;
    context.note(&format!("{count_of} obstacles are said, and PostgreSQL stops at each"));
    Ok(format!(
        "a data directory of {older} with {count} extensions became {}; {runs} runs, nothing differs: {}",
        newer.join(" and "),
        to.display()
    ))
}

/// `nix run .#upgrade`: a data directory becomes one of the newer PostgreSQL and is back again; killed, it loses nothing.
pub fn for_real(context: &Context) -> Result<Outcome> {
    let mut words = Vec::new();
    for name in ["upgrade", "start-server"] {
        words.push(tools::tool_of(context, &context.flake(), name)?);
    }
    let pair = context.pair()?;
    words.extend(pair.names().map(str::to_owned));
    for name in pair.names() {
        let attribute = format!("psql_{name}/bin");
        words.extend(build(context, &format!("build-{name}"), &context.flake(), &[attribute])?);
    }
    let copies = readable(&[&context.root.join("tests/e2e/upgrade-for-real.sh")])?;
    let place = for_everybody()?;
    let mut command = interruptible("bash");
    command.current_dir("/").env("HOME", std::env::temp_dir());
    command.arg(copies.path().join("upgrade-for-real.sh")).args(&words).arg(place.path());
    let count = oks(&logged(&mut command, &context.log("upgrade-for-real"), |_| ())?);
    let [older, newer] = pair.names();
    Ok(Outcome::Done(format!("{older} to {newer} and back; {count} parts, no row is lost")))
}

/// A row of the table from a report, which must say that nothing differs.
fn line_of(report: &Path) -> Result<String> {
    let text = fs::read_to_string(report).with_context(|| format!("{}", report.display()))?;
    let report: Value = serde_json::from_str(&text).context("the report")?;
    if report["verdict"] != "same" {
        bail!("the report says {}", report["verdict"]);
    }
    let measured = &report["measured"];
    let seconds = |key: &str| measured[key].as_f64().with_context(|| format!("{key} was not measured"));
    let mebibytes = measured["disk-bytes"].as_i64().context("disk-bytes was not measured")? / 1024 / 1024;
    let count = |key: &str| report[key].as_array().map(Vec::len).with_context(|| format!("no {key}"));
    Ok(format!(
        "{:.1} | {:.1} | {mebibytes} | {} | {} | {}",
        seconds("seconds")?,
        seconds("seconds-without-writing")?,
        count("compared")?,
        count("different")?,
        count("not-carried")?
    ))
}

/// A folder that every user can write to.
fn for_everybody() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("pgflakegen-upgrade-").tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    Ok(folder)
}

/// Names, times and content of all files below a folder.
fn content(folder: &Path) -> Result<String> {
    let mut find = program("find");
    find.current_dir(folder).args([".", "-printf", "%p %T@ %m %u\n"]);
    let mut sums = program("bash");
    sums.current_dir(folder)
        .args(["-c", "find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum"]);
    let mut names: Vec<String> = output(&mut find)?.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names.join("\n") + &output(&mut sums)?)
}

/// A filesystem in a file, whose files can share blocks; it goes with the value.
struct Sharing {
    mounted: TempDir,
    image: PathBuf,
}

impl Sharing {
    fn make() -> Result<Self> {
        let image = std::env::temp_dir().join(format!("pgflakegen-sharing-{}", std::process::id()));
        let made = File::create(&image).and_then(|file| file.set_len(SHARING)).context("an image");
        let shares = Self { mounted: for_everybody()?, image };
        made?;
        output(program("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(&shares.image))
            .context("mkfs.xfs makes no filesystem (Debian's package xfsprogs)")?;
        output(program("mount").args(["-o", "loop"]).arg(&shares.image).arg(shares.mounted.path()))
            .context("it cannot be mounted")?;
        fs::set_permissions(shares.mounted.path(), Permissions::from_mode(0o777))?;
        Ok(shares)
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        // One that was not mounted is no concern.
        let _ = output(program("umount").arg(self.mounted.path()));
        let _ = fs::remove_file(&self.image);
    }
}
