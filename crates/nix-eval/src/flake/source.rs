//! Sources of flakes: folders, archives, local git repositories, and what was fetched before.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::git;
use super::reference::{Attribute, Reference};
use super::{Kind, fail};
use crate::attrs::Attr;
use crate::coerce::ContextSet;
use crate::imported::Place;
use crate::machine::{Ev, Result};
use crate::unpacked::{file_of, of_this_machine, unreadable};
use crate::value::ContextElement;
use crate::value::Value;
use nix_store::nar::{NarWriter, hash_path};
use nix_store::{Algorithm, Hash, Hasher, StoreDir, StorePath, dates};

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

/// Who names a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever runs this: the flake, `--override-input`.
    User,
    /// What is evaluated: an input, `fetchTree`.
    Program,
    /// An entry of a lock file: what lies in the store already is taken as it is, and what the entry says of it
    /// counts.
    Lock,
}

/// Fetches what a reference stands for, from this machine; once for all threads.
pub fn fetch(ev: &mut Ev, reference: &Reference, by: By) -> Result<Source> {
    let key = format!("{by:?}:{}", reference.key());
    let shared = ev.shared.clone();
    // Other threads wait: what one finds they need, too.
    let mut found = shared.sources_found.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = found.get(&key).and_then(|source| source.downcast_ref::<Source>()) {
        return Ok(source.clone());
    }
    let source = find(ev, reference, by)?;
    found.insert(key, std::sync::Arc::new(source.clone()));
    Ok(source)
}

fn find(ev: &mut Ev, reference: &Reference, by: By) -> Result<Source> {
    let expected = reference.nar_hash()?;
    let last = by == By::Lock;
    if by != By::User && !ev.shared.takes_local() && is_local(reference)? {
        let hash = expected.as_ref().ok_or_else(|| of_this_machine(&reference.to_text()))?;
        return by_hash(ev, reference, hash).map_err(|_| of_this_machine(&reference.to_text()));
    }
    if last
        && let Some(hash) = &expected
        && let Ok(source) = by_hash(ev, reference, hash)
    {
        return Ok(source);
    }
    let mut source = match (here(ev, reference)?, &expected) {
        (Some(source), _) => source,
        (None, Some(hash)) => match by_hash(ev, reference, hash) {
            Ok(source) => source,
            Err(_) => return missing(reference),
        },
        (None, None) => return missing(reference),
    };
    if let Some(expected) = expected.filter(|expected| *expected != source.hash) {
        let text = reference.to_text();
        // Nix takes the given hash for the one that was found where it does not compute it by itself.
        let (expected, found) = match reference.kind() {
            "path" | "git" => (source.hash, expected),
            _ => (expected, source.hash),
        };
        let message = format!("NAR hash mismatch in input '{text}', expected '{expected}' but got '{found}'");
        return fail(Kind::Other, message);
    }
    if last {
        source.attrs = given(reference)?;
    }
    if let Some(name) = reference.text("name").filter(|name| *name != "source") {
        source = source.named(ev, name)?;
    }
    Ok(source)
}

/// Whether a reference names something on this machine.
fn is_local(reference: &Reference) -> Result<bool> {
    Ok(match reference.kind() {
        "auto" | "path" => true,
        "git" | "tarball" | "file" => file_of(reference.text("url").unwrap_or_default())?.is_some(),
        _ => false,
    })
}

/// What lies on this machine where the reference says; `None` for what would have to be fetched.
fn here(ev: &mut Ev, reference: &Reference) -> Result<Option<Source>> {
    Ok(Some(match reference.kind() {
        "auto" => {
            let path = PathBuf::from(reference.text("path").unwrap_or_default());
            match git_root(&path) {
                Some(root) => git::fetch_at(ev, &root, reference)?,
                None => folder(ev, &path)?,
            }
        }
        "path" => {
            let path = reference.text("path").unwrap_or_default();
            if !path.starts_with('/') {
                let text = reference.to_text();
                return fail(
                    Kind::Other,
                    format!("cannot fetch input '{text}' because it uses a relative path"),
                );
            }
            let mut source = folder(ev, Path::new(path))?;
            let said = given(reference)?;
            source.attrs.retain(|(name, _)| !said.iter().any(|(said, _)| said == name));
            source.attrs.extend(said);
            source
        }
        "git" => return git::fetch(ev, reference),
        "tarball" | "file" => {
            let url = reference.text("url").unwrap_or_default();
            let Some(file) = file_of(url)? else { return Ok(None) };
            match reference.kind() {
                "tarball" => tarball(ev, &file, url, reference)?,
                _ => plain_file(ev, &file, url, reference)?,
            }
        }
        _ => return Ok(None),
    }))
}

/// What a reference says of its source, for the source's attributes.
pub(super) fn given(reference: &Reference) -> Result<Vec<(&'static str, Attribute)>> {
    let mut attrs = Vec::new();
    if let Some(rev) = reference.rev()? {
        attrs.push(("shortRev", Attribute::Text(rev.chars().take(7).collect())));
        attrs.push(("rev", Attribute::Text(rev)));
    }
    for name in ["lastModified", "revCount"] {
        if let Some(number) = reference.number(name) {
            attrs.push((name, Attribute::Number(number)));
        }
    }
    if reference.kind() == "git" {
        attrs.push(("submodules", Attribute::Flag(reference.flag("submodules"))));
    }
    Ok(attrs)
}

