//! Texts that rnix does not take and Nix does: bytes that are no UTF-8, comments that a carriage return ends.

use rnix::SyntaxKind::TOKEN_COMMENT;

/// Bytes of a text that are no UTF-8, which Nix takes in comments and strings. In the text that is parsed each is
/// another byte, which the text does not have otherwise: so all stays where it is.
#[derive(Default)]
pub struct Odd {
    mark: u8,
    /// Offset and byte, in order.
    pub(super) bytes: Vec<(u32, u8)>,
}

impl Odd {
    /// Whether all is UTF-8.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The text to parse for these bytes; `None` where there is nothing to stand in.
    pub fn text(bytes: Vec<u8>) -> Option<(String, Self)> {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => return Some((text, Self::default())),
            Err(error) => error.into_bytes(),
        };
        let mut marks = (1..=8).chain(14..=31);
        let mark = marks.find(|mark| !bytes.contains(mark))?;
        let mut odd = Self { mark, bytes: Vec::new() };
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                odd.bytes.push((u32::try_from(text.len()).ok()?, *byte));
                text.push(char::from(mark));
            }
        }
        Some((text, odd))
    }

    /// Puts the bytes back into what was made, in order, of these parts of the text.
    pub(super) fn restore<'p>(
        &self,
        made: impl Iterator<Item = &'p mut Vec<u8>>,
        of: impl Iterator<Item = std::ops::Range<u32>>,
    ) {
        let mut bytes = of.flat_map(|range| {
            let from = self.bytes.partition_point(|(at, _)| *at < range.start);
            let to = self.bytes.partition_point(|(at, _)| *at < range.end);
            &self.bytes[from..to]
        });
        for byte in made.flatten().filter(|byte| **byte == self.mark) {
            if let Some((_, odd)) = bytes.next() {
                *byte = *odd;
            }
        }
    }
}

/// The text with a line feed for each carriage return that ends a comment by itself, which it does for Nix alone; `None`
/// where none does.
pub(super) fn comments_end(text: &str) -> Option<String> {
    // So many are looked for one by one.
    const MOST: usize = 200;
    let is_alone = |text: &[u8], at: usize| text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    let mut bytes = text.as_bytes().to_vec();
    let alone = (0..bytes.len()).filter(|at| is_alone(&bytes, *at)).collect::<Vec<_>>();
    if alone.is_empty() {
        return None;
    }
    if !text.contains("''") {
        // Elsewhere it is a blank, and in a string a line feed: all but in indented strings it may be one everywhere.
        alone.into_iter().for_each(|at| bytes[at] = b'\n');
        return String::from_utf8(bytes).ok();
    }
    let mut text = text.to_owned();
    for _ in 0..MOST {
        let mut start = 0;
        let mut comments = rnix::tokenize(&text).filter_map(|(kind, token)| {
            let here = start;
            start += token.len();
            (kind == TOKEN_COMMENT && token.starts_with('#')).then_some(here..start)
        });
        let found = comments.find_map(|mut comment| comment.find(|at| is_alone(text.as_bytes(), *at)));
        drop(comments);
        let Some(at) = found else { break };
        text.replace_range(at..=at, "\n");
    }
    Some(text)
}
