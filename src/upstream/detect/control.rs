//! Control files: `NAME.control`, in the syntax of postgresql.conf.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{InlineTable, Value};

use crate::catalogue::model::{Control, OneControl};
use crate::upstream::edit::strings;

/// The settings of a control file.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        let Some(end) = line.find(|c: char| c.is_whitespace() || c == '=') else { continue };
        if line.starts_with('#') {
            continue;
        }
        let rest = line[end..].trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
        settings.insert(line[..end].to_lowercase(), value(rest));
    }
    settings
}

fn value(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('\'') else {
        return text.split('#').next().unwrap_or_default().trim().to_owned();
    };
    let mut out = String::new();
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                out.push('\'');
            }
            '\'' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// The version that CREATE EXTENSION installs; `None` where a build puts it in (`@VERSION@`, `EXTVERSION`).
pub fn default_version(text: &str) -> Option<String> {
    parse(text).remove("default_version").filter(|version| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    })
}

/// What it says of who may create the extension, and where; `None` where a build puts that in.
pub fn rights(text: &str) -> Option<OneControl> {
    let settings = parse(text);
    let usual = OneControl::default();
    let switch = |key: &str, usual: bool| match settings.get(key) {
        None => Some(usual),
        // As PostgreSQL reads them, but for abbreviations that nobody writes.
        Some(value) => match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
    };
    let schema = settings.get("schema").filter(|schema| !schema.is_empty());
    // @SCHEMA@, SCHEMA.
    if schema.is_some_and(|schema| schema.contains('@') || !schema.contains(|c: char| c.is_ascii_lowercase()))
    {
        return None;
    }
    Some(OneControl {
        trusted: switch("trusted", usual.trusted)?,
        relocatable: switch("relocatable", usual.relocatable)?,
        superuser: switch("superuser", usual.superuser)?,
        schema: schema.cloned(),
    })
}

/// The key `control` that says it: what is as PostgreSQL takes it anyway is left out.
pub fn key(control: &Control) -> InlineTable {
    let mut table = InlineTable::new();
    let mut switch = |key: &str, usual: bool, holds: fn(&OneControl) -> bool| {
        let names = control.names(holds);
        let value = match names.len() {
            0 => Value::from(false),
            count if count == control.0.len() => Value::from(true),
            _ => strings(names),
        };
        if value.as_bool() != Some(usual) {
            table.insert(key, value);
        }
    };
    let usual = OneControl::default();
    switch("trusted", usual.trusted, |one| one.trusted);
    switch("relocatable", usual.relocatable, |one| one.relocatable);
    switch("superuser", usual.superuser, |one| one.superuser);
    let schemas: BTreeSet<&str> = control.schemas().map(|(_, schema)| schema).collect();
    match schemas.first() {
        None => {}
        Some(schema) if schemas.len() == 1 && control.schemas().count() == control.0.len() => {
            table.insert("schema", Value::from(*schema));
        }
        Some(_) => {
            let by_name: InlineTable = control.schemas().collect();
            table.insert("schema", Value::from(by_name));
        }
    }
    if table.is_empty() {
        // Known, and nothing but what is usual.
        table.insert("relocatable", Value::from(false));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::names::SqlName;

    #[test]
    fn who_may_create_it() {
        let usual = OneControl::default();
        assert_eq!(rights("comment = 'x'\n"), Some(usual.clone()));
        assert_eq!(
            rights("trusted = true\nrelocatable='on'\nsuperuser = no\nschema = 'pgmq'\n"),
            Some(OneControl {
                trusted: true,
                relocatable: true,
                superuser: false,
                schema: Some("pgmq".to_owned())
            })
        );
        for unknown in ["relocatable = @RELOCATABLE@", "schema = SCHEMA", "schema = '@extschema@'"] {
            assert_eq!(rights(unknown), None, "{unknown}");
        }
        let one = |relocatable, schema: Option<&str>| OneControl {
            relocatable,
            schema: schema.map(str::to_owned),
            ..OneControl::default()
        };
        let of = |all: &[(&str, OneControl)]| {
            let all = all.iter().map(|(name, one)| (SqlName::new(*name), one.clone()));
            key(&Control(all.collect())).to_string()
        };
        assert_eq!(of(&[("a", one(false, None))]), "{ relocatable = false }");
        assert_eq!(
            of(&[("a", one(true, Some("s"))), ("b", one(true, Some("s")))]),
            r#"{ relocatable = true, schema = "s" }"#
        );
        assert_eq!(
            of(&[("a", one(true, None)), ("b", one(false, Some("s")))]),
            r#"{ relocatable = ["a"], schema = { b = "s" } }"#
        );
    }

    #[test]
    fn as_people_write_them() {
        let text = "# comment\ncomment = 'it''s \\'good\\' # really'\ndefault_version='1.6' # now\nrequires= 'plpgsql, hypopg'\nrelocatable = true\n\nschema pgmq\n";
        let settings = parse(text);
        assert_eq!(settings["comment"], "it's 'good' # really");
        assert_eq!(settings["relocatable"], "true");
        assert_eq!(settings["schema"], "pgmq");
        assert_eq!(default_version(text).as_deref(), Some("1.6"));
        assert_eq!(default_version("default_version = '@CARGO_VERSION@'"), None);
        assert_eq!(default_version("default_version = 'EXTVERSION'"), None);
    }
}
