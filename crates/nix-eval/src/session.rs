//! What other programs use: a session, and handles to values in it.
//!
//! Values are in the session's heap, and evaluation frees what nothing leads to. So nobody outside gets at a value
//! itself: a [`Value`] is the number of one that the session keeps, and lives no longer than the session. When a
//! session is dropped, all that it took goes back to the system.

use std::cell::RefCell;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::coerce::ContextSet;
use super::error::{Error as Inner, Kind as ErrorKind};
use super::eval_io::EvalIo;
use super::heap::{Lazy, Ref, Thunk};
use super::machine::{Ev, Result as Evaluated};
use super::report;
use super::shared::{Handles, Origin, Settings, Shared};
use super::value::Value as V;

/// An error of evaluation, in Nix's words.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// The message: one line, most often.
    pub message: String,
    /// Where: file (`None` for a text), line and column, both from 1.
    pub place: Option<(Option<Vec<u8>>, usize, usize)>,
    /// The message with the line of code and how evaluation got there, as a terminal shows it.
    pub report: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What evaluation gives.
pub type Result<T> = std::result::Result<T, Error>;

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string; it need not be UTF-8.
    String(Vec<u8>),
    /// An absolute path.
    Path(Vec<u8>),
    /// A list of so many elements.
    List(usize),
    /// A set of so many attributes.
    Attrs(usize),
    /// A function.
    Function,
}

/// A derivation that evaluation has made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Derivation {
    /// Where it would be in the store.
    pub path: String,
    /// The names of its outputs.
    pub outputs: Vec<String>,
}

/// Evaluates Nix. One thread's; several sessions know nothing of each other.
pub struct Session {
    ev: RefCell<Ev>,
    shared: Arc<Shared>,
}

impl Session {
    /// A session that sees what `io` shows it.
    ///
    /// ```
    /// use std::sync::{Arc, PoisonError};
    /// use nix_eval::{Kind, Machine, Session, Settings};
    ///
    /// let session = Session::new(Arc::new(Machine), Settings { pure: true, ..Settings::default() });
    /// let value = session.eval_str("rec { a = 6; b = a * 7; }")?;
    /// assert_eq!(value.attr("b")?.expect("it is there").force()?, Kind::Int(42));
    /// # Ok::<(), nix_eval::Error>(())
    /// ```
    pub fn new(io: Arc<dyn EvalIo>, options: Settings) -> Self {
        let shared = Shared::new(options, io, super::flake::HOOKS);
        // SAFETY: values that it gives stay in this session: what leaves it are copies, and handles, which borrow
        // the session. It is dropped with the session, whose own `shared` it is.
        let mut ev = unsafe { Ev::new(shared.clone()) };
        // SAFETY: it is the only thread. A part is done at the beginning of `run`, when no work is under way, and
        // inside of printing a value, which a handle leads to.
        unsafe { ev.collecting_alone() };
        Self { ev: RefCell::new(ev), shared }
    }

    /// Does some work, before which memory may be freed. What it gives is used before the next.
    fn run<T>(&self, work: impl FnOnce(&mut Ev) -> Evaluated<T>) -> Result<T> {
        let mut ev = self.ev.borrow_mut();
        ev.begin_part();
        ev.part_done();
        work(&mut ev).map_err(|error| outward(&self.shared, &error))
    }

    fn handles(&self) -> std::sync::MutexGuard<'_, Handles> {
        self.shared.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, thunk: Ref) -> Value<'_> {
        let mut handles = self.handles();
        let handle = handles.free.pop().unwrap_or(handles.kept.len());
        match handles.kept.get_mut(handle) {
            Some(place) => *place = Some(thunk),
            None => handles.kept.push(Some(thunk)),
        }
        Value { session: self, handle }
    }

    /// The value of an expression; relative paths in it start at the current folder.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval_str(&self, text: &str) -> Result<Value<'_>> {
        let value = self.run(|ev| {
            let here = std::env::current_dir()?;
            let code = ev.parse(text, Origin::Text(text.into()), here.as_os_str().as_bytes())?;
            Ok(ev.heap.alloc(Thunk::lazy(Lazy::Code(code, None))) as Ref)
        })?;
        self.forced(value)
    }

    /// The value of a file, or of the `default.nix` of a folder.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval_file(&self, file: &Path) -> Result<Value<'_>> {
        let value = self.run(|ev| {
            let file = std::path::absolute(file)?;
            let value = ev.import(file.as_os_str().as_bytes(), 0)?;
            Ok(ev.at(value))
        })?;
        Ok(self.keep(value))
    }

    /// Frees all memory that no value at hand leads to. Evaluating does this by itself when much has gathered.
    pub fn collect(&self) {
        let mut ev = self.ev.borrow_mut();
        ev.begin_part();
        ev.free_now();
    }

    fn forced(&self, thunk: Ref) -> Result<Value<'_>> {
        let value = self.keep(thunk);
        value.force()?;
        Ok(value)
    }

    /// The derivations that were made or read so far, sorted.
    pub fn derivations(&self) -> Vec<Derivation> {
        let known = self.shared.derivations.read().unwrap_or_else(PoisonError::into_inner);
        let dir = self.shared.store.as_str();
        let mut all: Vec<_> = known
            .values()
            .map(|known| Derivation {
                path: format!("{dir}/{}", known.base),
                outputs: known.outputs.iter().map(|&output| output.to_owned()).collect(),
            })
            .collect();
        all.sort();
        all
    }
}

