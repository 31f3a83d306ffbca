//! Sources of flakes: folders, local git repositories, and what was fetched before.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;

use super::reference::{Attribute, Reference};
use crate::nix::eval::attrs::Attr;
use crate::nix::eval::coerce::ContextSet;
use crate::nix::eval::imported::Place;
use crate::nix::eval::value::ContextElement;
use crate::nix::eval::{Error, Ev, Kind, Result, Value};
use crate::store::nar::{self, hash_path};
use crate::store::{Algorithm, Hash, StoreDir, StorePath};

/// A source tree that evaluation can read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its store path, which may only be computed.
    pub path: StorePath,
    /// Its NAR hash.
    pub hash: Hash,
    /// `lastModified`, `rev` and the like.
    pub attrs: Vec<(&'static str, Attribute)>,
}

fn fail<T>(kind: Kind, message: impl Into<String>) -> Result<T> {
    Err(Error::new(kind, message))
}

/// Fetches what a reference stands for, from this machine; once for all threads.
pub fn fetch(ev: &mut Ev, reference: &Reference) -> Result<Source> {
    let key = format!("{}:{}", reference.kind(), reference.to_text());
    let shared = ev.shared.clone();
    // Other threads wait: what one finds they need, too.
    let mut found = shared.sources_found.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = found.get(&key).and_then(|source| source.downcast_ref::<Source>()) {
        return Ok(source.clone());
    }
    let source = find(ev, reference)?;
    found.insert(key, std::sync::Arc::new(source.clone()));
    Ok(source)
}

fn find(ev: &mut Ev, reference: &Reference) -> Result<Source> {
    let source = match reference.kind() {
        "auto" => {
            let path = PathBuf::from(reference.text("path").unwrap_or_default());
            match git_root(&path) {
                Some(root) => git(ev, &root, None)?,
                None => folder(ev, &path)?,
            }
        }
        "path" => {
            if let Some(locked) = locked(ev, reference)? {
                return Ok(locked);
            }
            let path = PathBuf::from(reference.text("path").unwrap_or_default());
            if !path.is_absolute() {
                let shown = path.display();
                return fail(Kind::Other, format!("relative path '{shown}' needs a flake around it"));
            }
            folder(ev, &path)?
        }
        "git" => {
            if let Some(locked) = locked(ev, reference)? {
                return Ok(locked);
            }
            let url = reference.text("url").unwrap_or_default();
            let path = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:"));
            let path = path.or_else(|| url.starts_with('/').then_some(url));
            match path.and_then(|path| git_root(Path::new(path))) {
                Some(root) => {
                    let mut source = git(ev, &root, reference.text("rev").or_else(|| reference.text("ref")))?;
                    if reference.attrs.get("submodules") == Some(&Attribute::Flag(true)) {
                        with_submodules(ev, &root, &mut source)?;
                    }
                    source
                }
                None => match path {
                    Some(path) => {
                        return fail(Kind::Io, format!("Git repository \"{path}\" does not exist."));
                    }
                    None => return missing(reference),
                },
            }
        }
        _ => match locked(ev, reference)? {
            Some(source) => source,
            None => return missing(reference),
        },
    };
    if let Some(expected) = reference.text("narHash") {
        let expected =
            Hash::parse(expected, None).map_err(|error| Error::new(Kind::Other, error.to_string()))?;
        if expected != source.hash {
            let text = reference.to_text();
            let found = source.hash;
            return fail(
                Kind::Other,
                format!("NAR hash mismatch in input '{text}', expected '{expected}' but got '{found}'"),
            );
        }
    }
    Ok(source)
}

