//! Addresses as they may be shown: without passwords, without characters that a terminal obeys.

use url::Url;

use crate::diag::foreign;

/// An address without user and password.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for addresses that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// As [`shown`], for what may be no address at all, or have others in it.
pub fn redacted(text: &str) -> String {
    let Some((before, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(rest.len());
    // A password may have an @ of its own.
    let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{before}://{}{}", &rest[start..end], redacted(&rest[end..]))
}

/// As [`redacted`], in one line of a bounded length.
pub fn printable(url: &str) -> String {
    let short: String = redacted(url).chars().take(300).collect();
    foreign::line(&short).into_owned()
}
