//! What the machine must have: Nix, a compiler, and the libraries PostgreSQL is built with.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::command::{logged, output, program, script};
use super::{Context, Outcome, apt};

/// Debian packages. tests/hostpkgs checks for each where it is used.
const PACKAGES: &[&str] = &[
    // Nix itself: no daemon, only the build users.
    "nix-bin",
    "nix-setup-systemd",
    // Building.
    "barman-cli-cloud",
    "bison",
    "build-essential",
    "bzip2",
    "ca-certificates",
    "clang",
    "cmake",
    "curl",
    "debootstrap",
    "docker-registry",
    "fakeroot",
    "flex",
    "git",
    "gosu",
    "jq",
    "libclang-dev",
    "libnss-wrapper",
    "libtap-parser-sourcehandler-pgtap-perl",
    "llvm-dev",
    "meson",
    "ninja-build",
    "openssh-client",
    "openssh-server",
    "openssl",
    "patchelf",
    "perl",
    "pkg-config",
    "podman",
    "python3-venv",
    "runc",
    "shellcheck",
    "skopeo",
    "strace",
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
    apt::get(context, &["update"], "apt-update")?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    apt::get(context, &words, "apt-install")?;
    output(program("nix").arg("--version")).context("nix-bin is installed, but")?;
    Ok(Outcome::Done(format!("installed {} packages", missing.len())))
}

/// Where Debian's unstable release has its place beside the machine's own: only its Nix is of interest, and for
/// CloudNativePG that it has another build of PostgreSQL.
pub const UNSTABLE: &str = "/var/lib/hostpkgs/unstable";

/// How long an installed one is kept before it is looked whether Debian has moved on.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The Nix of Debian's unstable release. It runs without a root file system of its own: through that
/// release's loader and libraries, on a store of its own, so that it sees what the machine sees.
pub struct CurrentNix {
    version: String,
}

impl CurrentNix {
    /// The one that is there.
    pub fn installed() -> Result<Self> {
        let wrapper = Path::new(UNSTABLE).join("wrappers/nix");
        let text = output(program(&wrapper).arg("--version")).context("the step current-nix installs it")?;
        let version = text.trim().rsplit(' ').next().context("nix --version")?.to_owned();
        Ok(Self { version })
    }

    /// `2.34.8`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Programs of it in a folder, on whichever store the environment says.
    pub fn put_into(folder: &Path, names: &[&str]) -> Result<()> {
        fs::create_dir_all(folder)?;
        names.iter().try_for_each(|name| script(&folder.join(name), &Self::launch(name)))
    }

    /// A line of shell that becomes one of its programs.
    fn launch(name: &str) -> String {
        let root = UNSTABLE;
        format!(
            "exec {root}/lib64/ld-linux-x86-64.so.2 --argv0 {name} --library-path {root}/lib/x86_64-linux-gnu:{root}/usr/lib/x86_64-linux-gnu {root}/usr/bin/nix \"$@\""
        )
    }

    /// One of its programs, with the test's settings.
    pub fn command(&self, context: &Context, name: &str) -> Command {
        let mut command = program(Path::new(UNSTABLE).join("wrappers").join(name));
        command.env("NIX_CONFIG", super::nix::CONFIG).env_remove("NIX_PATH");
        command.env("XDG_CACHE_HOME", context.state.join("current-nix-cache"));
        command
    }
}

/// Installs it, and wrappers that can stand for `nix` and `nix-instantiate`.
pub fn current_nix(context: &Context) -> Result<Outcome> {
    let place = Path::new(UNSTABLE);
    let age = fs::metadata(place.join("wrappers")).and_then(|data| data.modified()).ok();
    if age.and_then(|made| made.elapsed().ok()).is_none_or(|age| age > WEEK)
        || CurrentNix::installed().is_err()
    {
        if place.exists() {
            fs::remove_dir_all(place).context(UNSTABLE)?;
        }
        let mut words =
            ["--variant=minbase", "--include=nix-bin", "unstable", UNSTABLE].map(str::to_owned).to_vec();
        words.push(apt::address(context)?);
        context.note(&format!("debootstrap {}", words[..3].join(" ")));
        // It ends with an error when a package cannot be configured outside of its own root file system; what
        // counts is whether Nix runs.
        let installed = logged(program("debootstrap").args(&words), &context.log("debootstrap"), |_| ());
        write_wrappers(place)?;
        if let Err(error) = CurrentNix::installed() {
            installed?;
            return Err(error);
        }
    }
    write_wrappers(place)?;
    let nix = CurrentNix::installed()?;
    // The tests call it by this name.
    Ok(Outcome::Done(format!("Nix {}: {UNSTABLE}/wrappers/nix-instantiate", nix.version())))
}

fn write_wrappers(place: &Path) -> Result<()> {
    let root = place.display();
    let folder = place.join("wrappers");
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(place.join("etc/nix"))?;
    fs::write(place.join("etc/nix/nix.conf"), "extra-experimental-features = nix-command flakes\n")?;
    for name in ["nix", "nix-instantiate", "nix-store"] {
        let text = format!(
            "export NIX_REMOTE='local?root={root}/store' NIX_CONF_DIR={root}/etc/nix\n{}",
            CurrentNix::launch(name)
        );
        script(&folder.join(name), &text)?;
    }
    Ok(())
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
