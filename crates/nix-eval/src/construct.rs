//! Values from their code: attribute sets (plain, `rec`, with computed names), relative paths.

use super::attrs::{Attr, Attrs, EMPTY};
use super::error::{Error, Kind};
use super::heap::{Env, Lazy, Thin, Thunk};
use super::ir::{AttrExpr, AttrsExpr, RecInfo};
use super::machine::{Ev, Result};
use super::paths::canonical;
use super::quoting::attr_name;
use super::value::{Str, Value};

/// Sets written with as many attributes take their names from the code, and keep their thunks in one piece.
const MANY: usize = 32;

impl Ev {
    /// A path that is written relative to `dir`.
    #[inline(never)]
    pub(super) fn path(&self, dir: Thin<u8>, text: Thin<u8>) -> Value {
        let path = canonical(&[dir.get(), b"/", text.get()].concat());
        Value::Path(self.heap.alloc(Str::plain(self.heap.slice(&path))))
    }

    pub(super) fn attrs(&mut self, code: &'static AttrsExpr, env: Option<&'static Env>) -> Result<Value> {
        let (inner, mut attrs) = match code.rec {
            None => (env, self.plain_attrs(code.attrs.get(), env)),
            Some(rec) => self.rec_attrs(code, rec, env)?,
        };
        if !code.dynamic.get().is_empty() {
            attrs = self.dynamic_attrs(code, attrs, inner)?;
        }
        Ok(Value::Attrs(attrs))
    }

    /// A set of names that are known.
    pub(super) fn plain_attrs(
        &self,
        written: &'static [AttrExpr],
        env: Option<&'static Env>,
    ) -> &'static Attrs {
        if written.len() >= MANY {
            return self.heap.written_attrs(written, |attr| match self.without_evaluation(attr.value, env) {
                Some(known) => Thunk::instead_of(known),
                None => Thunk::lazy(Lazy::Code(attr.value, env)),
            });
        }
        self.heap.attrs(written.len(), |i| {
            let AttrExpr { name, pos, value } = written[i];
            Attr { name, pos, value: self.delay(value, env) }
        })
    }

    #[inline(never)]
    fn rec_attrs(
        &mut self,
        code: &'static AttrsExpr,
        rec: &RecInfo,
        env: Option<&'static Env>,
    ) -> Result<(Option<&'static Env>, &'static Attrs)> {
        let inner = match rec.slots {
            Some(slots) => Some(self.heap.env(env, slots as usize)),
            None => env,
        };
        let Some(frame) = inner else { return Ok((inner, &EMPTY)) };
        for (slot, expr) in rec.hidden.get() {
            frame.set(*slot, self.delay(expr, inner));
        }
        let written = code.attrs.get();
        let mut outside = rec.outside.get().iter().peekable();
        let attrs = self.heap.attrs(written.len(), |i| {
            let AttrExpr { name, pos, value } = written[i];
            let value = if outside.next_if(|index| **index as usize == i).is_some() {
                self.delay(value, env)
            } else if rec.overrides.is_some() {
                // An alias made now would not see what `__overrides` puts into the slot.
                self.heap.alloc(Thunk::lazy(Lazy::Code(value, inner)))
            } else {
                self.delay(value, inner)
            };
            frame.set(rec.first + i as u32, value);
            Attr { name, pos, value }
        });
        let Some(overrides) = rec.overrides else { return Ok((inner, attrs)) };
        // `__overrides` replaces attributes, and the variables of the same names.
        let value = self.force(attrs.flat()[overrides as usize].value)?;
        let over = match value {
            Value::Attrs(over) => over.flat(),
            value => return Err(self.expected("a set", value, 0)),
        };
        for attr in over.iter() {
            if let Ok(at) = written.binary_search_by_key(&attr.name, |attr| attr.name) {
                frame.set(rec.first + at as u32, attr.value);
            }
        }
        let mut merged = over.into_owned();
        merged.extend_from_slice(&attrs.flat());
        Ok((inner, Attrs::from_unsorted(self.heap, merged)))
    }

    #[inline(never)]
    fn dynamic_attrs(
        &mut self,
        code: &'static AttrsExpr,
        attrs: &'static Attrs,
        env: Option<&'static Env>,
    ) -> Result<&'static Attrs> {
        let mut all = attrs.flat().into_owned();
        for dynamic in code.dynamic.get() {
            let value = self.eval(dynamic.name, env)?;
            if matches!(value, Value::Null) {
                continue;
            }
            let context = "while evaluating the name of a dynamic attribute";
            let text = self.string_no_context(value, dynamic.pos, context)?;
            let name = self.intern(text);
            if let Some(old) = all.iter().find(|attr| attr.name == name) {
                let text = attr_name(text);
                let mut error = Error::at(
                    Kind::Other,
                    format!("dynamic attribute '{text}' already defined"),
                    dynamic.pos,
                );
                error.other_pos = Some(old.pos);
                return Err(error);
            }
            all.push(Attr { name, pos: dynamic.pos, value: self.delay(dynamic.value, env) });
        }
        Ok(Attrs::from_unsorted(self.heap, all))
    }
}
