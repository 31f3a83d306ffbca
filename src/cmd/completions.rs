//! `pgflakegen completions`.

use crate::cmd::{Context, Outcome};

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
pub fn run(args: &Args, mut command: clap::Command, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "pgflakegen", &mut script);
    context.out.data(&script)?;
    Ok(Outcome::Clean)
}
