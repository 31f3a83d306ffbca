//! What the tests of the evaluator share: cases as files, our result for a program, Nix's message.

#![allow(dead_code)] // no test needs all of it
#![allow(clippy::unwrap_used)] // a test may fail

pub mod fetch;
pub mod program;
pub mod random;
pub mod typed;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pgflakegen::nix::eval::{Machine, Result, Session, Settings, Text, Value};

/// What the derivation of an extension has before its override, in order.
pub const ATTRIBUTES: [&str; 10] = [
    "buildInputs",
    "installFlags",
    "makeFlags",
    "meta",
    "nativeBuildInputs",
    "passthru",
    "pname",
    "postInstall",
    "src",
    "version",
];

/// The programs in a folder of `tests/cases`, if it is there.
pub fn cases(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
            .collect();
    files.sort();
    files
}

/// The names of those, without `.nix`.
pub fn names(folder: &str) -> Vec<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    cases(folder).iter().map(stem).collect()
}

/// What `print` makes of the value of a program, all of it evaluated.
pub fn evaluated<T>(
    text: &str,
    settings: Settings,
    print: impl FnOnce(&Value<'_>) -> Result<T>,
) -> Result<T> {
    let session = Session::new(Arc::new(Machine), settings);
    let value = session.eval(Text::Expression(text.as_bytes(), Path::new("/")))?;
    value.force_deep()?;
    print(&value)
}

/// The value of a program as `nix-instantiate --eval --strict` prints it, or the message.
pub fn instantiated(text: &str, settings: Settings) -> std::result::Result<String, String> {
    match evaluated(text, settings, |value| value.to_nix_lazily()) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned() + "\n"),
        Err(error) => Err(error.to_string()),
    }
}

/// The innermost message of Nix's error.
pub fn message(stderr: &[u8]) -> String {
    let stderr = String::from_utf8_lossy(stderr);
    let lines = stderr.lines().map(str::trim).filter_map(|line| line.strip_prefix("error:"));
    lines.map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
