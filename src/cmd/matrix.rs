//! `pgflakegen matrix`.

use crate::cmd::host::Host;
use crate::cmd::{Context, Outcome};
use crate::ops;
use crate::report;

/// Options of `matrix`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,

    /// Print every version, not only the default one and how many there are besides.
    #[arg(long, short)]
    pub all: bool,
}

/// Runs it.
///
/// # Errors
/// When the catalogue cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let catalogue = ops::usable(&super::root(context.root.as_deref())?, &Host::new(context))?;
    let matrix = report::matrix(&catalogue);
    if args.json {
        context.json(&matrix.json())?;
    } else {
        context.out.write_all(matrix.text(args.all).as_bytes())?;
    }
    Ok(Outcome::Clean)
}
