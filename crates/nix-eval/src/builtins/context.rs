//! Builtins on what strings refer to.

use std::collections::BTreeMap;

use super::{Builtin, FIRST, SECOND, prefixed};
use crate::attrs::{Attr, Attrs};
use crate::coerce::{Coerce, ContextSet};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::quoting::attr_name;
use crate::symbol::sym;
use crate::value::{ContextElement, Str, Value};

pub(super) const TABLE: &[Builtin] = &[
    prefixed("hasContext", "!string", "Whether a string refers to the store.", |ev, args, pos| {
        Ok(Value::Bool(ev.string_arg(args[0], pos, FIRST)?.context.is_some()))
    }),
    prefixed(
        "unsafeDiscardStringContext",
        "!string",
        "The string without what it refers to.",
        |ev, args, pos| {
            let bytes = coerced(ev, args[0], &mut ContextSet::default(), pos)?;
            Ok(Value::String(ev.heap.alloc(Str::plain(bytes))))
        },
    ),
    prefixed(
        "unsafeDiscardOutputDependency",
        "!string",
        "The string with references to derivations themselves in place of all that they need to be built.",
        |ev, args, pos| {
            let mut set = ContextSet::default();
            let bytes = coerced(ev, args[0], &mut set, pos)?;
            let mut kept = ContextSet::default();
            for element in set.into_elements() {
                kept.insert(match element {
                    ContextElement::DrvDeep(path) => ContextElement::Path(path),
                    element => element,
                });
            }
            Ok(ev.string_with(bytes, kept))
        },
    ),
    prefixed(
        "addDrvOutputDependencies",
        "!string",
        "The string, whose reference to a derivation becomes one to all that it needs to be built.",
        add_drv_output_dependencies,
    ),
    prefixed("getContext", "!string", "What a string refers to: a set of store paths.", get_context),
    prefixed(
        "appendContext",
        "!string !context",
        "The string with more references, as `getContext` gives them.",
        append_context,
    ),
];

fn coerced(ev: &mut Ev, arg: Ref, set: &mut ContextSet, pos: Pos) -> Result<&'static [u8]> {
    let value = ev.force(arg)?;
    ev.coerce(value, set, Coerce { more: false, copy: true }, pos, FIRST)
}

fn add_drv_output_dependencies(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let mut set = ContextSet::default();
    let bytes = coerced(ev, args[0], &mut set, pos)?;
    let elements: Vec<_> = set.into_elements();
    let text = String::from_utf8_lossy(bytes);
    let fail = |message: String| Err(Error::at(Kind::Other, message, pos));
    let [element] = elements.as_slice() else {
        return fail(format!(
            "context of string '{text}' must have exactly one element, but has {}",
            elements.len()
        ));
    };
    let path = match element {
        ContextElement::Path(path) if path.ends_with(".drv") => *path,
        ContextElement::DrvDeep(path) => *path,
        ContextElement::Path(path) => {
            let store = ev.shared.store.as_str();
            return fail(format!("path '{store}/{path}' is not a derivation"));
        }
        ContextElement::Output { output, .. } => {
            return fail(format!(
                "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{output}'"
            ));
        }
    };
    let mut set = ContextSet::default();
    set.insert(ContextElement::DrvDeep(path));
    Ok(ev.string_with(bytes, set))
}

#[derive(Default)]
struct Info {
    path: bool,
    all_outputs: bool,
    outputs: Vec<&'static str>,
}

