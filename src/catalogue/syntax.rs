//! What the TOML parser says, in words about what was typed: one finding for a mistake, and the line to write.

use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::decode::{Decoder, printable};
use crate::diag::{Code, Diagnostic};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    DuplicateKey =
        "A key stands twice in one table, or a table is opened twice. TOML forbids it because one of the two would \
         be lost. Keep one.";
    TomlSyntax =
        "The file is not TOML. The place shown is where the parser could not go on; the mistake may be a little \
         before it. See https://toml.io.";
};

const DUPLICATE: &str = "duplicate key";

/// Reports a file's errors; whether it cannot be read for them.
pub fn report(
    errors: &[Error],
    table: &DeTable<'_>,
    decoder: &Decoder,
    text: &str,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let (twice, mut broken): (Vec<&Error>, Vec<&Error>) =
        errors.iter().partition(|error| error.message() == DUPLICATE);
    broken.sort_by_key(|error| range(error, text).start);
    // The first of a line is the mistake; what the parser says of the rest of the line follows from it.
    let mut last = None;
    for error in &broken {
        let place = range(error, text);
        let line = text.get(..place.start).map_or(0, |before| before.matches('\n').count());
        if last == Some(line) {
            continue;
        }
        last = Some(line);
        let (finding, goes_on) = syntax(error.message(), place, decoder, text);
        found.push(finding);
        // So is what it says of everything that stands in something that was not closed.
        if !goes_on {
            break;
        }
    }
    if !broken.is_empty() {
        return true;
    }
    let mut table_twice = None;
    for error in twice {
        let place = range(error, text);
        let header = line_at(text, place.start).1.trim_start().starts_with('[');
        // The lines of a table that is there twice need not be named as well.
        let within = table_twice.is_some_and(|start: usize| {
            !text[start..place.start].lines().skip(1).any(|line| line.trim_start().starts_with('['))
        });
        if !header && within {
            continue;
        }
        table_twice = if header { Some(place.start) } else { table_twice };
        found.push(duplicate(place, header, table, decoder, text));
    }
    false
}

fn range(error: &Error, text: &str) -> Range<usize> {
    let range = error.span().unwrap_or(text.len()..text.len());
    match text.get(range.clone()) {
        Some(_) => range,
        None => text.len()..text.len(),
    }
}

fn duplicate(
    range: Range<usize>,
    header: bool,
    table: &DeTable<'_>,
    decoder: &Decoder,
    text: &str,
) -> Diagnostic {
    let key = text.get(range.clone()).unwrap_or_default();
    let message = format!("`{}` stands here a second time", printable(key));
    let help = match header {
        true => "put what is below it under the first one",
        false => "remove one of the two",
    };
    let mut finding = Diagnostic::new(Code::DuplicateKey, decoder.span(range.clone()), message).help(help);
    if let Some(first) = first_place(table, key, range.start).or_else(|| same_line(text, range.start)) {
        finding = finding.also(decoder.span(first), "the first one");
    }
    finding
}

/// Where the line begins in which `at` is, and the line.
fn line_at(text: &str, at: usize) -> (usize, &str) {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    (start, text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default())
}

