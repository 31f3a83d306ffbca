//! Keys that packages of a binary cache are signed with: Ed25519, as Nix writes them.

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::Error;
use crate::git::Repository;
use crate::tree::place::Place;

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The key's name: the cache's, with a number.
    pub name: &'a str,
    /// The file that the secret key goes into.
    pub output: &'a Utf8Path,
}

/// What was made. The secret is in its file alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `NAME:BASE64`.
    pub public: String,
    /// The file lies in a git repository that does not ignore it.
    pub exposed: bool,
}

/// Makes a key. A file that is there is never replaced.
///
/// # Errors
/// When the name is none, or the file is there or cannot be written.
pub fn keygen(request: &Request<'_>) -> Result<Key, Error> {
    let unfit = |why: String| Error::Unfit { path: request.name.into(), why };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if request.name.is_empty() || !request.name.bytes().all(plain) {
        let why = "a key's name has letters, digits, `.`, `-` and `_`: cache.example.org-1";
        return Err(unfit(why.to_owned()));
    }
    let mut seed = [0; 32];
    let no_random = |_| Error::Io(std::io::Error::other("the system gives no random numbers"));
    SystemRandom::new().fill(&mut seed).map_err(no_random)?;
    let (secret, public) = texts(request.name, &seed)?;
    let write = |source| Error::Write { path: request.output.to_owned(), source };
    let folder = request.output.parent().filter(|parent| !parent.as_str().is_empty());
    let folder: Utf8PathBuf = folder.unwrap_or(Utf8Path::new(".")).to_owned();
    let file = request.output.file_name().ok_or_else(|| unfit("that is no name of a file".to_owned()))?;
    let place = Place::open(&folder).map_err(write)?;
    place.create_private(Utf8Path::new(file), secret.as_bytes()).map_err(write)?;
    let at = folder.canonicalize_utf8().unwrap_or(folder).join(file);
    let exposed = match Repository::around(at.parent().unwrap_or(Utf8Path::new("/")).as_std_path()) {
        Ok(Some(repository)) => !repository.is_ignored(at.as_std_path()).unwrap_or(false),
        Ok(None) | Err(_) => false,
    };
    Ok(Key { public, exposed })
}

/// The secret and the public key of a seed.
fn texts(name: &str, seed: &[u8; 32]) -> Result<(String, String), Error> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
    let public = pair.public_key().as_ref();
    let both = [seed, public].concat();
    Ok((format!("{name}:{}", BASE64.encode(&both)), format!("{name}:{}", BASE64.encode(public))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test of RFC 8032, section 7.1.
    #[test]
    fn keys_are_those_of_the_standard() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).expect("digits");
        let seed: [u8; 32] = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .try_into()
            .expect("32 bytes");
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let (secret, text) = texts("a-1", &seed).expect("a key");
        assert_eq!(text, format!("a-1:{}", BASE64.encode(&public)));
        assert_eq!(secret, format!("a-1:{}", BASE64.encode(&[&seed[..], &public].concat())));
    }
}
