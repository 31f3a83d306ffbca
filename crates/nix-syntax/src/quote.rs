//! Text as Nix literals. Whatever goes in, what Nix evaluates is that text and nothing else.
//!
//! Rules from the Nix manual ("String literal", "Identifiers") and the lexer of C++ Nix.

use std::borrow::Cow;

/// The inside of a `"…"` string whose value is `text`.
///
/// `text` must not contain NUL, which no Nix string can hold; the catalogue refuses it.
pub fn string_content(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // C++ Nix turns a bare CR into LF.
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if chars.peek() == Some(&'{') => out.push_str("\\$"),
            // `$$` swallows the second dollar, so that the escape above would not be seen as one.
            '$' if chars.peek() == Some(&'$') => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out
}

/// A string literal whose value is `text`.
pub fn string(text: &str) -> String {
    format!("\"{}\"", string_content(text))
}

/// Words that are no identifiers, though they look like one.
const KEYWORDS: [&str; 9] = ["assert", "else", "if", "in", "inherit", "let", "rec", "then", "with"];

/// Whether `text` can stand as an attribute name or variable without quotes.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\''))
        && !KEYWORDS.contains(&text)
        // `{ or = 1; }` was a syntax error before Nix 2.24.
        && text != "or"
}

/// `text` as an attribute name: bare where that is possible, else quoted.
pub fn attribute(text: &str) -> Cow<'_, str> {
    if is_identifier(text) { Cow::Borrowed(text) } else { Cow::Owned(string(text)) }
}

/// A dotted attribute path such as `perlPackages.DBI`, each part quoted where it must be.
pub fn attribute_path(path: &str) -> String {
    path.split('.').map(attribute).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dollars_braces_and_quotes_are_harmless() {
        assert_eq!(string("${x}"), r#""\${x}""#);
        assert_eq!(string("$${x}"), r#""\$\${x}""#);
        assert_eq!(string("$x"), r#""$x""#);
        assert_eq!(string("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        assert_eq!(string("''${x}''"), r#""''\${x}''""#);
    }

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        assert_eq!(attribute("pgvector-0_7_4"), "pgvector-0_7_4");
        assert_eq!(attribute("psql_15/bin"), "\"psql_15/bin\"");
        assert_eq!(attribute("0.7.4"), "\"0.7.4\"");
        assert_eq!(attribute("if"), "\"if\"");
        assert_eq!(attribute(""), "\"\"");
        assert_eq!(attribute_path("perlPackages.DBI"), "perlPackages.DBI");
    }

    /// The value of a literal as rnix reads it.
    fn value(literal: &str) -> Option<String> {
        use rnix::ast;
        let root = rnix::Root::parse(literal).ok().ok()?;
        let ast::Expr::Str(string) = root.expr()? else { return None };
        let mut out = String::new();
        for part in string.normalized_parts() {
            match part {
                rnix::ast::InterpolPart::Literal(text) => out.push_str(&text),
                rnix::ast::InterpolPart::Interpolation(_) => return None,
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn a_literal_means_its_text(text in r#"([^\x00]|\$|\{|'|"|\\|\$\{|\n|\r){0,40}"#) {
            prop_assert_eq!(value(&string(&text)), Some(text));
        }
    }
}
