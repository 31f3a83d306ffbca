//! Tar archives: POSIX, GNU and pax headers.
//!
//! Extension headers are read here and not by the `tar` crate, which would hold one of any size in memory.

use std::io::{self, Read};

use tar::EntryType;

use super::tree::{Builder, SourceTree, shown};
use super::{ArchiveError, Limits};

/// The longest extension header: long names and pax records.
const EXTENSION: u64 = 1 << 20;
/// What headers and padding add to an entry at most, for the limit on the whole stream.
const OVERHEAD: u64 = 4096;

/// What extension headers say about the entry that follows.
#[derive(Default)]
struct Pending {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<i64>,
}

/// Reads all entries.
pub fn read(data: impl Read, limits: Limits) -> Result<SourceTree, ArchiveError> {
    let mut builder = Builder::new(limits);
    add(data, limits, &mut builder)?;
    Ok(builder.finish())
}

/// Reads all entries into a tree that may have some already.
pub fn add(data: impl Read, limits: Limits, builder: &mut Builder) -> Result<(), ArchiveError> {
    let all = limits.size.saturating_add(limits.entries.saturating_mul(OVERHEAD));
    let mut archive = tar::Archive::new(Limited { inner: data, left: all, limit: limits.size });
    let mut pending = Pending::default();
    // When entries changed that do not say it themselves.
    let mut modified = None;
    let mut first = true;
    for entry in archive.entries().map_err(ArchiveError::reading)?.raw(true) {
        let mut entry = entry.map_err(ArchiveError::reading)?;
        first = false;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName => pending.path = Some(long_name(&mut entry)?),
            EntryType::GNULongLink => pending.link = Some(long_name(&mut entry)?),
            EntryType::XHeader => pax(&extension(&mut entry)?, &mut pending)?,
            EntryType::XGlobalHeader => {
                let mut global = Pending::default();
                pax(&extension(&mut entry)?, &mut global)?;
                if global.path.is_some() || global.link.is_some() || global.size.is_some() {
                    return Err(ArchiveError::Damaged("a global header gives all entries one name".into()));
                }
                modified = global.modified.or(modified);
            }
            _ => {
                let mut pending = std::mem::take(&mut pending);
                pending.modified = pending.modified.or(modified);
                one(&mut entry, pending, builder)?;
            }
        }
    }
    // The checksum behind the last entry is part of the archive, too.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(ArchiveError::reading)?;
    if first && rest.left == all {
        return Err(ArchiveError::Damaged("it is empty".into()));
    }
    Ok(())
}

fn one<R: Read>(
    entry: &mut tar::Entry<'_, R>,
    pending: Pending,
    builder: &mut Builder,
) -> Result<(), ArchiveError> {
    let header = entry.header();
    let name = pending.path.unwrap_or_else(|| header.path_bytes().into_owned());
    // Times before 1970 are negative, and none of the newest.
    let own = || i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(0);
    builder.changed(pending.modified.unwrap_or_else(own));
    let size = header.entry_size().map_err(ArchiveError::reading)?;
    if pending.size.is_some_and(|other| other != size) {
        return Err(ArchiveError::Damaged(format!("{:?} has two different sizes", shown(&name))));
    }
    let link = |header: &tar::Header| {
        pending
            .link
            .clone()
            .or_else(|| header.link_name_bytes().map(|name| name.into_owned()))
            .unwrap_or_default()
    };
    let bad = |what| Err(ArchiveError::BadType { name: shown(&name), what });
    match header.entry_type() {
        // In archives from before POSIX a directory is a file whose name ends in a slash.
        EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => builder.directory(&name),
        EntryType::Regular | EntryType::Continuous => {
            let executable = header.mode().map_err(ArchiveError::reading)? & 0o100 != 0;
            builder.file(&name, executable, size, entry)
        }
        EntryType::Directory => builder.directory(&name),
        EntryType::Symlink => builder.symlink(&name, &link(header)),
        EntryType::Link => builder.hard_link(&name, &link(header)),
        EntryType::Char | EntryType::Block => bad("a device"),
        EntryType::Fifo => bad("a pipe"),
        EntryType::GNUSparse => bad("a sparse file"),
        _ => bad("of a type unknown to POSIX"),
    }
}

fn extension(entry: &mut impl Read) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    entry.take(EXTENSION + 1).read_to_end(&mut bytes).map_err(ArchiveError::reading)?;
    if bytes.len() as u64 > EXTENSION {
        return Err(ArchiveError::TooMuch { limit: EXTENSION, what: "bytes in an extension header" });
    }
    Ok(bytes)
}

fn long_name(entry: &mut impl Read) -> Result<Vec<u8>, ArchiveError> {
    let mut name = extension(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

/// Records are `LENGTH KEY=VALUE\n`; a value may hold anything, newlines too.
fn pax(mut bytes: &[u8], pending: &mut Pending) -> Result<(), ArchiveError> {
    let damaged = || ArchiveError::Damaged("a pax header is malformed".into());
    while !bytes.is_empty() {
        let space = bytes.iter().take(20).position(|byte| *byte == b' ').ok_or_else(damaged)?;
        let length: usize = std::str::from_utf8(&bytes[..space])
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(damaged)?;
        let record =
            bytes.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(damaged)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(damaged)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => pending.path = Some(value.to_vec()),
            // Seconds, with a fraction perhaps.
            b"mtime" => {
                let whole = value.split(|byte| *byte == b'.').next().unwrap_or_default();
                pending.modified = std::str::from_utf8(whole).ok().and_then(|text| text.parse().ok());
            }
            b"linkpath" => pending.link = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                pending.size = Some(size.ok_or_else(damaged)?);
            }
            _ if key.starts_with(b"GNU.sparse.") => {
                return Err(ArchiveError::BadType { name: "pax header".into(), what: "a sparse file" });
            }
            _ => {}
        }
        bytes = &bytes[length..];
    }
    Ok(())
}

/// Ends with an error, not silently, when more than allowed comes.
struct Limited<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => {
                self.left = left;
                Ok(count)
            }
            None => Err(io::Error::other(ArchiveError::TooMuch { limit: self.limit, what: "bytes" })),
        }
    }
}
