//! Where a source is from, as forges have it: addresses of comparisons, and names that databases of software know.

use super::text::encoded;
use crate::catalogue::model::{Fetcher, Revision};

/// How a forge writes its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub.
    GitHub,
    /// GitLab, wherever it runs.
    GitLab,
    /// Gitea and Forgejo, as at Codeberg.
    Gitea,
}

/// A repository at a forge, and what is taken of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which kind.
    pub forge: Forge,
    /// `github.com`.
    pub host: String,
    /// `pgvector/pgvector`; at GitLab there may be more parts.
    pub path: String,
    /// A tag or a commit.
    pub at: String,
}

impl Place {
    /// Of a source, if it is from a forge; also of an archive that a forge makes, or that stands at a release.
    pub fn of(fetcher: &Fetcher) -> Option<Self> {
        match fetcher {
            Fetcher::GitHub { owner, repo, at, .. } => Some(Self {
                forge: Forge::GitHub,
                host: "github.com".into(),
                path: format!("{owner}/{repo}"),
                at: name(at).to_owned(),
            }),
            Fetcher::Git { url, at, .. } => {
                let url = url::Url::parse(url).ok()?;
                let host = url.host_str()?.to_owned();
                let path = url.path().trim_matches('/').trim_end_matches(".git").to_owned();
                let forge = forge(&host)?;
                (path.contains('/')).then(|| Self { forge, host, path, at: name(at).to_owned() })
            }
            Fetcher::Url { url } => archive(url),
        }
    }

    /// The repository's page.
    pub fn page(&self) -> String {
        format!("https://{}/{}", self.host, encoded(&self.path, "/"))
    }

    /// What is in `other` and not in this one, if both are of one repository.
    pub fn compare(&self, other: &Self) -> Option<String> {
        let same = self.forge == other.forge
            && self.host == other.host
            && self.path.eq_ignore_ascii_case(&other.path)
            && self.at != other.at;
        let way = if self.forge == Forge::GitLab { "/-/compare/" } else { "/compare/" };
        let name = |place: &Self| encoded(&place.at, "/");
        same.then(|| format!("{}{way}{}...{}", other.page(), name(self), name(other)))
    }
}

/// The address of what changed between two sources.
pub fn compare(from: &Fetcher, to: &Fetcher) -> Option<String> {
    Place::of(from)?.compare(&Place::of(to)?)
}

fn name(at: &Revision) -> &str {
    match at {
        Revision::Tag(name) | Revision::Rev(name) => name.strip_prefix("refs/tags/").unwrap_or(name),
    }
}

fn forge(host: &str) -> Option<Forge> {
    match host {
        "github.com" => Some(Forge::GitHub),
        "codeberg.org" | "gitea.com" => Some(Forge::Gitea),
        _ if host.starts_with("gitlab.") => Some(Forge::GitLab),
        _ if host.starts_with("git.") && host.ends_with("osgeo.org") => Some(Forge::Gitea),
        _ => None,
    }
}

/// `https://github.com/O/R/archive/refs/tags/T.tar.gz`, `…/releases/download/T/FILE`, GitLab's `…/-/archive/T/FILE`.
fn archive(url: &str) -> Option<Place> {
    let url = url::Url::parse(url).ok()?;
    let host = url.host_str()?.to_owned();
    let forge = forge(&host)?;
    let parts: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    // GitLab's own interface, from which nixpkgs fetches.
    if let ["api", "v4", "projects", project, "repository", _file] = parts.as_slice() {
        let at = url.query_pairs().find(|(key, _)| key == "sha").map(|(_, value)| value.into_owned())?;
        let at = at.strip_prefix("refs/tags/").map_or(at.clone(), str::to_owned);
        return Some(Place { forge, host, path: percent(project), at });
    }
    let bare = |file: &str| {
        let ends = [".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".zip"];
        ends.iter().find_map(|end| file.strip_suffix(end)).map(str::to_owned)
    };
    let decoded = |text: &str| percent(text);
    let at = parts.iter().position(|part| matches!(*part, "archive" | "releases" | "-"))?;
    let (path, rest) = (parts.get(..at)?, parts.get(at..)?);
    let tag = match rest {
        ["archive", "refs", "tags", tag @ ..] if !tag.is_empty() => bare(&tag.join("/"))?,
        ["archive", file] => bare(file)?,
        ["releases", "download", tag, _file] => (*tag).to_owned(),
        ["-", "archive", tag @ .., _file] if !tag.is_empty() => tag.join("/"),
        _ => return None,
    };
    (path.len() >= 2).then(|| Place { forge, host, path: path.join("/"), at: decoded(&tag) })
}

fn percent(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Fetcher {
        Fetcher::Url { url: url.into() }
    }

    fn git(url: &str, tag: &str) -> Fetcher {
        Fetcher::Git { url: url.into(), at: Revision::Tag(tag.into()), submodules: false }
    }

    fn github(tag: &str) -> Fetcher {
        let (owner, repo) = ("o".into(), "r".into());
        Fetcher::GitHub { owner, repo, at: Revision::Tag(tag.into()), submodules: false }
    }

    #[test]
    fn comparisons() {
        for (from, to, address) in [
            (github("v1"), github("v2"), Some("https://github.com/o/r/compare/v1...v2")),
            (github("v1"), github("v1"), None),
            (github("a b#c"), github("d/e"), Some("https://github.com/o/r/compare/a%20b%23c...d/e")),
            (
                url("https://github.com/o/r/archive/refs/tags/v1.tar.gz"),
                github("v2"),
                Some("https://github.com/o/r/compare/v1...v2"),
            ),
            (
                url("https://github.com/o/r/releases/download/v1/r.zip"),
                url("https://github.com/o/r/releases/download/v2/r.zip"),
                Some("https://github.com/o/r/compare/v1...v2"),
            ),
            (
                git("https://gitlab.com/g/h/r.git", "1"),
                git("https://gitlab.com/g/h/r", "2"),
                Some("https://gitlab.com/g/h/r/-/compare/1...2"),
            ),
            (
                url("https://gitlab.com/g/r/-/archive/1/r-1.tar.gz"),
                url("https://gitlab.com/g/r/-/archive/2/r-2.tar.gz"),
                Some("https://gitlab.com/g/r/-/compare/1...2"),
            ),
            (
                url("https://gitlab.com/api/v4/projects/g%2Fr/repository/archive.tar.gz?sha=refs%2Ftags%2F1"),
                url("https://gitlab.com/api/v4/projects/g%2Fr/repository/archive.tar.gz?sha=2"),
                Some("https://gitlab.com/g/r/-/compare/1...2"),
            ),
            (
                git("https://codeberg.org/o/r", "1"),
                git("https://codeberg.org/o/r", "2"),
                Some("https://codeberg.org/o/r/compare/1...2"),
            ),
            (git("https://git.example.org/o/r", "1"), git("https://git.example.org/o/r", "2"), None),
            (url("https://example.org/r-1.tar.gz"), url("https://example.org/r-2.tar.gz"), None),
            (github("v1"), git("https://github.com/else/r", "v2"), None),
        ] {
            assert_eq!(compare(&from, &to).as_deref(), address, "{from:?} {to:?}");
        }
    }
}
