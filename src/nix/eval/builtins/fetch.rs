//! Builtins that fetch: from what is on the machine already, else an error that names what is
//! missing and how to get it.

use super::{Builtin, FIRST, bare, prefixed};
use crate::nix::eval::error::{Error, Kind};
use crate::nix::eval::heap::Ref;
use crate::nix::eval::imported::Place;
use crate::nix::eval::ir::Pos;
use crate::nix::eval::machine::{Ev, Result};
use crate::nix::eval::shared::Hook;
use crate::nix::eval::symbol::sym;
use crate::nix::eval::value::Value;
use crate::store::{Algorithm, Hash, IngestionMethod};

pub(super) const TABLE: &[Builtin] = &[
    prefixed("fetchurl", 1, |ev, args, pos| fetch(ev, args[0], pos, "fetchurl", IngestionMethod::Flat)),
    bare("fetchTarball", 1, |ev, args, pos| fetch(ev, args[0], pos, "fetchTarball", IngestionMethod::Nar)),
    bare("fetchGit", 1, |ev, args, pos| hooked(ev.shared.hooks.fetch_git, ev, args[0], pos)),
    bare("fetchTree", 1, |ev, args, pos| hooked(ev.shared.hooks.fetch_tree, ev, args[0], pos)),
    bare("fetchMercurial", 1, |_, _, pos| {
        let message =
            "builtins.fetchMercurial needs Mercurial and the network; use builtins.path on a checkout";
        Err(Error::at(Kind::Unavailable, message, pos))
    }),
    prefixed("getFlake", 1, |ev, args, pos| hooked(ev.shared.hooks.get_flake, ev, args[0], pos)),
    prefixed("parseFlakeRef", 1, |ev, args, pos| hooked(ev.shared.hooks.parse_flake_ref, ev, args[0], pos)),
    prefixed("flakeRefToString", 1, |ev, args, pos| {
        hooked(ev.shared.hooks.flake_ref_to_string, ev, args[0], pos)
    }),
];

fn hooked(hook: Option<Hook>, ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Value> {
    match hook {
        Some(hook) => hook(ev, arg, pos),
        None => Err(Error::at(Kind::Unavailable, "flakes and fetching are not available here", pos)),
    }
}

/// Something from a URL, found in the store by its hash.
fn fetch(ev: &mut Ev, arg: Ref, pos: Pos, what: &str, method: IngestionMethod) -> Result<Value> {
    let (mut url, mut name, mut hash) = (None, None, None);
    match ev.force(arg)? {
        Value::Attrs(attrs) => {
            for attr in ev.sorted(attrs) {
                let key = ev.text(attr.name).lossy();
                match attr.name {
                    sym::url => url = Some(text_of(ev, attr.value, pos)?),
                    sym::name => name = Some(text_of(ev, attr.value, pos)?),
                    sym::sha256 => {
                        let parsed = Hash::parse(&text_of(ev, attr.value, pos)?, Some(Algorithm::Sha256));
                        hash = Some(
                            parsed.map_err(|error| Error::at(Kind::Other, error.to_string(), attr.pos))?,
                        );
                    }
                    _ => {
                        let message = format!("unsupported argument '{key}' to '{what}'");
                        return Err(Error::at(Kind::Other, message, attr.pos));
                    }
                }
            }
        }
        value => {
            url = Some(String::from_utf8_lossy(ev.string_no_context(value, pos, FIRST)?).into_owned());
        }
    }
    let Some(url) = url else {
        return Err(Error::at(Kind::Other, "'url' argument required", pos));
    };
    let default =
        if method == IngestionMethod::Nar { "source" } else { url.rsplit('/').next().unwrap_or("") };
    let name = name.unwrap_or_else(|| default.to_owned());
    if let Err(error) = crate::store::path::check_name(&name) {
        let message = format!(
            "invalid store path name when fetching URL '{url}': {error}. Please change the value for the 'name' attribute passed to '{what}', so that it can create a valid store path."
        );
        return Err(Error::at(Kind::Other, message, pos));
    }
    if method == IngestionMethod::Flat
        && let Some(file) = url.strip_prefix("file://")
        && (hash.is_some() || !ev.shared.settings.pure)
    {
        return local_file(ev, file, &url, &name, hash, pos);
    }
    let Some(hash) = hash else {
        if ev.shared.settings.pure {
            let message = format!("in pure evaluation mode, '{what}' requires a 'sha256' argument");
            return Err(Error::at(Kind::Restricted, message, pos));
        }
        let prefetch = prefetch(method == IngestionMethod::Nar);
        let message = format!(
            "'{url}' would have to be downloaded, which is not done here; give its sha256 and put it into the store ({prefetch} '{url}')"
        );
        return Err(Error::at(Kind::Unavailable, message, pos));
    };
    let path = ev.shared.store.fixed_output_path(method, &hash, &name, &Default::default())?;
    ev.fetched(&path, &hash, &url, method == IngestionMethod::Nar, pos)?;
    Ok(ev.source_string(&path))
}

/// What gets something into the store and says its hash.
fn prefetch(unpacked: bool) -> &'static str {
    if unpacked { "nix-prefetch-url --unpack" } else { "nix-prefetch-url" }
}

/// A file of this machine, named by a URL.
fn local_file(ev: &mut Ev, file: &str, url: &str, name: &str, hash: Option<Hash>, pos: Pos) -> Result<Value> {
    ev.room_for(usize::try_from(ev.shared.outside.file_size(file.as_bytes()).unwrap_or(0)).unwrap_or(0))?;
    let bytes = ev
        .shared
        .outside
        .read_file(file.as_bytes())
        .map_err(|error| Error::at(Kind::Io, format!("unable to download '{url}': {error}"), pos))?;
    let found = Hash::of(Algorithm::Sha256, &bytes);
    if let Some(hash) = hash.filter(|hash| *hash != found) {
        let message = format!(
            "hash mismatch in file downloaded from '{url}':\n  specified: {hash}\n  got:       {found}"
        );
        return Err(Error::at(Kind::Other, message, pos));
    }
    let path = ev.shared.store.fixed_output_path(IngestionMethod::Flat, &found, name, &Default::default())?;
    ev.imported(&path, Place::Here(file.as_bytes().to_vec()))?;
    Ok(ev.source_string(&path))
}

fn text_of(ev: &mut Ev, value: Ref, pos: Pos) -> Result<String> {
    let bytes = ev.plain_arg(value, pos, "while evaluating an argument of the fetcher")?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

impl Ev {
    /// Finds something fetched: in the store, or in the cache folder under its hash.
    pub(crate) fn fetched(
        &mut self,
        path: &crate::store::StorePath,
        hash: &Hash,
        url: &str,
        unpacked: bool,
        pos: Pos,
    ) -> Result<()> {
        let full = self.shared.store.print(path);
        let real = self.real(full.as_bytes());
        if matches!(self.shared.outside.file_type(&real), Ok(Some(_))) {
            return Ok(());
        }
        if let Some(cache) = &self.shared.settings.source_cache {
            for name in [hash.to_base32(), hash.to_base16(), path.base_name().to_owned()] {
                let place = cache.join(name);
                use std::os::unix::ffi::OsStrExt;
                let bytes = place.as_os_str().as_bytes();
                if matches!(self.shared.outside.file_type(bytes), Ok(Some(_))) {
                    self.shared.imported.insert(path, Place::Here(bytes.to_vec()));
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
