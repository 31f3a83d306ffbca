//! `cargo xtask validators`: what CycloneDX's and SPDX's own projects validate documents with, in a place of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// CycloneDX's JSON schemas with what checks them, SPDX 2.3's parser, SPDX 3.0's model.
const PACKAGES: [&str; 3] =
    ["cyclonedx-python-lib[json-validation]==11.12.0", "spdx-tools==0.8.5", "spdx-python-model==0.0.6"];

/// Does it; gives what there is to say.
pub fn run() -> anyhow::Result<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/validators");
    let python = place.join("bin/python");
    if !python.exists() {
        ran(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    }
    ran(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES))?;
    Ok(format!("{}: {}", place.display(), PACKAGES.join(", ")))
}

fn ran(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("python3 cannot be started")?;
    ensure!(status.success(), "python3 ended with {status}");
    Ok(())
}
