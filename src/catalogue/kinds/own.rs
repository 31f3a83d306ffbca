//! Keys that kinds bring: what type each has, how it is read and merged, what the schema says of it.
//!
//! A key that several kinds share stands in [`raw`](super::super::raw); one that is there for a kind alone stands
//! in that kind's file, and all that is done with keys is done by its type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::Kind;
use crate::catalogue::decode::{Decoder, Map, Spanned, Table};
use crate::catalogue::raw::List;
use crate::catalogue::schema;
use crate::diag::Span;

/// A key that a kind brings.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// Where it may stand.
    pub place: Place,
    /// What its value is.
    pub of: Type,
    /// What the schema says.
    pub about: &'static str,
}

/// Where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the extension.
    Extension,
    /// In a version.
    Version,
    /// In both; a version's replaces the extension's.
    Both,
}

/// The type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Arguments for a program.
    Flags,
    /// `true` or `false`.
    Switch,
    /// A word for each system.
    WordsBySystem,
    /// An SRI hash for each system and each major version of PostgreSQL.
    HashesBySystem,
}

/// A value as written.
#[derive(Clone, Debug)]
pub enum RawOwn {
    /// [`Type::Flags`].
    Flags(Spanned<List<String>>),
    /// [`Type::Switch`].
    Switch(Spanned<bool>),
    /// [`Type::WordsBySystem`].
    Words(Spanned<Map<String>>),
    /// [`Type::HashesBySystem`].
    Hashes(Spanned<Map<Map<String>>>),
}

impl RawOwn {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Flags(value) => value.span,
            Self::Switch(value) => value.span,
            Self::Words(value) => value.span,
            Self::Hashes(value) => value.span,
        }
    }
}

/// The keys of kinds that stand in one table.
#[derive(Clone, Debug, Default)]
pub struct Own(BTreeMap<&'static str, RawOwn>);

/// A value in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnValue {
    /// [`Type::Flags`].
    Flags(Vec<String>),
    /// [`Type::Switch`].
    Switch(bool),
    /// [`Type::WordsBySystem`].
    Words(BTreeMap<String, String>),
    /// [`Type::HashesBySystem`].
    Hashes(BTreeMap<String, BTreeMap<String, String>>),
}

/// Every key that some kind brings and that may stand in `place`, once.
fn keys(place: Place) -> Vec<Key> {
    let mut all: Vec<Key> = Vec::new();
    for key in Kind::all().flat_map(|kind| kind.keys()) {
        let here = key.place == place || key.place == Place::Both;
        if here && all.iter().all(|known| known.name != key.name) {
            all.push(*key);
        }
    }
    all
}

impl Own {
    /// Takes them out of a table.
    pub fn read(place: Place, table: &mut Table<'_, '_>, decoder: &mut Decoder) -> Self {
        let mut own = BTreeMap::new();
        for key in keys(place) {
            let value = match key.of {
                Type::Flags => table.optional(key.name, decoder).map(RawOwn::Flags),
                Type::Switch => table.optional(key.name, decoder).map(RawOwn::Switch),
                Type::WordsBySystem => table.optional(key.name, decoder).map(RawOwn::Words),
                Type::HashesBySystem => table.optional(key.name, decoder).map(RawOwn::Hashes),
            };
            own.extend(value.map(|value| (key.name, value)));
        }
        Self(own)
    }

    /// All that are given, with their names.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &RawOwn)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// All flags.
    pub fn flags(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.0.values().flat_map(|value| match value {
            RawOwn::Flags(flags) => flags.value.as_slice(),
            _ => &[],
        })
    }

    /// All hashes.
    pub fn hashes(&self) -> impl Iterator<Item = &Spanned<String>> {
        let maps = self.0.values().flat_map(|value| match value {
            RawOwn::Hashes(systems) => systems.value.0.as_slice(),
            _ => &[],
        });
        maps.flat_map(|(_, majors)| majors.value.0.iter().map(|(_, hash)| hash))
    }

    /// The hashes under `key`: system, major version of PostgreSQL, hash.
    pub fn hashes_under(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (&Spanned<String>, &Spanned<String>, &Spanned<String>)> {
        let systems = match self.0.get(key) {
            Some(RawOwn::Hashes(systems)) => systems.value.0.as_slice(),
            _ => &[],
        };
        systems.iter().flat_map(|(system, majors)| {
            majors.value.0.iter().map(move |(major, hash)| (system, major, hash))
        })
    }

    /// The word under `key` for a system.
    pub fn word(&self, key: &str, system: &str) -> Option<&String> {
        let Some(RawOwn::Words(words)) = self.0.get(key) else { return None };
        words.value.0.iter().find(|(name, _)| name.value == system).map(|(_, word)| &word.value)
    }

    /// All systems that are named.
    pub fn systems(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.0.values().flat_map(|value| -> Vec<&Spanned<String>> {
            match value {
                RawOwn::Flags(_) | RawOwn::Switch(_) => Vec::new(),
                RawOwn::Words(words) => words.value.0.iter().map(|(system, _)| system).collect(),
                RawOwn::Hashes(hashes) => hashes.value.0.iter().map(|(system, _)| system).collect(),
            }
        })
    }
}

/// An extension's keys with those of a version in place of them.
pub fn merged(extension: &Own, version: &Own) -> BTreeMap<&'static str, OwnValue> {
    let words = |map: &Map<String>| -> BTreeMap<String, String> {
        map.0.iter().map(|(name, text)| (name.value.clone(), text.value.clone())).collect()
    };
    let value = |raw: &RawOwn| match raw {
        RawOwn::Flags(flags) => OwnValue::Flags(flags.value.iter().map(|flag| flag.value.clone()).collect()),
        RawOwn::Switch(switch) => OwnValue::Switch(switch.value),
        RawOwn::Words(map) => OwnValue::Words(words(&map.value)),
        RawOwn::Hashes(map) => {
            let systems = map.value.0.iter();
            OwnValue::Hashes(systems.map(|(name, map)| (name.value.clone(), words(&map.value))).collect())
        }
    };
    let mut all: BTreeMap<_, _> =
        extension.0.iter().chain(&version.0).map(|(name, raw)| (*name, value(raw))).collect();
    // A version takes an extension's flags back with none.
    all.retain(|_, value| *value != OwnValue::Flags(Vec::new()));
    all
}

fn schema_of(place: Place, generator: &mut SchemaGenerator) -> Schema {
    let mut properties = serde_json::Map::new();
    for key in keys(place) {
        let mut property = match key.of {
            Type::Flags => json!({ "type": "array", "items": { "type": "string" } }),
            Type::Switch => json!({ "type": "boolean" }),
            Type::WordsBySystem => json!({
                "type": "object",
                "additionalProperties": { "type": "string" },
                "propertyNames": generator.subschema_for::<schema::System>().to_value(),
            }),
            Type::HashesBySystem => json!({
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": generator.subschema_for::<schema::Hash>().to_value(),
                    "propertyNames": { "pattern": "^[0-9]+$" },
                },
                "propertyNames": generator.subschema_for::<schema::System>().to_value(),
            }),
        };
        property["description"] = Value::from(key.about);
        properties.insert(key.name.to_owned(), property);
    }
    json_schema!({ "type": "object", "properties": properties })
}

/// The schema of an extension's own keys.
pub struct OfExtension;
/// The schema of a version's own keys.
pub struct OfVersion;

macro_rules! flattened {
    ($($type:ident at $place:expr;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                schema_of($place, generator)
            }
        }
    )*};
}

flattened! {
    OfExtension at Place::Extension;
    OfVersion at Place::Version;
}
