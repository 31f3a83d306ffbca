//! Any bytes as catalogue files: the loader must answer, its findings must point into the texts, and they
//! must be printable in every format.
//!
//! A line of the form `--- PATH` begins a file, so that a corpus can be made from real catalogues; text
//! before the first such line is an extension's file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgflakegen::catalogue::{self, Files};
use pgflakegen::diag::{Diagnostics, Format, SourceMap, emit};

const FLAKE: &[u8] = include_bytes!("../../tests/cases/catalogue/okay-minimal/catalogue/flake.toml");
const POSTGRESQL: &[u8] = include_bytes!("../../tests/cases/catalogue/okay-minimal/catalogue/postgresql.toml");

fuzz_target!(|data: &[u8]| {
    let mut files = Files::new();
    files.insert("flake.toml", FLAKE);
    files.insert("postgresql.toml", POSTGRESQL);
    let mut path = "extensions/fuzz.toml".to_owned();
    let mut text: Vec<u8> = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if let Some(next) = line.strip_prefix(b"--- ") {
            files.insert(path, std::mem::take(&mut text));
            path = String::from_utf8_lossy(next).trim().to_owned();
        } else {
            text.extend_from_slice(line);
        }
    }
    files.insert(path, text);

    let mut sources = SourceMap::new();
    let mut found = Diagnostics::new();
    let loaded = catalogue::load_from(&files, &mut sources, &mut found);
    assert_eq!(loaded.is_none(), found.has_errors());
    for finding in found.iter() {
        for label in finding.primary.iter().chain(&finding.secondary) {
            assert!(sources.text(label.span.source).get(label.span.range()).is_some());
        }
    }
    for format in [Format::Text, Format::Json, Format::Github] {
        let _ = emit(&found, &sources, format, false, &mut Vec::new());
    }
});