/// A finding in words, and whether the parser could go on in a sensible way.
fn syntax(said: &str, range: Range<usize>, decoder: &Decoder, text: &str) -> (Diagnostic, bool) {
    let (start, line) = line_at(text, range.start);
    let at = (range.start - start).min(line.len());
    let (before, after) = line.split_at(at);
    let whole = |message: &str, range: Range<usize>| {
        Diagnostic::new(Code::TomlSyntax, decoder.span(range), message.to_owned())
    };
    let here = |message: &str| whole(message, range.clone());
    let is = |prefix: &str| said.starts_with(prefix);
    let write = |line: &str| format!("write {}", printable(line.trim()));

    if let Some((place, quote)) = line.char_indices().find(|(_, c)| TYPOGRAPHIC.contains(c))
        && !said.contains("escape")
    {
        let place = start + place..start + place + quote.len_utf8();
        let straight: String =
            line.chars().map(|c| if TYPOGRAPHIC.contains(&c) { straight(c) } else { c }).collect();
        let message = format!("`{quote}` is a quotation mark of printed text");
        return (whole(&message, place).help(write(&straight)), true);
    }
    if is("invalid basic string") || is("invalid literal string") {
        let quote = if is("invalid basic") { '"' } else { '\'' };
        let open = opened(before, quote).unwrap_or(0);
        let finding = whole("this string is not closed", start + open..range.start.max(start + open))
            .help(write(&format!("{}{quote}", line.trim_end())));
        return (finding, true);
    }
    if said.contains("escape") || is("too few unicode") || is("invalid unicode") {
        let open = opened(before, '"').unwrap_or(0);
        let end = line[at..].find('"').map_or(line.len(), |end| at + end);
        let inner = &line[(open + 1).min(end)..end];
        let finding = whole("in double quotes `\\` begins an escape", start + open..start + end)
            .help(format!("write '{}' in single quotes, or each `\\` twice", printable(inner)));
        return (finding, true);
    }
    if is("missing comma between array") || is("unclosed array,") || is("unexpected `=` in array") {
        return unclosed(('[', ']'), "array", range, decoder, text);
    }
    if is("missing comma between key-value") || is("missing key for inline") || is("unclosed inline") {
        return unclosed(('{', '}'), "table", range, decoder, text);
    }
    if is("string values must be quoted") {
        let value = after.split('#').next().unwrap_or(after).trim_end().trim_end_matches([',', ';']);
        let key = before.trim_end().trim_end_matches('=').trim();
        return match value.trim() {
            "" => {
                let finding = here("nothing stands behind the `=`");
                (finding.help(format!("write a value, or remove the line: {} = \"…\"", printable(key))), true)
            }
            value => {
                let plain = !value.contains(['"', '\'', ']', '}']);
                let finding = here("this value is not in quotes");
                let help = match plain {
                    true => write(&format!("{before}\"{value}\"")),
                    false => "put quotes around the whole of it".to_owned(),
                };
                (finding.help(help), true)
            }
        };
    }
    if is("invalid boolean") {
        return (here("true and false are written in small letters, and without quotes"), true);
    }
    if is("extra `=`") {
        return (here("one `=` is enough"), true);
    }
    if is("unexpected key or value") {
        let finding = match after.chars().next() {
            Some(mark @ (',' | ';')) => {
                let message = format!("a line does not end with `{mark}`");
                here(&message).help(write(before))
            }
            _ if after.contains(['"', '\'']) => {
                here("the value ended before this").help("within \"…\" a quotation mark is written \\\"")
            }
            _ => here("the value ended before this").help("one key a line; a comment begins with #"),
        };
        return (finding, true);
    }
    if is("invalid unquoted key") || is("key with no value") || is("missing assignment") {
        return (key(before, after, line, start, &here, decoder), true);
    }
    (here(&printable(said)), true)
}

/// A line, or a part of a table in braces, that is no `key = value`.
fn key(
    before: &str,
    after: &str,
    line: &str,
    start: usize,
    here: &dyn Fn(&str) -> Diagnostic,
    decoder: &Decoder,
) -> Diagnostic {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") || trimmed.starts_with("--") || trimmed.starts_with(';') {
        let place = start + line.len() - trimmed.len()..start + line.len();
        let text = trimmed.trim_start_matches(['/', '-', ';']).trim();
        return Diagnostic::new(Code::TomlSyntax, decoder.span(place), "a comment begins with #")
            .help(format!("write # {}", printable(text)));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if after.starts_with(':') || before.trim_end().ends_with(':') {
        let right = colons(line);
        return here("between a key and its value stands `=`")
            .help(format!("write {}", printable(right.trim())));
    }
    if before.trim_end().ends_with(word) && after.starts_with(['"', '\'', '[', '{']) {
        return here("there is no `=` between the key and its value").help(format!(
            "write {} = {}",
            printable(before.trim()),
            printable(after.trim())
        ));
    }
    if before.trim_end().ends_with(word) && after.starts_with(word) && after.contains('=') {
        return here("a key has no blanks").help("known keys have `-` between words: build-inputs");
    }
    here("this is no line of TOML").help("write key = value, or # in front of a comment")
}

