//! URLs as Nix reads and writes them: RFC 3986, with its leniencies for flake references.
//!
//! Writing one back encodes anew, so that what is equal is written equally.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A URL taken apart; everything but the authority is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// `https`, `git+file`, …
    pub scheme: String,
    /// `user:password@host:port`, encoded. There is one where `//` stands behind the scheme.
    pub authority: Option<String>,
    /// What stands between slashes; absolute paths begin with an empty part.
    pub path: Vec<String>,
    /// Parameters; the first of those that have the same name.
    pub query: BTreeMap<String, String>,
    /// What follows `#`.
    pub fragment: String,
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether `text` has only characters that may stand in a URL, those of `also` among them.
fn valid(text: &str, also: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        byte => unreserved(*byte) || b"!$&'()*+,;=".contains(byte) || also.contains(byte),
    })
}

/// Undoes the encoding of characters as `%XX`.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str, keep: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match unreserved(byte) || keep.contains(&byte) {
            true => out.push(char::from(byte)),
            false => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Encodes the characters that are allowed for people's convenience.
fn mended(text: &str, lenient: bool, also: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match lenient && also.contains(&c) {
            true => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            false => out.push(c),
        }
    }
    out
}

/// Reads the parameters of a query. What has no `=` is left out, as Nix does with a warning.
///
/// # Errors
/// When it has characters that no query has.
pub fn parse_query(query: &str, lenient: bool) -> Result<BTreeMap<String, String>, String> {
    let fixed = mended(query, lenient, &[' ', '"']);
    if !valid(&fixed, b":@/?[]") {
        return Err(format!("invalid URI query '{query}': leftover"));
    }
    let mut parameters = BTreeMap::new();
    for (key, value) in fixed.split('&').filter_map(|pair| pair.split_once('=')) {
        parameters.entry(decode(key)).or_insert_with(|| decode(value));
    }
    Ok(parameters)
}

/// Takes an authority apart and writes it as Nix does.
fn authority(text: &str) -> Option<(String, bool)> {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, text),
    };
    let mut out = String::new();
    if let Some(user) = user {
        if !valid(user, b":") {
            return None;
        }
        match user.split_once(':') {
            Some((name, password)) => {
                let (name, password) = (encode(&decode(name), b""), encode(&decode(password), b""));
                let _ = write!(out, "{name}:{password}@");
            }
            None => {
                let _ = write!(out, "{}@", encode(&decode(user), b""));
            }
        }
    }
    let (host, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !valid(address, b":") || !(port.is_empty() || port.starts_with(':')) {
                return None;
            }
            let _ = write!(out, "[{}]", encode(&decode(address), b":"));
            (address, port.strip_prefix(':'))
        }
        None => {
            let (name, port) = match host.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (host, None),
            };
            if !valid(name, b"") {
                return None;
            }
            out += &encode(&decode(name), b"");
            (name, port)
        }
    };
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        let number: u16 = port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()))?;
        let _ = write!(out, ":{number}");
    }
    Some((out, !host.is_empty()))
}

