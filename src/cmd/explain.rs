//! `pgflakegen explain`.

use crate::cmd::{Context, Outcome};
use crate::diag::{Code, Severity, nearest};
use crate::rules::page;

/// Options of `explain`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The code, such as PGF104; without one, all codes are listed.
    pub code: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When there is no such code.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let Some(id) = &args.code else {
        for code in Code::ALL {
            writeln!(context.out, "{}  {}", code.id(), code.summary())?;
        }
        return Ok(Outcome::Clean);
    };
    let Some(code) = Code::from_id(id) else {
        let hint = nearest(&id.to_uppercase(), Code::ALL.iter().map(|code| code.id()));
        let hint = hint.map_or(";".to_owned(), |hint| format!("; did you mean {hint}?"));
        anyhow::bail!("there is no code {id}{hint} `pgflakegen explain` lists all codes");
    };
    let severity = match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    };
    write!(context.out, "{} ({severity}): {}\n\n{}", code.id(), code.summary(), page(code))?;
    Ok(Outcome::Clean)
}
