//! `pgflakegen init`.

use camino::Utf8PathBuf;

use super::host::Host;
use crate::cmd::{Context, Outcome};
use crate::ops;
use crate::ops::init::{Request, init};

/// Options of `init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder to make; the current one if it is left out.
    pub dir: Option<Utf8PathBuf>,

    /// Write the catalogue alone, nothing for git, editors and CI.
    #[arg(long)]
    pub bare: bool,
}

/// Runs it.
///
/// # Errors
/// When there is a catalogue already or the files cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let dir = args.dir.clone().or_else(|| context.root.clone()).unwrap_or_else(|| Utf8PathBuf::from("."));
    let made = match init(&Request { dir: &dir, bare: args.bare }, &Host::new(context)) {
        Err(error @ ops::Error::ForeignFlake(_)) => anyhow::bail!("{error}\n\n{}", joining(None)),
        made => made?,
    };
    let enter = if dir == "." { String::new() } else { format!("  cd {dir}\n") };
    let git =
        if made.in_repository { "" } else { "  git init                    # a flake is what git tracks\n" };
    context.say(format_args!(
        "\nNow type\n\n{enter}{git}  pgflakegen                  # writes flake.nix, flake.lock and generated/\n  git add .\n  nix build .#psql_17/bin\n"
    ))?;
    if let Some(name) = &made.inside_a_flake {
        context.say(joining(Some(name)))?;
    }
    Ok(Outcome::Clean)
}

/// How a catalogue and a flake that is there already come together.
fn joining(path: Option<&str>) -> String {
    let (first, path) = match path {
        Some(path) => (format!("{path} lies in a flake. To have its packages there:"), path),
        None => (
            "pgflakegen writes flake.nix itself. Make the catalogue a flake beside yours, with\n\n  pgflakegen init \
             postgresql\n\nand take it in:"
                .to_owned(),
            "postgresql",
        ),
    };
    format!(
        "{first}\n\n  \
         # flake.nix\n  \
         inputs.postgresql.url = \"path:./{path}\";\n  \
         inputs.postgresql.inputs.nixpkgs.follows = \"nixpkgs\";   # if you want yours\n\n  \
         # outputs\n  \
         packages = inputs.postgresql.packages;\n\n  \
         # or, with flake-parts\n  \
         perSystem = {{ system, ... }}: {{ packages = inputs.postgresql.packages.${{system}}; }};\n\n\
         The other way round, outputs of your own go into catalogue/extra.nix, which is merged into the catalogue's \
         flake."
    )
}
