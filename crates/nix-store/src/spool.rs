//! Bytes that are kept until they can be read again: in memory up to a limit, then in a temporary file
//! that has no name and goes with the process.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

/// How much is held in memory unless told otherwise.
pub const MEMORY: usize = 64 << 20;

/// How much is read at a time: less costs calls, more the processor's cache.
pub const BUFFER: usize = 128 << 10;

/// Where some bytes of a [`Spool`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First byte.
    pub start: u64,
    /// How many.
    pub len: u64,
}

/// An append-only store of bytes.
#[derive(Debug)]
pub struct Spool {
    /// The beginning; never shorter again once `file` is there.
    memory: Vec<u8>,
    limit: usize,
    /// All that did not fit.
    file: Option<File>,
    len: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self::new(MEMORY)
    }
}

impl Spool {
    /// An empty one that holds up to `limit` bytes in memory.
    pub fn new(limit: usize) -> Self {
        Self { memory: Vec::new(), limit, file: None, len: 0 }
    }

    /// A file as it lies there, without a copy. Nothing is to be added.
    ///
    /// # Errors
    /// When its length cannot be told.
    pub fn of_file(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { memory: Vec::new(), limit: 0, file: Some(file), len })
    }

    /// How many bytes are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of it.
    pub fn all(&self) -> Slice {
        Slice { start: 0, len: self.len }
    }

    /// Reads a part; bytes that are not there end it early.
    pub fn reader(&self, slice: Slice) -> Reader<'_> {
        Reader {
            spool: self,
            start: slice.start,
            at: slice.start,
            end: slice.start + slice.len,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// The bytes at `at`, as many as come at once; empty only at the end.
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        let in_memory = self.memory.len() as u64;
        if at < in_memory {
            let rest = &self.memory[usize::try_from(at).unwrap_or(usize::MAX)..];
            let count = rest.len().min(out.len());
            out[..count].copy_from_slice(&rest[..count]);
            return Ok(count);
        }
        match &self.file {
            Some(file) => file.read_at(out, at - in_memory),
            None => Ok(0),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = if self.file.is_none() && self.memory.len() < self.limit {
            let count = data.len().min(self.limit - self.memory.len());
            self.memory.extend_from_slice(&data[..count]);
            count
        } else {
            if self.file.is_none() {
                self.file = Some(tempfile::tempfile()?);
            }
            match &mut self.file {
                Some(file) => file.write(data)?,
                None => 0,
            }
        };
        self.len += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads part of a [`Spool`].
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    spool: &'a Spool,
    start: u64,
    at: u64,
    end: u64,
    /// Only used by [`BufRead`] where the bytes are in the file; `used` of them are consumed.
    buffer: Vec<u8>,
    used: usize,
}

impl Reader<'_> {
    fn left(&self) -> usize {
        usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    fn buffered(&self) -> &[u8] {
        &self.buffer[self.used..]
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A large read of a file needs no copy of our own; many small ones are better served from one.
        if self.buffered().is_empty() && out.len() >= BUFFER {
            let count = self.left().min(out.len());
            let count = self.spool.read_at(self.at, &mut out[..count])?;
            self.at += count as u64;
            return Ok(count);
        }
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left();
        let in_memory = self.spool.memory.len() as u64;
        if self.at < in_memory {
            let rest = &self.spool.memory[usize::try_from(self.at).unwrap_or(usize::MAX)..];
            return Ok(&rest[..rest.len().min(left)]);
        }
        if self.buffered().is_empty() {
            self.used = 0;
            self.buffer.resize(left.min(BUFFER), 0);
            let count = self.spool.read_at(self.at, &mut self.buffer)?;
            self.buffer.truncate(count);
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
        self.used = (self.used + count).min(self.buffer.len());
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.buffer.clear();
        self.used = 0;
        let target = match to {
            SeekFrom::Start(offset) => self.start.checked_add(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        match target {
            Some(target) if target >= self.start => {
                self.at = target;
                Ok(target - self.start)
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..20),
            limit in 0usize..200,
            from in 0u64..300,
            len in 0u64..300,
        ) {
            let mut spool = Spool::new(limit);
            let mut all = Vec::new();
            for part in &parts {
                spool.write_all(part).unwrap();
                all.extend_from_slice(part);
            }
            prop_assert_eq!(spool.len(), all.len() as u64);
            let (start, end) = (all.len().min(from as usize), all.len().min((from + len) as usize));
            let slice = Slice { start: from, len };
            let mut read = Vec::new();
            spool.reader(slice).read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read, &all[start..end]);
            let mut buffered = Vec::new();
            let mut reader = spool.reader(slice);
            loop {
                let chunk = reader.fill_buf().unwrap();
                let take = chunk.len().div_ceil(2);
                if take == 0 { break }
                buffered.extend_from_slice(&chunk[..take]);
                reader.consume(take);
            }
            prop_assert_eq!(buffered, read);
        }
    }
}
