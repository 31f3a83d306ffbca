//! `cargo xtask browser`: the explorer's pages in a real browser, Debian's Chromium, driven by tests/browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::e2e::command::{output, program};
use crate::e2e::{self, apt};
use crate::repository::{cargo, pgflakegen};

/// What can be chosen on the command line.
#[derive(clap::Args)]
pub struct Args {
    /// Only what would break first: a minute.
    #[arg(long)]
    smoke: bool,
    /// Only tests whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Make the pictures of docs/explorer.md anew.
    #[arg(long)]
    screenshots: bool,
}

/// Programs with the packages of Debian that have them.
const PROGRAMS: &[(&str, &[&str])] =
    &[("chromium", &["chromium", "fonts-dejavu-core"]), ("node", &["nodejs"]), ("npm", &["npm"])];
/// The oldest Node that the driver runs on.
const NODE: u32 = 18;

/// Installs what is missing, makes pages and drives the browser through them; gives what there is to say.
pub fn run(args: &Args) -> Result<String> {
    let context = e2e::context("browser")?;
    let root = &context.root;
    install(&context)?;
    let modules = modules(root)?;
    let built = cargo().args(["build", "--quiet", "--package", "pgflakegen"]).status()?;
    ensure!(built.success(), "pgflakegen cannot be built");
    let mut driver = Command::new("node");
    driver.current_dir(root).arg(root.join("tests/browser/run.mjs"));
    driver.arg("--program").arg(pgflakegen()?).arg("--root").arg(root).arg("--modules").arg(&modules);
    driver.arg("--work").arg(modules.join("pages")).arg("--chromium").arg(chromium()?);
    if args.smoke {
        driver.arg("--smoke");
    }
    if let Some(only) = &args.only {
        driver.args(["--only", only]);
    }
    if args.screenshots {
        driver.arg("--screenshots").arg(root.join("docs/explorer"));
    }
    ensure!(driver.status().context("node cannot be started")?.success(), "the explorer fails in a browser");
    if args.screenshots && found("pngquant").is_some() {
        shrink(&root.join("docs/explorer"))?;
    }
    Ok("browser: the explorer works".to_owned())
}

/// Pictures with fewer colours, which nobody sees.
fn shrink(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "png") {
            output(program("pngquant").args(["--force", "--ext", ".png", "--strip", "64"]).arg(path))?;
        }
    }
    Ok(())
}

/// The path of a program, if it is installed.
fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Debian's is a script that starts the program with settings of the system's.
fn chromium() -> Result<PathBuf> {
    let whole = Path::new("/usr/lib/chromium/chromium");
    if whole.is_file() { Ok(whole.to_owned()) } else { found("chromium").context("there is no chromium") }
}

/// Installs the packages of what is missing.
fn install(context: &e2e::Context) -> Result<()> {
    let missing = PROGRAMS.iter().filter(|(name, _)| found(name).is_none());
    let missing: Vec<&str> = missing.flat_map(|(_, packages)| packages.iter().copied()).collect();
    if !missing.is_empty() {
        ensure!(
            output(program("id").arg("-u"))?.trim() == "0",
            "{} must be installed, which takes root",
            missing.join(" ")
        );
        context.note(&format!("installing {}", missing.join(" ")));
        apt::get(context, &["update"], "apt-update-browser")?;
        let mut words = vec!["install", "--yes", "--no-install-recommends"];
        words.extend(&missing);
        apt::get(context, &words, "apt-install-browser")?;
    }
    let version = output(program("node").arg("--version"))?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        bail!("node is {}; the driver wants {NODE} or newer", version.trim());
    }
    Ok(())
}

/// The packages that tests/browser pins, in a folder of target/; installed once for each state of the pins.
fn modules(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/browser");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut same = folder.join("node_modules").is_dir();
    for name in ["package.json", "package-lock.json"] {
        let pinned = fs::read(root.join("tests/browser").join(name))
            .with_context(|| format!("tests/browser/{name}"))?;
        if fs::read(folder.join(name)).ok().as_ref() != Some(&pinned) {
            fs::write(folder.join(name), pinned)?;
            same = false;
        }
    }
    if !same {
        let mut npm = program("npm");
        npm.current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        output(&mut npm)?;
    }
    Ok(folder)
}
