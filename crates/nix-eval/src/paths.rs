//! Paths as byte strings: always absolute, always canonical.

/// Resolves `.`, `..` and doubled slashes; `path` is absolute.
pub fn canonical(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                let end = out.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                out.truncate(end);
            }
            part => {
                out.push(b'/');
                out.extend_from_slice(part);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// Everything before the last slash.
pub fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(at) => &path[..at],
    }
}

/// Everything after the last slash.
pub fn file_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None => path,
        Some(at) => &path[at + 1..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, expected) in
            [("/a//b/./c/../d", "/a/b/d"), ("/..", "/"), ("/", "/"), ("/a/", "/a"), ("/../x", "/x")]
        {
            assert_eq!(canonical(path.as_bytes()), expected.as_bytes(), "{path}");
        }
        assert_eq!((parent(b"/a/b"), parent(b"/a"), file_name(b"/a/b")), (&b"/a"[..], &b"/"[..], &b"b"[..]));
    }
}
