//! Newer versions of the actions that workflows use, by their tags, into `[ci.actions]`.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use semver::Version;

use super::writing::{self, Edit, Edits};
use super::{Error, Host, failures};
use crate::catalogue::actions::{ACTIONS, Action, pinned};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::threads::Pool;
use crate::upstream::{Upstream, UpstreamError, edit};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { HashDiffers; NotThere; };

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// Lookups at a time.
    pub jobs: usize,
}

/// An action that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// `actions/checkout`.
    pub name: &'static str,
    /// Its version before.
    pub from: String,
    /// And after.
    pub to: String,
    /// The commit.
    pub rev: String,
}

/// What there is.
#[derive(Debug, Default)]
pub struct Report {
    /// Those that move, or would.
    pub moved: Vec<Moved>,
    /// Newer majors, which take other inputs perhaps: name and version. They are not taken.
    pub majors: Vec<(&'static str, String)>,
    /// What could not be looked up, or is not what it was.
    pub failed: Diagnostics,
}

/// Looks for newer versions of the same major, and writes them to the catalogue with what is generated.
///
/// # Errors
/// When something cannot be read or written.
pub fn actions(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Report, Error> {
    let catalogue = super::usable(request.root, host)?;
    let Some(ci) = &catalogue.flake.ci else { return Err(Error::NoCi) };
    let asking = progress(host, "asking upstream", ACTIONS.len());
    let tags: Vec<Result<Vec<(Version, String)>, UpstreamError>> = Pool::of(request.jobs).install(|| {
        let one = |action: &Action| {
            let _asked = asking.begin(|| action.name);
            versions(action, upstream)
        };
        ACTIONS.par_iter().map(one).collect()
    });
    drop(asking);
    let mut report = Report::default();
    for (action, tags) in ACTIONS.iter().zip(tags) {
        let has = pinned(action, &ci.actions);
        match tags {
            Ok(tags) => judge(action, &has, &tags, &mut report),
            Err(error) => {
                let finding = failures::finding(&error);
                let message = format!("{}: {}", action.name, finding.message);
                report.failed.push(Diagnostic { message, ..finding });
            }
        }
    }
    if !request.dry_run && !report.moved.is_empty() && !report.failed.has_errors() {
        let path = Utf8PathBuf::from(layout::FLAKE_TOML);
        let file = request.root.join(CATALOGUE).join(&path);
        let before = limited::text(&file).map_err(|source| Error::Read { path: file.clone(), source })?;
        let mut after = before.clone();
        for moved in &report.moved {
            after = edit::action(&after, moved.name, &moved.to, &moved.rev)?;
        }
        let edits = Edits::from([(path, Edit { before: Some(before), after: Some(after) })]);
        writing::write(request.root, &edits, host)?;
    }
    Ok(report)
}

/// Versions by tags, `v7.0.1`; of `v7`, which moves, nothing is taken.
fn versions(action: &Action, upstream: &Upstream) -> Result<Vec<(Version, String)>, UpstreamError> {
    let (owner, repo) = action.name.split_once('/').unwrap_or((action.name, ""));
    let references = upstream.git.references(&upstream.github_url(owner, repo), &["refs/tags/v*"])?;
    let version = |name: &str| Version::parse(name.strip_prefix("refs/tags/v")?).ok();
    let found = references.into_iter().filter_map(|found| Some((version(&found.name)?, found.commit)));
    Ok(found.filter(|(version, _)| version.pre.is_empty()).collect())
}

fn judge(action: &Action, has: &(String, String), tags: &[(Version, String)], report: &mut Report) {
    let name = action.name;
    let Ok(now) = Version::parse(&has.0) else { return };
    match tags.iter().find(|(version, _)| *version == now) {
        Some((_, rev)) if *rev != has.1 => report.failed.push(
            Diagnostic::global(
                Code::HashDiffers,
                format!(
                    "{name} v{now} is {rev} now, and {} here: the tag was moved, or the pin is wrong",
                    has.1
                ),
            )
            .help(format!(
                "look at what the two commits are before you take either: https://github.com/{name}"
            )),
        ),
        Some(_) => {}
        None => report.failed.push(
            Diagnostic::global(Code::NotThere, format!("{name} has no tag v{now} any more"))
                .help(format!("see https://github.com/{name}/tags")),
        ),
    }
    let newest = |same: bool| {
        tags.iter().filter(|(version, _)| (version.major == now.major) == same && *version > now).max()
    };
    if let Some((version, rev)) = newest(true) {
        report.moved.push(Moved { name, from: has.0.clone(), to: version.to_string(), rev: rev.clone() });
    }
    if let Some((version, _)) = newest(false) {
        report.majors.push((name, version.to_string()));
    }
}
