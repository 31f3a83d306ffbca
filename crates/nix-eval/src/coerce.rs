//! Turning values into strings, and collecting what strings refer to.

use super::attrs::Attrs;
use super::error::{Error, Kind};
use super::heap::Heap;
use super::ir::Pos;
use super::machine::{Ev, Result};
use super::symbol::sym;
use super::value::{Context, ContextElement, List, Str, Value};
use nix_store::StoreDir;

/// How to coerce.
#[derive(Clone, Copy)]
pub struct Coerce {
    /// Also numbers, booleans, null and lists (`toString`, derivations).
    pub more: bool,
    /// Copy paths to the store.
    pub copy: bool,
}

/// Collects references; cheap while there is one source of them.
#[derive(Default)]
pub struct ContextSet {
    first: Option<&'static Context>,
    /// Those that `first` lacks: up to `sorted` in order and each once, then as they came.
    more: Vec<ContextElement>,
    sorted: usize,
}

/// So many may come before they are put in order; then as many as there are.
const UNSORTED: usize = 64;

impl ContextSet {
    /// Whether nothing is referred to.
    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    /// Adds the references of a string.
    pub fn add(&mut self, context: Option<&'static Context>) {
        let Some(context) = context else { return };
        match self.first {
            None => self.first = Some(context),
            Some(first) if std::ptr::eq(first, context) => {}
            Some(_) => context.elements.iter().for_each(|element| self.insert(*element)),
        }
    }

    /// Adds one reference.
    pub fn insert(&mut self, element: ContextElement) {
        if self.first.is_some_and(|first| first.elements.binary_search(&element).is_ok()) {
            return;
        }
        if self.more.len() >= 2 * self.sorted.max(UNSORTED) {
            self.more.sort_unstable();
            self.more.dedup();
            self.sorted = self.more.len();
        }
        self.more.push(element);
    }

    /// All references, in order.
    pub fn into_elements(self) -> Vec<ContextElement> {
        let mut all = self.more;
        all.extend(self.first.iter().flat_map(|first| first.elements));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The context of the resulting string.
    pub fn finish(self, heap: &Heap) -> Option<&'static Context> {
        if self.more.is_empty() {
            return self.first;
        }
        let elements = heap.slice(&self.into_elements());
        Some(heap.alloc(Context { elements }))
    }
}

impl ContextElement {
    /// As messages name it.
    pub fn display(&self, store: &StoreDir) -> String {
        let dir = store.as_str();
        match self {
            Self::Path(path) | Self::DrvDeep(path) => format!("{dir}/{path}"),
            Self::Output { drv, output } => format!("{dir}/{drv}^{output}"),
        }
    }

    /// As Nix encodes it where it is written out.
    pub fn encode(&self) -> String {
        match self {
            Self::Path(path) => (*path).to_owned(),
            Self::DrvDeep(path) => format!("={path}"),
            Self::Output { drv, output } => format!("!{output}!{drv}"),
        }
    }
}

