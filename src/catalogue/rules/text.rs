//! Shapes of text that several rules ask for.

/// The first character satisfies one test and the others another; not empty.
pub fn shaped(text: &str, first: impl Fn(char) -> bool, rest: impl Fn(char) -> bool) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(first) && chars.all(rest)
}

/// `[A-Za-z_][A-Za-z0-9_-]*`: a Nix identifier (without `'`), which needs no quotes as an attribute.
pub fn is_identifier(text: &str) -> bool {
    shaped(
        text,
        |c| c.is_ascii_alphabetic() || c == '_',
        |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
    ) && !is_keyword(text)
}

/// `a.b.c`, each an identifier.
pub fn is_attribute_path(text: &str) -> bool {
    text.split('.').all(|part| is_identifier(part.trim_end_matches('\'')))
}

/// Words that Nix does not take as an identifier.
pub fn is_keyword(text: &str) -> bool {
    matches!(text, "assert" | "else" | "if" | "in" | "inherit" | "let" | "or" | "rec" | "then" | "with")
}

/// Names of devices that Windows does not take as file names, whatever the extension.
pub fn is_reserved_by_windows(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or(text).to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" => true,
        _ => {
            let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            port.is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']))
        }
    }
}

/// A relative path of plain names: no `..`, no `.`, no backslash, no empty part.
pub fn is_plain_path(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(['\\', '\0', ':'])
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// `n` lower-case hexadecimal digits.
pub fn is_hex(text: &str, n: usize) -> bool {
    text.len() == n && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `"a", "b" and 3 others`: a list that stays short.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 8;
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() <= MOST {
        return names.join(", ");
    }
    format!("{} and {} others", names[..MOST].join(", "), names.len() - MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert!(is_identifier("pg-safeupdate") && is_identifier("_x") && !is_identifier("8kdata"));
        assert!(!is_identifier("rec") && !is_identifier("") && !is_identifier("a.b"));
        assert!(is_attribute_path("perlPackages.TAPParserSourceHandlerpgTAP") && !is_attribute_path("a..b"));
        assert!(
            is_reserved_by_windows("CON")
                && is_reserved_by_windows("lpt1.x")
                && !is_reserved_by_windows("comet")
        );
        assert!(
            is_plain_path("a/b.c")
                && !is_plain_path("../a")
                && !is_plain_path("/a")
                && !is_plain_path("a//b")
        );
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
    }
}
