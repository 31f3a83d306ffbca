//! `builtins.fromTOML`.

use super::{Builtin, FIRST, bare};
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::error::{Error, Kind};
use crate::nix::eval::machine::{Ev, Result};
use crate::nix::eval::value::Value;

pub(super) const TABLE: &[Builtin] = &[bare("fromTOML", 1, |ev, args, pos| {
    let text = ev.plain_arg(args[0], pos, FIRST)?;
    let fail = |message: String| Error::at(Kind::Other, format!("while parsing TOML: {message}"), pos);
    let text = std::str::from_utf8(text).map_err(|error| fail(error.to_string()))?;
    // What the parser makes of a text is up to some eighty times as large.
    ev.room_for(text.len().saturating_mul(80))?;
    let table: toml::Table = toml::from_str(text).map_err(|error| fail(error.message().to_owned()))?;
    convert(ev, &toml::Value::Table(table))
})];

fn convert(ev: &mut Ev, value: &toml::Value) -> Result<Value> {
    Ok(match value {
        toml::Value::Boolean(value) => Value::Bool(*value),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::String(text) => ev.string(text.as_bytes()),
        toml::Value::Array(items) => {
            let items =
                items.iter().map(|item| ev.with_stack(|ev| convert(ev, item))).collect::<Result<Vec<_>>>()?;
            let items: Vec<_> = items.into_iter().map(|item| ev.at(item)).collect();
            ev.list(&items)
        }
        toml::Value::Table(table) => {
            let mut attrs = Vec::with_capacity(table.len());
            for (key, value) in table {
                let value = ev.with_stack(|ev| convert(ev, value))?;
                attrs.push(ev.attr_named(key, value));
            }
            Value::Attrs(Attrs::from_unsorted(ev.heap, attrs))
        }
        toml::Value::Datetime(_) => {
            return Err(Error::new(Kind::Other, "while parsing TOML: Dates and times are not supported"));
        }
    })
}
