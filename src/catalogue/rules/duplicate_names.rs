//! Every name and every attribute stands for one thing, on file systems without case too.

use std::collections::{HashMap, HashSet};

use super::Context;
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::raw::Field;
use crate::catalogue::resolve::attr;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};

pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let postgresqls = cx.raw.postgresqls.iter().map(|entry| &entry.value.name);
    unique("PostgreSQL", postgresqls, "give one of them another name", found);
    let cargo_pgrx = cx.raw.cargo_pgrx.iter().map(|entry| &entry.value.version);
    unique("cargo-pgrx version", cargo_pgrx, "remove one of the two", found);
    for file in &cx.raw.extensions {
        let help = "remove one of the two, or give one another version";
        unique("version", versions(&file.raw).map(|version| &version.value.version), help, found);
    }
    attributes(cx, found);
}

fn unique<'a>(
    what: &str,
    names: impl Iterator<Item = &'a Field<String>>,
    help: &str,
    found: &mut Diagnostics,
) {
    let mut seen: HashMap<String, (&str, Span)> = HashMap::new();
    for name in names.flatten() {
        let Some((first, place)) = seen.get(&name.value.to_lowercase()) else {
            seen.insert(name.value.to_lowercase(), (&name.value, name.span));
            continue;
        };
        let message = if *first == name.value {
            format!("there are two {what}s called `{}`", printable(first))
        } else {
            format!("`{}` and `{}` differ only in case", printable(&name.value), printable(first))
        };
        found.push(
            Diagnostic::new(Code::DuplicateName, name.span, message).also(*place, "the first one").help(help),
        );
    }
}

/// `exts/NAME` and `exts/NAME-VERSION` share one set of attributes.
fn attributes(cx: &Context<'_>, found: &mut Diagnostics) {
    struct Place<'a> {
        what: String,
        span: Span,
        of: &'a str,
    }
    let mut seen: HashMap<String, Place<'_>> = HashMap::new();
    let mut versions_seen: HashSet<(&str, String)> = HashSet::new();
    for file in &cx.raw.extensions {
        let own = (file.name.clone(), file.span, None);
        let of_versions = versions(&file.raw).filter_map(|version| {
            let version = version.value.version.as_ref()?;
            Some((attr(&file.name, &version.value), version.span, Some(version.value.as_str())))
        });
        for (attribute, span, version) in std::iter::once(own).chain(of_versions) {
            let what = match version {
                Some(version) => format!("{} {}", file.name, printable(version)),
                None => format!("the extension {}", file.name),
            };
            let place = Place { what, span, of: &file.name };
            let Some(first) = seen.get(&attribute.to_lowercase()) else {
                if let Some(version) = version {
                    versions_seen.insert((&file.name, version.to_lowercase()));
                }
                seen.insert(attribute.to_lowercase(), place);
                continue;
            };
            // One version given twice was said above.
            if let Some(version) = version
                && !versions_seen.insert((place.of, version.to_lowercase()))
            {
                continue;
            }
            found.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    span,
                    format!(
                        "{} and {} would have the same attribute exts/{attribute}",
                        place.what, first.what
                    ),
                )
                .also(first.span, "the first one")
                .help("rename one: in attributes `.`, `+` and `~` become `_`, and case must not matter"),
            );
        }
    }
}