/// `:` after a word as `=`.
fn colons(line: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ':') => {
                out.push_str(" =");
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// An array, or a table in braces, without its end; or with elements without a comma between.
fn unclosed(
    (open, close): (char, char),
    what: &str,
    range: Range<usize>,
    decoder: &Decoder,
    text: &str,
) -> (Diagnostic, bool) {
    let finding = |message: String, range| Diagnostic::new(Code::TomlSyntax, decoder.span(range), message);
    let place = last_open(&text[..range.start], open, close);
    let (start, line) = line_at(text, range.start);
    let rest = line.get(range.start - start..).unwrap_or_default();
    let first_of_line = line[..range.start - start].trim().is_empty();
    let new_line = first_of_line && (rest.starts_with('[') || rest.contains('='));
    match place {
        Some(place) if new_line || rest.is_empty() => {
            let whole = line_at(text, place);
            let message = format!("this {what} is not closed");
            let finding = finding(message, place..whole.0 + whole.1.trim_end().len())
                .help(format!("write `{close}` at its end"));
            (finding, false)
        }
        _ => {
            let finding = finding("a comma is missing before this".to_owned(), range);
            (finding.help(format!("elements of {} have `,` between them", article(what))), true)
        }
    }
}

fn article(what: &str) -> String {
    if what == "array" { "an array".to_owned() } else { format!("a {what}") }
}

/// The last bracket that nothing closes, outside of strings and comments.
fn last_open(text: &str, open: char, close: char) -> Option<usize> {
    let mut places = Vec::new();
    let (mut quote, mut escaped, mut comment) = (None, false, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (_, '\n') => (quote, comment) = (None, false),
            _ if comment => {}
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(mark), _) if mark == c && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => comment = true,
            (None, _) if c == open => places.push(at),
            (None, _) if c == close => drop(places.pop()),
            _ => {}
        }
        escaped = false;
    }
    places.pop()
}

/// Where on a line the string begins that is open at its end.
fn opened(line: &str, quote: char) -> Option<usize> {
    let mut open = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c == quote && !escaped {
            open = if open.is_some() { None } else { Some(at) };
        }
        escaped = c == '\\' && !escaped;
    }
    open
}

/// What word processors make of `"` and `'`.
const TYPOGRAPHIC: [char; 11] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '‚', '‛', '´'];

fn straight(c: char) -> char {
    if matches!(c, '‘' | '’' | '‚' | '‛' | '´') { '\'' } else { '"' }
}

/// The place of the last line before that at `end` that says the same, such as a table's header.
fn same_line(text: &str, end: usize) -> Option<std::ops::Range<usize>> {
    let start = text.get(..end)?.rfind('\n')? + 1;
    let line = text.get(start..)?.lines().next()?.trim();
    let before = text.get(..start)?;
    let mut at = 0;
    let mut last = None;
    for other in before.split_inclusive('\n') {
        if other.trim() == line {
            let indent = other.len() - other.trim_start().len();
            last = Some(at + indent..at + indent + line.len());
        }
        at += other.len();
    }
    last
}

/// The nearest place before `end` where the key `key` stands.
fn first_place(table: &DeTable<'_>, key: &str, end: usize) -> Option<std::ops::Range<usize>> {
    let key = key.trim_matches(['"', '\'']);
    let mut best: Option<std::ops::Range<usize>> = None;
    let mut tables = vec![table];
    while let Some(table) = tables.pop() {
        for (name, value) in table.iter() {
            let span = name.span();
            if name.get_ref() == key && span.start < end && best.as_ref().is_none_or(|b| b.start < span.start)
            {
                best = Some(span);
            }
            match value.get_ref() {
                DeValue::Table(inner) => tables.push(inner),
                DeValue::Array(array) => {
                    tables.extend(array.iter().filter_map(|element| element.get_ref().as_table()));
                }
                _ => {}
            }
        }
    }
    best
}
