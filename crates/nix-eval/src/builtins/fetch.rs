//! Builtins that fetch: from what is on the machine already, else an error that names what is
//! missing and how to get it.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::PoisonError;

use super::hashes::hash_or_zeros;
use super::{Builtin, bare_impure, prefixed, prefixed_impure};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::imported::Place;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::paths::file_name;
use crate::shared::Hook;
use crate::symbol::sym;
use crate::unpacked::{Unpacked, file_of, of_this_machine, unreadable};
use crate::url::Url;
use crate::value::Value;
use nix_store::{Algorithm, Hash, IngestionMethod};

pub(super) const TABLE: &[Builtin] = &[
    prefixed_impure(
        "fetchurl",
        "!source",
        "A file, by its URL and hash; here one that is on this machine.",
        |ev, args, pos| fetch(ev, args[0], pos, "fetchurl", IngestionMethod::Flat),
    ),
    bare_impure(
        "fetchTarball",
        "!source",
        "The contents of an archive, by its URL and hash; here one that is on this machine.",
        |ev, args, pos| fetch(ev, args[0], pos, "fetchTarball", IngestionMethod::Nar),
    ),
    bare_impure(
        "fetchGit",
        "!source",
        "The files of a git repository of this machine, at a commit or as they are.",
        |ev, args, pos| hooked(ev.shared.hooks.fetch_git, ev, args[0], pos),
    ),
    bare_impure(
        "fetchTree",
        "!source",
        "The tree that a flake reference stands for, as a string or a set.",
        |ev, args, pos| hooked(ev.shared.hooks.fetch_tree, ev, args[0], pos),
    ),
    bare_impure("fetchMercurial", "source", "Fails: Mercurial is not run here.", |_, _, pos| {
        let message =
            "builtins.fetchMercurial needs Mercurial and the network; use builtins.path on a checkout";
        Err(Error::at(Kind::Unavailable, message, pos))
    }),
    prefixed_impure(
        "getFlake",
        "!reference",
        "A flake with its inputs, outputs and source.",
        |ev, args, pos| hooked(ev.shared.hooks.get_flake, ev, args[0], pos),
    ),
    prefixed("parseFlakeRef", "!reference", "A flake reference as a set.", |ev, args, pos| {
        hooked(ev.shared.hooks.parse_flake_ref, ev, args[0], pos)
    }),
    prefixed(
        "flakeRefToString",
        "!attrs",
        "A flake reference, given as a set, as a string.",
        |ev, args, pos| hooked(ev.shared.hooks.flake_ref_to_string, ev, args[0], pos),
    ),
];

fn hooked(hook: Option<Hook>, ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    match hook {
        Some(hook) => hook(ev, arg, pos),
        None => Err(Error::at(Kind::Unavailable, "flakes and fetching are not available here", pos)),
    }
}

/// What `fetchurl` and `fetchTarball` are told.
struct Wanted {
    url: String,
    name: String,
    hash: Option<Hash>,
}

