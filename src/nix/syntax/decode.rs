//! Bytes of a Nix file as text.

use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};

/// The text of a file's bytes. Bytes that are not UTF-8 become U+FFFD, and the second value says
/// where the first of them stands in the resulting text.
pub fn decode(bytes: Vec<u8>) -> (String, Option<usize>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(at))
        }
    }
}

/// Adds a file's bytes to `sources`; what is not UTF-8 is reported.
pub fn add(
    path: impl Into<camino::Utf8PathBuf>,
    bytes: Vec<u8>,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> SourceId {
    let (text, invalid) = decode(bytes);
    let id = sources.add(path, text);
    if let Some(at) = invalid {
        sink.push(
            Diagnostic::new(
                Code::NixNotUtf8,
                Span::new(id, at..at + '\u{fffd}'.len_utf8()),
                format!("byte {at} is not UTF-8"),
            )
            .help("save the file as UTF-8; Nix itself takes any bytes in strings and comments, but editors, formatters and reviewers do not"),
        );
    }
    id
}
