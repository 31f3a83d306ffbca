//! The lexical forms of TOML 1.0: each function says where what begins at `at` ends.

/// A text and how much of it is UTF-8.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    bytes: &'t [u8],
    valid: usize,
}

impl<'t> Text<'t> {
    pub fn new(bytes: &'t [u8]) -> Self {
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        Self { bytes, valid }
    }

    /// The byte at `at`; one that no form has where the text is no UTF-8.
    pub fn get(&self, at: usize) -> Option<u8> {
        let byte = *self.bytes.get(at)?;
        Some(if at < self.valid { byte } else { 1 })
    }

    pub fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    pub fn starts(&self, at: usize, with: &str) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(with.as_bytes()))
    }

    fn is(&self, at: usize, test: impl Fn(u8) -> bool) -> bool {
        self.get(at).is_some_and(test)
    }

    fn digit(&self, at: usize) -> bool {
        self.is(at, |byte| byte.is_ascii_digit())
    }

    /// As many bytes as pass.
    pub fn many(&self, mut at: usize, test: impl Fn(u8) -> bool) -> usize {
        while self.is(at, &test) {
            at += 1;
        }
        at
    }

    pub fn blanks(&self, at: usize) -> usize {
        self.many(at, |byte| byte == b' ' || byte == b'\t')
    }

    pub fn newline(&self, at: usize) -> Option<usize> {
        match self.get(at)? {
            b'\n' => Some(at + 1),
            b'\r' if self.get(at + 1) == Some(b'\n') => Some(at + 2),
            _ => None,
        }
    }

    /// `# …` up to the end of its line.
    pub fn comment(&self, at: usize) -> Option<usize> {
        let allowed = |byte: u8| byte == b'\t' || (0x20..=0x7e).contains(&byte) || byte >= 0x80;
        (self.get(at) == Some(b'#')).then(|| self.many(at + 1, allowed))
    }

    fn exactly(&self, at: usize, digits: usize) -> Option<usize> {
        (at..at + digits).all(|at| self.digit(at)).then_some(at + digits)
    }

    fn byte(&self, at: usize, any: &[u8]) -> Option<usize> {
        self.is(at, |byte| any.contains(&byte)).then_some(at + 1)
    }

    pub fn date(&self, at: usize) -> Option<usize> {
        let at = self.byte(self.exactly(at, 4)?, b"-")?;
        let at = self.byte(self.exactly(at, 2)?, b"-")?;
        self.exactly(at, 2)
    }

    pub fn time(&self, at: usize) -> Option<usize> {
        let at = self.byte(self.exactly(at, 2)?, b":")?;
        let at = self.byte(self.exactly(at, 2)?, b":")?;
        let at = self.exactly(at, 2)?;
        let fraction = self.many(at + 1, |byte| byte.is_ascii_digit());
        Some(if self.get(at) == Some(b'.') && fraction > at + 1 { fraction } else { at })
    }

    pub fn date_time(&self, at: usize) -> Option<usize> {
        self.time(self.byte(self.date(at)?, b"Tt ")?)
    }

    pub fn offset(&self, at: usize) -> Option<usize> {
        if let Some(at) = self.byte(at, b"Zz") {
            return Some(at);
        }
        let at = self.exactly(self.byte(at, b"+-")?, 2)?;
        self.exactly(self.byte(at, b":")?, 2)
    }

    /// Digits that pass, with single underscores between them.
    fn grouped(&self, at: usize, test: impl Fn(u8) -> bool) -> Option<usize> {
        let mut at = self.is(at, &test).then_some(at + 1)?;
        loop {
            if self.is(at, &test) {
                at += 1;
            } else if self.get(at) == Some(b'_') && self.is(at + 1, &test) {
                at += 2;
            } else {
                return Some(at);
            }
        }
    }

    /// A decimal integer: a zero stands alone.
    pub fn decimal(&self, at: usize) -> Option<usize> {
        let at = self.byte(at, b"+-").unwrap_or(at);
        match self.get(at)? {
            b'0' => Some(at + 1),
            _ => self.grouped(at, |byte| byte.is_ascii_digit()),
        }
    }

    /// `0x…`, `0o…`, `0b…` with their base.
    pub fn based(&self, at: usize) -> Option<(usize, u32)> {
        for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if self.starts(at, prefix) {
                let end = self.grouped(at + 2, |byte| char::from(byte).is_digit(base))?;
                return Some((end, base));
            }
        }
        None
    }

    pub fn float(&self, at: usize) -> Option<usize> {
        let unsigned = self.byte(at, b"+-").unwrap_or(at);
        if self.starts(unsigned, "inf") || self.starts(unsigned, "nan") {
            return Some(unsigned + 3);
        }
        let at = self.decimal(at)?;
        let exponent = |at: usize| {
            let at = self.byte(at, b"eE")?;
            self.grouped(self.byte(at, b"+-").unwrap_or(at), |byte| byte.is_ascii_digit())
        };
        if let Some(at) = exponent(at) {
            return Some(at);
        }
        let at = self.grouped(self.byte(at, b".")?, |byte| byte.is_ascii_digit())?;
        Some(exponent(at).unwrap_or(at))
    }

    fn basic_char(&self, at: usize) -> Option<usize> {
        match self.get(at)? {
            b'\\' => match self.get(at + 1)? {
                b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
                kind @ (b'u' | b'U') => {
                    let end = at + if kind == b'u' { 6 } else { 10 };
                    (at + 2..end).all(|at| self.is(at, |byte| byte.is_ascii_hexdigit())).then_some(end)
                }
                _ => None,
            },
            byte => {
                let plain = byte == b'\t' || (byte >= 0x20 && byte != b'"' && byte != 0x7f);
                plain.then_some(at + 1)
            }
        }
    }

    fn literal_char(&self, at: usize) -> Option<usize> {
        let byte = self.get(at)?;
        (byte == b'\t' || (byte >= 0x20 && byte != b'\'' && byte != 0x7f)).then_some(at + 1)
    }

    /// `\` at the end of a line, with all blank lines and the indentation that follow.
    pub fn escaped_newline(&self, at: usize) -> Option<usize> {
        let at = self.blanks(self.byte(at, b"\\")?);
        let mut at = self.newline(at)?;
        loop {
            let next = self.blanks(at);
            let next = self.newline(next).unwrap_or(next);
            if next == at {
                return Some(at);
            }
            at = next;
        }
    }

    pub fn basic(&self, at: usize) -> Option<usize> {
        let mut at = self.byte(at, b"\"")?;
        while let Some(next) = self.basic_char(at) {
            at = next;
        }
        self.byte(at, b"\"")
    }

    pub fn literal(&self, at: usize) -> Option<usize> {
        let mut at = self.byte(at, b"'")?;
        while let Some(next) = self.literal_char(at) {
            at = next;
        }
        self.byte(at, b"'")
    }

    /// A string over several lines between three quotation marks, up to two more of which may stand
    /// within and at its end.
    pub fn long(&self, at: usize, quote: u8) -> Option<usize> {
        let one = |at: usize| match quote {
            b'"' => self.basic_char(at).or_else(|| self.newline(at)).or_else(|| self.escaped_newline(at)),
            _ => self.literal_char(at).or_else(|| self.newline(at)),
        };
        let mut at = at + 3;
        loop {
            while let Some(next) = one(at) {
                at = next;
            }
            let quotes = self.many(at, |byte| byte == quote) - at;
            if quotes >= 3 {
                return Some(at + quotes.min(5));
            }
            if quotes == 0 {
                return None;
            }
            at = one(at + quotes)?;
        }
    }

    pub fn bare_key(&self, at: usize) -> Option<usize> {
        let end = self.many(at, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (end > at).then_some(end)
    }

    /// A key with dots.
    fn key(&self, mut at: usize) -> Option<usize> {
        loop {
            at = match self.get(at)? {
                b'"' => self.basic(at)?,
                b'\'' => self.literal(at)?,
                _ => self.bare_key(at)?,
            };
            let dot = self.blanks(at);
            if self.get(dot) != Some(b'.') {
                return Some(at);
            }
            at = self.blanks(dot + 1);
        }
    }

    /// `[key]` or `[[key]]`.
    pub fn header(&self, at: usize, open: &str, close: &str) -> Option<usize> {
        let at = self.starts(at, open).then_some(at + open.len())?;
        let at = self.blanks(self.key(self.blanks(at))?);
        self.starts(at, close).then_some(at + close.len())
    }
}
