//! Where something stands in a catalogue file that was read before: for findings that come of the model, which
//! has no places.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The first of the root table's `keys` that is there.
pub fn key(text: &str, keys: &[&str]) -> Option<Range<usize>> {
    let (table, _) = DeTable::parse_recoverable(text);
    of(table.get_ref(), keys)
}

/// What stands at the end of a path of tables.
pub fn inner(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let (table, _) = DeTable::parse_recoverable(text);
    let (last, path) = path.split_last()?;
    let mut at = table.get_ref();
    for name in path {
        at = at.iter().find(|(key, _)| key.get_ref() == name)?.1.get_ref().as_table()?;
    }
    of(at, &[last])
}

/// The first of `keys` in the `[[array]]` entry whose `name` is the given one.
pub fn entry(text: &str, array: &str, name: &str, keys: &[&str]) -> Option<Range<usize>> {
    element(text, &[array], |entry| says(entry, "name", name), keys)
}

/// The lines of those of `keys` that are in the `[[array]]` entry whose `name` is the given one, where each of them has
/// its lines for itself.
pub fn entry_lines(text: &str, array: &str, name: &str, keys: &[&str]) -> Vec<Range<usize>> {
    let ranges = keys.iter().filter_map(|key| entry(text, array, name, &[key]));
    let lines = ranges.map(|range| {
        let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at + 1);
        let rest = text[range.end..end].trim();
        let alone = text[start..range.start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
        alone.then_some(start..end)
    });
    lines.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Where the first `[[version]]` says that it is this version.
pub fn version(text: &str, version: &str) -> Option<Range<usize>> {
    element(text, &["version"], |entry| says(entry, "version", version), &["version"])
}

/// The first of `keys` in the first entry of an array of tables, at the end of a path, for which `wanted` holds.
pub fn element(
    text: &str,
    path: &[&str],
    mut wanted: impl FnMut(&DeTable<'_>) -> bool,
    keys: &[&str],
) -> Option<Range<usize>> {
    let (table, _) = DeTable::parse_recoverable(text);
    let (last, path) = path.split_last()?;
    let mut at = table.get_ref();
    for name in path {
        at = at.iter().find(|(key, _)| key.get_ref() == name)?.1.get_ref().as_table()?;
    }
    let entries = at.iter().find(|(key, _)| key.get_ref() == last)?.1;
    let DeValue::Array(entries) = entries.get_ref() else { return None };
    let entry = entries.iter().filter_map(|entry| entry.get_ref().as_table()).find(|entry| wanted(entry))?;
    of(entry, keys)
}

/// Whether a table has this text under a key.
fn says(table: &DeTable<'_>, key: &str, text: &str) -> bool {
    table.iter().any(|(own, value)| {
        own.get_ref() == key && matches!(value.get_ref(), DeValue::String(own) if own == text)
    })
}

fn of(table: &DeTable<'_>, keys: &[&str]) -> Option<Range<usize>> {
    keys.iter().find_map(|wanted| {
        table
            .iter()
            .find(|(key, _)| key.get_ref() == wanted)
            .map(|(key, value)| key.span().start..value.span().end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_that_is_there() {
        let text = "kind = \"nixpkgs\"\nattr = [\"a\", \"b\"]\n";
        assert_eq!(&text[key(text, &["required", "attr", "kind"]).unwrap()], "attr = [\"a\", \"b\"]");
        assert_eq!(key(text, &["required"]), None);
        assert_eq!(key("=", &["required"]), None);
    }

    #[test]
    fn the_end_of_a_path() {
        for text in ["[i.n]\nrev = 1\n", "i.n.rev = 1\n", "i = { n = { rev = 1 } }\n"] {
            assert_eq!(&text[inner(text, &["i", "n", "rev"]).unwrap()], "rev = 1");
        }
        assert_eq!(inner("i.n = 1\n", &["i", "n", "rev"]), None);
    }

    #[test]
    fn lines_of_an_entry() {
        let text = "[[p]]\nname = \"15\"\nversion = \"15.1\"  # old\nhash = \"a\"\n[[p]]\nname = \"17\"\n";
        let lines = entry_lines(text, "p", "15", &["hash", "version"]);
        let lines: Vec<&str> = lines.into_iter().map(|range| &text[range]).collect();
        assert_eq!(lines, ["hash = \"a\"\n", "version = \"15.1\"  # old\n"]);
        assert!(entry_lines("p = [{ name = \"15\", hash = \"a\" }]\n", "p", "15", &["hash"]).is_empty());
    }

    #[test]
    fn an_entry_by_its_name() {
        let text = "[[p]]\nname = \"15\"\nhash = \"a\"\n[[p]]\nname = \"17\"\nhash = \"b\"\n";
        assert_eq!(&text[entry(text, "p", "17", &["hash"]).unwrap()], "hash = \"b\"");
        assert_eq!(entry(text, "p", "18", &["hash"]), None);
        assert_eq!(entry(text, "q", "17", &["hash"]), None);
    }
}
