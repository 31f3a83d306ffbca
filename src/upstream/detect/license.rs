//! A licence by the words of its text, or by its name in META.json and Cargo.toml.

use serde_json::Value;

use super::Detected;
use crate::catalogue::licenses;
use crate::store::archive::SourceTree;

/// Words that only one licence has, most particular first, and nixpkgs' name for it.
const MARKS: [(&[&str], &str); 16] = [
    (&["gnu affero general public license", "version 3"], "agpl3Only"),
    (&["gnu lesser general public license", "version 3"], "lgpl3Only"),
    (&["gnu lesser general public license", "version 2.1"], "lgpl21Only"),
    (&["gnu general public license", "version 3"], "gpl3Only"),
    (&["gnu general public license", "version 2"], "gpl2Only"),
    (&["apache license", "version 2.0"], "asl20"),
    (&["mozilla public license", "2.0"], "mpl20"),
    (&["postgresql license"], "postgresql"),
    (&["postgresql licence"], "postgresql"),
    (
        &[
            "permission to use, copy, modify, and distribute this software and its documentation for any purpose, without fee",
        ],
        "postgresql",
    ),
    (&["permission is hereby granted, free of charge, to any person obtaining"], "mit"),
    (&["permission to use, copy, modify, and/or distribute this software for any purpose"], "isc"),
    (&["permission to use, copy, modify, and distribute this software for any purpose"], "isc"),
    (&["redistribution and use in source and binary forms", "endorse or promote products"], "bsd3"),
    (&["redistribution and use in source and binary forms"], "bsd2"),
    (&["this is free and unencumbered software released into the public domain"], "unlicense"),
];

/// PGXN's names for licences (version 1 of its specification; from 2 on they are SPDX ids), where nixpkgs has them.
const PGXN: [(&str, &str); 20] = [
    ("agpl_3", "agpl3Only"),
    ("apache_1_1", "asl11"),
    ("apache_2_0", "asl20"),
    ("artistic_1", "artistic1"),
    ("artistic_2", "artistic2"),
    ("bsd", "bsd3"),
    ("freebsd", "bsd2"),
    ("gfdl_1_2", "fdl12Only"),
    ("gfdl_1_3", "fdl13Only"),
    ("gpl_1", "gpl1Only"),
    ("gpl_2", "gpl2Only"),
    ("gpl_3", "gpl3Only"),
    ("lgpl_2_1", "lgpl21Only"),
    ("lgpl_3_0", "lgpl3Only"),
    ("mit", "mit"),
    ("mozilla_1_0", "mpl10"),
    ("mozilla_1_1", "mpl11"),
    ("openssl", "openssl"),
    ("postgresql", "postgresql"),
    ("zlib", "zlib"),
];

/// The licence that a text names: PGXN's word for it, an SPDX id (the first of several to choose from), or how people
/// write it.
fn named(name: &str) -> Option<&'static str> {
    let lower = name.trim().to_lowercase();
    let word: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if let Some((_, attribute)) = PGXN.iter().find(|(known, _)| *known == word) {
        return Some(attribute);
    }
    let spdx = |id: &str| {
        let mut all = licenses::ALL.iter().filter(|license| license.free);
        let found = all.find(|license| license.spdx.is_some_and(|spdx| spdx.eq_ignore_ascii_case(id)));
        found.map(|license| license.name)
    };
    let ids = lower.split([' ', '/', '(', ')']).filter(|id| !matches!(*id, "" | "or" | "and" | "with"));
    let texts = || {
        let all = MARKS.iter().find(|(marks, _)| marks.iter().all(|mark| lower.contains(mark)));
        all.map(|(_, attribute)| *attribute)
    };
    spdx(lower.as_str())
        .or_else(|| {
            if lower.contains(" or ") || lower.contains('/') { ids.clone().find_map(spdx) } else { None }
        })
        .or_else(texts)
        .or_else(|| licenses::ALL.iter().find(|license| license.name.to_lowercase() == lower).map(|l| l.name))
}

