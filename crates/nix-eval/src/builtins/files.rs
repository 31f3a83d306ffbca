//! Builtins on files, paths and the environment.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::{Builtin, FIRST, SECOND, bare_impure, prefixed, prefixed_impure};
use crate::access::Last;
use crate::attrs::Attrs;
use crate::coerce::{Coerce, ContextSet};
use crate::core_packages::{COREPKGS, core_package};
use crate::error::{Error, Kind, io_error};
use crate::heap::Ref;
use crate::imported::Place;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::paths::{canonical, file_name, parent};
use crate::symbol::sym;
use crate::value::{ContextElement, Str, Value};
use nix_store::nar::{FileType, write_path};
use nix_store::{Algorithm, Hash, Hasher, IngestionMethod, StorePath};

pub(super) const TABLE: &[Builtin] = &[
    bare_impure(
        "import",
        "!path",
        "The value of a file, or of the `default.nix` of a folder.",
        |ev, args, pos| {
            let path = path_arg(ev, args[0], pos)?;
            ev.import(path, pos)
        },
    ),
    bare_impure(
        "scopedImport",
        "!scope !path",
        "As `import`, with more names in scope, and anew each time.",
        |ev, args, pos| {
            let scope = ev.attrs_arg(args[0], pos, FIRST)?;
            let path = path_arg(ev, args[1], pos)?;
            ev.import_scoped(scope, path, pos)
        },
    ),
    prefixed_impure("pathExists", "!path", "Whether there is something at a path.", path_exists),
    prefixed_impure("readFile", "!path", "The contents of a file.", |ev, args, pos| {
        let bytes = ev.read_file_arg(args[0], pos)?;
        if bytes.contains(&0) {
            let message = "the contents of the file cannot be represented as a Nix string";
            return Err(Error::at(Kind::Other, message, pos));
        }
        ev.room_for(bytes.len())?;
        Ok(ev.string(&bytes))
    }),
    prefixed_impure("readDir", "!path", "The entries of a folder: a set of names and their types.", read_dir),
    prefixed_impure(
        "readFileType",
        "!path",
        "What is at a path: `\"regular\"`, `\"directory\"`, `\"symlink\"` or `\"unknown\"`.",
        |ev, args, pos| {
            let path = path_arg(ev, args[0], pos)?;
            match ev.file_type_at(path, pos)? {
                Some(kind) => Ok(ev.string(kind.name().as_bytes())),
                None => Err(ev.shared.no_file(path, pos)),
            }
        },
    ),
    prefixed_impure(
        "findFile",
        "!searchPath !name",
        "The path that `<name>` is, looked for along a search path.",
        find_file,
    ),
    prefixed("toFile", "!name !text", "The store path of a file with this text.", to_file),
    prefixed("toPath", "!path", "A path as a string, made canonical.", |ev, args, pos| {
        let value = ev.force(args[0])?;
        let mut set = ContextSet::default();
        let path = ev.coerce_path(value, &mut set, pos, FIRST)?;
        Ok(ev.string_with(path, set))
    }),
    prefixed_impure("storePath", "!path", "A path in the store as a reference to it.", store_path),
    prefixed_impure(
        "filterSource",
        "!filter !path",
        "The store path of a folder, of which a function of path and type says what belongs to it.",
        |ev, args, pos| {
            let value = ev.force(args[1])?;
            let path = ev.coerce_path(value, &mut ContextSet::default(), pos, SECOND)?;
            let filter = ev.function_arg(args[0], pos, FIRST)?;
            let name = base_name(path);
            ev.add_path(path, &name, Some(filter), IngestionMethod::Nar, None, pos)
        },
    ),
    prefixed_impure(
        "path",
        "!args",
        "The store path of a file or folder: `{ path; name; filter; recursive; sha256; }`.",
        path,
    ),
    prefixed_impure(
        "getEnv",
        "!name",
        "An environment variable; empty if it is not set, and in pure evaluation.",
        |ev, args, pos| {
            let name = ev.plain_arg(args[0], pos, FIRST)?;
            let name = String::from_utf8_lossy(name);
            let value = if ev.shared.settings.pure { None } else { ev.shared.io.env(&name) };
            Ok(ev.string(&value.unwrap_or_default()))
        },
    ),
];

