//! pgflakegen: a declarative catalogue of PostgreSQL versions and extensions becomes a Nix flake.

pub mod diag;

pub mod nix;
pub mod store;

/// Runs the program with the process's own arguments and streams.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
