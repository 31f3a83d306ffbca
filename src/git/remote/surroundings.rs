//! What git is given of our own surroundings: certificates, proxies, and no passwords where others can read them.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::interrupt::TemporaryDirectory;

/// The file of certificates that Nix itself would be told to trust, and the variable that names it.
pub fn certificates() -> Option<(&'static str, OsString)> {
    ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"].into_iter().find_map(|name| {
        // Nix sets this path in every shell and build without network.
        let is_none =
            |path: &OsString| path.is_empty() || (path == "/no-cert-file.crt" && !Path::new(path).exists());
        std::env::var_os(name).filter(|path| !is_none(path)).map(|path| (name, path))
    })
}

/// A file of certificates, and the folder it is in where it is made for git.
pub(super) type Certificates = (OsString, Option<Arc<TemporaryDirectory>>);

/// The certificates that git is to trust: those that our downloads do, and those of a variable of its own.
pub(super) fn trusted() -> Option<Certificates> {
    let (_, ours) = certificates()?;
    let Some(gits) = std::env::var_os("GIT_SSL_CAINFO").filter(|path| *path != ours) else {
        return Some((ours, None));
    };
    let both = || {
        let texts = [std::fs::read(&ours).ok()?, b"\n".to_vec(), std::fs::read(&gits).ok()?];
        let folder = TemporaryDirectory::new("pgflakegen-certificates").ok()?;
        let file = folder.path().join("certificates.pem");
        std::fs::write(&file, texts.concat()).ok()?;
        Some((file.into(), Some(Arc::new(folder))))
    };
    // One that cannot be read is git's to complain about.
    both().or_else(|| Some((gits.clone(), None)))
}

/// What of our own environment git has another name for, or is not to see.
pub(super) fn environment(url: &str) -> Vec<(&'static str, OsString)> {
    let mut found = Vec::new();
    // As our own downloads have it; curl knows the small one only.
    if std::env::var_os("http_proxy").is_none()
        && let Some(proxy) = std::env::var_os("HTTP_PROXY")
    {
        found.push(("http_proxy", proxy));
    }
    if is_insecure(url) {
        // No netrc file: nothing of it is sent where others can read it.
        let home = std::env::var_os("HOME").unwrap_or_default();
        if std::env::var_os("GIT_CONFIG_GLOBAL").is_none() {
            let own = Path::new(&home).join(".gitconfig");
            let other = match std::env::var_os("XDG_CONFIG_HOME") {
                Some(folder) => Path::new(&folder).join("git/config"),
                None => Path::new(&home).join(".config/git/config"),
            };
            let file = if own.exists() || !other.exists() { own } else { other };
            found.push(("GIT_CONFIG_GLOBAL", file.into()));
        }
        found.push(("HOME", "/dev/null".into()));
    }
    found
}

/// Whether what is sent there can be read on the way.
fn is_insecure(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return true };
    url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