/// `builtins.nixPath`.
pub(super) fn nix_path(ev: &mut Ev) -> Value {
    let entries = ev.shared.settings.search_path.clone();
    let entries: Vec<Ref> = entries
        .iter()
        .map(|(prefix, path)| {
            let attrs = vec![
                ev.attr(sym::path, ev.string(path.as_bytes())),
                ev.attr(sym::prefix, ev.string(prefix.as_bytes())),
            ];
            ev.at(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
        })
        .collect();
    ev.list(&entries)
}

fn path_arg(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<&'static [u8]> {
    let value = ev.force(arg)?;
    let mut set = ContextSet::default();
    let path = ev.coerce_path(value, &mut set, pos, "while realising the context of a path")?;
    ev.realise(set, pos)?;
    Ok(path)
}

fn path_exists(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let value = ev.force(args[0])?;
    // A string that ends in a slash asks for a directory.
    let must_be_dir = match value {
        Value::String(text) => text.bytes.ends_with(b"/") || text.bytes.ends_with(b"/."),
        _ => false,
    };
    let mut set = ContextSet::default();
    let path = ev.coerce_path(value, &mut set, pos, "while realising the context of a path")?;
    ev.realise(set, pos)?;
    if core_package(path).is_some() {
        return Ok(Value::Bool(true));
    }
    let last = if must_be_dir { Last::Followed } else { Last::Kept };
    let kind = ev.kind_of(path, last, pos)?;
    Ok(Value::Bool(kind.is_some_and(|kind| !must_be_dir || kind == FileType::Directory)))
}

fn read_dir(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let path = path_arg(ev, args[0], pos)?;
    let place = ev.readable(path, pos)?;
    if ev.shared.settings.pure && place == b"/" {
        return Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, Vec::new())));
    }
    let entries = ev.shared.io.read_dir(&ev.real(&place)).map_err(|error| {
        let there = matches!(ev.shared.kind_at(&place), Ok(Some(_)));
        if there && error.kind() == std::io::ErrorKind::NotADirectory {
            let place = String::from_utf8_lossy(&place);
            return Error::at(Kind::Io, format!("cannot read directory \"{place}\": Not a directory"), pos);
        }
        ev.shared.unread("read directory", &place, &error, pos)
    })?;
    let mut attrs = Vec::with_capacity(entries.len());
    for (name, kind) in entries {
        let name = ev.intern(&name);
        attrs.push(ev.attr(name, ev.string(kind.name().as_bytes())));
    }
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn find_file(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let entries = ev.list_arg(args[0], pos, FIRST)?;
    let mut search = Vec::new();
    for entry in entries.items {
        let attrs =
            ev.attrs_arg(entry, pos, "while evaluating an element of the list passed to builtins.findFile")?;
        let prefix = match attrs.get(sym::prefix) {
            Some(prefix) => ev.plain_arg(prefix.value, pos, "while evaluating the `prefix` attribute of an element of the list passed to builtins.findFile")?,
            None => b"",
        };
        let Some(path) = attrs.get(sym::path) else { return ev.missing(attrs, sym::path, pos) };
        let path = ev.force(path.value)?;
        let how = Coerce { more: false, copy: false };
        let mut set = ContextSet::default();
        let path = ev.coerce(
            path,
            &mut set,
            how,
            pos,
            "while evaluating the `path` attribute of an element of the list passed to builtins.findFile",
        )?;
        search.push((prefix, path));
    }
    let name = ev.plain_arg(args[1], pos, SECOND)?;
    for (prefix, dir) in search {
        let rest = match (prefix, name.strip_prefix(prefix)) {
            (b"", _) => name,
            (_, Some(b"")) => b"",
            (_, Some([b'/', rest @ ..])) => rest,
            _ => continue,
        };
        let dir = match ev.search_url(dir)? {
            Some(Some(dir)) => dir,
            Some(None) => continue,
            None => ev.search_dir(dir)?,
        };
        let path = canonical(&[&dir[..], b"/", rest].concat());
        let place = ev.resolve(&path, Last::Followed, pos)?;
        if matches!(ev.shared.kind_at(&place), Ok(Some(_))) {
            let bytes = ev.heap.slice(&place);
            return Ok(Value::Path(ev.heap.alloc(Str::plain(bytes))));
        }
        // What is not there is passed over, unless nobody may know that.
        let entry = ev.resolve(&dir, Last::Followed, pos)?;
        match ev.shared.kind_at(&entry) {
            Ok(Some(_)) => ev.check_access(&place, pos)?,
            _ => ev.check_access(&dir, pos)?,
        }
    }
    if let Some(rest) = name.strip_prefix(b"nix/") {
        // Whether it is there shows when it is read.
        let path = canonical(&[COREPKGS, rest].concat());
        let bytes = ev.heap.slice(&path);
        return Ok(Value::Path(ev.heap.alloc(Str::plain(bytes))));
    }
    let name = String::from_utf8_lossy(name);
    let message = if ev.shared.settings.pure {
        format!("cannot look up '<{name}>' in pure evaluation mode (use '--impure' to override)")
    } else {
        format!("file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)")
    };
    Err(Error::at(Kind::Throw, message, pos))
}

