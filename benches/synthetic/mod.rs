//! Catalogues of any size, the same every time: for benchmarks and tests that need a big one.

use std::fmt::Write as _;

use data_encoding::BASE64;
use pgflakegen::catalogue::Files;
use sha2::{Digest, Sha256};

/// How many versions an extension has, about as in the default catalogue's largest.
pub const VERSIONS_EACH: usize = 5;

/// A catalogue with eight PostgreSQLs and `versions` extension versions, [`VERSIONS_EACH`] to an extension.
pub fn catalogue(versions: usize) -> Files {
    let mut files = Files::new();
    files.insert("flake.toml", FLAKE);
    files.insert("postgresql.toml", POSTGRESQL);
    files
        .insert("pgrx.toml", format!("{PGRX}hash = \"{}\"\ncargo-hash = \"{}\"\n", sri(1, "c"), sri(2, "c")));
    let extensions = versions.div_ceil(VERSIONS_EACH);
    for number in 0..extensions {
        let own = VERSIONS_EACH.min(versions - number * VERSIONS_EACH);
        files.insert(format!("extensions/ext_{number:05}.toml"), extension(number, own));
        if number.is_multiple_of(10) {
            files.insert(format!("patches/ext_{number:05}/a.patch"), "");
        }
    }
    files
}

fn sri(number: usize, of: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(format!("{of} {number}"))))
}

fn extension(number: usize, versions: usize) -> String {
    let rust = number % 4 == 3;
    let mut text = format!(
        "#:schema ../../schema/extension.json\n\
         description = \"Synthetic extension number {number}\"\n\
         license = \"postgresql\"\n\
         kind = \"{}\"\n\
         source = {{ github = \"example/ext_{number}\", tag = \"v{{version}}\" }}\n\
         changelog = \"https://example.org/ext_{number}/{{version}}\"\n\
         build-inputs = [\"openssl\", \"curl\"]\n",
        if rust { "pgrx" } else { "pgxs" },
    );
    if number.is_multiple_of(10) {
        let _ = writeln!(text, "patches = [\"patches/ext_{number:05}/a.patch\"]");
    }
    if number % 3 == 1 {
        // Chains of requirements, each to the one before.
        let _ = writeln!(text, "requires = [\"ext_{:05}\", \"pgcrypto\"]", number - 1);
    }
    if number.is_multiple_of(5) {
        let _ = writeln!(text, "preload = true\n\n[settings]\n\"ext_{number:05}.mode\" = \"on\"");
    }
    for version in 0..versions {
        let hash = sri(number * VERSIONS_EACH + version, "source");
        let _ = write!(
            text,
            "\n[[version]]\nversion = \"1.{version}.0\"\npostgresql = [\"14\", \">=15\"]\nhash = \"{hash}\"\n"
        );
        if rust {
            let crates = sri(number * VERSIONS_EACH + version, "crates");
            let _ = writeln!(text, "pgrx = \"0.16.1\"\ncargo-hash = \"{crates}\"");
        }
    }
    text
}

const FLAKE: &str = r#"description = "A synthetic catalogue"
systems = ["x86_64-linux", "aarch64-linux", "aarch64-darwin"]
default-postgresql = "17"

[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "e2587caef70cea85dd97d7daab492899902dbf5d"
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856
"#;

const POSTGRESQL: &str = r#"
[[postgresql]]
name = "14"
major = 14

[[postgresql]]
name = "15"
major = 15

[[postgresql]]
name = "15_like"
major = 15
like = "15"

[[postgresql]]
name = "16"
major = 16

[[postgresql]]
name = "17"
major = 17

[[postgresql]]
name = "17_like"
major = 17
like = "17"

[[postgresql]]
name = "18"
major = 18

[[postgresql]]
name = "18_like"
major = 18
like = "18"
"#;

const PGRX: &str = "[[cargo-pgrx]]\nversion = \"0.16.1\"\n";