fn wanted(ev: &mut Ev, arg: Ref, pos: Pos, what: &str) -> Result<Wanted> {
    const URL: &str = "while evaluating the url we should fetch";
    const HASH: &str = "while evaluating the sha256 of the content we should fetch";
    const NAME: &str = "while evaluating the name of the content we should fetch";
    let (mut url, mut name, mut hash) = (None, None, None);
    let text = |ev: &mut Ev, value: Ref, pos: Pos, context| -> Result<String> {
        Ok(String::from_utf8_lossy(ev.plain_arg(value, pos, context)?).into_owned())
    };
    let mut advice = format!("Please pass an attribute set with 'url' and 'name' attributes to '{what}', ");
    match ev.force(arg)? {
        Value::Attrs(attrs) => {
            for attr in ev.sorted(attrs) {
                match attr.name {
                    sym::url => url = Some(text(ev, attr.value, attr.pos, URL)?),
                    sym::name => name = Some(text(ev, attr.value, attr.pos, NAME)?),
                    sym::sha256 => {
                        let written = text(ev, attr.value, attr.pos, HASH)?;
                        hash = Some(
                            hash_or_zeros(ev, &written, Some(Algorithm::Sha256))
                                .map_err(|error| Error::at(Kind::Other, error, pos))?,
                        );
                    }
                    _ => {
                        let key = ev.text(attr.name).lossy();
                        let message = format!("unsupported argument '{key}' to '{what}'");
                        return Err(Error::at(Kind::Other, message, pos));
                    }
                }
            }
            advice = match name {
                Some(_) => format!("Please change the value for the 'name' attribute passed to '{what}',"),
                None => format!("Please add a valid 'name' attribute to the argument for '{what}',"),
            };
        }
        _ => url = Some(text(ev, arg, pos, URL)?),
    }
    let Some(url) = url else {
        return Err(Error::at(Kind::Other, "'url' argument required", pos));
    };
    let mut wanted = Wanted { url, name: name.unwrap_or_default(), hash };
    if what == "fetchTarball" {
        if wanted.name.is_empty() && !advice.starts_with("Please change") {
            wanted.name = "source".to_owned();
        }
        if let Some(channel) = wanted.url.strip_prefix("channel:") {
            wanted.url = format!("https://channels.nixos.org/{channel}/nixexprs.tar.xz");
        }
    }
    if wanted.name.is_empty() {
        wanted.name =
            String::from_utf8_lossy(file_name(wanted.url.trim_end_matches('/').as_bytes())).into_owned();
    }
    if let Err(error) = nix_store::path::check_name(&wanted.name) {
        let url = &wanted.url;
        let message = format!(
            "invalid store path name when fetching URL '{url}': {error}. {advice} so that it can create a valid store path."
        );
        return Err(Error::at(Kind::Other, message, pos));
    }
    if wanted.hash.is_none() && ev.shared.settings.pure {
        let message = format!("in pure evaluation mode, '{what}' requires a 'sha256' argument");
        return Err(Error::at(Kind::Restricted, message, pos));
    }
    Ok(wanted)
}

/// Something from a URL: found by its hash, or a file of this machine.
fn fetch(ev: &mut Ev, arg: Ref, pos: Pos, what: &str, method: IngestionMethod) -> Result<Value> {
    let wanted = wanted(ev, arg, pos, what)?;
    let Wanted { url, name, hash } = &wanted;
    let unpacked = method == IngestionMethod::Nar;
    let mut missing = None;
    if let Some(hash) = hash {
        let path = ev.shared.store.fixed_output_path(method, hash, name, &Default::default())?;
        match ev.fetched(&path, hash, url, unpacked, pos) {
            Ok(()) => return Ok(ev.source_string(&path)),
            Err(error) => missing = Some(error),
        }
    }
    // curl, which gets files, takes this host for none.
    let plain = match url.strip_prefix("file://localhost/") {
        Some(rest) if !unpacked => format!("file:///{rest}"),
        _ => url.clone(),
    };
    if let (Err(error), false) = (Url::parse(&plain, false), unpacked) {
        let message = if error.ends_with("have a scheme") { format!("URL {error}") } else { error };
        return Err(Error::at(Kind::Other, message, pos));
    }
    let found = match file_of(&plain) {
        Ok(Some(file)) => match ev.local_source(file.as_bytes()) {
            Some(place) if unpacked => tarball(ev, &String::from_utf8_lossy(&place), &wanted),
            Some(place) => local_file(ev, &String::from_utf8_lossy(&place), &wanted),
            None => Err(of_this_machine(url)),
        },
        Ok(None) => Err(missing.unwrap_or_else(|| {
            let prefetch = prefetch(unpacked);
            let message = format!(
                "'{url}' would have to be downloaded, which is not done here; give its sha256 and put it into the store ({prefetch} '{url}')"
            );
            Error::new(Kind::Unavailable, message)
        })),
        Err(error) => Err(error),
    };
    found.map_err(|mut error| {
        if error.pos == 0 {
            error.pos = pos;
        }
        error
    })
}

