//! Adding: a first entry for a repository, and a PostgreSQL with another one's extensions.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::writing::apply;
use super::{Error, Host, failures};
use crate::catalogue::model::{Catalogue, Extension, Fit};
use crate::diag::{Code, Diagnostic, nearest};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::bump::{self, BumpError};
use crate::upstream::edit::{self, EditError};
use crate::upstream::locator::owner_and_repo;
use crate::upstream::support::{self, Support};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { CannotEdit; UnknownPostgresql; };

/// A repository that the catalogue is to have.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// OWNER/REPO at GitHub, or its address.
    pub what: &'a str,
    /// The extension's name in the catalogue; `None`: the repository's.
    pub name: Option<&'a str>,
    /// The repository of the catalogue.
    pub root: &'a Utf8Path,
    /// Nothing is to be written.
    pub dry_run: bool,
}

/// A new entry. Nothing is written yet.
#[derive(Clone, Debug)]
pub struct NewExtension {
    /// Its file, relative to the catalogue folder.
    pub path: Utf8PathBuf,
    /// All of the file.
    pub text: String,
    /// What whoever reads it should know.
    pub remarks: Vec<String>,
    files: BTreeMap<Utf8PathBuf, String>,
}

impl NewExtension {
    /// Writes it, with what is generated.
    ///
    /// # Errors
    /// When it cannot be written, or is not for findings' sake.
    pub fn write(&self, root: &Utf8Path, host: &dyn Host) -> Result<(), Error> {
        apply(root, &self.files, host)
    }
}

/// Makes a first entry for a repository, of what is in it.
///
/// # Errors
/// When it cannot be had, or something is there already; see [`Error::Refused`].
pub fn extension(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<NewExtension, Error> {
    let Request { what, root, .. } = *request;
    let catalogue = catalogue(root, request.dry_run, host)?;
    let short =
        what.trim_start_matches("github:").trim_start_matches("https://github.com/").trim_end_matches('/');
    let Some((owner, repo)) = owner_and_repo(short) else {
        return Err(Error::NoGitHub(what.to_owned()));
    };
    let name = request.name.unwrap_or(repo).to_owned();
    let good = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !good || name.starts_with('-') || name.is_empty() {
        return Err(Error::BadName(name));
    }
    let path = layout::extension_toml(&name);
    if root.join(CATALOGUE).join(&path).exists() {
        let finding = Diagnostic::global(Code::CannotEdit, format!("{CATALOGUE}/{path} is there already"));
        return Err(Error::refused(
            finding.help(format!("pgflakegen bump {name}, or --name for another name")),
        ));
    }
    let fetching = progress(host, "fetching", 0);
    let task = fetching.begin(|| short);
    let result = upstream.entry(owner, repo, &name, &catalogue, &task);
    drop((task, fetching));
    let new = match result {
        Ok(new) => new,
        Err(error) => return Err(Error::refused(failures::bump_finding(short, &error.into()))),
    };
    let mut files = new.files.clone();
    files.insert(path.clone(), new.text.clone());
    let known = |version: &String| catalogue.cargo_pgrx.iter().any(|entry| entry.version == *version);
    if let Some(version) = new.cargo_pgrx.as_ref().filter(|version| !request.dry_run && !known(version)) {
        let path = Utf8PathBuf::from(layout::PGRX_TOML);
        let text = limited::text(root.join(CATALOGUE).join(&path)).unwrap_or_default();
        let fetching = progress(host, "fetching", 0);
        let task = fetching.begin(|| format!("cargo-pgrx {version}"));
        let result = bump::cargo_pgrx(upstream, version, &text);
        drop((task, fetching));
        match result {
            Ok(text) => drop(files.insert(path, text)),
            Err(error) => {
                let name = format!("cargo-pgrx {version}");
                return Err(Error::refused(failures::bump_finding(&name, &error)));
            }
        }
    }
    Ok(NewExtension { path, text: new.text, remarks: new.remarks, files })
}

/// The catalogue that something is to be added to.
fn catalogue(root: &Utf8Path, dry_run: bool, host: &dyn Host) -> Result<Catalogue, Error> {
    if !dry_run {
        drop(super::recovered(root, host)?);
    }
    super::usable(root, host)
}

/// The version that is meant: exactly this one, or the newest of a major.
fn resolve(text: &str, upstream: &Upstream) -> Result<String, BumpError> {
    let all = upstream.postgresql_tarballs()?;
    let is_major = text.chars().all(|c| c.is_ascii_digit());
    let mut fitting: Vec<&String> = all
        .iter()
        .filter(|version| {
            if is_major {
                crate::upstream::versions::first_number(version).map(|n| n.to_string()).as_deref()
                    == Some(text)
            } else {
                version.as_str() == text
            }
        })
        .collect();
    fitting.sort_by(|a, b| crate::catalogue::version::compare(a, b));
    let stable = fitting.iter().rev().find(|version| !crate::catalogue::version::is_prerelease(version));
    stable.or(fitting.last()).map(|version| (*version).clone()).ok_or_else(|| BumpError::NoVersion {
        name: "postgresql".into(),
        version: text.to_owned(),
        nearest: String::new(),
    })
}

/// What nobody upstream need be asked about: a version that is none, is there, or is to be like what is not there.
fn unfit(text: &str, from: Option<&str>, catalogue: &Catalogue) -> Option<Diagnostic> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let good = text.starts_with(|c: char| c.is_ascii_digit())
        && (rest.is_empty()
            || [".", "alpha", "beta", "rc"].iter().any(|mark| rest.strip_prefix(mark).is_some_and(number)));
    if !good {
        let message = format!("`{text}` is no version of PostgreSQL");
        return Some(
            Diagnostic::global(Code::UnknownPostgresql, message).help(
                "write a major or an exact version: `pgflakegen add postgresql 18`, or 17.5, or 19beta1",
            ),
        );
    }
    let there = |postgresql: &&crate::catalogue::model::Postgresql| match &postgresql.pinned {
        _ if postgresql.name == text => true,
        Some(pinned) => pinned.version == text,
        None => false,
    };
    if let Some(known) = catalogue.postgresqls.iter().find(there) {
        let name = &known.name;
        let finding =
            Diagnostic::global(Code::CannotEdit, format!("PostgreSQL {text} is in the catalogue already"));
        return Some(match &known.pinned {
            Some(_) => {
                finding.help(format!("`pgflakegen bump postgresql@{name}` takes a newer version of it"))
            }
            None => finding.help("it is what nixpkgs has; an exact version beside it is added by its number"),
        });
    }
    let from = from.filter(|from| catalogue.postgresql(from).is_none())?;
    let finding = Diagnostic::global(Code::UnknownPostgresql, format!("no PostgreSQL is called {from}"));
    let names: Vec<&str> = catalogue.postgresqls.iter().map(|p| p.name.as_str()).collect();
    Some(match nearest(from, names.iter().copied()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("--from takes one of {}", names.join(", "))),
    })
}

