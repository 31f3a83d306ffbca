//! Reading flake references: short ones, URLs, paths.

use std::collections::BTreeMap;

use super::check::{allowed, is_id, is_ref};
use super::{Attribute, Bad, Reference, fail};
use crate::error::{Error, Kind};
use crate::machine::Result;
use crate::url::{Url, decode, parse_query};

/// The endings by which a URL is an archive's.
const TARBALLS: [&str; 7] = [".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"];

fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A reference to an entry of a registry: `nixpkgs`, `nixpkgs/REF`, `nixpkgs/REF/REV`.
fn is_short(text: &str) -> bool {
    let (id, rest) = match text.split_once('/') {
        Some((id, rest)) => (id, Some(rest)),
        None => (text, None),
    };
    let in_ref = |c: char| c.is_ascii_alphanumeric() || "_./@+-".contains(c);
    is_id(id)
        && rest.is_none_or(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@') && rest.chars().all(in_ref)
        })
}

impl Reference {
    /// Reads a reference to a flake, without its `#fragment`. `base` is what relative paths are
    /// relative to; a path is then looked up, as on the command line.
    pub fn parse(text: &str, base: Option<&str>) -> Result<Self> {
        Self::read(text, base, true, false)
    }

    /// Reads the `url` of an input, whose path may be relative to the flake.
    pub fn parse_input(text: &str, flake: bool) -> Result<Self> {
        Self::read(text, None, flake, true)
    }

    /// Reads the argument of `builtins.fetchTree`.
    pub fn parse_url(text: &str) -> Result<Self> {
        let url = Url::parse(text, false).map_err(|error| Error::new(Kind::Other, error))?;
        Ok(Self::from_url(&url, true)?)
    }

    fn read(text: &str, base: Option<&str>, flake: bool, keep_relative: bool) -> Result<Self> {
        let (short, _) = text.split_once('#').unwrap_or((text, ""));
        let (found, fragment) = if is_short(short) {
            let url = Url {
                scheme: "flake".to_owned(),
                path: short.split('/').map(str::to_owned).collect(),
                ..Url::default()
            };
            let fragment = text.split_once('#').map(|(_, fragment)| decode(fragment)).unwrap_or_default();
            (Self::from_url(&url, flake)?, fragment)
        } else {
            match Url::parse(text, true).map_err(Bad::Url).and_then(|url| Self::from_parsed(url, base, flake))
            {
                Ok(found) => found,
                Err(Bad::Other(message)) => return fail(message),
                Err(Bad::Url(_)) => Self::from_path(text, base, flake, keep_relative)?,
            }
        };
        match fragment.is_empty() {
            true => Ok(found),
            false => fail(format!("unexpected fragment '{fragment}' in flake reference '{text}'")),
        }
    }

    fn from_parsed(
        mut url: Url,
        base: Option<&str>,
        flake: bool,
    ) -> std::result::Result<(Self, String), Bad> {
        if let Some(base) = base
            && ["path", "git+file"].contains(&url.scheme.as_str())
        {
            let path = url.file_path().map_err(Bad::Url)?;
            if !path.starts_with('/') {
                let full = crate::paths::canonical(format!("{base}/{path}").as_bytes());
                url.path = String::from_utf8_lossy(&full).split('/').map(str::to_owned).collect();
            }
        }
        let fragment = std::mem::take(&mut url.fragment);
        let dir = url.query.remove("dir").filter(|dir| !dir.is_empty());
        let mut reference = Self::from_url(&url, flake)?;
        if let Some(dir) = dir {
            reference.set("dir", &dir);
        }
        Ok((reference, fragment))
    }