impl Ev {
    /// The bytes that `value` is as a string; its references go to `set`.
    pub(super) fn coerce(
        &mut self,
        value: Value,
        set: &mut ContextSet,
        how: Coerce,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static [u8]> {
        match value {
            Value::String(string) => {
                set.add(string.context);
                Ok(string.bytes)
            }
            Value::Path(path) if how.copy => self.path_to_store(path.bytes, set),
            Value::Path(path) => Ok(path.bytes),
            Value::Attrs(attrs) => self.coerce_attrs(attrs, set, how, pos, context),
            Value::Int(number) if how.more => Ok(self.heap.slice(number.to_string().as_bytes())),
            Value::Float(number) if how.more => Ok(self.heap.slice(format!("{number:.6}").as_bytes())),
            Value::Bool(true) if how.more => Ok(b"1"),
            Value::Bool(false) | Value::Null if how.more => Ok(b""),
            Value::List(list) if how.more => {
                let mut out = Vec::new();
                self.coerce_list(list, set, how, pos, context, &mut out)?;
                Ok(self.heap.slice(&out))
            }
            value => self.not_a_string(value, pos, context),
        }
    }

    /// As [`Self::coerce`] a list: its elements with blanks between them, written to `out`.
    pub(super) fn coerce_list(
        &mut self,
        list: &'static List,
        set: &mut ContextSet,
        how: Coerce,
        pos: Pos,
        context: &'static str,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for (n, item) in list.items.iter().enumerate() {
            let item = self.force(item).map_err(|error| error.frame(pos, context))?;
            let inner = "while evaluating one element of the list";
            let written = self.deeper(pos, |ev| match item {
                Value::List(list) => ev.coerce_list(list, set, how, pos, inner, out),
                item => ev.coerce(item, set, how, pos, inner).map(|bytes| out.extend_from_slice(bytes)),
            });
            written.map_err(|error| error.frame(pos, context))?;
            // An empty list leaves no blank behind it, as Nix has it.
            let empty = matches!(item, Value::List(list) if list.items.is_empty());
            if n + 1 < list.items.len() && !empty {
                out.push(b' ');
            }
        }
        self.room_for(out.len())
    }

    #[cold]
    fn not_a_string(&mut self, value: Value, pos: Pos, context: &'static str) -> Result<&'static [u8]> {
        let shown = self.show_for_error(value);
        let message = format!("cannot coerce {} to a string: {shown}", value.describe());
        Err(Error::at(Kind::Type, message, pos).frame(pos, context))
    }

    #[inline(never)]
    fn coerce_attrs(
        &mut self,
        attrs: &'static Attrs,
        set: &mut ContextSet,
        how: Coerce,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static [u8]> {
        if let Some(string) = self.call_to_string(attrs, pos)? {
            return self.deeper(pos, |ev| {
                let context = "while evaluating the result of the `__toString` attribute";
                ev.coerce(string, set, how, pos, context)
            });
        }
        match attrs.get(sym::out_path) {
            Some(out) => {
                let out = self.force(out.value)?;
                self.deeper(pos, |ev| ev.coerce(out, set, how, pos, context))
            }
            None => self.not_a_string(Value::Attrs(attrs), pos, context),
        }
    }

    /// The result of `__toString`, if the set has it.
    pub(super) fn call_to_string(&mut self, attrs: &'static Attrs, pos: Pos) -> Result<Option<Value>> {
        let Some(to_string) = attrs.get(sym::to_string) else { return Ok(None) };
        let function = self.force(to_string.value)?;
        let this = self.at(Value::Attrs(attrs));
        self.call(function, &[this], pos).map(Some)
    }

    /// A path from a value: a path, or a string that is absolute.
    pub(super) fn coerce_path(
        &mut self,
        value: Value,
        set: &mut ContextSet,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static [u8]> {
        match value {
            Value::Path(path) => return Ok(path.bytes),
            Value::Attrs(attrs) => {
                if let Some(string) = self.call_to_string(attrs, pos)? {
                    return self.deeper(pos, |ev| ev.coerce_path(string, set, pos, context));
                }
                if let Some(out) = attrs.get(sym::out_path) {
                    let out = self.force(out.value)?;
                    return self.deeper(pos, |ev| ev.coerce_path(out, set, pos, context));
                }
            }
            _ => {}
        }
        let how = Coerce { more: false, copy: false };
        let bytes = self.coerce(value, set, how, pos, context)?;
        if bytes.first() != Some(&b'/') {
            let text = String::from_utf8_lossy(bytes);
            let message = format!("string '{text}' doesn't represent an absolute path");
            return Err(Error::at(Kind::Other, message, pos).frame(pos, context));
        }
        let path = super::paths::canonical(bytes);
        Ok(if path == bytes { bytes } else { self.heap.slice(&path) })
    }

    /// A string value with the references of `set`.
    pub(super) fn string_with(&self, bytes: &'static [u8], set: ContextSet) -> Value {
        let context = set.finish(self.heap);
        Value::String(self.heap.alloc(Str { bytes, context }))
    }
}
