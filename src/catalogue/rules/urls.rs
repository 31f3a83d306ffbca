//! Addresses are http(s) URLs without secrets.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, Spanned};
use crate::catalogue::source;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadUrl =
        "Homepages, changelogs, sources and caches are http or https URLs: a scheme, a host, and only characters \
         that a URL has (everything else percent-encoded). A URL with a user name or password is refused, since it \
         would end up in the Nix store, which everybody on the machine can read.",
        bad: r#"homepage = "example.org""#,
        says: "not an http or https URL",
        fixed: r#"homepage = "https://example.org""#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.postgresqls {
        if let Some(source) = source::fetched(&entry.value.source) {
            template(&source.url, found);
            template(&source.git, found);
        }
    }
    for file in &cx.raw.extensions {
        one(&file.raw.homepage, found);
        template(&file.raw.changelog, found);
        if let Some(source) = source::fetched(&file.raw.source) {
            template(&source.url, found);
            template(&source.git, found);
        }
    }
    for (_, version) in cx.versions() {
        template(&version.value.url, found);
    }
    if let Some(image) = cx.raw.flake.iter().find_map(|(_, flake)| flake.image.as_ref()) {
        one(&image.value.source, found);
        one(&image.value.documentation, found);
    }
    let caches = cx.raw.flake.iter().flat_map(|(_, flake)| &flake.caches).flat_map(|caches| &caches.value);
    for cache in caches {
        // It stands in workflows, which have expressions in braces.
        if let Some(url) = cache.value.url.as_ref().filter(|url| url.value.contains(['{', '}'])) {
            found.push(
                Diagnostic::new(Code::BadUrl, url.span, "the URL of a cache has no braces".to_owned())
                    .help("write its address as `curl` takes it"),
            );
            continue;
        }
        one(&cache.value.url, found);
    }
}

fn one(url: &Field<String>, found: &mut Diagnostics) {
    found.extend(url.as_ref().and_then(|url| judge(url, &url.value)));
}

fn template(url: &Field<String>, found: &mut Diagnostics) {
    let expanded = |url: &str| {
        ["{version}", "{postgresql}", "{platform}"]
            .iter()
            .fold(url.to_owned(), |url, name| url.replace(name, "0"))
    };
    found.extend(url.as_ref().and_then(|url| judge(url, &expanded(&url.value))));
}

fn judge(place: &Spanned<String>, url: &str) -> Option<Diagnostic> {
    let finding = |message: &str| Diagnostic::new(Code::BadUrl, place.span, message.to_owned());
    let Some(rest) = url.strip_prefix("https://").or(url.strip_prefix("http://")) else {
        let finding = finding("not an http or https URL");
        return Some(match url.split_once("://").or(url.split_once(':')) {
            Some(("git" | "ssh" | "ftp" | "git+https", rest)) => {
                finding.help(format!("write https://{}", printable(rest)))
            }
            Some(("mirror", _)) => finding.help("name a mirror by its https address"),
            _ if url.starts_with("git@") => finding.help("write the https address of the repository"),
            _ => finding.help("an address begins with https://"),
        });
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(
            finding("the URL holds a user name or password, which would end up in the store")
                .help("use an address that needs none"),
        );
    }
    let host = authority.split(':').next().unwrap_or_default();
    let good_host = !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    let good_port = authority.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    if !good_host || !good_port {
        return Some(
            finding("the URL has no valid host").help("an address looks like https://example.org/file"),
        );
    }
    // RFC 3986's characters; everything else must be percent-encoded.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let wrong = rest.chars().find(|c| !allowed(*c))?;
    // Unknown placeholders are another rule's business.
    if matches!(wrong, '{' | '}') {
        return None;
    }
    Some(
        finding(&format!("a URL cannot contain `{}`", printable(&wrong.to_string())))
            .help("percent-encode it, for example %20 for a space"),
    )
}
