//! What a file leaves to a build: hashes and lock files, fetched.

use super::derivation::Crates;
use super::source::{At, Fetched};
use super::{Derivation, Draft, Surroundings};
use crate::catalogue::model::{Fetcher, Revision};
use crate::catalogue::version::compare;
use crate::store::archive::SourceTree;
use crate::upstream::Upstream;
use crate::upstream::cargo::{CargoError, Lock};
use crate::upstream::detect;
use crate::upstream::locator::owner_and_repo;
use crate::upstream::progress::Progress;

/// What a version lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The source's hash.
    Hash,
    /// The lock file, which is in the source, and with it the version of pgrx.
    Lock,
}

/// Before it, cargo-pgrx was cargo-pgx.
const FIRST_PGRX: &str = "0.8.0";

impl Draft {
    /// What a version lacks, the source's hash first.
    fn missing(&self, version: &Derivation) -> Option<Missing> {
        if version.hash.is_none() {
            return Some(Missing::Hash);
        }
        let own = matches!(version.crates, Crates::Unsaid | Crates::Own(_)) || version.pgrx.is_none();
        (self.kind.has_crates() && own).then_some(Missing::Lock)
    }

    /// Leaves out what no catalogue can have.
    pub fn sift(&mut self) {
        let known = self.postgresqls.clone();
        let is_pgrx = self.kind.has_crates();
        let (mut kept, mut absent) = (Vec::new(), Vec::new());
        for mut version in std::mem::take(&mut self.versions) {
            if let (Crates::Lock(text, _), None) = (&version.crates, &version.pgrx)
                && let Ok(lock) = Lock::parse(text, &self.name)
            {
                version.pgrx = lock.version("pgrx").or_else(|| lock.version("pgx")).map(str::to_owned);
            }
            let said = !version.postgresql.is_empty();
            for name in version.postgresql.iter().filter(|name| !known.contains(name)) {
                if !absent.contains(name) {
                    absent.push(name.clone());
                }
            }
            version.postgresql.retain(|name| known.contains(name));
            let label = &version.version;
            if said && version.postgresql.is_empty() {
                self.dropped.push(format!("{label} was left out: it is for no PostgreSQL of the catalogue"));
            } else if is_pgrx && version.pgrx.as_deref().is_some_and(|pgrx| compare(pgrx, FIRST_PGRX).is_lt())
            {
                let pgrx = version.pgrx.as_deref().unwrap_or_default();
                self.dropped
                    .push(format!("{label} was left out: it is built with cargo-pgx {pgrx}, not cargo-pgrx"));
            } else {
                kept.push(version);
            }
        }
        if !absent.is_empty() {
            absent.sort_by(|a, b| compare(a, b));
            self.dropped.push(format!("PostgreSQL {} is not in the catalogue", absent.join(", ")));
        }
        self.versions = kept;
        self.doubt();
    }

    /// Two versions with one hash: it was copied, and nobody knows from which.
    fn doubt(&mut self) {
        let same = |one: &Derivation, other: &Derivation| {
            one.version != other.version
                && one.hash.is_some()
                && one.hash == other.hash
                && one.source != other.source
        };
        let doubtful: Vec<String> = self
            .versions
            .iter()
            .filter(|one| self.versions.iter().any(|other| same(one, other)))
            .map(|one| one.version.clone())
            .collect();
        if doubtful.is_empty() {
            return;
        }
        self.dropped.push(format!("{} have one hash, so it is computed anew", doubtful.join(" and ")));
        for version in self.versions.iter_mut().filter(|version| doubtful.contains(&version.version)) {
            version.hash = None;
        }
    }

    /// Whether something must be fetched.
    pub fn is_incomplete(&self) -> bool {
        self.common.surroundings.is_none()
            || self.versions.iter().any(|version| self.missing(version).is_some())
    }