/// A PostgreSQL that the catalogue is to have.
#[derive(Clone, Debug)]
pub struct PostgresqlRequest<'a> {
    /// A major or an exact version.
    pub version: &'a str,
    /// The PostgreSQL whose extensions move along.
    pub from: Option<&'a str>,
    /// The extensions' sources are fetched to see what they support.
    pub check: bool,
    /// The repository of the catalogue.
    pub root: &'a Utf8Path,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// Sources fetched at a time.
    pub jobs: usize,
}

/// A new PostgreSQL. Nothing is written yet.
#[derive(Debug)]
pub struct NewPostgresql {
    /// Its name in the catalogue.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its table.
    pub table: String,
    /// What becomes of the other one's extensions.
    pub moved: Vec<Moved>,
    files: BTreeMap<Utf8PathBuf, String>,
}

impl NewPostgresql {
    /// Writes it, with what is generated.
    ///
    /// # Errors
    /// When it cannot be written, or is not for findings' sake.
    pub fn write(&self, root: &Utf8Path, host: &dyn Host) -> Result<(), Error> {
        apply(root, &self.files, host)
    }
}

/// An extension of the other PostgreSQL.
#[derive(Debug)]
pub struct Moved {
    /// Its name.
    pub extension: String,
    /// Its newest version there; nothing where it is the package set's own.
    pub version: String,
    /// What becomes of it.
    pub how: How,
}

/// What becomes of an extension of the other PostgreSQL.
#[derive(Debug)]
pub enum How {
    /// It is for the new one, too.
    Along {
        /// Its source says so.
        sure: bool,
    },
    /// Its range has the new one already.
    ByRange,
    /// It is the package set's own.
    PackageSets,
    /// It does not work with the new one, for this reason.
    Behind(String),
    /// It cannot be looked at.
    Unseen(Box<Error>),
}

