//! Hashes as they are written in Nix files: SRI, base 64, base 32, base 16. What Nix takes is taken, as
//! [`crate::store::Hash`] does; beyond that, this one knows blake3 and says what is wrong to people.

use std::sync::LazyLock;

use data_encoding::{BASE64, Encoding, HEXLOWER_PERMISSIVE, Specification};

use crate::store::base32;

/// Nix's base 32 alphabet: without e, o, u and t.
const NIX32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Base 64 without padding whose left-over bits may be anything.
static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.check_trailing_bits = false;
    specification.encoding().unwrap_or(data_encoding::BASE64_NOPAD)
});

/// An algorithm and the bytes it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// `sha256`.
    pub name: &'static str,
    /// Length of its hashes in bytes.
    pub size: usize,
}

/// Those that Nix knows.
pub const ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "md5", size: 16 },
    Algorithm { name: "sha1", size: 20 },
    Algorithm { name: "sha256", size: 32 },
    Algorithm { name: "sha512", size: 64 },
    Algorithm { name: "blake3", size: 32 },
];

/// The algorithm of that name.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().copied().find(|algorithm| algorithm.name == name)
}

/// Length of a hash in base 32.
fn base32_len(size: usize) -> usize {
    (size * 8).div_ceil(5)
}

/// The hash's bytes, or what is wrong with it. `expected` is the algorithm that the attribute's name
/// says; without one the text has to name it.
pub fn parse(text: &str, expected: Option<Algorithm>) -> Result<(Algorithm, Vec<u8>), String> {
    if let Some((name, digest)) = text.split_once(['-', ':'])
        && let Some(named) = algorithm(name)
    {
        if let Some(expected) = expected.filter(|expected| *expected != named) {
            return Err(format!("it is a {name} and the attribute says {}", expected.name));
        }
        return if text.as_bytes()[name.len()] == b'-' {
            base64(digest.split('?').next().unwrap_or(digest), named).map(|bytes| (named, bytes))
        } else {
            digest_of(digest, named).map(|bytes| (named, bytes))
        };
    }
    match expected {
        Some(expected) => digest_of(text, expected).map(|bytes| (expected, bytes)),
        None => Err(match text.split_once('-') {
            Some((name, _)) if !name.is_empty() && name.len() <= 8 => {
                format!("`{name}` is no algorithm that Nix knows")
            }
            _ => "it does not begin with its algorithm, as in `sha256-…`".to_owned(),
        }),
    }
}

/// As Nix reads SRI hashes: nothing after the first `=` counts, the padding may be missing and the
/// bits left over may be anything.
fn base64(digest: &str, algorithm: Algorithm) -> Result<Vec<u8>, String> {
    let core = digest.split('=').next().unwrap_or(digest);
    if let Some(c) = core.chars().find(|c| !(c.is_ascii_alphanumeric() || "+/".contains(*c))) {
        return Err(format!("`{c}` is no character of base 64"));
    }
    let want = (algorithm.size * 8).div_ceil(6);
    if core.len() != want {
        let name = algorithm.name;
        return Err(format!(
            "a {name} has {want} characters and `=` after `{name}-` and this has {}",
            core.len()
        ));
    }
    LENIENT.decode(core.as_bytes()).map_err(|_| "it is not the end of a base 64 text".to_owned())
}

fn digest_of(digest: &str, algorithm: Algorithm) -> Result<Vec<u8>, String> {
    let size = algorithm.size;
    let base64_len = size.div_ceil(3) * 4;
    match digest.len() {
        len if len == size * 2 => HEXLOWER_PERMISSIVE
            .decode(digest.as_bytes())
            .map_err(|_| "it has the length of base 16 and other characters".to_owned()),
        len if len == base32_len(size) => base32(digest, size),
        len if len == base64_len => base64(digest, algorithm),
        len => Err(format!(
            "a {} has {} characters in base 32, {} in base 16 and {base64_len} in base 64, and this has {len}",
            algorithm.name,
            base32_len(size),
            size * 2,
        )),
    }
}

fn base32(digest: &str, size: usize) -> Result<Vec<u8>, String> {
    if let Some(c) = digest.bytes().find(|c| !NIX32.contains(c)) {
        return Err(format!(
            "`{}` is no character of Nix's base 32, which lacks e, o, t and u",
            char::from(c)
        ));
    }
    base32::decode(digest.as_bytes(), size)
        .ok_or_else(|| "its first character stands for more bits than a hash has".to_owned())
}

/// As `sha256-…`.
pub fn sri(algorithm: Algorithm, bytes: &[u8]) -> String {
    format!("{}-{}", algorithm.name, BASE64.encode(bytes))
}

/// Whether it is a placeholder: nothing but zeros, or what people type to see the right one.
pub fn is_fake(text: &str) -> bool {
    let digest =
        text.split_once(['-', ':']).filter(|(name, _)| algorithm(name).is_some()).map_or(text, |(_, d)| d);
    let core = digest.trim_end_matches('=');
    text.is_empty()
        || core.is_empty()
        || core.len() >= 16
            && (core.bytes().all(|b| b == b'0')
                || core.bytes().all(|b| b == b'A')
                || core.bytes().all(|b| b == b'B'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_hash_is_the_same_hash() {
        // `nix hash to-base16` and its like on the hash of the empty text.
        let sha256 = algorithm("sha256");
        let spellings = [
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
        ];
        for text in spellings {
            let (algorithm, bytes) = parse(text, sha256).expect(text);
            assert_eq!(sri(algorithm, &bytes), spellings[0], "{text}");
        }
    }

    #[test]
    fn agrees_with_the_store() {
        let spellings = [
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
            "md5-1B2M2Y8AsgTpgAmY7PhCfg==",
        ];
        for text in spellings {
            let cut = (0..text.len()).map(|at| text[..at].to_owned());
            let changed = (0..text.len()).flat_map(|at| {
                ["", "e", "t", "z", "=", "!", "AA"]
                    .map(|by| format!("{}{by}{}", &text[..at], &text[at + 1..]))
            });
            for text in cut.chain(changed).chain([text.to_owned(), format!("{text}="), format!("{text}x")]) {
                let (ours, stores) = (parse(&text, None), crate::store::Hash::parse(&text, None));
                assert_eq!(ours.is_ok(), stores.is_ok(), "{text}: {ours:?}, {stores:?}");
            }
        }
    }

    #[test]
    fn what_nix_takes_is_taken() {
        // Found by asking `nix hash to-base16` of Nix 2.8 and `builtins.convertHash` of 2.34.
        for text in [
            "sha256-UlI+6OMUj5F6uVAw+Mg2wOZrjfdRq73d1qufaXVI/go",
            "sha256-UlI+6OMUj5F6uVAw+Mg2wOZrjfdRq73d1qufaXVI/gp=",
        ] {
            let (algorithm, bytes) = parse(text, None).expect(text);
            assert_eq!(sri(algorithm, &bytes), "sha256-UlI+6OMUj5F6uVAw+Mg2wOZrjfdRq73d1qufaXVI/go=");
        }
    }

    #[test]
    fn slips_are_told_apart() {
        let cases = [
            ("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF=", "42"),
            ("sha265-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha265"),
            ("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSu_U=", "`_`"),
            ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "algorithm"),
        ];
        for (text, part) in cases {
            let error = parse(text, None).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let sha256 = algorithm("sha256");
        assert!(parse("0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c7e", sha256).is_err());
        assert!(parse("zmdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73", sha256).is_err());
    }
}
