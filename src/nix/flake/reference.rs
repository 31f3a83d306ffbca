//! Flake references: as text, as attributes, and what they stand for.

use std::collections::BTreeMap;

use crate::nix::eval::{Error, Kind, Result};

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

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Reference {
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

    /// `type`.
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// `dir`, the flake's folder within its source.
    pub fn dir(&self) -> &str {
        self.text("dir").unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.attrs.insert(name.to_owned(), Attribute::Text(value.to_owned()));
    }

    /// Reads a reference without its `#fragment`. `base` is what relative paths are relative to.
    pub fn parse(text: &str, base: Option<&str>) -> Result<Self> {
        let bad = |why: &str| {
            Err(Error::new(Kind::Other, format!("'{text}' is not a valid flake reference: {why}")))
        };
        let (main, query) = text.split_once('?').unwrap_or((text, ""));
        let mut reference = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else { return bad("a parameter has no value") };
            let value = decode(value);
            let number = ["lastModified", "revCount"].contains(&key).then(|| value.parse().ok()).flatten();
            let flag = ["shallow", "submodules", "allRefs", "lfs"].contains(&key).then_some(value == "1");
            let attribute = match (number, flag) {
                (Some(number), _) => Attribute::Number(number),
                (_, Some(flag)) => Attribute::Flag(flag),
                _ => Attribute::Text(value),
            };
            reference.attrs.insert(key.to_owned(), attribute);
        }
        let path = |reference: &mut Self, path: &str| -> Result<()> {
            let path = decode(path);
            reference.set("type", "path");
            reference.set("path", &path);
            Ok(())
        };
        match main.split_once(':') {
            _ if main.starts_with('/')
                || main == "."
                || main.starts_with("./")
                || main.starts_with("../")
                || main == ".." =>
            {
                let full = match base {
                    Some(base) if !main.starts_with('/') => format!("{base}/{main}"),
                    None if !main.starts_with('/') => {
                        let message = format!("flake reference '{text}' is not an absolute path");
                        return Err(Error::new(Kind::Other, message));
                    }
                    _ => main.to_owned(),
                };
                let full = crate::nix::eval::paths::canonical(full.as_bytes());
                // Only from the command line is the git repository around a folder looked for.
                reference.set("type", if base.is_some() { "auto" } else { "path" });
                reference.set("path", &String::from_utf8_lossy(&full));
            }
            Some(("path", rest)) => path(&mut reference, rest)?,
            Some((scheme @ ("github" | "gitlab" | "sourcehut"), rest)) => {
                let mut parts = rest.splitn(3, '/');
                let (Some(owner), Some(repo)) = (parts.next(), parts.next()) else {
                    return bad("an owner and a repository are needed");
                };
                reference.set("type", scheme);
                reference.set("owner", &decode(owner));
                reference.set("repo", &decode(repo));
                if let Some(rest) = parts.next() {
                    reference.set(if is_rev(rest) { "rev" } else { "ref" }, &decode(rest));
                }
            }
            Some(("git+file", rest)) => {
                reference.set("type", "git");
                reference.set("url", &format!("file:{rest}"));
            }
            Some((scheme, rest)) if scheme.starts_with("git+") => {
                reference.set("type", "git");
                reference.set("url", &format!("{}:{rest}", &scheme[4..]));
            }
            Some((scheme, rest)) if scheme.starts_with("tarball+") || scheme.starts_with("file+") => {
                let (kind, scheme) = scheme.split_once('+').unwrap_or(("tarball", scheme));
                reference.set("type", kind);
                reference.set("url", &format!("{scheme}:{rest}"));
            }
            Some((scheme @ ("http" | "https" | "file"), rest)) => {
                let tarball = [".tar", ".tgz", ".zip", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"]
                    .iter()
                    .any(|ending| main.ends_with(ending));
                reference.set("type", if tarball { "tarball" } else { "file" });
                reference.set("url", &format!("{scheme}:{rest}"));
            }
            Some(("flake", rest)) => return Self::indirect(rest, reference, text),
            Some(_) => return bad("its scheme is not known"),
            None => return Self::indirect(main, reference, text),
        }
        Ok(reference)
    }

    fn indirect(id: &str, mut reference: Self, text: &str) -> Result<Self> {
        let mut parts = id.split('/');
        let id = parts.next().unwrap_or_default();
        let valid = id.starts_with(|c: char| c.is_ascii_alphabetic())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if !valid {
            return Err(Error::new(Kind::Other, format!("'{text}' is not a valid flake reference")));
        }
        reference.set("type", "indirect");
        reference.set("id", id);
        for part in parts {
            reference.set(if is_rev(part) { "rev" } else { "ref" }, part);
        }
        Ok(reference)
    }

    /// Fails for a scheme that there is not, and for attributes that it does not have.
    pub fn check(&self) -> Result<()> {
        let fail = |message| Err(Error::new(Kind::Other, message));
        let kind = self.kind();
        if kind.is_empty() {
            return fail("'type' attribute to specify input scheme is required but not provided".to_owned());
        }
        let allowed: &[&str] = match kind {
            "path" => &["path", "rev", "revCount", "lastModified", "narHash"],
            "git" => &[
                "url",
                "ref",
                "rev",
                "shallow",
                "submodules",
                "lfs",
                "exportIgnore",
                "lastModified",
                "revCount",
                "narHash",
                "allRefs",
                "name",
                "dirtyRev",
                "dirtyShortRev",
                "verifyCommit",
                "keytype",
                "publicKey",
                "publicKeys",
            ],
            "github" | "gitlab" | "sourcehut" => {
                &["owner", "repo", "ref", "rev", "narHash", "lastModified", "host", "treeHash"]
            }
            "tarball" | "file" => &["url", "narHash", "name", "unpack", "rev", "revCount", "lastModified"],
            "indirect" => &["id", "ref", "rev", "narHash"],
            "hg" => &["url", "ref", "rev", "revCount", "narHash", "name"],
            _ => {
                let mut json = serde_json::Map::new();
                for (key, value) in &self.attrs {
                    json.insert(
                        key.clone(),
                        match value {
                            Attribute::Text(text) => text.clone().into(),
                            Attribute::Number(number) => (*number).into(),
                            Attribute::Flag(flag) => (*flag).into(),
                        },
                    );
                }
                return fail(format!("cannot show unsupported input '{}'", serde_json::Value::Object(json)));
            }
        };
        match self.attrs.keys().find(|key| *key != "type" && !allowed.contains(&key.as_str())) {
            Some(key) => fail(format!("input attribute '{key}' not supported by scheme '{kind}'")),
            None => Ok(()),
        }
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

    /// As text.
    pub fn to_text(&self) -> String {
        let mut rest: BTreeMap<&str, String> = self
            .attrs
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Attribute::Text(text) => text.clone(),
                    Attribute::Number(number) => number.to_string(),
                    Attribute::Flag(flag) => u8::from(*flag).to_string(),
                };
                (key.as_str(), value)
            })
            .collect();
        let mut take = |key: &str| rest.remove(key);
        let kind = take("type").unwrap_or_default();
        let mut text = match kind.as_str() {
            "github" | "gitlab" | "sourcehut" => {
                let mut text = format!(
                    "{kind}:{}/{}",
                    take("owner").unwrap_or_default(),
                    take("repo").unwrap_or_default()
                );
                for key in ["ref", "rev"] {
                    if let Some(value) = take(key) {
                        text = format!("{text}/{value}");
                    }
                }
                text
            }
            "path" => format!("path:{}", take("path").unwrap_or_default()),
            "auto" => take("path").unwrap_or_default(),
            "git" => format!("git+{}", take("url").unwrap_or_default()),
            "indirect" => {
                let mut text = format!("flake:{}", take("id").unwrap_or_default());
                for key in ["ref", "rev"] {
                    if let Some(value) = take(key) {
                        text = format!("{text}/{value}");
                    }
                }
                text
            }
            _ => take("url").unwrap_or_default(),
        };
        for (n, (key, value)) in rest.iter().enumerate() {
            text.push(if n == 0 { '?' } else { '&' });
            text.push_str(key);
            text.push('=');
            text.push_str(value);
        }
        text
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
    }
}