/// Makes an entry for a PostgreSQL.
///
/// # Errors
/// When it cannot be had, or something is there already; see [`Error::Refused`].
pub fn postgresql(
    request: &PostgresqlRequest<'_>,
    upstream: &Upstream,
    host: &dyn Host,
) -> Result<NewPostgresql, Error> {
    let PostgresqlRequest { version: text, from, root, .. } = *request;
    let catalogue = catalogue(root, request.dry_run, host)?;
    if let Some(finding) = unfit(text, from, &catalogue) {
        return Err(Error::refused(finding));
    }
    let asking = progress(host, "asking upstream", 0);
    let resolved = resolve(text, upstream);
    drop(asking);
    let version = match resolved {
        Ok(version) => version,
        Err(error) => return Err(Error::refused(failures::bump_finding("postgresql", &error))),
    };
    let major = crate::upstream::versions::first_number(&version).unwrap_or_default();
    let name = if catalogue.postgresql(&major.to_string()).is_some() {
        version.replace('.', "_")
    } else {
        major.to_string()
    };
    if catalogue.postgresql(&name).is_some() {
        let finding =
            Diagnostic::global(Code::CannotEdit, format!("PostgreSQL {name} is in the catalogue already"));
        return Err(Error::refused(finding.help(format!("pgflakegen bump postgresql@{name}"))));
    }
    let url = format!("{}/v{version}/postgresql-{version}.tar.bz2", upstream.endpoints.postgresql);
    let fetching = progress(host, "fetching", 0);
    let task = fetching.begin(|| format!("postgresql {version}"));
    let fetched = url::Url::parse(&url).map(|url| upstream.file(&url, &task))?;
    drop((task, fetching));
    let hash = match fetched {
        Ok(fetched) => fetched.hash.to_sri(),
        Err(error) => return Err(Error::refused(failures::finding(&error))),
    };
    let path = Utf8PathBuf::from(layout::POSTGRESQL_TOML);
    let old = limited::text(root.join(CATALOGUE).join(&path))?;
    let mut changes: edit::Changes = vec![
        ("name", Some(name.as_str().into())),
        ("major", Some(i64::from(major).into())),
        ("version", Some(version.as_str().into())),
        ("hash", Some(hash.into())),
    ];
    if crate::catalogue::version::is_prerelease(&version) {
        changes.push(("prerelease", Some(true.into())));
    }
    let blocks = edit::blocks(&old, "postgresql", "name")?;
    let below = |block: &&edit::Block| {
        catalogue
            .postgresql(&block.name)
            .is_some_and(|known| known.major <= major && known.name.starts_with(|c: char| c.is_ascii_digit()))
    };
    let after = blocks.iter().rev().find(below).or(blocks.last());
    let mut files = BTreeMap::new();
    files.insert(path, edit::insert(&old, after, &edit::table("postgresql", &changes)));
    let mut moved = Vec::new();
    if let Some(from) = from {
        let moving =
            Pool::of(request.jobs).install(|| move_along(from, major, request, &catalogue, upstream, host));
        for (extension, version, outcome) in moving {
            let how = match outcome {
                Ok((Support::No(why), _)) => How::Behind(why),
                Ok((support, Some(text))) => match edit_list(&text, &version, from, &name)? {
                    Some(new) => {
                        files.insert(layout::extension_toml(&extension), new);
                        How::Along { sure: !matches!(support, Support::Unknown) }
                    }
                    None => How::ByRange,
                },
                Ok((_, None)) => How::PackageSets,
                Err(error) => How::Unseen(Box::new(error)),
            };
            moved.push(Moved { extension, version, how });
        }
    }
    let table = edit::table("postgresql", &changes);
    Ok(NewPostgresql { name, version, table, moved, files })
}

type Moving = (String, String, Result<(Support, Option<String>), Error>);

/// Each extension of `from` with what its newest version there says about `major`.
fn move_along(
    from: &str,
    major: u32,
    request: &PostgresqlRequest<'_>,
    catalogue: &Catalogue,
    upstream: &Upstream,
    host: &dyn Host,
) -> Vec<Moving> {
    let with: Vec<(&Extension, &Fit)> = catalogue
        .extensions
        .iter()
        .filter_map(|extension| Some((extension, extension.fits.get(from)?)))
        .collect();
    let fetching = progress(host, "fetching", with.len());
    with.into_par_iter()
        .map(|(extension, fit)| {
            let task = fetching.begin(|| &extension.name);
            let Fit::Versions { all, default } = fit else {
                return (extension.name.to_string(), String::new(), Ok((Support::Unknown, None)));
            };
            let at = all.last().unwrap_or(default);
            let version = &extension.versions[*at];
            let look = || -> Result<(Support, Option<String>), Error> {
                let path = request.root.join(CATALOGUE).join(layout::extension_toml(&extension.name));
                let text = limited::text(path)?;
                if !request.check {
                    return Ok((Support::Unknown, Some(text)));
                }
                let fetched = upstream.fetch(&version.source.fetcher, &task)?;
                let support = match fetched.into_tree(upstream.limits) {
                    Ok(tree) => support::of(
                        &tree,
                        extension.kind.has_crates(),
                        version.build.source_root.as_deref(),
                        major,
                    )?,
                    Err(_) => Support::Unknown,
                };
                Ok((support, Some(text)))
            };
            (extension.name.to_string(), version.version.clone(), look())
        })
        .collect()
}

/// The file with `new` beside `from` in a version's list; `None`: the version has a range.
fn edit_list(text: &str, version: &str, from: &str, new: &str) -> Result<Option<String>, EditError> {
    let block = edit::block(text, "version", "version", version)?;
    let quoted = format!("\"{from}\"");
    let table = &text[block.range.clone()];
    let Some(list) = table.find("postgresql") else { return Ok(None) };
    let Some(at) = table[list..].find(&quoted).map(|at| list + at) else { return Ok(None) };
    let mut new_table = table.to_owned();
    let is_array = table[list..at].contains('[');
    if is_array {
        new_table.insert_str(at + quoted.len(), &format!(", \"{new}\""));
    } else {
        new_table.replace_range(at..at + quoted.len(), &format!("[\"{from}\", \"{new}\"]"));
    }
    let mut text = text.to_owned();
    text.replace_range(block.range, &new_table);
    Ok(Some(text))
}