fn missing<T>(reference: &Reference) -> Result<T> {
    let text = reference.to_text();
    let how = match reference.kind() {
        "indirect" => "there is no registry here: give it a url in flake.nix, or --override-input".to_owned(),
        _ if reference.text("narHash").is_none() => {
            format!(
                "nothing says which one: an input of a flake is locked by 'nix flake lock'; elsewhere give the narHash that 'nix flake prefetch {text}' prints"
            )
        }
        _ => format!(
            "get it with 'nix flake archive' or 'nix flake prefetch {text}', or give --override-input"
        ),
    };
    fail(Kind::Unavailable, format!("the source '{text}' is not on this machine; {how}"))
}

/// What a lock file describes well enough: the store path follows from the hash.
fn locked(ev: &mut Ev, reference: &Reference) -> Result<Option<Source>> {
    let Some(text) = reference.text("narHash") else { return Ok(None) };
    let hash = Hash::parse(text, None).map_err(|error| Error::new(Kind::Other, error.to_string()))?;
    let path = ev.shared.store.source_path("source", &hash)?;
    let at_place = reference.text("path").map(Path::new).is_some_and(Path::is_absolute);
    match ev.fetched(&path, &hash, &reference.to_text(), true, 0) {
        Ok(()) => {}
        Err(_) if at_place || reference.text("url").is_some_and(|url| url.starts_with("file:")) => {
            return Ok(None);
        }
        Err(_) => return missing(reference),
    }
    let mut attrs = Vec::new();
    if let Some(modified) = reference.number("lastModified") {
        attrs.push(("lastModified", Attribute::Number(modified)));
    }
    if let Some(rev) = reference.text("rev") {
        attrs.push(("rev", Attribute::Text(rev.to_owned())));
        attrs.push(("shortRev", Attribute::Text(rev.chars().take(7).collect())));
    }
    if let Some(count) = reference.number("revCount") {
        attrs.push(("revCount", Attribute::Number(count)));
    }
    if reference.kind() == "git" {
        attrs.push(("submodules", Attribute::Flag(false)));
    }
    Ok(Some(Source { path, hash, attrs }))
}

/// Submodules are read where there are none.
fn with_submodules(ev: &Ev, root: &Path, source: &mut Source) -> Result<()> {
    let place = ev.real(format!("{}/.gitmodules", ev.shared.store.print(&source.path)).as_bytes());
    if matches!(ev.shared.outside.file_type(&place), Ok(Some(_))) {
        let root = root.display();
        let message = format!(
            "'{root}' has submodules, which are not read here; give --override-input with a folder that has them"
        );
        return fail(Kind::Unavailable, message);
    }
    source.attrs.retain(|(name, _)| *name != "submodules");
    source.attrs.push(("submodules", Attribute::Flag(true)));
    Ok(())
}

impl Source {
    /// The same source under another name in the store.
    pub fn named(mut self, ev: &Ev, name: &str) -> Result<Self> {
        let place = ev.real(ev.shared.store.print(&self.path).as_bytes());
        self.path = ev.shared.store.source_path(name, &self.hash)?;
        ev.shared.imported.insert(&self.path, Place::Here(place));
        Ok(self)
    }
}

fn mount(ev: &Ev, path: &StorePath, place: &Path) {
    ev.shared.imported.insert(path, Place::Here(place.as_os_str().as_bytes().to_vec()));
}

/// A folder as it is.
fn folder(ev: &mut Ev, path: &Path) -> Result<Source> {
    if !path.exists() {
        return fail(Kind::Io, format!("path '{}' does not exist", path.display()));
    }
    let place = path.canonicalize()?;
    if let Some(text) = place.to_str()
        && let Ok(base) = ev.shared.store.parse(text)
        && base.name() == "source"
    {
        // A source that is in the store already is taken as it is.
        let hash = hash_path(&place, Algorithm::Sha256)?;
        if ev.shared.store.source_path("source", &hash).as_ref() == Ok(&base) {
            let attrs = vec![("lastModified", Attribute::Number(newest(&place)))];
            return Ok(Source { path: base, hash, attrs });
        }
    }
    let hash = hash_path(&place, Algorithm::Sha256)?;
    let store_path = ev.shared.store.source_path("source", &hash)?;
    mount(ev, &store_path, &place);
    ev.shared.imported.came_from(&store_path, &place, false);
    let attrs = vec![("lastModified", Attribute::Number(newest(&place)))];
    Ok(Source { path: store_path, hash, attrs })
}

