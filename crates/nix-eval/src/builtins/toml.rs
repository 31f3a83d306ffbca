//! `builtins.fromTOML`: TOML 1.0 with the messages of toml11, which Nix reads it with. Libraries
//! read 1.1 by now, which has more.

mod document;
mod numbers;
mod parse;
mod scan;

use super::{Builtin, bare};
use crate::attrs::Attrs;
use crate::error::{Error, Kind};
use crate::machine::{Ev, Result};
use crate::value::Value;
use document::Node;

pub(super) const TABLE: &[Builtin] =
    &[bare("fromTOML", "!text", "The value of a text that is TOML.", |ev, args, pos| {
        let text = ev.plain_arg(args[0], pos, "while evaluating the argument passed to builtins.fromTOML")?;
        // What the parser makes of a text is up to some eighty times as large.
        ev.room_for(text.len().saturating_mul(80))?;
        let fail = |message: String| Error::at(Kind::Other, format!("while parsing TOML: {message}"), pos);
        let document = parse::document(text).map_err(fail)?;
        convert(ev, &Node::Table(document)).map_err(|mut error| {
            if error.pos == 0 {
                error.pos = pos;
            }
            error
        })
    })];

fn without_nul(text: &[u8]) -> Result<&[u8]> {
    if !text.contains(&0) {
        return Ok(text);
    }
    let shown = String::from_utf8_lossy(text).replace('\0', "␀");
    let message = format!(
        "while parsing TOML: error: input string '{shown}' cannot be represented as Nix string because it contains null bytes"
    );
    Err(Error::new(Kind::Other, message))
}

fn convert(ev: &mut Ev, node: &Node) -> Result<Value> {
    Ok(match node {
        Node::Bool(value) => Value::Bool(*value),
        Node::Int(number) => Value::Int(*number),
        Node::Float(number) => Value::Float(*number),
        Node::Text(text) => ev.string(without_nul(text)?),
        Node::Array(array) => {
            let items = array.items.iter().map(|item| ev.with_stack(|ev| convert(ev, item)));
            let items = items.collect::<Result<Vec<_>>>()?;
            let items: Vec<_> = items.into_iter().map(|item| ev.at(item)).collect();
            ev.list(&items)
        }
        Node::Table(table) => {
            let mut attrs = Vec::with_capacity(table.entries.len());
            for (key, node) in &table.entries {
                without_nul(key)?;
                let value = ev.with_stack(|ev| convert(ev, node))?;
                let name = ev.intern(key);
                attrs.push(ev.attr(name, value));
            }
            Value::Attrs(Attrs::from_unsorted(ev.heap, attrs))
        }
        Node::Date(text) if ev.shared.settings.toml_timestamps => {
            let (kind, text) = (ev.string(b"timestamp"), ev.string(text.as_bytes()));
            let attrs = vec![ev.named("_type", ev.at(kind)), ev.named("value", ev.at(text))];
            ev.set_of(attrs)
        }
        Node::Date(_) => {
            return Err(Error::new(Kind::Other, "while parsing TOML: Dates and times are not supported"));
        }
    })
}
