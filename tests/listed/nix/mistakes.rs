//! What Nix says of ordinary mistakes, which docs/messages.md shows beside what we say.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;

/// It is what was recorded; with `PGFLAKEGEN_BLESS` it is recorded.
pub fn are_those_of_nix(nix: &str) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mistakes");
    let mut wrong = String::new();
    for path in crate::support::cases("mistakes") {
        let output = Command::new(nix)
            .args(["--eval", "--strict", "--readonly-mode"])
            .arg(&path)
            .env_remove("NIX_PATH")
            .output()?;
        if output.status.success() {
            return Err(format!("{} is no mistake", path.display()).into());
        }
        let said = String::from_utf8_lossy(&output.stderr).replace(&format!("{}/", folder.display()), "");
        let recorded = path.with_extension("err");
        if std::env::var_os("PGFLAKEGEN_BLESS").is_some() {
            fs::write(&recorded, &said)?;
        }
        if fs::read_to_string(&recorded).unwrap_or_default() != said {
            wrong += &format!("{}:\n{said}\n", path.display());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}
