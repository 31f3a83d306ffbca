//! The machine: evaluates expressions.

use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::access::PlainDirs;
use super::attrs::{Attr, Attrs};
use super::collect::Part;
use super::error::{Error, Kind, suggest};
use super::heap::{Env, Heap, Lazy, Pair, Ref, Thin, Thunk};
use super::ir::*;
use super::lower::Scratch;
use super::quoting::attr_name;
use super::regex::Regex;
use super::shared::Shared;
use super::symbol::{Symbol, Texts};
use super::threads::Me;
use super::value::{Closure, EMPTY_LIST, List, Str, Value};

/// What evaluation gives.
pub type Result<T> = std::result::Result<T, Box<Error>>;

/// More names than this are rare.
const NAMES: usize = 1 << 17;

/// Calls between two looks at the clock.
pub(super) const TICKS: u32 = 1 << 12;

/// One thread's evaluator.
pub struct Ev {
    /// What it shares with other threads.
    pub shared: Arc<Shared>,
    /// Its heap for values.
    pub(crate) heap: &'static Heap,
    /// For code, and for what the session knows for good.
    pub(crate) lasting: &'static Heap,
    /// They go with it.
    _heaps: Pair,
    pub(super) me: Me,
    pub(super) part: Part,
    /// Thunks that are being forced, one inside of another.
    pub(super) forcing: u32,
    names: Texts,
    /// Thunks of their texts, made as they are needed.
    name_thunks: Vec<Option<Ref>>,
    pub(super) globals: Vec<Ref>,
    /// Calls, and parts of values, that are inside of each other.
    pub(super) depth: u32,
    pub(super) nested: u32,
    pub(super) pieces: u32,
    /// The part of the native stack known to be usable: its lowest address and its length.
    pub(super) stack: (usize, usize),
    pub(super) regexes: FxHashMap<Box<[u8]>, std::result::Result<Arc<Regex>, super::regex::Refused>>,
    /// Steps left; see [`Settings::max_steps`](super::Settings::max_steps).
    pub steps: u64,
    /// When evaluation has taken the time that it may, and calls until the clock is looked at.
    pub(super) deadline: Option<Instant>,
    pub(super) ticks: u32,
    pub(super) scratch: Scratch,
    /// Memory for the text of a derivation.
    pub(super) drv_text: Vec<u8>,
    /// Directories that no link leads to.
    pub(super) plain_dirs: PlainDirs,
}

impl Ev {
    /// An evaluator with heaps of its own.
    ///
    /// # Safety
    /// Values, and what they lead to, are references into the session's memory that the compiler takes to be good
    /// for ever. Nobody uses one that an evaluator of `shared` gave once `shared` and all of its evaluators are
    /// dropped; errors and texts that own what they say are no such references.
    pub unsafe fn new(shared: Arc<Shared>) -> Self {
        // SAFETY: the heaps are used by the evaluator only, and dropped with it; the rest is the caller's promise.
        let (pair, heap, lasting) = unsafe { Pair::new(&shared.space) };
        let steps = shared.settings.max_steps;
        let me = shared.threads.join();
        let mut ev = Self {
            shared: shared.clone(),
            heap,
            lasting,
            _heaps: pair,
            me,
            part: Part::default(),
            forcing: 0,
            names: Texts::default(),
            // Of the pages of a vector of nothing only those are taken that are written to.
            name_thunks: vec![None; NAMES],
            globals: Vec::new(),
            depth: 0,
            nested: 0,
            pieces: 0,
            stack: (0, 0),
            regexes: FxHashMap::default(),
            steps,
            deadline: shared.deadline,
            ticks: TICKS,
            scratch: Scratch::default(),
            drv_text: Vec::new(),
            plain_dirs: PlainDirs::default(),
        };
        ev.globals = shared.global_values.get_or_init(|| (shared.hooks.globals)(&mut ev)).clone();
        ev
    }

