//! Any text as a hand-written derivation, alone and as the file of a table of versions, and any bytes as
//! versions.json: an entry that is TOML and an override that is Nix, or a reason, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgflakegen::upstream::import::{self, Request};

const TABLE: &str = r#"{"fuzz": {"1.0": {"postgresql": ["15"], "hash": "sha256-Nmb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU=", "pgrx": "0.12.6"}, "1.1": {"postgresql": ["15", "17"], "hash": "sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=", "rev": "x"}}}"#;

fuzz_target!(|text: &str| {
    let postgresqls = [("15".to_owned(), 15), ("17".to_owned(), 17)];
    // Every file is there.
    let files = |path: &str| Some(if path.ends_with("json") { TABLE.to_owned() } else { text.to_owned() });
    let all = import::versions_json(TABLE).expect("the table is one");
    let versions = all.first_key_value().map(|(name, versions)| (name.as_str(), versions));
    for versions in [None, versions] {
        let request =
            Request { name: "fuzz", provenance: "fuzz.nix", versions, postgresqls: &postgresqls, files: &files };
        let Ok(mut draft) = import::read(text, &request) else { continue };
        draft.sift();
        let imported = draft.write();
        for (path, text) in &imported.files {
            match path.extension() {
                Some("toml") => drop(text.parse::<toml_edit::DocumentMut>().expect("an entry is TOML")),
                Some("nix") if path.as_str() == "overrides/fuzz.nix" => {
                    assert!(rnix::Root::parse(text).errors().is_empty(), "an override is Nix: {text}");
                }
                _ => {}
            }
        }
    }
    let _ = import::versions_json(text);
    let _ = import::cargo_pgrx(text);
});
