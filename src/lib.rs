//! pgflakegen: a declarative catalogue of PostgreSQL versions and extensions becomes a Nix flake.

pub mod cmd;
pub mod diag;
pub mod nix;
pub mod store;

use clap::Parser;

#[derive(clap::Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List every package: attribute, name, derivation, outputs
    Drvs(Box<cmd::drvs::DrvsArgs>),
    /// Evaluate Nix
    Eval(Box<cmd::eval::EvalArgs>),
}

/// Runs the program with the process's own arguments and streams.
pub fn run() -> std::process::ExitCode {
    let (out, err) = (&mut std::io::stdout(), &mut std::io::stderr());
    match Cli::parse().command {
        Command::Drvs(args) => cmd::drvs::run(&args, out, err),
        Command::Eval(args) => cmd::eval::run(&args, out, err),
    }
}
