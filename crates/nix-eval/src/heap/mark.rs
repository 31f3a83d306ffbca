//! What leads to what: the walk that finds everything in use.

use std::ptr;

use super::{ALIGN, Attrs, Env, Lazy, Parts, Ref, Thunk};
use crate::value::{Closure, Context, ContextElement, List, Partial, Str, Value};

const PER_MARK: usize = u64::BITS as usize;

/// So many objects are on their way from memory at once.
const AHEAD: usize = 16;

/// An object whose insides are to be looked at.
#[derive(Clone, Copy)]
enum Object {
    Thunk(Ref),
    Env(&'static Env),
    Attrs(&'static Attrs),
    List(&'static List),
    Closure(&'static Closure),
    Partial(&'static Partial),
    String(&'static Str),
    Context(&'static Context),
}

impl Object {
    fn place(self) -> *const u8 {
        match self {
            Self::Thunk(object) => ptr::from_ref(object).cast(),
            Self::Env(object) => ptr::from_ref(object).cast(),
            Self::Attrs(object) => ptr::from_ref(object).cast(),
            Self::List(object) => ptr::from_ref(object).cast(),
            Self::Closure(object) => ptr::from_ref(object).cast(),
            Self::Partial(object) => ptr::from_ref(object).cast(),
            Self::String(object) => ptr::from_ref(object).cast(),
            Self::Context(object) => ptr::from_ref(object).cast(),
        }
    }
}

/// Marks the words that are in use.
pub(super) struct Marker {
    base: usize,
    len: usize,
    marks: Vec<u64>,
    todo: Vec<Object>,
}

/// Where a collection starts from.
pub struct Roots<'m>(&'m mut Marker);

impl<'m> Roots<'m> {
    pub(super) fn of(marker: &'m mut Marker) -> Self {
        Self(marker)
    }

    /// A value and all it leads to stay.
    pub fn value(&mut self, value: Value) {
        self.0.value(value);
    }

    /// A thunk and all it leads to stay.
    pub fn thunk(&mut self, thunk: Ref) {
        self.0.add(Object::Thunk(thunk));
    }
}

impl Marker {
    /// `marks` has a bit for each word from `base` on; what is marked is in use, with all that it
    /// leads to.
    pub(super) fn new(base: usize, marks: Vec<u64>) -> Self {
        let len = marks.len() * PER_MARK * ALIGN;
        Self { base, len, marks, todo: Vec::new() }
    }

    /// A thunk, and an environment, that were in use before and have changed since.
    pub(super) fn changed(&mut self, thunk: Ref, env: Option<&'static Env>) {
        self.inside(Object::Thunk(thunk));
        if let Some(env) = env {
            self.slots(env);
        }
    }

    /// Marks all that what was added leads to.
    pub(super) fn finish(mut self) -> Vec<u64> {
        let mut coming = [None; AHEAD];
        let mut at = 0;
        let mut idle = 0;
        while idle < AHEAD {
            let next = self.todo.pop();
            if let Some(object) = next {
                prefetch(object.place());
            }
            match std::mem::replace(&mut coming[at % AHEAD], next) {
                Some(object) => {
                    idle = 0;
                    self.inside(object);
                }
                None if next.is_some() => idle = 0,
                None => idle += 1,
            }
            at += 1;
        }
        self.marks
    }

    /// Marks `bytes` bytes from `at`; false if they were marked, or are no business of the space.
    #[inline]
    fn mark(&mut self, at: usize, bytes: usize) -> bool {
        let offset = at.wrapping_sub(self.base);
        if offset >= self.len || bytes == 0 {
            return false;
        }
        let (first, last) = (offset / ALIGN, (offset + bytes - 1) / ALIGN);
        let (from, to) = (first / PER_MARK, last / PER_MARK);
        let low = u64::MAX << (first % PER_MARK);
        let high = u64::MAX >> (PER_MARK - 1 - last % PER_MARK);
        let marks = &mut self.marks[from..=to];
        let mut new = 0;
        if let [only] = marks {
            new = low & high & !*only;
            *only |= new;
            return new != 0;
        }
        let end = marks.len() - 1;
        for (n, word) in marks.iter_mut().enumerate() {
            let mask = if n == 0 {
                low
            } else if n == end {
                high
            } else {
                u64::MAX
            };
            new |= mask & !*word;
            *word |= mask;
        }
        new != 0
    }

    #[inline]
    fn fixed<T>(&mut self, object: &T) -> bool {
        self.mark(ptr::from_ref(object).addr(), size_of::<T>())
    }

    fn bytes(&mut self, text: &[u8]) {
        self.mark(text.as_ptr().addr(), text.len());
    }

    /// An object is in use.
    #[inline]
    fn add(&mut self, object: Object) {
        let new = match object {
            Object::Thunk(thunk) => self.fixed(thunk),
            Object::List(list) => self.fixed(list),
            Object::Closure(closure) => self.fixed(closure),
            Object::Partial(partial) => self.fixed(partial),
            Object::String(string) => self.fixed(string),
            Object::Context(context) => self.fixed(context),
            // How long these are stands in them: they are marked when they have come.
            Object::Env(_) | Object::Attrs(_) => {
                let word = object.place().addr().wrapping_sub(self.base) / ALIGN;
                self.marks.get(word / PER_MARK).is_some_and(|bits| bits >> (word % PER_MARK) & 1 == 0)
            }
        };
        if new {
            self.todo.push(object);
        }
    }

    fn value(&mut self, value: Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Builtin(_) => {}
            Value::String(string) | Value::Path(string) => self.add(Object::String(string)),
            Value::List(list) => self.add(Object::List(list)),
            Value::Attrs(attrs) => self.add(Object::Attrs(attrs)),
            Value::Closure(closure) => self.add(Object::Closure(closure)),
            Value::Partial(partial) => self.add(Object::Partial(partial)),
        }
    }

    fn thunks(&mut self, thunks: &[Ref]) {
        thunks.iter().for_each(|thunk| self.add(Object::Thunk(thunk)));
    }

    fn slots(&mut self, env: &'static Env) {
        for thunk in (0..env.len() as u32).filter_map(|slot| env.get(slot)) {
            self.add(Object::Thunk(thunk));
        }
    }

    /// What an object leads to is in use.
    fn inside(&mut self, object: Object) {
        match object {
            Object::Thunk(thunk) => self.inside_thunk(thunk),
            Object::Env(env) => {
                let (at, bytes) = env.place();
                if self.mark(at, bytes) {
                    self.slots(env);
                    if let Some(up) = env.up() {
                        self.add(Object::Env(up));
                    }
                }
            }
            Object::Attrs(attrs) => {
                let (at, bytes) = attrs.place();
                if self.mark(at, bytes) {
                    match attrs.parts() {
                        Parts::One(items) => {
                            items.iter().for_each(|attr| self.add(Object::Thunk(attr.value)));
                        }
                        // Their thunks are parts of the same object, and marked with it.
                        Parts::Written(written) => {
                            for thunk in written.thunks {
                                match thunk.elsewhere() {
                                    Some(other) => self.add(Object::Thunk(other)),
                                    None => self.inside_thunk(thunk),
                                }
                            }
                        }
                        Parts::More(top, base) => {
                            self.add(Object::Attrs(top));
                            self.add(Object::Attrs(base));
                        }
                    }
                }
            }
            Object::List(list) => {
                if self.mark(list.items.as_ptr().addr(), size_of_val(list.items)) {
                    self.thunks(list.items);
                }
            }
            Object::Closure(closure) => {
                self.args(closure.args.place(), closure.args.get());
                if let Some(env) = closure.env {
                    self.add(Object::Env(env));
                }
            }
            Object::Partial(partial) => self.args(partial.args.place(), partial.args.get()),
            Object::String(string) => {
                self.bytes(string.bytes);
                if let Some(context) = string.context {
                    self.add(Object::Context(context));
                }
            }
            Object::Context(context) => self.context(context),
        }
    }

    fn inside_thunk(&mut self, thunk: &Thunk) {
        // SAFETY: whoever collects vouches that the other threads stand still.
        match unsafe { thunk.survive() } {
            Ok(value) => self.value(value),
            Err(Some(Lazy::Code(_, Some(env)))) => self.add(Object::Env(env)),
            Err(Some(Lazy::Apply(function, arg))) => self.thunks(&[function, arg]),
            Err(Some(Lazy::Apply2(parts))) => {
                self.fixed(parts);
                self.thunks(parts);
            }
            Err(Some(Lazy::Code(_, None) | Lazy::File(_)) | None) => {}
        }
    }

    fn args(&mut self, (at, bytes): (usize, usize), args: &[Ref]) {
        if self.mark(at, bytes) {
            self.thunks(args);
        }
    }

    fn context(&mut self, context: &Context) {
        self.mark(context.elements.as_ptr().addr(), size_of_val(context.elements));
        for element in context.elements {
            match element {
                ContextElement::Path(path) | ContextElement::DrvDeep(path) => self.bytes(path.as_bytes()),
                ContextElement::Output { drv, output } => {
                    self.bytes(drv.as_bytes());
                    self.bytes(output.as_bytes());
                }
            }
        }
    }
}

/// Has memory come closer.
#[inline]
fn prefetch(place: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which may be given for any address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
