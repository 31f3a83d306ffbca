//! `cargo xtask bench`: CPU time and peak memory of whole processes on the same expressions, turn by turn, as medians
//! and ratios: ours beside C++ Nix's as docs/speed.md, or beside another build of ours.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::NamedTempFile;

use crate::e2e::command::output;
use crate::repository::{cargo, root};

/// Options of `bench`.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with nixpkgs, the same path for all programs.
    #[arg(long, value_name = "FOLDER")]
    nixpkgs: PathBuf,
    /// What that is, for readers: its release or commit.
    #[arg(long, value_name = "TEXT")]
    called: Option<String>,
    /// The Nix to compare with; a script around it will do.
    #[arg(long, value_name = "PROGRAM", default_value = "nix-instantiate")]
    nix: PathBuf,
    /// Compare with another pgflakegen, and write no page.
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// The pgflakegen to measure; else one is built as it is published.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// All packages, too: takes minutes and 3 GiB.
    #[arg(long)]
    large: bool,
    /// Where the page goes.
    #[arg(short, long, default_value = "docs/speed.md")]
    output: PathBuf,
}

/// Two programs that do the same.
struct Pair<'a> {
    ours: &'a Path,
    other: &'a Path,
    /// The other is C++ Nix.
    nix: bool,
    table: String,
}

/// What a run took.
struct Measure {
    /// Seconds.
    cpu: f64,
    /// Seconds.
    wall: f64,
    /// MiB.
    memory: f64,
    output: Vec<u8>,
}

/// Does it; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let nixpkgs = args.nixpkgs.canonicalize().context("there is no nixpkgs")?;
    let ours = match &args.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => published()?,
    };
    let other = args.against.as_deref().unwrap_or(&args.nix);
    let mut pair = Pair { ours: &ours, other, nix: args.against.is_none(), table: String::new() };
    pair.all(&nixpkgs.to_string_lossy(), args.large)?;
    ensure!(!pair.table.contains("DIFFERENT"), "not all results are equal:\n{}", pair.table);
    if args.against.is_some() {
        return Ok(pair.table);
    }
    let release =
        [".version", "lib/.version"].iter().find_map(|file| std::fs::read_to_string(nixpkgs.join(file)).ok());
    let called = args.called.clone().or(release).unwrap_or_default();
    let page = format!(
        "# Speed\n\n\
         Our evaluator beside C++ Nix, as whole processes on the same expressions: the medians of runs that took turns. \
         `cargo xtask bench --nixpkgs FOLDER` writes this page; its expressions are in `xtask/src/bench.rs` and \
         `benches/nixos`. Compare ratios; times are this machine's.\n\n\
         - nixpkgs: {}\n\
         - Nix: {}\n\
         - pgflakegen: {}, built as it is published\n\
         - machine: {}\n\n{}",
        called.trim(),
        version(&args.nix)?,
        version(&ours)?,
        processor(),
        pair.table
    );
    std::fs::write(root().join(&args.output), page)?;
    Ok(format!("{}\nbench: {} is written", pair.table, args.output.display()))
}

fn published() -> anyhow::Result<PathBuf> {
    let status = cargo().args(["build", "--profile", "dist", "--bin", "pgflakegen"]).status();
    ensure!(status.context("cargo cannot be started")?.success(), "pgflakegen cannot be built");
    Ok(root().join("target/dist/pgflakegen"))
}