fn missing<T>(reference: &Reference) -> Result<T> {
    let text = reference.to_url().unwrap_or_else(|_| reference.to_text());
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

/// What the store or the source cache has under its hash.
fn by_hash(ev: &mut Ev, reference: &Reference, hash: &Hash) -> Result<Source> {
    let path = ev.shared.store.source_path(reference.text("name").unwrap_or("source"), hash)?;
    ev.fetched(&path, hash, &reference.to_text(), true, 0)?;
    Ok(Source { path, hash: *hash, attrs: given(reference)? })
}

impl Source {
    /// A tree at `place`, of which nothing is known yet.
    pub(super) fn at(ev: &Ev, place: &Path, hash: Hash) -> Result<Self> {
        let path = ev.shared.store.source_path("source", &hash)?;
        mount(ev, &path, place);
        Ok(Self { path, hash, attrs: Vec::new() })
    }

    /// The same source under another name in the store.
    fn named(mut self, ev: &Ev, name: &str) -> Result<Self> {
        let place = ev.real(ev.shared.store.print(&self.path).as_bytes());
        self.path = ev.shared.store.source_path(name, &self.hash)?;
        ev.shared.imported.insert(&self.path, Place::Here(place));
        Ok(self)
    }
}

fn mount(ev: &Ev, path: &StorePath, place: &Path) {
    ev.shared.imported.insert(path, Place::Here(place.as_os_str().as_bytes().to_vec()));
}

/// An archive of this machine.
fn tarball(ev: &Ev, file: &str, url: &str, reference: &Reference) -> Result<Source> {
    let unpacked = ev.unpack(file, url)?;
    let mut source = Source::at(ev, &unpacked.place, unpacked.hash)?;
    source.attrs = given(reference)?;
    if unpacked.modified != 0 && reference.number("lastModified").is_none() {
        source.attrs.push(("lastModified", Attribute::Number(unpacked.modified)));
    }
    Ok(source)
}

/// A file of this machine, as it is.
fn plain_file(ev: &Ev, file: &str, url: &str, reference: &Reference) -> Result<Source> {
    let place = ev.shared.io.real_path(&ev.real(file.as_bytes()));
    let opened =
        place.metadata().ok().filter(std::fs::Metadata::is_file).map(|_| std::fs::File::open(&place));
    let Some(Ok(contents)) = opened else { return Err(unreadable(url, file)) };
    // In the store it cannot be executed, wherever it comes from.
    let mut nar = NarWriter::new(Hasher::new(Algorithm::Sha256))?;
    nar.regular(false, contents.metadata()?.len(), contents)?;
    let hash = nar.into_inner().finish();
    let mut source = Source::at(ev, &place, hash)?;
    source.attrs = given(reference)?;
    Ok(source)
}

/// A folder as it is.
fn folder(ev: &mut Ev, path: &Path) -> Result<Source> {
    if !path.exists() {
        return fail(Kind::Io, format!("path '/{}' does not exist", path.display()));
    }
    let place = path.canonicalize()?;
    let hash = hash_path(&place, Algorithm::Sha256)?;
    if let Some(text) = place.to_str()
        && let Ok(base) = ev.shared.store.parse(text)
        && base.name() == "source"
        && ev.shared.store.source_path("source", &hash).as_ref() == Ok(&base)
    {
        // A source that is in the store already is taken as it is, and when it changed is not known.
        ev.in_store(&base);
        return Ok(Source { path: base, hash, attrs: vec![("lastModified", Attribute::Number(0))] });
    }
    let mut source = Source::at(ev, &place, hash)?;
    ev.shared.imported.came_from(&source.path, &place, false);
    source.attrs.push(("lastModified", Attribute::Number(newest(&place))));
    Ok(source)
}

/// A folder as it is, under a store path that its name alone decides: nothing is read to know it.
pub fn in_place(ev: &mut Ev, place: &Path) -> Result<Source> {
    let (path, hash) = place_of(&ev.shared.store, place)?;
    mount(ev, &path, place);
    Ok(Source { path, hash, attrs: Vec::new() })
}

/// The store path that `in_place` gives a folder, and the hash of its name that stands for its own.
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

/// `outPath` of a source.
pub(super) fn out_path(ev: &mut Ev, path: &StorePath) -> Attr {
    let mut set = ContextSet::default();
    set.insert(ContextElement::Path(ev.keep_text(path.base_name())));
    let full = ev.shared.store.print(path);
    let out = ev.string_of(full.as_bytes(), set);
    ev.named("outPath", ev.at(out))
}

impl Source {
    /// The attributes that a flake sees as `sourceInfo`.
    pub fn info(&self, ev: &mut Ev) -> Vec<Attr> {
        let mut attrs = vec![out_path(ev, &self.path)];
        let hash = ev.string(self.hash.to_sri().as_bytes());
        attrs.push(ev.named("narHash", ev.at(hash)));
        for (name, value) in &self.attrs {
            let value = match value {
                Attribute::Text(text) => ev.string(text.as_bytes()),
                Attribute::Number(number) => {
                    if *name == "lastModified" {
                        let date = ev.string(dates::compact(*number).as_bytes());
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
