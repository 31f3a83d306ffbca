//! Reading a pattern: its tree, and a pattern of the `regex` crate for the same.

use std::sync::Arc;

/// A set of bytes.
pub(super) type Set = [bool; 256];

/// A pattern.
#[derive(Debug)]
pub(super) enum Tree {
    /// One byte of a set.
    One(Arc<Set>),
    /// The beginning of the text.
    Begin,
    /// Its end.
    End,
    /// A group and its number, from 0.
    Group(usize, Box<Tree>),
    /// One after the other.
    Sequence(Vec<Tree>),
    /// One or the other.
    Either(Box<Tree>, Box<Tree>),
    /// So many times at least, and at most.
    Repeat(Box<Tree>, u32, Option<u32>),
}

impl Tree {
    /// Whether it matches nothing, too.
    fn is_nullable(&self) -> bool {
        match self {
            Self::One(_) => false,
            Self::Begin | Self::End => true,
            Self::Group(_, inner) => inner.is_nullable(),
            Self::Sequence(all) => all.iter().all(Self::is_nullable),
            Self::Either(a, b) => a.is_nullable() || b.is_nullable(),
            Self::Repeat(inner, least, _) => *least == 0 || inner.is_nullable(),
        }
    }

    fn has_groups(&self) -> bool {
        match self {
            Self::One(_) | Self::Begin | Self::End => false,
            Self::Group(..) => true,
            Self::Sequence(all) => all.iter().any(Self::has_groups),
            Self::Either(a, b) => a.has_groups() || b.has_groups(),
            Self::Repeat(inner, ..) => inner.has_groups(),
        }
    }
}

/// Whether groups in it may be what an automaton does not say: a part with groups is repeated and can match nothing.
pub(super) fn is_subtle(tree: &Tree) -> bool {
    match tree {
        Tree::One(_) | Tree::Begin | Tree::End => false,
        Tree::Group(_, inner) => is_subtle(inner),
        Tree::Sequence(all) => all.iter().any(is_subtle),
        Tree::Either(a, b) => is_subtle(a) || is_subtle(b),
        Tree::Repeat(inner, ..) => (inner.is_nullable() && inner.has_groups()) || is_subtle(inner),
    }
}

/// Whether there are several ways at some place, of which a search takes the longer one.
pub(super) fn has_alternatives(tree: &Tree) -> bool {
    match tree {
        Tree::One(_) | Tree::Begin | Tree::End => false,
        Tree::Group(_, inner) | Tree::Repeat(inner, ..) => has_alternatives(inner),
        Tree::Sequence(all) => all.iter().any(has_alternatives),
        Tree::Either(..) => true,
    }
}

/// Reads a pattern.
///
/// What it is, how many groups it has, and the same for the `regex` crate.
pub(super) fn parse(pattern: &[u8]) -> Result<(Tree, usize, String), String> {
    let mut parser = Parser { pattern, at: 0, out: String::new(), depth: 0, groups: 0 };
    let tree = parser.alternatives()?;
    match parser.peek() {
        None => Ok((tree, parser.groups, parser.out)),
        Some(_) => Err("unmatched ')'".to_owned()),
    }
}

struct Parser<'p> {
    pattern: &'p [u8],
    at: usize,
    out: String,
    depth: usize,
    groups: usize,
}

