//! What `bump` is told of an extension: where versions come from, what tags look like, what is kept.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::model::Kind;
use crate::catalogue::pattern::Pattern;
use crate::catalogue::raw::{ExtensionFile, RawFetched, Spanned};
use crate::catalogue::source;
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::rule::rule;

/// The places that versions come from; the second says what may follow a colon.
const PLACES: [(&str, Option<&str>); 6] = [
    ("tags", Some("the address of a repository")),
    ("releases", None),
    ("pgxn", Some("the name of a distribution")),
    ("crates", Some("the name of a crate")),
    ("branch", Some("the name of a branch")),
    ("none", None),
];

pub(super) const RULE: Rule = rule! { Catalogue, check; InvalidValue; WrongKindKey; };

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (_, file, kind) in cx.extensions() {
        let raw = &file.raw;
        if kind.is_some_and(Kind::is_package_sets) {
            let keys = [
                ("keep", raw.keep.as_ref().map(|field| field.span)),
                ("ignore", raw.ignore.as_ref().map(|field| field.span)),
                ("versions-from", raw.versions_from.as_ref().map(|field| field.span)),
                ("tags", raw.tags.as_ref().map(|field| field.span)),
                ("track", raw.track.as_ref().map(|field| field.span)),
            ];
            for (key, span) in keys {
                found.extend(span.map(|span| without_effect(key, "an extension of kind \"nixpkgs\"", span)));
            }
            continue;
        }
        if let Some(keep) = raw.keep.as_ref().filter(|keep| keep.value < 1) {
            found.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    keep.span,
                    format!("{} is no number of versions to keep", keep.value),
                )
                .help("write 1 or more, or remove it to keep all"),
            );
        }
        if let Some(track) = raw.track.as_ref().filter(|track| !["newest", "major"].contains(&&*track.value))
        {
            let known = "write \"newest\", or \"major\" to stay with versions of the same first number";
            found.push(bad(track, "{} is nothing that versions can be tracked by", known));
        }
        for ignored in raw.ignore.iter().flat_map(|list| &list.value) {
            found.extend(judge_ignored(file, ignored));
        }
        for tag in raw.tags.iter().flat_map(|list| &list.value) {
            if let Err(error) = Pattern::parse(&tag.value) {
                let help =
                    "for example \"v{version}\", \"PG{postgresql}/v{version}-rc0\", \"ver_{version_}\"";
                let message = format!("{{}} is no pattern of tags: {}", error.why());
                found.push(bad(tag, &message, help));
            }
        }
        if let Some(from) = &raw.versions_from {
            place(file, from, found);
        }
    }
}

fn bad(place: &Spanned<String>, message: &str, help: &str) -> Diagnostic {
    let message = message.replace("{}", &format!("`{}`", printable(&place.value)));
    Diagnostic::new(Code::InvalidValue, place.span, message).help(help)
}

fn without_effect(key: &str, on: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongKindKey, span, format!("`{key}` has no effect on {on}")).help("remove it")
}

/// A version, or a pattern of versions; and not one that would pass over everything.
fn judge_ignored(file: &ExtensionFile, ignored: &Spanned<String>) -> Option<Diagnostic> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+~*".contains(c);
    if ignored.value.is_empty() || !ignored.value.chars().all(plain) {
        return Some(bad(ignored, "{} is no version", "for example \"2.0.0\" or \"3.*\""));
    }
    if ignored.value.chars().all(|c| c == '*') {
        let help = "to look for no versions at all, write versions-from = \"none\"";
        return Some(bad(ignored, "{} passes over every version", help));
    }
    // `v2.0.0` is what the tag is called.
    let digits =
        ignored.value.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let own = |name: &str| {
        versions(&file.raw).any(|version| {
            version.value.version.as_ref().is_some_and(|version| version.value.starts_with(name))
        })
    };
    digits
        .filter(|_| !own("v"))
        .map(|digits| bad(ignored, "{} is a tag, not a version", &format!("write \"{}\"", printable(digits))))
}

fn place(file: &ExtensionFile, from: &Spanned<String>, found: &mut Diagnostics) {
    let (what, name) = match from.value.split_once(':') {
        Some((what, name)) => (what, Some(name)),
        None => (from.value.as_str(), None),
    };
    let Some((what, after)) = PLACES.into_iter().find(|(known, _)| *known == what) else {
        let message = "versions do not come from {}";
        let known: Vec<&str> = PLACES.iter().map(|(known, _)| *known).collect();
        found.push(match nearest(what, known.iter().copied()) {
            Some(near) => bad(from, message, &format!("did you mean \"{near}\"?")),
            None => bad(from, message, &format!("known are {}", known.join(", "))),
        });
        return;
    };
    match (name, after) {
        (Some(_), None) => {
            let message = "nothing can follow the colon in {}";
            found.push(bad(from, message, &format!("write \"{what}\"")));
        }
        (Some(name), Some(after)) if !fits(what, name) => {
            let example = match what {
                "tags" => "tags:https://example.org/repository.git",
                "branch" => "branch:main",
                "crates" => "crates:pgrx",
                _ => "pgxn:pgtap",
            };
            let message = format!("what follows the colon in {{}} is not {after}");
            found.push(bad(from, &message, &format!("for example \"{example}\"")));
        }
        _ => {}
    }
    let Some(fetched) = source::fetched(&file.raw.source) else { return };
    match what {
        "releases" if fetched.github.is_none() && is_known(fetched) => {
            let help = "tags:URL reads the tags of any repository, pgxn:NAME what PGXN has";
            found.push(bad(from, "only a github source has {}", help));
        }
        "tags" | "branch" if name.is_none_or(|_| what == "branch") && fetched.url.is_some() => {
            let help = "tags:URL reads the tags of another repository, pgxn:NAME what PGXN has";
            found.push(bad(from, "the source is no repository, so it has no {}", help));
        }
        _ => {}
    }
    if let (Some(tags), "pgxn" | "crates" | "branch" | "none") = (&file.raw.tags, what) {
        let on = format!("versions from {what}, which have no tags");
        found.push(without_effect("tags", &on, tags.span).also(from.span, "they come from there"));
    }
}

/// A source without any of them is reported as such.
fn is_known(fetched: &RawFetched) -> bool {
    fetched.url.is_some() || fetched.git.is_some()
}

fn fits(what: &str, name: &str) -> bool {
    let plain = |more: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    !name.is_empty()
        && match what {
            "tags" => {
                let known = ["https", "http", "ssh", "git", "file"];
                let scheme = name.split_once("://").filter(|(_, rest)| !rest.is_empty());
                scheme.is_some_and(|(scheme, _)| known.contains(&scheme))
                    && !name.chars().any(|c| c.is_whitespace() || c.is_control())
            }
            "branch" => plain("-_./+") && !name.starts_with(['-', '/', '+']) && !name.contains(".."),
            _ => plain("-_"),
        }
}
