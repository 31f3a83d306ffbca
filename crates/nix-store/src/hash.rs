//! Hashes as Nix writes and reads them: `sha256:…` and SRI `sha256-…`, in base 16, 32 or 64.

use std::fmt;
use std::io;

use std::sync::LazyLock;

use data_encoding::{BASE64, BASE64_NOPAD, Encoding, HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::Digest as _;

use super::base32;

static BASE64_LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    // The alphabet is that of BASE64, which is valid.
    specification.encoding().unwrap_or(BASE64_NOPAD)
});

/// A hash algorithm that Nix knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5, 16 bytes; only for old fixed-output derivations.
    Md5,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes; the one everything in the store is named by.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name as it stands in Nix code and in hashes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of a digest in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The algorithm called `name`.
    pub fn from_name(name: &str) -> Result<Self, HashError> {
        if name == "blake3" {
            return Err(HashError::Blake3);
        }
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| HashError::UnknownAlgorithm(name.to_owned()))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is not a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The text before `:` or `-` is no algorithm.
    #[error("unknown hash algorithm '{0}', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'")]
    UnknownAlgorithm(String),
    /// Neither the text nor the caller says which algorithm it is.
    #[error("hash '{0}' does not include a type, nor is the type otherwise known from context")]
    MissingAlgorithm(String),
    /// The text names another algorithm than the caller wants.
    #[error("hash '{text}' should have type '{expected}'")]
    AlgorithmMismatch {
        /// The whole hash.
        text: String,
        /// What the caller asked for.
        expected: Algorithm,
        /// What the text says.
        found: Algorithm,
    },
    /// The digest has the length of none of the encodings.
    #[error("hash '{text}' has wrong length for hash algorithm '{algorithm}'")]
    WrongLength {
        /// The digest as written.
        text: String,
        /// The algorithm it should be of.
        algorithm: Algorithm,
        /// Characters found.
        found: usize,
    },
    /// The text is not of the encoding that its length, or the `-` before it, says.
    #[error("invalid {encoding} hash '{text}', length {found} != expected length {expected}")]
    BadAlphabet {
        /// `base16`, `nix32`, `Base64` or `SRI`.
        encoding: &'static str,
        /// The digest as written.
        text: String,
        /// How many bytes it is; 0 if it is not of the encoding at all.
        found: usize,
        /// How many bytes it should be.
        expected: usize,
    },
    /// An algorithm that is known, and not used unless one asks for it.
    #[error(
        "experimental Nix feature 'blake3-hashes' is disabled; add '--extra-experimental-features blake3-hashes' to enable it"
    )]
    Blake3,
    /// An SRI hash must be written with `-`.
    #[error("hash '{0}' is not SRI")]
    NotSri(String),
}

/// A digest with its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash {
    algorithm: Algorithm,
    bytes: [u8; 64],
}

impl Hash {
    /// A hash from a digest; `None` if the digest has the wrong length.
    pub fn new(algorithm: Algorithm, digest: &[u8]) -> Option<Self> {
        if digest.len() != algorithm.size() {
            return None;
        }
        let mut bytes = [0; 64];
        bytes[..digest.len()].copy_from_slice(digest);
        Some(Self { algorithm, bytes })
    }