/// What gets something into the store and says its hash.
fn prefetch(unpacked: bool) -> &'static str {
    if unpacked { "nix-prefetch-url --unpack" } else { "nix-prefetch-url" }
}

fn mismatch<T>(url: &str, specified: &Hash, got: &Hash) -> Result<T> {
    let shown = |hash: &Hash| format!("{}:{}", hash.algorithm(), hash.to_base32());
    let (specified, got) = (shown(specified), shown(got));
    let message = format!(
        "hash mismatch in file downloaded from '{url}':\n  specified: {specified}\n  got:       {got}"
    );
    Err(Error::new(Kind::Other, message))
}

/// An archive of this machine, unpacked once for all threads.
fn tarball(ev: &mut Ev, file: &str, wanted: &Wanted) -> Result<Value> {
    let shared = ev.shared.clone();
    let key = format!("unpacked:{}", wanted.url);
    let mut known = shared.sources_found.lock().unwrap_or_else(PoisonError::into_inner);
    let found = match known.get(&key).and_then(|found| found.downcast_ref::<Unpacked>()) {
        Some(found) => found.clone(),
        None => {
            let found = ev
                .unpack(file, &wanted.url)
                .map_err(|error| error.frame(0, format!("while fetching the input '{}'", wanted.url)))?;
            known.insert(key, std::sync::Arc::new(found.clone()));
            found
        }
    };
    drop(known);
    if let Some(hash) = wanted.hash.filter(|hash| *hash != found.hash) {
        return mismatch(&wanted.url, &hash, &found.hash);
    }
    let path = ev.shared.store.source_path(&wanted.name, &found.hash)?;
    ev.imported(&path, Place::Here(found.place.as_os_str().as_bytes().to_vec()))?;
    Ok(ev.source_string(&path))
}

/// A file of this machine.
fn local_file(ev: &mut Ev, file: &str, wanted: &Wanted) -> Result<Value> {
    let url = &wanted.url;
    let place = ev.real(file.as_bytes());
    let size = ev.shared.io.file_size(&place).unwrap_or(0);
    ev.room_for(usize::try_from(size).unwrap_or(usize::MAX))?;
    let bytes = ev.shared.io.read_file(&place).map_err(|_| unreadable(url, file))?;
    let found = Hash::of(Algorithm::Sha256, &bytes);
    if let Some(hash) = wanted.hash.filter(|hash| *hash != found) {
        return mismatch(url, &hash, &found);
    }
    let path = ev.shared.store.fixed_output_path(
        IngestionMethod::Flat,
        &found,
        &wanted.name,
        &Default::default(),
    )?;
    ev.imported(&path, Place::Here(place))?;
    Ok(ev.source_string(&path))
}

impl Ev {
    /// Finds something fetched: in the store, or in the cache folder under its hash.
    pub(crate) fn fetched(
        &mut self,
        path: &nix_store::StorePath,
        hash: &Hash,
        url: &str,
        unpacked: bool,
        pos: Pos,
    ) -> Result<()> {
        let full = self.shared.store.print(path);
        let real = self.real(full.as_bytes());
        if matches!(self.shared.io.file_type(&real), Ok(Some(_))) {
            self.in_store(path);
            return Ok(());
        }
        if let Some(cache) = &self.shared.settings.source_cache {
            for name in [hash.to_base32(), hash.to_base16(), path.base_name().to_owned()] {
                let place = cache.join(name);
                let bytes = place.as_os_str().as_bytes();
                if matches!(self.shared.io.file_type(bytes), Ok(Some(_))) {
                    // The folder may hold links: it is the user's, and what it leads to is the source.
                    let place = std::fs::canonicalize(&place).unwrap_or(place);
                    self.shared.imported.insert(path, Place::Here(place.into_os_string().into_vec()));
                    return Ok(());
                }
            }
        }
        let how = prefetch(unpacked);
        let message = format!(
            "'{url}' ({hash}) is not on this machine: neither '{full}' nor the source cache has it; get it with: {how} '{url}'"
        );
        Err(Error::at(Kind::Unavailable, message, pos))
    }
}
