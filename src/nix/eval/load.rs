//! Files become code, code becomes values: parsing, `import`, `scopedImport`.

use std::sync::PoisonError;

use super::attrs::Attrs;
use super::builtins::{core_package, io_error};
use super::error::{Error, Kind};
use super::heap::{Lazy, Ref, Thunk};
use super::ir::{Expr, File, Pos};
use super::lower::{self, Context};
use super::machine::{Ev, Result};
use super::outside::resolve_links;
use super::paths::parent;
use super::shared::Origin;
use super::symbol::Symbol;
use super::value::Value;
use crate::store::nar::FileType;

impl Ev {
    /// Parses and lowers a text; relative paths in it start at `dir`.
    pub fn parse(&mut self, text: &str, origin: Origin, dir: &[u8]) -> Result<&'static Expr> {
        self.parse_in(text, origin, dir, &[])
    }

    fn parse_in(
        &mut self,
        text: &str,
        origin: Origin,
        dir: &[u8],
        scope: &[Symbol],
    ) -> Result<&'static Expr> {
        let Some(base) = self.shared.add_source(origin, text.len()) else {
            return Err(Error::new(Kind::Other, "more than 4 GiB of Nix code"));
        };
        let shared = self.shared.clone();
        let home = if shared.settings.pure { None } else { shared.outside.env("HOME") };
        let context = Context {
            symbols: &shared.symbols,
            heap: self.lasting,
            globals: &shared.globals,
            base,
            dir,
            home: home.as_deref(),
            pipes: shared.settings.pipe_operators,
            scope,
        };
        lower::lower(text, context, &mut self.scratch)
    }

    /// The file that `import path` reads: links resolved, `default.nix` of a directory.
    fn file_to_import(&mut self, path: &[u8], pos: Pos) -> Result<Vec<u8>> {
        self.check_access(path, pos)?;
        if core_package(path).is_some() {
            return Ok(path.to_vec());
        }
        let missing = |path: &[u8]| {
            let path = String::from_utf8_lossy(path);
            Error::at(Kind::Io, format!("path '{path}' does not exist"), pos)
        };
        let outside = self.shared.outside.clone();
        // A store path that was only computed keeps its name: positions and relative paths need it.
        let virtual_path = self.real(path) != path;
        if !virtual_path && let Some(file) = self.plain_file(path) {
            return Ok(file);
        }
        let mut resolved = if virtual_path {
            path.to_vec()
        } else {
            resolve_links(&*outside, path).map_err(|_| missing(path))?
        };
        let real = resolve_links(&*outside, &self.real(&resolved)).map_err(|_| missing(path))?;
        match outside.file_type(&real) {
            Ok(Some(FileType::Directory)) => resolved.extend_from_slice(b"/default.nix"),
            Ok(Some(_)) => return Ok(resolved),
            _ => return Err(missing(path)),
        }
        let real = resolve_links(&*outside, &self.real(&resolved)).map_err(|_| missing(&resolved))?;
        match outside.file_type(&real) {
            Ok(Some(_)) if virtual_path => Ok(resolved),
            Ok(Some(_)) => Ok(real),
            _ => Err(missing(&resolved)),
        }
    }

    /// [`Self::file_to_import`] without looking at each directory on the way again: `None` where
    /// that has to be done.
    fn plain_file(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        let dir = parent(path);
        if !self.plain_dirs.contains(dir) {
            if resolve_links(&*self.shared.outside, dir).ok()? != dir {
                return None;
            }
            self.plain_dirs.insert(dir.into());
        }
        match self.shared.outside.file_type(path) {
            Ok(Some(FileType::Directory)) => {
                self.plain_dirs.insert(path.into());
                let file = [path, b"/default.nix"].concat();
                let kind = self.shared.outside.file_type(&file);
                matches!(kind, Ok(Some(FileType::Regular))).then_some(file)
            }
            Ok(Some(FileType::Regular)) => Some(path.to_vec()),
            _ => None,
        }
    }

    fn read_source(&mut self, file: &[u8], pos: Pos) -> Result<String> {
        if let Some(text) = core_package(file) {
            return Ok(text.to_owned());
        }
        let bytes = self.read_real(file, pos)?;
        String::from_utf8(bytes).map_err(|_| {
            let file = String::from_utf8_lossy(file);
            Error::at(Kind::Syntax, format!("'{file}' is not UTF-8"), pos)
        })
    }

    /// The contents of a file, wherever it really is.
    pub(super) fn read_real(&mut self, file: &[u8], pos: Pos) -> Result<Vec<u8>> {
        let real = self.real(file);
        let outside = self.shared.outside.clone();
        self.room_for(usize::try_from(outside.file_size(&real).unwrap_or(0)).unwrap_or(usize::MAX))?;
        outside.read_file(&real).map_err(|error| io_error("read", file, &error, pos))
    }

    /// The thunk of a file's value; parsed by the first thread that comes, while others wait.
    fn file_thunk(&mut self, file: &[u8], pos: Pos) -> Result<Ref> {
        if let Some(known) = self.shared.imported_from(file) {
            return Ok(known);
        }
        let turn = self.shared.turn(file);
        let _mine = turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have had the turn before.
        if let Some(known) = self.shared.imported_from(file) {
            return Ok(known);
        }
        let thunk = self.parse_file(file, pos);
        self.shared.turn_over(file);
        thunk
    }

    fn parse_file(&mut self, file: &[u8], pos: Pos) -> Result<Ref> {
        // Parsing evaluates nothing, so nobody waits for this thread meanwhile but for the lock. What
        // cannot be read is each importer's own error, at its own place.
        let text = self.read_source(file, pos)?;
        let path = self.lasting.slice(file);
        let thunk: Ref = match self.parse(&text, Origin::File(file.into()), parent(file)) {
            Ok(code) => self.heap.alloc(Thunk::lazy(Lazy::File(self.lasting.alloc(File { code, path })))),
            Err(error) => self.heap.alloc(Thunk::failed(self.lasting.alloc(*error))),
        };
        self.shared.import_from(path, thunk);
        Ok(thunk)
    }

    /// `import path`.
    pub fn import(&mut self, path: &[u8], pos: Pos) -> Result<Value> {
        let thunk = match self.shared.imported_from(path) {
            Some(known) => known,
            None => {
                let file = self.file_to_import(path, pos)?;
                let thunk = self.file_thunk(&file, pos)?;
                if file != path {
                    self.shared.import_from(self.lasting.slice(path), thunk);
                }
                thunk
            }
        };
        self.force(thunk)
    }

    /// The value of a file; a step of it names the file.
    pub(super) fn eval_file(&mut self, file: &'static File) -> Result<Value> {
        self.eval(file.code, None).map_err(|error| {
            let file = String::from_utf8_lossy(file.path).into_owned();
            error.frame(0, format!("while evaluating the file '{file}'"))
        })
    }

    /// `scopedImport scope path`.
    pub fn import_scoped(&mut self, scope: &'static Attrs, path: &[u8], pos: Pos) -> Result<Value> {
        let file = self.file_to_import(path, pos)?;
        let text = self.read_source(&file, pos)?;
        let attrs = scope.flat();
        let names: Vec<Symbol> = attrs.iter().map(|attr| attr.name).collect();
        let code = self.parse_in(&text, Origin::File(file.as_slice().into()), parent(&file), &names)?;
        if names.is_empty() {
            return self.eval(code, None);
        }
        let env = self.heap.env(None, names.len() + 64);
        for (slot, attr) in (0u32..).zip(attrs.iter()) {
            env.set(slot, attr.value);
        }
        self.eval(code, Some(env))
    }
}