impl Pair<'_> {
    fn all(&mut self, nixpkgs: &str, large: bool) -> anyhow::Result<()> {
        let pkgs = format!(
            "(import {nixpkgs} {{ config = {{ allowAliases = false; allowUnfree = true; allowBroken = true; \
             allowUnsupportedSystem = true; allowInsecurePredicate = _: true; }}; }})"
        );
        let (python, perl) = (format!("{pkgs}.python3Packages"), format!("{pkgs}.perlPackages"));
        let other = if self.nix { "Nix" } else { "the other" };
        writeln!(self.table, "| Ours / {other} | CPU, s | ratio | memory, MiB | ratio |")?;
        writeln!(self.table, "| --- | ---: | ---: | ---: | ---: |")?;
        self.compare("`1 + 1`", "1 + 1", 9)?;
        for name in ["hello", "postgresql", "firefox"] {
            self.compare(name, &format!("{pkgs}.{name}.drvPath"), 9)?;
        }
        let mut sets = vec![("lib*", &pkgs, "lib", 5), ("python3Packages", &python, "", 5)];
        if large {
            sets.push(("all packages", &pkgs, "", 3));
        }
        for (title, set, prefix, runs) in sets {
            let (count, names) = self.names(set, prefix)?;
            // What `drvs` calls is a function here.
            let expr = format!("let set = {set}; in map (name: set.${{name}}.drvPath or null) {names}");
            self.compare(&format!("{title} ({count})"), &expr, runs)?;
        }
        let (count, names) = self.names(&perl, "")?;
        let expr = format!("let set = {perl}; in map (name: set.${{name}}.meta.position or null) {names}");
        self.compare(&format!("positions of perlPackages ({count})"), &expr, 5)?;
        let machines =
            format!("(import {}/benches/nixos {{ nixpkgs = {nixpkgs}; }})", root().canonicalize()?.display());
        for name in ["small", "ssh", "web", "database", "mail", "containers", "desktop"] {
            self.compare(&format!("NixOS: {name}"), &format!("{machines}.machines.{name}"), 5)?;
        }
        self.compare("24 NixOS hosts in one value", &format!("{machines}.hosts"), 3)?;
        if self.nix {
            writeln!(self.table, "\n| Two threads / one | wall, s | ratio |\n| --- | ---: | ---: |")?;
            self.threads("python3Packages", &python, 5)?;
            if large {
                self.threads("all packages", &pkgs, 3)?;
            }
        }
        Ok(())
    }

    /// The derivations directly in `set` that evaluate, as a Nix list of their names.
    fn names(&self, set: &str, prefix: &str) -> anyhow::Result<(usize, String)> {
        let output = Command::new(self.ours).args(["drvs", "--json", "-E", set]).output()?;
        let mut names: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|job| job.get("drvPath").is_some())
            .filter_map(|job| match job.get("attrPath")?.as_array()?.as_slice() {
                [name] => Some(name.as_str()?.to_owned()),
                _ => None,
            })
            .filter(|name| name.starts_with(prefix))
            .collect();
        ensure!(!names.is_empty(), "{set} has no derivations: {}", String::from_utf8_lossy(&output.stderr));
        names.sort();
        let list: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        Ok((names.len(), format!("[ {} ]", list.join(" "))))
    }

    fn compare(&mut self, name: &str, expr: &str, runs: usize) -> anyhow::Result<()> {
        let input = NamedTempFile::new()?;
        std::fs::write(input.path(), expr)?;
        let own = ["eval", "--strict", "-f", "-"];
        let nix = ["--eval", "--readonly-mode", "--strict", "-"];
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        // Turn by turn, so that a busy machine is busy for both.
        for _ in 0..runs {
            mine.push(measure(self.ours, &own, input.path())?);
            theirs.push(measure(self.other, if self.nix { &nix } else { &own }, input.path())?);
        }
        let column = |pick: fn(&Measure) -> f64| {
            let (a, b) = (median(mine.iter().map(pick)), median(theirs.iter().map(pick)));
            format!("{a:.2} / {b:.2} | {:.2}", a / b)
        };
        let same = if mine[0].output == theirs[0].output { "" } else { " DIFFERENT" };
        let line = format!("| {name}{same} | {} | {} |", column(|m| m.cpu), column(|m| m.memory));
        eprintln!("{line}");
        writeln!(self.table, "{line}")?;
        Ok(())
    }

    fn threads(&mut self, name: &str, set: &str, runs: usize) -> anyhow::Result<()> {
        let nothing = Path::new("/dev/null");
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            one.push(measure(self.ours, &["drvs", "--threads", "1", "-E", set], nothing)?);
            two.push(measure(self.ours, &["drvs", "--threads", "2", "-E", set], nothing)?);
        }
        let (a, b) = (median(two.iter().map(|m| m.wall)), median(one.iter().map(|m| m.wall)));
        let same = if one[0].output == two[0].output { "" } else { " DIFFERENT" };
        writeln!(self.table, "| {name}{same} | {a:.2} / {b:.2} | {:.2} |", a / b)?;
        Ok(())
    }
}

/// Runs a program under GNU time.
fn measure(program: &Path, args: &[&str], input: &Path) -> anyhow::Result<Measure> {
    let report = NamedTempFile::new()?;
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M", "-o"])
        .arg(report.path())
        .arg(program)
        .args(args)
        .stdin(File::open(input)?)
        .output()
        .context("GNU time cannot be started")?;
    let text = std::fs::read_to_string(report.path())?;
    let numbers: Vec<f64> =
        text.lines().last().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    // `drvs` reports packages that do not evaluate with exit 1.
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() || args.first() == Some(&"drvs"), "{} failed: {said}", program.display());
    let [user, system, wall, memory] = numbers[..] else { anyhow::bail!("GNU time says {text}") };
    Ok(Measure { cpu: user + system, wall, memory: memory / 1024.0, output: output.stdout })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn version(program: &Path) -> anyhow::Result<String> {
    Ok(output(Command::new(program).arg("--version"))?.trim().to_owned())
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} processors, {}", model.map_or(std::env::consts::ARCH, |(_, model)| model))
}