    /// Hashes `data`.
    pub fn of(algorithm: Algorithm, data: impl AsRef<[u8]>) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data.as_ref());
        hasher.finish()
    }

    /// The placeholder digest of zeros that Nix takes for an empty hash.
    pub const fn zero(algorithm: Algorithm) -> Self {
        Self { algorithm, bytes: [0; 64] }
    }

    /// Which algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.size()]
    }

    /// Folds the digest to `N` bytes by XOR; 20 of them name a store path.
    pub fn compress<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        for (i, byte) in self.bytes().iter().enumerate() {
            out[i % N] ^= byte;
        }
        out
    }

    /// The digest in base 16.
    pub fn to_base16(&self) -> String {
        HEXLOWER.encode(self.bytes())
    }

    /// Appends the digest in base 16.
    pub fn write_base16(&self, out: &mut Vec<u8>) {
        let from = out.len();
        out.resize(from + 2 * self.bytes().len(), 0);
        HEXLOWER.encode_mut(self.bytes(), &mut out[from..]);
    }

    /// The digest in Nix's base 32.
    pub fn to_base32(&self) -> String {
        base32::encode(self.bytes())
    }

    /// The digest in base 64.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.bytes())
    }

    /// `sha256-…`, the form to write into Nix code.
    pub fn to_sri(&self) -> String {
        format!("{}-{}", self.algorithm, self.to_base64())
    }

    /// Reads `sha256:…`, `sha256-…` or a bare digest. `expected` is the algorithm of a bare
    /// digest, and what the others are checked against.
    ///
    /// Takes all that Nix takes, because what Nix evaluates must evaluate here: an SRI hash without its `=`,
    /// with left-over bits set, or with anything after the `=`. Which spelling may stand in the catalogue is
    /// stricter, and `catalogue::sri`'s to say.
    pub fn parse(text: &str, expected: Option<Algorithm>) -> Result<Self, HashError> {
        let (found, sri, digest) = match text.split_once(':') {
            Some((name, digest)) => (Some(Algorithm::from_name(name)?), false, digest),
            None => match text.split_once('-') {
                Some((name, digest)) => (Some(Algorithm::from_name(name)?), true, digest),
                None => (None, false, text),
            },
        };
        let algorithm = match (found, expected) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(HashError::AlgorithmMismatch { text: text.to_owned(), expected, found });
            }
            (Some(algorithm), _) | (None, Some(algorithm)) => algorithm,
            (None, None) => return Err(HashError::MissingAlgorithm(text.to_owned())),
        };
        Self::parse_digest(digest, algorithm, sri)
    }

    /// Reads an SRI hash and nothing else.
    pub fn parse_sri(text: &str) -> Result<Self, HashError> {
        match text.split_once('-') {
            Some((name, digest)) => Self::parse_digest(digest, Algorithm::from_name(name)?, true),
            None => Err(HashError::NotSri(text.to_owned())),
        }
    }

    /// Reads a digest alone, the encoding told by its length.
    pub fn parse_digest(text: &str, algorithm: Algorithm, sri: bool) -> Result<Self, HashError> {
        let size = algorithm.size();
        let (encoding, digest) = if !sri && text.len() == size * 2 {
            ("base16", HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok())
        } else if !sri && text.len() == base32::encoded_len(size) {
            ("nix32", base32::decode(text.as_bytes(), size))
        } else if sri || text.len() == size.div_ceil(3) * 4 {
            // Nix reads up to the first `=`, if there is one, skips line feeds, and ignores left-over bits.
            let unpadded = text.split('=').next().unwrap_or(text).replace('\n', "");
            // A single left-over character is six bits of no byte.
            let whole = unpadded.len() - usize::from(unpadded.len() % 4 == 1);
            let decoded = unpadded.get(..whole).and_then(|text| BASE64_LENIENT.decode(text.as_bytes()).ok());
            (if sri { "SRI" } else { "Base64" }, decoded)
        } else {
            return Err(HashError::WrongLength { text: text.to_owned(), algorithm, found: text.len() });
        };
        let found = match &digest {
            Some(digest) => digest.len(),
            // Only the first character can say more than the digest has room for.
            None if encoding == "nix32" && text.bytes().all(base32::is_base32) => size + 1,
            None => 0,
        };
        Self::new(algorithm, &digest.unwrap_or_default()).ok_or_else(|| HashError::BadAlphabet {
            encoding,
            text: text.to_owned(),
            found,
            expected: size,
        })
    }
}

impl fmt::Display for Hash {
    /// SRI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sri())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl std::str::FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        Self::parse(text, None)
    }
}

