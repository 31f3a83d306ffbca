//! Builtins on lists.

use std::cmp::Ordering;

use super::{Builtin, FIRST, SECOND, THIRD, bare, prefixed, sorted};
use crate::attrs::{Attr, Attrs};
use crate::error::{Error, Kind};
use crate::heap::{Lazy, Ref, Thunk};
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::{Symbol, sym};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed("length", "!list", "How many elements a list has.", length),
    prefixed("head", "!list", "The first element of a list.", head),
    prefixed("tail", "!list", "A list without its first element.", tail),
    prefixed("elemAt", "!list !n", "The element at a place, counted from 0.", elem_at),
    bare("map", "f !list", "The results of a function for each element.", map),
    prefixed("filter", "f !list", "The elements for which a function gives `true`.", filter),
    prefixed("elem", "x !list", "Whether a list has an element that is equal to `x`.", elem),
    prefixed("concatLists", "!lists", "Lists one after another, as one.", concat_lists),
    prefixed(
        "concatMap",
        "!f !list",
        "The lists that a function gives for each element, as one.",
        concat_map,
    ),
    prefixed(
        "foldl'",
        "!op start !list",
        "Goes through a list from the left: `op (op start x0) x1` and so on, each result evaluated.",
        foldl,
    ),
    prefixed("any", "!f !list", "Whether a function gives `true` for at least one element.", any),
    prefixed("all", "!f !list", "Whether a function gives `true` for each element.", all),
    prefixed("genList", "!f !n", "A list of `n` elements: `f 0`, `f 1` and so on.", gen_list),
    prefixed(
        "sort",
        "f !list",
        "The elements in order: the function says whether one comes before another. Equal ones stay as they are.",
        sort,
    ),
    prefixed(
        "partition",
        "!f !list",
        "The elements for which a function gives `true`, as `right`, and the others, as `wrong`.",
        partition,
    ),
    prefixed(
        "groupBy",
        "!f !list",
        "The elements in lists, by the name that a function gives for each.",
        group_by,
    ),
    prefixed(
        "genericClosure",
        "!args",
        "All that can be reached from `startSet` by `operator`, each `key` once.",
        generic_closure,
    ),
];

fn fail<T>(message: impl Into<String>, pos: Pos) -> Result<T> {
    Err(Error::at(Kind::Other, message, pos))
}

fn length(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    Ok(Value::Int(ev.list_arg(args[0], pos, FIRST)?.items.len() as i64))
}

fn head(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    match ev.list_arg(args[0], pos, FIRST)?.items.first() {
        Some(first) => ev.force(first),
        None => fail("'builtins.head' called on an empty list", pos),
    }
}

fn tail(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    match ev.list_arg(args[0], pos, FIRST)?.items.split_first() {
        Some((_, rest)) => Ok(ev.list_of(rest)),
        None => fail("'builtins.tail' called on an empty list", pos),
    }
}

fn elem_at(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let n = ev.int_arg(args[1], pos, SECOND)?;
    let items = ev.list_arg(args[0], pos, FIRST)?.items;
    match usize::try_from(n).ok().and_then(|n| items.get(n)) {
        Some(item) => ev.force(item),
        None => {
            fail(format!("'builtins.elemAt' called with index {n} on a list of size {}", items.len()), pos)
        }
    }
}

fn map(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let list = ev.list_arg(args[1], pos, SECOND)?;
    if list.items.is_empty() {
        return Ok(Value::List(list));
    }
    ev.function_arg(args[0], pos, FIRST)?;
    ev.room_for(list.items.len() * 24)?;
    let (heap, function) = (ev.heap, args[0]);
    let items = heap.slice_with(list.items.len(), |i| -> Ref {
        heap.alloc(Thunk::lazy(Lazy::Apply(function, list.items[i])))
    });
    Ok(ev.list_of(items))
}

fn filter(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let list = ev.list_arg(args[1], pos, SECOND)?;
    if list.items.is_empty() {
        return Ok(Value::List(list));
    }
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let context = "while evaluating the return value of the filtering function passed to builtins.filter";
    let mut kept = Vec::new();
    for item in list.items {
        if ev.call_bool(function, &[item], pos, context)? {
            kept.push(*item);
        }
    }
    Ok(if kept.len() == list.items.len() { Value::List(list) } else { ev.list(&kept) })
}