    /// The text of a name.
    #[inline]
    pub fn text(&mut self, name: Symbol) -> &'static Str {
        match self.names.get(name) {
            Some(text) => text,
            None => {
                self.shared.symbols.refresh(&mut self.names);
                self.shared.symbols.text(name)
            }
        }
    }

    /// The text of a name as a string.
    pub(super) fn name_thunk(&mut self, name: Symbol) -> Ref {
        let at = name.0 as usize;
        if at >= self.name_thunks.len() {
            self.name_thunks.resize((at + 1).next_power_of_two(), None);
        }
        match self.name_thunks[at] {
            Some(known) => known,
            None => {
                let text = self.text(name);
                let thunk = self.lasting.alloc(Thunk::new(Value::String(text)));
                self.name_thunks[at] = Some(thunk);
                thunk
            }
        }
    }

    /// The symbol of a text.
    pub fn intern(&self, text: &[u8]) -> Symbol {
        self.shared.symbols.intern(text)
    }

    /// A value on the heap.
    #[inline]
    pub fn at(&self, value: Value) -> Ref {
        self.heap.alloc(Thunk::new(value))
    }

    /// A set of attributes in any order; of two with the same name the first stays.
    pub fn attrs_of(&self, attrs: Vec<Attr>) -> &'static Attrs {
        Attrs::from_unsorted(self.heap, attrs)
    }

    /// A string value without context.
    pub fn string(&self, bytes: &[u8]) -> Value {
        Value::String(self.heap.alloc(Str::plain(self.heap.slice(bytes))))
    }

    /// A list value.
    pub fn list(&self, items: &[Ref]) -> Value {
        if items.is_empty() { Value::List(&EMPTY_LIST) } else { self.list_of(self.heap.slice(items)) }
    }

    /// A list value of items on the heap.
    pub fn list_of(&self, items: &'static [Ref]) -> Value {
        Value::List(self.heap.alloc(List { items }))
    }

    /// A thunk for `expr`, or what it is at once.
    #[inline]
    pub(super) fn delay(&self, expr: &'static Expr, env: Option<&'static Env>) -> Ref {
        self.without_evaluation(expr, env)
            .unwrap_or_else(|| self.heap.alloc(Thunk::lazy(Lazy::Code(expr, env))))
    }

    /// Where the value of `expr` is or will be, if it has a place already or needs no evaluation.
    #[inline]
    pub(super) fn without_evaluation(&self, expr: &'static Expr, env: Option<&'static Env>) -> Option<Ref> {
        match expr {
            Expr::Const(constant) => Some(constant.get()),
            Expr::Path { dir, text } => Some(self.at(self.path(*dir, *text))),
            Expr::Global(index) => Some(self.globals[*index as usize]),
            // The slot may be empty still: `let a = b; b = 1; in a`.
            Expr::Var0 { slot, .. } => env.and_then(|env| env.get(*slot)),
            Expr::Var { depth, slot, .. } => up(env, *depth).and_then(|env| env.get(*slot)),
            _ => None,
        }
    }

    /// The value of a thunk.
    #[inline]
    pub fn force(&mut self, thunk: Ref) -> Result<Value> {
        match thunk.value() {
            Some(value) => Ok(value),
            None => self.force_slow(thunk),
        }
    }

    #[cold]
    pub(super) fn out_of_memory<T>(&self) -> Result<T> {
        self.heap.space().run_short();
        let limit = self.shared.settings.max_memory >> 20;
        Err(Error::new(
            Kind::MemoryLimit,
            format!("evaluation needs more than {limit} MiB of memory; allow more with --max-memory"),
        ))
    }

    /// Counts a step of what takes time without taking memory.
    #[inline]
    pub(super) fn step(&mut self) -> Result<()> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                self.tick()
            }
            None => Err(Error::new(Kind::StepLimit, "evaluation takes more steps than allowed")),
        }
    }

    /// As [`Self::step`], for what writes `out` step by step.
    pub(super) fn step_writing(&mut self, out: &[u8]) -> Result<()> {
        self.room_for(out.len())?;
        self.step()
    }

    /// Fails if `bytes` more would be too much.
    pub(super) fn room_for(&self, bytes: usize) -> Result<()> {
        if self.heap.would_exceed(bytes) || bytes > isize::MAX as usize / 2 {
            return self.out_of_memory();
        }
        Ok(())
    }

    /// The value of an expression.
    pub fn eval(&mut self, expr: &'static Expr, env: Option<&'static Env>) -> Result<Value> {
        match expr {
            Expr::Const(constant) => match constant.get().value() {
                Some(value) => Ok(value),
                None => self.unbound(0),
            },
            Expr::Path { dir, text } => Ok(self.path(*dir, *text)),
            Expr::Global(index) => self.force(self.globals[*index as usize]),
            Expr::Var0 { slot, pos } => match env.and_then(|env| env.get(*slot)) {
                Some(thunk) => self.force_at(thunk, *pos),
                None => self.unbound(*pos),
            },
            Expr::Var { depth, slot, pos } => match up(env, *depth).and_then(|env| env.get(*slot)) {
                Some(thunk) => self.force_at(thunk, *pos),
                None => self.unbound(*pos),
            },
            Expr::WithVar { name, withs, pos } => {
                let thunk = self.with_var(*name, withs.get(), env, *pos)?;
                self.force_at(thunk, *pos)
            }
            Expr::SelectOne { base, name, pos } => {
                let base = self.eval(base, env)?;
                let Value::Attrs(attrs) = base else { return self.select_type_error(base, *name, *pos) };
                match attrs.get(*name) {
                    Some(attr) => match attr.value.value() {
                        Some(value) => Ok(value),
                        None => self
                            .force_slow(attr.value)
                            .map_err(|error| self.while_attr(error, *name, &attr, *pos)),
                    },
                    None => self.missing(attrs, *name, *pos),
                }
            }
            Expr::Select(code) => self.select(code, env),
            Expr::Call1 { function, arg, pos } => {
                let function = self.eval(function, env)?;
                self.call(function, &[self.delay(arg, env)], *pos)
            }
            Expr::Call2 { function, args: [a, b], pos } => {
                let function = self.eval(function, env)?;
                self.call(function, &[self.delay(a, env), self.delay(b, env)], *pos)
            }
            Expr::Call { function, args, pos } => {
                let function = self.eval(function, env)?;
                self.call_code(function, args.get(), env, *pos)
            }
            Expr::Lambda(lambda) => {
                Ok(Value::Closure(self.heap.alloc(Closure { lambda, env, args: Thin::empty() })))
            }
            Expr::Let(code) => {
                let inner = match code.slots {
                    Some(slots) => Some(self.heap.env(env, slots as usize)),
                    None => env,
                };
                let Some(frame) = inner else { return self.unbound(0) };
                for LetBinding { slot, outside, value } in code.bindings.get() {
                    frame.set(*slot, self.delay(value, if *outside { env } else { inner }));
                }
                self.with_stack(|ev| ev.eval(code.body, inner))
            }
            Expr::If(If { condition, then, other, pos }) => {
                if self.condition(condition, env, *pos, "while evaluating a branch condition")? {
                    self.eval(then, env)
                } else {
                    self.with_stack(|ev| ev.eval(other, env))
                }
            }
            Expr::With { attrs, body, slots } => {
                let inner = self.heap.env(env, *slots as usize);
                inner.set(0, self.delay(attrs, env));
                self.with_stack(|ev| ev.eval(body, Some(inner)))
            }
            Expr::Set(written) => Ok(Value::Attrs(self.plain_attrs(written.get(), env))),
            Expr::Attrs(code) => self.attrs(code, env),
            Expr::List(items) => {
                let items = items.get();
                if items.is_empty() {
                    return Ok(Value::List(&EMPTY_LIST));
                }
                let items = self.heap.slice_with(items.len(), |i| self.delay(items[i], env));
                Ok(self.list_of(items))
            }
            // Chains of operators nest as deep as the text is long.
            Expr::Binary { op, left, right, pos } => {
                self.with_stack(|ev| ev.binary(*op, left, right, env, *pos))
            }
            Expr::Not(operand) => {
                Ok(Value::Bool(!self.condition(operand, env, 0, "in the argument of '!'")?))
            }
            Expr::Concat { parts, string, pos } => {
                self.with_stack(|ev| ev.concat(parts.get(), *string, env, *pos))
            }
            Expr::HasAttr { base, path } => self.has_attr(base, path.get(), env),
            Expr::Assert(Assert { condition, body, pos, text }) => {
                if self.condition(condition, env, *pos, "in the condition of the assert statement")? {
                    self.with_stack(|ev| ev.eval(body, env))
                } else {
                    self.assertion_failed(condition, text, env, *pos)
                }
            }
            Expr::CurPos { pos } => Ok(self.position(*pos)),
            Expr::Fail { message, pos } => Err(Error::at(Kind::Other, **message, *pos)),
        }
    }

    #[inline]
    fn force_at(&mut self, thunk: Ref, pos: Pos) -> Result<Value> {
        match thunk.value() {
            Some(value) => Ok(value),
            None => self.force_slow(thunk).map_err(|error| self.while_variable(error, pos)),
        }
    }

    /// Variables are named in the trace of a cycle only.
    #[cold]
    #[inline(never)]
    fn while_variable(&self, mut error: Box<Error>, pos: Pos) -> Box<Error> {
        if error.kind == Kind::InfiniteRecursion && error.pos == 0 {
            error.pos = pos;
        }
        if error.in_cycle() {
            let place = self.shared.place(pos);
            let rest =
                place.as_ref().and_then(|place| place.text.get(place.column - 1..)).unwrap_or_default();
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || "_-'".contains(*c)).collect();
            error.push(pos, format!("while evaluating the variable '{name}'"));
        }
        error
    }

    #[cold]
    fn unbound(&self, pos: Pos) -> Result<Value> {
        Err(Error::at(Kind::Other, "internal error: a variable was used before it was bound", pos))
    }

    #[cold]
    #[inline(never)]
    fn while_attr(&mut self, error: Box<Error>, name: Symbol, attr: &Attr, pos: Pos) -> Box<Error> {
        let mut error = error;
        if error.kind == Kind::InfiniteRecursion && error.pos == 0 {
            error.pos = pos;
        }
        let name = self.text(name).lossy();
        if attr.pos != 0 {
            error.push(attr.pos, format!("from the definition of '{name}'"));
        }
        error.frame(pos, format!("while evaluating the attribute '{name}'"))
    }

    #[cold]
    #[inline(never)]
    fn select_type_error(&mut self, base: Value, name: Symbol, pos: Pos) -> Result<Value> {
        let name = self.text(name).lossy();
        Err(self
            .expected("a set", base, pos)
            .frame(pos, "while selecting an attribute")
            .frame(pos, format!("while evaluating the attribute '{name}'")))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn missing<T>(&mut self, attrs: &Attrs, name: Symbol, pos: Pos) -> Result<T> {
        let text = self.text(name).lossy();
        let shown = attr_name(self.text(name).bytes);
        let mut error = Error::at(Kind::MissingAttribute, format!("attribute '{shown}' missing"), pos);
        let names: Vec<_> = attrs.flat().iter().map(|attr| self.text(attr.name).lossy()).collect();
        error.suggestions = suggest(&text, names);
        Err(error)
    }

    fn with_var(&mut self, name: Symbol, withs: &[u32], env: Option<&'static Env>, pos: Pos) -> Result<Ref> {
        for depth in withs {
            let Some(thunk) = up(env, *depth).and_then(|env| env.get(0)) else { continue };
            let value = self.force(thunk)?;
            let Value::Attrs(attrs) = value else {
                return Err(self
                    .expected("a set", value, pos)
                    .frame(pos, "while evaluating the first subexpression of a with expression"));
            };
            if let Some(attr) = attrs.get(name) {
                return Ok(attr.value);
            }
        }
        self.undefined(name, withs, env, pos)
    }

    #[cold]
    fn undefined<T>(
        &mut self,
        name: Symbol,
        withs: &[u32],
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<T> {
        let text = self.text(name).lossy();
        let mut names = Vec::new();
        for depth in withs {
            if let Some(Value::Attrs(attrs)) =
                up(env, *depth).and_then(|env| env.get(0)).and_then(|thunk| thunk.value())
            {
                names.extend(attrs.flat().iter().map(|attr| self.text(attr.name).lossy()));
            }
        }
        let mut error = Error::at(Kind::UndefinedVariable, format!("undefined variable '{text}'"), pos);
        error.suggestions = suggest(&text, names);
        Err(error)
    }

    #[inline(never)]
    fn select(&mut self, code: &'static Select, env: Option<&'static Env>) -> Result<Value> {
        let Select { base, path, default, pos } = *code;
        let mut value = self.eval(base, env)?;
        for part in path.get() {
            let name = self.attr_name(part, env)?;
            let found = match value {
                Value::Attrs(attrs) => attrs.get(name),
                _ if default.is_some() => None,
                _ => return self.select_type_error(value, name, pos),
            };
            value = match (found, default, value) {
                (Some(attr), ..) => {
                    self.force(attr.value).map_err(|error| self.while_attr(error, name, &attr, pos))?
                }
                (None, Some(default), _) => return self.with_stack(|ev| ev.eval(default, env)),
                (None, None, Value::Attrs(attrs)) => return self.missing(attrs, name, pos),
                (None, None, _) => return self.unbound(pos),
            };
        }
        Ok(value)
    }

    fn attr_name(&mut self, name: &AttrName, env: Option<&'static Env>) -> Result<Symbol> {
        match name {
            AttrName::Static(name) => Ok(*name),
            AttrName::Dynamic(expr) => {
                let value = self.eval(expr, env)?;
                let text = self.string_no_context(value, 0, "while evaluating an attribute name")?;
                Ok(self.intern(text))
            }
        }
    }

    fn has_attr(
        &mut self,
        base: &'static Expr,
        path: &'static [AttrName],
        env: Option<&'static Env>,
    ) -> Result<Value> {
        let mut value = self.eval(base, env)?;
        for (i, part) in path.iter().enumerate() {
            let name = self.attr_name(part, env)?;
            let Value::Attrs(attrs) = value else { return Ok(Value::Bool(false)) };
            match attrs.get(name) {
                None => return Ok(Value::Bool(false)),
                Some(_) if i + 1 == path.len() => {}
                Some(attr) => value = self.force(attr.value)?,
            }
        }
        Ok(Value::Bool(true))
    }

    pub(super) fn condition(
        &mut self,
        expr: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
        context: &'static str,
    ) -> Result<bool> {
        match self.eval(expr, env)? {
            Value::Bool(value) => Ok(value),
            value => Err(self.expected("a Boolean", value, pos).frame(pos, context)),
        }
    }

    #[cold]
    fn assertion_failed(
        &mut self,
        condition: &'static Expr,
        text: &str,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        if let Expr::Binary { op: BinaryOp::Equal, left, right, .. } = condition {
            let (left, right) = (self.eval(left, env)?, self.eval(right, env)?);
            self.assert_equal(left, right).map_err(|error| {
                error.frame(pos, format!("while evaluating the condition of the assertion '{text}'"))
            })?;
        }
        Err(Error::at(Kind::Assertion, format!("assertion '{text}' failed"), pos))
    }
}

#[inline]
fn up(env: Option<&'static Env>, depth: u32) -> Option<&'static Env> {
    let mut env = env?;
    for _ in 0..depth {
        env = env.up()?;
    }
    Some(env)
}
