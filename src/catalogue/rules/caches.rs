//! A cache's key has the form Nix takes: a name and the base64 of an Ed25519 public key.

use data_encoding::BASE64;

use super::{Context, Rule};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadCacheKey =
        "A cache's public key is NAME:BASE64, where the second part is 32 bytes. Nix takes packages from the cache \
         only if they are signed with it. A key twice as long is the secret one, with which anybody could sign \
         packages that your users would trust: it must never be in a repository.",
        bad: r#"
            # flake.toml
            [[caches]]
            url = "https://cache.example.org"
            public-key = "wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
        "#,
        says: "the key has no name in front: NAME:BASE64",
        fixed: r#"
            # flake.toml
            [[caches]]
            url = "https://cache.example.org"
            public-key = "a-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let caches = cx.raw.flake.iter().flat_map(|(_, flake)| &flake.caches).flat_map(|caches| &caches.value);
    for key in caches.filter_map(|cache| cache.value.public_key.as_ref()) {
        let finding = |message: &str| {
            Diagnostic::new(Code::BadCacheKey, key.span, message.to_owned())
                .help("copy the whole key from the cache's page: NAME-1:BASE64=")
        };
        let Some((name, base64)) = key.value.split_once(':') else {
            found.push(finding("the key has no name in front: NAME:BASE64"));
            continue;
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if name.is_empty() || !name.bytes().all(plain) {
            found.push(finding("the key's name has characters that no cache's name has"));
        }
        match BASE64.decode(base64.as_bytes()).map(|bytes| bytes.len()) {
            Ok(32) => {}
            Ok(64) => found.push(
                Diagnostic::new(
                    Code::BadCacheKey,
                    key.span,
                    "this is a secret key, with which anybody can sign",
                )
                .help("revoke it at once, and put the public key here"),
            ),
            Ok(_) => found.push(finding("the key is not 32 bytes long")),
            Err(_) => found.push(finding("the part after the colon is not base64")),
        }
    }
}
