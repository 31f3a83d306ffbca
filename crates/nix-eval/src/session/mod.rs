//! What other programs use: sessions, and handles to values in them.
//!
//! Values are in memory that evaluation frees what nothing leads to from. So nobody outside gets at a value itself: a
//! [`Value`] is the number of one that is kept, and lives no longer than the session of its thread; a [`Kept`] is one
//! that other threads may take up. Between two calls a thread holds nothing but handles, so that memory may be freed
//! whoever evaluates just then. When all is dropped, all that was taken goes back to the system.

mod error;
pub mod flakes;
mod value;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::attrs::Attrs;
use super::eval_io::EvalIo;
use super::flake;
use super::heap::{Lazy, Ref, Thunk};
use super::ir::Pos as At;
use super::machine::{Ev, Result as Evaluated};
use super::shared::{Handles, Origin, Settings, Shared};
use super::value::Value as V;

pub use error::{Error, Frame, Place, Pos, Result};
pub use value::{Attribute, Kept, Kind, Value};

/// A derivation that evaluation has made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Derivation {
    /// Where it would be in the store.
    pub path: String,
    /// The names of its outputs.
    pub outputs: Vec<String>,
}

/// A text of Nix, and where it is from.
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// An expression; paths in it start in the folder.
    Expression(&'a [u8], &'a Path),
    /// What is in a file: errors show its lines.
    File(&'a [u8], &'a Path),
}

/// What threads share that evaluate together: files that were read, values that are known, limits.
#[derive(Clone)]
pub struct Evaluator {
    shared: Arc<Shared>,
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").field("settings", self.settings()).finish_non_exhaustive()
    }
}

impl Evaluator {
    /// An evaluator that sees what `io` shows it.
    pub fn new(io: Arc<dyn EvalIo>, options: Settings) -> Self {
        Self { shared: Shared::new(options, io, flake::HOOKS) }
    }

    /// Another one over the same world: nothing is evaluated in it, it has the memory and time that are left of this
    /// one's, and its messages were heard here.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { shared: self.shared.anew() }
    }

    /// A session for the thread that asks.
    pub fn session(&self) -> Session {
        // SAFETY: values that it gives stay in this session: what leaves it are copies, and handles, which keep or
        // borrow what they are of. It is dropped with the session, whose own `shared` it is.
        let ev = unsafe { Ev::new(self.shared.clone()) };
        Session { evaluator: self.clone(), ev: RefCell::new(ev), in_part: Cell::new(false) }
    }

    /// How it evaluates.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What is left of the time that evaluation may take; `None`: it may take any.
    pub fn time_left(&self) -> Option<Duration> {
        self.shared.time_left()
    }

    /// Says something where `builtins.trace` and warnings go.
    pub fn message(&self, text: &str) {
        self.shared.message(text);
    }

    /// Where a position is, if it is in a text that has lines to show.
    pub fn place(&self, pos: Pos) -> Option<Place> {
        error::place(&self.shared, pos)
    }

    /// The file that a position is in, and the offset in bytes there.
    pub fn offset(&self, pos: Pos) -> Option<(Vec<u8>, usize)> {
        let (source, offset) = self.shared.locate(pos.0)?;
        let Origin::File(path) = source.origin else { return None };
        Some((path.to_vec(), offset))
    }

    /// Where on this machine the files of a store path are that may have been computed only; any other path as it is.
    pub fn on_disk(&self, path: &[u8]) -> Vec<u8> {
        let real = self.shared.real(path);
        self.shared.trees.on_disk(&real).unwrap_or(real)
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

    fn handles(&self) -> std::sync::MutexGuard<'_, Handles> {
        self.shared.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a handle to a value, which is kept until it is [let go](Self::let_go).
    fn hold(&self, thunk: Ref) -> usize {
        let mut handles = self.handles();
        let handle = handles.free.pop().unwrap_or(handles.kept.len());
        match handles.kept.get_mut(handle) {
            Some(place) => *place = Some(thunk),
            None => handles.kept.push(Some(thunk)),
        }
        handle
    }

    fn let_go(&self, handle: usize) {
        let mut handles = self.handles();
        handles.kept[handle] = None;
        handles.free.push(handle);
    }

    fn held(&self, handle: usize) -> Ref {
        // It is there until the handle is dropped.
        self.handles().kept[handle].unwrap_or(super::heap::nothing())
    }
}

/// Evaluates Nix. One thread's; those of one [`Evaluator`] share what they evaluate, others know nothing of each other.
pub struct Session {
    // Dropped first: its heaps are in what the evaluator has.
    ev: RefCell<Ev>,
    evaluator: Evaluator,
    in_part: Cell<bool>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.evaluator).finish()
    }
}

