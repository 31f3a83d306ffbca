//! Where an input of the flake is from: the kinds of flake reference that the catalogue takes, and what `flake.lock`
//! records of each.

use url::Url;

/// The place that an input's `url` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `github:OWNER/REPO[/BRANCH]`.
    GitHub {
        /// Owner.
        owner: String,
        /// Repository.
        repo: String,
        /// Branch or tag, if it names one.
        reference: Option<String>,
    },
    /// `git+https://HOST/REPO[?ref=BRANCH][&submodules=1]`.
    Git {
        /// Without `git+` and without what follows `?`.
        url: String,
        /// Branch or tag, if it names one.
        reference: Option<String>,
        /// With submodules.
        submodules: bool,
    },
    /// An archive: `https://HOST/FILE.tar.gz`.
    Tarball {
        /// Its address.
        url: String,
    },
    /// `path:/DIR`.
    Path {
        /// The folder.
        path: String,
    },
}

/// As in nixpkgs, whose names of archives decide whether a reference is one to an archive.
const ARCHIVES: [&str; 7] = [".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"];

/// How inputs are written.
pub const FORMS: &str =
    "github:OWNER/REPO[/BRANCH], git+https://HOST/REPO[?ref=BRANCH], https://HOST/FILE.tar.gz or path:/DIR";

fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// A branch or tag as it can stand in an address.
fn is_reference(text: &str) -> bool {
    text.split('/').all(|part| plain(part) && !part.starts_with('-'))
}

