//! What the attributes of a flake reference must be.

use super::{Attribute, Bad, Reference, fail};
use crate::machine::Result;
use crate::url::Url;
use nix_store::{Algorithm, Hash};

/// Whether git takes this as the name of a branch or tag.
pub(super) fn is_ref(text: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    !(text.is_empty()
        || text == "@"
        || text.ends_with('.')
        || text.contains("..")
        || text.contains("@{")
        || text.contains(forbidden)
        || text.split('/').any(bad_part)
        || (text.starts_with('-') && !text.contains('/')))
}

pub(super) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// What a reference of each kind may have beside `type`.
pub(super) fn allowed(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
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
        _ => return None,
    })
}

/// A URL that git takes, as Nix writes it.
fn git_url(text: &str) -> std::result::Result<Url, String> {
    let scp = |(before, path): (&str, &str)| {
        let (user, host) = before.split_once('@')?;
        (!user.contains('/')).then(|| format!("ssh://{user}@{host}/{path}"))
    };
    let at_host = (!text.starts_with('/')).then(|| text.rsplit_once(':').and_then(scp)).flatten();
    let text = at_host.as_deref().unwrap_or(text);
    if !text.starts_with("file:") && !text.starts_with("git+file:") && !text.contains("://") {
        return Ok(Url {
            scheme: "file".to_owned(),
            authority: text.starts_with('/').then(String::new),
            path: text.split('/').map(str::to_owned).collect(),
            ..Url::default()
        });
    }
    let mut url = Url::parse(text, false)?;
    if let (Some("git"), transport) = url.schemes() {
        url.scheme = transport.to_owned();
    }
    Ok(url)
}

impl Reference {
    /// What the attributes of each kind must be.
    pub(super) fn check_kind(&mut self) -> std::result::Result<(), Bad> {
        match self.kind() {
            "git" => {
                let signed = ["verifyCommit", "keytype", "publicKey", "publicKeys"];
                if signed.iter().any(|name| self.attrs.contains_key(*name)) {
                    return Err(Bad::Other(
                        "experimental Nix feature 'verified-fetches' is disabled; add '--extra-experimental-features verified-fetches' to enable it".to_owned(),
                    ));
                }
                if let Some(name) = self.text_or_none("ref")?.filter(|name| !is_ref(name)) {
                    return Err(Bad::Url(format!("invalid Git branch/tag name '{name}'")));
                }
                let url = git_url(self.needed("url")?).map_err(Bad::Url)?.to_text();
                self.set("url", &url);
                for name in ["shallow", "submodules", "allRefs"] {
                    if !matches!(self.attrs.get(name), None | Some(Attribute::Flag(_))) {
                        return Err(Bad::Other(format!("input attribute '{name}' is not a Boolean")));
                    }
                }
            }
            "github" | "gitlab" | "sourcehut" => {
                self.needed("owner")?;
                self.needed("repo")?;
                let (name, rev) = (self.text_or_none("ref")?, self.text_or_none("rev")?);
                if let (Some(name), Some(rev)) = (name, rev) {
                    return Err(Bad::Url(format!(
                        "input {} contains both a commit hash ('{rev}') and a branch/tag name ('{name}')",
                        self.json()
                    )));
                }
                if let Some(rev) = rev {
                    Hash::parse(rev, Some(Algorithm::Sha1)).map_err(|error| Bad::Other(error.to_string()))?;
                }
                if name.is_some_and(|name| !is_ref(name)) {
                    return Err(Bad::Url(format!(
                        "input {} contains an invalid branch/tag name",
                        self.json()
                    )));
                }
                let in_host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
                if self.text_or_none("host")?.is_some_and(|host| !host.chars().all(in_host)) {
                    return Err(Bad::Url(format!("input {} contains an invalid instance host", self.json())));
                }
            }
            "path" => {
                self.needed("path")?;
            }
            "indirect" => {
                let id = self.needed("id")?;
                if !is_id(id) {
                    return Err(Bad::Url(format!("'{id}' is not a valid flake ID")));
                }
            }
            "hg" => {
                self.needed("url")?;
            }
            _ => {}
        }
        self.text_or_none("ref")?;
        for name in ["revCount", "lastModified"] {
            if !matches!(self.attrs.get(name), None | Some(Attribute::Number(_))) {
                return Err(Bad::Other(format!("input attribute '{name}' is not an integer")));
            }
        }
        Ok(())
    }

    /// Fails for a scheme that there is not, and for attributes that it does not have; writes a git
    /// repository's URL as Nix does.
    pub fn check(&mut self) -> Result<()> {
        let Some(kind) = self.text_or_none("type")? else {
            return fail("'type' attribute to specify input scheme is required but not provided");
        };
        let Some(allowed) = allowed(kind) else {
            return fail(format!("cannot show unsupported input '{}'", self.json()));
        };
        let known = |key: &str| ["type", "__final"].contains(&key) || allowed.contains(&key);
        if let Some(key) = self.attrs.keys().find(|key| !known(key)) {
            return fail(format!("input attribute '{key}' not supported by scheme '{kind}'"));
        }
        Ok(self.check_kind()?)
    }
}
