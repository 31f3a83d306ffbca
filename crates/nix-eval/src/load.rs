//! Files become code, code becomes values: parsing, `import`, `scopedImport`.

use std::cell::RefCell;
use std::sync::PoisonError;

use super::access::Last;
use super::attrs::Attrs;
use super::core_packages::core_package;
use super::error::{Error, Kind, io_error};
use super::heap::{Lazy, Ref, Thunk};
use super::hints;
use super::ir::{Expr, File, Pos};
use super::lower::{self, Context, Odd};
use super::machine::{Ev, Result};
use super::paths::{canonical, parent};
use super::shared::Origin;
use super::symbol::Symbol;
use super::value::Value;
use nix_store::nar::FileType;

/// Links at the end of a path that is imported.
const MAX_LINKS: u32 = 1023;

impl Ev {
    /// Parses and lowers a text; relative paths in it start at `dir`.
    pub fn parse(&mut self, text: &str, origin: Origin, dir: &[u8]) -> Result<&'static Expr> {
        self.parse_in(text, &Odd::default(), origin, dir, &[])
    }

    /// As [`Self::parse`], of bytes that need be UTF-8 no more than Nix wants them to.
    pub fn parse_bytes(&mut self, bytes: Vec<u8>, origin: Origin, dir: &[u8]) -> Result<&'static Expr> {
        let Some((text, odd)) = Odd::text(bytes) else {
            return Err(Error::new(Kind::Syntax, "the text is no UTF-8"));
        };
        self.parse_in(&text, &odd, origin, dir, &[])
    }

    fn parse_in(
        &mut self,
        text: &str,
        odd: &Odd,
        origin: Origin,
        dir: &[u8],
        scope: &[Symbol],
    ) -> Result<&'static Expr> {
        let Some(base) = self.shared.add_source(origin, text.len()) else {
            return Err(Error::new(Kind::Other, "more than 2 GiB of Nix code"));
        };
        let shared = self.shared.clone();
        let home = if shared.settings.pure { None } else { shared.io.env("HOME") };
        let warnings = RefCell::default();
        let context = Context {
            symbols: &shared.symbols,
            heap: self.lasting,
            globals: &shared.globals,
            base,
            dir,
            home: home.as_deref(),
            pipes: shared.settings.pipe_operators,
            scope,
            odd,
            lints: shared.settings.lints,
            warnings: &warnings,
        };
        let code = lower::lower(text, context, &mut self.scratch);
        for (pos, what) in warnings.take() {
            shared.message(&super::report::warning(&shared, pos, &what));
        }
        code.map_err(|mut error| {
            if odd.is_empty() {
                hints::of_syntax(&shared, text, base, &mut error);
            }
            error
        })
    }

    /// The file that `import path` reads: `default.nix` of a directory, and where a link at the end of the
    /// path leads. Links before that stay in the path, from which relative paths in the file start.
    fn file_to_import(&mut self, path: &[u8], pos: Pos) -> Result<Vec<u8>> {
        if core_package(path).is_some() {
            return Ok(path.to_vec());
        }
        let mut path = path.to_vec();
        for _ in 0..MAX_LINKS {
            let place = self.resolve(&path, Last::Kept, pos)?;
            self.check_access(&place, pos)?;
            let kind = self.shared.kind_at(&place).map_err(|error| io_error("read", &path, &error, pos))?;
            match kind {
                Some(FileType::Directory) => return Ok(canonical(&[&path[..], b"/default.nix"].concat())),
                Some(FileType::Symlink) => {
                    let target = self.shared.io.read_link(&self.real(&place));
                    let target = target.map_err(|error| io_error("read", &path, &error, pos))?;
                    path = match target.starts_with(b"/") {
                        true => canonical(&target),
                        false => canonical(&[parent(&path), b"/", &target].concat()),
                    };
                }
                Some(_) => return Ok(path),
                None => {
                    return Err(self.shared.no_file(&place, pos));
                }
            }
        }
        let path = String::from_utf8_lossy(&path);
        let message = format!("too many symbolic links encountered while traversing the path '{path}'");
        Err(Error::at(Kind::Io, message, pos))
    }

    fn read_source(&mut self, file: &[u8], pos: Pos) -> Result<(String, Odd)> {
        if let Some(text) = core_package(file) {
            return Ok((text.to_owned(), Odd::default()));
        }
        let bytes = self.read_at(file, pos)?;
        Odd::text(bytes).ok_or_else(|| {
            let file = String::from_utf8_lossy(file);
            Error::at(Kind::Syntax, format!("'{file}' is not UTF-8, and has all control characters"), pos)
        })
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
        let (text, odd) = self.read_source(file, pos)?;
        let path = self.lasting.slice(file);
        let thunk: Ref = match self.parse_in(&text, &odd, Origin::File(file.into()), parent(file), &[]) {
            Ok(code) => self.heap.alloc(Thunk::lazy(Lazy::File(self.lasting.alloc(File { code, path })))),
            Err(error) => self.heap.alloc(Thunk::failed(self.lasting.keep_error(error))),
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
        let (text, odd) = self.read_source(&file, pos)?;
        let attrs = scope.flat();
        let names: Vec<Symbol> = attrs.iter().map(|attr| attr.name).collect();
        let code = self.parse_in(&text, &odd, Origin::File(file.as_slice().into()), parent(&file), &names)?;
        if names.is_empty() {
            return self.eval(code, None);
        }
        let env = self.heap.env(None, names.len());
        for (slot, attr) in (0u32..).zip(attrs.iter()) {
            env.set(slot, attr.value);
        }
        self.eval(code, Some(env))
    }
}