/// A thread that may be evaluating. It leaves in a panic as well: others may be waiting for it.
struct Present<'e>(&'e mut Ev);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Session {
    /// A session by itself that sees what `io` shows it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use nix_eval::{Kind, Machine, Session, Settings};
    ///
    /// let session = Session::new(Arc::new(Machine), Settings { pure: true, ..Settings::default() });
    /// let value = session.eval_str("rec { a = 6; b = a * 7; }")?;
    /// assert_eq!(value.attr("b")?.expect("it is there").force()?, Kind::Int(42));
    /// # Ok::<(), nix_eval::Error>(())
    /// ```
    pub fn new(io: Arc<dyn EvalIo>, options: Settings) -> Self {
        Evaluator::new(io, options).session()
    }

    /// What it shares with those of other threads.
    pub fn evaluator(&self) -> &Evaluator {
        &self.evaluator
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.evaluator.shared
    }

    /// Does some work, before which memory may be freed unless a part is under way.
    fn run<T>(&self, work: impl FnOnce(&mut Ev) -> Evaluated<T>) -> Result<T> {
        self.present(work).map_err(|error| Error::of(error, self.shared()))
    }

    fn present<T>(&self, work: impl FnOnce(&mut Ev) -> T) -> T {
        let mut ev = self.ev.borrow_mut();
        // SAFETY: between two works a thread uses no value, nor anything that one leads to, but what handles lead to;
        // inside of one, parts are done where a value is printed, which a handle leads to.
        unsafe { ev.enter() };
        let present = Present(&mut ev);
        if !self.in_part.get() {
            // Others may be waited for, which is not of the next part's time.
            present.0.part_done();
            present.0.begin_part();
        }
        work(present.0)
    }

