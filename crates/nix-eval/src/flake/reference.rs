//! Flake references: as text, as attributes, and what they stand for.

mod check;
mod parse;

use std::collections::BTreeMap;

use crate::error::{Error, Kind};
use crate::machine::Result;
use crate::url::Url;
use nix_store::{Algorithm, Hash};

/// A flake reference as attributes, like those in `flake.lock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// `type`, `url`, `owner`, `rev`, …
    pub attrs: BTreeMap<String, Attribute>,
}

/// The value of an attribute of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// A flag.
    Flag(bool),
}

/// Why a text is no reference.
enum Bad {
    /// It is no such URL; it may be a path.
    Url(String),
    /// It is one that says something wrong.
    Other(String),
}

impl From<Bad> for Box<Error> {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Url(message) | Bad::Other(message) => Error::new(Kind::Other, message),
        }
    }
}

fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::new(Kind::Other, message.into()))
}

impl Reference {
    /// A reference of one kind.
    pub fn new(kind: &str) -> Self {
        let mut reference = Self::default();
        reference.set("type", kind);
        reference
    }

    /// A reference of one kind with one attribute.
    pub fn of(kind: &str, name: &str, value: &str) -> Self {
        let mut reference = Self::new(kind);
        reference.set(name, value);
        reference
    }

