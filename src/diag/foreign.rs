//! Text that is somebody else's, made harmless: the one way by which what stems from a catalogue, an upstream,
//! a server, git, a file's name or an evaluated program reaches a terminal, a log, an annotation or a page.
//!
//! What would not be seen, or would be obeyed, stands as an escape (`\u{1b}`): control characters (C0, DEL, C1),
//! what turns the direction of writing, what ends a line without being a newline, what has no width. What is
//! seen stays as it is, and text without any of these is not copied.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is obeyed, or not seen, where others are shown.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let bad = |c: char| is_unseen(c) && !kept(c);
    let Some(first) = text.find(bad) else { return Cow::Borrowed(text) };
    let (before, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(before);
    for c in rest.chars() {
        if bad(c) {
            // As in Rust and in the messages of findings: `\n`, `\t`, `\u{1b}`.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Foreign text within a line: it cannot leave it.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Foreign text of several lines: newlines and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n' || c == '\t')
}

/// Foreign text of several lines as bytes: what is not UTF-8 is escaped too (`\xff`), not guessed.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&block(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A JSON text whose strings hold foreign text: the same value, with escapes for what [`line()`] escapes and for
/// what a CI service would take for a command.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_bad = |c: char| is_unseen(c) && c != '\n';
    if !text.contains(is_bad) && !text.contains('#') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut units = [0; 2];
    for c in text.chars() {
        if is_bad(c) || (c == '[' && (out.ends_with("##") || out.ends_with("##vso"))) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Characters that others have been deceived with, by kind.
    const BAD: &str = "\u{0}\u{7}\u{8}\u{b}\u{c}\r\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{9d}\u{9f}\u{ad}\u{61c}\u{200b}\
        \u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\
        \u{2068}\u{2069}\u{feff}\u{fff9}\u{e0001}\u{e0041}\u{3164}";

    #[test]
    fn each_is_an_escape() {
        for c in BAD.chars() {
            let text = format!("a{c}b");
            for shown in [line(&text), block(&text), bytes(text.as_bytes()).into()] {
                assert_eq!(shown, format!("a{}b", c.escape_default()), "{c:?}");
            }
        }
        assert_eq!(line("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(block("a\nb\tc"), "a\nb\tc");
        assert_eq!(bytes(b"a\xffb\x9b"), "a\\xffb\\x9b");
    }

    #[test]
    fn what_is_seen_stays_and_is_not_copied() {
        for text in ["", "é 漢 ü ß – … \\u{1b} ✓", "e\u{301}", "☃\u{fe0f}"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let text = format!("{BAD}##[group] ##vso[x] # [ é\n");
        let value = serde_json::json!({ "a": text, "b": [text] });
        for written in [value.to_string(), format!("{value:#}")] {
            let shown = json(&written);
            assert!(!shown.contains(|c| is_unseen(c) && c != '\n') && !shown.contains("##["), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    proptest! {
        #[test]
        fn nothing_gets_through(text in "(?s).{0,40}") {
            prop_assert!(!line(&text).contains(is_unseen));
            prop_assert!(!block(&text).contains(|c| is_unseen(c) && c != '\n' && c != '\t'));
        }
    }
}
