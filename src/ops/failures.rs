//! The finding that a failure of what is upstream is.

use crate::diag::{Code, Diagnostic};
use crate::git::GitError;
use crate::rule::{Finder, finder};
use crate::upstream::UpstreamError;
use crate::upstream::bump::BumpError;
use crate::upstream::cargo::CargoError;
use crate::upstream::http::FetchError;
use crate::upstream::versions::VersionsError;

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    BadArchive =
        "What was fetched is no archive, is cut off, or would reach outside of its tree when unpacked: names \
         with .. or a leading slash, links that lead out, devices, more data than allowed. Nothing was \
         unpacked. --max-size raises the limit on bytes, --allow-links-out takes symbolic links that lead out \
         of the tree.";
    BadCrates =
        "The source has no Cargo.lock, or it is malformed, does not name pgrx, or names crates from a registry \
         that is not crates.io, or a crate is not the one whose checksum the lock file has. Without them no \
         cargo-hash can be computed.";
    CannotEdit =
        "The versions are not written as one [[version]] table each, or the file changed while it was being \
         edited. Nothing was changed.";
    FetchFailed =
        "The message says what the server or git answered. What usually passes (a lost connection, HTTP 429 and \
         5xx) was tried again with growing pauses. GITHUB_TOKEN, if it is set, is used for GitHub, and a netrc \
         file for other hosts.";
    NotThere =
        "The server answers, but the file, tag or commit is not there. Tags are sometimes moved or renamed: \
         `git ls-remote --tags URL` lists them. If the catalogue names it, its `tag`, `rev` or `url` is to be \
         corrected.";
    NothingToBump =
        "The name is no extension of the catalogue, or its entry does not tell where upstream announces \
         versions: `tags` says what its tags look like (\"v{version}\", \"PG{postgresql}/v{version}-rc0\", \
         \"ver_{version_}\"), `versions-from` where to look (tags, releases, pgxn, crates:NAME, branch:NAME, \
         none).";
    Offline =
        "There is no connection to the host: its name cannot be resolved, nothing answers there, or --offline \
         was given. Nothing was tried a second time. Proxies are taken from https_proxy, http_proxy and \
         no_proxy.";
};

/// The finding that an error is.
pub fn finding(error: &UpstreamError) -> Diagnostic {
    let code = match error {
        UpstreamError::Fetch(FetchError::Offline { .. }) | UpstreamError::Git(GitError::Offline(_)) => {
            Code::Offline
        }
        UpstreamError::Fetch(FetchError::NotFound(_)) | UpstreamError::Git(GitError::NoRevision { .. }) => {
            Code::NotThere
        }
        UpstreamError::Archive { .. } | UpstreamError::Git(GitError::Archive(_)) => Code::BadArchive,
        // git has no other way to say it.
        UpstreamError::Git(GitError::Failed { why, .. }) if why.contains("resolve host") => Code::Offline,
        _ => Code::FetchFailed,
    };
    Diagnostic::global(code, error.to_string())
}

/// The finding that a failed bump is.
pub fn bump_finding(name: &str, error: &BumpError) -> Diagnostic {
    match error {
        BumpError::Upstream(error)
        | BumpError::Versions(VersionsError::Upstream(error))
        | BumpError::Cargo(CargoError::Upstream(error)) => {
            let finding = finding(error);
            Diagnostic { message: format!("{name}: {}", finding.message), ..finding }
        }
        BumpError::NoVersion { .. } => Diagnostic::global(Code::NotThere, error.to_string()),
        BumpError::Cargo(_) => Diagnostic::global(Code::BadCrates, format!("{name}: {error}")),
        BumpError::Doubt(_) => Diagnostic::global(Code::NothingToBump, format!("{name}: {error}"))
            .help("say in its entry what its tags look like, tags = [\"v{version}\"], or where it is announced, versions-from"),
        BumpError::Versions(_) => Diagnostic::global(Code::NothingToBump, format!("{name}: {error}")),
        BumpError::Edit(_) => Diagnostic::global(Code::CannotEdit, format!("{name}: {error}")),
    }
}
