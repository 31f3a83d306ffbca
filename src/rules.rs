//! Who can say what: every code with the files that find it, and what is to be said of it.
//!
//! A rule stands in `catalogue/rules/` or `overrides/rules/`, a file each, and is the only one of its file. The tests
//! here see to it that each is registered, that it names exactly what it says, and that no code is left over.

use crate::diag::Code;
use crate::nix;
use crate::rule::{Finder, Text};
use crate::{catalogue, ops, overrides};

/// All that finds something.
pub fn finders() -> Vec<Finder> {
    let of_catalogue = catalogue::rules::RULES.iter().map(|rule| rule.finder());
    let of_overrides = overrides::RULES.iter().map(|rule| rule.finder());
    of_catalogue
        .chain(of_overrides)
        .chain([nix::syntax::FINDER])
        .chain(catalogue::FINDERS.iter().copied())
        .chain(overrides::FINDERS.iter().copied())
        .chain(overrides::evaluated::FINDERS.iter().copied())
        .chain(ops::FINDERS.iter().copied())
        .collect()
}

/// What is to be said of a code.
pub fn text(code: Code) -> Option<&'static Text> {
    finders().into_iter().flat_map(|finder| finder.texts).find(|text| text.code == code)
}

/// What `pgflakegen explain` and docs/codes.md say of a code, as Markdown: its explanation, and its examples.
pub fn page(code: Code) -> String {
    let mut page = format!("{}\n", explanation(code));
    let examples = text(code).map(|text| text.examples).unwrap_or_default();
    for example in examples {
        let (bad, fixed) = (indented(&example.bad()), indented(&example.fixed()));
        page.push_str(&format!("\nFor example\n\n{bad}\ngives \"{}\". Corrected:\n\n{fixed}", example.says));
    }
    page
}

fn indented(text: &str) -> String {
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    text.lines().map(indented).collect()
}

/// The explanation of a code, without examples.
pub fn explanation(code: Code) -> &'static str {
    // The tests see to it that there is one.
    text(code).map_or(code.summary(), |text| text.explanation)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn source(file: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    }

    /// The codes that a file names, apart from what it registers.
    fn named(file: &str) -> BTreeSet<Code> {
        let text = source(file);
        let names: BTreeSet<&str> = text
            .split("Code::")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
            .collect();
        Code::ALL.iter().copied().filter(|code| names.contains(format!("{code:?}").as_str())).collect()
    }

    fn files(folder: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = std::fs::read_dir(path).expect("the folder").map(|entry| entry.expect("an entry"));
        entries.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())).collect()
    }

    #[test]
    fn each_says_what_it_registers() {
        // What a kind says is said by the rule on kinds, and that on cargo-pgrx.
        let of_kinds: BTreeSet<Code> =
            files("src/catalogue/kinds").iter().flat_map(|file| named(file)).collect();
        for Finder { file, codes, .. } in finders() {
            let registered: BTreeSet<Code> = codes.iter().copied().collect();
            assert_eq!(registered.len(), codes.len(), "{file} names a code twice");
            let named = named(file);
            let unregistered: Vec<_> = named.difference(&registered).collect();
            assert!(unregistered.is_empty(), "{file} does not register {unregistered:?}");
            let mut unsaid: BTreeSet<_> = registered.difference(&named).copied().collect();
            if file.starts_with("src/catalogue/rules/kinds") || file.starts_with("src/catalogue/rules/pgrx") {
                unsaid = unsaid.difference(&of_kinds).copied().collect();
            }
            assert!(unsaid.is_empty(), "{file} never says {unsaid:?}");
        }
        let kinds = finders().into_iter().find(|finder| finder.file.ends_with("catalogue/rules/kinds.rs"));
        let kinds: BTreeSet<Code> = kinds.expect("the rule").codes.iter().copied().collect();
        assert!(of_kinds.is_subset(&kinds), "{:?}", of_kinds.difference(&kinds));
    }

    #[test]
    fn every_rule_is_registered_once() {
        let registered: Vec<&str> = finders().into_iter().map(|finder| finder.file).collect();
        let once: BTreeSet<&str> = registered.iter().copied().collect();
        assert_eq!(once.len(), registered.len());
        for file in files("src/catalogue/rules").into_iter().chain(files("src/overrides/rules")) {
            let helper = ["/mod.rs", "/text.rs"].iter().any(|name| file.ends_with(name));
            assert!(helper || once.contains(file.as_str()), "{file} is not registered");
        }
    }

    #[test]
    fn every_code_is_found_and_explained_once() {
        let all = finders();
        let found: BTreeSet<Code> = all.iter().flat_map(|finder| finder.codes.iter().copied()).collect();
        let nobody: Vec<_> = Code::ALL.iter().filter(|code| !found.contains(code)).collect();
        assert!(nobody.is_empty(), "{nobody:?}");
        let mut explained: Vec<Code> =
            all.iter().flat_map(|finder| finder.texts).map(|text| text.code).collect();
        explained.sort_unstable();
        assert_eq!(explained, Code::ALL);
        for code in Code::ALL {
            assert!(explanation(*code).trim().len() > 40, "{code:?} is not explained");
        }
    }
}
