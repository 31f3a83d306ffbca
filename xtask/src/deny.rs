//! `cargo xtask deny`: cargo-deny with deny.toml, where it is installed.

use std::path::Path;
use std::process::{Command, ExitCode};

pub fn run() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let deny = || {
        let mut command = Command::new(&cargo);
        command.arg("deny").current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        command
    };
    let there = deny().arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        println!("ignored: cargo-deny is not installed (cargo install cargo-deny --locked)");
        return ExitCode::SUCCESS;
    }
    match deny().args(["check", "licenses", "bans", "sources"]).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cargo deny cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
