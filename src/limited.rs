//! Reading files that somebody else made: what is no regular file is not waited for, and what is larger than any
//! that this program has a use for is not taken into memory.
//!
//! Must not know what the files are.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Bytes of a file that is read whole. The default catalogue's largest has a few thousand.
pub const MOST: u64 = 64 << 20;

/// The contents of a regular file. Links are followed.
///
/// # Errors
/// When it cannot be read, is a device or pipe, or is too large.
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    // Opening a pipe waits for whoever writes into it.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a device or a pipe, not a file"));
    }
    whole(file, metadata.len())
}

/// As [`read`], of text.
///
/// # Errors
/// Besides, when it is not UTF-8.
pub fn text(path: impl AsRef<Path>) -> io::Result<String> {
    utf8(read(path)?)
}

/// The text of what was named on the command line, which may be a pipe.
///
/// # Errors
/// When it cannot be read, is too large or not UTF-8.
pub fn given(path: impl AsRef<Path>) -> io::Result<String> {
    utf8(given_bytes(path)?)
}

/// As [`given`], of any bytes.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn given_bytes(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    whole(file, size)
}

/// The contents of a regular file that is open already, of about this size.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn opened(file: File, size: u64) -> io::Result<Vec<u8>> {
    whole(file, size)
}

fn whole(file: File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(MOST)).unwrap_or(0));
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST {
        true => {
            let message = format!("it is larger than {} MiB, as no file here is", MOST >> 20);
            Err(io::Error::new(ErrorKind::FileTooLarge, message))
        }
        false => Ok(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_is_not() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("small"), "text").expect("writable");
        assert_eq!(text(at("small")).expect("a file"), "text");
        std::os::unix::fs::symlink("small", at("link")).expect("writable");
        assert_eq!(read(at("link")).expect("a file"), b"text");
        // Sparse: it takes no room.
        File::create(at("large")).and_then(|file| file.set_len(MOST + 1)).expect("writable");
        assert_eq!(read(at("large")).expect_err("too large").kind(), ErrorKind::FileTooLarge);
        assert_eq!(read("/dev/zero").expect_err("a device").kind(), ErrorKind::InvalidInput);
        assert_eq!(given("/dev/zero").expect_err("endless").kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(dir.path()).expect_err("a folder").kind(), ErrorKind::IsADirectory);
        let pipe = std::ffi::CString::new(at("pipe").to_str().expect("UTF-8")).expect("no NUL");
        // SAFETY: a path that ends in NUL.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        assert_eq!(read(at("pipe")).expect_err("nobody writes").kind(), ErrorKind::InvalidInput);
        std::fs::write(at("latin"), b"\xe4").expect("writable");
        assert_eq!(text(at("latin")).expect_err("no UTF-8").kind(), ErrorKind::InvalidData);
    }
}
