//! Builtins on attribute sets.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Builtin, FIRST, SECOND, bare, prefixed};
use crate::attrs::{Attr, Attrs, EMPTY};
use crate::error::{Error, Kind};
use crate::heap::{Lazy, Ref, Thunk};
use crate::ir::{Formal, HIDDEN, Params, Pos};
use crate::machine::{Ev, Result};
use crate::symbol::{Symbol, sym};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed("attrNames", "!set", "The names of a set, sorted.", attr_names),
    prefixed("attrValues", "!set", "The values of a set, in the order of their names.", attr_values),
    prefixed("getAttr", "!name !set", "The value of an attribute.", get_attr),
    prefixed("hasAttr", "!name !set", "Whether a set has an attribute.", has_attr),
    bare("removeAttrs", "!set !names", "A set without some attributes.", remove_attrs),
    prefixed(
        "listToAttrs",
        "!list",
        "A set of a list of `{ name; value; }`; of two with the same name the first counts.",
        list_to_attrs,
    ),
    prefixed("intersectAttrs", "!e1 !e2", "The attributes of `e2` whose names are in `e1`.", intersect_attrs),
    prefixed(
        "catAttrs",
        "!name !list",
        "The values of an attribute in a list of sets, of those that have it.",
        cat_attrs,
    ),
    prefixed("mapAttrs", "f !set", "A set with the same names: each value is `f name value`.", map_attrs),
    prefixed(
        "zipAttrsWith",
        "!f !list",
        "A set of all names of a list of sets: each value is `f name [ values ]`.",
        zip_attrs_with,
    ),
    prefixed(
        "functionArgs",
        "!f",
        "The arguments of a function that takes a set: whether each has a default.",
        function_args,
    ),
    prefixed(
        "unsafeGetAttrPos",
        "!name !set",
        "Where an attribute was defined: `{ file; line; column; }`, or `null`.",
        attr_pos,
    ),
];

fn attr_names(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let sorted = ev.sorted(attrs);
    let names: Vec<Ref> = sorted.iter().map(|attr| ev.name_thunk(attr.name)).collect();
    Ok(ev.list(&names))
}

fn attr_values(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let values: Vec<Ref> = ev.sorted(attrs).iter().map(|attr| attr.value).collect();
    Ok(ev.list(&values))
}

fn get_attr(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let name = ev.plain_arg(args[0], pos, FIRST)?;
    let attrs = ev.attrs_arg(args[1], pos, SECOND)?;
    let name = ev.intern(name);
    match attrs.get(name) {
        Some(attr) => ev.force(attr.value),
        None => ev.missing(attrs, name, pos),
    }
}

fn has_attr(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let name = ev.plain_arg(args[0], pos, FIRST)?;
    let attrs = ev.attrs_arg(args[1], pos, SECOND)?;
    Ok(Value::Bool(ev.shared.symbols.find(name).is_some_and(|name| attrs.get(name).is_some())))
}

fn remove_attrs(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let names = ev.list_arg(args[1], pos, SECOND)?;
    let mut gone: Vec<Symbol> = Vec::with_capacity(names.items.len());
    for name in names.items {
        let context = "while evaluating the values of the second argument passed to builtins.removeAttrs";
        let name = ev.plain_arg(name, pos, context)?;
        gone.extend(ev.shared.symbols.find(name));
    }
    gone.sort_unstable();
    if !gone.iter().any(|name| attrs.get(*name).is_some()) {
        return Ok(Value::Attrs(attrs));
    }
    let left: Vec<Attr> =
        attrs.flat().iter().filter(|attr| gone.binary_search(&attr.name).is_err()).copied().collect();
    Ok(Value::Attrs(Attrs::from_sorted(ev.heap, &left)))
}

