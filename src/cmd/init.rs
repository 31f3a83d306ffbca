//! `pgflakegen init`.

use std::fs;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::cmd::{Context, Outcome};

/// Options of `init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder to make; the current one if it is left out.
    pub dir: Option<Utf8PathBuf>,
}

/// The files of a new repository.
const FILES: &[(&str, &str)] = &[
    ("catalogue/flake.toml", include_str!("../../templates/init/flake.toml")),
    ("catalogue/postgresql.toml", include_str!("../../templates/init/postgresql.toml")),
    ("catalogue/extensions/pgvector.toml", include_str!("../../templates/init/pgvector.toml")),
    ("catalogue/extensions/pg_cron.toml", include_str!("../../templates/init/pg_cron.toml")),
    (".gitignore", include_str!("../../templates/init/gitignore")),
];

/// Runs it.
///
/// # Errors
/// When there is a catalogue already or the files cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let dir = args.dir.clone().or_else(|| context.root.clone()).unwrap_or_else(|| Utf8PathBuf::from("."));
    if dir.join("catalogue").exists() {
        bail!("{dir} has a catalogue already; nothing was written");
    }
    for (path, text) in FILES {
        let target = dir.join(path);
        // An existing .gitignore is the user's.
        if target.exists() {
            continue;
        }
        write(&target, text).with_context(|| format!("{target} cannot be written"))?;
        context.say(format_args!("created {target}"))?;
    }
    let enter = if dir == "." { String::new() } else { format!("  cd {dir}\n") };
    context.say(format_args!(
        "\nNow type\n\n{enter}  git init                    # a flake is what git tracks\n  pgflakegen                  # writes flake.nix, flake.lock and generated/\n  git add .\n  nix build .#psql_17/bin\n"
    ))?;
    Ok(Outcome::Clean)
}

fn write(target: &Utf8Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(target, text)
}
