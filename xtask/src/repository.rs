//! Where the repository is, the cargo that runs this, and what it has built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// The repository.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Cargo, in the repository.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Whether cargo has a command of that name.
pub fn cargo_has(command: &str) -> bool {
    let said = cargo().args([command, "--version"]).output();
    said.is_ok_and(|output| output.status.success())
}

/// pgflakegen, which cargo puts beside this program, wherever it was told to build.
pub fn pgflakegen() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe().context("this program has no path")?.with_file_name("pgflakegen"))
}
