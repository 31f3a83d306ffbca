//! Foreign text inside of documents that others render: it is shown as it stands, and is never markup.

use std::fmt::Write as _;

use crate::diag::foreign;

/// Within HTML, as text or as a quoted attribute.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in foreign::line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Within a line of Markdown or a cell of its tables, as GitHub and GitLab read it: no markup, no mention, no number of
/// an issue, no link that was not meant.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let line = foreign::line(text);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // Before a blank it is neither of an address nor of `:name:`.
            ':' if rest.peek().is_none_or(|next| *next == ' ') => out.push(c),
            // A reference is neither markup nor the beginning of `@name`, `#1`, `:name:` or `https://`.
            '<' | '>' | '&' | '@' | '#' | ':' | '"' | '\'' | '!' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // What else begins a link by itself; and, at the beginning of a line, a list, a rule or a quotation.
    let out = out.replace("www.", "www&#46;");
    match out.chars().next() {
        Some(first @ ('-' | '+')) => format!("\\{first}{}", &out[1..]),
        Some(first) if first.is_ascii_digit() => {
            let digits = out.chars().take_while(char::is_ascii_digit).count();
            match out[digits..].strip_prefix(['.']) {
                Some(rest) if rest.is_empty() || rest.starts_with(' ') => {
                    format!("{}&#46;{rest}", &out[..digits])
                }
                _ => out,
            }
        }
        _ => out,
    }
}

/// An address within a document, if it is one that a browser may be led to.
pub fn address(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.host_str().is_some();
    if !plain {
        return None;
    }
    // What would end a link of Markdown or an attribute is written as what it is to a server.
    let mut out = String::new();
    for c in url.as_str().chars() {
        match c {
            '(' | ')' | '<' | '>' | '[' | ']' | '"' | '\'' | '`' | '|' | '\\' | '*' | '_' | '~' | ' '
                if c != '_' && c != '~' && c != '*' =>
            {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c if foreign::is_unseen(c) => {}
            c => out.push(c),
        }
    }
    Some(out)
}

/// A part of an address: what is not plain is percent-encoded.
pub fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            html("<img onerror='x' alt=\"&\">"),
            "&lt;img onerror=&#39;x&#39; alt=&quot;&amp;&quot;&gt;"
        );
        for (text, shown) in [
            ("[x](https://a.example)", "\\[x\\](https&#58;//a.example)"),
            ("a|b: c", "a\\|b: c"),
            ("@team", "&#64;team"),
            ("org/repo#1", "org/repo&#35;1"),
            ("- x", "\\- x"),
            ("1. x", "1&#46; x"),
            ("0.8.0", "0.8.0"),
            ("1.", "1&#46;"),
            ("a\n# b", "a\\\\n&#35; b"),
            ("www.example.org", "www&#46;example.org"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

    #[test]
    fn only_the_web_is_linked_to() {
        assert_eq!(address("javascript:alert(1)"), None);
        assert_eq!(address("https://me:pass@a.example/"), None);
        assert_eq!(address("file:///etc/passwd"), None);
        assert_eq!(
            address("https://a.example/b(c)|\"d").as_deref(),
            Some("https://a.example/b%28c%29%7C%22d")
        );
        assert_eq!(encoded("v1 #a/b", ""), "v1%20%23a%2Fb");
        assert_eq!(encoded("v1/b", "/"), "v1/b");
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_markup(text in "(?s).{0,40}") {
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'', '\n']));
            let shown = markdown(&text);
            prop_assert!(!shown.contains(['<', '>', '@', '\n', '"']));
            // No bar but behind a backslash that is not itself escaped.
            let mut escaped = false;
            for c in shown.chars() {
                prop_assert!(escaped || !['|', '`', '[', ']', '*'].contains(&c));
                escaped = c == '\\' && !escaped;
            }
        }

        #[test]
        fn addresses_stay_inside(text in "https://[a-z]{1,5}\\.example/[ -~]{0,20}") {
            if let Some(address) = address(&text) {
                prop_assert!(!address.contains(['(', ')', '<', '>', '"', '\'', '`', '|', ' ', '[', ']']));
            }
        }
    }
}
