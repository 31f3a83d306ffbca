//! The texts of licences: of what an environment or image is made of, in what of it is at hand. Sources and packages are
//! of others: only regular files below them are read, none of them large, and nothing is unpacked to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;

use crate::accounts::bill::{Bill, Component, Derivations, source_of};
use crate::limited;
use crate::store::archive::{self, Limits, StripRoot};
use crate::store::spool::Spool;

/// A text that one component has, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Text {
    /// Who has it: `NAME VERSION: FILE`, in the order of names.
    pub of: Vec<String>,
    /// What it says.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Texts {
    /// Each text once, in the order of who has it.
    pub texts: Vec<Text>,
    /// Components of which there is none, and why: `NAME VERSION: WHY`.
    pub without: Vec<String>,
}

/// Bytes of a text; licences with all their appendices have some 40,000.
const LONGEST: u64 = 256 << 10;
/// Texts of a component.
const MOST: usize = 24;
/// Files of a package that are looked at.
const LOOKED_AT: usize = 20_000;

/// What archives of sources may cost.
const ARCHIVES: Limits = Limits {
    size: 2 << 30,
    entries: 400_000,
    depth: 128,
    memory: 16 << 20,
    links_out: true,
    names_out: false,
};

/// Texts by the path that they have in a source or package.
type Found = BTreeMap<String, String>;

/// Collects the texts of a bill's components, from a store's folder.
pub(super) fn texts(bill: &Bill, derivations: &Derivations, store: &Path) -> Texts {
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without = BTreeSet::new();
    // One source is built to several packages.
    let mut known: BTreeMap<String, Result<Found, String>> = BTreeMap::new();
    for component in bill.others().filter(|component| component.reason.is_required()) {
        let name = match &component.version {
            Some(version) => format!("{} {version}", component.name),
            None => component.name.clone(),
        };
        let source = source_of(derivations, &component.id);
        let of_source = source.map(|source| {
            known.entry(source.clone()).or_insert_with(|| in_source(&store.join(&source))).clone()
        });
        let (mut found, why) = match of_source {
            Some(Ok(found)) if found.is_empty() => (found, "its source has no file of a licence".to_owned()),
            Some(Ok(found)) => (found, String::new()),
            Some(Err(why)) => (Found::new(), why),
            None => (Found::new(), "its source is not known".to_owned()),
        };
        if found.is_empty() {
            found = in_package(component, store);
        }
        if found.is_empty() {
            without.insert(format!("{name}: {why}"));
        }
        for (file, text) in found {
            by_text.entry(text).or_default().insert(format!("{name}: {file}"));
        }
    }
    let mut texts: Vec<Text> =
        by_text.into_iter().map(|(text, of)| Text { of: of.into_iter().collect(), text }).collect();
    texts.sort_by(|a, b| a.of.cmp(&b.of));
    Texts { texts, without: without.into_iter().collect() }
}

/// Whether a file is called as those are that say under which licence things are.
fn is_named(file: &str) -> bool {
    let name = file.to_ascii_lowercase();
    let stem = name.split(['.', '-', '_']).next().unwrap_or_default();
    let words = ["license", "licence", "licenses", "copying", "copyright", "notice", "unlicense"];
    let code = [".c", ".h", ".rs", ".py", ".pl", ".js", ".html", ".sql", ".sh", ".nix", ".in", ".json"];
    words.contains(&stem) && !code.iter().any(|ending| name.ends_with(ending))
}

/// Whether it is one of those that speak for a whole source: at its top, or in a folder for them there.
fn speaks_for_all(path: &str) -> bool {
    match path.split_once('/') {
        None => is_named(path),
        Some((folder, file)) => {
            matches!(folder.to_ascii_lowercase().as_str(), "licenses" | "licences") && !file.contains('/')
        }
    }
}

/// A text as it can be shown and compared: lines end in one way, and pages do not.
fn tidy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\u{c}', "");
    format!("{}\n", text.trim_matches(['\n', '\u{feff}']).trim_end())
}

/// The file, if it is a regular one of no unlikely size. Its last part is followed nowhere.
fn read(path: &Path) -> Option<String> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return None;
    }
    let bytes = limited::opened(file, metadata.len()).ok()?;
    (bytes.len() as u64 <= LONGEST).then(|| tidy(&bytes))
}

