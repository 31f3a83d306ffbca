//! Importing: hand-written derivations become entries of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::{Error, Host};
use crate::catalogue::model::Catalogue;
use crate::catalogue::version::compare;
use crate::catalogue::{self, Files, contrib};
use crate::diag::{Diagnostics, Severity, SourceMap};
use crate::layout::{self, CATALOGUE, PGRX_TOML};
use crate::limited;
use crate::progress::progress;
use crate::threads::Pool;
use crate::tree::{self, Change, Comparison};
use crate::upstream::import::{self, CargoPgrx, Draft, Imported, Versions};
use crate::upstream::{Upstream, bump, edit};

/// What is to be taken over, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// What is taken over.
    pub from: From<'a>,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// What becomes of entries that are there already.
    pub existing: Existing,
    /// A versions.json of cargo-pgrx alone: { version: { hash, rust: { version: { cargoHash } } } }.
    pub cargo_pgrx: Option<&'a Utf8Path>,
    /// Extensions that are fetched for at a time.
    pub jobs: usize,
}

/// What is taken over.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// A versions.json with the Nix files beside it.
    VersionsJson {
        /// The file: { extension: { version: { postgresql, hash, … } } }.
        file: &'a Utf8Path,
        /// Where NAME.nix or NAME/default.nix are.
        nix_dir: &'a Utf8Path,
    },
    /// Nix files with one derivation each, or folders of them.
    Nix(&'a [Utf8PathBuf]),
}

/// What becomes of entries that are there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and what would replace them is refused.
    #[default]
    Keep,
    /// They are replaced.
    Replace,
    /// Versions that they lack are added.
    Merge,
}

/// What was taken over.
#[derive(Debug)]
pub struct Taken {
    /// Each extension, with what is to be looked at.
    pub all: Vec<Imported>,
    /// The catalogue has changed, or would have: something is to be generated.
    pub changed: bool,
}

/// What a file gave: a draft, or why there is none.
type Read = Result<Draft, Imported>;

/// The repository that a folder is in, by its real name; without one the folder itself.
fn home_of(folder: &Utf8Path) -> Utf8PathBuf {
    let here = if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder };
    let Ok(real) = here.canonicalize_utf8() else { return folder.to_owned() };
    let home = real.ancestors().find(|above| above.join(".git").exists());
    home.map_or_else(|| real.clone(), Utf8Path::to_owned)
}

/// Reads what is there, fetches what it leaves open, and writes entries of the catalogue. Generates nothing.
///
/// # Errors
/// When something cannot be read or written. What is not taken over is no error.
pub fn import(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Taken, Error> {
    let root = request.root;
    if !request.dry_run {
        drop(super::recovered(root, host)?);
    }
    let catalogue = super::usable(root, host)?;
    let postgresqls: Vec<(String, u32)> = catalogue
        .postgresqls
        .iter()
        .map(|postgresql| (postgresql.name.to_string(), postgresql.major))
        .collect();
    let place = Place { root, postgresqls: &postgresqls };
    let tools = match request.cargo_pgrx {
        Some(file) => import::cargo_pgrx(&given(file)?).map_err(|why| unfit(file, why))?,
        None => Vec::new(),
    };
    let read = match request.from {
        From::Nix(files) => merged(listed(files)?.iter().map(|file| place.nix(file))),
        From::VersionsJson { file, nix_dir } => place.versions_json(file, nix_dir)?,
    };
    let drafts = complete(read, request.jobs, upstream, host);
    take(drafts, request, &catalogue, &tools, upstream, host)
}

fn given(file: &Utf8Path) -> Result<String, Error> {
    limited::given(file).map_err(|source| Error::Read { path: file.to_owned(), source })
}

fn unfit(file: &Utf8Path, why: String) -> Error {
    Error::Unfit { path: file.to_owned(), why }
}

/// The name that a file stands for.
fn name(file: &Utf8Path) -> &str {
    match file.file_stem() {
        Some("default" | "package") => file.parent().and_then(Utf8Path::file_name).unwrap_or("extension"),
        stem => stem.unwrap_or("extension"),
    }
}

/// `foo` of a file `foo-2.9.1.nix` whose derivation says so itself.
fn without_version(name: &str, text: &str) -> Option<String> {
    let digits = |(at, _): &(usize, &str)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let (at, _) = name.match_indices('-').find(digits)?;
    let own = &name[..at];
    let said = text.split("pname").skip(1).any(|rest| {
        rest.trim_start()
            .strip_prefix('=')
            .is_some_and(|rest| rest.trim_start().starts_with(&format!("\"{own}\"")))
    });
    said.then(|| own.to_owned())
}

/// The files that are meant: a folder's are NAME.nix, NAME/default.nix and NAME/package.nix in it.
fn listed(files: &[Utf8PathBuf]) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut all = Vec::new();
    for file in files {
        if !file.is_dir() {
            all.push(file.clone());
            continue;
        }
        let before = all.len();
        let walk = walkdir::WalkDir::new(file).min_depth(1).max_depth(2).sort_by_file_name();
        for entry in walk {
            let entry = entry.map_err(|source| Error::Walk { folder: file.clone(), source })?;
            let Ok(path) = Utf8PathBuf::try_from(entry.path().to_owned()) else { continue };
            let top = entry.depth() == 1 && path.file_name() != Some("default.nix");
            let inner = entry.depth() == 2 && matches!(path.file_name(), Some("default.nix" | "package.nix"));
            if path.extension() == Some("nix") && (top || inner) && path.is_file() {
                all.push(path);
            }
        }
        if all.len() == before {
            return Err(Error::NoNixFiles(file.clone()));
        }
    }
    Ok(all)
}