/// What an entry of the search path that is a URL stands for in Nix.
fn pseudo_url(text: &str) -> Option<String> {
    if let Some(channel) = text.strip_prefix("channel:") {
        return Some(format!("https://channels.nixos.org/{channel}/nixexprs.tar.xz"));
    }
    let (scheme, _) = text.split_once("://")?;
    ["http", "https", "file", "channel", "git", "s3", "ssh"].contains(&scheme).then(|| text.to_owned())
}

impl Ev {
    /// Where an entry of the search path leads that is a URL or a flake; `Some(None)` where what it names is not here.
    fn search_url(&mut self, entry: &[u8]) -> Result<Option<Option<Vec<u8>>>> {
        let Ok(text) = std::str::from_utf8(entry) else { return Ok(None) };
        // A program may make up entries, and pure evaluation takes nothing that is not locked.
        if self.shared.settings.pure {
            return Ok(None);
        }
        if let Some(flake) = text.strip_prefix("flake:") {
            let path = crate::flake::source_of_flake(self, flake)?;
            return Ok(Some(Some(path.into_bytes())));
        }
        let Some(url) = pseudo_url(text) else { return Ok(None) };
        match crate::flake::source_of_tarball(self, &url) {
            Ok(path) => Ok(Some(Some(path.into_bytes()))),
            Err(_) => {
                // Said once, as what is found is looked for once.
                let key = format!("search path:{text}");
                let known = self
                    .shared
                    .sources_found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key, Arc::new(()));
                if known.is_none() {
                    let message =
                        format!("warning: Nix search path entry '{text}' cannot be downloaded, ignoring");
                    self.shared.message(&message);
                }
                Ok(Some(None))
            }
        }
    }
}

fn to_file(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let name = ev.plain_arg(args[0], pos, FIRST)?;
    let name = String::from_utf8_lossy(name);
    let text = ev.string_arg(args[1], pos, SECOND)?;
    let mut references = std::collections::BTreeSet::new();
    for element in text.context.iter().flat_map(|context| context.elements) {
        match element {
            ContextElement::Path(path) => {
                references.insert(StorePath::from_base_name(path)?);
            }
            element => {
                let message = format!(
                    "files created by builtins.toFile may not reference derivations, but {name} references {}",
                    element.encode()
                );
                return Err(Error::at(Kind::Other, message, pos));
            }
        }
    }
    let path = ev.shared.store.text_path(&name, &Hash::of(Algorithm::Sha256, text.bytes), &references)?;
    ev.imported(&path, Place::Text(ev.lasting.slice(text.bytes), references))?;
    Ok(ev.source_string(&path))
}