fn list_to_attrs(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let list = ev.list_arg(args[0], pos, FIRST)?;
    let mut attrs = Vec::with_capacity(list.items.len());
    let mut seen = FxHashSet::default();
    for item in list.items {
        let context = "while evaluating an element of the list passed to builtins.listToAttrs";
        let pair = ev.attrs_arg(item, pos, context)?;
        let Some(name) = pair.get(sym::name) else { return ev.missing(pair, sym::name, pos) };
        let context =
            "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs";
        let text = ev.plain_arg(name.value, name.pos, context)?;
        let symbol = ev.intern(text);
        // Of two with the same name the first counts; the second's value is not even looked for.
        if seen.insert(symbol) {
            let Some(value) = pair.get(sym::value) else { return ev.missing(pair, sym::value, pos) };
            attrs.push(Attr { name: symbol, pos: value.pos, value: value.value });
        }
    }
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn intersect_attrs(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let left = ev.attrs_arg(args[0], pos, FIRST)?;
    let right = ev.attrs_arg(args[1], pos, SECOND)?;
    let mut both = Vec::new();
    if left.len() < right.len() {
        both.extend(left.flat().iter().filter_map(|attr| right.get(attr.name)));
    } else {
        both.extend(right.flat().iter().filter(|attr| left.get(attr.name).is_some()).copied());
    }
    Ok(Value::Attrs(Attrs::from_sorted(ev.heap, &both)))
}

fn cat_attrs(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let name = ev.plain_arg(args[0], pos, FIRST)?;
    let name = ev.intern(name);
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let mut values = Vec::new();
    for item in list.items {
        let context =
            "while evaluating an element in the list passed as second argument to builtins.catAttrs";
        if let Some(attr) = ev.attrs_arg(item, pos, context)?.get(name) {
            values.push(attr.value);
        }
    }
    Ok(ev.list(&values))
}

fn map_attrs(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[1], pos, SECOND)?;
    if attrs.is_empty() {
        return Ok(Value::Attrs(attrs));
    }
    ev.room_for(attrs.len() * 96)?;
    let flat = attrs.flat();
    let function = args[0];
    let heap = ev.heap;
    let mapped = heap.attrs(flat.len(), |i| {
        let Attr { name, pos, value } = flat[i];
        let text = ev.name_thunk(name);
        let parts = ev.heap.alloc([function, text, value]);
        // Nix forgets the positions, and programs see that.
        let pos = if pos == 0 { 0 } else { pos | HIDDEN };
        Attr { name, pos, value: ev.heap.alloc(Thunk::lazy(Lazy::Apply2(parts))) }
    });
    Ok(Value::Attrs(mapped))
}

fn zip_attrs_with(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let mut values: FxHashMap<Symbol, Vec<Ref>> = FxHashMap::default();
    let mut count = 0;
    for item in list.items {
        let context =
            "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith";
        let attrs = ev.attrs_arg(item, pos, context)?;
        count += attrs.len();
        ev.room_for(count * 16)?;
        for attr in attrs.flat().iter() {
            values.entry(attr.name).or_default().push(attr.value);
        }
    }
    let mut attrs = Vec::with_capacity(values.len());
    for (name, values) in values {
        let text = ev.name_thunk(name);
        let values = ev.list(&values);
        let values = ev.at(values);
        let parts = ev.heap.alloc([args[0], text, values]);
        attrs.push(Attr { name, pos: 0, value: ev.heap.alloc(Thunk::lazy(Lazy::Apply2(parts))) });
    }
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn function_args(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    match ev.force(args[0])? {
        Value::Closure(closure) => match &closure.lambda.params {
            Params::Names { .. } => Ok(Value::Attrs(&EMPTY)),
            Params::Pattern(pattern) => {
                let values = [false, true].map(|optional| ev.at(Value::Bool(optional)));
                let attrs = ev.heap.attrs(pattern.formals.len(), |i| {
                    let Formal { name, pos, default } = pattern.formals[i];
                    Attr { name, pos, value: values[usize::from(default.is_some())] }
                });
                Ok(Value::Attrs(attrs))
            }
        },
        Value::Builtin(_) | Value::Partial(_) => Ok(Value::Attrs(&EMPTY)),
        _ => Err(Error::at(Kind::Type, "'functionArgs' requires a function", pos)),
    }
}

fn attr_pos(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let name = ev.plain_arg(args[0], pos, FIRST)?;
    let attrs = ev.attrs_arg(args[1], pos, SECOND)?;
    match ev.shared.symbols.find(name).and_then(|name| attrs.get(name)) {
        Some(attr) if attr.pos & HIDDEN == 0 => Ok(ev.position(attr.pos)),
        _ => Ok(Value::Null),
    }
}
