//! What git remembers of the catalogue: its state at every tag, and when each version came.

use std::collections::BTreeMap;
use std::path::Path;

use camino::Utf8Path;

use super::Error;
use crate::catalogue::{self, model::Catalogue};
use crate::diag::{Diagnostics, SourceMap, foreign};
use crate::explorer::data::{History, Revision, Since};
use crate::explorer::state::{State, before, state};
use crate::git::Repository;
use crate::layout::CATALOGUE;

/// Tags that are looked at, the newest first.
const TAGS: usize = 50;
/// Digits of a commit that people read.
const SHORT: usize = 10;

/// A repository, and where the catalogue is in it.
struct Past {
    repository: Repository,
    folder: String,
}

/// A revision that is to be read.
struct Wanted {
    name: String,
    commit: String,
    date: String,
    against: bool,
}

/// All that git has now.
///
/// # Errors
/// When `against` is no revision, or its catalogue cannot be read.
pub(super) fn read(root: &Utf8Path, catalogue: &Catalogue, against: Option<&str>) -> Result<History, Error> {
    let Some(past) = Past::around(root)? else {
        return match against {
            Some(_) => Err(Error::NoRevisions(root.to_string())),
            None => Ok(History::default()),
        };
    };
    let mut wanted = past.tags()?;
    if let Some(name) = against {
        let commit = past
            .repository
            .commit(name)?
            .ok_or_else(|| Error::NoRevision { revision: name.to_owned(), folder: false })?;
        match wanted.iter_mut().find(|one| one.name == name || one.commit == commit) {
            Some(one) => one.against = true,
            None => {
                let date = past.date(&commit)?;
                let place = wanted.iter().position(|one| one.date <= date).unwrap_or(wanted.len());
                wanted.insert(place, Wanted { name: name.to_owned(), commit, date, against: true });
            }
        }
    }
    let head = past.last_change()?;
    past.history(catalogue, head, wanted)
}

/// What a page remembers, as git has it; where git lacks a commit of it (a clone may be shallow), as the page has it.
///
/// # Errors
/// When the repository cannot be read.
pub(super) fn reread(root: &Utf8Path, catalogue: &Catalogue, page: History) -> Result<History, Error> {
    if page.is_empty() {
        return Ok(page);
    }
    let Some(past) = Past::around(root)? else { return Ok(page) };
    let commits = page.revisions.iter().map(|revision| &revision.commit).chain(&page.head);
    for commit in commits {
        if !crate::git::is_commit(commit) || !past.repository.has(commit)? {
            return Ok(page);
        }
    }
    if past.is_shallow()? {
        return Ok(page);
    }
    let tags = past.tags()?;
    let wanted = page.revisions.into_iter().map(|revision| {
        let Revision { name, commit, date, against, .. } = revision;
        let tag = tags.iter().find(|tag| tag.name == name && tag.commit == commit);
        Wanted { date: tag.map_or(date, |tag| tag.date.clone()), name, commit, against }
    });
    past.history(catalogue, page.head, wanted.collect())
}

impl Past {
    fn around(root: &Utf8Path) -> Result<Option<Self>, Error> {
        let real =
            root.canonicalize_utf8().map_err(|source| Error::Read { path: root.to_owned(), source })?;
        let Some(repository) = Repository::around(real.as_std_path())? else { return Ok(None) };
        if repository.head()?.is_none() {
            return Ok(None);
        }
        let folder = repository.below(real.as_std_path()).join(CATALOGUE).display().to_string();
        Ok(Some(Self { repository, folder }))
    }

