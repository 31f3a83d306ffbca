//! `builtins.match` and `builtins.split`.

use std::sync::Arc;

use super::{Builtin, FIRST, SECOND, prefixed};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::regex::{Refused, Regex};
use crate::value::{Str, Value};

pub(super) const TABLE: &[Builtin] = &[
    prefixed(
        "match",
        "!regex !string",
        "The groups of a regular expression (POSIX, extended) that matches the whole string, else `null`.",
        match_,
    ),
    prefixed(
        "split",
        "!regex !string",
        "The parts of a string between matches of a regular expression, and between them lists of the groups.",
        split,
    ),
];

/// Compiled patterns that are kept.
const KEPT: usize = 128;

fn compiled(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Arc<Regex>> {
    let pattern = ev.plain_arg(arg, pos, FIRST)?;
    let found = match ev.regexes.get(pattern) {
        Some(found) => found.clone(),
        None => {
            let regex = Regex::new(pattern).map(Arc::new);
            // Of large ones only the latest is kept.
            let large = regex.as_ref().is_ok_and(|regex| !regex.is_small());
            if large || ev.regexes.len() >= KEPT {
                ev.regexes.clear();
            }
            ev.regexes.insert(pattern.into(), regex.clone());
            regex
        }
    };
    found.map_err(|refused| {
        let pattern = String::from_utf8_lossy(pattern);
        let what = match refused {
            Refused::Invalid(_) => "invalid regular expression",
            Refused::TooLarge => "memory limit exceeded by regular expression",
        };
        Error::at(Kind::Other, format!("{what} '{pattern}'"), pos)
    })
}

fn group_list(ev: &Ev, text: &'static [u8], groups: &[Option<(usize, usize)>]) -> Value {
    let groups: Vec<Ref> = groups
        .iter()
        .map(|group| {
            ev.at(match group {
                Some((start, end)) => Value::String(ev.heap.alloc(Str::plain(&text[*start..*end]))),
                None => Value::Null,
            })
        })
        .collect();
    ev.list(&groups)
}

fn match_(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let regex = compiled(ev, args[0], pos)?;
    let text = ev.string_arg(args[1], pos, SECOND)?.bytes;
    Ok(match regex.match_whole(text) {
        Some(groups) => group_list(ev, text, &groups),
        None => Value::Null,
    })
}

fn split(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let regex = compiled(ev, args[0], pos)?;
    let string = ev.string_arg(args[1], pos, SECOND)?;
    let text = string.bytes;
    let piece = |ev: &Ev, start: usize, end: usize| {
        ev.at(Value::String(ev.heap.alloc(Str::plain(&text[start..end]))))
    };
    let mut items = Vec::new();
    let mut from = 0;
    let mut next = regex.find_at(text, 0);
    while let Some(found) = next {
        let (start, end) = found.span;
        items.push(piece(ev, from, start));
        let groups = group_list(ev, text, &found.groups);
        items.push(ev.at(groups));
        from = end;
        // After an empty match the search goes on one byte further.
        let search = if start == end { end + 1 } else { end };
        next = if start == end { regex.nonempty_at(text, end) } else { None };
        if next.is_none() && search <= text.len() {
            next = regex.find_at(text, search);
        }
    }
    if items.is_empty() {
        return Ok(ev.list(&[ev.at(Value::String(string))]));
    }
    items.push(piece(ev, from, text.len()));
    Ok(ev.list(&items))
}
