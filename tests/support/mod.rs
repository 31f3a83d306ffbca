//! What the tests of the evaluator share: cases as files, our result for a program, Nix's message.

#![allow(dead_code)] // no test needs all of it
#![allow(clippy::unwrap_used)] // a test may fail

pub mod fetch;
pub mod program;
pub mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pgflakegen::nix::eval::eval_io::Machine;
use pgflakegen::nix::eval::shared::Origin;
use pgflakegen::nix::eval::{Ev, Result, Settings, Shared, Value};
use pgflakegen::nix::flake::HOOKS;

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

/// An evaluator, and what `print` makes of the value of a program, all of it evaluated.
pub fn evaluated<T>(
    text: &str,
    settings: Settings,
    print: impl FnOnce(&mut Ev, Value) -> Result<T>,
) -> (Ev, Result<T>) {
    // SAFETY: what `print` makes of the value owns what it says, and the evaluator itself is given back.
    let mut ev = unsafe { Ev::new(Shared::new(settings, Arc::new(Machine), HOOKS)) };
    let run = |ev: &mut Ev| {
        let code = ev.parse(text, Origin::Text(text.into()), b"/")?;
        let value = ev.eval(code, None)?;
        let thunk = ev.at(value);
        ev.force_deep(thunk)?;
        print(ev, value)
    };
    let result = run(&mut ev);
    (ev, result)
}

/// The value of a program as `nix-instantiate --eval --strict` prints it, or the message.
pub fn instantiated(text: &str, settings: Settings) -> std::result::Result<String, String> {
    match evaluated(text, settings, Ev::print_instantiate) {
        (_, Ok(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned() + "\n"),
        (ev, Err(error)) => Err(pgflakegen::nix::eval::report::headline(&ev.shared, &error)),
    }
}

/// The innermost message of Nix's error.
pub fn message(stderr: &[u8]) -> String {
    let stderr = String::from_utf8_lossy(stderr);
    let lines = stderr.lines().map(str::trim).filter_map(|line| line.strip_prefix("error:"));
    lines.map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