fn store_path(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    if ev.shared.settings.pure {
        let message = "'builtins.storePath' is not allowed in pure evaluation mode";
        return Err(Error::at(Kind::Restricted, message, pos));
    }
    let value = ev.force(args[0])?;
    let mut set = ContextSet::default();
    let mut path = ev.coerce_path(value, &mut set, pos, FIRST)?.to_vec();
    let store = ev.shared.store.clone();
    if store.split(&String::from_utf8_lossy(&path)).is_err() {
        path = ev.resolve(&path, Last::Followed, pos)?;
    }
    let text = String::from_utf8_lossy(&path);
    let base = match store.split(&text) {
        Ok((base, _)) => base,
        Err(error) if text.starts_with(&format!("{}/", store.as_str())) => {
            return Err(Error::at(Kind::Other, error.to_string(), pos));
        }
        Err(_) => return Err(Error::at(Kind::Other, format!("path '{text}' is not in the Nix store"), pos)),
    };
    set.insert(ContextElement::Path(ev.on_heap(base.base_name())));
    Ok(ev.string_with(ev.heap.slice(&path), set))
}

/// What a path is called in the store.
fn base_name(path: &[u8]) -> String {
    let name = String::from_utf8_lossy(file_name(path));
    if name.is_empty() { "source".to_owned() } else { name.into_owned() }
}

fn path(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let mut found = None;
    let (mut name, mut filter, mut method, mut expected) = (None, None, IngestionMethod::Nar, None);
    for attr in ev.sorted(attrs) {
        match attr.name {
            sym::path => {
                let value = ev.force(attr.value)?;
                let context = "while evaluating the 'path' attribute passed to 'builtins.path'";
                found = Some(ev.coerce_path(value, &mut ContextSet::default(), attr.pos, context)?);
            }
            sym::name => {
                let text = ev.plain_arg(
                    attr.value,
                    attr.pos,
                    "while evaluating the `name` attribute passed to builtins.path",
                )?;
                name = Some(String::from_utf8_lossy(text).into_owned());
            }
            sym::filter => {
                filter = Some(ev.function_arg(
                    attr.value,
                    attr.pos,
                    "while evaluating the `filter` parameter passed to builtins.path",
                )?);
            }
            sym::recursive => {
                let value = ev.force(attr.value)?;
                let context = "while evaluating the `recursive` attribute passed to builtins.path";
                if !ev.bool_value(value, attr.pos, context)? {
                    method = IngestionMethod::Flat;
                }
            }
            sym::sha256 => {
                let text = ev.plain_arg(
                    attr.value,
                    attr.pos,
                    "while evaluating the `sha256` attribute passed to builtins.path",
                )?;
                let hash =
                    super::hashes::hash_or_zeros(ev, &String::from_utf8_lossy(text), Some(Algorithm::Sha256));
                expected = Some(hash.map_err(|error| Error::at(Kind::Other, error, attr.pos))?);
            }
            other => {
                let other = ev.text(other).lossy();
                let message = format!("unsupported argument '{other}' to 'builtins.path'");
                return Err(Error::at(Kind::Other, message, attr.pos));
            }
        }
    }
    let Some(path) = found else {
        let message = "missing required 'path' attribute in the first argument to 'builtins.path'";
        return Err(Error::at(Kind::Other, message, pos));
    };
    let name = name.unwrap_or_else(|| base_name(path));
    ev.add_path(path, &name, filter, method, expected, pos)
}