/// Where files are taken to.
struct Place<'a> {
    root: &'a Utf8Path,
    postgresqls: &'a [(String, u32)],
}

impl Place<'_> {
    /// A path as it is shown in the catalogue: nothing of the machine's folders.
    fn shown(&self, file: &Utf8Path) -> String {
        let absolute = file.canonicalize_utf8().unwrap_or_else(|_| file.to_owned());
        if let Ok(inside) = absolute.strip_prefix(self.root) {
            return inside.to_string();
        }
        let parts: Vec<&str> = absolute.components().rev().take(2).map(|part| part.as_str()).collect();
        parts.into_iter().rev().filter(|part| *part != "/").collect::<Vec<_>>().join("/")
    }

    fn read(
        &self,
        file: &Utf8Path,
        own: &str,
        versions: Option<(&str, &Versions)>,
        provenance: &str,
    ) -> Read {
        let text = match limited::read(file) {
            Ok(bytes) => crate::nix::syntax::decode::decode(bytes).0,
            Err(error) => return Err(Imported::refused(own, format!("{file} cannot be read: {error}"))),
        };
        let good =
            own.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) && !own.starts_with('-');
        if !good {
            return Err(Imported::refused(
                own,
                "its name is none for the catalogue (letters, digits, - and _)",
            ));
        }
        let folder = file.parent().unwrap_or(Utf8Path::new("")).to_owned();
        // Patches and locks that it names: of the repository that it is in, and of no other place.
        let home = home_of(&folder);
        let files = |path: &str| {
            let place = folder.join(path).canonicalize_utf8().ok()?;
            place.starts_with(&home).then(|| limited::text(&place).ok())?
        };
        let request =
            import::Request { name: own, provenance, versions, postgresqls: self.postgresqls, files: &files };
        import::read(&text, &request).map_err(|why| Imported::refused(own, why))
    }

    fn nix(&self, file: &Utf8Path) -> Read {
        let own = limited::text(file).ok().and_then(|text| without_version(name(file), &text));
        self.read(file, own.as_deref().unwrap_or(name(file)), None, &self.shown(file))
    }

    fn versions_json(&self, file: &Utf8Path, nix_dir: &Utf8Path) -> Result<Vec<Read>, Error> {
        let all = import::versions_json(&given(file)?).map_err(|why| unfit(file, why))?;
        let mut listing: Vec<Utf8PathBuf> = walkdir::WalkDir::new(nix_dir)
            .max_depth(2)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok())
            .filter(|path| path.extension() == Some("nix") && path.is_file())
            .filter(|path| !in_tests(path.strip_prefix(nix_dir).unwrap_or(path)))
            .collect();
        // What lies higher is the derivation, what lies in a folder may help it.
        listing.sort_by_key(|path| path.components().count());
        let mut out = Vec::new();
        for (key, versions) in &all {
            out.push(match nix_file(key, &listing) {
                None => Err(Imported::refused(key, format!("there is no Nix file for it in {nix_dir}"))),
                Some(nix) => {
                    let provenance = format!("{} and {}", self.shown(file), self.shown(nix));
                    self.read(nix, key, Some((key, versions)), &provenance)
                }
            });
        }
        Ok(out)
    }
}

/// Whether a file is in a folder of tests.
fn in_tests(path: &Utf8Path) -> bool {
    let folders = path.parent().into_iter().flat_map(Utf8Path::components);
    folders.into_iter().any(|part| matches!(part.as_str(), "test" | "tests" | "check" | "checks"))
}