impl Url {
    /// Reads a URL. With `lenient`, blanks and quotation marks may stand in its query, and `^` in its
    /// fragment, too.
    ///
    /// # Errors
    /// When it is none, in Nix's words.
    pub fn parse(text: &str, lenient: bool) -> Result<Self, String> {
        let bad = || format!("'{text}' is not a valid URL: leftover");
        let (main, fragment) = match text.split_once('#') {
            Some((main, fragment)) => (main, mended(fragment, lenient, &[' ', '"', '^'])),
            None => (text, String::new()),
        };
        let (main, query) = match main.split_once('?') {
            Some((main, query)) => (main, mended(query, lenient, &[' ', '"'])),
            None => (main, String::new()),
        };
        let scheme = main.split_once(':').filter(|(before, _)| !before.contains('/'));
        let Some((scheme, rest)) = scheme else {
            return Err(match valid(main, b":@/") {
                true => format!("'{text}' doesn't have a scheme"),
                false => bad(),
            });
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(letters) {
            return Err(bad());
        }
        let (host, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(host), path)
            }
            None => (None, rest),
        };
        if !valid(path, b":@/") || !valid(&query, b":@/?[]") || !valid(&fragment, b":@/?#") {
            return Err(bad());
        }
        let of_file = scheme.rsplit('+').next() == Some("file");
        let authority = match host.map(authority) {
            Some(None) if !valid(host.unwrap_or_default(), b":@[]") => return Err(bad()),
            Some(None) => {
                let host = host.unwrap_or_default();
                return Err(format!("invalid URL authority: '{host}': leftover"));
            }
            Some(Some((host, true))) if of_file => {
                return Err(format!("file:// URL '{text}' has unexpected authority '{host}'"));
            }
            Some(Some((host, _))) => Some(host),
            None => None,
        };
        let path = if of_file && path.is_empty() { "/" } else { path };
        Ok(Self {
            scheme: scheme.to_owned(),
            authority,
            path: path.split('/').map(decode).collect(),
            query: parse_query(&query, lenient)?,
            fragment: decode(&fragment),
        })
    }

    /// `git` and `https` of `git+https`.
    pub fn schemes(&self) -> (Option<&str>, &str) {
        match self.scheme.split_once('+') {
            Some((application, transport)) => (Some(application), transport),
            None => (None, &self.scheme),
        }
    }

    /// The path as a file's.
    ///
    /// # Errors
    /// When a part of it could not be a file's name.
    pub fn file_path(&self) -> Result<String, String> {
        for part in &self.path {
            if part.contains('/') {
                return Err(format!(
                    "URL path component '{part}' contains '/', which is not allowed in file names"
                ));
            }
            if part.contains('\0') {
                let part = part.replace('\0', "␀");
                return Err(format!("URL path component '{part}' contains NUL byte which is not allowed"));
            }
        }
        Ok(match self.path.as_slice() {
            [only] if only.is_empty() => "/".to_owned(),
            parts => parts.join("/"),
        })
    }

    /// As text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}:", self.scheme);
        if let Some(authority) = &self.authority {
            let _ = write!(text, "//{authority}");
        }
        let path: Vec<_> = self.path.iter().map(|part| encode(part, b":@")).collect();
        text += &path.join("/");
        for (n, (key, value)) in self.query.iter().enumerate() {
            text.push(if n == 0 { '?' } else { '&' });
            text += &encode(key, b":@/?");
            text.push('=');
            text += &encode(value, b":@/?");
        }
        if !self.fragment.is_empty() {
            text.push('#');
            text += &encode(&self.fragment, b"");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn again(text: &str) -> String {
        Url::parse(text, true).map_or_else(|error| error, |url| url.to_text())
    }

    #[test]
    fn as_nix_writes_them() {
        for (text, expected) in [
            ("https://a/b?x=1&x=2", "https://a/b?x=1"),
            ("https://a/b?x", "https://a/b"),
            ("https://a/b?x=a b&y=c+d", "https://a/b?x=a%20b&y=c%2Bd"),
            ("https://a/b?x=[1]", "https://a/b?x=%5B1%5D"),
            ("https://u:p@h:80/x", "https://u:p@h:80/x"),
            ("https://h:/x", "https://h/x"),
            ("https://[::1]/x", "https://[::1]/x"),
            ("https://h/%41;b", "https://h/A%3Bb"),
            ("file:", "file:/"),
            ("https://h", "https://h"),
            ("/x", "'/x' doesn't have a scheme"),
            ("https://a b", "'https://a b' is not a valid URL: leftover"),
            ("1a:x", "'1a:x' is not a valid URL: leftover"),
            ("file://tmp/x", "file:// URL 'file://tmp/x' has unexpected authority 'tmp'"),
        ] {
            assert_eq!(again(text), expected, "{text}");
        }
        assert_eq!(Url::parse("https://h:99999/x", false).ok(), None);
        assert_eq!(Url::parse("path:", false).unwrap().file_path().unwrap(), "/");
        assert!(Url::parse("path:/x%2Fy", false).unwrap().file_path().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "[a-z+]{1,5}:(//)?[a-z@:%0-9\\[\\] /?&=#ü\\.]{0,20}") {
            if let Ok(url) = Url::parse(&text, true) {
                prop_assert_eq!(Url::parse(&url.to_text(), false), Ok(url));
            }
        }
    }
}