fn one(byte: u8) -> Tree {
    let mut set = [false; 256];
    set[usize::from(byte)] = true;
    Tree::One(Arc::new(set))
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn alternatives(&mut self) -> Result<Tree, String> {
        self.depth += 1;
        if self.depth > 250 {
            return Err("groups are nested too deeply".to_owned());
        }
        let mut tree = self.branch()?;
        while self.peek() == Some(b'|') {
            self.at += 1;
            self.out.push('|');
            tree = Tree::Either(Box::new(tree), Box::new(self.branch()?));
        }
        self.depth -= 1;
        Ok(tree)
    }

    fn branch(&mut self) -> Result<Tree, String> {
        let mut all = Vec::new();
        while let Some(byte) = self.peek() {
            let start = self.out.len();
            let tree = match byte {
                b'|' | b')' => break,
                b'(' => {
                    let group = self.groups;
                    self.groups += 1;
                    self.at += 1;
                    self.out.push('(');
                    let inner = self.alternatives()?;
                    if self.peek() != Some(b')') {
                        return Err("unmatched '('".to_owned());
                    }
                    self.at += 1;
                    self.out.push(')');
                    Tree::Group(group, Box::new(inner))
                }
                b'*' | b'+' | b'?' | b'{' => return Err("nothing to repeat".to_owned()),
                b'[' => self.bracket()?,
                b'^' | b'$' => {
                    // Where something is, is not repeated.
                    self.at += 1;
                    self.out.push(byte as char);
                    all.push(if byte == b'^' { Tree::Begin } else { Tree::End });
                    continue;
                }
                b'.' => {
                    self.at += 1;
                    self.out.push('.');
                    Tree::One(Arc::new([true; 256]))
                }
                b'\\' => {
                    let Some(escaped) = self.pattern.get(self.at + 1) else {
                        return Err("a backslash at the end".to_owned());
                    };
                    self.at += 2;
                    if !b"^$\\.*+?()[{|".contains(escaped) {
                        return Err("invalid escape".to_owned());
                    }
                    literal(*escaped, &mut self.out);
                    one(*escaped)
                }
                byte => {
                    self.at += 1;
                    literal(byte, &mut self.out);
                    one(byte)
                }
            };
            all.push(self.repeats(tree, start)?);
        }
        Ok(Tree::Sequence(all))
    }

    fn repeats(&mut self, mut tree: Tree, start: usize) -> Result<Tree, String> {
        let mut first = true;
        while let Some(byte @ (b'*' | b'+' | b'?' | b'{')) = self.peek() {
            self.at += 1;
            if !std::mem::take(&mut first) {
                // `a+?` repeats the repetition; it is not the lazy kind.
                self.out.insert_str(start, "(?:");
                self.out.push(')');
            }
            let (least, most) = match byte {
                b'*' => (0, None),
                b'+' => (1, None),
                b'?' => (0, Some(1)),
                _ => self.interval()?,
            };
            tree = Tree::Repeat(Box::new(tree), least, most);
            match (byte, most) {
                (b'{', Some(most)) => self.out.push_str(&format!("{{{least},{most}}}")),
                (b'{', None) => self.out.push_str(&format!("{{{least},}}")),
                (byte, _) => self.out.push(byte as char),
            }
        }
        Ok(tree)
    }

    fn interval(&mut self) -> Result<(u32, Option<u32>), String> {
        let least = self.number()?.ok_or("a number is missing in '{}'")?;
        let most = if self.peek() == Some(b',') {
            self.at += 1;
            self.number()?
        } else {
            Some(least)
        };
        if self.peek() != Some(b'}') {
            return Err("unmatched '{'".to_owned());
        }
        self.at += 1;
        match most {
            Some(most) if most < least => Err("a range in '{}' is the wrong way round".to_owned()),
            most => Ok((least, most)),
        }
    }

    fn number(&mut self) -> Result<Option<u32>, String> {
        let rest = &self.pattern[self.at..];
        let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if len == 0 {
            return Ok(None);
        }
        self.at += len;
        let text = std::str::from_utf8(&rest[..len]).unwrap_or_default();
        text.parse().map(Some).map_err(|_| "a number in '{}' is too large".to_owned())
    }

    /// A bracket expression; `-` is a byte of its own at its ends only.
    fn bracket(&mut self) -> Result<Tree, String> {
        let unmatched = || "unmatched '['".to_owned();
        self.at += 1;
        let negated = self.peek() == Some(b'^');
        self.at += usize::from(negated);
        let mut set = [false; 256];
        let begin = self.at;
        let mut last = Last::Nothing;
        loop {
            let byte = self.peek().ok_or_else(unmatched)?;
            let next = self.pattern.get(self.at + 1).copied();
            let first = self.at == begin;
            match (byte, next) {
                (b']', _) if !first => {
                    self.at += 1;
                    break;
                }
                (b'-', _) if first => {
                    self.at += 1;
                    last.byte(b'-', &mut set);
                }
                (b'-', Some(b']')) => {
                    self.at += 1;
                    last.byte(b'-', &mut set);
                }
                (b'-', _) => {
                    let Last::Byte(low) = last else {
                        return Err("a range has no beginning".to_owned());
                    };
                    self.at += 1;
                    let high = self.peek().ok_or_else(unmatched)?;
                    let is_class = high == b'['
                        && matches!(self.pattern.get(self.at + 1), Some(b'.' | b':' | b'=') | None);
                    if is_class {
                        return Err("a range has no end".to_owned());
                    }
                    self.at += 1;
                    // Bytes are signed there.
                    if (high as i8) < low as i8 {
                        return Err("a range is the wrong way round".to_owned());
                    }
                    for byte in low as i8..=high as i8 {
                        set[usize::from(byte as u8)] = true;
                    }
                    last = Last::Nothing;
                }
                (b'[', Some(kind @ (b'.' | b':' | b'='))) => {
                    self.at += 2;
                    let rest = &self.pattern[self.at..];
                    let end = rest.iter().position(|byte| *byte == kind).ok_or_else(unmatched)?;
                    if rest.get(end + 1) != Some(&b']') {
                        return Err("a class has no end".to_owned());
                    }
                    let name = String::from_utf8_lossy(&rest[..end]).into_owned();
                    self.at += end + 2;
                    match kind {
                        b'.' => last.byte(collating(&name)?, &mut set),
                        b'=' => {
                            last.class(&mut set);
                            let byte = collating(&name)?.to_ascii_lowercase();
                            for same in [byte, byte.to_ascii_uppercase()] {
                                set[usize::from(same)] = true;
                            }
                        }
                        _ => {
                            last.class(&mut set);
                            let is = class(&name.to_ascii_lowercase())
                                .ok_or_else(|| format!("unknown character class '{name}'"))?;
                            (0..=127u8).filter(is).for_each(|byte| set[usize::from(byte)] = true);
                        }
                    }
                }
                (b'[', None) => return Err(unmatched()),
                (byte, _) => {
                    self.at += 1;
                    last.byte(byte, &mut set);
                }
            }
        }
        last.class(&mut set);
        if negated {
            set.iter_mut().for_each(|has| *has = !*has);
        }
        self.out.push('[');
        let mut at = 0;
        while at < 256 {
            if !set[at] {
                at += 1;
                continue;
            }
            let end = (at..256).take_while(|byte| set[*byte]).last().unwrap_or(at);
            self.out.push_str(&format!("\\x{at:02x}-\\x{end:02x}"));
            at = end + 1;
        }
        if !set.contains(&true) {
            self.out.push_str("^\\x00-\\xff");
        }
        self.out.push(']');
        Ok(Tree::One(Arc::new(set)))
    }
}