/// The texts of a source, which is a folder or an archive.
fn in_source(path: &Path) -> Result<Found, String> {
    let metadata = path.symlink_metadata().map_err(|_| "its source is not in the store".to_owned())?;
    if metadata.is_dir() {
        let mut paths = names(path).map_err(|error| error.to_string())?;
        for folder in paths.clone() {
            let below = path.join(&folder);
            // A link to a folder is none.
            if speaks_for_all(&format!("{folder}/x")) && below.symlink_metadata().is_ok_and(|m| m.is_dir()) {
                let inner = names(&below).unwrap_or_default();
                paths.extend(inner.into_iter().map(|file| format!("{folder}/{file}")));
            }
        }
        let wanted = paths.into_iter().filter(|path| speaks_for_all(path));
        return Ok(wanted
            .filter_map(|file| Some((file.clone(), read(&path.join(&file))?)))
            .take(MOST)
            .collect());
    }
    if !metadata.is_file() {
        return Err("its source is neither a folder nor a file".to_owned());
    }
    let unreadable = |error: &dyn std::fmt::Display| format!("its source cannot be read: {error}");
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path);
    let spool = file.and_then(Spool::of_file).map_err(|error| unreadable(&error))?;
    let tree = archive::read(spool.reader(spool.all()), ARCHIVES)
        .and_then(|tree| tree.strip(StripRoot::IfSingle))
        .map_err(|error| unreadable(&error))?;
    let mut found = Found::new();
    for path in tree.paths().into_iter().filter(|path| speaks_for_all(path)).take(MOST) {
        // What is no regular file has no contents.
        if let Some(bytes) = tree.file(&path).map_err(|error| unreadable(&error))?
            && bytes.len() as u64 <= LONGEST
        {
            found.insert(path, tidy(&bytes));
        }
    }
    Ok(found)
}

/// The names in a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(LOOKED_AT) {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// The texts that a built package brings along, below its documentation or in a folder for licences.
fn in_package(component: &Component, store: &Path) -> Found {
    let mut found = Found::new();
    for output in component.outputs.values() {
        let base = output.rsplit('/').next().unwrap_or_default();
        if base.is_empty() || base.starts_with('.') {
            continue;
        }
        for place in ["share/licenses", "share/doc"] {
            let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            let (share, folder) = (store.join(base).join("share"), store.join(base).join(place));
            if !is_folder(&share) || !is_folder(&folder) {
                continue;
            }
            let walk = walkdir::WalkDir::new(folder).max_depth(4).sort_by_file_name();
            for entry in walk.into_iter().take(LOOKED_AT).filter_map(Result::ok) {
                let name = entry.file_name().to_string_lossy();
                if !entry.file_type().is_file() || !(place.ends_with("licenses") || is_named(&name)) {
                    continue;
                }
                let below = entry.path().strip_prefix(store).ok();
                if let (Some(below), Some(text)) = (below, read(entry.path()))
                    && found.len() < MOST
                {
                    found.insert(below.to_string_lossy().into_owned(), text);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_licences() {
        for good in [
            "LICENSE",
            "License.txt",
            "COPYING.LESSER",
            "COPYRIGHT",
            "NOTICE",
            "LICENSE-MIT",
            "LICENSES/MIT.txt",
        ] {
            assert!(speaks_for_all(good), "{good}");
        }
        for bad in ["src/LICENSE", "license.c", "README", "licensed", "copying.py", "LICENSES/a/b", "notices"]
        {
            assert!(!speaks_for_all(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_hostile_is_not_followed() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| dir.path().join(name);
        let source = at("source");
        std::fs::create_dir_all(source.join("LICENSES")).expect("writable");
        std::fs::create_dir(source.join("COPYING")).expect("writable");
        std::fs::write(at("secret"), "secret").expect("writable");
        std::os::unix::fs::symlink(at("secret"), source.join("LICENSE")).expect("writable");
        std::os::unix::fs::symlink("..", source.join("LICENCES")).expect("writable");
        let pipe = std::ffi::CString::new(source.join("NOTICE").to_str().expect("UTF-8")).expect("no NUL");
        // SAFETY: a path that ends in NUL.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        std::fs::File::create(source.join("COPYRIGHT"))
            .and_then(|file| file.set_len(LONGEST + 1))
            .expect("writable");
        std::fs::write(source.join("LICENSES/ISC"), "free\r\n\u{c}of charge\n\n").expect("writable");
        let found = in_source(&source).expect("readable");
        assert_eq!(found, Found::from([("LICENSES/ISC".to_owned(), "free\nof charge\n".to_owned())]));
        assert!(in_source(&at("nowhere")).expect_err("absent").contains("not in the store"));
        std::fs::write(at("text"), "no archive").expect("writable");
        assert!(in_source(&at("text")).expect_err("no archive").contains("no archive"));
        std::os::unix::fs::symlink("source", at("link")).expect("writable");
        assert!(in_source(&at("link")).expect_err("a link").contains("neither a folder nor a file"));
    }
}
