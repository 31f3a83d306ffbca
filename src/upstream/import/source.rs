//! What a call of a fetcher fetches.

use super::knowledge::Knowledge;
use super::value::Value;
use crate::git::is_commit;
use crate::store::hash::{Algorithm, Hash};

/// A source's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// fetchFromGitHub.
    GitHub {
        /// `OWNER/REPO`.
        name: String,
        /// Tag or commit.
        at: At,
        /// With submodules.
        submodules: bool,
    },
    /// fetchurl.
    Url(String),
    /// fetchgit.
    Git {
        /// Where.
        url: String,
        /// Tag or commit.
        at: At,
        /// With submodules.
        submodules: bool,
    },
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A tag.
    Tag(String),
    /// A commit, or a full reference.
    Rev(String),
}

impl At {
    fn of(tag: Option<String>, rev: Option<String>) -> Option<Self> {
        match (tag, rev) {
            (Some(tag), _) => Some(Self::Tag(tag)),
            (None, Some(rev)) if is_commit(&rev) => Some(Self::Rev(rev)),
            (None, Some(rev)) => match rev.strip_prefix("refs/tags/") {
                Some(tag) => Some(Self::Tag(tag.to_owned())),
                None if rev.starts_with("refs/") || rev == "HEAD" => Some(Self::Rev(rev)),
                None => Some(Self::Tag(rev)),
            },
            (None, None) => None,
        }
    }
}

impl Fetched {
    /// With another tag or revision.
    pub fn check_out(&mut self, rev: &str) {
        if let (Self::GitHub { at, .. } | Self::Git { at, .. }, Some(new)) =
            (self, At::of(None, Some(rev.to_owned())))
        {
            *at = new;
        }
    }
}

/// A SHA-256 as SRI; `None` for others and for stand-ins.
pub fn sri(text: &str) -> Option<String> {
    Hash::parse(text, Some(Algorithm::Sha256))
        .ok()
        .filter(|hash| hash.bytes().iter().any(|b| *b != 0))
        .map(|hash| hash.to_sri())
}

/// The mirrors of nixpkgs that extensions are at.
const MIRRORS: [(&str, &str); 8] = [
    ("mirror://sourceforge/", "https://downloads.sourceforge.net/"),
    ("mirror://postgresql/", "https://ftp.postgresql.org/pub/"),
    ("mirror://gnu/", "https://ftpmirror.gnu.org/"),
    ("mirror://pypi/", "https://files.pythonhosted.org/packages/source/"),
    ("mirror://debian/", "https://deb.debian.org/debian/"),
    ("mirror://apache/", "https://archive.apache.org/dist/"),
    ("mirror://savannah/", "https://download.savannah.gnu.org/releases/"),
    ("mirror://osdn/", "https://osdn.dl.osdn.net/"),
];

fn address(url: &str) -> Result<String, String> {
    if let Some((mirror, place)) = MIRRORS.iter().find(|(mirror, _)| url.starts_with(mirror)) {
        return Ok(format!("{place}{}", &url[mirror.len()..]));
    }
    if url.starts_with("mirror://") {
        return Err(format!("its source is at {url}, a mirror that is not known here"));
    }
    Ok(url.to_owned())
}

/// What a value fetches, and its hash.
///
/// # Errors
/// Why the catalogue cannot have it.
pub fn read(known: &Knowledge<'_>, value: &Value) -> Result<(Fetched, Option<String>), String> {
    let Value::Call(fetcher, argument) = value else {
        return Err("its src is no call of a fetcher that can be read".into());
    };
    let value = |name: &str| known.select(argument, name);
    let text = |name: &str| value(name).and_then(|value| value.text().map(str::to_owned));
    let mut hash = ["hash", "sha256"].into_iter().find_map(text).and_then(|hash| sri(&hash));
    let submodules =
        matches!(value("fetchSubmodules").or_else(|| value("submodules")), Some(Value::Bool(true)));
    let short = fetcher.rsplit('.').next().unwrap_or_default();
    let at = At::of(text("tag"), text("rev"));
    let unknown = || format!("the arguments of {short} depend on more than the version");
    let special = ["postFetch", "sparseCheckout", "rootDir", "leaveDotGit", "forceFetchGit", "deepClone"];
    if let Some(special) =
        special.iter().find(|name| value(name).is_some_and(|v| !matches!(v, Value::Bool(false))))
    {
        return Err(format!("{short} with {special} is more than the catalogue's sources do"));
    }
    let fetched = match short {
        "fetchFromGitHub" => match (text("owner"), text("repo"), at) {
            (Some(owner), Some(repo), Some(at)) => {
                Fetched::GitHub { name: format!("{owner}/{repo}"), at, submodules }
            }
            _ => return Err(unknown()),
        },
        "fetchurl" => {
            let url = text("url").or_else(|| match value("urls") {
                Some(Value::List(urls)) => urls.first()?.text().map(str::to_owned),
                _ => None,
            });
            Fetched::Url(address(&url.ok_or_else(unknown)?)?)
        }
        // builtins.fetchGit has no hash; what it gives is what fetchgit gives.
        "fetchgit" | "fetchGit" => {
            if short == "fetchGit" {
                hash = None;
            }
            let (url, at) = text("url").zip(at).ok_or_else(unknown)?;
            let github = url
                .strip_prefix("https://github.com/")
                .map(|rest| rest.trim_end_matches('/').trim_end_matches(".git").to_owned());
            match github.filter(|_| short == "fetchGit") {
                Some(name) if name.matches('/').count() == 1 => Fetched::GitHub { name, at, submodules },
                _ => Fetched::Git { url, at, submodules },
            }
        }
        other => return Err(format!("{other} is no fetcher that the catalogue has")),
    };
    Ok((fetched, hash))
}
