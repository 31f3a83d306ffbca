//! What people type to say what is to be fetched: `github:OWNER/REPO/REV`, `git+URL`, an address, a path.

use url::Url;

/// A source by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locator {
    /// `github:OWNER/REPO` or `github:OWNER/REPO/REV`.
    GitHub {
        /// Owner.
        owner: String,
        /// Repository.
        repo: String,
        /// Tag, branch or commit; `None`: the default branch's head.
        rev: Option<String>,
    },
    /// `git+URL?rev=…&ref=…&submodules=1`.
    Git {
        /// Without `git+` and without what follows `?`.
        url: String,
        /// Tag, branch or commit; `None`: the default branch's head.
        rev: Option<String>,
        /// With submodules.
        submodules: bool,
    },
    /// A file.
    Url(Url),
}

/// Why a text is none of those.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}: {why}")]
pub struct BadLocator {
    text: String,
    why: String,
}

/// Whether `OWNER/REPO` can be a repository at GitHub.
pub fn owner_and_repo(text: &str) -> Option<(&str, &str)> {
    let (owner, repo) = text.split_once('/')?;
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let good = plain(owner, "-_") && plain(repo, "-_.") && repo != "." && repo != "..";
    good.then_some((owner, repo.strip_suffix(".git").unwrap_or(repo)))
}

impl Locator {
    /// Whether it is on this machine: then whoever typed it wants it read.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Git { url, .. } => url.starts_with("file://"),
            Self::Url(url) => url.scheme() == "file",
            Self::GitHub { .. } => false,
        }
    }
}

impl std::str::FromStr for Locator {
    type Err = BadLocator;

    fn from_str(text: &str) -> Result<Self, BadLocator> {
        let bad = |why: &str| Err(BadLocator { text: crate::git::redacted(text), why: why.to_owned() });
        if let Some(rest) = text.strip_prefix("github:") {
            let mut parts = rest.splitn(3, '/');
            let name = format!("{}/{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let Some((owner, repo)) = owner_and_repo(&name) else {
                return bad("write github:OWNER/REPO/REV");
            };
            let rev = parts.next().filter(|rev| !rev.is_empty()).map(str::to_owned);
            return Ok(Self::GitHub { owner: owner.to_owned(), repo: repo.to_owned(), rev });
        }
        if let Some(rest) = text.strip_prefix("git+") {
            let Ok(mut url) = Url::parse(rest) else { return bad("what follows git+ is no address") };
            let (mut rev, mut reference, mut submodules) = (None, None, false);
            for (key, value) in url.query_pairs() {
                match key.as_ref() {
                    "rev" => rev = Some(value.into_owned()),
                    "ref" => reference = Some(value.into_owned()),
                    "submodules" => submodules = matches!(value.as_ref(), "1" | "true"),
                    _ => return bad("after ? only rev, ref and submodules are known"),
                }
            }
            url.set_query(None);
            return Ok(Self::Git { url: url.to_string(), rev: rev.or(reference), submodules });
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https" | "file") => Ok(Self::Url(url)),
            Ok(url) => bad(&format!(
                "`{}:` is not known; https:, http:, file:, github: and git+https: are",
                url.scheme()
            )),
            Err(_) => match std::path::absolute(text).ok().and_then(|path| Url::from_file_path(path).ok()) {
                Some(url) if std::path::Path::new(text).exists() => Ok(Self::Url(url)),
                _ => match owner_and_repo(text) {
                    Some((owner, repo)) => {
                        bad(&format!("no such file; for the repository type github:{owner}/{repo}"))
                    }
                    None => bad("this is neither an address nor a file"),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        let github = |rev: Option<&str>| Locator::GitHub {
            owner: "pgvector".into(),
            repo: "pgvector".into(),
            rev: rev.map(str::to_owned),
        };
        assert_eq!("github:pgvector/pgvector".parse(), Ok(github(None)));
        assert_eq!("github:pgvector/pgvector/v0.8.0".parse(), Ok(github(Some("v0.8.0"))));
        assert_eq!("github:pgvector/pgvector/refs/tags/a/b".parse(), Ok(github(Some("refs/tags/a/b"))));
        let git =
            Locator::Git { url: "https://x.org/r.git".into(), rev: Some("v1".into()), submodules: true };
        assert_eq!("git+https://x.org/r.git?ref=v1&submodules=1".parse(), Ok(git));
        assert_eq!("https://x.org/a".parse(), Ok(Locator::Url(Url::parse("https://x.org/a").unwrap())));
        let error = "ssh+x://me:p@55@host/a?b=https://u:v@x/".parse::<Locator>().unwrap_err().to_string();
        assert!(error.starts_with("ssh+x://host/a?b=https://x/: "), "{error}");
        for bad in ["github:x", "github:../x/y", "github:-/", "ftp://x", "git+x", "nowhere/nothing", ""] {
            assert!(bad.parse::<Locator>().is_err(), "{bad}");
        }
    }
}
