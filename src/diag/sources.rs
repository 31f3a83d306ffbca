//! The texts that findings point into.

use std::collections::HashMap;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};

/// A file known to a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// First byte after.
    pub end: u32,
}

impl Span {
    /// A span of `source`; offsets beyond 4 GiB are clamped.
    pub fn new(source: SourceId, range: std::ops::Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { source, start: clamp(range.start), end: clamp(range.end.max(range.start)) }
    }

    /// As indices into the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people count: both from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The files of a run, each with the path that is shown for it.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<File>,
    /// The first file under each path.
    paths: HashMap<Utf8PathBuf, u32>,
}

#[derive(Debug)]
struct File {
    path: Utf8PathBuf,
    text: String,
    /// Made when somebody asks for a place.
    places: OnceLock<Places>,
}

impl File {
    fn new(path: Utf8PathBuf, text: String) -> Self {
        Self { path, text, places: OnceLock::new() }
    }
}

/// What makes finding a line and a column cost the same wherever it is: where lines begin, and how many characters
/// there are before every [`STEP`] bytes.
#[derive(Debug)]
struct Places {
    lines: Vec<usize>,
    characters: Vec<usize>,
}

const STEP: usize = 1024;

impl Places {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        let mut characters = vec![0];
        for chunk in text.as_bytes().chunks(STEP) {
            let before = characters.last().copied().unwrap_or(0);
            characters.push(before + begun(chunk));
        }
        Self { lines, characters }
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, text: &str, at: usize) -> usize {
        let step = at / STEP;
        let known = self.characters.get(step).copied().unwrap_or(0);
        known + begun(text.as_bytes().get(step * STEP..at).unwrap_or_default())
    }
}

/// How many characters begin in these bytes of UTF-8.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows all files under other paths.
    pub fn rename(&mut self, shown: impl Fn(&Utf8Path) -> Utf8PathBuf) {
        for file in &mut self.files {
            file.path = shown(&file.path);
        }
        self.paths =
            std::mem::take(&mut self.paths).into_iter().map(|(path, at)| (shown(&path), at)).collect();
    }

    /// Adds a file under the path that people are to read.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let path = path.into();
        self.paths.entry(path.clone()).or_insert(id.0);
        self.files.push(File::new(path, text.into()));
        id
    }

    /// The file that is shown under `path`.
    pub fn find(&self, path: &Utf8Path) -> Option<SourceId> {
        self.paths.get(path).copied().map(SourceId)
    }

    /// Gives a file another text: spans into the old one are void.
    pub fn replace(&mut self, id: SourceId, text: impl Into<String>) {
        if let Some(file) = self.files.get_mut(id.0 as usize) {
            *file = File::new(std::mem::take(&mut file.path), text.into());
        }
    }

    /// All files: path and text.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }

    /// The path shown for a file.
    pub fn path(&self, id: SourceId) -> &Utf8Path {
        self.files.get(id.0 as usize).map_or(Utf8Path::new(""), |file| &file.path)
    }

    /// A file's text.
    pub fn text(&self, id: SourceId) -> &str {
        self.files.get(id.0 as usize).map_or("", |file| &file.text)
    }

    /// Where a byte offset is, for people. An offset outside the text counts as its end.
    pub fn line_column(&self, id: SourceId, offset: u32) -> LineColumn {
        let Some(file) = self.files.get(id.0 as usize) else { return LineColumn { line: 1, column: 1 } };
        let text = &file.text;
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let places = file.places.get_or_init(|| Places::of(text));
        let line = places.lines.partition_point(|start| *start <= end);
        let start = places.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = |at| places.characters_before(text, at);
        LineColumn { line, column: before(end) - before(start) + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As one would count.
    fn counted(text: &str, end: usize) -> LineColumn {
        let before = &text[..end];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        LineColumn { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
    }

    proptest! {
        #[test]
        fn places_are_where_one_would_count_them(text in "[a\né漢\u{1f600}]{0,4000}", at in 0usize..12_000) {
            let mut end = at.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let mut sources = SourceMap::new();
            let id = sources.add("a", text.clone());
            prop_assert_eq!(sources.line_column(id, u32::try_from(at).unwrap()), counted(&text, end));
        }
    }
}