/// A running hash; also an [`io::Write`], so that a NAR can be written into it.
#[derive(Clone)]
pub enum Hasher {
    /// MD5.
    Md5(md5::Md5),
    /// SHA-1.
    Sha1(sha1::Sha1),
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// SHA-512.
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Starts a hash.
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    /// Takes more data.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Self::Md5(hasher) => hasher.update(data),
            Self::Sha1(hasher) => hasher.update(data),
            Self::Sha256(hasher) => hasher.update(data),
            Self::Sha512(hasher) => hasher.update(data),
        }
    }

    /// Ends the hash.
    pub fn finish(self) -> Hash {
        fn make(algorithm: Algorithm, digest: &[u8]) -> Hash {
            let mut bytes = [0; 64];
            bytes[..digest.len()].copy_from_slice(digest);
            Hash { algorithm, bytes }
        }
        match self {
            Self::Md5(hasher) => make(Algorithm::Md5, &hasher.finalize()),
            Self::Sha1(hasher) => make(Algorithm::Sha1, &hasher.finalize()),
            Self::Sha256(hasher) => make(Algorithm::Sha256, &hasher.finalize()),
            Self::Sha512(hasher) => make(Algorithm::Sha512, &hasher.finalize()),
        }
    }
}

impl io::Write for Hasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // As `nix hash convert` and `builtins.hashString` print them.
    #[test]
    fn encodings() {
        let hash = Hash::of(Algorithm::Sha256, "abc");
        assert_eq!(hash.to_base16(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_base32(), "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s");
        assert_eq!(hash.to_sri(), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        for text in
            [hash.to_sri(), format!("sha256:{}", hash.to_base16()), format!("sha256:{}", hash.to_base32())]
        {
            assert_eq!(Hash::parse(&text, None), Ok(hash), "{text}");
        }
        assert_eq!(Hash::parse(&hash.to_base64(), Some(Algorithm::Sha256)), Ok(hash));
        assert_eq!(Hash::parse_sri(hash.to_sri().trim_end_matches('=')), Ok(hash), "without padding");
    }

    // As `builtins.convertHash` of Nix 2.34 takes and refuses them.
    #[test]
    fn as_lenient_as_nix() {
        let digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF";
        let hash = Hash::of(Algorithm::Sha256, "");
        for end in ["U=", "U", "U==", "X=", "U=junk", "U=\n", "\nU="] {
            assert_eq!(Hash::parse(&format!("sha256-{digest}{end}"), None), Ok(hash), "{end:?}");
        }
        assert_eq!(Hash::parse(&format!("sha256:{digest}U="), None), Ok(hash));
        for wrong in
            [format!("sha256:{digest}U"), format!("sha256-{digest}UA="), format!("sha256-{digest}!=")]
        {
            assert!(Hash::parse(&wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_algorithm() {
        for (algorithm, expected) in [
            (Algorithm::Md5, "acbd18db4cc2f85cedef654fccc4a4d8"),
            (Algorithm::Sha1, "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"),
            (Algorithm::Sha256, "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            (
                Algorithm::Sha512,
                "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc6638326e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
            ),
        ] {
            let hash = Hash::of(algorithm, "foo");
            assert_eq!(hash.to_base16(), expected);
            for text in [hash.to_base16(), hash.to_base32(), hash.to_base64()] {
                assert_eq!(Hash::parse(&text, Some(algorithm)), Ok(hash), "{text}");
            }
        }
    }

    #[test]
    fn errors_are_precise() {
        assert!(
            matches!(Hash::parse("sha3:00", None), Err(HashError::UnknownAlgorithm(name)) if name == "sha3")
        );
        assert!(matches!(Hash::parse("00", None), Err(HashError::MissingAlgorithm(_))));
        assert!(matches!(
            Hash::parse("md5:00", Some(Algorithm::Sha1)),
            Err(HashError::AlgorithmMismatch { found: Algorithm::Md5, .. })
        ));
        assert!(matches!(
            Hash::parse("sha256-AAAA", None),
            Err(HashError::BadAlphabet { encoding: "SRI", found: 3, .. })
        ));
        let text = format!("sha256:{}", "e".repeat(52));
        assert!(matches!(Hash::parse(&text, None), Err(HashError::BadAlphabet { encoding: "nix32", .. })));
        let text = format!("sha256:{}", "x".repeat(64));
        assert!(matches!(Hash::parse(&text, None), Err(HashError::BadAlphabet { encoding: "base16", .. })));
        let text = format!("sha256-{}", "!".repeat(44));
        assert!(matches!(Hash::parse(&text, None), Err(HashError::BadAlphabet { encoding: "SRI", .. })));
    }
}
