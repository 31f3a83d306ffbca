//! `cargo xtask deny`: cargo-deny with deny.toml, where it is installed.

use std::process::ExitCode;

use crate::repository::{cargo, cargo_has};

pub fn run() -> ExitCode {
    if !cargo_has("deny") {
        println!("ignored: cargo-deny is not installed (cargo install cargo-deny --locked)");
        return ExitCode::SUCCESS;
    }
    match cargo().args(["deny", "check", "licenses", "bans", "sources"]).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cargo deny cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
