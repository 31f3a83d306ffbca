//! Debian's package manager: waiting for its lock, and reading which sources its archive offers today.
//! The archive's address and keys are those of the machine's own configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Context;
use super::command::{logged, output, program};

/// How long another package manager is waited for.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What apt says when somebody else holds one of its locks.
const LOCKED: &[&str] =
    &["Could not get lock", "Unable to acquire the dpkg frontend lock", "Unable to lock directory"];

/// Releases by the names that move with them, oldest first: what stands here stays right when Debian goes on.
const SUITES: &[&str] = &["oldstable", "stable", "testing", "unstable"];

/// `apt-get WORDS…`, once nobody else holds the lock.
pub fn get(context: &Context, words: &[&str], log: &str) -> Result<String> {
    let began = Instant::now();
    loop {
        let mut command = program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        match logged(&mut command, &context.log(log), |_| ()) {
            Err(error) if began.elapsed() < PATIENCE && is_lock(&format!("{error:#}")) => {
                if began.elapsed() < Duration::from_secs(2) {
                    context.note("another package manager is at work; waiting for it");
                }
                sleep(Duration::from_secs(3));
            }
            result => return result,
        }
    }
}

fn is_lock(message: &str) -> bool {
    LOCKED.iter().any(|text| message.contains(text))
}

/// A source package as a release of Debian has it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub package: String,
    /// Debian's version of it.
    pub version: String,
    /// Upstream's version.
    pub upstream: String,
    /// Index of the release in the archive's own lists: later ones are newer.
    suite: usize,
}

/// The lists of sources of each release.
pub struct Archive<'a> {
    context: &'a Context,
    /// Folders with a `sources.list` and the lists, the oldest release first.
    suites: Vec<PathBuf>,
}

impl<'a> Archive<'a> {
    /// Reads the lists of today.
    ///
    /// # Errors
    /// When the machine's configuration names no archive, or none of its releases can be read.
    pub fn read(context: &'a Context) -> Result<Self> {
        let mut addresses = addresses()?;
        if addresses.is_empty() {
            get(context, &["update"], "apt-update")?;
            addresses = self::addresses()?;
        }
        if addresses.is_empty() {
            bail!("apt's configuration names no archive of Debian");
        }
        context.note("reading Debian's lists of sources");
        let mut archive = Self { context, suites: Vec::new() };
        for suite in SUITES {
            for (address, security) in &addresses {
                let suite = if *security { format!("{suite}-security") } else { (*suite).to_owned() };
                let folder = context.state.join("apt").join(&suite);
                fs::create_dir_all(folder.join("lists/partial"))?;
                fs::write(folder.join("sources.list"), format!("deb-src {address} {suite} main\n"))?;
                let mut words = options(&folder);
                words.push("update".to_owned());
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                // A release may be gone, and testing and unstable have no updates of security.
                match get(context, &words, &format!("apt-sources-{suite}")) {
                    Ok(_) => archive.suites.push(folder),
                    Err(error) if *security => drop(error),
                    Err(error) => context.note(&format!(
                        "{suite} can't be read: {}",
                        format!("{error:#}").lines().next().unwrap_or_default()
                    )),
                }
            }
        }
        if archive.suites.is_empty() {
            bail!("no release of Debian can be read: see apt-sources-*.log in {}", context.logs().display());
        }
        Ok(archive)
    }