/// What came last in a bracket expression; a byte may yet begin a range.
enum Last {
    Nothing,
    Byte(u8),
    Class,
}

impl Last {
    fn add(&self, set: &mut Set) {
        if let Self::Byte(byte) = self {
            set[usize::from(*byte)] = true;
        }
    }

    fn byte(&mut self, byte: u8, set: &mut Set) {
        self.add(set);
        *self = Self::Byte(byte);
    }

    fn class(&mut self, set: &mut Set) {
        self.add(set);
        *self = Self::Class;
    }
}

fn class(name: &str) -> Option<fn(&u8) -> bool> {
    Some(match name {
        "alnum" => u8::is_ascii_alphanumeric,
        "alpha" => u8::is_ascii_alphabetic,
        "blank" => |byte| matches!(byte, b' ' | b'\t'),
        "cntrl" => u8::is_ascii_control,
        "d" | "digit" => u8::is_ascii_digit,
        "graph" => u8::is_ascii_graphic,
        "lower" => u8::is_ascii_lowercase,
        "print" => |byte| matches!(byte, b' '..=b'~'),
        "punct" => u8::is_ascii_punctuation,
        "s" | "space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        "upper" => u8::is_ascii_uppercase,
        "w" => |byte| byte.is_ascii_alphanumeric() || *byte == b'_',
        "xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

/// POSIX's names of characters, in the order of ASCII; letters are their own.
const NAMES: [&str; 76] = [
    "NUL",
    "SOH",
    "STX",
    "ETX",
    "EOT",
    "ENQ",
    "ACK",
    "alert",
    "backspace",
    "tab",
    "newline",
    "vertical-tab",
    "form-feed",
    "carriage-return",
    "SO",
    "SI",
    "DLE",
    "DC1",
    "DC2",
    "DC3",
    "DC4",
    "NAK",
    "SYN",
    "ETB",
    "CAN",
    "EM",
    "SUB",
    "ESC",
    "IS4",
    "IS3",
    "IS2",
    "IS1",
    "space",
    "exclamation-mark",
    "quotation-mark",
    "number-sign",
    "dollar-sign",
    "percent-sign",
    "ampersand",
    "apostrophe",
    "left-parenthesis",
    "right-parenthesis",
    "asterisk",
    "plus-sign",
    "comma",
    "hyphen",
    "period",
    "slash",
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "colon",
    "semicolon",
    "less-than-sign",
    "equals-sign",
    "greater-than-sign",
    "question-mark",
    "commercial-at",
    "left-square-bracket",
    "backslash",
    "right-square-bracket",
    "circumflex",
    "underscore",
    "grave-accent",
    "left-curly-bracket",
    "vertical-line",
    "right-curly-bracket",
    "tilde",
    "DEL",
];

fn collating(name: &str) -> Result<u8, String> {
    let letters = |byte: &u8| !byte.is_ascii_alphabetic();
    match name.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Ok(*letter),
        _ => {
            let at = NAMES.iter().position(|known| *known == name);
            let byte = at.and_then(|at| (0..=127u8).filter(letters).nth(at));
            byte.ok_or_else(|| format!("unknown collating element '{name}'"))
        }
    }
}

fn literal(byte: u8, out: &mut String) {
    if byte.is_ascii_alphanumeric() {
        out.push(byte as char);
    } else {
        out.push_str(&format!("\\x{byte:02x}"));
    }
}
