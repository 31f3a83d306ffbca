//! Writing what evaluation made: `.drv` files and sources, under the names they have in the store.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::machine::Result;
use crate::store::StorePath;
use crate::store::nar::FileType;

fn write(dir: &Path, path: &StorePath, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let place = dir.join(path.base_name());
    if place.symlink_metadata().is_ok() {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.persist(place)?;
    Ok(())
}

/// Writes a derivation.
pub fn derivation(dir: &Path, path: &StorePath, text: &[u8]) -> Result<()> {
    Ok(write(dir, path, text)?)
}

/// Writes a text file.
pub fn file(dir: &Path, path: &StorePath, text: &[u8]) -> Result<()> {
    Ok(write(dir, path, text)?)
}

/// Copies a file tree.
pub fn source(
    dir: &Path,
    path: &StorePath,
    from: &Path,
    filter: &mut dyn FnMut(&Path, FileType) -> Result<bool>,
) -> Result<()> {
    fs::create_dir_all(dir)?;
    let place = dir.join(path.base_name());
    if place.symlink_metadata().is_ok() {
        return Ok(());
    }
    // Made under another name first: another thread may be writing the same one.
    let temporary = tempfile::Builder::new().prefix(".import-").tempdir_in(dir)?;
    let made = temporary.path().join(path.base_name());
    copy(from, &made, filter)?;
    match fs::rename(&made, &place) {
        Err(error) if place.symlink_metadata().is_err() => Err(error.into()),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path, filter: &mut dyn FnMut(&Path, FileType) -> Result<bool>) -> Result<()> {
    match FileType::from(from.symlink_metadata()?.file_type()) {
        FileType::Regular => {
            fs::copy(from, to)?;
        }
        FileType::Symlink => std::os::unix::fs::symlink(fs::read_link(from)?, to)?,
        FileType::Directory => {
            fs::create_dir(to)?;
            for entry in fs::read_dir(from)? {
                let entry = entry?;
                let kind = FileType::from(entry.file_type()?);
                if filter(&entry.path(), kind)? {
                    copy(&entry.path(), &to.join(entry.file_name()), filter)?;
                }
            }
        }
        FileType::Unknown => {
            let message = format!("file '{}' has an unsupported type", from.display());
            return Err(Error::new(super::error::Kind::Io, message));
        }
    }
    Ok(())
}
