//! The mark that says that a file is ours and whether it is as we wrote it.
//!
//! Somewhere in the first lines stands `pgflakegen-hash: sha256-…`: the SHA-256 of the whole file with that
//! hash taken out. It fits any kind of comment.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

const KEY: &str = "pgflakegen-hash: ";
const PREFIX: &str = "sha256-";
/// Lines in which the mark is looked for.
const HEAD_LINES: usize = 5;

/// What a file's mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// No mark: not ours.
    Foreign,
    /// Ours, and nobody has changed it.
    Intact,
    /// Ours, changed since.
    Edited,
}

/// The SRI hash of a text.
pub fn hash(text: &str) -> String {
    sri([text, ""])
}

fn sri(parts: [&str; 2]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    format!("{PREFIX}{}", BASE64.encode(&hash.finalize()))
}

/// The byte range of the hash, if the text has a mark.
fn find(text: &str) -> Option<std::ops::Range<usize>> {
    let head: usize = text.split_inclusive('\n').take(HEAD_LINES).map(str::len).sum();
    let start = text.get(..head)?.find(KEY)? + KEY.len();
    let hash = text.get(start..)?.strip_prefix(PREFIX)?;
    let length = hash.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))?;
    (length == 44).then_some(start..start + PREFIX.len() + length)
}

/// The mark's text, hash still missing; goes into a comment of the file.
pub fn placeholder() -> &'static str {
    KEY.trim_end()
}

/// Puts the hash behind the [`placeholder`].
pub fn seal(text: &str) -> String {
    let Some(at) = text.find(placeholder()).map(|at| at + placeholder().len()) else {
        return text.to_owned();
    };
    let (before, after) = (format!("{} ", &text[..at]), &text[at..]);
    let hash = sri([&before, after]);
    format!("{before}{hash}{after}")
}

/// Reads a file's mark.
pub fn check(text: &str) -> Mark {
    match find(text) {
        None => Mark::Foreign,
        Some(range) if sri([&text[..range.start], &text[range.end..]]) == text[range.clone()] => Mark::Intact,
        Some(_) => Mark::Edited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sealed_text_is_intact_until_somebody_edits_it() {
        let sealed = seal("# Made by somebody\n# pgflakegen-hash:\n{ }\n");
        assert_eq!(check(&sealed), Mark::Intact, "{sealed}");
        assert_eq!(check(&sealed.replace("{ }", "{  }")), Mark::Edited);
        assert_eq!(check("{ }\n"), Mark::Foreign);
        assert_eq!(check(&format!("a\nb\nc\nd\ne\n{sealed}")), Mark::Foreign);
    }

    proptest! {
        #[test]
        fn any_text_can_be_checked(text in "(?s).{0,200}", body in "(?s).{0,200}") {
            check(&text);
            let sealed = seal(&format!("# pgflakegen-hash:\n{body}"));
            prop_assert_eq!(check(&sealed), Mark::Intact);
        }
    }
}