fn get_context(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let string = ev.string_arg(args[0], pos, FIRST)?;
    let mut infos: BTreeMap<&str, Info> = BTreeMap::new();
    for element in string.context.iter().flat_map(|context| context.elements) {
        match element {
            ContextElement::Path(path) => infos.entry(path).or_default().path = true,
            ContextElement::DrvDeep(path) => infos.entry(path).or_default().all_outputs = true,
            ContextElement::Output { drv, output } => infos.entry(drv).or_default().outputs.push(output),
        }
    }
    let mut attrs = Vec::with_capacity(infos.len());
    for (path, info) in infos {
        let mut inner = Vec::new();
        if info.path {
            inner.push(ev.attr(sym::path, Value::Bool(true)));
        }
        if info.all_outputs {
            inner.push(ev.attr(sym::all_outputs, Value::Bool(true)));
        }
        if !info.outputs.is_empty() {
            let outputs: Vec<Ref> =
                info.outputs.iter().map(|output| ev.at(ev.string(output.as_bytes()))).collect();
            inner.push(ev.attr(sym::outputs, ev.list(&outputs)));
        }
        let name = format!("{}/{path}", ev.shared.store.as_str());
        let value = Value::Attrs(Attrs::from_unsorted(ev.heap, inner));
        attrs.push(ev.attr_named(&name, value));
    }
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn append_context(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let string = ev.string_arg(args[0], pos, FIRST)?;
    let mut set = ContextSet::default();
    set.add(string.context);
    let attrs = ev.attrs_arg(args[1], pos, SECOND)?;
    for Attr { name, pos: at, value } in ev.sorted(attrs) {
        let full = ev.text(name).lossy();
        // As the name of an attribute: in quotes unless it is an identifier.
        let shown = attr_name(full.as_bytes());
        let Ok(path) = ev.shared.store.parse(&full) else {
            return Err(Error::at(Kind::Other, format!("context key '{shown}' is not a store path"), at));
        };
        let base = ev.on_heap(path.base_name());
        let info = ev.attrs_arg(value, at, "while evaluating the value of a string context")?;
        if let Some(flag) = info.get(sym::path) {
            let flag = ev.force(flag.value)?;
            if ev.bool_value(flag, at, "while evaluating the `path` attribute of a string context")? {
                set.insert(ContextElement::Path(base));
            }
        }
        if let Some(flag) = info.get(sym::all_outputs) {
            let flag = ev.force(flag.value)?;
            if ev.bool_value(flag, at, "while evaluating the `allOutputs` attribute of a string context")? {
                if !path.is_derivation() {
                    let message = format!(
                        "tried to add all-outputs context of {shown}, which is not a derivation, to a string"
                    );
                    return Err(Error::at(Kind::Other, message, at));
                }
                set.insert(ContextElement::DrvDeep(base));
            }
        }
        if let Some(outputs) = info.get(sym::outputs) {
            let context = "while evaluating the `outputs` attribute of a string context";
            let outputs = ev.list_arg(outputs.value, at, context)?;
            if !outputs.items.is_empty() && !path.is_derivation() {
                let message = format!(
                    "tried to add derivation output context of {shown}, which is not a derivation, to a string"
                );
                return Err(Error::at(Kind::Other, message, at));
            }
            for output in outputs.items {
                let output =
                    ev.plain_arg(output, at, "while evaluating an output name within a string context")?;
                let output = ev.on_heap(&String::from_utf8_lossy(output));
                set.insert(ContextElement::Output { drv: base, output });
            }
        }
    }
    Ok(ev.string_with(string.bytes, set))
}

impl Ev {
    /// A text among the values.
    pub(crate) fn on_heap(&self, text: &str) -> &'static str {
        std::str::from_utf8(self.heap.slice(text.as_bytes())).unwrap_or_default()
    }

    /// A text that stays.
    pub(crate) fn keep(&self, text: &str) -> &'static str {
        std::str::from_utf8(self.lasting.slice(text.as_bytes())).unwrap_or_default()
    }

    /// A text as one that stays, which it may be.
    pub(crate) fn lasting(&self, text: &'static str) -> &'static str {
        if self.heap.space().holds(text.as_ptr()) { self.keep(text) } else { text }
    }

    /// As [`Self::lasting`] for one of the few names of outputs.
    pub(crate) fn lasting_name(&self, name: &str) -> &'static str {
        let symbol = self.intern(name.as_bytes());
        std::str::from_utf8(self.shared.symbols.text(symbol).bytes).unwrap_or_default()
    }
}
