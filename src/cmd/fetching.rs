//! What the commands that fetch have in common: options, findings.

use anyhow::Context as _;

use super::Context;
use crate::diag::{self, Code, Diagnostic, Diagnostics, Format, SourceMap};
use crate::git::GitError;
use crate::rule::{Finder, finder};
use crate::store::archive::Limits;
use crate::upstream::bump::BumpError;
use crate::upstream::cargo::CargoError;
use crate::upstream::http::FetchError;
use crate::upstream::versions::VersionsError;
use crate::upstream::{Upstream, UpstreamError};

/// What is found here.
pub(crate) const FINDER: Finder =
    finder!(BadArchive, BadCrates, CannotEdit, FetchFailed, NotThere, NothingToBump, Offline);

/// Options of all commands that fetch.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Options {
    /// Refuse archives with more bytes than SIZE (with K, M or G).
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = size)]
    pub max_size: u64,

    /// Take archives whose symbolic links lead out of the tree.
    #[arg(long)]
    pub allow_links_out: bool,

    /// Read repositories of this machine, too, where the catalogue or a lock file names one (file://).
    #[arg(long)]
    pub allow_local: bool,

    /// Do not use the network: only file:// can be fetched.
    #[arg(long)]
    pub offline: bool,
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (&text[..at], 1 << 10),
        Some((at, 'M' | 'm')) => (&text[..at], 1 << 20),
        Some((at, 'G' | 'g')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number of bytes, or 500M or 2G".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "that is too large".to_owned())
}

impl Options {
    /// The network as these options have it.
    pub fn upstream(&self) -> anyhow::Result<Upstream> {
        let limits = Limits { size: self.max_size, links_out: self.allow_links_out, ..Limits::default() };
        let mut upstream =
            Upstream::from_environment(self.offline, limits).context("downloads cannot be set up")?;
        if self.allow_local {
            upstream.git.trust_local();
        }
        Ok(upstream)
    }
}

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

/// Writes one such finding.
pub fn report(error: &UpstreamError, context: &mut Context<'_>) -> anyhow::Result<()> {
    let mut found = Diagnostics::new();
    found.push(finding(error));
    emit(&found, context)
}

/// Writes findings that are about no file.
pub fn emit(found: &Diagnostics, context: &mut Context<'_>) -> anyhow::Result<()> {
    diag::emit(found, &SourceMap::new(), Format::Text, context.colour_err, context.err)?;
    Ok(())
}