/// The world and the store.
impl Ev {
    /// What strings refer to must be there before files are read: nothing is built here.
    pub(crate) fn realise(&mut self, set: ContextSet, pos: Pos) -> Result<()> {
        for element in set.into_elements() {
            let ContextElement::Output { drv, output } = element else { continue };
            let path = StorePath::from_base_name(drv)?;
            let full = self.shared.store.print(&path);
            // The output's path is in the string itself; reading it fails if it is not built.
            if self.shared.settings.pure || output.is_empty() || !self.is_built(&path, output) {
                let message = format!(
                    "cannot build '{full}^{output}' during evaluation; build it first (nix build '{full}^{output}')"
                );
                return Err(Error::at(Kind::Unavailable, message, pos));
            }
        }
        Ok(())
    }

    fn is_built(&self, drv: &StorePath, output: &str) -> bool {
        let full = self.shared.store.print(drv);
        let Ok(text) = self.shared.io.read_file(full.as_bytes()) else { return false };
        let name = drv.name().strip_suffix(".drv").unwrap_or(drv.name());
        let Ok(drv) = nix_store::Derivation::from_aterm(&text, name, &self.shared.store) else {
            return false;
        };
        let Some(path) = drv.outputs.get(output).and_then(|output| output.path().cloned()) else {
            return false;
        };
        let full = self.shared.store.print(&path);
        matches!(self.shared.io.file_type(full.as_bytes()), Ok(Some(_)))
    }

    pub(super) fn read_file_arg(&mut self, arg: Ref, pos: Pos) -> Result<Vec<u8>> {
        let path = path_arg(self, arg, pos)?;
        match core_package(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.read_at(path, pos),
        }
    }

    /// What is at `path`. Nix does not look through links here.
    fn file_type_at(&mut self, path: &[u8], pos: Pos) -> Result<Option<FileType>> {
        if self.resolve(parent(path), Last::Followed, pos)? != parent(path) {
            let mut above = parent(path);
            while above != b"/" {
                if self.kind_of(above, Last::Kept, pos)? == Some(FileType::Symlink) {
                    let above = String::from_utf8_lossy(above);
                    return Err(Error::at(Kind::Io, format!("path '{above}' is a symlink"), pos));
                }
                above = parent(above);
            }
        }
        self.check_access(path, pos)?;
        self.shared.kind_at(path).map_err(|error| io_error("read", path, &error, pos))
    }

    /// A store path as a string that refers to it.
    pub(crate) fn source_string(&self, path: &StorePath) -> Value {
        let mut set = ContextSet::default();
        set.insert(ContextElement::Path(self.on_heap(path.base_name())));
        self.string_with(self.heap.slice(self.shared.store.print(path).as_bytes()), set)
    }

