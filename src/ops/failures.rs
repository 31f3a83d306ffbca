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
pub(crate) const FINDER: Finder =
    finder!(BadArchive, BadCrates, CannotEdit, FetchFailed, NotThere, NothingToBump, Offline);

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
        BumpError::Versions(_) => Diagnostic::global(Code::NothingToBump, format!("{name}: {error}")),
        BumpError::Edit(_) => Diagnostic::global(Code::CannotEdit, format!("{name}: {error}")),
    }
}
