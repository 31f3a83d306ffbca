//! From bytes to [`raw`](super::raw): which file is what, encoding, TOML syntax.
//!
//! Extension files are parsed in parallel; findings come out in the order of files all the same.

use camino::Utf8Path;
use rayon::prelude::*;
use toml::de::DeTable;

use super::decode::{Decoder, Table, printable};
use super::files::{Files, Node};
use super::raw::{
    Complete, ExtensionFile, RawCatalogue, RawExtension, RawFlake, RawPgrxFile, RawPostgresqls,
};
use super::read::Read;
use super::{structure, syntax};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::layout::{self, FLAKE_TOML, PGRX_TOML, POSTGRESQL_TOML};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    InvalidUtf8 =
        "Catalogue files are TOML and TOML is UTF-8. The message says at which byte the text stops being UTF-8. \
         Save the file as UTF-8.";
    MergeConflict =
        "The file has the marks that git leaves where two branches changed the same lines: <<<<<<<, ======= and \
         >>>>>>>. Keep what is right of both sides, delete the marks, and run `pgflakegen`; generated files need no \
         merging, they are made anew.";
};

/// Parses all catalogue files. Their texts go into `sources` under the path people know them by.
pub fn parse(files: &Files, sources: &mut SourceMap, found: &mut Diagnostics) -> RawCatalogue {
    for name in &files.unreadable_names {
        found.push(
            Diagnostic::global(Code::InvalidUtf8, format!("the file name {} is not UTF-8", printable(name)))
                .help("rename the file"),
        );
    }
    let flake = top_level::<RawFlake>(files, FLAKE_TOML, sources, found);
    let postgresqls = top_level::<RawPostgresqls>(files, POSTGRESQL_TOML, sources, found);
    let cargo_pgrx = top_level::<RawPgrxFile>(files, PGRX_TOML, sources, found);

    let mut unreadable = Vec::new();
    let extension_files: Vec<(String, SourceId)> = files
        .iter()
        .filter_map(|(path, node)| {
            let name = layout::extension_name(path)?;
            let source = add(path, text_of(node)?, sources, found);
            if source.is_none() {
                unreadable.push(name.to_owned());
            }
            Some((visible(name), source?))
        })
        .collect();
    let shared = &*sources;
    let parsed: Vec<(Result<ExtensionFile, String>, Vec<Diagnostic>)> = extension_files
        .into_par_iter()
        .map(|(name, source)| {
            let mut findings = Vec::new();
            let read = read_file::<RawExtension>(source, shared, &mut findings);
            let file = match read {
                Some((span, raw)) => Ok(ExtensionFile { name, span, raw }),
                None => Err(name),
            };
            (file, findings)
        })
        .collect();
    let mut extensions = Vec::with_capacity(parsed.len());
    for (file, findings) in parsed {
        found.extend(findings);
        match file {
            Ok(file) => extensions.push(file),
            Err(name) => unreadable.push(name),
        }
    }
    let readable = |name: &str, read: bool| read || text_of_path(files, name).is_none();
    RawCatalogue {
        complete: Complete {
            flake: readable(FLAKE_TOML, flake.is_some()),
            postgresqls: readable(POSTGRESQL_TOML, postgresqls.is_some()),
            cargo_pgrx: readable(PGRX_TOML, cargo_pgrx.is_some()),
            unreadable_extensions: unreadable,
        },
        flake,
        postgresqls: postgresqls.and_then(|(_, raw)| raw.postgresql).map_or_else(Vec::new, |l| l.value),
        cargo_pgrx: cargo_pgrx.and_then(|(_, raw)| raw.cargo_pgrx).map_or_else(Vec::new, |l| l.value),
        extensions,
    }
}

/// A file's name as it may stand in messages; one with control characters is refused by a rule.
fn visible(name: &str) -> String {
    if name.contains(char::is_control) { printable(name) } else { name.to_owned() }
}

fn text_of(node: &Node) -> Option<&[u8]> {
    match node {
        Node::Text(bytes) => Some(bytes),
        _ => None,
    }
}

