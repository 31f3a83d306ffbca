//! A world with nothing in it, for programs made at random; the fuzz target `eval` has it, too.

use std::io;
use std::path::PathBuf;

use nix_eval::EvalIo;
use nix_store::nar::FileType;

/// A world with nothing in it.
pub struct Nothing;

fn nothing<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotFound.into())
}

impl EvalIo for Nothing {
    fn read_file(&self, _: &[u8]) -> io::Result<Vec<u8>> {
        nothing()
    }
    fn file_size(&self, _: &[u8]) -> io::Result<u64> {
        nothing()
    }
    fn read_dir(&self, _: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        nothing()
    }
    fn file_type(&self, _: &[u8]) -> io::Result<Option<FileType>> {
        Ok(None)
    }
    fn read_link(&self, _: &[u8]) -> io::Result<Vec<u8>> {
        nothing()
    }
    fn real_path(&self, _: &[u8]) -> PathBuf {
        PathBuf::from("/nonexistent")
    }
    fn env(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn now(&self) -> i64 {
        0
    }
}