fn elem(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let list = ev.list_arg(args[1], pos, SECOND)?;
    for item in list.items {
        if ev.equal_thunks(args[0], item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn concat_lists(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let lists = ev.list_arg(args[0], pos, FIRST)?;
    let mut items = Vec::new();
    let context = "while evaluating a value of the list passed to builtins.concatLists";
    for list in lists.items {
        let more = ev.list_arg(list, pos, context)?.items;
        ev.room_for((items.len() + more.len()) * 16)?;
        items.extend_from_slice(more);
    }
    Ok(ev.list(&items))
}

fn concat_map(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let mut items = Vec::new();
    for item in list.items {
        let value = ev.call(function, &[item], pos)?;
        let context = "while evaluating the return value of the function passed to builtins.concatMap";
        let more = ev.as_list(value, pos, context)?.items;
        ev.room_for((items.len() + more.len()) * 16)?;
        items.extend_from_slice(more);
    }
    Ok(ev.list(&items))
}

fn foldl(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[2], pos, THIRD)?;
    if list.items.is_empty() {
        return ev.force(args[1]);
    }
    // The start is not forced before the first call.
    let mut so_far = args[1];
    let mut value = Value::Null;
    for item in list.items {
        value = ev.call(function, &[so_far, item], pos)?;
        so_far = ev.at(value);
    }
    Ok(value)
}

fn any(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    quantifier(
        ev,
        args,
        pos,
        true,
        "while evaluating the return value of the function passed to builtins.any",
    )
}

fn all(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    quantifier(
        ev,
        args,
        pos,
        false,
        "while evaluating the return value of the function passed to builtins.all",
    )
}

fn quantifier(ev: &mut Ev, args: &[Ref], pos: Pos, stop: bool, context: &'static str) -> Result<Value> {
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[1], pos, SECOND)?;
    for item in list.items {
        if ev.call_bool(function, &[item], pos, context)? == stop {
            return Ok(Value::Bool(stop));
        }
    }
    Ok(Value::Bool(!stop))
}

fn gen_list(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let n = ev.int_arg(args[1], pos, SECOND)?;
    let Some(len) = usize::try_from(n).ok().filter(|n| *n < usize::MAX / 64) else {
        return fail(format!("cannot create list of size {n}"), pos);
    };
    ev.function_arg(args[0], pos, FIRST)?;
    ev.room_for(len.saturating_mul(40))?;
    if len > 1 << 33 {
        return ev.out_of_memory();
    }
    let (heap, function) = (ev.heap, args[0]);
    let items = heap.slice_with(len, |i| -> Ref {
        let number = heap.alloc(Thunk::new(Value::Int(i as i64)));
        heap.alloc(Thunk::lazy(Lazy::Apply(function, number)))
    });
    Ok(if items.is_empty() { ev.list(&[]) } else { ev.list_of(items) })
}

fn sort(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let list = ev.list_arg(args[1], pos, SECOND)?;
    if list.items.is_empty() {
        return Ok(Value::List(list));
    }
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let native = matches!(function, Value::Builtin(builtin) if builtin.name == "lessThan");
    // Whether or not the function looks at them.
    for item in list.items {
        ev.force(item)?;
    }
    let mut items = list.items.to_vec();
    sorted::sort(&mut items, &mut |a: Ref, b: Ref| {
        if native {
            let (a, b) = (ev.force(a)?, ev.force(b)?);
            return Ok(ev.compare(a, b, pos)? == Some(Ordering::Less));
        }
        let context = "while evaluating the return value of the sorting function passed to builtins.sort";
        ev.call_bool(function, &[a, b], pos, context)
    })?;
    Ok(ev.list(&items))
}

fn partition(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    let context = "while evaluating the return value of the partition function passed to builtins.partition";
    for item in list.items {
        ev.force(item)?;
        if ev.call_bool(function, &[item], pos, context)? { right.push(*item) } else { wrong.push(*item) }
    }
    let attrs = vec![ev.attr(sym::right, ev.list(&right)), ev.attr(sym::wrong, ev.list(&wrong))];
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn group_by(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let function = ev.function_arg(args[0], pos, FIRST)?;
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let mut groups: rustc_hash::FxHashMap<Symbol, Vec<Ref>> = rustc_hash::FxHashMap::default();
    for item in list.items {
        let name = ev.call(function, &[item], pos)?;
        let context = "while evaluating the return value of the grouping function passed to builtins.groupBy";
        let name = ev.string_no_context(name, pos, context)?;
        groups.entry(ev.intern(name)).or_default().push(*item);
    }
    let attrs = groups.into_iter().map(|(name, items)| ev.attr(name, ev.list(&items))).collect::<Vec<Attr>>();
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn generic_closure(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let Some(start) = attrs.get(sym::start_set) else {
        return ev.missing(attrs, sym::start_set, pos);
    };
    let context = "while evaluating the 'startSet' attribute passed as argument to builtins.genericClosure";
    let start = ev.list_arg(start.value, pos, context)?;
    if start.items.is_empty() {
        return Ok(Value::List(start));
    }
    let Some(operator) = attrs.get(sym::operator) else {
        return ev.missing(attrs, sym::operator, pos);
    };
    let context = "while evaluating the 'operator' attribute passed as argument to builtins.genericClosure";
    let operator = ev.function_arg(operator.value, pos, context)?;
    let mut todo: std::collections::VecDeque<Ref> = start.items.iter().copied().collect();
    let mut done = sorted::Keys::default();
    let mut result = Vec::new();
    while let Some(item) = todo.pop_front() {
        let context = "while evaluating one of the elements generated by (or initially passed to) builtins.genericClosure";
        let attrs = ev.attrs_arg(item, pos, context)?;
        let Some(key) = attrs.get(sym::key) else { return ev.missing(attrs, sym::key, pos) };
        let key = ev.force(key.value)?;
        if !done.insert(key, |a, b| Ok(ev.compare(a, b, pos)? == Some(Ordering::Less)))? {
            continue;
        }
        result.push(item);
        let new = ev.call(operator, &[item], pos)?;
        let context = "while evaluating the return value of the `operator` passed to builtins.genericClosure";
        for item in ev.as_list(new, pos, context)?.items {
            ev.force(item)?;
            todo.push_back(item);
        }
    }
    Ok(ev.list(&result))
}
