//! Bills of materials, as the official schemas and models of CycloneDX and SPDX see them. Where their validators are not
//! installed (`cargo xtask validators`), these show as ignored.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use super::support::program::{run, stderr};

/// What is looked at: an environment with all there is, an image, an extension with a patch, one in Rust with its tools.
const SUBJECTS: [(&str, &[&str]); 4] = [
    ("psql_17/bin", &[]),
    ("psql_17/docker", &[]),
    ("psql_18/exts/pgvector-0_8_0", &[]),
    ("psql_17/exts/pg_graphql", &["--tools"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> PathBuf {
    root().join("target/validators/bin/python")
}

/// One for each subject and format.
pub fn trials() -> Vec<Trial> {
    let missing = !python().exists();
    if missing {
        eprintln!(
            "target/validators is not there (cargo xtask validators): what is said of bills is not known"
        );
    }
    let mut trials = Vec::new();
    for (subject, options) in SUBJECTS {
        for format in ["cyclonedx", "spdx", "spdx-2.3"] {
            let name = format!("sbom::{format}_of_{}", subject.replace('/', "_"));
            let trial = Trial::test(name, move || validate(subject, options, format));
            trials.push(trial.with_ignored_flag(missing));
        }
    }
    trials.push(Trial::test("sbom::the_validators_see_faults", faults).with_ignored_flag(missing));
    trials
}

fn document(subject: &str, options: &[&str], format: &str) -> Result<Vec<u8>, Failed> {
    let folder = |path: &str| format!("path:{}", root().join(path).display());
    let (nixpkgs, rust) = (folder("tests/hostpkgs"), folder("tests/hostpkgs/rust-overlay"));
    let fixed = ["sbom", subject, "--format", format, "--system", "x86_64-linux"];
    let inputs = ["--override-input", "nixpkgs", &nixpkgs, "--override-input", "rust-overlay", &rust];
    let output = run(root(), &[&fixed[..], &inputs, options].concat());
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(stderr(&output).into()),
    }
}

/// What the validator says of a text; nothing: it is valid.
fn complaints(format: &str, text: &[u8]) -> Result<Option<String>, Failed> {
    let dir = tempfile::tempdir()?;
    // The name says the format to one of them.
    let file = dir.path().join("bill.spdx.json");
    std::fs::write(&file, text)?;
    let script = root().join("tests/sbom/validate.py");
    let output = Command::new(python()).arg(script).arg(format).arg(&file).output()?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((!output.status.success()).then_some(said))
}

fn validate(subject: &str, options: &[&str], format: &str) -> Result<(), Failed> {
    match complaints(format, &document(subject, options, format)?)? {
        None => Ok(()),
        Some(said) => Err(said.into()),
    }
}

/// They are no rubber stamps.
fn faults() -> Result<(), Failed> {
    for (format, from, to) in [
        ("cyclonedx", "\"scope\": \"required\"", "\"scope\": \"perhaps\""),
        ("spdx-2.3", "\"relationshipType\": \"DEPENDS_ON\"", "\"relationshipType\": \"LIKES\""),
        ("spdx", "\"relationshipType\": \"dependsOn\"", "\"relationshipType\": \"likes\""),
    ] {
        let text = String::from_utf8(document("psql_18/exts/pgvector-0_8_0", &["--tools"], format)?)?;
        assert!(text.contains(from), "{format}: {from}");
        if complaints(format, text.replacen(from, to, 1).as_bytes())?.is_none() {
            return Err(format!("{format}: {to} is valid").into());
        }
    }
    Ok(())
}
