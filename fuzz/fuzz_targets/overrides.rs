//! Any bytes as a Nix file: parsed, resolved and judged by every rule, as an override, as a custom
//! derivation and as any file; the findings must point into the text, be printable, and their
//! corrections must leave a text that can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgflakegen::diag::{Diagnostics, Format, SourceMap, emit, fix};
use pgflakegen::nix::syntax::decode;
use pgflakegen::overrides::{OverrideFacts, Role, lint_file, lint_override};

fuzz_target!(|data: &[u8]| {
    for role in [None, Some(Role::Attributes), Some(Role::Derivation)] {
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        let id = decode::add("x.nix", data.to_vec(), &mut sources, &mut found);
        let facts = |role| OverrideFacts {
            extension: "x".into(),
            role,
            versions: Some(vec!["1.0".into()]),
            attributes: Some(["buildInputs".to_owned(), "version".to_owned()].into()),
            directory: "fuzz_targets".into(),
            repository: ".".into(),
            ..OverrideFacts::default()
        };
        match role {
            None => lint_file(id, &sources, &mut found),
            Some(role) => lint_override(id, &sources, &facts(role), &mut found),
        }
        let text = sources.text(id);
        for finding in found.iter() {
            for label in finding.primary.iter().chain(&finding.secondary) {
                assert!(text.get(label.span.range()).is_some(), "{finding:?}");
            }
            if let Some(correction) = &finding.fix {
                let (_, count) = fix::apply(id, text, [correction]);
                assert_eq!(count, 1, "{finding:?}");
            }
        }
        for format in [Format::Text, Format::Json, Format::Github, Format::Sarif] {
            emit(&found, &sources, format, false, &mut Vec::new()).expect("memory takes everything");
        }
    }
});
