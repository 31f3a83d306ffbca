//! SRI hashes as Nix writes them: `sha256-` and base64 of the digest.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

/// Why a text is no SRI hash that we take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The part before `-` is no algorithm.
    Algorithm(String),
    /// md5 or sha1.
    Weak(&'static str),
    /// The digest has another number of characters than the algorithm gives.
    Length {
        /// Characters that should be there.
        expected: usize,
        /// Characters that are there.
        found: usize,
    },
    /// Not base64; offset of the first wrong byte in the whole text.
    Alphabet {
        /// In bytes.
        offset: usize,
        /// The character there.
        character: char,
    },
    /// The unused low bits of the last character are set, so it is not what any tool prints.
    Trailing,
    /// All zero: nixpkgs' `lib.fakeHash`.
    Placeholder,
    /// A hash in one of Nix's older spellings.
    NotSri {
        /// The same as SRI, where we can tell.
        sri: Option<String>,
        /// The algorithm.
        algorithm: &'static str,
    },
    /// Nothing there.
    Empty,
}

/// Algorithm and digest size in bytes.
const KNOWN: [(&str, usize); 2] = [("sha256", 32), ("sha512", 64)];

/// Checks that `text` is the SRI form of a SHA-256 or SHA-512.
pub fn check(text: &str) -> Result<(), Bad> {
    if text.is_empty() {
        return Err(Bad::Empty);
    }
    if let Some(other) = older_spelling(text) {
        return Err(other);
    }
    let (algorithm, digest) = text.split_once('-').unwrap_or((text, ""));
    match algorithm {
        "md5" => return Err(Bad::Weak("md5")),
        "sha1" => return Err(Bad::Weak("sha1")),
        _ => {}
    }
    let Some((_, size)) = KNOWN.iter().find(|(name, _)| *name == algorithm) else {
        return Err(Bad::Algorithm(algorithm.to_owned()));
    };
    let expected = BASE64.encode_len(*size);
    let unpadded = digest.trim_end_matches('=');
    if let Some((at, character)) =
        unpadded.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')))
    {
        return Err(Bad::Alphabet { offset: algorithm.len() + 1 + at, character });
    }
    if digest.len() != expected {
        return Err(Bad::Length { expected, found: digest.len() });
    }
    match BASE64.decode(digest.as_bytes()) {
        Ok(bytes) if bytes.iter().all(|b| *b == 0) => Err(Bad::Placeholder),
        Ok(_) => Ok(()),
        // The alphabet is right and the length is right: padding in the wrong place or stray bits.
        Err(error) if error.kind == data_encoding::DecodeKind::Trailing => Err(Bad::Trailing),
        Err(_) => Err(Bad::Length { expected, found: unpadded.len() }),
    }
}

/// `sha256:0abc…`, bare hexadecimal and bare Nix base32.
fn older_spelling(text: &str) -> Option<Bad> {
    let (algorithm, digest) = match text.split_once(':') {
        Some(("sha256", rest)) => ("sha256", rest),
        Some(("sha512", rest)) => ("sha512", rest),
        Some(_) => return None,
        None => match text.len() {
            52 | 64 => ("sha256", text),
            103 | 128 => ("sha512", text),
            _ => return None,
        },
    };
    let size = if algorithm == "sha256" { 32 } else { 64 };
    let base32 = |b: u8| b"0123456789abcdfghijklmnpqrsvwxyz".contains(&b);
    if digest.len() == size * 2 {
        let bytes = HEXLOWER_PERMISSIVE.decode(digest.as_bytes()).ok()?;
        return Some(Bad::NotSri { sri: Some(format!("{algorithm}-{}", BASE64.encode(&bytes))), algorithm });
    }
    let is_base32 = digest.len() == (size * 8).div_ceil(5) && digest.bytes().all(base32);
    is_base32.then_some(Bad::NotSri { sri: None, algorithm })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";

    #[test]
    fn each_mistake_is_told_apart() {
        assert_eq!(check(GOOD), Ok(()));
        assert_eq!(check(""), Err(Bad::Empty));
        assert_eq!(check("sha257-abc"), Err(Bad::Algorithm("sha257".into())));
        assert_eq!(check("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="), Err(Bad::Weak("sha1")));
        assert_eq!(check(&GOOD[..50]), Err(Bad::Length { expected: 44, found: 43 }));
        assert_eq!(check(&GOOD.replace("MypX", "My!X")), Err(Bad::Alphabet { offset: 18, character: '!' }));
        assert_eq!(check(&format!("sha256-{}=", "A".repeat(43))), Err(Bad::Placeholder));
        assert_eq!(check(&GOOD.replace("E/Q=", "E/R=")), Err(Bad::Trailing));
        let hex = "26c655f88e1e44cca95d38c69a30ad3015c3569a9320f1d06b6f288179dc13f4";
        assert_eq!(check(hex), Err(Bad::NotSri { sri: Some(GOOD.into()), algorithm: "sha256" }));
        let base32 = format!("sha256:{}", "0".repeat(52));
        assert_eq!(check(&base32), Err(Bad::NotSri { sri: None, algorithm: "sha256" }));
    }

    proptest! {
        #[test]
        fn what_nix_prints_is_taken(bytes in proptest::array::uniform32(1u8..)) {
            prop_assert_eq!(check(&format!("sha256-{}", BASE64.encode(&bytes))), Ok(()));
        }

        #[test]
        fn any_text_is_judged(text in "(sha256|sha512|sha1)?[-:]?.{0,70}") {
            let _ = check(&text);
        }
    }
}
