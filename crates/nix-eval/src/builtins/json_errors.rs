//! What is wrong with a text that is no JSON, in the words of the library that C++ Nix reads it with,
//! nlohmann's; its places count as that library counts, too.

/// The message; `None` if the library would take the text.
pub(super) fn explain(text: &[u8]) -> Option<String> {
    let lexer =
        Lexer { text, next: 0, current: None, again: false, total: 0, line: 0, column: 0, read: Vec::new() };
    Parser { lexer, last: Token::End, wrong: String::new() }.document().err()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    True,
    False,
    Null,
    String,
    Number,
    BeginArray,
    BeginObject,
    EndArray,
    EndObject,
    Colon,
    Comma,
    Wrong,
    End,
    /// Not a token: what is expected where a value is.
    Value,
}

impl Token {
    fn name(self) -> &'static str {
        match self {
            Self::True => "true literal",
            Self::False => "false literal",
            Self::Null => "null literal",
            Self::String => "string literal",
            Self::Number => "number literal",
            Self::BeginArray => "'['",
            Self::BeginObject => "'{'",
            Self::EndArray => "']'",
            Self::EndObject => "'}'",
            Self::Colon => "':'",
            Self::Comma => "','",
            Self::Wrong => "<parse error>",
            Self::End => "end of input",
            Self::Value => "'[', '{', or a literal",
        }
    }
}

struct Lexer<'t> {
    text: &'t [u8],
    next: usize,
    current: Option<u8>,
    again: bool,
    total: usize,
    line: usize,
    column: usize,
    /// What was read since the last string or number began.
    read: Vec<u8>,
}

type Scanned = Result<Token, String>;

impl Lexer<'_> {
    fn get(&mut self) -> Option<u8> {
        self.total += 1;
        self.column += 1;
        if !std::mem::take(&mut self.again) {
            self.current = self.text.get(self.next).copied();
            self.next += 1;
        }
        self.read.extend(self.current);
        if self.current == Some(b'\n') {
            self.line += 1;
            self.column = 0;
        }
        self.current
    }

    fn unget(&mut self) {
        self.again = true;
        self.total -= 1;
        match self.column {
            0 => self.line = self.line.saturating_sub(1),
            _ => self.column -= 1,
        }
        if self.current.is_some() {
            self.read.pop();
        }
    }

    fn begin(&mut self) {
        self.read.clear();
        self.read.extend(self.current);
    }

    fn scan(&mut self) -> Scanned {
        if self.total == 0 {
            if self.get() == Some(0xef) {
                if self.get() != Some(0xbb) || self.get() != Some(0xbf) {
                    return Err("invalid BOM; must be 0xEF 0xBB 0xBF if given".to_owned());
                }
            } else {
                self.unget();
            }
        }
        while matches!(self.get(), Some(b' ' | b'\t' | b'\n' | b'\r')) {}
        match self.current {
            Some(b'[') => Ok(Token::BeginArray),
            Some(b']') => Ok(Token::EndArray),
            Some(b'{') => Ok(Token::BeginObject),
            Some(b'}') => Ok(Token::EndObject),
            Some(b':') => Ok(Token::Colon),
            Some(b',') => Ok(Token::Comma),
            Some(b't') => self.literal(b"rue", Token::True),
            Some(b'f') => self.literal(b"alse", Token::False),
            Some(b'n') => self.literal(b"ull", Token::Null),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            None | Some(0) => Ok(Token::End),
            Some(_) => Err("invalid literal".to_owned()),
        }
    }

    fn literal(&mut self, rest: &[u8], token: Token) -> Scanned {
        for byte in rest {
            if self.get() != Some(*byte) {
                return Err("invalid literal".to_owned());
            }
        }
        Ok(token)
    }

    fn number(&mut self) -> Scanned {
        self.begin();
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        if self.current == Some(b'-') && !digit(self.get()) {
            return Err("invalid number; expected digit after '-'".to_owned());
        }
        if self.current == Some(b'0') {
            self.get();
        } else {
            while digit(self.get()) {}
        }
        if self.current == Some(b'.') {
            if !digit(self.get()) {
                return Err("invalid number; expected digit after '.'".to_owned());
            }
            while digit(self.get()) {}
        }
        if matches!(self.current, Some(b'e' | b'E')) {
            let sign = matches!(self.get(), Some(b'+' | b'-'));
            if sign {
                self.get();
            }
            if !digit(self.current) {
                let what =
                    if sign { "digit after exponent sign" } else { "'+', '-', or digit after exponent" };
                return Err(format!("invalid number; expected {what}"));
            }
            while digit(self.get()) {}
        }
        self.unget();
        Ok(Token::Number)
    }

    fn code_point(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.get().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or("invalid string: '\\u' must be followed by 4 hex digits")?;
        }
        Ok(code)
    }

    fn string(&mut self) -> Scanned {
        self.begin();
        loop {
            match self.get() {
                None => return Err("invalid string: missing closing quote".to_owned()),
                Some(b'"') => return Ok(Token::String),
                Some(b'\\') => self.escape()?,
                Some(byte @ 0..=0x1f) => return Err(control(byte)),
                Some(0x20..=0x7f) => {}
                Some(0xc2..=0xdf) => self.follow(&[(0x80, 0xbf)])?,
                Some(0xe0) => self.follow(&[(0xa0, 0xbf), (0x80, 0xbf)])?,
                Some(0xe1..=0xec | 0xee | 0xef) => self.follow(&[(0x80, 0xbf), (0x80, 0xbf)])?,
                Some(0xed) => self.follow(&[(0x80, 0x9f), (0x80, 0xbf)])?,
                Some(0xf0) => self.follow(&[(0x90, 0xbf), (0x80, 0xbf), (0x80, 0xbf)])?,
                Some(0xf1..=0xf3) => self.follow(&[(0x80, 0xbf), (0x80, 0xbf), (0x80, 0xbf)])?,
                Some(0xf4) => self.follow(&[(0x80, 0x8f), (0x80, 0xbf), (0x80, 0xbf)])?,
                Some(_) => return Err(ILL_FORMED.to_owned()),
            }
        }
    }

    fn follow(&mut self, ranges: &[(u8, u8)]) -> Result<(), String> {
        for (low, high) in ranges {
            if !self.get().is_some_and(|byte| (*low..=*high).contains(&byte)) {
                return Err(ILL_FORMED.to_owned());
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.get() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.code_point()? {
                0xd800..=0xdbff => {
                    let low = self.get() == Some(b'\\') && self.get() == Some(b'u');
                    if low && (0xdc00..=0xdfff).contains(&self.code_point()?) {
                        return Ok(());
                    }
                    Err("invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF"
                        .to_owned())
                }
                0xdc00..=0xdfff => {
                    Err("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF".to_owned())
                }
                _ => Ok(()),
            },
            _ => Err("invalid string: forbidden character after backslash".to_owned()),
        }
    }
}

