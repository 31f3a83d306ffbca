//! The lines of `.gitattributes` for generated files outside of `generated/`, and for the catalogue: what two branches
//! have generated is no conflict, and ends of lines are the same everywhere.
//!
//! The file is its owner's: our lines are added at its end where nothing is said of a path, and nothing else changes.

use crate::layout::{self, CATALOGUE, FLAKE_LOCK, FLAKE_NIX, GIT_ATTRIBUTES, PRIME_SQL};
use std::io;
use std::sync::LazyLock;

use camino::Utf8Path;

use super::Change;
use super::place::{Found, Place};

const COMMENT: &str = "# Of pgflakegen: what is generated is generated again after a merge.";
static LINES: LazyLock<[String; 5]> = LazyLock::new(|| {
    let generated = |path: &str| format!("/{path} text eol=lf linguist-generated merge=union");
    [
        generated(FLAKE_NIX),
        generated(FLAKE_LOCK),
        generated(layout::schema_json("*").as_str()),
        generated(PRIME_SQL),
        format!("/{CATALOGUE}/** text=auto eol=lf"),
    ]
});

/// The text of a `.gitattributes` with what is missing of our lines.
pub fn completed(text: &str) -> String {
    let pattern = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let said: Vec<String> = text.lines().map(pattern).collect();
    let missing: Vec<&String> = LINES.iter().filter(|line| !said.contains(&pattern(line))).collect();
    if missing.is_empty() {
        return text.to_owned();
    }
    let mut new = text.to_owned();
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    if !said.iter().any(|first| LINES.iter().any(|line| pattern(line) == *first)) {
        if !new.is_empty() {
            new.push('\n');
        }
        new.push_str(COMMENT);
        new.push('\n');
    }
    for line in missing {
        new.push_str(line);
        new.push('\n');
    }
    new
}

/// What is to be done to the file. One that is a link, or no text, is left alone.
pub(super) fn change(place: &Place) -> io::Result<Option<Change>> {
    let path = Utf8Path::new(GIT_ATTRIBUTES);
    let before = match place.look(path)? {
        Found::Nothing => None,
        Found::Other => return Ok(None),
        Found::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(_) => return Ok(None),
        },
    };
    let after = completed(before.as_deref().unwrap_or_default());
    let same = before.as_ref() == Some(&after);
    Ok((!same).then(|| Change {
        path: path.to_owned(),
        before,
        after: Some(after),
        conflict: None,
        committed_edit: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_lines_stay_and_count() {
        let first = completed("");
        assert_eq!(first.lines().count(), 1 + LINES.len());
        assert_eq!(completed(&first), first);
        let theirs = "*.png binary\n/flake.nix merge=ours";
        let both = completed(theirs);
        assert!(both.starts_with(theirs) && both.matches("/flake.nix").count() == 1, "{both}");
        assert!(both.contains("\n/flake.lock text"), "{both}");
        assert_eq!(completed(&both), both);
    }
}
