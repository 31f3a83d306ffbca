//! From outside: attribute paths as text, automatic calls, thunks of given code.

use super::attrs::{Attr, Attrs};
use super::coerce::{Coerce, ContextSet};
use super::error::{Error, Kind, suggest};
use super::heap::{Lazy, Ref, Thunk};
use super::ir::{Expr, Params};
use super::machine::{Ev, Result};
use super::symbol::sym;
use super::value::Value;

/// Splits `a."b.c".d`.
pub fn split_path(path: &str) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '.' => parts.push(std::mem::take(&mut part)),
            '"' => loop {
                match chars.next() {
                    Some('"') => break,
                    Some(c) => part.push(c),
                    None => {
                        let message = format!("missing closing quote in selection path '{path}'");
                        return Err(Error::new(Kind::Other, message));
                    }
                }
            },
            c => part.push(c),
        }
    }
    if !part.is_empty() || !parts.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

impl Ev {
    /// A thunk of `code` outside of all functions.
    pub fn lazy(&self, code: &'static Expr) -> Ref {
        self.heap.alloc(Thunk::lazy(Lazy::Code(code, None)))
    }

    /// A thunk of `function arg`.
    pub fn lazy_call(&self, function: Ref, arg: Ref) -> Ref {
        self.heap.alloc(Thunk::lazy(Lazy::Apply(function, arg)))
    }

    /// The builtin called `name`; null if there is none.
    pub fn builtin(&self, name: &str) -> Value {
        let global = |name: &str| {
            let at = self.shared.globals.get(&self.shared.symbols.find(name.as_bytes())?)?;
            self.globals.get(*at as usize)?.value()
        };
        global(name).or_else(|| global(&format!("__{name}"))).unwrap_or(Value::Null)
    }

    /// A string with references.
    pub fn string_of(&self, bytes: &[u8], set: ContextSet) -> Value {
        self.string_with(self.heap.slice(bytes), set)
    }

    /// A text on the heap.
    pub fn keep_text(&self, text: &str) -> &'static str {
        self.keep(text)
    }

    /// An attribute without a position.
    pub fn named(&self, name: &str, value: Ref) -> Attr {
        Attr { name: self.intern(name.as_bytes()), pos: 0, value }
    }

    /// A set of attributes in any order.
    pub fn set_of(&self, attrs: Vec<Attr>) -> Value {
        Value::Attrs(Attrs::from_unsorted(self.heap, attrs))
    }

    /// Coerces to a string, for those outside the evaluator.
    pub fn coerce_public(
        &mut self,
        value: Value,
        set: &mut ContextSet,
        how: Coerce,
    ) -> Result<&'static [u8]> {
        self.coerce(value, set, how, 0, "while evaluating the value to print")
    }

    /// As [`Self::auto_call`] for a value in a set: a set that can be called and gives no set is taken for what is in
    /// it.
    pub fn auto_call_inside(&mut self, value: Value, args: &'static Attrs) -> Result<Value> {
        let set = match value {
            Value::Attrs(attrs) if attrs.get(sym::functor).is_none() || self.is_derivation(attrs)? => {
                return Ok(value);
            }
            Value::Closure(closure) if matches!(closure.lambda.params, Params::Pattern(_)) => false,
            Value::Attrs(_) => true,
            _ => return Ok(value),
        };
        let called = self.auto_call(value, args)?;
        if set && !matches!(called, Value::Attrs(_)) {
            return Ok(value);
        }
        Ok(called)
    }

    /// Calls a function whose arguments have names with those of `args` that it takes.
    pub fn auto_call(&mut self, value: Value, args: &'static Attrs) -> Result<Value> {
        match value {
            Value::Attrs(attrs) => match attrs.get(sym::functor) {
                Some(functor) => {
                    let function = self.force(functor.value)?;
                    let this = self.at(value);
                    let value = self.call(function, &[this], functor.pos)?;
                    self.with_stack(|ev| ev.auto_call(value, args))
                }
                None => Ok(value),
            },
            Value::Closure(closure) => {
                let Params::Pattern(pattern) = &closure.lambda.params else { return Ok(value) };
                let mut given = Vec::new();
                if pattern.ellipsis {
                    given.extend_from_slice(&args.flat());
                } else {
                    for formal in pattern.formals {
                        if let Some(attr) = args.get(formal.name) {
                            given.push(attr);
                        } else if formal.default.is_none() {
                            let name = self.text(formal.name).lossy();
                            return Err(Error::at(
                                Kind::MissingAttribute,
                                format!(
                                    "cannot evaluate a function that has an argument without a value ('{name}'); give it with --arg or --argstr"
                                ),
                                formal.pos,
                            ));
                        }
                    }
                }
                let arg = self.at(Value::Attrs(Attrs::from_unsorted(self.heap, given)));
                self.call(value, &[arg], closure.lambda.pos)
            }
            value => Ok(value),
        }
    }

    /// `root` followed along `path`, with automatic calls on the way; what it leads to is called only with
    /// arguments that were given.
    pub fn select_path(&mut self, root: Value, path: &str, args: &'static Attrs) -> Result<Value> {
        let mut value = root;
        for part in split_path(path)? {
            value = match self.auto_call(value, args)? {
                Value::List(list) if part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() => {
                    let index: usize = part.parse().unwrap_or(usize::MAX);
                    match list.items.get(index) {
                        Some(item) => self.force(item)?,
                        None => {
                            let message =
                                format!("list index {part} in selection path '{path}' is out of range");
                            return Err(Error::new(Kind::MissingAttribute, message));
                        }
                    }
                }
                Value::Attrs(attrs) => {
                    let found = self.shared.symbols.find(part.as_bytes()).and_then(|name| attrs.get(name));
                    match found {
                        Some(attr) => self.force(attr.value)?,
                        None => {
                            let message = format!("attribute '{part}' in selection path '{path}' not found");
                            let mut error = Error::new(Kind::MissingAttribute, message);
                            let names: Vec<_> =
                                attrs.flat().iter().map(|attr| self.text(attr.name).lossy()).collect();
                            error.suggestions = suggest(&part, names);
                            return Err(error);
                        }
                    }
                }
                other => {
                    let message = format!(
                        "the expression selected by the selection path '{path}' should be a set but is {}",
                        other.describe()
                    );
                    return Err(Error::new(Kind::Type, message));
                }
            };
        }
        if args.is_empty() { Ok(value) } else { self.auto_call(value, args) }
    }
}