/// A folder as it is, under a store path that its name alone decides: nothing is read to know it.
pub fn in_place(ev: &mut Ev, place: &Path) -> Result<Source> {
    let (path, hash) = place_of(&ev.shared.store, place)?;
    mount(ev, &path, place);
    Ok(Source { path, hash, attrs: Vec::new() })
}

/// The store path that [`in_place`] gives a folder, and the hash of its name that stands for its own.
pub fn place_of(store: &StoreDir, place: &Path) -> Result<(StorePath, Hash)> {
    let hash = Hash::of(Algorithm::Sha256, place.as_os_str().as_bytes());
    Ok((store.source_path("source", &hash)?, hash))
}

/// The newest change of any file below.
fn newest(place: &Path) -> i64 {
    use std::os::unix::fs::MetadataExt;
    let times = walkdir::WalkDir::new(place).into_iter().flatten();
    times.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.mtime()).max().unwrap_or(0)
}

/// The root of the git repository around `path`.
pub fn git_root(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf)
}

fn run_git(root: &Path, args: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false"])
        .args(args)
        .env("GIT_OPTIONAL_LOCKS", "0");
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return fail(Kind::Io, format!("git is needed to read '{}': {error}", root.display())),
    };
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return fail(Kind::Io, format!("git {} in '{}': {error}", args.join(" "), root.display()));
    }
    Ok(output.stdout)
}

fn git_text(root: &Path, args: &[&str]) -> Option<String> {
    let out = run_git(root, args).ok()?;
    Some(String::from_utf8_lossy(&out).trim().to_owned())
}

/// The commit that `rev` names.
pub fn revision(root: &Path, rev: &str) -> Result<String> {
    match git_text(root, &["rev-parse", "--verify", "--end-of-options", &format!("{rev}^{{commit}}")]) {
        Some(id) => Ok(id),
        None => fail(Kind::Unavailable, format!("'{}' has no revision '{rev}'", root.display())),
    }
}

