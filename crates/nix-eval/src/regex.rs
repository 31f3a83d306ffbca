//! POSIX extended regular expressions as C++ Nix's library reads them, on bytes.
//!
//! A pattern is translated for the `regex` crate. A whole match takes the first way in order of
//! preference in both; a search takes the longest match at the leftmost place, which a second
//! automaton finds where the two could differ.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

/// A compiled pattern.
pub struct Regex {
    whole: regex::bytes::Regex,
    search: regex::bytes::Regex,
    longest: Option<DFA>,
    small: bool,
}

/// Where a match and its groups are.
pub struct Match {
    /// The whole match.
    pub span: (usize, usize),
    /// The groups that took part.
    pub groups: Vec<Option<(usize, usize)>>,
}

/// Largest compiled form, and of those that are worth keeping.
const SIZE_LIMIT: usize = 64 << 20;
const SMALL: usize = 256 << 10;

impl Regex {
    /// Compiles `pattern`.
    pub fn new(pattern: &[u8]) -> Result<Self, String> {
        let translated = Translator { pattern, at: 0, out: String::new(), depth: 0 }.translate()?;
        let within = |text: &str, limit| {
            regex::bytes::RegexBuilder::new(text)
                .unicode(false)
                .dot_matches_new_line(true)
                .size_limit(limit)
                .build()
        };
        let mut small = true;
        let mut build = |text: &str| {
            within(text, SMALL).or_else(|_| {
                small = false;
                within(text, SIZE_LIMIT).map_err(|error| error.to_string())
            })
        };
        let ambiguous = pattern.iter().any(|byte| b"|*+?{".contains(byte));
        let longest = if ambiguous {
            let dfa = DFA::builder()
                .configure(DFA::config().match_kind(MatchKind::All).cache_capacity(32 << 20))
                .syntax(syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true))
                .thompson(
                    regex_automata::nfa::thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)),
                )
                .build(&translated)
                .map_err(|error| error.to_string())?;
            Some(dfa)
        } else {
            None
        };
        let whole = build(&format!("\\A(?:{translated})\\z"))?;
        let search = build(&translated)?;
        Ok(Self { whole, search, longest, small })
    }

    /// Whether many like it may be kept.
    pub fn is_small(&self) -> bool {
        self.small
    }

    /// The groups, if all of `text` matches.
    pub fn match_whole(&self, text: &[u8]) -> Option<Vec<Option<(usize, usize)>>> {
        if self.whole.captures_len() == 1 {
            return self.whole.is_match(text).then(Vec::new);
        }
        self.whole.captures(text).map(|captures| groups(&captures, 0))
    }

    /// The longest match at the leftmost place from `start` on.
    pub fn find_at(&self, text: &[u8], start: usize) -> Option<Match> {
        let captures = self.search.captures_at(text, start)?;
        let first = captures.get(0)?;
        let mut span = (first.start(), first.end());
        let mut found = groups(&captures, 0);
        if let Some(dfa) = &self.longest {
            let mut cache = Cache::new(dfa);
            let input = Input::new(text).anchored(Anchored::Yes).span(span.0..text.len());
            if let Ok(Some(half)) = dfa.try_search_fwd(&mut cache, &input)
                && half.offset() > span.1
            {
                span.1 = half.offset();
                found = match self.whole.captures(&text[span.0..span.1]) {
                    Some(captures) => groups(&captures, span.0),
                    None => found,
                };
            }
        }
        Some(Match { span, groups: found })
    }
}

fn groups(captures: &regex::bytes::Captures<'_>, shift: usize) -> Vec<Option<(usize, usize)>> {
    captures
        .iter()
        .skip(1)
        .map(|group| group.map(|group| (group.start() + shift, group.end() + shift)))
        .collect()
}

struct Translator<'p> {
    pattern: &'p [u8],
    at: usize,
    out: String,
    depth: usize,
}

