//! Near misses of structure: `[version]` for `[[version]]`, `[extension.NAME]` around a whole file. What a parser makes of
//! them is about lines that are right; here they are one finding, and the line to write.

use std::ops::Range;

use super::decode::{Decoder, printable};
use super::raw::RawExtension;
use super::read::keys;
use crate::diag::{Code, Diagnostic, Edit};
use crate::layout::FLAKE_TOML;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { TomlSyntax; UnknownKey; WrongType; };

/// A line that begins with `[`.
struct Header<'a> {
    /// Without comment and blanks.
    text: &'a str,
    range: Range<usize>,
    /// The first part of its name.
    name: &'a str,
    /// What follows that.
    rest: &'a str,
}

fn headers(text: &str) -> Vec<Header<'_>> {
    let mut at = 0;
    let mut all = Vec::new();
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let shown = line.split(['#', '=']).next().unwrap_or(line).trim();
        // A line with `=` is one of an array that goes over several.
        if shown.starts_with('[') && !line.split('#').next().unwrap_or(line).contains('=') {
            let inner = shown.trim_start_matches('[');
            let end = inner.find(['.', ']']).unwrap_or(inner.len());
            all.push(Header {
                text: shown,
                range: at + indent..at + indent + shown.len(),
                name: inner[..end].trim().trim_matches(['"', '\'']),
                rest: &inner[end..],
            });
        }
        at += line.len();
    }
    all
}

/// The finding, where the file's tables are not those that were meant. `name` is the file's, `what` what it is, `several`
/// the keys that are written `[[KEY]]`.
pub fn misunderstood(
    text: &str,
    name: &str,
    what: &str,
    several: &[&str],
    decoder: &Decoder,
) -> Option<Diagnostic> {
    let headers = headers(text);
    let wrong: Vec<&Header<'_>> = headers.iter().filter(|header| is_one_of(header, several)).collect();
    if let Some(first) = wrong.first() {
        return Some(one_of_several(first, &wrong[1..], decoder));
    }
    let around = |header: &&Header<'_>| match what {
        "the extension" => {
            ["extension", "extensions", name].contains(&header.name)
                && !keys::<RawExtension>(decoder).contains(header.name)
        }
        FLAKE_TOML => header.name == "flake" && header.rest.trim_matches(']').is_empty(),
        _ => false,
    };
    let header = headers.iter().find(around)?;
    let message = format!("the keys of {what} stand at the top of its file, in no table");
    let help = match what {
        "the extension" => "remove this line: the name of the file is the extension's",
        _ => "remove this line",
    };
    Some(Diagnostic::new(Code::UnknownKey, decoder.span(header.range.clone()), message).help(help))
}

/// Whether it is meant to be one of several, and is not written so.
fn is_one_of(header: &Header<'_>, several: &[&str]) -> bool {
    if !several.contains(&header.name) {
        return false;
    }
    let below = header.rest.trim_end_matches(']');
    match below.strip_prefix('.') {
        // `[version.hashes]` belongs to the version above it, `[version."1.0"]` would be its name.
        Some(below) => below.trim().starts_with(|c: char| matches!(c, '"' | '\'') || c.is_ascii_digit()),
        None => header.text != format!("[[{}]]", header.name),
    }
}

fn one_of_several(first: &Header<'_>, others: &[&Header<'_>], decoder: &Decoder) -> Diagnostic {
    let name = first.name;
    let right = format!("[[{name}]]");
    let bracket = first.text.starts_with("[[") != first.text.ends_with("]]");
    let (code, message) = match bracket {
        true => (Code::TomlSyntax, format!("`{}` lacks a bracket", printable(first.text))),
        false => (Code::WrongType, format!("there may be several, so that each begins with `{right}`")),
    };
    let mut finding = Diagnostic::new(code, decoder.span(first.range.clone()), message);
    for other in others {
        finding = finding.also(decoder.span(other.range.clone()), "and here");
    }
    match first.rest.trim_end_matches(']').strip_prefix('.') {
        Some(which) => {
            let key = if name == "postgresql" { "name" } else { "version" };
            let which = printable(which.trim().trim_matches(['"', '\'']));
            finding.help(format!("write `{right}`, and {key} = \"{which}\" below it"))
        }
        None => {
            let edit = |header: &Header<'_>| Edit {
                span: decoder.span(header.range.clone()),
                replacement: right.clone(),
            };
            let edits = std::iter::once(edit(first)).chain(others.iter().map(|other| edit(other))).collect();
            finding.help(format!("write `{right}`")).fix(format!("write `{right}`"), edits)
        }
    }
}
