//! Strings, names and floats as messages and printed values have them.

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

/// A double as C++'s streams print it: six significant digits, as `%g`.
pub fn float(number: f64) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{number:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        trim(&format!("{number:.*}", (5 - exponent).max(0) as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats() {
        for (number, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1500.0, "1500"),
            (123456.0, "123456"),
            (1234567.0, "1.23457e+06"),
            (1e100, "1e+100"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
            (999999.5, "1e+06"),
        ] {
            assert_eq!(super::float(number), text);
        }
    }
}