    /// Every source package that `wanted` takes, in every version that a release has. Repacked sources and
    /// prereleases are not upstream's releases, and left out.
    pub fn offers(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<Offer>> {
        let mut offers: Vec<Offer> = Vec::new();
        for (suite, folder) in self.suites.iter().enumerate() {
            let targets = ["indextargets", "--format", "$(FILENAME)", "Created-By: Sources"];
            let lists = output(program("apt-get").args(options(folder)).args(targets))?;
            for list in lists.lines() {
                // The lists are compressed in a way of apt's own.
                let text = output(program("/usr/lib/apt/apt-helper").args(["cat-file", list]))?;
                for stanza in text.split("\n\n") {
                    let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
                    let (Some(package), Some(version)) = (field("Package: "), field("Version: ")) else {
                        continue;
                    };
                    let Some(upstream) = upstream(version).filter(|_| wanted(package)) else { continue };
                    offers.retain(|offer| offer.package != package || offer.upstream != upstream);
                    offers.push(Offer {
                        package: package.to_owned(),
                        version: version.to_owned(),
                        upstream: upstream.to_owned(),
                        suite,
                    });
                }
            }
        }
        Ok(offers)
    }

    /// Downloads what is not there yet into `folder`; what the archive lists but no longer has is missing
    /// afterwards.
    pub fn download(&self, offers: &[Offer], folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        for (suite, lists) in self.suites.iter().enumerate() {
            let wanted: Vec<String> = offers
                .iter()
                .filter(|offer| offer.suite == suite && tarball(folder, offer).is_none())
                .map(|offer| format!("{}={}", offer.package, offer.version))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            self.context.note(&format!("fetching {}", wanted.join(" ")));
            let mut command = program("apt-get");
            command.current_dir(folder).args(options(lists));
            // --tar-only: the .dsc and .debian files may be gone while the tarball is still there.
            command.args(["source", "--download-only", "--tar-only"]).args(&wanted);
            // It goes on after what it cannot get, and ends with an error: what came is what counts.
            let _ = logged(&mut command, &self.context.log("apt-source"), |_| ());
        }
        Ok(())
    }
}

/// The downloaded tarball of an offer.
pub fn tarball(folder: &Path, offer: &Offer) -> Option<PathBuf> {
    let start = format!("{}_{}.orig.tar.", offer.package, offer.upstream);
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    entries
        .filter(|path| path.extension().is_some_and(|extension| extension != "asc"))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start)))
}

/// `17.12` of `1:17.12-0+deb13u1`.
fn upstream(version: &str) -> Option<&str> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let (upstream, _) = version.rsplit_once('-')?;
    (!upstream.contains(['+', '~'])).then_some(upstream)
}

/// The addresses of Debian's archives in apt's configuration, and whether each is that of security updates.
fn addresses() -> Result<BTreeSet<(String, bool)>> {
    let words = ["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages"];
    let text = output(program("apt-get").args(words))?;
    Ok(text
        .lines()
        .filter_map(|line| {
            let [address, release, "Debian"] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
            let security = release.ends_with("-security");
            (security || !release.contains('-')).then(|| (address.to_owned(), security))
        })
        .collect())
}

/// The address that a whole release can be installed from.
pub fn address(context: &Context) -> Result<String> {
    if addresses()?.is_empty() {
        get(context, &["update"], "apt-update")?;
    }
    let address = addresses()?.into_iter().find(|(_, security)| !security);
    Ok(address.context("apt's configuration names no archive of Debian")?.0)
}

/// Lists of our own: the machine's stay as they are.
fn options(folder: &Path) -> Vec<String> {
    [
        format!("Dir::Etc::SourceList={}/sources.list", folder.display()),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        format!("Dir::State::Lists={}/lists", folder.display()),
        "Dir::Cache::pkgcache=".to_owned(),
        "Dir::Cache::srcpkgcache=".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        // A release that turns into another one is no surprise here.
        "Acquire::AllowReleaseInfoChange=true".to_owned(),
    ]
    .into_iter()
    .flat_map(|option| ["-o".to_owned(), option])
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_of_debian_versions() {
        for (version, expected) in [
            ("17.12-0+deb13u1", Some("17.12")),
            ("1:8.4.8.10-1", Some("8.4.8.10")),
            ("0.1.4-4-gd63ea3b-8", Some("0.1.4-4-gd63ea3b")),
            ("19~beta1-2", None),
            ("2.19.3+dfsg-1+deb13u1", None),
            ("20", None),
        ] {
            assert_eq!(upstream(version), expected, "{version}");
        }
    }

    #[test]
    fn a_lock_is_known_by_what_apt_says() {
        assert!(is_lock(
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt-get)"
        ));
        assert!(!is_lock("E: Unable to locate package nothing"));
    }
}
