//! What leads to what: the walk that finds everything in use.

use super::space::BLOCK;
use super::{ALIGN, Attrs, Env, Lazy, Parts, Ref, Thin};
use crate::nix::eval::value::{Context, ContextElement, List, Str, Value};

const PER_MARK: usize = u64::BITS as usize;

/// Marks the words that are in use.
pub(super) struct Marker {
    base: usize,
    len: usize,
    marks: Vec<u64>,
    /// Thunks that are marked and whose insides are not.
    todo: Vec<Ref>,
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
        self.0.rest();
    }

    /// A thunk and all it leads to stay.
    pub fn thunk(&mut self, thunk: Ref) {
        self.0.thunk(thunk);
        self.0.rest();
    }
}

impl Marker {
    /// `marks` has a bit for each word from `base` on, none of them set.
    pub(super) fn new(base: usize, marks: Vec<u64>) -> Self {
        let len = marks.len() * PER_MARK * ALIGN;
        debug_assert!(len.is_multiple_of(BLOCK));
        Self { base, len, marks, todo: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<u64> {
        self.marks
    }

    /// Marks `bytes` bytes from `at`; false if they were marked, or are no business of the space.
    #[inline]
    fn mark(&mut self, at: usize, bytes: usize) -> bool {
        let offset = at.wrapping_sub(self.base);
        if offset >= self.len || bytes == 0 {
            return false;
        }
        let (first, end) = (offset / ALIGN, (offset + bytes).div_ceil(ALIGN));
        let (from, to) = (first / PER_MARK, (end - 1) / PER_MARK);
        let low = u64::MAX << (first % PER_MARK);
        let high = u64::MAX >> (PER_MARK - 1 - (end - 1) % PER_MARK);
        if from == to {
            let new = low & high & !self.marks[from];
            self.marks[from] |= new;
            return new != 0;
        }
        let mut new = 0;
        for (word, mask) in (from..=to).map(|word| {
            (word, if word == from { low } else if word == to { high } else { u64::MAX })
        }) {
            new |= mask & !self.marks[word];
            self.marks[word] |= mask;
        }
        new != 0
    }

    #[inline]
    fn object<T>(&mut self, object: &T) -> bool {
        self.mark(std::ptr::from_ref(object).addr(), size_of::<T>())
    }

    fn slice<T>(&mut self, items: &[T]) -> bool {
        self.mark(items.as_ptr().addr(), size_of_val(items))
    }

    fn rest(&mut self) {
        while let Some(thunk) = self.todo.pop() {
            match thunk.state() {
                Ok(value) => self.value(value),
                Err(Lazy::Code(_, Some(env))) => self.env(env),
                Err(Lazy::Apply(function, arg)) => {
                    self.thunk(function);
                    self.thunk(arg);
                }
                Err(Lazy::Apply2(parts)) => {
                    if self.object(parts) {
                        parts.iter().for_each(|part| self.thunk(part));
                    }
                }
                Err(Lazy::Code(_, None) | Lazy::Busy | Lazy::Failed(_)) => {}
            }
        }
    }

    #[inline]
    fn thunk(&mut self, thunk: Ref) {
        if self.object(thunk) {
            self.todo.push(thunk);
        }
    }

    fn value(&mut self, value: Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Builtin(_) => {}
            Value::String(string) | Value::Path(string) => self.string(string),
            Value::List(list) => self.list(list),
            Value::Attrs(attrs) => self.attrs(attrs),
            Value::Closure(closure) => {
                if self.object(closure) {
                    self.thin(closure.args);
                    if let Some(env) = closure.env {
                        self.env(env);
                    }
                }
            }
            Value::Partial(partial) => {
                if self.object(partial) {
                    self.thin(partial.args);
                }
            }
        }
    }

    fn string(&mut self, string: &'static Str) {
        if self.object(string) {
            self.slice(string.bytes);
            if let Some(context) = string.context {
                self.context(context);
            }
        }
    }

    fn context(&mut self, context: &'static Context) {
        if !self.object(context) || !self.slice(context.elements) {
            return;
        }
        for element in context.elements {
            match element {
                ContextElement::Path(path) | ContextElement::DrvDeep(path) => {
                    self.slice(path.as_bytes());
                }
                ContextElement::Output { drv, output } => {
                    self.slice(drv.as_bytes());
                    self.slice(output.as_bytes());
                }
            }
        }
    }

    fn list(&mut self, list: &'static List) {
        if self.object(list) && self.slice(list.items) {
            list.items.iter().for_each(|item| self.thunk(item));
        }
    }

    fn thin(&mut self, items: Thin<Ref>) {
        let (at, bytes) = items.place();
        if self.mark(at, bytes) {
            items.get().iter().for_each(|item| self.thunk(item));
        }
    }

    fn attrs(&mut self, mut attrs: &'static Attrs) {
        loop {
            let (at, bytes) = attrs.place();
            if !self.mark(at, bytes) {
                return;
            }
            match attrs.parts() {
                Parts::One(items) => {
                    items.iter().for_each(|attr| self.thunk(attr.value));
                    return;
                }
                Parts::More(top, base) => {
                    // `top` has one layer.
                    self.attrs(top);
                    attrs = base;
                }
            }
        }
    }

    fn env(&mut self, mut env: &'static Env) {
        loop {
            let (at, bytes) = env.place();
            if !self.mark(at, bytes) {
                return;
            }
            (0..env.len() as u32).filter_map(|slot| env.get(slot)).for_each(|thunk| self.thunk(thunk));
            match env.up() {
                Some(up) => env = up,
                None => return,
            }
        }
    }
}