impl Translator<'_> {
    fn translate(mut self) -> Result<String, String> {
        self.alternatives()?;
        match self.peek() {
            None => Ok(self.out),
            Some(_) => Err("unmatched ')'".to_owned()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn alternatives(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > 250 {
            return Err("groups are nested too deeply".to_owned());
        }
        loop {
            self.branch()?;
            if self.peek() != Some(b'|') {
                break;
            }
            self.at += 1;
            self.out.push('|');
        }
        self.depth -= 1;
        Ok(())
    }

    fn branch(&mut self) -> Result<(), String> {
        while let Some(byte) = self.peek() {
            let start = self.out.len();
            match byte {
                b'|' | b')' => return Ok(()),
                b'(' => {
                    self.at += 1;
                    self.out.push('(');
                    self.alternatives()?;
                    if self.peek() != Some(b')') {
                        return Err("unmatched '('".to_owned());
                    }
                    self.at += 1;
                    self.out.push(')');
                }
                b'*' | b'+' | b'?' | b'{' => return Err("nothing to repeat".to_owned()),
                b'[' => self.bracket()?,
                b'.' | b'^' | b'$' => {
                    self.at += 1;
                    self.out.push(byte as char);
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
                }
                byte => {
                    self.at += 1;
                    literal(byte, &mut self.out);
                }
            }
            self.repeats(start)?;
        }
        Ok(())
    }

    fn repeats(&mut self, start: usize) -> Result<(), String> {
        let mut first = true;
        while let Some(byte @ (b'*' | b'+' | b'?' | b'{')) = self.peek() {
            self.at += 1;
            if !std::mem::take(&mut first) {
                // `a+?` repeats the repetition; it is not the lazy kind.
                self.out.insert_str(start, "(?:");
                self.out.push(')');
            }
            if byte != b'{' {
                self.out.push(byte as char);
                continue;
            }
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
                Some(most) if most < least => return Err("a range in '{}' is the wrong way round".to_owned()),
                Some(most) => self.out.push_str(&format!("{{{least},{most}}}")),
                None => self.out.push_str(&format!("{{{least},}}")),
            }
        }
        Ok(())
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

    fn bracket(&mut self) -> Result<(), String> {
        let unmatched = || "unmatched '['".to_owned();
        self.at += 1;
        self.out.push('[');
        if self.peek() == Some(b'^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let byte = self.peek().ok_or_else(unmatched)?;
            if byte == b']' && !first {
                self.at += 1;
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if byte == b'[' && self.pattern.get(self.at + 1) == Some(&b':') {
                let rest = &self.pattern[self.at + 2..];
                let end = rest.windows(2).position(|pair| pair == b":]").ok_or_else(unmatched)?;
                let name = std::str::from_utf8(&rest[..end]).unwrap_or_default();
                const NAMES: [&str; 15] = [
                    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
                    "upper", "xdigit", "d", "w", "s",
                ];
                match NAMES.iter().position(|known| *known == name) {
                    Some(12) => self.out.push_str("[:digit:]"),
                    Some(13) => self.out.push_str("[:word:]"),
                    Some(14) => self.out.push_str("[:space:]"),
                    Some(_) => self.out.push_str(&format!("[:{name}:]")),
                    None => return Err(format!("unknown character class '{name}'")),
                }
                self.at += end + 4;
                continue;
            }
            let low = self.bracket_byte()?;
            let range =
                self.peek() == Some(b'-') && self.pattern.get(self.at + 1).is_some_and(|next| *next != b']');
            if range {
                self.at += 1;
                let high = self.bracket_byte()?;
                if high < low {
                    return Err("a range is the wrong way round".to_owned());
                }
                self.out.push_str(&format!("\\x{low:02x}-\\x{high:02x}"));
            } else {
                self.out.push_str(&format!("\\x{low:02x}"));
            }
        }
    }

    /// One character of a bracket: plain, or `[.x.]`, `[=x=]`.
    fn bracket_byte(&mut self) -> Result<u8, String> {
        match &self.pattern[self.at..] {
            [b'[', b'.', byte, b'.', b']', ..] | [b'[', b'=', byte, b'=', b']', ..] => {
                self.at += 5;
                Ok(*byte)
            }
            [b'[', b'.' | b'=', ..] => Err("unknown collating element".to_owned()),
            [byte, ..] => {
                self.at += 1;
                Ok(*byte)
            }
            [] => Err("unmatched '['".to_owned()),
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
