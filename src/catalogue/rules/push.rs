//! `push` of a cache says one place, and only with names and addresses: it stands in workflows and in store URLs.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, RawPush, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadPush =
        "push of [[caches]] says where workflows copy what they have built: exactly one of s3 (a bucket, with its \
         region), cachix, attic (with its server) and folder. Names and addresses have plain characters only, since \
         they become part of workflows and of store URLs. Keys and tokens do not stand here: they are secrets of \
         the service.",
        bad: r#"
            # flake.toml
            [[caches]]
            url = "https://cache.example.org"
            public-key = "a-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
            push = { }
        "#,
        says: "push does not say where to",
        fixed: r#"
            # flake.toml
            [[caches]]
            url = "https://cache.example.org"
            public-key = "a-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
            push = { cachix = "team" }
        "#;
};

const EXAMPLE: &str = "push = { s3 = \"BUCKET\", region = \"eu-central-1\" }, { cachix = \"NAME\" }, \
                       { attic = \"NAME\", server = \"https://…\" } or { folder = \"/var/cache/nix\" }";

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let caches = cx.raw.flake.iter().flat_map(|(_, flake)| &flake.caches).flat_map(|caches| &caches.value);
    for push in caches.filter_map(|cache| cache.value.push.as_ref()) {
        one(push, found);
    }
}

fn bad(place: &Spanned<impl Sized>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadPush, place.span, message.into())
}

fn one(push: &Spanned<RawPush>, found: &mut Diagnostics) {
    let raw = &push.value;
    let places = [("s3", &raw.s3), ("cachix", &raw.cachix), ("attic", &raw.attic), ("folder", &raw.folder)];
    let given: Vec<_> = places.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?))).collect();
    let (kind, name) = match given.as_slice() {
        [only] => *only,
        [] => return found.push(bad(push, "push does not say where to").help(EXAMPLE)),
        [first, second, ..] => {
            let message = format!("{} and {} are two places", first.0, second.0);
            return found
                .push(bad(second.1, message).help("name one; another place is another [[caches]] entry"));
        }
    };
    let with = [
        ("region", &raw.region, "s3"),
        ("endpoint", &raw.endpoint, "s3"),
        ("role", &raw.role, "s3"),
        ("server", &raw.server, "attic"),
    ];
    for (key, value, of) in with {
        if let Some(value) = value.as_ref().filter(|_| of != kind) {
            found.push(bad(value, format!("{key} goes with {of}, not with {kind}")).help("remove it"));
        }
    }
    if kind == "s3" && raw.region.is_none() {
        found.push(
            bad(push, "the bucket has no region").help("add region = \"eu-central-1\", or where it is"),
        );
    }
    if kind == "attic" && raw.server.is_none() {
        found.push(bad(push, "Attic's server is missing").help("add server = \"https://…\""));
    }
    let good = match kind {
        "folder" => {
            name.value.starts_with('/')
                && plain(&name.value, "/._-")
                && !name.value.split('/').any(|p| p == "..")
        }
        _ => plain(&name.value, "._-") && name.value.starts_with(|c: char| c.is_ascii_alphanumeric()),
    };
    if !good {
        let what = match kind {
            "s3" => "a bucket has letters, digits, `.` and `-`",
            "folder" => "a folder is an absolute path of letters, digits, `.`, `_`, `-` and `/`",
            _ => "a cache's name has letters, digits, `.`, `_` and `-`",
        };
        found.push(bad(name, format!("`{}` cannot be pushed to", printable(&name.value))).help(what));
    }
    field(&raw.region, |text| plain(text, "-"), "a region is called as eu-central-1", found);
    field(&raw.role, super::machine::is_role, "a role is called arn:aws:iam::ACCOUNT:role/NAME", found);
    for address in [&raw.endpoint, &raw.server] {
        field(
            address,
            is_address,
            "an address without user, path or query: https://HOST or https://HOST:PORT",
            found,
        );
    }
}

fn field(value: &Field<String>, good: impl Fn(&str) -> bool, help: &str, found: &mut Diagnostics) {
    if let Some(value) = value.as_ref().filter(|value| !good(&value.value)) {
        found.push(bad(value, format!("`{}` is not usable here", printable(&value.value))).help(help));
    }
}

fn plain(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or(text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        plain(host, ".-") && port.is_none_or(|port| port.parse::<u16>().is_ok())
    })
}