    /// The attribute `name` as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attrs.get(name) {
            Some(Attribute::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The attribute `name` as a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.attrs.get(name) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Whether the flag `name` is set.
    pub fn flag(&self, name: &str) -> bool {
        self.attrs.get(name) == Some(&Attribute::Flag(true))
    }

    /// `type`.
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// `dir`, the flake's folder within its source.
    pub fn dir(&self) -> &str {
        self.text("dir").unwrap_or_default()
    }

    /// Sets an attribute to a text.
    pub fn set(&mut self, name: &str, value: &str) {
        self.attrs.insert(name.to_owned(), Attribute::Text(value.to_owned()));
    }

    /// Whether what it stands for can never change.
    pub fn is_locked(&self) -> bool {
        let zeros = |rev: &str| rev.bytes().all(|byte| byte == b'0');
        match self.kind() {
            "git" => self.text("rev").is_some_and(|rev| !zeros(rev)),
            "github" | "gitlab" | "sourcehut" | "hg" => self.text("rev").is_some(),
            "path" | "tarball" | "file" => self.text("narHash").is_some(),
            _ => false,
        }
    }

    /// `rev` in base 16, if it is given.
    pub fn rev(&self) -> Result<Option<String>> {
        let Some(rev) = self.text_or_none("rev")? else { return Ok(None) };
        let hash = Hash::parse(rev, None).or_else(|_| Hash::parse(rev, Some(Algorithm::Sha1)));
        match hash {
            Ok(hash) => Ok(Some(hash.to_base16())),
            Err(error) => fail(error.to_string()),
        }
    }

    /// `narHash`, if it is given; an empty one is that of zeros.
    pub fn nar_hash(&self) -> Result<Option<Hash>> {
        match self.text("narHash") {
            None => Ok(None),
            Some("") => Ok(Some(Hash::zero(Algorithm::Sha256))),
            Some(text) => match Hash::parse_sri(text) {
                Ok(hash) if hash.algorithm() == Algorithm::Sha256 => Ok(Some(hash)),
                Ok(_) => fail("narHash must use SHA-256"),
                Err(error) => fail(error.to_string()),
            },
        }
    }

    fn json(&self) -> String {
        let mut json = serde_json::Map::new();
        for (key, value) in &self.attrs {
            let value = match value {
                Attribute::Text(text) => text.clone().into(),
                Attribute::Number(number) => (*number).into(),
                Attribute::Flag(flag) => (*flag).into(),
            };
            json.insert(key.clone(), value);
        }
        serde_json::Value::Object(json).to_string()
    }

    fn text_or_none(&self, name: &str) -> std::result::Result<Option<&str>, Bad> {
        match self.attrs.get(name) {
            None => Ok(None),
            Some(Attribute::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Bad::Other(format!("input attribute '{name}' is not a string {}", self.json()))),
        }
    }

    fn needed(&self, name: &str) -> std::result::Result<&str, Bad> {
        self.text_or_none(name)?.ok_or_else(|| Bad::Other(format!("input attribute '{name}' is missing")))
    }

    /// From the attributes of a lock file.
    pub fn from_json(json: &serde_json::Value) -> Self {
        let mut reference = Self::default();
        for (key, value) in json.as_object().into_iter().flatten() {
            let attribute = match value {
                serde_json::Value::String(text) => Attribute::Text(text.clone()),
                serde_json::Value::Bool(flag) => Attribute::Flag(*flag),
                serde_json::Value::Number(number) => match number.as_i64() {
                    Some(number) => Attribute::Number(number),
                    None => continue,
                },
                _ => continue,
            };
            reference.attrs.insert(key.clone(), attribute);
        }
        reference
    }

    /// As a URL, with `dir`.
    ///
    /// # Errors
    /// When an attribute that the URL needs is missing or wrong.
    pub fn to_url(&self) -> Result<String> {
        let mut url = self.url()?;
        match self.text_or_none("dir")? {
            Some(dir) if !dir.is_empty() => {
                url.query.entry("dir".to_owned()).or_insert_with(|| dir.to_owned());
            }
            _ => {}
        }
        Ok(url.to_text())
    }

    fn url(&self) -> Result<Url> {
        let parsed = |text: &str| Url::parse(text, false).map_err(|error| Error::new(Kind::Other, error));
        let kind = self.kind();
        let mut url = Url { scheme: kind.to_owned(), ..Url::default() };
        match kind {
            "git" | "hg" => {
                url = parsed(self.needed("url")?)?;
                if url.scheme != kind {
                    url.scheme = format!("{kind}+{}", url.scheme);
                }
                if let Some(rev) = self.rev()? {
                    url.query.insert("rev".to_owned(), rev);
                }
                if let Some(name) = self.text_or_none("ref")? {
                    url.query.insert("ref".to_owned(), name.to_owned());
                }
                for flag in ["shallow", "lfs", "submodules", "exportIgnore"] {
                    if kind == "git" && self.flag(flag) {
                        url.query.insert(flag.to_owned(), "1".to_owned());
                    }
                }
            }
            "tarball" | "file" => {
                url = parsed(self.needed("url")?)?;
                if let Some(hash) = self.nar_hash()? {
                    url.query.insert("narHash".to_owned(), hash.to_sri());
                }
            }
            "github" | "gitlab" | "sourcehut" => {
                url.path = vec![self.needed("owner")?.to_owned(), self.needed("repo")?.to_owned()];
                url.path.extend(self.text_or_none("ref")?.map(str::to_owned));
                url.path.extend(self.rev()?);
                if let Some(hash) = self.nar_hash()? {
                    url.query.insert("narHash".to_owned(), hash.to_sri());
                }
                if let Some(host) = self.text_or_none("host")? {
                    url.query.insert("host".to_owned(), host.to_owned());
                }
            }
            "indirect" => {
                url.scheme = "flake".to_owned();
                url.path = vec![self.needed("id")?.to_owned()];
                url.path.extend(self.text_or_none("ref")?.map(str::to_owned));
                url.path.extend(self.rev()?);
            }
            "path" => {
                url.path = self.needed("path")?.split('/').map(str::to_owned).collect();
                for (key, value) in &self.attrs {
                    let value = match value {
                        _ if ["path", "type", "dir", "__final"].contains(&key.as_str()) => continue,
                        Attribute::Text(text) => text.clone(),
                        Attribute::Number(number) => number.to_string(),
                        Attribute::Flag(flag) => u8::from(*flag).to_string(),
                    };
                    url.query.insert(key.clone(), value);
                }
            }
            _ => return fail(format!("cannot show unsupported input '{}'", self.json())),
        }
        Ok(url)
    }

    /// As text for a message: what is fetched, without `dir`.
    pub fn to_text(&self) -> String {
        match self.kind() {
            "auto" => self.text("path").unwrap_or_default().to_owned(),
            _ => self.url().map_or_else(|_| self.json(), |url| url.to_text()),
        }
    }

    /// What tells one source from another.
    pub fn key(&self) -> String {
        self.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for text in [
            "github:NixOS/nixpkgs",
            "github:NixOS/nixpkgs/nixos-25.05",
            "path:/tmp/x?narHash=sha256-x",
            "git+file:///tmp/x?ref=main",
            "flake:nixpkgs",
            "https://example.org/x.tar.gz",
        ] {
            assert_eq!(Reference::parse(text, None).unwrap().to_text(), text);
        }
        let reference =
            Reference::parse("github:a/b/0123456789012345678901234567890123456789?dir=sub", None).unwrap();
        assert_eq!(reference.text("rev").unwrap().len(), 40);
        assert_eq!(reference.dir(), "sub");
        assert_eq!(Reference::parse("./x/../y", Some("/base")).unwrap().text("path"), Some("/base/y"));
        assert!(Reference::parse("svn:x", None).is_err());
        assert!(Reference::parse("a b", None).is_err());
        let kind = |text: &str, flake| Reference::parse_input(text, flake).unwrap().kind().to_owned();
        assert_eq!(
            (kind("https://a/b", true), kind("https://a/b", false)),
            ("tarball".into(), "file".into())
        );
        assert_eq!(Reference::parse_input("./x", true).unwrap().text("path"), Some("./x"));
    }
}