impl Place {
    /// What a `url` says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if let Some(rest) = url.strip_prefix("github:") {
            let mut parts = rest.splitn(3, '/');
            let (owner, repo, reference) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
            if !plain(owner) || !plain(repo) || !reference.is_none_or(is_reference) {
                return Err("write github:OWNER/REPO or github:OWNER/REPO/BRANCH");
            }
            let (owner, repo) = (owner.to_owned(), repo.to_owned());
            return Ok(Self::GitHub { owner, repo, reference: reference.map(str::to_owned) });
        }
        if let Some(path) = url.strip_prefix("path:") {
            let tidy = path.starts_with('/')
                && path.len() > 1
                && !path.contains(['?', '#', '%'])
                && path[1..].split('/').all(|part| !matches!(part, "" | "." | ".."));
            return if tidy {
                Ok(Self::Path { path: path.to_owned() })
            } else {
                Err("path: takes a whole path from / on, without `.`, `..`, `?` and `#`")
            };
        }
        if let Some(rest) = url.strip_prefix("git+") {
            return Self::git(rest);
        }
        Self::tarball(url)
    }

    fn git(text: &str) -> Result<Self, &'static str> {
        let Ok(mut url) = Url::parse(text) else { return Err("what follows git+ is no address") };
        if !matches!(url.scheme(), "https" | "http" | "ssh" | "file") {
            return Err("after git+ there is https:, http:, ssh: or file:");
        }
        if url.fragment().is_some() || url.password().is_some() {
            return Err("an address in a lock file has no password and no #");
        }
        let (mut reference, mut submodules) = (None, false);
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "ref" if is_reference(&value) => reference = Some(value.into_owned()),
                "submodules" if matches!(value.as_ref(), "0" | "1") => submodules = value == "1",
                _ => {
                    return Err(
                        "after ? only ref=BRANCH and submodules=1 are known; rev has a key of its own",
                    );
                }
            }
        }
        url.set_query(None);
        Ok(Self::Git { url: url.to_string(), reference, submodules })
    }

    fn tarball(text: &str) -> Result<Self, &'static str> {
        let address = text.strip_prefix("tarball+");
        let Ok(url) = Url::parse(address.unwrap_or(text)) else { return Err("this is no address") };
        if !matches!(url.scheme(), "https" | "http" | "file") {
            return Err("inputs come from github:, git+https:, an archive at https:, or path:");
        }
        if address.is_none() && !ARCHIVES.iter().any(|end| url.path().ends_with(end)) {
            return Err(
                "Nix takes an address for an archive by its end (.tar.gz); write tarball+https: or git+https:",
            );
        }
        if url.fragment().is_some()
            || url.password().is_some()
            || url.query_pairs().any(|(key, _)| key == "narHash")
        {
            return Err(
                "an address in a lock file has no password, no # and no narHash, which has a key of its own",
            );
        }
        Ok(Self::Tarball { url: address.unwrap_or(text).to_owned() })
    }

    /// Whether the input is pinned by a commit; others are by their hash alone.
    pub fn has_commits(&self) -> bool {
        matches!(self, Self::GitHub { .. } | Self::Git { .. })
    }

    /// The branch or tag that is followed, if it is named.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::GitHub { reference, .. } | Self::Git { reference, .. } => reference.as_deref(),
            Self::Tarball { .. } | Self::Path { .. } => None,
        }
    }

    /// As `flake.nix` has it.
    pub fn url(&self) -> String {
        match self {
            Self::GitHub { owner, repo, reference } => {
                let end = reference.as_ref().map_or(String::new(), |reference| format!("/{reference}"));
                format!("github:{owner}/{repo}{end}")
            }
            Self::Git { url, reference, submodules } => {
                let reference = reference.as_ref().map(|reference| format!("ref={reference}"));
                let query: Vec<String> =
                    reference.into_iter().chain(submodules.then(|| "submodules=1".to_owned())).collect();
                let mark = if query.is_empty() { "" } else { "?" };
                format!("git+{url}{mark}{}", query.join("&"))
            }
            Self::Tarball { url } => {
                let known = Url::parse(url)
                    .is_ok_and(|parsed| ARCHIVES.iter().any(|end| parsed.path().ends_with(end)));
                if known { url.clone() } else { format!("tarball+{url}") }
            }
            Self::Path { path } => format!("path:{path}"),
        }
    }

    /// The same without the branch: what there is the revision of.
    pub fn name(&self) -> String {
        match self.clone() {
            Self::GitHub { owner, repo, .. } => Self::GitHub { owner, repo, reference: None }.url(),
            Self::Git { url, .. } => Self::Git { url, reference: None, submodules: false }.url(),
            other => other.url(),
        }
    }

    /// What tells it from another place in `flake.lock`, apart from branch or tag: key and value of a `locked`.
    pub fn identity(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::GitHub { owner, repo, .. } => vec![("owner", owner), ("repo", repo), ("type", "github")],
            Self::Git { url, .. } => vec![("type", "git"), ("url", url)],
            Self::Tarball { url } => vec![("type", "tarball"), ("url", url)],
            Self::Path { path } => vec![("path", path), ("type", "path")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for url in [
            "github:NixOS/nixpkgs",
            "github:NixOS/nixpkgs/release/26.05",
            "git+https://example.org/r.git",
            "git+https://example.org/r.git?ref=main&submodules=1",
            "git+ssh://git@example.org/r.git?ref=a/b",
            "https://example.org/x/nixexprs.tar.xz",
            "https://example.org/x.tar.gz?a=b",
            "tarball+https://example.org/latest",
            "path:/srv/nixpkgs",
        ] {
            assert_eq!(Place::parse(url).map(|place| place.url()).as_deref(), Ok(url));
        }
    }

    #[test]
    fn what_is_no_input() {
        for bad in [
            "NixOS/nixpkgs",
            "github:NixOS",
            "github:NixOS/",
            "github:a/b?dir=c",
            "github:a/b/",
            "github:a b/c",
            "github:a/b/--upload-pack=x",
            "git+ext::sh",
            "git+https://u:p@example.org/r",
            "git+https://example.org/r?rev=1",
            "https://example.org/x",
            "https://example.org/x.tar.gz#a",
            "path:nixpkgs",
            "path:/a/../b",
            "path:/",
            "ftp://example.org/x.tar.gz",
            "",
        ] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }
}
