//! `cargo xtask bench`: the evaluator beside C++ Nix on a nixpkgs of one's own, as docs/speed.md.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::repository::{cargo, root};

/// Options of `bench`.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with nixpkgs.
    #[arg(long, value_name = "FOLDER")]
    nixpkgs: PathBuf,
    /// What that is, for readers: its release or commit.
    #[arg(long, value_name = "TEXT")]
    called: Option<String>,
    /// The Nix to compare with.
    #[arg(long, value_name = "PROGRAM", default_value = "nix-instantiate")]
    nix: PathBuf,
    /// All packages, too: takes minutes and 3 GiB.
    #[arg(long)]
    large: bool,
    /// Where the page goes.
    #[arg(short, long, default_value = "docs/speed.md")]
    output: PathBuf,
}

/// Does it; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let nixpkgs = args.nixpkgs.canonicalize().context("there is no nixpkgs")?;
    let mut command = cargo();
    command.args(["bench", "--quiet", "--bench", "vs_nix"]);
    command.env("PGFLAKEGEN_NIX", &args.nix).env("PGFLAKEGEN_NIXPKGS", &nixpkgs);
    if args.large {
        command.env("PGFLAKEGEN_BENCH_LARGE", "1");
    }
    let output =
        command.stderr(std::process::Stdio::inherit()).output().context("cargo cannot be started")?;
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success() && table.contains("| ---"), "the benchmark failed: {table}");
    let release = std::fs::read_to_string(nixpkgs.join(".version"))
        .or_else(|_| std::fs::read_to_string(nixpkgs.join("lib/.version")))
        .unwrap_or_default();
    let called = args.called.clone().unwrap_or_else(|| release.trim().to_owned());
    let page = format!(
        "# Speed\n\n\
         Our evaluator beside C++ Nix, as whole processes on the same expressions: the medians of runs that took turns. \
         `cargo xtask bench --nixpkgs FOLDER` writes this page; the expressions are in `benches/vs_nix.rs` and \
         `benches/nixos`. Compare ratios; times are this machine's.\n\n\
         - nixpkgs: {called}\n\
         - Nix: {}\n\
         - pgflakegen: {}, built with the profile that is published (`dist`)\n\
         - machine: {}\n\n{}\n",
        said(&args.nix, &["--version"])?,
        said(&PathBuf::from("git"), &["describe", "--always", "--tags", "--dirty"])?,
        processor(),
        table.trim()
    );
    std::fs::write(root().join(&args.output), page)?;
    ensure!(!table.contains("DIFFERENT") && !table.contains("failed"), "not all results are equal: {table}");
    Ok(format!("bench: {} is written", args.output.display()))
}

fn said(program: &PathBuf, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(args).current_dir(root()).output();
    let output = output.with_context(|| format!("{} cannot be started", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} processors of {}", model.map_or(std::env::consts::ARCH, |(_, model)| model))
}
