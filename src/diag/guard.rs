//! The last gate before a terminal or a log: whatever a command prints goes through here, so that nothing is
//! obeyed that somebody forgot to escape.
//!
//! Beside the characters that [`foreign`](super::foreign) knows, these are the commands of CI services: a line
//! that begins with `::`, and `##[` and `##vso[` wherever they stand. Colours pass only in what is said to have
//! some, all of whose foreign text is escaped before.

use std::io::{self, Write};

use super::foreign::is_unseen;

/// Where commands write to: text for people, or bytes that are what was asked for.
pub trait Out: Write {
    /// Text with colours of ours. What is foreign in it has gone through [`foreign`](super::foreign).
    ///
    /// # Errors
    /// As writing.
    fn styled(&mut self, text: &str) -> io::Result<()>;

    /// Bytes that are no foreign text: annotations, whose every part is escaped already.
    ///
    /// # Errors
    /// As writing.
    fn own(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// What was asked for to the byte, such as the text of a value. A terminal shows it as text all the same.
    ///
    /// # Errors
    /// As writing.
    fn data(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Out for Vec<u8> {
    fn styled(&mut self, text: &str) -> io::Result<()> {
        self.write_all(text.as_bytes())
    }

    fn own(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}

/// Makes a stream one of text.
pub struct Guard<W: Write> {
    to: W,
    /// Whether what is written now has colours of ours.
    colour: bool,
    terminal: bool,
    /// Bytes that may become a character, or a colour.
    pending: Vec<u8>,
    line: Line,
    /// What stands before in this line, as far as it matters.
    last: [char; 5],
}

/// How a line has begun.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// With blanks at most.
    Blank,
    /// With one colon.
    Colon,
    /// With something else.
    Begun,
}

/// No character of a command.
const NONE: char = ' ';

impl<W: Write> Guard<W> {
    /// To a terminal or not.
    pub fn new(to: W, terminal: bool) -> Self {
        Self { to, colour: false, terminal, pending: Vec::new(), line: Line::Blank, last: [NONE; 5] }
    }

    fn begin_line(&mut self) {
        self.line = Line::Blank;
        self.last = [NONE; 5];
    }

    /// Writes `text`, which has no escape that may be a colour.
    fn text(&mut self, text: &str) -> io::Result<()> {
        // What stands between is written as it is.
        let mut start = 0;
        for (at, c) in text.char_indices() {
            if !self.is_obeyed(c) {
                continue;
            }
            self.to.write_all(&text.as_bytes()[start..at])?;
            if c.is_control() {
                write!(self.to, "{}", c.escape_default())?;
            } else {
                write!(self.to, "{}", c.escape_unicode())?;
            }
            start = at + c.len_utf8();
        }
        self.to.write_all(&text.as_bytes()[start..])
    }

    /// Whether a character would be obeyed, where it stands.
    fn is_obeyed(&mut self, c: char) -> bool {
        match c {
            '\n' => {
                self.begin_line();
                return false;
            }
            '\t' => return false,
            _ => {}
        }
        if is_unseen(c) {
            // Its escape is something that the line begins with.
            self.line = Line::Begun;
            self.last = [NONE; 5];
            return true;
        }
        let second = self.line == Line::Colon && c == ':';
        self.line = match (self.line, c) {
            (Line::Blank, ':') => Line::Colon,
            (Line::Blank, c) if c.is_whitespace() => Line::Blank,
            _ => Line::Begun,
        };
        let opens = c == '[' && (self.last.ends_with(&['#', '#']) || self.last == ['#', '#', 'v', 's', 'o']);
        self.last.rotate_left(1);
        self.last[4] = c;
        second || opens
    }

    /// Takes from `pending` what can be judged; `end`: nothing more comes.
    fn judge(&mut self, end: bool) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            if rest[0] == b'\x1b' && self.colour {
                match colour(rest) {
                    Colour::Whole(length) => {
                        self.to.write_all(&rest[..length])?;
                        rest = &rest[length..];
                        continue;
                    }
                    Colour::Part if !end => break,
                    Colour::Part | Colour::None => {
                        self.text("\u{1b}")?;
                        rest = &rest[1..];
                        continue;
                    }
                }
            }
            let next = if self.colour { rest.iter().skip(1).position(|b| *b == b'\x1b') } else { None };
            let run = &rest[..next.map_or(rest.len(), |at| at + 1)];
            let text = match std::str::from_utf8(run) {
                Ok(text) => text,
                Err(error) => {
                    let (valid, after) = run.split_at(error.valid_up_to());
                    self.text(std::str::from_utf8(valid).unwrap_or_default())?;
                    rest = &rest[valid.len()..];
                    match error.error_len() {
                        // It may go on.
                        None if !end && after.len() == rest.len() => break,
                        length => {
                            let length = length.unwrap_or(after.len());
                            for byte in &after[..length] {
                                self.line = Line::Begun;
                                write!(self.to, "\\x{byte:02x}")?;
                            }
                            rest = &rest[length..];
                        }
                    }
                    continue;
                }
            };
            self.text(text)?;
            rest = &rest[run.len()..];
        }
        self.pending = rest.to_vec();
        Ok(())
    }
}

/// Foreign text of several lines for a log of its own, as a [`Guard`] would write it.
pub fn log(text: &str) -> String {
    let mut guard = Guard::new(Vec::new(), false);
    // A vector takes everything.
    let _ = guard.write_all(text.as_bytes()).and_then(|()| guard.judge(true));
    String::from_utf8(guard.to).unwrap_or_default()
}

enum Colour {
    Whole(usize),
    Part,
    None,
}

/// Whether bytes begin with `ESC [ digits m`, which changes how following text looks and nothing else.
fn colour(bytes: &[u8]) -> Colour {
    const LONGEST: usize = 24;
    if bytes.len() < 2 {
        return Colour::Part;
    }
    if bytes[1] != b'[' {
        return Colour::None;
    }
    for (at, byte) in bytes.iter().enumerate().skip(2).take(LONGEST) {
        match byte {
            b'0'..=b'9' | b';' => {}
            b'm' => return Colour::Whole(at + 1),
            _ => return Colour::None,
        }
    }
    if bytes.len() < LONGEST { Colour::Part } else { Colour::None }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        self.judge(false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.judge(true)?;
        self.to.flush()
    }
}

impl<W: Write> Out for Guard<W> {
    fn styled(&mut self, text: &str) -> io::Result<()> {
        self.judge(true)?;
        self.colour = true;
        let written = self.write_all(text.as_bytes()).and_then(|()| self.judge(true));
        self.colour = false;
        written
    }