    /// What `work` does with the session is one part of it: what [`Settings::max_part_time`] is for.
    pub fn part<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Parts are not inside of each other: the outermost counts.
        struct Part<'s>(&'s Cell<bool>, bool);
        impl Drop for Part<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        if !self.in_part.get() {
            self.present(|_| ());
        }
        let _part = Part(&self.in_part, self.in_part.replace(true));
        work()
    }

    fn keep(&self, thunk: Ref) -> Value<'_> {
        Value::new(self, self.evaluator.hold(thunk))
    }

    /// Does some work that gives a value.
    fn value_of(&self, work: impl FnOnce(&mut Ev) -> Evaluated<V>) -> Result<Value<'_>> {
        self.run(|ev| {
            let value = work(ev)?;
            Ok(self.keep(ev.at(value)))
        })
    }

    /// A value that a thread of the same evaluator has kept.
    ///
    /// # Panics
    /// When it is of another evaluator.
    pub fn value(&self, kept: &Kept) -> Value<'_> {
        self.keep(kept.thunk(&self.evaluator))
    }

    /// The value of an expression; relative paths in it start at the current folder.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval_str(&self, text: &str) -> Result<Value<'_>> {
        let here = std::env::current_dir()?;
        self.eval(Text::Expression(text.as_bytes(), &here))
    }

    /// The value of a text, which is UTF-8 where Nix wants it to be.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval(&self, text: Text<'_>) -> Result<Value<'_>> {
        let value = self.lazy(text)?;
        value.force()?;
        Ok(value)
    }

    /// As [`Self::eval`], not evaluated yet: errors are those of syntax.
    ///
    /// # Errors
    /// When it is no Nix.
    pub fn lazy(&self, text: Text<'_>) -> Result<Value<'_>> {
        self.run(|ev| {
            let (bytes, origin, dir) = match text {
                Text::Expression(bytes, dir) => {
                    (bytes, Origin::Text(String::from_utf8_lossy(bytes).as_ref().into()), dir)
                }
                Text::File(bytes, file) => {
                    let origin = Origin::File(file.as_os_str().as_encoded_bytes().into());
                    (bytes, origin, file.parent().unwrap_or(file))
                }
            };
            let code = ev.parse_bytes(bytes.to_vec(), origin, dir.as_os_str().as_encoded_bytes())?;
            Ok(self.keep(ev.heap.alloc(Thunk::lazy(Lazy::Code(code, None)))))
        })
    }

    /// The value of a file, or of the `default.nix` of a folder.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval_file(&self, file: &Path) -> Result<Value<'_>> {
        let file = std::path::absolute(file)?;
        self.value_of(|ev| ev.import(file.as_os_str().as_encoded_bytes(), 0))
    }

    /// As [`Self::eval_file`] for what a command line says: relative to `dir`, and `<NAME>` is looked up.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn eval_file_in(&self, file: &str, dir: &Path) -> Result<Value<'_>> {
        let dir = dir.as_os_str().as_encoded_bytes();
        self.value_of(|ev| {
            let mut path = match file.starts_with('/') {
                true => file.as_bytes().to_vec(),
                false => [dir, b"/", file.as_bytes()].concat(),
            };
            if file.starts_with('<') {
                let code = ev.parse(file, Origin::Text(file.into()), dir)?;
                if let V::Path(found) = ev.eval(code, None)? {
                    path = found.bytes.to_vec();
                }
            }
            ev.import(&super::paths::canonical(&path), 0)
        })
    }

    /// The outputs of a flake, with `inputs` in place of its own: names and references.
    ///
    /// # Errors
    /// Those of evaluation; when the flake, or one that it needs, is not on this machine.
    pub fn flake(&self, reference: &str, inputs: &[(String, String)]) -> Result<Value<'_>> {
        self.value_of(|ev| flake::outputs(ev, reference, inputs))
    }

    /// As [`Self::flake`], and not its outputs alone: they stand in `outputs` as well, beside `inputs` and `sourceInfo`.
    ///
    /// # Errors
    /// As [`Self::flake`].
    pub fn whole_flake(&self, reference: &str, inputs: &[(String, String)]) -> Result<Value<'_>> {
        self.value_of(|ev| flake::whole(ev, reference, inputs))
    }

    /// The flake in a folder, to be looked at and not built: its outputs together with `inputs` and `outPath`. The folder
    /// is neither hashed nor copied, so its [store path](flakes::place_of), and those of derivations that have files of
    /// it, are not the ones that Nix gives.
    ///
    /// # Errors
    /// As [`Self::flake`].
    pub fn flake_in_place(&self, folder: &Path, inputs: &[(String, String)]) -> Result<Value<'_>> {
        self.value_of(|ev| flake::in_place(ev, folder, inputs))
    }

    /// What `FLAKE#FRAGMENT`, or an attribute's name alone, means to `nix eval`.
    ///
    /// # Errors
    /// As [`Self::flake`]; when there is none.
    pub fn flake_attribute(&self, text: &str, inputs: &[(String, String)]) -> Result<Value<'_>> {
        self.value_of(|ev| flake::attribute(ev, text, inputs))
    }

    /// What a fragment means among the outputs of a flake, and where it is.
    ///
    /// # Errors
    /// Those of evaluation; when there is none.
    pub fn flake_output(
        &self,
        outputs: &Value<'_>,
        reference: &str,
        fragment: &str,
    ) -> Result<(Vec<String>, Value<'_>)> {
        let outputs = self.thunk_of(outputs);
        self.run(|ev| {
            let outputs = ev.force(outputs)?;
            let (path, value) = flake::locate(ev, outputs, reference, fragment)?;
            Ok((path, self.keep(ev.at(value))))
        })
    }

    /// A string without context.
    pub fn string(&self, text: &[u8]) -> Value<'_> {
        self.present(|ev| self.keep(ev.at(ev.string(text))))
    }

    /// A Boolean.
    pub fn bool(&self, value: bool) -> Value<'_> {
        self.present(|ev| self.keep(ev.at(V::Bool(value))))
    }

    /// A list.
    pub fn list(&self, items: &[Value<'_>]) -> Value<'_> {
        let items: Vec<Ref> = items.iter().map(|item| self.thunk_of(item)).collect();
        self.present(|ev| self.keep(ev.at(ev.list(&items))))
    }

    /// A set; of two attributes with the same name the first stays.
    pub fn set<'n>(&self, attrs: impl IntoIterator<Item = (&'n str, Value<'n>)>) -> Value<'_> {
        // The handles go when the set is there.
        let attrs: Vec<_> = attrs.into_iter().collect();
        let found: Vec<_> = attrs.iter().map(|(name, value)| (*name, self.thunk_of(value))).collect();
        self.present(|ev| {
            let attrs = found.into_iter().map(|(name, value)| ev.named(name, value)).collect();
            self.keep(ev.at(V::Attrs(ev.attrs_of(attrs))))
        })
    }

    /// Frees all memory that no value at hand leads to, as far as no other thread evaluates. Evaluating does this by
    /// itself when much has gathered.
    pub fn collect(&self) {
        self.present(Ev::free_now);
    }

    /// The derivations that were made or read so far, sorted.
    pub fn derivations(&self) -> Vec<Derivation> {
        self.evaluator.derivations()
    }

    fn thunk_of(&self, value: &Value<'_>) -> Ref {
        assert!(Arc::ptr_eq(self.shared(), value.session().shared()), "the value is of another evaluator");
        value.thunk()
    }

    /// The attributes of a set that is given as arguments; of anything else none.
    fn arguments(&self, ev: &mut Ev, thunk: Ref) -> Evaluated<&'static Attrs> {
        Ok(match ev.force(thunk)? {
            V::Attrs(attrs) => attrs,
            _ => ev.attrs_of(Vec::new()),
        })
    }
}

/// Splits `a."b.c".d`.
///
/// # Errors
/// When a quote is not closed.
pub fn attribute_path(text: &str) -> Result<Vec<String>> {
    Ok(super::select::split_path(text)?)
}

/// A position as code has it.
fn pos(at: At) -> Pos {
    Pos(at)
}
