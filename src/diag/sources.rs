//! The texts that findings point into.

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
    files: Vec<(Utf8PathBuf, String)>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file under the path that people are to read.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push((path.into(), text.into()));
        id
    }

    /// The file that is shown under `path`.
    pub fn find(&self, path: &Utf8Path) -> Option<SourceId> {
        let index = self.files.iter().position(|(known, _)| known == path)?;
        u32::try_from(index).ok().map(SourceId)
    }

    /// Gives a file another text: spans into the old one are void.
    pub fn replace(&mut self, id: SourceId, text: impl Into<String>) {
        if let Some((_, old)) = self.files.get_mut(id.0 as usize) {
            *old = text.into();
        }
    }

    /// The path shown for a file.
    pub fn path(&self, id: SourceId) -> &Utf8Path {
        self.files.get(id.0 as usize).map_or(Utf8Path::new(""), |(path, _)| path)
    }

    /// A file's text.
    pub fn text(&self, id: SourceId) -> &str {
        self.files.get(id.0 as usize).map_or("", |(_, text)| text)
    }

    /// Where a byte offset is, for people. An offset outside the text counts as its end.
    pub fn line_column(&self, id: SourceId, offset: u32) -> LineColumn {
        let text = self.text(id);
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        LineColumn {
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
