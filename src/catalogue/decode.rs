//! TOML values into Rust values, with the place of each, collecting every finding on the way.
//!
//! Knows TOML and diagnostics; must not know what the catalogue's keys mean. A value of the wrong type
//! is reported and then treated as absent, so that one mistake does not hide the next.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use crate::diag::{Code, Diagnostic, SourceId, Span, nearest};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    ControlCharacter =
        "A string contains a line break, a tab, another control character, or one of those Unicode characters that \
         are invisible or change the direction of text. Catalogue text ends up in Nix files, shell scripts and \
         postgresql.conf, where no key has a use for such a character, and a reviewer cannot see it. Write the text \
         on one line. If a build really needs such a value, put it into an override.";
    MissingKey =
        "The table needs a key that is not there. The message names it and the help line shows how to write it.";
    UnknownKey =
        "No such key is known here, so it would have no effect; usually it is a spelling mistake, and the nearest \
         known key is named. `pgflakegen schema` prints what is known.";
    WrongType =
        "The key exists, but its value must be of another type, for example a string instead of a number (version = \
         \"15.8\", not 15.8) or an array instead of a string.";
};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place; for a table, its header.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value` at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A key that may be absent, or was reported as wrong.
pub type Field<T> = Option<Spanned<T>>;

/// A table whose keys the user chooses, in the order of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map<T>(pub Vec<(Spanned<String>, Spanned<T>)>);

/// The keys of a table whose value could not be used: they are not missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong(Vec<&'static str>);

impl Wrong {
    /// Whether `key` is there with a value that was reported.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(&key)
    }
}

/// Where findings go while one file is decoded.
pub struct Decoder {
    source: SourceId,
    /// What was found so far.
    pub found: Vec<Diagnostic>,
    /// The key whose value is being read, in a table whose keys the user chooses, and its place.
    pub key: Spanned<String>,
    /// What the file is, as findings call it ("the extension").
    pub what: &'static str,
}

/// A type that can be read from a TOML value.
pub trait FromToml: Sized {
    /// What is expected, with article: "a string".
    const EXPECTED: &'static str;

    /// The value, or `None` after a finding was reported.
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self>;
}

impl Decoder {
    /// Findings point into `source`.
    pub fn new(source: SourceId, what: &'static str) -> Self {
        let key = Spanned::new(String::new(), Span::new(source, 0..0));
        Self { source, found: Vec::new(), key, what }
    }

    /// A place in this file.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.source, range)
    }

    /// A string of the catalogue: one line, and nothing in it that cannot be seen.
    ///
    /// Text ends up in Nix, shell scripts and postgresql.conf; no key has a use for control characters, and
    /// those that change the direction of text make a reviewer see something else than what is there.
    pub fn text(&mut self, text: &str, span: Span) -> Option<String> {
        let unseen = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        let Some(found) = text.chars().find(|c| unseen(*c)) else { return Some(text.to_owned()) };
        let message = match found {
            '\n' | '\r' => "text goes over more than one line".to_owned(),
            '\t' => "text contains a tab".to_owned(),
            other => format!("text contains the invisible character U+{:04X}", u32::from(other)),
        };
        self.found.push(
            Diagnostic::new(Code::ControlCharacter, span, message)
                .help("write it on one line, with characters that can be seen"),
        );
        None
    }

    /// Reports a value that has not the type it should have.
    pub fn wrong_type(&mut self, value: &DeValue<'_>, span: Span, expected: &str) {
        let mut finding =
            Diagnostic::new(Code::WrongType, span, format!("expected {expected}, found {}", describe(value)));
        if expected.starts_with("a string") {
            match value {
                DeValue::Integer(number) => finding = finding.help(format!("quote it: \"{number}\"")),
                DeValue::Float(number) => {
                    finding = finding.help(format!("quote it: \"{}\"", number.as_str()))
                }
                DeValue::Array(_) => finding = finding.help("write one string without the brackets"),
                _ => {}
            }
        } else if let (true, DeValue::String(text)) = (expected.starts_with("an array"), value) {
            finding = finding.help(format!("put it in brackets: [\"{}\"]", text.escape_debug()));
        } else if let (true, DeValue::String(text)) = (expected.contains("number"), value)
            && text.parse::<i64>().is_ok()
        {
            finding = finding.help(format!("write it without quotes: {text}"));
        }
        self.found.push(finding);
    }
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

impl FromToml for String {
    const EXPECTED: &'static str = "a string";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::String(text) => decoder.text(text, span),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl FromToml for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl FromToml for i64 {
    const EXPECTED: &'static str = "a whole number";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
                if parsed.is_none() {
                    decoder.found.push(Diagnostic::new(
                        Code::WrongType,
                        span,
                        format!("the number {number} does not fit into 64 bits"),
                    ));
                }
                parsed
            }
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl<T: FromToml> FromToml for Vec<Spanned<T>> {
    const EXPECTED: &'static str = "an array";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        let DeValue::Array(array) = value else {
            decoder.wrong_type(value, span, Self::EXPECTED);
            return None;
        };
        // An element of the wrong type was reported; the others are still worth checking.
        Some(
            array
                .iter()
                .filter_map(|element| {
                    let span = decoder.span(element.span());
                    T::from_toml(element.get_ref(), span, decoder).map(|value| Spanned::new(value, span))
                })
                .collect(),
        )
    }
}

impl<T: FromToml> FromToml for Map<T> {
    const EXPECTED: &'static str = "a table";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        let DeValue::Table(table) = value else {
            decoder.wrong_type(value, span, Self::EXPECTED);
            return None;
        };
        Some(Self(
            table
                .iter()
                .filter_map(|(key, value)| {
                    let place = decoder.span(key.span());
                    let key = Spanned::new(decoder.text(key.get_ref(), place)?, place);
                    let span = decoder.span(value.span());
                    decoder.key.clone_from(&key);
                    let value = T::from_toml(value.get_ref(), span, decoder)?;
                    Some((key, Spanned::new(value, span)))
                })
                .collect(),
        ))
    }
}

/// A table whose keys are known: hands out values, then reports the keys nobody asked for.
pub struct Table<'a, 'i> {
    what: &'static str,
    table: &'a DeTable<'i>,
    span: Span,
    asked: BTreeSet<&'static str>,
    wrong: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    /// `value` as a table; `what` is said in findings ("an extension").
    pub fn open(
        value: &'a DeValue<'i>,
        span: Span,
        what: &'static str,
        decoder: &mut Decoder,
    ) -> Option<Self> {
        match value {
            DeValue::Table(table) => Some(Self::root(table, span, what)),
            _ => {
                decoder.wrong_type(value, span, "a table");
                None
            }
        }
    }

    /// A whole file; `span` is where missing keys are reported.
    pub fn root(table: &'a DeTable<'i>, span: Span, what: &'static str) -> Self {
        Self { what, table, span, asked: BTreeSet::new(), wrong: Vec::new() }
    }

    /// Where the table's header is.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether the key stands there, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key that may be missing.
    pub fn optional<T: FromToml>(&mut self, key: &'static str, decoder: &mut Decoder) -> Field<T> {
        self.asked.insert(key);
        let value = self.table.get(key)?;
        let span = decoder.span(value.span());
        let read = T::from_toml(value.get_ref(), span, decoder);
        if read.is_none() {
            self.wrong.push(key);
        }
        read.map(|value| Spanned::new(value, span))
    }

    /// The keys asked for until now that are there, but whose value was reported as wrong.
    pub fn wrong(&self) -> Wrong {
        Wrong(self.wrong.clone())
    }

    /// The value of a key that must be there; `example` is a value as it is written.
    pub fn required<T: FromToml>(
        &mut self,
        key: &'static str,
        example: &str,
        decoder: &mut Decoder,
    ) -> Field<T> {
        if !self.has(key) {
            self.asked.insert(key);
            self.missing(key, &format!("{key} = {example}"), decoder);
            return None;
        }
        self.optional(key, decoder)
    }

    /// As `optional`, for what a rule misses. Where it is only misspelt, it is no more missing than what is wrong.
    pub fn expected<T: FromToml>(&mut self, key: &'static str, decoder: &mut Decoder) -> Field<T> {
        let near = |name: &str| nearest(name, [key]).is_some();
        if !self.has(key) && self.table.iter().any(|(name, _)| near(name.get_ref())) {
            self.wrong.push(key);
        }
        self.optional(key, decoder)
    }

    /// Reports that `key` is missing; `example` is the line to add.
    pub fn missing(&self, key: &str, example: &str, decoder: &mut Decoder) {
        decoder.found.push(
            Diagnostic::new(Code::MissingKey, self.span, self.missing_message(key))
                .help(format!("add {example}")),
        );
    }

    fn missing_message(&self, key: &str) -> String {
        format!("{} has no `{key}`", self.what)
    }

    /// Reports unknown keys, and not as missing too what is misspelt. Returns the known ones.
    pub fn finish(self, decoder: &mut Decoder) -> BTreeSet<&'static str> {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(name) {
                continue;
            }
            let free = self.asked.iter().copied().filter(|known| !self.table.contains_key(*known));
            let mut finding = Diagnostic::new(
                Code::UnknownKey,
                decoder.span(key.span()),
                format!("{} has no key `{}`", self.what, printable(name)),
            );
            finding = match (nearest(name, free), nearest(name, self.asked.iter().copied())) {
                (Some(known), _) => {
                    let missing = self.missing_message(known);
                    let ours = |found: &Diagnostic| {
                        found.code == Code::MissingKey
                            && found.message == missing
                            && found.primary.as_ref().is_some_and(|place| place.span == self.span)
                    };
                    decoder.found.retain(|found| !ours(found));
                    finding.help(format!("did you mean `{known}`?"))
                }
                (None, Some(known)) => finding
                    .help(format!("did you mean `{known}`? That is already there: remove one of the two")),
                (None, None) => finding.help(format!(
                    "known here: {}",
                    self.asked.iter().copied().collect::<Vec<_>>().join(", ")
                )),
            };
            decoder.found.push(finding);
        }
        self.asked
    }
}

/// Text from a file as it may stand in a message: no control characters, not endless.
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut short = String::new();
    for c in text.chars().take(LONGEST) {
        match c {
            '"' | '\'' | '\\' => short.push(c),
            _ => short.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
