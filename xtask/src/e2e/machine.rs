//! What the machine must have: Nix, a compiler, and the libraries PostgreSQL is built with.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};

use super::command::{logged, output, program};
use super::{Context, Outcome};

/// Debian packages. tests/hostpkgs checks for each where it is used.
const PACKAGES: &[&str] = &[
    // Nix itself: no daemon, only the build users.
    "nix-bin",
    "nix-setup-systemd",
    // Building.
    "bison",
    "build-essential",
    "bzip2",
    "ca-certificates",
    "cmake",
    "curl",
    "fakeroot",
    "flex",
    "git",
    "jq",
    "libclang-dev",
    "libtap-parser-sourcehandler-pgtap-perl",
    "openssl",
    "perl",
    "pkg-config",
    "shellcheck",
    "unzip",
    "xz-utils",
    "zstd",
    // Libraries.
    "libcurl4-openssl-dev",
    "libicu-dev",
    "libperl-dev",
    "python3-dev",
    "tcl-dev",
    "libkrb5-dev",
    "liblz4-dev",
    "libreadline-dev",
    "libsodium-dev",
    "libssl-dev",
    "libxml2-dev",
    "libxslt1-dev",
    "libzstd-dev",
    "uuid-dev",
    "zlib1g-dev",
];

/// Installs what is missing.
pub fn prepare(context: &Context) -> Result<Outcome> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        bail!("this wants Debian: it installs Nix and libraries with apt-get");
    }
    if output(program("id").arg("-u"))?.trim() != "0" {
        bail!("this wants root: it installs packages, and Nix builds as users of the group nixbld");
    }
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(Outcome::Done(format!("all {} packages are there", PACKAGES.len())));
    }
    context.note(&format!("installing {}", missing.join(" ")));
    let apt = |words: &[&str], log: &str| {
        logged(
            program("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(words),
            &context.log(log),
            |_| (),
        )
    };
    apt(&["update"], "apt-update")?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    apt(&words, "apt-install")?;
    output(program("nix").arg("--version")).context("nix-bin is installed, but")?;
    Ok(Outcome::Done(format!("installed {} packages", missing.len())))
}

fn missing() -> Result<Vec<&'static str>> {
    // dpkg-query exits with 1 when a package is unknown: its output is what counts.
    let result = program("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(PACKAGES)
        .output()
        .context("dpkg-query")?;
    let text = String::from_utf8_lossy(&result.stdout).into_owned();
    let installed: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    Ok(PACKAGES.iter().copied().filter(|package| !installed.contains(package)).collect())
}