const ILL_FORMED: &str = "invalid string: ill-formed UTF-8 byte";

fn control(byte: u8) -> String {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO",
        "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS",
        "RS", "US",
    ];
    let name = NAMES.get(byte as usize).copied().unwrap_or_default();
    let short = match byte {
        0x08 => " or \\b",
        0x09 => " or \\t",
        0x0a => " or \\n",
        0x0c => " or \\f",
        0x0d => " or \\r",
        _ => "",
    };
    format!("invalid string: control character U+{byte:04X} ({name}) must be escaped to \\u{byte:04X}{short}")
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    last: Token,
    /// What is wrong with the last token, if it is.
    wrong: String,
}

impl Parser<'_> {
    fn token(&mut self) -> Token {
        self.last = self.lexer.scan().unwrap_or_else(|message| {
            self.wrong = message;
            Token::Wrong
        });
        self.last
    }

    fn read(&self) -> String {
        let mut shown = String::new();
        for c in String::from_utf8_lossy(&self.lexer.read).chars() {
            match c {
                '\0'..='\x1f' => shown += &format!("<U+{:04X}>", c as u32),
                c => shown.push(c),
            }
        }
        shown
    }

    fn at(&self) -> String {
        let Lexer { line, column, .. } = self.lexer;
        format!("[json.exception.parse_error.101] parse error at line {}, column {column}: ", line + 1)
    }

    fn fail<T>(&self, expected: Option<Token>, context: &str) -> Result<T, String> {
        let mut message = format!("{}syntax error while parsing {context} - ", self.at());
        match self.last {
            Token::Wrong => message += &format!("{}; last read: '{}'", self.wrong, self.read()),
            last => message += &format!("unexpected {}", last.name()),
        }
        if let Some(expected) = expected {
            message += &format!("; expected {}", expected.name());
        }
        Err(message)
    }

    fn expect(&mut self, token: Token, context: &str) -> Result<(), String> {
        if self.token() == token { Ok(()) } else { self.fail(Some(token), context) }
    }

    /// `"key":` and the first token of its value, after what was read of the key.
    fn member(&mut self) -> Result<(), String> {
        if self.last != Token::String {
            return self.fail(Some(Token::String), "object key");
        }
        self.expect(Token::Colon, "object separator")?;
        self.token();
        Ok(())
    }

    fn document(&mut self) -> Result<(), String> {
        // What is open, innermost last: whether it is an object.
        let mut open: Vec<bool> = Vec::new();
        self.token();
        'value: loop {
            match self.last {
                Token::BeginObject => {
                    if self.token() != Token::EndObject {
                        self.member()?;
                        open.push(true);
                        continue;
                    }
                }
                Token::BeginArray => {
                    if self.token() != Token::EndArray {
                        open.push(false);
                        continue;
                    }
                }
                Token::Number => {
                    let text = self.read();
                    if text.parse::<f64>().is_ok_and(f64::is_infinite) {
                        return Err(format!(
                            "[json.exception.out_of_range.406] number overflow parsing '{text}'"
                        ));
                    }
                }
                Token::True | Token::False | Token::Null | Token::String => {}
                Token::Wrong => return self.fail(None, "value"),
                Token::End if self.lexer.total == 1 => {
                    let why = "attempting to parse an empty input; check that your input string or stream contains the expected JSON";
                    return Err(format!("{}{why}", self.at()));
                }
                _ => return self.fail(Some(Token::Value), "value"),
            }
            loop {
                let Some(object) = open.last().copied() else {
                    return self.expect(Token::End, "value");
                };
                match (self.token(), object) {
                    (Token::Comma, _) => {
                        self.token();
                        if object {
                            self.member()?;
                        }
                        continue 'value;
                    }
                    (Token::EndObject, true) | (Token::EndArray, false) => {
                        open.pop();
                    }
                    (_, true) => return self.fail(Some(Token::EndObject), "object"),
                    (_, false) => return self.fail(Some(Token::EndArray), "array"),
                }
            }
        }
    }
}
