//! `repositories` of `[image]` are names as registries have them: they stand in workflows, and tags come behind them.

use std::collections::BTreeSet;

use super::{Context, Rule, each};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::Spanned;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::nix::eval::parse_size;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    InvalidValue;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some(image) = cx.raw.flake.iter().find_map(|(_, flake)| flake.image.as_ref()) else { return };
    let mut seen = BTreeSet::new();
    for repository in each(&image.value.repositories) {
        found.extend(judge(repository));
        if !seen.insert(&repository.value) {
            found.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    repository.span,
                    "this repository stands here twice".to_owned(),
                )
                .help("remove one of the two"),
            );
        }
    }
    if let Some(limit) = &image.value.size_limit
        && let Err(error) = parse_size(&limit.value)
    {
        let message = format!("`{}` is no size", printable(&limit.value));
        found.push(Diagnostic::new(Code::InvalidValue, limit.span, message).help(error));
    }
    if let Some(vendor) = image
        .value
        .vendor
        .as_ref()
        .filter(|vendor| vendor.value.trim().is_empty() || vendor.value.chars().any(char::is_control))
    {
        found.push(
            Diagnostic::new(Code::InvalidValue, vendor.span, "a vendor is a name on one line".to_owned())
                .help("vendor = \"Example Ltd\", or leave it out"),
        );
    }
}

/// `HOST[:PORT]/PATH`, the path in lower case.
fn judge(repository: &Spanned<String>) -> Option<Diagnostic> {
    let text = repository.value.as_str();
    let finding = |message: String, help: String| {
        Some(Diagnostic::new(Code::InvalidValue, repository.span, message).help(help))
    };
    let shown = printable(text);
    if let Some((_, rest)) = text.split_once("://") {
        return finding(format!("`{shown}` has a scheme"), format!("write {}", printable(rest)));
    }
    let (host, path) = text.split_once('/').unwrap_or(("", text));
    if !host.contains(['.', ':']) {
        let hub = if text.contains('/') { text.to_owned() } else { format!("OWNER/{text}") };
        return finding(
            format!("`{shown}` does not say which registry"),
            format!("write docker.io/{}", printable(&hub)),
        );
    }
    if path.contains([':', '@']) {
        return finding(
            format!("`{shown}` has a tag or digest"),
            format!(
                "write {}: the tags follow from version and commit",
                printable(
                    text.split(['@']).next().and_then(|t| t.rsplit_once(':')).map_or(text, |(name, _)| name)
                )
            ),
        );
    }
    let plain = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || more.as_bytes().contains(&b))
    };
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    // A part begins and ends with a letter or digit.
    let part = |part: &str| {
        plain(part, "._-") && !part.starts_with(['.', '_', '-']) && !part.ends_with(['.', '_', '-'])
    };
    if plain(name, ".-") && port.is_none_or(|port| port.parse::<u16>().is_ok()) && path.split('/').all(part) {
        return None;
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return finding(
            format!("`{shown}` has capitals, which no repository of a registry has"),
            format!("write {}", printable(&text.to_ascii_lowercase())),
        );
    }
    finding(
        format!("`{shown}` is no repository of a registry"),
        "HOST/PATH: \"ghcr.io/owner/postgresql\"".to_owned(),
    )
}