    fn from_path(text: &str, base: Option<&str>, flake: bool, keep_relative: bool) -> Result<(Self, String)> {
        let (main, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (path, query) = main.split_once('?').unwrap_or((main, ""));
        let query = parse_query(query, true).map_err(|error| Error::new(Kind::Other, error))?;
        let absolute = path.starts_with('/');
        let path = match base {
            Some(base) if !absolute => format!("{base}/{path}"),
            None if !absolute && !keep_relative => {
                return fail(format!("flake reference '{text}' is not an absolute path"));
            }
            _ => path.to_owned(),
        };
        let absolute = path.starts_with('/');
        let url = Url {
            // Only from the command line is the git repository around a folder looked for.
            scheme: if base.is_some() { "git+file" } else { "path" }.to_owned(),
            authority: absolute.then(String::new),
            path: path.split('/').map(str::to_owned).collect(),
            query,
            fragment: decode(fragment),
        };
        let (mut reference, fragment) = Self::from_parsed(url, None, flake)?;
        if base.is_some() {
            let full = crate::paths::canonical(path.as_bytes());
            reference.attrs.remove("url");
            reference.set("type", "auto");
            reference.set("path", &String::from_utf8_lossy(&full));
        }
        Ok((reference, fragment))
    }

    /// What a URL stands for. Without `tree`, what does not look like an archive is a file.
    fn from_url(url: &Url, tree: bool) -> std::result::Result<Self, Bad> {
        let (application, transport) = url.schemes();
        let transports = ["file", "http", "https"];
        let scheme = url.scheme.as_str();
        match (application, transport) {
            (None, "git") | (Some("git"), _) => Self::from_git(url),
            (None, "github" | "gitlab" | "sourcehut") => Self::from_forge(url),
            (Some("hg"), "http" | "https" | "ssh" | "file") => {
                let mut reference = Self::new("hg");
                let mut plain = Url { scheme: transport.to_owned(), query: BTreeMap::new(), ..url.clone() };
                for (name, value) in &url.query {
                    match ["rev", "ref"].contains(&name.as_str()) {
                        true => reference.set(name, value),
                        false => {
                            plain.query.insert(name.clone(), value.clone());
                        }
                    }
                }
                reference.set("url", &plain.to_text());
                Ok(reference)
            }
            (None, "flake") => Self::from_registry(url),
            (None, "path") => Self::from_path_url(url),
            (Some("file" | "tarball") | None, _) if transports.contains(&transport) => {
                let kind = match (application, url.path.last()) {
                    (Some(kind), _) => kind,
                    (None, _) if tree => "tarball",
                    (None, Some(last)) if TARBALLS.iter().any(|ending| last.ends_with(ending)) => "tarball",
                    _ => "file",
                };
                let mut reference = Self::new(kind);
                let mut plain = Url { scheme: transport.to_owned(), ..url.clone() };
                for name in allowed(kind).unwrap_or_default() {
                    let Some(value) = plain.query.remove(*name) else { continue };
                    match *name {
                        "narHash" | "rev" => reference.set(name, &value),
                        "revCount" | "lastModified" => {
                            if let Ok(number) = value.parse::<u32>() {
                                reference.attrs.insert((*name).to_owned(), Attribute::Number(number.into()));
                            }
                        }
                        _ => {}
                    }
                }
                reference.set("url", &plain.to_text());
                Ok(reference)
            }
            (Some("file"), "git") => Err(Bad::Other(format!(
                "input '{}' is unsupported; did you mean 'git+file' instead of 'file+git'?",
                url.to_text()
            ))),
            _ if scheme.is_empty() => Err(Bad::Url(format!("'{}' doesn't have a scheme", url.to_text()))),
            _ => Err(Bad::Other(format!("input '{}' is unsupported", url.to_text()))),
        }
    }

    fn from_git(url: &Url) -> std::result::Result<Self, Bad> {
        let mut reference = Self::new("git");
        let mut plain = Url { query: BTreeMap::new(), ..url.clone() };
        for (name, value) in &url.query {
            match name.as_str() {
                "rev" | "ref" | "keytype" | "publicKey" | "publicKeys" => reference.set(name, value),
                "shallow" | "submodules" | "lfs" | "exportIgnore" | "allRefs" | "verifyCommit" => {
                    reference.attrs.insert(name.clone(), Attribute::Flag(value == "1"));
                }
                _ => {
                    plain.query.insert(name.clone(), value.clone());
                }
            }
        }
        if plain.authority.is_none() && plain.scheme == "git" {
            return Err(Bad::Url(format!("'{}' has no host", plain.to_text())));
        }
        reference.set("url", &plain.to_text());
        reference.checked()
    }

    fn from_forge(url: &Url) -> std::result::Result<Self, Bad> {
        let text = url.to_text();
        let kind = url.scheme.as_str();
        let path: Vec<&str> = url.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let (Some(owner), Some(repo)) = (path.first(), path.get(1)) else {
            return Err(Bad::Url(format!("URL '{text}' is invalid")));
        };
        let mut reference = Self::of(kind, "owner", owner);
        reference.set("repo", repo);
        match path.get(2..).unwrap_or_default() {
            [] => {}
            [rev] if is_rev(rev) => reference.set("rev", rev),
            parts => reference.set("ref", &parts.join("/")),
        }
        for (name, value) in &url.query {
            let (twice, what) = match name.as_str() {
                "rev" => (true, "commit hashes"),
                "ref" => (true, "branch/tag names"),
                "host" | "narHash" => (false, ""),
                _ => continue,
            };
            if twice && reference.attrs.contains_key(name) {
                return Err(Bad::Url(format!("URL '{text}' contains multiple {what}")));
            }
            reference.set(name, value);
        }
        reference.checked()
    }

    fn from_registry(url: &Url) -> std::result::Result<Self, Bad> {
        let text = url.to_text();
        let path: Vec<&str> = url.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let (reference, rev) = match path.as_slice() {
            [_] => (None, None),
            [_, rev] if is_rev(rev) => (None, Some(rev)),
            [_, name] if is_ref(name) => (Some(name), None),
            [_, other] => {
                return Err(Bad::Url(format!(
                    "in flake URL '{text}', '{other}' is not a commit hash or branch/tag name"
                )));
            }
            [_, name, _] if !is_ref(name) => {
                return Err(Bad::Url(format!("in flake URL '{text}', '{name}' is not a branch/tag name")));
            }
            [_, name, rev] if is_rev(rev) => (Some(name), Some(rev)),
            [_, _, rev] => {
                return Err(Bad::Url(format!("in flake URL '{text}', '{rev}' is not a commit hash")));
            }
            _ => return Err(Bad::Url(format!("GitHub URL '{text}' is invalid"))),
        };
        let id = path.first().copied().unwrap_or_default();
        if !is_id(id) {
            return Err(Bad::Url(format!("'{id}' is not a valid flake ID")));
        }
        let mut found = Self::of("indirect", "id", id);
        if let Some(name) = reference {
            found.set("ref", name);
        }
        if let Some(rev) = rev {
            found.set("rev", rev);
        }
        Ok(found)
    }

    fn from_path_url(url: &Url) -> std::result::Result<Self, Bad> {
        let text = url.to_text();
        if let Some(host) = url.authority.as_deref().filter(|host| !host.is_empty()) {
            return Err(Bad::Other(format!("path URL '{text}' should not have an authority ('{host}')")));
        }
        let mut reference = Self::of("path", "path", &url.file_path().map_err(Bad::Url)?);
        for (name, value) in &url.query {
            match name.as_str() {
                "rev" | "narHash" => reference.set(name, value),
                "revCount" | "lastModified" => match value.parse::<u32>() {
                    Ok(number) => {
                        reference.attrs.insert(name.clone(), Attribute::Number(number.into()));
                    }
                    Err(_) => {
                        let message = format!("path URL '{text}' has invalid parameter '{name}'");
                        return Err(Bad::Other(message));
                    }
                },
                _ => {
                    return Err(Bad::Other(format!("path URL '{text}' has unsupported parameter '{name}'")));
                }
            }
        }
        Ok(reference)
    }

    fn checked(mut self) -> std::result::Result<Self, Bad> {
        match self.check_kind() {
            Ok(()) => Ok(self),
            Err(bad) => Err(bad),
        }
    }
}