/// The first licence of META.json that has a name here: a text, a list of some, or a map from name to address.
fn of_meta(meta: &Value) -> Option<&'static str> {
    match meta.get("license")? {
        Value::String(name) => named(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find_map(named),
        Value::Object(names) => {
            let address =
                |address: &Value| named(address.as_str()?.trim_end_matches('/').rsplit('/').next()?);
            names.iter().find_map(|(name, at)| named(name).or_else(|| address(at)))
        }
        _ => None,
    }
}

fn of_cargo(text: &str) -> Option<&'static str> {
    let table: toml::Table = text.parse().ok()?;
    named(table.get("package")?.get("license")?.as_str()?)
}

/// The licence of the file at the top that looks like one; else what META.json or Cargo.toml call it; else what the
/// README says.
pub fn find(
    tree: &SourceTree,
    paths: &[String],
    meta: Option<&Value>,
    cargo: Option<&str>,
) -> std::io::Result<Option<Detected<&'static str>>> {
    let is_licence = |path: &&String| {
        let upper = path.to_uppercase();
        !path.contains('/') && ["LICEN", "COPYING", "COPYRIGHT"].iter().any(|start| upper.starts_with(start))
    };
    let readme = |path: &&String| !path.contains('/') && path.to_uppercase().starts_with("README");
    if let Some(found) = by_text(tree, paths.iter().filter(is_licence))? {
        return Ok(Some(found));
    }
    if let Some(attribute) = meta.and_then(of_meta) {
        return Ok(Some(Detected::new(attribute, "META.json")));
    }
    if let Some(attribute) = cargo.and_then(of_cargo) {
        return Ok(Some(Detected::new(attribute, "Cargo.toml")));
    }
    by_text(tree, paths.iter().filter(readme))
}

fn by_text<'p>(
    tree: &SourceTree,
    paths: impl Iterator<Item = &'p String>,
) -> std::io::Result<Option<Detected<&'static str>>> {
    for path in paths {
        let Some(bytes) = tree.file(path)? else { continue };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        // Some have it as a comment of C.
        let text: Vec<&str> =
            text.split_whitespace().filter(|word| !matches!(*word, "*" | "//" | "#")).collect();
        let text = text.join(" ");
        let found = MARKS.iter().find(|(marks, _)| marks.iter().all(|mark| text.contains(mark)));
        if let Some((_, attribute)) = found {
            return Ok(Some(Detected::new(*attribute, path.clone())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_licences() {
        for (name, attribute) in [
            ("postgresql", Some("postgresql")),
            ("PostgreSQL", Some("postgresql")),
            ("The PostgreSQL License", Some("postgresql")),
            ("apache_2_0", Some("asl20")),
            ("Apache-2.0", Some("asl20")),
            ("Apache License, Version 2.0", Some("asl20")),
            ("MIT OR Apache-2.0", Some("mit")),
            ("MIT/Apache-2.0", Some("mit")),
            ("BSD-3-Clause", Some("bsd3")),
            ("GPL-2.0-or-later", Some("gpl2Plus")),
            ("restricted", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(named(name), attribute, "{name}");
        }
        for (_, attribute) in PGXN {
            assert!(licenses::find(attribute).is_some(), "{attribute}");
        }
        let meta =
            |license: &str| of_meta(&serde_json::from_str(&format!("{{\"license\": {license}}}")).unwrap());
        assert_eq!(meta(r#""postgresql""#), Some("postgresql"));
        assert_eq!(meta(r#"["open_source", "apache_2_0"]"#), Some("asl20"));
        assert_eq!(meta(r#"{"mit": "https://example.org/licence"}"#), Some("mit"));
        assert_eq!(meta(r#"{"ours": "https://spdx.org/licenses/ISC"}"#), Some("isc"));
        assert_eq!(meta("7"), None);
    }
}
