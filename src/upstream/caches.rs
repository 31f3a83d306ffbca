//! Binary caches: whether they have a store path.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::prelude::*;
use url::Url;

use super::credentials::Credentials;
use super::http::{Client, FetchError, Patience};
use crate::store::StorePath;
use crate::threads::Pool;

/// The cache that every Nix asks.
pub const NIXOS: &str = "https://cache.nixos.org";
/// Questions at a time.
const AT_ONCE: usize = 48;
/// A `.narinfo` is small.
const LARGEST: u64 = 1 << 20;

/// Caches that answer.
pub struct Caches {
    client: Client,
    places: Vec<Url>,
    known: Mutex<BTreeMap<String, bool>>,
    trouble: Mutex<Vec<String>>,
}

/// A `.narinfo`: what a cache says of a store path. Names in it are those of store paths, and lead nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NarInfo {
    /// The path, in whichever store.
    pub path: String,
    /// Where its archive is, relative to the cache.
    pub url: Option<String>,
    /// Bytes of the archive as it lies there.
    pub file_size: Option<u64>,
    /// Bytes of the archive, unpacked.
    pub nar_size: Option<u64>,
    /// What it refers to, itself perhaps among it.
    pub references: Vec<StorePath>,
}

impl NarInfo {
    /// Reads one; `None`: it is none.
    pub fn read(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let number = |name: &str| field(name).map(str::parse).transpose().ok();
        let references = field("References").unwrap_or_default().split_whitespace();
        Some(Self {
            path: field("StorePath")?.to_owned(),
            url: field("URL").map(str::to_owned),
            file_size: number("FileSize")?,
            nar_size: number("NarSize")?,
            references: references.map(StorePath::from_base_name).collect::<Result<_, _>>().ok()?,
        })
    }
}

/// Why a cache is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Its address.
    pub cache: String,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the cache {} cannot be asked: {}", self.cache, self.why)
    }
}

/// Caches are many and questions short: no waiting for one that is down.
pub fn patience() -> Patience {
    Patience {
        tries: 2,
        pause: Duration::from_millis(250),
        longest: Duration::from_secs(5),
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(10),
        ..Patience::default()
    }
}

impl Caches {
    /// Those of `urls` that answer, and why the others are left out.
    ///
    /// # Errors
    /// When the certificates that the environment names cannot be read.
    pub fn reach(urls: &[String], patience: Patience, offline: bool) -> io::Result<(Self, Vec<Unreachable>)> {
        let client = Client::new(patience, Credentials::from_environment(), offline, LARGEST)?;
        let mut caches =
            Self { client, places: Vec::new(), known: Mutex::default(), trouble: Mutex::default() };
        let mut left_out = Vec::new();
        let asked: Vec<Result<Url, String>> = Pool::of(AT_ONCE).install(|| {
            let one = |url: &String| {
                let place = Url::parse(&format!("{}/", url.trim_end_matches('/')));
                let place = place.map_err(|error| error.to_string())?;
                match caches.asked(&place, "nix-cache-info") {
                    Ok(true) => Ok(place),
                    // Nix takes nothing from such a place either.
                    Ok(false) => {
                        Err("it has no nix-cache-info: nothing was pushed there yet, or it is gone, or not \
                                      for everybody to read"
                            .to_owned())
                    }
                    Err(error) => Err(error.to_string()),
                }
            };
            urls.par_iter().map(one).collect()
        });
        for (url, asked) in urls.iter().zip(asked) {
            match asked {
                Ok(place) => caches.places.push(place),
                Err(why) => left_out.push(Unreachable { cache: url.clone(), why }),
            }
        }
        Ok((caches, left_out))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A file of a cache is there. One that may not be listed says 403 of what is not there.
    fn asked(&self, place: &Url, file: &str) -> Result<bool, FetchError> {
        let bad = |error: url::ParseError| FetchError::BadUrl(place.to_string(), error.to_string());
        let url = place.join(file).map_err(bad)?;
        if let Ok(path) = url.to_file_path() {
            return match place.to_file_path() {
                Ok(folder) if folder.is_dir() => Ok(path.is_file()),
                _ => Err(FetchError::NotFound(place.to_string())),
            };
        }
        match self.client.get(&url, &super::progress::Silent) {
            Ok(_) => Ok(true),
            Err(FetchError::NotFound(_) | FetchError::Forbidden { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks for those of `hashes` (of store paths) that are not known yet.
    pub fn ask<'h>(&self, hashes: impl IntoIterator<Item = &'h str>) {
        let new: Vec<&str> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut new: Vec<&str> = hashes.into_iter().filter(|hash| !known.contains_key(*hash)).collect();
            new.sort_unstable();
            new.dedup();
            new
        };
        let has = |hash: &&str| {
            self.places.iter().any(|place| match self.asked(place, &format!("{hash}.narinfo")) {
                Ok(there) => there,
                Err(error) => {
                    self.trouble.lock().unwrap_or_else(PoisonError::into_inner).push(error.to_string());
                    false
                }
            })
        };
        let answers: Vec<(String, bool)> = Pool::of(AT_ONCE)
            .install(|| new.par_iter().map(|hash| ((*hash).to_owned(), has(hash))).collect());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// What the first that has it says of each store path (its name with the hash), with its size; what none has is
    /// not there.
    pub fn describe(&self, paths: &[String]) -> BTreeMap<String, NarInfo> {
        let one = |path: &String| {
            let file = format!("{}.narinfo", path.get(..32)?);
            let texts =
                self.places.iter().filter_map(|place| self.client.text(&place.join(&file).ok()?).ok());
            let mut infos = texts.filter_map(|text| NarInfo::read(&text));
            Some((path.clone(), infos.find(|info| info.nar_size.is_some())?))
        };
        Pool::of(AT_ONCE).install(|| paths.par_iter().filter_map(one).collect())
    }

    /// Whether one of them has it, as far as was asked.
    pub fn has(&self, hash: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(hash).copied().unwrap_or(false)
    }

    /// What went wrong while they were asked: how often, and the first words.
    pub fn trouble(&self) -> Option<(usize, String)> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        Some((trouble.len(), trouble.iter().min()?.clone()))
    }
}