fn outward(shared: &Shared, error: &Inner) -> Error {
    Error {
        kind: error.kind,
        message: report::headline(shared, error),
        place: shared.place(error.pos).map(|place| (place.file, place.line, place.column)),
        report: report::render(shared, error, true),
    }
}

/// A value of a session, evaluated or not.
pub struct Value<'s> {
    session: &'s Session,
    handle: usize,
}

impl Clone for Value<'_> {
    fn clone(&self) -> Self {
        self.session.keep(self.thunk())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        let mut handles = self.session.handles();
        handles.kept[self.handle] = None;
        handles.free.push(self.handle);
    }
}

impl<'s> Value<'s> {
    fn thunk(&self) -> Ref {
        // It is there until the handle is dropped.
        self.session.handles().kept[self.handle].unwrap_or(super::heap::nothing())
    }

    /// Evaluates it, as far as it takes to say what it is.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn force(&self) -> Result<Kind> {
        let thunk = self.thunk();
        self.session.run(|ev| {
            Ok(match ev.force(thunk)? {
                V::Null => Kind::Null,
                V::Bool(value) => Kind::Bool(value),
                V::Int(value) => Kind::Int(value),
                V::Float(value) => Kind::Float(value),
                V::String(text) => Kind::String(text.bytes.to_vec()),
                V::Path(path) => Kind::Path(path.bytes.to_vec()),
                V::List(list) => Kind::List(list.items.len()),
                V::Attrs(attrs) => Kind::Attrs(attrs.len()),
                V::Closure(_) | V::Builtin(_) | V::Partial(_) => Kind::Function,
            })
        })
    }

    /// An attribute, not evaluated; `None` where the set has none of that name, or it is no set.
    ///
    /// # Errors
    /// Those of evaluating the set.
    pub fn attr(&self, name: &str) -> Result<Option<Value<'s>>> {
        let thunk = self.thunk();
        let found = self.session.run(|ev| {
            Ok(match ev.force(thunk)? {
                V::Attrs(attrs) => attrs.get(ev.intern(name.as_bytes())).map(|attr| attr.value),
                _ => None,
            })
        })?;
        Ok(found.map(|thunk| self.session.keep(thunk)))
    }

    /// The names of a set, sorted; none of anything else.
    ///
    /// # Errors
    /// Those of evaluating it.
    pub fn names(&self) -> Result<Vec<Vec<u8>>> {
        let thunk = self.thunk();
        self.session.run(|ev| {
            Ok(match ev.force(thunk)? {
                V::Attrs(attrs) => {
                    ev.sorted(attrs).into_iter().map(|attr| ev.text(attr.name).bytes.to_vec()).collect()
                }
                _ => Vec::new(),
            })
        })
    }

    /// The elements of a list, not evaluated; none of anything else.
    ///
    /// # Errors
    /// Those of evaluating the list.
    pub fn elements(&self) -> Result<Vec<Value<'s>>> {
        let thunk = self.thunk();
        let items = self.session.run(|ev| {
            Ok(match ev.force(thunk)? {
                V::List(list) => list.items.to_vec(),
                _ => Vec::new(),
            })
        })?;
        Ok(items.into_iter().map(|thunk| self.session.keep(thunk)).collect())
    }

    /// Calls a function.
    ///
    /// # Errors
    /// Those of evaluation.
    ///
    /// # Panics
    /// When the argument is of another session.
    pub fn call(&self, argument: &Value<'_>) -> Result<Value<'s>> {
        assert!(std::ptr::eq(self.session, argument.session), "the argument is of another session");
        let (function, argument) = (self.thunk(), argument.thunk());
        let value = self.session.run(|ev| {
            let function = ev.force(function)?;
            let value = ev.call(function, &[argument], 0)?;
            Ok(ev.at(value))
        })?;
        Ok(self.session.keep(value))
    }

    /// Evaluates all of it and gives it as JSON: a derivation as its output's path, a path as where it would be in
    /// the store.
    ///
    /// # Errors
    /// Those of evaluation; functions cannot be written.
    pub fn to_json(&self) -> Result<String> {
        let thunk = self.thunk();
        let json = self.session.run(|ev| {
            let value = ev.force(thunk)?;
            let mut out = Vec::new();
            ev.write_json(value, true, &mut ContextSet::default(), &mut out, 0)?;
            Ok(out)
        })?;
        // Strings that are not UTF-8 are errors of evaluation.
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    /// Evaluates all of it and gives it as Nix text.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn to_nix(&self) -> Result<Vec<u8>> {
        let thunk = self.thunk();
        self.session.run(|ev| {
            let value = ev.force(thunk)?;
            ev.print(value)
        })
    }
}