/// The Nix file for a key of a versions.json. The keys are SQL names; the files may be called otherwise.
fn nix_file<'a>(key: &str, listing: &'a [Utf8PathBuf]) -> Option<&'a Utf8PathBuf> {
    let fold = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let by_name = listing.iter().find(|path| fold(name(path)) == fold(key));
    let mentions = |path: &&Utf8PathBuf| {
        limited::text(path).is_ok_and(|text| {
            text.contains(&format!("pname = \"{key}\""))
                || text.contains("versions.json") && text.contains(&format!(").{key};"))
        })
    };
    by_name.or_else(|| listing.iter().find(mentions))
}

/// Files of one name are versions of one extension.
fn merged(read: impl Iterator<Item = Read>) -> Vec<Read> {
    let mut all: Vec<Read> = Vec::new();
    for one in read {
        let known = |known: &&mut Read| match (known, &one) {
            (Ok(known), Ok(one)) => known.name == one.name,
            _ => false,
        };
        match (all.iter_mut().find(known), one) {
            (Some(Ok(known)), Ok(one)) => known.merge(one),
            (_, one) => all.push(one),
        }
    }
    all
}

/// Fetches what the files leave open.
fn complete(read: Vec<Read>, at_a_time: usize, upstream: &Upstream, host: &dyn Host) -> Vec<Read> {
    let completing = progress(host, "completing", read.len());
    let one = |read: Read| {
        let name = match &read {
            Ok(draft) => draft.name.clone(),
            Err(refused) => refused.name.clone(),
        };
        let task = completing.begin(|| name);
        read.map(|mut draft| {
            draft.sift();
            if draft.is_incomplete() {
                draft.complete(upstream, &task);
            }
            draft
        })
    };
    Pool::of(at_a_time).install(|| read.into_par_iter().map(one).collect())
}

/// Writes what the catalogue takes, one extension after another; whatever makes it wrong is refused.
fn take(
    drafts: Vec<Read>,
    request: &Request<'_>,
    catalogue: &Catalogue,
    tools: &[CargoPgrx],
    upstream: &Upstream,
    host: &dyn Host,
) -> Result<Taken, Error> {
    let root = request.root;
    let guard = if request.dry_run { super::locked(root, host) } else { super::recovered(root, host) }?;
    let mut files = Files::read(root)?;
    let mut good: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    let mut all = Vec::new();
    let mut cargo_pgrx = Tools {
        text: limited::text(root.join(CATALOGUE).join(PGRX_TOML)).unwrap_or_default(),
        known: catalogue.cargo_pgrx.iter().map(|entry| entry.version.clone()).collect(),
        listed: tools,
        upstream,
        failed: BTreeMap::new(),
    };
    let taking = progress(host, "taking over", drafts.len());
    for draft in drafts {
        let _task = taking.begin(|| match &draft {
            Ok(draft) => draft.name.clone(),
            Err(refused) => refused.name.clone(),
        });
        let mut draft = match draft {
            Ok(draft) => draft,
            Err(refused) => {
                all.push(refused);
                continue;
            }
        };
        let name = draft.name.clone();
        let path = layout::extension_toml(&name);
        let there = files.get(&path).is_some();
        let mut imported = match (there, request.existing) {
            (true, Existing::Merge) => match limited::text(root.join(CATALOGUE).join(&path)) {
                Ok(old) => draft.merge_into(&old).unwrap_or_else(|error| {
                    Imported::refused(&name, format!("its entry cannot be edited: {error}"))
                }),
                Err(error) => Imported::refused(&name, format!("its entry cannot be read: {error}")),
            },
            (true, Existing::Keep) => Imported::refused(
                &name,
                "it is in the catalogue already; --force replaces it, --merge adds versions",
            ),
            _ => {
                provided(&mut draft, catalogue, &files);
                draft.write()
            }
        };
        if imported.refused.is_none() {
            imported.refused = unreadable(&imported);
        }
        if imported.refused.is_none() {
            imported.refused = cargo_pgrx.bring(&imported.cargo_pgrx).err();
        }
        if imported.refused.is_none() {
            let mut with = files.clone();
            with.insert(Utf8PathBuf::from(PGRX_TOML), cargo_pgrx.text.as_bytes());
            for (path, text) in &imported.files {
                with.insert(path.clone(), text.as_bytes());
            }
            let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
            catalogue::load_from(&with, &mut sources, &mut found);
            match found.iter().find(|finding| finding.severity() == Severity::Error) {
                Some(finding) => {
                    imported.refused = Some(format!("{} ({})", finding.message, finding.code.id()));
                }
                None => {
                    files = with;
                    good.extend(imported.files.clone());
                }
            }
        }
        all.push(imported);
    }
    if !request.dry_run && !good.is_empty() {
        let mut new = good.clone();
        new.insert(PGRX_TOML.into(), cargo_pgrx.text);
        let change = |(path, text): (Utf8PathBuf, String)| {
            let path = layout::in_catalogue(path);
            let before = std::fs::read_to_string(root.join(&path)).ok();
            let same = before.as_deref().unwrap_or_default() == text;
            (!same).then_some(Change {
                path,
                before,
                after: Some(text),
                conflict: None,
                committed_edit: false,
            })
        };
        let changes = new.into_iter().filter_map(change).collect();
        tree::write(&guard, &Comparison { changes, ..Comparison::default() })
            .map_err(|source| Error::Tree { what: "the catalogue's files", source })?;
    }
    Ok(Taken { all, changed: !good.is_empty() })
}

