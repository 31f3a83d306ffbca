//! `pgflakegen init`.

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::catalogue::FOLDER;
use crate::cmd::{Context, Outcome};
use crate::render::marker;
use crate::tree::{
    self,
    place::{self, Found, Place},
};

/// Options of `init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder to make; the current one if it is left out.
    pub dir: Option<Utf8PathBuf>,

    /// Write the catalogue alone, nothing for git, editors and CI.
    #[arg(long)]
    pub bare: bool,
}

/// What a team has use for. A file that is there is its owner's.
const TEAM: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../templates/init/gitignore")),
    (".editorconfig", include_str!("../../templates/init/editorconfig")),
    (".pre-commit-config.yaml", include_str!("../../templates/init/pre-commit-config.yaml")),
    (".github/workflows/catalogue.yml", include_str!("../../templates/init/workflow.yml")),
];

/// The catalogue. `flake.toml` comes last: without it there is none yet.
const CATALOGUE: &[(&str, &str)] = &[
    ("catalogue/extensions/pgvector.toml", include_str!("../../templates/init/pgvector.toml")),
    ("catalogue/extensions/pg_cron.toml", include_str!("../../templates/init/pg_cron.toml")),
    ("catalogue/postgresql.toml", include_str!("../../templates/init/postgresql.toml")),
    ("catalogue/flake.toml", include_str!("../../templates/init/flake.toml")),
];

/// Runs it.
///
/// # Errors
/// When there is a catalogue already or the files cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let dir = args.dir.clone().or_else(|| context.root.clone()).unwrap_or_else(|| Utf8PathBuf::from("."));
    if has_catalogue(&dir)? {
        bail!("{dir} has a catalogue already; nothing was written");
    }
    if is_foreign_flake(&dir) {
        bail!("{dir} has a flake.nix that is not pgflakegen's; nothing was written\n\n{}", joining(None));
    }
    let _unbroken = crate::interrupt::unbroken();
    let place = Place::make(&dir).with_context(|| format!("{dir} cannot be made; nothing was written"))?;
    let attributes = tree::attributes("");
    let team = [TEAM, &[(".gitattributes", attributes.as_str())]].concat();
    let team = if args.bare { &[][..] } else { &team };
    let mut created = 0;
    for (path, text) in team.iter().chain(CATALOGUE) {
        let target = dir.join(path);
        if place.look(Utf8Path::new(path))? != Found::Nothing {
            continue;
        }
        place.create(Utf8Path::new(path), text.as_bytes()).with_context(|| {
            format!(
                "{created} files were written, then one could not be; `pgflakegen init` again writes the rest"
            )
        })?;
        created += 1;
        context.say(format_args!("created {target}"))?;
    }
    let enter = if dir == "." { String::new() } else { format!("  cd {dir}\n") };
    let git =
        if in_repository(&dir) { "" } else { "  git init                    # a flake is what git tracks\n" };
    context.say(format_args!(
        "\nNow type\n\n{enter}{git}  pgflakegen                  # writes flake.nix, flake.lock and generated/\n  git add .\n  nix build .#psql_17/bin\n"
    ))?;
    if let Some(name) = inside_a_flake(&dir) {
        context.say(joining(Some(&name)))?;
    }
    Ok(Outcome::Clean)
}

/// Whether there is one, other than what an `init` that was interrupted has left.
fn has_catalogue(dir: &Utf8Path) -> anyhow::Result<bool> {
    let folder = dir.join(FOLDER);
    if std::fs::symlink_metadata(&folder).is_err() {
        return Ok(false);
    }
    if !std::fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
        return Ok(true);
    }
    let mut whole = 0;
    for entry in walkdir::WalkDir::new(&folder).follow_links(false) {
        let entry = entry?;
        // New files that a writer was killed over are none yet.
        let begun = entry.file_name().as_encoded_bytes().starts_with(place::TEMPORARY.as_bytes());
        if entry.file_type().is_dir() || begun {
            continue;
        }
        let path = entry.path().strip_prefix(dir).unwrap_or(entry.path());
        let ours = CATALOGUE.iter().any(|(name, text)| {
            Utf8Path::from_path(path) == Some(Utf8Path::new(name))
                && std::fs::read(entry.path()).is_ok_and(|bytes| bytes == text.as_bytes())
        });
        if !ours {
            return Ok(true);
        }
        whole += 1;
    }
    Ok(whole == CATALOGUE.len())
}

fn is_foreign_flake(dir: &Utf8Path) -> bool {
    std::fs::read_to_string(dir.join("flake.nix")).is_ok_and(|text| !marker::is_ours(&text))
}

fn above(dir: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let real = dir.canonicalize_utf8().unwrap_or_else(|_| dir.to_owned());
    real.ancestors().map(Utf8Path::to_owned).collect::<Vec<_>>().into_iter()
}

fn in_repository(dir: &Utf8Path) -> bool {
    above(dir).any(|folder| folder.join(".git").exists())
}

/// The path of `dir` in the flake of the same repository that it lies in, if there is one.
fn inside_a_flake(dir: &Utf8Path) -> Option<String> {
    let own = above(dir).next()?;
    let mut flake = None;
    for folder in above(dir) {
        if folder != own && is_foreign_flake(&folder) {
            flake = Some(folder.clone());
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Some(own.strip_prefix(flake?).ok()?.to_string())
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