fn text_of_path<'a>(files: &'a Files, path: &str) -> Option<&'a [u8]> {
    files.get(Utf8Path::new(path)).and_then(text_of)
}

fn top_level<T: Read>(
    files: &Files,
    name: &str,
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Option<(Span, T)> {
    let source = add(Utf8Path::new(name), text_of_path(files, name)?, sources, found)?;
    let mut findings = Vec::new();
    let read = read_file::<T>(source, sources, &mut findings);
    found.extend(findings);
    read
}

/// The text of a file in the catalogue's folder, if it is there and UTF-8.
pub fn text(
    path: &Utf8Path,
    files: &Files,
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Option<SourceId> {
    add(path, text_of_path(files, path.as_str())?, sources, found)
}

/// Adds a file's text; `None` when it is not UTF-8.
fn add(path: &Utf8Path, bytes: &[u8], sources: &mut SourceMap, found: &mut Diagnostics) -> Option<SourceId> {
    let shown = layout::in_catalogue(visible(path.as_str()));
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(sources.add(shown, text)),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or_default();
            // Up to the bad byte the lossy text has the same offsets; there stands U+FFFD.
            let source = sources.add(shown, String::from_utf8_lossy(bytes));
            let span = Span::new(source, at..at + char::REPLACEMENT_CHARACTER.len_utf8());
            let mut finding =
                Diagnostic::new(Code::InvalidUtf8, span, format!("byte {at} (0x{byte:02x}) is not UTF-8"))
                    .help("save the file as UTF-8");
            if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
                finding = finding.label("this is UTF-16");
            }
            found.push(finding);
            None
        }
    }
}

/// Parses one file and reads its root table.
fn read_file<T: Read>(
    source: SourceId,
    sources: &SourceMap,
    found: &mut Vec<Diagnostic>,
) -> Option<(Span, T)> {
    let text = sources.text(source);
    let mut decoder = Decoder::new(source, T::WHAT);
    let (table, errors) = DeTable::parse_recoverable(text);
    // What the parser makes of the marks says nothing to anybody.
    if !errors.is_empty()
        && let Some(finding) = merge_conflict(text, &decoder)
    {
        found.push(finding);
        return None;
    }
    // What the parser made of a broken file would give findings about things nobody wrote.
    let name = sources.path(source).file_stem().unwrap_or_default();
    if let Some(finding) = structure::misunderstood(text, name, T::WHAT, T::SEVERAL, &decoder) {
        found.push(finding);
        return None;
    }
    if syntax::report(&errors, table.get_ref(), &decoder, text, found) {
        return None;
    }
    let span = decoder.span(0..text.find('\n').unwrap_or(text.len()).min(text.len()));
    let mut root = Table::root(table.get_ref(), span, T::WHAT);
    let raw = T::read(&mut root, &mut decoder);
    root.finish(&mut decoder);
    found.extend(decoder.found);
    Some((span, raw))
}

/// The marks that git leaves where two branches changed the same lines, all of them as one finding.
fn merge_conflict(text: &str, decoder: &Decoder) -> Option<Diagnostic> {
    let mut at = 0;
    let (mut begins, mut ends) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let shown = line.trim_end();
        if shown.starts_with("<<<<<<< ") || shown == "<<<<<<<" {
            begins.push((at..at + shown.len(), shown));
        } else if !begins.is_empty() && (shown.starts_with(">>>>>>> ") || shown == ">>>>>>>") {
            ends += 1;
        }
        at += line.len();
    }
    let (range, _) = begins.first().filter(|_| ends > 0)?;
    let message = match begins.len() {
        1 => "merge conflict: two branches changed the same lines".to_owned(),
        several => format!("merge conflict: two branches changed the same lines, in {several} places"),
    };
    Some(
        Diagnostic::new(Code::MergeConflict, decoder.span(range.clone()), message)
            .label("from here to the line with >>>>>>>")
            .help("keep what is right of both sides, delete the marks, then type `pgflakegen`"),
    )
}
