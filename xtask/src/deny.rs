//! `cargo xtask deny`: cargo-deny with deny.toml, where it is installed.

use std::process::ExitCode;

use crate::repository::cargo;

pub fn run() -> ExitCode {
    let deny = || {
        let mut command = cargo();
        command.arg("deny");
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
