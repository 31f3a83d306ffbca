//! A new folder with a small working catalogue.

use std::io;
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Host, Notice};
use crate::layout::{self, CATALOGUE};
use crate::render::marker;
use crate::tree::{
    self,
    place::{self, Found, Place},
};

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The folder.
    pub dir: &'a Utf8Path,
    /// The catalogue alone, nothing for git, editors and CI.
    pub bare: bool,
}

/// What was made, and where.
#[derive(Clone, Debug)]
pub struct Made {
    /// The files that were not there before.
    pub created: Vec<Utf8PathBuf>,
    /// The folder is in a git repository.
    pub in_repository: bool,
    /// It lies in somebody's flake: its path in there.
    pub inside_a_flake: Option<String>,
}

/// What a team has use for. A file that is there is its owner's.
const TEAM: &[(&str, &str)] = &[
    (layout::GIT_IGNORE, include_str!("../../templates/init/gitignore")),
    (".editorconfig", include_str!("../../templates/init/editorconfig")),
    (".pre-commit-config.yaml", include_str!("../../templates/init/pre-commit-config.yaml")),
    (layout::GITHUB_CATALOGUE, include_str!("../../templates/init/workflow.yml")),
];

/// The catalogue. `flake.toml` comes last: without it there is none yet.
static OF_CATALOGUE: LazyLock<[(Utf8PathBuf, &str); 4]> = LazyLock::new(|| {
    [
        (layout::extension_toml("pgvector"), include_str!("../../templates/init/pgvector.toml")),
        (layout::extension_toml("pg_cron"), include_str!("../../templates/init/pg_cron.toml")),
        (layout::POSTGRESQL_TOML.into(), include_str!("../../templates/init/postgresql.toml")),
        (layout::FLAKE_TOML.into(), include_str!("../../templates/init/flake.toml")),
    ]
    .map(|(path, text)| (layout::in_catalogue(path), text))
});

/// Makes a folder with a small working catalogue. What is there stays as it is.
///
/// # Errors
/// When there is a catalogue already, or somebody's flake, or the files cannot be written.
pub fn init(request: &Request<'_>, host: &dyn Host) -> Result<Made, Error> {
    let dir = request.dir;
    if has_catalogue(dir)? {
        return Err(Error::HasCatalogue(dir.to_owned()));
    }
    if is_foreign_flake(dir) {
        return Err(Error::ForeignFlake(dir.to_owned()));
    }
    let _unbroken = crate::interrupt::unbroken();
    let place = Place::make(dir).map_err(|source| Error::NotMade { dir: dir.to_owned(), source })?;
    let attributes = tree::attributes("");
    let team = [TEAM, &[(layout::GIT_ATTRIBUTES, attributes.as_str())]].concat();
    let team = if request.bare { &[][..] } else { &team };
    let mut created = Vec::new();
    let team = team.iter().map(|(path, text)| (Utf8Path::new(path), *text));
    for (path, text) in team.chain(OF_CATALOGUE.iter().map(|(path, text)| (path.as_path(), *text))) {
        let target = dir.join(path);
        if place.look(path)? != Found::Nothing {
            continue;
        }
        let done = created.len();
        place.create(path, text.as_bytes()).map_err(|source| Error::HalfMade { done, source })?;
        host.notice(Notice::Created(&target));
        created.push(target);
    }
    Ok(Made { created, in_repository: in_repository(dir), inside_a_flake: inside_a_flake(dir) })
}

/// Whether there is one, other than what an `init` that was interrupted has left.
fn has_catalogue(dir: &Utf8Path) -> io::Result<bool> {
    let folder = dir.join(CATALOGUE);
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
        let ours = OF_CATALOGUE.iter().any(|(name, text)| {
            Utf8Path::from_path(path) == Some(name)
                && std::fs::read(entry.path()).is_ok_and(|bytes| bytes == text.as_bytes())
        });
        if !ours {
            return Ok(true);
        }
        whole += 1;
    }
    Ok(whole == OF_CATALOGUE.len())
}

fn is_foreign_flake(dir: &Utf8Path) -> bool {
    std::fs::read_to_string(dir.join(layout::FLAKE_NIX)).is_ok_and(|text| !marker::is_ours(&text))
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
