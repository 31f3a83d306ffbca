//! Strings and names as messages and printed values have them.

/// A string as Nix writes it, with quotes.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    quote_into(bytes, usize::MAX, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

pub(crate) fn quote_into(bytes: &[u8], most: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    for (i, byte) in bytes.iter().enumerate() {
        if i >= most {
            out.extend_from_slice(format!("\" «{} elided»", plural(bytes.len() - i, "byte")).as_bytes());
            return;
        }
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            b'$' if bytes.get(i + 1) == Some(&b'{') => out.extend(b"\\$"),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}

pub(crate) fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

pub(crate) const KEYWORDS: [&[u8]; 10] =
    [b"if", b"then", b"else", b"assert", b"with", b"let", b"in", b"rec", b"inherit", b"or"];

pub(crate) fn is_identifier(name: &[u8]) -> bool {
    !KEYWORDS[..9].contains(&name)
        && name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-'".contains(byte))
}

pub(crate) fn attr_name_into(name: &[u8], out: &mut Vec<u8>) {
    if is_identifier(name) {
        out.extend_from_slice(name);
    } else {
        quote_into(name, usize::MAX, out);
    }
}

/// An attribute's name as messages have it: in quotes unless it is an identifier.
pub fn attr_name(name: &[u8]) -> String {
    let mut out = Vec::new();
    attr_name_into(name, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
