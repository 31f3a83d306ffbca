//! JSON Schema of the catalogue's files, for editors.
//!
//! Made from the structs in [`raw`](super::raw); here is what their types alone do not say: patterns,
//! enumerations, and that TOML has no null.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::model;
use super::raw::{
    Default, Installcheck, Map, OneOrMany, Preload, RawExtension, RawFetched, RawFlake, RawInstallcheck,
    RawPgrxFile, RawPostgresqls, RawSetting, RawSource, SchemaOf, Spanned, Which,
};
use super::{ci, licenses, systems};

/// The schemas by file: `flake`, `postgresql`, `pgrx`, `extension`.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("flake", of::<RawFlake>()),
        ("postgresql", of::<RawPostgresqls>()),
        ("pgrx", of::<RawPgrxFile>()),
        ("extension", of::<RawExtension>()),
    ]
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(NoNull);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Optional keys are left out, never null, of which TOML has none; descriptions are one line.
#[derive(Clone)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        // Line breaks in doc comments are for the source only.
        if let Some(Value::String(description)) = object.get_mut("description") {
            *description = description.replace('\n', " ");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|of| of != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".into(), only);
            }
        }
        if let Some(Value::Array(any)) = object.get_mut("anyOf") {
            any.retain(|schema| schema.get("type").is_none_or(|of| of != "null"));
            if let [Value::Object(only)] = any.as_slice() {
                let only = only.clone();
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// A schema by hand, for a type that only exists to carry it or that is decoded by hand.
macro_rules! by_hand {
    ($($(#[$doc:meta])* $type:ident => |$generator:ident| $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).trim_start_matches("Raw").into()
            }
            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

fn switch_or_texts() -> Schema {
    json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string" } }] })
}

fn text_or_texts() -> Schema {
    json_schema!({
        "anyOf": [
            { "type": "string" },
            { "type": "object", "additionalProperties": { "type": "string" } },
        ],
    })
}

/// An SRI hash.
pub struct Hash;
/// An attribute name of nixpkgs' lib.licenses.
pub struct License;
/// A Nix system.
pub struct System;
/// An address.
pub struct Url;
/// A TCP port.
pub struct Port;
/// How an extension is built.
pub struct Kind;
/// Whose pipelines are generated.
pub struct Service;
/// A workflow of GitHub's.
pub struct Workflow;
/// A machine that GitHub lends.
pub struct Runner;

by_hand! {
    Hash => |_g| json_schema!({
        "description": "SRI hash: sha256-… or sha512-…, as `nix hash` prints it.",
        "type": "string",
        "pattern": r"^(sha256-[A-Za-z0-9+/]{43}=|sha512-[A-Za-z0-9+/]{86}==)$",
    });
    License => |_g| json_schema!({
        "description": "Attribute name in nixpkgs' lib.licenses.",
        "type": "string",
        "enum": licenses::ALL.iter().map(|license| license.name).collect::<Vec<_>>(),
    });
    System => |_g| json_schema!({
        "description": "A Nix system.",
        "type": "string",
        "enum": systems::KNOWN,
    });
    Service => |_g| json_schema!({ "type": "string", "enum": ci::Service::ALL.map(|(name, _)| name) });
    Workflow => |_g| json_schema!({ "type": "string", "enum": ci::Workflow::ALL.map(|(name, _)| name) });
    Runner => |_g| json_schema!({ "type": "string", "enum": ci::RUNNERS.map(|(label, _)| label) });
    Url => |_g| json_schema!({ "type": "string", "pattern": "^https?://" });
    Port => |_g| json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535 });
    Kind => |_g| json_schema!({
        "description": "How the extension is built.",
        "oneOf": model::Kind::all().map(|kind| serde_json::json!({
            "const": kind.name(),
            "description": kind.describe(),
        })).collect::<Vec<_>>(),
    });
    RawSource => |generator| {
        let fetched = generator.subschema_for::<RawFetched>();
        json_schema!({
            "description": "Where the source comes from: a table with exactly one of github, url and git; or \"nixpkgs\".",
            "anyOf": [{ "const": "nixpkgs" }, fetched],
        })
    };
    RawSetting => |_g| json_schema!({
        "description": "A postgresql.conf value; { file = \"…\" } is an executable file of the catalogue.",
        "anyOf": [
            { "type": ["string", "number", "boolean"] },
            {
                "type": "object",
                "properties": { "file": { "type": "string", "description": "Relative to the catalogue folder." } },
                "required": ["file"],
                "additionalProperties": false,
            },
        ],
    });
    Installcheck => |generator| {
        let told = generator.subschema_for::<RawInstallcheck>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, told] })
    };
    Preload => |_g| switch_or_texts();
    Which => |_g| switch_or_texts();
    SchemaOf => |_g| text_or_texts();
    Default => |_g| text_or_texts();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::de::DeTable;

    use super::*;
    use crate::catalogue::decode::{Decoder, Table};
    use crate::catalogue::raw::{
        RawAction, RawCache, RawCargoPgrx, RawCi, RawControl, RawDatabase, RawInput, RawPostgresql, RawPush,
        RawServer, RawTest, RawUser, RawVersion,
    };
    use crate::catalogue::read::Read;
    use crate::diag::{SourceMap, Span};

    /// The keys the decoder knows, and which of them it asks for.
    fn decoded<T: Read>() -> (BTreeSet<String>, BTreeSet<String>) {
        let source = SourceMap::new().add("x.toml", "");
        let empty = DeTable::new();
        let mut decoder = Decoder::new(source, T::WHAT);
        let mut table = Table::root(&empty, Span::new(source, 0..0), T::WHAT);
        T::read(&mut table, &mut decoder);
        let known = table.finish(&mut decoder).into_iter().map(str::to_owned).collect();
        let missing = decoder.found.iter().filter_map(|finding| finding.message.split('`').nth(1));
        (known, missing.map(str::to_owned).collect())
    }

    fn same_keys<T: Read + JsonSchema>(required_by_rules: &[&str], depends: &[&str]) {
        let schema = of::<T>();
        let keys = schema["properties"].as_object().expect("a table").keys().cloned().collect();
        let (known, mut missing) = decoded::<T>();
        assert_eq!(known, keys, "{}", T::WHAT);
        let required: BTreeSet<String> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|key| key.as_str().map(str::to_owned))
            .collect();
        missing.extend(required_by_rules.iter().map(|key| (*key).to_owned()));
        missing.retain(|key| !depends.contains(&key.as_str()));
        assert_eq!(missing, required, "{}", T::WHAT);
        assert_eq!(schema["additionalProperties"], false, "{}", T::WHAT);
    }

    #[test]
    fn schema_and_decoder_know_the_same_keys() {
        same_keys::<RawFlake>(&[], &[]);
        // Asked for beside `nar-hash`.
        same_keys::<RawInput>(&["last-modified"], &[]);
        same_keys::<RawCache>(&[], &[]);
        same_keys::<RawCi>(&[], &[]);
        same_keys::<RawAction>(&[], &[]);
        same_keys::<RawServer>(&[], &[]);
        same_keys::<RawUser>(&[], &[]);
        same_keys::<RawDatabase>(&[], &[]);
        same_keys::<RawPush>(&[], &[]);
        same_keys::<RawPostgresqls>(&["postgresql"], &[]);
        same_keys::<RawPostgresql>(&[], &[]);
        same_keys::<RawPgrxFile>(&["cargo-pgrx"], &[]);
        same_keys::<RawCargoPgrx>(&[], &[]);
        // `kind` may be left out with source = "nixpkgs".
        same_keys::<RawExtension>(&[], &["kind"]);
        same_keys::<RawVersion>(&[], &[]);
        same_keys::<RawFetched>(&[], &[]);
        same_keys::<RawControl>(&[], &[]);
        same_keys::<RawInstallcheck>(&[], &[]);
        same_keys::<RawTest>(&[], &[]);
    }

    #[test]
    fn nothing_in_a_schema_may_be_null_and_every_key_is_described() {
        for (name, schema) in schemas() {
            assert!(!schema.to_string().contains("\"null\""), "{name}");
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            let nested = schema["$defs"].as_object().into_iter().flat_map(|defs| defs.values());
            for table in std::iter::once(&schema).chain(nested) {
                for (key, property) in table["properties"].as_object().into_iter().flatten() {
                    assert!(property["description"].is_string(), "{name}: {key}");
                }
            }
        }
    }
}
