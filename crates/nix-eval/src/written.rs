//! Writing what evaluation made, so that a Nix store takes it: a binary cache of derivations and
//! sources. All of them are content-addressed, so none needs a signature. Derivations are there
//! as plain files as well, for people and for comparing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::{Error, Kind};
use super::eval_io::{EvalIo as _, WorkTrees};
use super::imported::Place;
use super::machine::Result;
use nix_store::nar::{FileType, NarWriter, write_path};
use nix_store::{Algorithm, Hash, Hasher, IngestionMethod, StoreDir, StorePath};

/// Hashes and counts what it passes on.
struct Tee<W> {
    out: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn place_of(dir: &Path, path: &StorePath) -> std::path::PathBuf {
    dir.join(format!("{}.narinfo", path.hash_part()))
}

/// Puts a file in its place in one step: other threads may be writing the same one.
fn put(dir: &Path, to: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(to).map_err(|error| error.error)?;
    Ok(())
}

/// Writes the archive that `fill` makes, and what there is to know of it.
fn archive(
    dir: &Path,
    store: &StoreDir,
    path: &StorePath,
    references: &BTreeSet<StorePath>,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    address: impl FnOnce(&Hash) -> Result<Option<String>>,
) -> Result<()> {
    let nars = dir.join("nar");
    fs::create_dir_all(&nars)?;
    let about = dir.join("nix-cache-info");
    if !about.exists() {
        put(dir, &about, format!("StoreDir: {}\n", store.as_str()).as_bytes())?;
    }
    let out = io::BufWriter::new(tempfile::NamedTempFile::new_in(&nars)?);
    let mut tee = Tee { out, hasher: Hasher::new(Algorithm::Sha256), size: 0 };
    fill(&mut tee)?;
    let hash = tee.hasher.finish();
    let Some(address) = address(&hash)? else { return Ok(()) };
    let nar = format!("nar/{}.nar", hash.to_base32());
    let file = tee.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(dir.join(&nar)).map_err(|error| error.error)?;
    let mut text = String::new();
    let names: Vec<_> = references.iter().map(StorePath::base_name).collect();
    let _ = write!(
        text,
        "StorePath: {}\nURL: {nar}\nCompression: none\nNarHash: sha256:{}\nNarSize: {}\nReferences: {}\nCA: {address}\n",
        store.print(path),
        hash.to_base32(),
        tee.size,
        names.join(" "),
    );
    put(dir, &place_of(dir, path), text.as_bytes())
}

/// Writes a derivation or another text.
fn text(
    dir: &Path,
    store: &StoreDir,
    path: &StorePath,
    text: &[u8],
    references: &BTreeSet<StorePath>,
) -> Result<()> {
    let fill = |out: &mut dyn Write| Ok(NarWriter::new(out)?.regular(false, text.len() as u64, text)?);
    let address = format!("text:sha256:{}", Hash::of(Algorithm::Sha256, text).to_base32());
    archive(dir, store, path, references, fill, |_| Ok(Some(address)))
}

/// Writes a derivation.
pub fn derivation(
    dir: &Path,
    store: &StoreDir,
    path: &StorePath,
    bytes: &[u8],
    references: &BTreeSet<StorePath>,
) -> Result<()> {
    if place_of(dir, path).exists() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    put(dir, &dir.join(path.base_name()), bytes)?;
    text(dir, store, path, bytes, references)
}

/// Writes what a store path stands for.
pub fn source(
    dir: &Path,
    store: &StoreDir,
    path: &StorePath,
    place: &Place,
    trees: &WorkTrees,
) -> Result<()> {
    if place_of(dir, path).exists() {
        return Ok(());
    }
    match place {
        Place::Text(bytes, references) => text(dir, store, path, bytes, references),
        Place::Here(from) => {
            let root = trees.real_path(from);
            tree(dir, store, path, &root, &mut |inner, _| Ok(trees.sees_below(from, &root, inner)))
        }
        Place::Part(root, kept) => tree(dir, store, path, root, &mut |inner, _| {
            Ok(inner.strip_prefix(root).is_ok_and(|below| kept.contains(below)))
        }),
    }
}

fn tree(
    dir: &Path,
    store: &StoreDir,
    path: &StorePath,
    from: &Path,
    filter: &mut dyn FnMut(&Path, FileType) -> Result<bool>,
) -> Result<()> {
    let fill = |out: &mut dyn Write| write_path::<_, Box<Error>>(from, out, filter).map(|_| ());
    let address = |nar: &Hash| {
        let of = |method, hash: &Hash| {
            let found = store.fixed_output_path(method, hash, path.name(), &BTreeSet::new());
            found.as_ref() == Ok(path)
        };
        if of(IngestionMethod::Nar, nar) {
            return Ok(Some(format!("fixed:r:sha256:{}", nar.to_base32())));
        }
        if from.is_file() {
            let mut hasher = Hasher::new(Algorithm::Sha256);
            io::copy(&mut fs::File::open(from)?, &mut hasher)?;
            let flat = hasher.finish();
            if of(IngestionMethod::Flat, &flat) {
                return Ok(Some(format!("fixed:sha256:{}", flat.to_base32())));
            }
        }
        // Something built: it is in the store of this machine, or is built again.
        Ok(None)
    };
    archive(dir, store, path, &BTreeSet::new(), fill, address)
}

/// Copies a file or folder.
pub fn copy(from: &Path, to: &Path, filter: &mut dyn FnMut(&Path) -> bool) -> Result<()> {
    match FileType::from(from.symlink_metadata()?.file_type()) {
        FileType::Regular => {
            fs::copy(from, to)?;
        }
        FileType::Symlink => std::os::unix::fs::symlink(fs::read_link(from)?, to)?,
        FileType::Directory => {
            fs::create_dir(to)?;
            for entry in fs::read_dir(from)? {
                let entry = entry?;
                if filter(&entry.path()) {
                    copy(&entry.path(), &to.join(entry.file_name()), filter)?;
                }
            }
        }
        FileType::Unknown => {
            let message = format!("file '{}' has an unsupported type", from.display());
            return Err(Error::new(Kind::Io, message));
        }
    }
    Ok(())
}