    fn own(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.judge(true)?;
        if bytes.last() == Some(&b'\n') {
            self.begin_line();
        }
        self.to.write_all(bytes)
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.terminal { self.write_all(bytes) } else { self.own(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guarded(colour: bool, parts: &[&[u8]]) -> String {
        let mut guard = Guard::new(Vec::new(), false);
        guard.colour = colour;
        for part in parts {
            guard.write_all(part).unwrap();
        }
        guard.flush().unwrap();
        String::from_utf8(guard.to).unwrap()
    }

    #[test]
    fn commands_are_text() {
        for (text, wanted) in [
            ("::error::x\n", ":\\u{3a}error::x\n"),
            ("a\n \t ::stop-commands::x", "a\n \t :\\u{3a}stop-commands::x"),
            ("\u{3000}::x", "\u{3000}:\\u{3a}x"),
            ("a ::x\n:a::\n", "a ::x\n:a::\n"),
            ("a ##[group]x", "a ##\\u{5b}group]x"),
            ("##vso[task.x]", "##vso\\u{5b}task.x]"),
            ("#[a] # #[b]", "#[a] # #[b]"),
            ("\r::x", "\\r::x"),
            ("a\r\n", "a\\r\n"),
        ] {
            assert_eq!(guarded(false, &[text.as_bytes()]), wanted, "{text:?}");
            // However it comes.
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(guarded(false, &bytes), wanted, "{text:?} in bytes");
        }
    }

    #[test]
    fn colours_pass_where_they_are_wanted_and_nothing_else() {
        let red = "\u{1b}[1;31mred\u{1b}[0m";
        assert_eq!(guarded(true, &[red.as_bytes()]), red);
        assert_eq!(guarded(false, &[red.as_bytes()]), "\\u{1b}[1;31mred\\u{1b}[0m");
        for bad in
            ["\u{1b}]0;title\u{7}", "\u{1b}[2J", "\u{1b}[31", "\u{1b}", "\u{1b}[1\u{1b}[m", "\u{9b}31m"]
        {
            let shown = guarded(true, &[bad.as_bytes()]);
            assert!(shown.starts_with("\\u{"), "{bad:?}: {shown:?}");
        }
        // A command behind a colour is one at the line's beginning.
        assert_eq!(guarded(true, &[b"\x1b[31m::x"]), "\u{1b}[31m:\\u{3a}x");
    }

    #[test]
    fn each_way_is_its_own() {
        let mut guard = Guard::new(Vec::new(), false);
        guard.styled("\u{1b}[1m::a\u{1b}[0m\n").unwrap();
        guard.write_all(b"\x1b[1m").unwrap();
        guard.own(b"\n::error::x\n").unwrap();
        guard.data(b"\x1b[1m::\n").unwrap();
        guard.write_all(b"::b\n").unwrap();
        let wanted = "\u{1b}[1m:\\u{3a}a\u{1b}[0m\n\\u{1b}[1m\n::error::x\n\u{1b}[1m::\n:\\u{3a}b\n";
        assert_eq!(String::from_utf8(guard.to).unwrap(), wanted);
        let mut terminal = Guard::new(Vec::new(), true);
        terminal.data(b"\x1b[1m").unwrap();
        assert_eq!(terminal.to, b"\\u{1b}[1m");
    }

    #[test]
    fn what_is_no_text_is_shown_as_bytes() {
        assert_eq!(guarded(false, &[b"a\xff\xc3", b"\xa9\xe2\x80"]), "a\\xffé\\xe2\\x80");
    }

    proptest! {
        #[test]
        fn parts_do_not_matter_and_nothing_gets_through(
            bytes in proptest::collection::vec(prop_oneof![Just(b':'), Just(b'#'), Just(b'['), Just(b'\n'),
                Just(0x1b), Just(b'm'), Just(0xc2), Just(0x9b), Just(0xe2), Just(0x80), Just(0xae), any::<u8>()], 0..40),
            cuts in proptest::collection::vec(0usize..40, 0..6),
            colour: bool,
        ) {
            let whole = guarded(colour, &[&bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut start = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                parts.push(&bytes[start..cut]);
                start = cut;
            }
            prop_assert_eq!(&guarded(colour, &parts), &whole);
            let escape = if colour { '\x1b' } else { '\n' };
            let through = whole.chars().find(|c| is_unseen(*c) && !['\n', '\t', escape].contains(c));
            prop_assert_eq!(through, None);
            prop_assert!(whole.lines().all(|line| !line.trim_start().starts_with("::")));
            prop_assert!(!whole.contains("##["));
        }
    }
}