    fn text<const N: usize>(&self, args: [&str; N]) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.repository.output(args)?).into_owned())
    }

    fn is_shallow(&self) -> Result<bool, Error> {
        Ok(self.text(["rev-parse", "--is-shallow-repository"])?.trim() == "true")
    }

    fn date(&self, commit: &str) -> Result<String, Error> {
        let date = self.text(["log", "-1", "--date=short-local", "--format=%cd", commit])?;
        Ok(date.trim().to_owned())
    }

    /// The last commit that changed the catalogue.
    fn last_change(&self) -> Result<Option<String>, Error> {
        let text = self.text(["rev-list", "--max-count=1", "HEAD", "--", &self.folder])?;
        Ok(text.lines().next().map(str::to_owned))
    }

    /// The tags up to here, the newest first.
    fn tags(&self) -> Result<Vec<Wanted>, Error> {
        let format = "--format=%(objectname) %(*objectname) %(creatordate:short-local) %(refname:lstrip=2)";
        let text = self.text([
            "for-each-ref",
            "--merged=HEAD",
            "--sort=-version:refname",
            "--sort=-creatordate",
            format,
            "refs/tags",
        ])?;
        let tag = |line: &str| {
            let (object, rest) = line.split_once(' ')?;
            let (peeled, rest) = rest.split_once(' ')?;
            let (date, name) = rest.split_once(' ')?;
            let commit = if peeled.is_empty() { object } else { peeled };
            let (name, commit, date) = (name.to_owned(), commit.to_owned(), date.to_owned());
            Some(Wanted { name, commit, date, against: false })
        };
        Ok(text.lines().filter_map(tag).take(TAGS).collect())
    }

    fn history(
        &self,
        catalogue: &Catalogue,
        head: Option<String>,
        wanted: Vec<Wanted>,
    ) -> Result<History, Error> {
        let mut revisions = Vec::new();
        let mut newer = state(catalogue);
        for Wanted { name, commit, date, against } in wanted {
            let older = match self.state_at(&commit) {
                Ok(older) => older,
                // A tag from before there was a catalogue, or that this version does not read.
                Err(_) if !against => continue,
                Err(why) => return Err(Error::Incomparable { revision: name, why }),
            };
            revisions.push(Revision { name, commit, date, against, before: before(&older, &newer) });
            newer = older;
        }
        let since = match &head {
            Some(head) if !self.is_shallow()? => self.since(catalogue, head)?,
            _ => BTreeMap::new(),
        };
        Ok(History { head, revisions, since })
    }

    /// The facts of the catalogue at a commit.
    fn state_at(&self, commit: &str) -> Result<State, String> {
        let read = catalogue::committed(&self.repository, commit, Path::new(&self.folder));
        let files = read.map_err(|error| error.to_string())?.files;
        if files.is_empty() {
            return Err("it has no catalogue".to_owned());
        }
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        match catalogue::load_from(&files, &mut sources, &mut found) {
            Some(catalogue) => Ok(state(&catalogue)),
            None => {
                let first = found.iter().next().map_or("", |finding| finding.message.as_str());
                Err(format!("its catalogue has errors: {}", foreign::line(first)))
            }
        }
    }

    /// When each version that is there came into the catalogue: the first commit with its line.
    fn since(
        &self,
        catalogue: &Catalogue,
        head: &str,
    ) -> Result<BTreeMap<String, BTreeMap<String, Since>>, Error> {
        let folder = format!("{}/extensions", self.folder);
        let log = self.repository.output([
            "log",
            "--reverse",
            "--date=short-local",
            "--format=%x00%H %cd",
            "--patch",
            "--unified=0",
            "--no-color",
            "--no-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            head,
            "--",
            &folder,
        ])?;
        let mut all = first_lines(&String::from_utf8_lossy(&log), &folder);
        all.retain(|name, versions| {
            let extension = catalogue.extension(name);
            let is_there = |version: &String| {
                extension.is_some_and(|extension| extension.versions.iter().any(|v| v.version == *version))
            };
            versions.retain(|version, _| is_there(version));
            !versions.is_empty()
        });
        Ok(all)
    }
}

/// Of a log of patches, the oldest first: for each extension and version the first commit that adds its line.
fn first_lines(log: &str, folder: &str) -> BTreeMap<String, BTreeMap<String, Since>> {
    let mut all: BTreeMap<String, BTreeMap<String, Since>> = BTreeMap::new();
    let (mut commit, mut date, mut name) = ("", "", None);
    let head = format!("+++ b/{folder}/");
    for line in log.lines() {
        if let Some(about) = line.strip_prefix('\0') {
            (commit, date) = about.split_once(' ').unwrap_or((about, ""));
        } else if line.starts_with("+++ ") {
            name = line.strip_prefix(&head).and_then(|file| file.strip_suffix(".toml"));
        } else if let Some(name) = name
            && let Some(version) = line.strip_prefix('+').and_then(version_of)
        {
            let since = || Since { date: date.to_owned(), commit: commit.chars().take(SHORT).collect() };
            all.entry(name.to_owned()).or_default().entry(version).or_insert_with(since);
        }
    }
    all
}

/// `0.8.0` of `version = "0.8.0"`.
fn version_of(line: &str) -> Option<String> {
    if !line.trim_start().starts_with("version") {
        return None;
    }
    let table: toml::Table = line.parse().ok()?;
    table.get("version")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_came_with_the_first_line_of_its_name() {
        let log = "\x001111111111111111111111111111111111111111 2026-01-02\n\n\
                   diff --git a/c/extensions/a.toml b/c/extensions/a.toml\n--- /dev/null\n+++ b/c/extensions/a.toml\n\
                   @@ -0,0 +1 @@\n+version = \"1.0\" # first\n+versions-from = \"tags\"\n\
                   \x002222222222222222222222222222222222222222 2026-02-03\n\n\
                   +++ b/c/extensions/a.toml\n-version = \"1.0\"\n+version = \"1.0\"\n+  version = \"2.0\"\n\
                   +++ b/elsewhere/b.toml\n+version = \"3.0\"\n";
        let found = first_lines(log, "c/extensions");
        assert_eq!(found.len(), 1);
        let of =
            |version: &str| found["a"].get(version).map(|since| (since.date.as_str(), since.commit.as_str()));
        assert_eq!(of("1.0"), Some(("2026-01-02", "1111111111")));
        assert_eq!(of("2.0"), Some(("2026-02-03", "2222222222")));
        assert_eq!(of("tags"), None);
    }
}
