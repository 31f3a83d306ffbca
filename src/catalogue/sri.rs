//! SRI hashes as Nix writes them: `sha256-` and base64 of the digest.
//!
//! Nix reads more spellings of the same hash ([`Hash::parse`] does), but the catalogue has one: its text goes
//! into generated files as it is, and equal hashes must be equal texts to be found.

use data_encoding::BASE64;

use crate::store::{Algorithm, Hash};

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
    /// A hash in another of Nix's spellings; the same as SRI.
    NotSri(String),
    /// Nothing there.
    Empty,
}

/// Checks that `text` is the SRI form of a SHA-256 or SHA-512.
pub fn check(text: &str) -> Result<(), Bad> {
    if text.is_empty() {
        return Err(Bad::Empty);
    }
    if let Some(hash) = other_spelling(text) {
        return Err(Bad::NotSri(hash.to_sri()));
    }
    let (name, digest) = text.split_once(['-', ':']).unwrap_or((text, ""));
    let algorithm = match Algorithm::from_name(name) {
        Ok(algorithm @ (Algorithm::Sha256 | Algorithm::Sha512)) => algorithm,
        Ok(weak) => return Err(Bad::Weak(weak.name())),
        Err(_) => return Err(Bad::Algorithm(name.to_owned())),
    };
    let expected = BASE64.encode_len(algorithm.size());
    let unpadded = digest.trim_end_matches('=');
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    if let Some((at, character)) = unpadded.char_indices().find(|(_, c)| !base64(*c)) {
        return Err(Bad::Alphabet { offset: name.len() + 1 + at, character });
    }
    if digest.len() != expected {
        return Err(Bad::Length { expected, found: digest.len() });
    }
    match Hash::parse_sri(text) {
        Ok(hash) if hash == Hash::zero(algorithm) => Err(Bad::Placeholder),
        Ok(hash) if hash.to_sri() == text => Ok(()),
        // The alphabet is right and the length is right: padding in the wrong place or stray bits. Nix itself
        // takes some of these, but no tool prints them.
        _ if expected - unpadded.len() == padding(algorithm) => Err(Bad::Trailing),
        _ => Err(Bad::Length { expected, found: unpadded.len() }),
    }
}

/// How many `=` end the base64 of a digest.
fn padding(algorithm: Algorithm) -> usize {
    (3 - algorithm.size() % 3) % 3
}

/// `sha256:0abc…`, and a digest without algorithm, in base 16, 32 or 64.
fn other_spelling(text: &str) -> Option<Hash> {
    if text.contains('-') {
        return None;
    }
    let strong = [Algorithm::Sha256, Algorithm::Sha512];
    strong.into_iter().find_map(|algorithm| Hash::parse(text, Some(algorithm)).ok())
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
        for other in [
            "26c655f88e1e44cca95d38c69a30ad3015c3569a9320f1d06b6f288179dc13f4",
            "sha256:26c655f88e1e44cca95d38c69a30ad3015c3569a9320f1d06b6f288179dc13f4",
            GOOD.trim_start_matches("sha256-"),
            &crate::store::Hash::parse_sri(GOOD).expect("good").to_base32(),
        ] {
            assert_eq!(check(other), Err(Bad::NotSri(GOOD.into())), "{other}");
        }
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
