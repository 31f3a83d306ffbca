//! `builtins.toJSON` and `builtins.fromJSON`.

use super::{Builtin, FIRST, prefixed};
use crate::attrs::Attrs;
use crate::coerce::ContextSet;
use crate::error::{Error, Kind};
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed("toJSON", "!value", "A value as JSON text.", |ev, args, pos| {
        let value = ev.force(args[0])?;
        let mut set = ContextSet::default();
        let mut out = Vec::new();
        ev.write_json(value, true, &mut set, &mut out, pos)?;
        ev.room_for(out.len())?;
        Ok(ev.string_with(ev.heap.slice(&out), set))
    }),
    prefixed("fromJSON", "!text", "The value of a text that is JSON.", |ev, args, pos| {
        let text = ev.plain_arg(args[0], pos, FIRST)?;
        let text = &*integer_zeros(text);
        let mut input = serde_json::Deserializer::from_slice(text);
        input.disable_recursion_limit();
        let seed = Seed { ev: &mut *ev, depth: 0 };
        let value = serde::de::DeserializeSeed::deserialize(seed, &mut input)
            .and_then(|value| input.end().map(|()| value));
        if ev.heap.exceeded() {
            return ev.out_of_memory();
        }
        value.map_err(|error| {
            let own = error.classify() == serde_json::error::Category::Data;
            if let Some(message) = if own { None } else { super::json_errors::explain(text) } {
                return Error::at(Kind::Other, message, pos).frame(pos, "while decoding a JSON string");
            }
            // What does not fit into a value, said without the place that serde adds.
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
            Error::at(Kind::Other, message.to_owned(), pos).frame(pos, "while decoding a JSON string")
        })
    }),
];

fn without_nul<E: serde::de::Error>(text: &str) -> std::result::Result<(), E> {
    if !text.contains('\0') {
        return Ok(());
    }
    let shown = text.replace('\0', "␀");
    Err(E::custom(format!(
        "input string '{shown}' cannot be represented as Nix string because it contains null bytes"
    )))
}

/// `-0` is an integer, which serde takes for a float.
fn integer_zeros(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let is_zero = |at: usize| {
        text[at..].starts_with(b"-0")
            && !text.get(at + 2).is_some_and(|byte| byte.is_ascii_digit() || b".eE".contains(byte))
    };
    if !(0..text.len()).any(is_zero) {
        return text.into();
    }
    let mut out = text.to_vec();
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'-' if !in_string && is_zero(at) => out[at] = b' ',
            _ => {}
        }
    }
    out.into()
}

/// Writes a JSON string; text that is not UTF-8 is an error, as in Nix.
pub(crate) fn string(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), |_| 0);
        let byte = bytes.get(at).copied().unwrap_or_default();
        let message = format!(
            "JSON serialization error: [json.exception.type_error.316] invalid UTF-8 byte at index {at}: 0x{byte:02X}"
        );
        return Err(Error::new(Kind::Other, message));
    };
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            '\u{8}' => out.extend(b"\\b"),
            '\u{c}' => out.extend(b"\\f"),
            c if (c as u32) < 0x20 => out.extend(format!("\\u{:04x}", c as u32).bytes()),
            c => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out.push(b'"');
    Ok(())
}

/// A number as C++'s JSON library prints it: shortest digits, always with a point or exponent.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

impl Ev {
    /// Writes `value` as JSON, evaluating all of it.
    pub fn write_json(
        &mut self,
        value: Value,
        copy: bool,
        set: &mut ContextSet,
        out: &mut Vec<u8>,
        pos: Pos,
    ) -> Result<()> {
        self.step_writing(out)?;
        match value {
            Value::Null => out.extend(b"null"),
            Value::Bool(value) => out.extend(value.to_string().bytes()),
            Value::Int(number) => out.extend(number.to_string().bytes()),
            Value::Float(number) => out.extend(float(number).bytes()),
            Value::String(text) => {
                set.add(text.context);
                string(text.bytes, out)?;
            }
            Value::Path(path) => {
                let bytes = if copy { self.path_to_store(path.bytes, set)? } else { path.bytes };
                string(bytes, out)?;
            }
            Value::List(list) => {
                out.push(b'[');
                for (n, item) in list.items.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    let item = self
                        .force(item)
                        .and_then(|item| self.deeper(pos, |ev| ev.write_json(item, copy, set, out, pos)));
                    item.map_err(|error| {
                        error.frame(pos, format!("while evaluating list element at index {n}"))
                    })?;
                    self.part_done_keeping(set);
                }
                out.push(b']');
            }
            Value::Attrs(attrs) => {
                if let Some(text) = self.call_to_string(attrs, pos)? {
                    let how = crate::coerce::Coerce { more: false, copy: false };
                    let bytes =
                        self.coerce(text, set, how, pos, "while evaluating the result of `__toString`")?;
                    return string(bytes, out);
                }
                if let Some(path) = attrs.get(sym::out_path) {
                    let path = self.force(path.value)?;
                    return self.deeper(pos, |ev| ev.write_json(path, copy, set, out, pos));
                }
                out.push(b'{');
                for (n, attr) in self.sorted(attrs).iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    let name = self.text(attr.name).bytes;
                    string(name, out)?;
                    out.push(b':');
                    let item = self.force(attr.value).and_then(|item| {
                        self.deeper(attr.pos, |ev| ev.write_json(item, copy, set, out, attr.pos))
                    });
                    item.map_err(|error| {
                        let name = String::from_utf8_lossy(name);
                        error.frame(attr.pos, format!("while evaluating attribute '{name}'"))
                    })?;
                    self.part_done_keeping(set);
                }
                out.push(b'}');
            }
            value => {
                let message = format!("cannot convert {} to JSON", value.describe());
                return Err(Error::at(Kind::Type, message, pos));
            }
        }
        Ok(())
    }
}

/// Builds values while reading JSON.
struct Seed<'e> {
    ev: &'e mut Ev,
    depth: usize,
}

/// Values nested this deep are refused before the stack ends.
const MAX_DEPTH: usize = 100_000;

impl<'de> serde::de::DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> std::result::Result<Value, D::Error> {
        if self.depth > MAX_DEPTH || self.ev.heap.exceeded() {
            return Err(serde::de::Error::custom("the value is nested too deeply"));
        }
        stacker::maybe_grow(64 << 10, 4 << 20, || input.deserialize_any(self))
    }
}

impl<'de> serde::de::Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) => Err(E::custom(format!("unsigned json number {number} outside of Nix integer range"))),
        }
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Value, E> {
        without_nul(text)?;
        Ok(self.ev.string(text.as_bytes()))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(value) = seq.next_element_seed(Seed { ev: &mut *self.ev, depth: self.depth + 1 })? {
            items.push(self.ev.at(value));
        }
        Ok(self.ev.list(&items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let mut attrs = Vec::new();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            without_nul(&key)?;
            let value = map.next_value_seed(Seed { ev: &mut *self.ev, depth: self.depth + 1 })?;
            attrs.push(self.ev.attr_named(&key, value));
        }
        // Of two members with the same name the last counts.
        attrs.reverse();
        Ok(Value::Attrs(Attrs::from_unsorted(self.ev.heap, attrs)))
    }
}
