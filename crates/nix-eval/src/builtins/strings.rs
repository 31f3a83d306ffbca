//! Builtins on strings.

use super::{Builtin, FIRST, SECOND, THIRD, bare, prefixed};
use crate::coerce::{Coerce, ContextSet};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::paths;
use crate::value::{Str, Value};

pub(super) const TABLE: &[Builtin] = &[
    bare("toString", "!value", "A value as a string.", to_string),
    prefixed("stringLength", "!string", "How many bytes a string has.", string_length),
    prefixed(
        "substring",
        "!start !length !string",
        "A part of a string; a negative length goes to its end.",
        substring,
    ),
    prefixed(
        "concatStringsSep",
        "!separator !list",
        "Strings as one, with something between them.",
        concat_strings_sep,
    ),
    prefixed(
        "replaceStrings",
        "!from !to !string",
        "A string in which texts are replaced by others, each by that in the same place.",
        replace_strings,
    ),
    bare("baseNameOf", "!path", "What follows the last `/` of a path.", base_name_of),
    bare("dirOf", "!path", "What comes before the last `/` of a path.", dir_of),
];

const PLAIN: Coerce = Coerce { more: false, copy: true };
const NO_COPY: Coerce = Coerce { copy: false, ..PLAIN };

fn to_string(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let value = ev.force(args[0])?;
    if matches!(value, Value::String(_)) {
        return Ok(value);
    }
    let mut set = ContextSet::default();
    let bytes = ev.coerce(value, &mut set, Coerce { more: true, ..NO_COPY }, pos, FIRST)?;
    Ok(ev.string_with(bytes, set))
}

fn string_length(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let value = ev.force(args[0])?;
    Ok(Value::Int(ev.coerce(value, &mut ContextSet::default(), PLAIN, pos, FIRST)?.len() as i64))
}

fn substring(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let start = ev.int_arg(args[0], pos, FIRST)?;
    if start < 0 {
        return Err(Error::at(Kind::Other, "negative start position in 'substring'", pos));
    }
    let len = ev.int_arg(args[1], pos, SECOND)?;
    let value = ev.force(args[2])?;
    // The empty substring keeps the references: a known way to get a context.
    if len == 0
        && let Value::String(string) = value
    {
        return Ok(Value::String(ev.heap.alloc(Str { bytes: b"", context: string.context })));
    }
    let mut set = ContextSet::default();
    let bytes = ev.coerce(value, &mut set, PLAIN, pos, THIRD)?;
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let rest = &bytes[start..];
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
    Ok(ev.string_with(&rest[..len], set))
}

fn concat_strings_sep(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let mut set = ContextSet::default();
    let separator = ev.string_arg(args[0], pos, FIRST)?;
    set.add(separator.context);
    let list = ev.list_arg(args[1], pos, SECOND)?;
    let mut pieces: Vec<&[u8]> = Vec::with_capacity(list.items.len() * 2);
    let context =
        "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep";
    for item in list.items {
        let value = ev.force(item)?;
        let piece = ev.coerce(value, &mut set, PLAIN, pos, context)?;
        if !pieces.is_empty() {
            pieces.push(separator.bytes);
        }
        pieces.push(piece);
    }
    let len = pieces.iter().map(|piece| piece.len()).sum();
    ev.room_for(len)?;
    let bytes = match pieces.as_slice() {
        [only] => ev.heap.slice(only),
        _ => ev.heap.concat(&pieces, len),
    };
    Ok(ev.string_with(bytes, set))
}

fn replace_strings(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let from = ev.list_arg(args[0], pos, FIRST)?;
    let to = ev.list_arg(args[1], pos, SECOND)?;
    if from.items.len() != to.items.len() {
        let message = "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths";
        return Err(Error::at(Kind::Other, message, pos));
    }
    let mut patterns: Vec<&[u8]> = Vec::with_capacity(from.items.len());
    for item in from.items {
        let context = "while evaluating one of the strings to replace passed to builtins.replaceStrings";
        patterns.push(ev.string_arg(item, pos, context)?.bytes);
    }
    let mut set = ContextSet::default();
    let text = ev.string_arg(args[2], pos, THIRD)?;
    set.add(text.context);
    let text = text.bytes;
    let mut replacements: Vec<Option<&'static Str>> = vec![None; patterns.len()];
    let mut starts = [false; 256];
    let any_empty = patterns.iter().any(|pattern| pattern.is_empty());
    for pattern in &patterns {
        if let Some(first) = pattern.first() {
            starts[*first as usize] = true;
        }
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    // An empty pattern matches before each byte and at the end.
    while at <= text.len() {
        let candidate = any_empty || text.get(at).is_some_and(|byte| starts[*byte as usize]);
        let found = if candidate {
            patterns.iter().position(|pattern| text[at..].starts_with(pattern))
        } else {
            None
        };
        match found {
            Some(n) => {
                let replacement = match replacements[n] {
                    Some(replacement) => replacement,
                    None => {
                        let context = "while evaluating one of the replacement strings passed to builtins.replaceStrings";
                        let replacement = ev.string_arg(to.items[n], pos, context)?;
                        set.add(replacement.context);
                        replacements[n] = Some(replacement);
                        replacement
                    }
                };
                out.extend_from_slice(replacement.bytes);
                if patterns[n].is_empty() {
                    out.extend(text.get(at));
                    at += 1;
                } else {
                    at += patterns[n].len();
                }
            }
            None => {
                out.extend(text.get(at));
                at += 1;
            }
        }
        if out.len() > 1 << 24 {
            ev.room_for(out.len())?;
        }
    }
    Ok(ev.string_with(ev.heap.slice(&out), set))
}

fn base_name_of(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let value = ev.force(args[0])?;
    let mut set = ContextSet::default();
    let bytes = ev.coerce(value, &mut set, NO_COPY, pos, FIRST)?;
    // One slash at the end is left out of account.
    let trimmed = match bytes {
        [rest @ .., b'/'] if !rest.is_empty() => rest,
        bytes => bytes,
    };
    Ok(ev.string_with(paths::file_name(trimmed), set))
}

fn dir_of(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let value = ev.force(args[0])?;
    if let Value::Path(path) = value {
        return Ok(Value::Path(ev.heap.alloc(Str::plain(paths::parent(path.bytes)))));
    }
    let mut set = ContextSet::default();
    let bytes = ev.coerce(value, &mut set, NO_COPY, pos, FIRST)?;
    let dir: &'static [u8] = match bytes.iter().rposition(|byte| *byte == b'/') {
        None => b".",
        Some(0) => b"/",
        Some(at) => &bytes[..at],
    };
    Ok(ev.string_with(dir, set))
}
