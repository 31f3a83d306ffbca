//! `pgflakegen completions`.

use clap::CommandFactory as _;

use crate::cli::{Cli, Context, Outcome};

/// Options of `completions`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell to complete in.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Runs it.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pgflakegen", &mut script);
    context.out.write_all(&script)?;
    Ok(Outcome::Clean)
}