    /// Copies a path to the store (or finds out where that would be); its store path.
    pub(crate) fn path_to_store(
        &mut self,
        path: &'static [u8],
        set: &mut ContextSet,
    ) -> Result<&'static [u8]> {
        if path.ends_with(b".drv") {
            return Err(Error::new(Kind::Other, "file names are not allowed to end in '.drv'"));
        }
        let base = self.copy_to_store(path, &base_name(path))?;
        set.insert(ContextElement::Path(base));
        let full = format!("{}/{base}", self.shared.store.as_str());
        Ok(self.heap.slice(full.as_bytes()))
    }

    fn copy_to_store(&mut self, path: &[u8], name: &str) -> Result<&'static str> {
        let key = (path.to_vec(), name.to_owned());
        if let Some(base) = self.shared.copied.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(base);
        }
        let place = self.resolve(path, Last::Kept, 0)?;
        let value = self.add_path_here(&place, name, None, IngestionMethod::Nar, None, 0)?;
        let base = self.keep(value.base_name());
        self.shared.copied.lock().unwrap_or_else(PoisonError::into_inner).insert(key, base);
        Ok(base)
    }

    fn add_path(
        &mut self,
        path: &[u8],
        name: &str,
        filter: Option<Value>,
        method: IngestionMethod,
        expected: Option<Hash>,
        pos: Pos,
    ) -> Result<Value> {
        let place = self.resolve(path, Last::Followed, pos);
        let added = place.and_then(|place| self.add_path_here(&place, name, filter, method, expected, pos));
        let store_path = added.map_err(|error| {
            let path = String::from_utf8_lossy(path).into_owned();
            error.frame(pos, format!("while adding path '{path}'"))
        })?;
        Ok(self.source_string(&store_path))
    }

    /// Adds what is at `path`, in which are no links but perhaps the last part.
    fn add_path_here(
        &mut self,
        path: &[u8],
        name: &str,
        filter: Option<Value>,
        method: IngestionMethod,
        expected: Option<Hash>,
        pos: Pos,
    ) -> Result<StorePath> {
        let store = self.shared.store.clone();
        let fixed = |hash: &Hash| store.fixed_output_path(method, hash, name, &Default::default());
        // With the hash known, a path that is in the store already needs no reading.
        if let Some(hash) = &expected {
            let path = fixed(hash)?;
            if matches!(self.shared.io.file_type(store.print(&path).as_bytes()), Ok(Some(_))) {
                self.in_store(&path);
                return Ok(path);
            }
        }
        self.check_contents(path, pos)?;
        let outside = self.shared.io.clone();
        let real = self.real(path);
        if !matches!(outside.file_type(&real), Ok(Some(_))) {
            return Err(self.shared.no_file(path, pos));
        }
        let place = outside.real_path(&real);
        let mut kept = BTreeSet::new();
        // The root that pure evaluation sees is empty.
        let nothing = self.shared.settings.pure && path == b"/";
        let hash = match method {
            IngestionMethod::Nar => {
                let hasher = self.in_time(Hasher::new(Algorithm::Sha256));
                let hasher = std::io::BufWriter::with_capacity(1 << 16, hasher);
                let written = write_path::<_, Box<Error>>(&place, hasher, &mut |inner, kind| {
                    use std::os::unix::ffi::OsStrExt;
                    let below = inner.strip_prefix(&place).unwrap_or(inner);
                    if nothing || !self.shared.trees.sees_below(&real, &place, inner) {
                        return Ok(false);
                    }
                    let Some(filter) = filter else { return Ok(true) };
                    let shown = [path, b"/", below.as_os_str().as_bytes()].concat();
                    let args = [self.at(self.string(&shown)), self.at(self.string(kind.name().as_bytes()))];
                    let context = "while evaluating the return value of the path filter function";
                    let keep = self.call_bool(filter, &args, pos, context)?;
                    if keep {
                        kept.insert(below.to_path_buf());
                    }
                    Ok(keep)
                })?;
                written
                    .into_inner()
                    .map_err(|error| Error::new(Kind::Io, error.to_string()))?
                    .into_inner()
                    .finish()
            }
            _ => Hash::of(
                Algorithm::Sha256,
                outside.read_file(&real).map_err(|e| self.shared.unread("read", path, &e, pos))?,
            ),
        };
        let store_path = fixed(&hash)?;
        if let Some(expected) = expected
            && expected != hash
        {
            let path = String::from_utf8_lossy(path);
            let message = format!("store path mismatch in (possibly filtered) path added from '{path}'");
            return Err(Error::at(Kind::Other, message, pos));
        }
        let what = if filter.is_some() || nothing { Place::Part(place, kept) } else { Place::Here(real) };
        self.imported(&store_path, what)?;
        Ok(store_path)
    }

    /// A search path entry as a directory.
    fn search_dir(&mut self, entry: &[u8]) -> Result<Vec<u8>> {
        if entry.starts_with(b"/") {
            return Ok(canonical(entry));
        }
        let here = std::env::current_dir().map_err(|error| Error::new(Kind::Io, error.to_string()))?;
        use std::os::unix::ffi::OsStrExt;
        Ok(canonical(&[here.as_os_str().as_bytes(), b"/", entry].concat()))
    }
}

impl From<std::io::Error> for Box<Error> {
    fn from(error: std::io::Error) -> Self {
        let kind = if error.kind() == std::io::ErrorKind::TimedOut { Kind::TimeLimit } else { Kind::Io };
        Error::new(kind, error.to_string())
    }
}
