//! Zip files, as PGXN hands them out.

use std::io::Read;

use super::tree::{Builder, SourceTree, shown};
use super::{ArchiveError, Limits};
use crate::spool::Reader;

const TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

/// When an entry was changed: as the extended timestamp says, else the date in the directory, taken as UTC.
fn modified<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> i64 {
    let extended = entry.extra_data_fields().find_map(|field| match field {
        zip::ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    let dated = || {
        let at = entry.last_modified()?;
        let days = crate::dates::days(at.year().into(), at.month().into(), at.day().into());
        let seconds = (i64::from(at.hour()) * 60 + i64::from(at.minute())) * 60 + i64::from(at.second());
        Some(days * 86_400 + seconds)
    };
    extended.map(i64::from).or_else(dated).unwrap_or(0)
}

/// Reads all entries.
pub fn read(data: Reader<'_>, limits: Limits) -> Result<SourceTree, ArchiveError> {
    let damaged = |error: zip::result::ZipError| ArchiveError::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(data).map_err(damaged)?;
    let mut builder = Builder::new(limits);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name_raw().to_vec();
        builder.changed(modified(&entry));
        let mode = entry.unix_mode();
        let executable = mode.is_some_and(|mode| mode & 0o100 != 0);
        match mode.map_or(0, |mode| mode & TYPE) {
            LINK => {
                let mut target = Vec::new();
                entry.take(4096).read_to_end(&mut target).map_err(ArchiveError::reading)?;
                builder.symlink(&name, &target)?;
            }
            DIRECTORY => builder.directory(&name)?,
            0 | REGULAR if name.ends_with(b"/") => builder.directory(&name)?,
            // The size in the directory is only what somebody says.
            0 | REGULAR => builder.file_of_unknown_size(&name, executable, entry)?,
            _ => return Err(ArchiveError::BadType { name: shown(&name), what: "a device or a pipe" }),
        }
    }
    Ok(builder.finish())
}
