//! Builtins on names and versions.

use std::cmp::Ordering;

use super::{Builtin, FIRST, SECOND, prefixed};
use crate::attrs::Attrs;
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed(
        "parseDrvName",
        "!name",
        "A package's name and version: `{ name; version; }`, cut before the first dash that a letter does not follow.",
        parse_drv_name,
    ),
    prefixed(
        "compareVersions",
        "!a !b",
        "-1, 0 or 1: whether a version is older than another, the same, or newer.",
        |ev, args, pos| {
            let a = ev.plain_arg(args[0], pos, FIRST)?;
            let b = ev.plain_arg(args[1], pos, SECOND)?;
            Ok(Value::Int(match compare(a, b) {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }))
        },
    ),
    prefixed("splitVersion", "!version", "The parts that a version is compared by.", |ev, args, pos| {
        let mut rest = ev.plain_arg(args[0], pos, FIRST)?;
        let mut items = Vec::new();
        while let Some(component) = next(&mut rest) {
            items.push(ev.at(ev.string(component)));
        }
        Ok(ev.list(&items))
    }),
];

/// The name ends before the first dash that no letter follows.
fn parse_drv_name(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let text = ev.plain_arg(args[0], pos, FIRST)?;
    let dash = (0..text.len())
        .find(|i| text[*i] == b'-' && text.get(i + 1).is_some_and(|byte| !byte.is_ascii_alphabetic()));
    let (name, version): (&[u8], &[u8]) = match dash {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    };
    let attrs = vec![ev.attr(sym::name, ev.string(name)), ev.attr(sym::version, ev.string(version))];
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

/// Takes the next component of a version: digits, or anything else; dots and dashes divide.
fn next<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    while let [b'.' | b'-', more @ ..] = *rest {
        *rest = more;
    }
    let first = rest.first()?;
    let digits = first.is_ascii_digit();
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_digit() != digits || matches!(byte, b'.' | b'-'))
        .unwrap_or(rest.len());
    let (component, more) = rest.split_at(end);
    *rest = more;
    Some(component)
}

/// `builtins.compareVersions`.
pub fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (one, other) = (next(&mut a), next(&mut b));
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
        if less(one, other) {
            return Ordering::Less;
        }
        if less(other, one) {
            return Ordering::Greater;
        }
    }
}

fn less(a: &[u8], b: &[u8]) -> bool {
    // As in C++ Nix, a component of digits too long for its integer counts as a word.
    let number =
        |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i32>().ok().filter(|_| text[0] != b'+');
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a < b,
        (None, Some(_)) if a.is_empty() => true,
        _ if a == b"pre" && b != b"pre" => true,
        _ if b == b"pre" => false,
        // A word comes before a number.
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (None, None) => a < b,
    }
}
