//! Clearing away a binary cache that is a folder: what no tag of the repository offers goes. A plan first.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::sides::{Flake, How};
use super::{Error, Host};
use crate::git::Repository;
use crate::limited;
use crate::progress::progress;
use crate::store::StorePath;
use crate::tree::place::Place;
use crate::upstream::caches::NarInfo;

/// What is to be cleared away.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// A folder of the repository with the flake.
    pub start: &'a Utf8Path,
    /// The cache.
    pub cache: &'a Utf8Path,
    /// All tags are kept.
    pub tags: bool,
    /// Other revisions that are kept.
    pub revisions: &'a [String],
    /// How revisions are evaluated.
    pub how: How,
}

/// What goes, and what stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Revisions whose packages stay.
    pub kept: Vec<String>,
    /// Store paths that stay.
    pub staying: usize,
    /// What goes.
    pub going: Vec<Going>,
}

/// A store path that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Going {
    /// Its path.
    pub path: String,
    /// Its description, below the cache.
    pub narinfo: Utf8PathBuf,
    /// Its archive, below the cache, unless another path has the same.
    pub archive: Option<Utf8PathBuf>,
    /// Bytes of the archive.
    pub bytes: u64,
}

/// A `.narinfo`.
struct Info {
    path: String,
    archive: Utf8PathBuf,
    bytes: u64,
    references: Vec<String>,
}

/// Says what would go. Writes nothing.
///
/// # Errors
/// When a revision cannot be evaluated, or the cache cannot be read: then it is not known what must stay.
pub fn plan(request: &Request<'_>, host: &dyn Host) -> Result<Plan, Error> {
    let infos = infos(request.cache)?;
    let flake = Flake::around(request.start)?;
    let mut kept: Vec<String> = request.revisions.to_vec();
    if request.tags {
        kept.extend(tags(request.start)?);
    }
    if kept.is_empty() {
        return Err(Error::Unfit {
            path: request.cache.to_owned(),
            why: "there is no tag, so that nothing would stay; name revisions with --keep".to_owned(),
        });
    }
    let evaluating = progress(host, "evaluating revisions", kept.len());
    let mut roots = BTreeSet::new();
    for revision in &kept {
        let _evaluated = evaluating.begin(|| revision.clone());
        for job in flake.side(Some(revision), &request.how, host)?.jobs.values() {
            roots.extend(job.outputs.iter().flatten().filter_map(|(_, path)| hash(path.as_ref()?)));
        }
    }
    let mut staying: BTreeSet<&str> = BTreeSet::new();
    let mut todo: Vec<&str> = roots.iter().map(String::as_str).collect();
    while let Some(hash) = todo.pop() {
        if let Some((hash, info)) = infos.get_key_value(hash)
            && staying.insert(hash)
        {
            todo.extend(info.references.iter().map(String::as_str));
        }
    }
    let archives: BTreeSet<&Utf8Path> = infos
        .iter()
        .filter(|(hash, _)| staying.contains(hash.as_str()))
        .map(|(_, info)| info.archive.as_path())
        .collect();
    let mut taken = BTreeSet::new();
    let mut going = Vec::new();
    for (hash, info) in infos.iter().filter(|(hash, _)| !staying.contains(hash.as_str())) {
        let alone = !archives.contains(info.archive.as_path()) && taken.insert(info.archive.as_path());
        going.push(Going {
            path: info.path.clone(),
            narinfo: format!("{hash}.narinfo").into(),
            archive: alone.then(|| info.archive.clone()),
            bytes: if alone { info.bytes } else { 0 },
        });
    }
    going.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Plan { kept, staying: staying.len(), going })
}

/// Removes what a plan says: descriptions first, so that nobody is told of an archive that is gone.
///
/// # Errors
/// When something cannot be removed; what is left is a cache all the same.
pub fn remove(cache: &Utf8Path, plan: &Plan) -> Result<(), Error> {
    let place = Place::open(cache).map_err(|source| Error::Read { path: cache.to_owned(), source })?;
    let narinfos = plan.going.iter().map(|going| &going.narinfo);
    let archives = plan.going.iter().filter_map(|going| going.archive.as_ref());
    for path in narinfos.chain(archives) {
        place.remove(path).map_err(|source| Error::Write { path: cache.join(path), source })?;
    }
    Ok(())
}

fn tags(start: &Utf8Path) -> Result<Vec<String>, Error> {
    let Some(repository) = Repository::around(start.as_std_path())? else {
        return Err(Error::NoRevisions(start.to_string()));
    };
    let out = repository.output(["for-each-ref", "--format=%(refname)", "refs/tags"])?;
    Ok(String::from_utf8_lossy(&out).lines().map(str::to_owned).collect())
}

/// The hash in the name of a store path, whichever store it is in.
fn hash(path: &str) -> Option<String> {
    Some(StorePath::from_base_name(path.rsplit('/').next()?).ok()?.hash_part().to_owned())
}

fn infos(cache: &Utf8Path) -> Result<BTreeMap<String, Info>, Error> {
    let read = |source| Error::Read { path: cache.to_owned(), source };
    if cache.as_str().contains("://") {
        let why = "is not a folder of this machine; docs/publishing.md says how a bucket is cleared away";
        return Err(Error::Unfit { path: cache.to_owned(), why: why.to_owned() });
    }
    if !cache.join("nix-cache-info").is_file() {
        let why = "is no binary cache in a folder: it has no nix-cache-info".to_owned();
        return Err(Error::Unfit { path: cache.to_owned(), why });
    }
    let mut infos = BTreeMap::new();
    for entry in cache.read_dir_utf8().map_err(read)? {
        let path = entry.map_err(read)?.into_path();
        let Some(hash) = path.file_name().and_then(|name| name.strip_suffix(".narinfo")) else { continue };
        let text = limited::text(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let info = info(&text).ok_or_else(|| Error::Unfit {
            path: path.clone(),
            why: "is no description of a store path; while one cannot be read, nothing is cleared away"
                .into(),
        })?;
        infos.insert(hash.to_owned(), info);
    }
    Ok(infos)
}

fn info(text: &str) -> Option<Info> {
    let info = NarInfo::read(text)?;
    let archive = Utf8PathBuf::from(info.url?);
    // What leads elsewhere is nobody's to remove.
    let inside = archive.components().all(|part| matches!(part, camino::Utf8Component::Normal(_)));
    inside.then_some(())?;
    Some(Info {
        path: info.path,
        archive,
        bytes: info.file_size.or(info.nar_size)?,
        references: info.references.iter().map(|path| path.hash_part().to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_read_and_lead_nowhere() {
        let text = |url: &str| {
            format!(
                "StorePath: /nix/store/0c5xp6yz8ynz2mbcnm2r7r6ql5xzbv9c-a\nURL: {url}\nFileSize: 12\nNarSize: 40\n\
                 References: 0c5xp6yz8ynz2mbcnm2r7r6ql5xzbv9c-a 1c5xp6yz8ynz2mbcnm2r7r6ql5xzbv9c-b\n"
            )
        };
        let good = info(&text("nar/x.nar.zst")).expect("it is one");
        assert_eq!((good.references.len(), good.bytes), (2, 12));
        assert_eq!(good.references[1], "1c5xp6yz8ynz2mbcnm2r7r6ql5xzbv9c");
        for bad in ["/etc/passwd", "../x", "nar/../../x"] {
            assert!(info(&text(bad)).is_none(), "{bad}");
        }
        assert!(info("").is_none() && info(&text("nar/x").replace("-b", "")).is_none());
    }
}
