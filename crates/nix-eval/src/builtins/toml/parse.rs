//! Reading a TOML 1.0 document; the first thing that is wrong with it, as toml11 says it.

use super::document::{Array, Node, Origin, Table};
use super::scan::Text;

/// Values and keys inside one another.
const DEPTH: usize = 5000;

const KEY: &str =
    "toml::parse_simple_key: invalid key: key must be \"quoted\", 'quoted-literal', or bare key.";

pub(super) struct Parser<'t> {
    pub(super) text: Text<'t>,
    pub(super) at: usize,
    depth: usize,
}

pub(super) type Parsed<T> = Result<T, String>;

pub(super) fn fail<T>(message: &str) -> Parsed<T> {
    Err(message.to_owned())
}

/// Reads a document.
pub fn document(bytes: &[u8]) -> Parsed<Table> {
    let mut with_end;
    let mut bytes = bytes;
    if !bytes.is_empty() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
        with_end = bytes.to_vec();
        with_end.push(b'\n');
        bytes = &with_end;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut parser = Parser { text: Text::new(bytes), at: 0, depth: 0 };
    parser.file().map_err(|message| parser.placed(bytes, &message))
}

impl Parser<'_> {
    /// A message with the line that it is about.
    fn placed(&self, bytes: &[u8], message: &str) -> String {
        let before = bytes.get(..self.at.min(bytes.len())).unwrap_or_default();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = bytes.get(start..).unwrap_or_default();
        let end = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
        if end > 200 {
            return format!("[error] {message}");
        }
        let number = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let shown = String::from_utf8_lossy(line.get(..end).unwrap_or_default()).trim_end().to_owned();
        let (margin, column) = (" ".repeat(number.to_string().len()), " ".repeat(before.len() - start));
        format!(
            "[error] {message}\n {margin}--> fromTOML\n {margin} |\n {number} | {shown}\n {margin} | {column}^-- here"
        )
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at)
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.blanks(self.at);
    }

    /// Skips blanks, newlines and comments with their newline; whether there was a newline.
    fn skip_lines(&mut self) -> bool {
        let mut found = false;
        loop {
            let before = self.at;
            self.skip_blanks();
            let comment = self.text.comment(self.at).unwrap_or(self.at);
            if let Some(next) = self.text.newline(comment) {
                self.at = next;
                found = true;
            }
            if self.at == before {
                return found;
            }
        }
    }

    /// A comment behind something; whether there was one.
    fn comment(&mut self) -> Parsed<bool> {
        let start = self.text.blanks(self.at);
        let Some(end) = self.text.comment(start) else { return Ok(false) };
        self.at = end;
        match self.text.newline(end) {
            Some(next) => self.at = next,
            None if self.peek().is_none() => {}
            None => return fail("toml::parse_comment_line: newline (LF / CRLF) or EOF is expected"),
        }
        Ok(true)
    }

    fn file(&mut self) -> Parsed<Table> {
        let mut root = Table::of(Origin::Header);
        while self.comment()? {}
        self.table(&mut root)?;
        while self.peek().is_some() {
            self.skip_lines();
            if self.peek().is_none() {
                break;
            }
            let array = self.text.header(self.at, "[[", "]]");
            let single = self.text.header(self.at, "[", "]");
            let (end, brackets) = match (array, single) {
                (Some(end), _) => (end, 2),
                (None, Some(end)) => (end, 1),
                _ if self.text.starts(self.at, "[[") => {
                    return fail("toml::parse_file: invalid array-table key");
                }
                _ => return fail("toml::parse_file: invalid table key"),
            };
            self.at += brackets;
            self.skip_blanks();
            let keys = self.keys()?;
            self.at = end;
            if !self.comment()? {
                self.skip_blanks();
                match self.text.newline(self.at) {
                    Some(next) => self.at = next,
                    None => return fail("toml::parse_file: newline (or EOF) expected"),
                }
            }
            let table = match brackets {
                2 => root.array_header(&keys),
                _ => root.header(&keys),
            };
            self.table(table.map_err(str::to_owned)?)?;
        }
        Ok(root)
    }

    /// The lines up to the next header.
    fn table(&mut self, table: &mut Table) -> Parsed<()> {
        let mut newline = true;
        while self.peek().is_some() {
            let start = self.at;
            newline |= self.skip_lines();
            if self.peek().is_none() {
                break;
            }
            if self.peek() == Some(b'[') {
                self.at = start;
                break;
            }
            if !newline {
                return fail("toml::parse_table: newline (LF / CRLF) or EOF is expected");
            }
            let (keys, value) = self.pair()?;
            newline = self.comment()?;
            table.insert(&keys, value).map_err(str::to_owned)?;
        }
        Ok(())
    }

    fn pair(&mut self) -> Parsed<(Vec<Vec<u8>>, Node)> {
        let keys = self.keys()?;
        self.skip_blanks();
        if self.peek() != Some(b'=') {
            return fail("toml::parse_key_value_pair: invalid key value separator `=`");
        }
        self.at += 1;
        self.skip_blanks();
        Ok((keys, self.value()?))
    }

    fn keys(&mut self) -> Parsed<Vec<Vec<u8>>> {
        let mut keys = Vec::new();
        loop {
            keys.push(match self.peek() {
                Some(b'"') => self.basic()?,
                Some(b'\'') => self.literal()?,
                _ => match self.text.bare_key(self.at) {
                    Some(end) => {
                        let key = self.text.slice(self.at, end).to_vec();
                        self.at = end;
                        key
                    }
                    None => return fail(KEY),
                },
            });
            if keys.len() > DEPTH {
                return fail("the document is nested too deeply");
            }
            let dot = self.text.blanks(self.at);
            if self.text.get(dot) != Some(b'.') {
                return Ok(keys);
            }
            self.at = self.text.blanks(dot + 1);
        }
    }

    fn value(&mut self) -> Parsed<Node> {
        const STRING: &str = "must be in lowercase. A string must be surrounded by quotes.";
        let wrong = |word: &str| Err(format!("toml::parse_value: `{word}` {STRING}"));
        match self.peek() {
            Some(b'"') if self.text.starts(self.at, "\"\"\"") => self.long(b'"').map(Node::Text),
            Some(b'\'') if self.text.starts(self.at, "'''") => self.long(b'\'').map(Node::Text),
            Some(b'"') => self.basic().map(Node::Text),
            Some(b'\'') => self.literal().map(Node::Text),
            Some(bracket @ (b'[' | b'{')) => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return fail("the document is nested too deeply");
                }
                let node = stacker::maybe_grow(64 << 10, 1 << 20, || match bracket {
                    b'[' => self.array(),
                    _ => self.inline(),
                });
                self.depth -= 1;
                node
            }
            Some(b't' | b'f') => {
                for (word, value) in [("true", true), ("false", false)] {
                    if self.text.starts(self.at, word) {
                        self.at += word.len();
                        return Ok(Node::Bool(value));
                    }
                }
                fail(
                    "toml::parse_boolean: invalid boolean: boolean must be `true` or `false`, in lowercase. string must be surrounded by `\"`",
                )
            }
            Some(b'T') => wrong("true"),
            Some(b'F') => wrong("false"),
            Some(b'i') if self.text.starts(self.at, "inf") => self.number(),
            Some(b'n') if self.text.starts(self.at, "nan") => self.number(),
            Some(b'i' | b'I') => wrong("inf"),
            Some(b'n' | b'N') => wrong("nan"),
            _ => self.number(),
        }
    }

    fn array(&mut self) -> Parsed<Node> {
        self.at += 1;
        self.skip_lines();
        let mut array = Array::default();
        let mut comma = true;
        loop {
            match self.peek() {
                None => return fail("toml::parse_array: missing closing bracket `]`"),
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::Array(array));
                }
                Some(_) if !comma => {
                    return fail("toml::parse_array: expected value-separator `,` or closing `]`");
                }
                Some(_) => {}
            }
            array.items.push(self.value()?);
            self.skip_lines();
            comma = self.peek() == Some(b',');
            if comma {
                self.at += 1;
            }
            self.comment()?;
            self.skip_lines();
        }
    }

    fn inline(&mut self) -> Parsed<Node> {
        self.at += 1;
        self.skip_blanks();
        let mut table = Table::of(Origin::Inline);
        let (mut empty, mut comma) = (true, false);
        loop {
            match self.peek() {
                None => return fail("toml::parse_inline_table: missing closing bracket `}`"),
                Some(b'}') if comma => {
                    return fail("toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)");
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Node::Table(table));
                }
                Some(_) if !comma && !empty => {
                    return fail("toml::parse_inline_table: expected value-separator `,` or closing `}`");
                }
                Some(_) => {}
            }
            empty = false;
            let (keys, value) = self.pair()?;
            table.insert(&keys, value).map_err(str::to_owned)?;
            self.skip_blanks();
            comma = self.peek() == Some(b',');
            if comma {
                self.at += 1;
            }
            self.skip_blanks();
        }
    }

    fn basic(&mut self) -> Parsed<Vec<u8>> {
        let Some(end) = self.text.basic(self.at) else {
            return fail("toml::parse_basic_string: invalid string format");
        };
        let text = self.unescaped(self.at + 1, end - 1)?;
        self.at = end;
        Ok(text)
    }

    fn literal(&mut self) -> Parsed<Vec<u8>> {
        let Some(end) = self.text.literal(self.at) else {
            return fail("toml::parse_literal_string: invalid string format");
        };
        let text = self.text.slice(self.at + 1, end - 1).to_vec();
        self.at = end;
        Ok(text)
    }

    fn long(&mut self, quote: u8) -> Parsed<Vec<u8>> {
        let Some(end) = self.text.long(self.at, quote) else {
            return fail(match quote {
                b'"' => "toml::parse_ml_basic_string: invalid string format",
                _ => "toml::parse_ml_literal_string: invalid string format",
            });
        };
        // A newline right at the beginning is not part of it.
        let start = self.text.newline(self.at + 3).unwrap_or(self.at + 3);
        let text = match quote {
            b'"' => self.unescaped(start, end - 3)?,
            _ => self.text.slice(start, end - 3).to_vec(),
        };
        self.at = end;
        Ok(text)
    }

    fn unescaped(&self, mut at: usize, end: usize) -> Parsed<Vec<u8>> {
        let mut out = Vec::with_capacity(end.saturating_sub(at));
        while at < end {
            let byte = self.text.get(at).unwrap_or_default();
            if byte != b'\\' {
                out.push(byte);
                at += 1;
                continue;
            }
            if let Some(next) = self.text.escaped_newline(at) {
                at = next.min(end);
                continue;
            }
            let kind = self.text.get(at + 1).unwrap_or_default();
            at += 2;
            match kind {
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'u' | b'U' => {
                    let digits = if kind == b'u' { 4 } else { 8 };
                    let hex = std::str::from_utf8(self.text.slice(at, at + digits)).unwrap_or_default();
                    let code = u32::from_str_radix(hex, 16).unwrap_or(u32::MAX);
                    at += digits;
                    match char::from_u32(code) {
                        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                        None if code < 0x11_0000 => {
                            return fail("toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8");
                        }
                        None => return fail("toml::parse_utf8_codepoint: input codepoint is too large."),
                    }
                }
                other => out.push(other),
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nested_without_end() {
        for text in [
            "a = ".to_owned() + &"[".repeat(100_000),
            "a = ".to_owned() + &"{b = [".repeat(50_000),
            "a.".repeat(100_000),
        ] {
            assert!(document(text.as_bytes()).unwrap_err().contains("too deeply"));
        }
        let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
        let dotted = format!("{}b = {deep}\n[[{}c]]\nx = {deep}", "a.".repeat(4000), "d.".repeat(4000));
        assert!(document(dotted.as_bytes()).is_ok());
    }

    #[test]
    fn an_error_shows_its_line() {
        let found = document(b"a = 1\nbc = x\n").unwrap_err();
        let expected = "[error] bad format: unknown value appeared\n  --> fromTOML\n   |\n 2 | bc = x\n   |      ^-- here";
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = document(&bytes);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a-b\\[\\]{}=.,\"'\\\\#0-2_eE+:xTZ \n\t-]{0,40}") {
            let _ = document(text.as_bytes());
        }
    }
}
