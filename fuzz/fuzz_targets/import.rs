//! Any text as a hand-written derivation, and any bytes as versions.json: an entry or a reason, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgflakegen::upstream::import;

fuzz_target!(|text: &str| {
    if let Some(derivation) = import::read(text) {
        let imported = import::entry("fuzz", &derivation, None, 14, &|_| Some(String::new()));
        for (path, text) in &imported.files {
            if path.extension() == Some("toml") {
                text.parse::<toml_edit::DocumentMut>().expect("an entry is TOML");
            }
        }
    }
    let _ = import::versions_json(text);
});