    /// What the newest version's source says of the server that it needs. `fetched` is a version's source that is here.
    fn look(&mut self, fetched: Option<(String, SourceTree)>, upstream: &Upstream, progress: &dyn Progress) {
        if self.common.surroundings.is_some() {
            return;
        }
        let newest = self.versions.iter().max_by(|a, b| compare(&a.version, &b.version));
        let Some((version, fetcher)) =
            newest.and_then(|newest| Some((&newest.version, fetcher(newest.source.as_ref()?)?)))
        else {
            return;
        };
        let tree = match fetched.filter(|(of, _)| of == version) {
            Some((_, tree)) => Ok(tree),
            None => upstream.fetch(&fetcher, progress).and_then(|fetched| fetched.into_tree(upstream.limits)),
        };
        let seen = tree.and_then(|tree| Ok(detect::about(&tree, &self.name)?));
        match seen {
            Ok(about) => {
                let preload = about.preload.map(|preload| preload.value).unwrap_or_default();
                let (sql, requires) = (about.sql, about.requires);
                self.common.surroundings =
                    Some(Surroundings { sql, requires, preload, packages: Vec::new() });
            }
            Err(error) => {
                let sql = self.common.sql.as_deref().unwrap_or(&self.name);
                self.dropped.push(format!(
                    "needs: sql (taken as {sql}), requires and preload, which its source would tell: {error}"
                ));
            }
        }
    }

    /// Fetches what is missing; what cannot be had leaves its version out.
    pub fn complete(&mut self, upstream: &Upstream, progress: &dyn Progress) {
        let mut kept = Vec::new();
        let mut newest: Option<(String, SourceTree)> = None;
        for mut version in std::mem::take(&mut self.versions) {
            match self.missing(&version) {
                None => kept.push(version),
                Some(missing) => match self.fetch(&mut version, missing, upstream, progress) {
                    Ok(tree) => {
                        let is_newest =
                            newest.as_ref().is_none_or(|(of, _)| compare(&version.version, of).is_gt());
                        if let Some(tree) = tree.filter(|_| is_newest) {
                            newest = Some((version.version.clone(), tree));
                        }
                        kept.push(version);
                    }
                    Err(error) => {
                        let what = match missing {
                            Missing::Hash => "its hash is not known",
                            Missing::Lock => "its lock file is in the source",
                        };
                        self.dropped.push(format!("{} was left out: {what}: {error}", version.version));
                    }
                },
            }
        }
        self.versions = kept;
        self.look(newest, upstream, progress);
    }

    /// Fetches what a version lacks; gives its source, where that is a tree and somebody wants to look into it.
    fn fetch(
        &self,
        version: &mut Derivation,
        missing: Missing,
        upstream: &Upstream,
        progress: &dyn Progress,
    ) -> Result<Option<SourceTree>, CargoError> {
        let Some(fetcher) = version.source.as_ref().and_then(fetcher) else { return Ok(None) };
        let fetched = upstream.fetch(&fetcher, progress)?;
        if missing == Missing::Hash {
            version.hash = Some(fetched.hash.to_sri());
        }
        let unsaid = matches!(version.crates, Crates::Unsaid | Crates::Own(_));
        if !self.kind.has_crates() || !unsaid && version.pgrx.is_some() {
            let wanted = self.common.surroundings.is_none();
            return Ok(wanted.then(|| fetched.into_tree(upstream.limits).ok()).flatten());
        }
        let tree = fetched.into_tree(upstream.limits)?;
        let folder = version.texts.get("source-root").or_else(|| version.texts.get("cargo-package"));
        let lock = Lock::of_source(&tree, folder.map(String::as_str), &self.name)?;
        let Some(pgrx) = lock.version("pgrx") else {
            return Err(CargoError::NoPgrx(format!("{} {}", self.name, version.version)));
        };
        version.pgrx.get_or_insert_with(|| pgrx.to_owned());
        if !unsaid {
            return Ok(Some(tree));
        }
        let hashes = match std::mem::take(&mut version.crates) {
            Crates::Own(hashes) if !hashes.is_empty() || !lock.has_git() => hashes,
            _ => {
                upstream.output_hashes(&lock)?.into_iter().map(|(name, hash)| (name, hash.to_sri())).collect()
            }
        };
        version.crates = Crates::Lock(lock.text, hashes);
        Ok(Some(tree))
    }
}

fn fetcher(source: &Fetched) -> Option<Fetcher> {
    let revision = |at: &At| match at {
        At::Tag(tag) => Revision::Tag(tag.clone()),
        At::Rev(rev) => Revision::Rev(rev.clone()),
    };
    Some(match source {
        Fetched::GitHub { name, at, submodules } => {
            let (owner, repo) = owner_and_repo(name)?;
            Fetcher::GitHub {
                owner: owner.to_owned(),
                repo: repo.to_owned(),
                at: revision(at),
                submodules: *submodules,
            }
        }
        Fetched::Url(url) => Fetcher::Url { url: url.clone() },
        Fetched::Git { url, at, submodules } => {
            Fetcher::Git { url: url.clone(), at: revision(at), submodules: *submodules }
        }
    })
}