/// The tracked files of a repository: as they are, or those of a revision.
pub fn git(ev: &mut Ev, root: &Path, rev: Option<&str>) -> Result<Source> {
    let root = root.canonicalize()?;
    let head = git_text(&root, &["rev-parse", "--verify", "HEAD"]);
    let wanted = match rev {
        Some(rev) => Some(revision(&root, rev)?),
        None => None,
    };
    let dirty = wanted.is_none()
        && !run_git(&root, &["status", "--porcelain", "--untracked-files=no", "--ignore-submodules"])?
            .is_empty();
    let work_tree = dirty || (wanted.is_none() && head.is_none());
    let temporary = tempfile::Builder::new().prefix("pgflakegen-source-").tempdir()?;
    let tree = temporary.path().join("source");
    std::fs::create_dir(&tree)?;
    if work_tree {
        for name in
            run_git(&root, &["ls-files", "-z"])?.split(|byte| *byte == 0).filter(|name| !name.is_empty())
        {
            copy_file(&root, &tree, Path::new(std::ffi::OsStr::from_bytes(name)))?;
        }
    } else {
        let commit = wanted.as_deref().or(head.as_deref()).unwrap_or("HEAD");
        let index = temporary.path().join("index");
        let index_env = index.as_os_str();
        let checkout = |args: &[&str]| -> Result<()> {
            let output = Command::new("git")
                .arg("-C")
                .arg(&root)
                .arg("--work-tree")
                .arg(&tree)
                .args(args)
                .env("GIT_INDEX_FILE", index_env)
                .output()?;
            if output.status.success() {
                return Ok(());
            }
            fail(Kind::Io, format!("git: {}", String::from_utf8_lossy(&output.stderr).trim()))
        };
        checkout(&["read-tree", commit])?;
        checkout(&["checkout-index", "--all", "--force"])?;
    }
    let hash = hash_path(&tree, Algorithm::Sha256)?;
    let path = ev.shared.store.source_path("source", &hash)?;
    let keep = temporary.keep();
    mount(ev, &path, &keep.join("source"));
    if rev.is_none() {
        ev.shared.imported.came_from(&path, &root, true);
    }
    ev.shared.temporary.lock().unwrap_or_else(PoisonError::into_inner).push(keep);
    let short = |id: &str| id.chars().take(7).collect::<String>();
    let mut attrs = Vec::new();
    let time = |at: &str| {
        git_text(&root, &["log", "-1", "--format=%ct", "--no-show-signature", at])
            .and_then(|t| t.parse().ok())
    };
    match (&wanted, &head, dirty) {
        (Some(id), ..) | (None, Some(id), false) => {
            attrs.push(("lastModified", Attribute::Number(time(id).unwrap_or(0))));
            attrs.push(("rev", Attribute::Text(id.clone())));
            attrs.push(("shortRev", Attribute::Text(short(id))));
            let count = git_text(&root, &["rev-list", "--count", id]).and_then(|count| count.parse().ok());
            attrs.push(("revCount", Attribute::Number(count.unwrap_or(0))));
        }
        (None, Some(id), true) => {
            attrs.push(("lastModified", Attribute::Number(time(id).unwrap_or(0))));
            attrs.push(("dirtyRev", Attribute::Text(format!("{id}-dirty"))));
            attrs.push(("dirtyShortRev", Attribute::Text(format!("{}-dirty", short(id)))));
        }
        (None, None, _) => attrs.push(("lastModified", Attribute::Number(0))),
    }
    attrs.push(("submodules", Attribute::Flag(false)));
    Ok(Source { path, hash, attrs })
}

fn copy_file(root: &Path, tree: &Path, name: &Path) -> Result<()> {
    let (from, to) = (root.join(name), tree.join(name));
    // A tracked file that was deleted is not there.
    let Ok(metadata) = from.symlink_metadata() else { return Ok(()) };
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir)?;
    }
    match nar::FileType::from(metadata.file_type()) {
        nar::FileType::Symlink => std::os::unix::fs::symlink(std::fs::read_link(&from)?, &to)?,
        nar::FileType::Regular => {
            std::fs::copy(&from, &to)?;
        }
        // A submodule is an empty folder.
        _ => std::fs::create_dir_all(&to)?,
    }
    Ok(())
}

/// `YYYYMMDDhhmmss` of a time in UTC.
fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

impl Source {
    /// The attributes that a flake sees as `sourceInfo`.
    pub fn info(&self, ev: &mut Ev) -> Vec<Attr> {
        let mut set = ContextSet::default();
        set.insert(ContextElement::Path(ev.keep_text(self.path.base_name())));
        let full = ev.shared.store.print(&self.path);
        let out = ev.string_of(full.as_bytes(), set);
        let mut attrs = vec![ev.named("outPath", ev.at(out))];
        let hash = ev.string(self.hash.to_sri().as_bytes());
        attrs.push(ev.named("narHash", ev.at(hash)));
        for (name, value) in &self.attrs {
            let value = match value {
                Attribute::Text(text) => ev.string(text.as_bytes()),
                Attribute::Number(number) => {
                    if *name == "lastModified" {
                        let date = ev.string(date(*number).as_bytes());
                        attrs.push(ev.named("lastModifiedDate", ev.at(date)));
                    }
                    Value::Int(*number)
                }
                Attribute::Flag(flag) => Value::Bool(*flag),
            };
            attrs.push(ev.named(name, ev.at(value)));
        }
        attrs
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        assert_eq!(super::date(0), "19700101000000");
        assert_eq!(super::date(1_709_210_096), "20240229123456");
    }
}
