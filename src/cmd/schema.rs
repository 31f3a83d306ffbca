//! `pgflakegen schema`.

use crate::catalogue;
use crate::cmd::{Context, Outcome};

/// Options of `schema`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which file's: flake, postgresql, pgrx or extension; without one, all in one object.
    #[arg(value_parser = ["flake", "postgresql", "pgrx", "extension"])]
    pub file: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let schemas = catalogue::schemas();
    let value = match &args.file {
        Some(file) => schemas.into_iter().find(|(name, _)| name == file).map(|(_, schema)| schema),
        None => Some(schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()),
    };
    writeln!(context.out, "{:#}", value.unwrap_or_default())?;
    Ok(Outcome::Clean)
}