/// Takes out of what an extension requires what no entry gives, and says so.
fn provided(draft: &mut Draft, catalogue: &Catalogue, files: &Files) {
    let Some(surroundings) = &mut draft.common.surroundings else { return };
    for package in std::mem::take(&mut surroundings.packages) {
        let known =
            catalogue.extensions.iter().find(|known| known.name == package || known.attrs.contains(&package));
        let names = known.map(|known| known.sql_names.as_slice()).unwrap_or_default();
        for name in names.iter().map(String::from).filter(|name| !surroundings.sql.contains(name)) {
            if !surroundings.requires.contains(&name) {
                surroundings.requires.push(name);
            }
        }
    }
    let here = |name: &String| {
        catalogue.extensions.iter().any(|known| known.sql_names.iter().any(|known| known == name))
            || files.get(&layout::extension_toml(name)).is_some()
            || contrib::names().any(|contrib| contrib == name)
    };
    let (known, absent) = std::mem::take(&mut surroundings.requires).into_iter().partition::<Vec<_>, _>(here);
    surroundings.requires = known;
    for name in absent {
        draft.common.remarks.insert(format!("it requires {name}, which is not in the catalogue yet"));
    }
}

/// Why an override that was written is none. One that is not Nix would keep all the others from being generated.
fn unreadable(imported: &Imported) -> Option<String> {
    imported.files.iter().filter(|(path, _)| path.extension() == Some("nix")).find_map(|(path, text)| {
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        let source = sources.add(path, text.as_str());
        crate::nix::syntax::parse(source, text, &mut found);
        let finding = found.iter().find(|finding| finding.severity() == Severity::Error)?;
        Some(format!("the override would not be Nix: {} ({})", finding.message, finding.code.id()))
    })
}

/// The versions of cargo-pgrx, with those that come in.
struct Tools<'a> {
    text: String,
    known: BTreeSet<String>,
    listed: &'a [CargoPgrx],
    upstream: &'a Upstream,
    failed: BTreeMap<String, String>,
}

impl Tools<'_> {
    /// Brings in what is needed, or says why that cannot be.
    fn bring(&mut self, needed: &BTreeSet<String>) -> Result<(), String> {
        for version in needed {
            if self.known.contains(version) {
                continue;
            }
            if let Some(why) = self.failed.get(version) {
                return Err(why.clone());
            }
            match self.add(version) {
                Ok(text) => {
                    self.text = text;
                    self.known.insert(version.clone());
                }
                Err(why) => {
                    let why = format!(
                        "it needs cargo-pgrx {version}, which is not in {CATALOGUE}/{PGRX_TOML} and cannot be fetched: {why}"
                    );
                    self.failed.insert(version.clone(), why.clone());
                    return Err(why);
                }
            }
        }
        Ok(())
    }

    fn add(&self, version: &str) -> Result<String, String> {
        let Some(listed) = self.listed.iter().find(|listed| listed.version == version) else {
            return bump::cargo_pgrx(self.upstream, version, &self.text).map_err(|error| error.to_string());
        };
        let changes: edit::Changes = vec![
            ("version", Some(version.into())),
            ("hash", Some(listed.hash.as_str().into())),
            ("cargo-hash", Some(listed.cargo_hash.as_str().into())),
            ("rust", Some(listed.rust.as_str().into())),
        ];
        let blocks = edit::blocks(&self.text, "cargo-pgrx", "version").map_err(|error| error.to_string())?;
        let before = blocks.iter().rev().find(|block| compare(&block.name, version).is_lt());
        Ok(edit::insert(&self.text, before.or(blocks.last()), &edit::table("cargo-pgrx", &changes)))
    }
}
