//! Every name and every attribute stands for one thing, on file systems without case too.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::raw::Spanned;
use crate::catalogue::resolve::attr;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    DuplicateName =
        "Two PostgreSQLs, two extensions, two versions of one extension, or two attributes have the same name. One \
         would hide the other. Names that differ only in case count as the same, since on macOS and Windows their \
         files would be. Attributes can collide though the versions differ: 1.2_3 and 1.2.3 would both be \
         NAME-1_2_3. Rename one of the two. Only a version may be there several times, each with a source of its \
         own, for PostgreSQLs of different majors.",
        bad: r#"
            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="

            [[version]]
            version = "1.0"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#,
        says: "there are two versions called `1.0`",
        fixed: r#"
            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="

            [[version]]
            version = "1.1"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let postgresqls = cx.raw.postgresqls.iter().map(|entry| &entry.value.name);
    unique("PostgreSQL", postgresqls.flatten(), "give one of them another name", found);
    let cargo_pgrx = cx.raw.cargo_pgrx.iter().map(|entry| &entry.value.version);
    unique("cargo-pgrx version", cargo_pgrx.flatten(), "remove one of the two", found);
    for (at, file) in cx.raw.extensions.iter().enumerate() {
        let help = "remove one of the two, or give one another version or PostgreSQLs of other majors";
        let takes = cx.index.takes.get(at).map_or(&[][..], Vec::as_slice);
        let majors = |version: usize| -> BTreeSet<u32> {
            let taken = takes.get(version).into_iter().flatten();
            taken.filter_map(|p| cx.index.postgresqls.get(*p)).map(|p| p.major).collect()
        };
        // PostgreSQLs of different majors may have different sources of one version, as Apache AGE has them.
        let mut apart: HashMap<&str, BTreeSet<u32>> = HashMap::new();
        let names = versions(&file.raw).enumerate().map(|(index, version)| {
            let name = version.value.version.as_ref()?;
            let own = majors(index);
            let Some(theirs) = apart.get_mut(name.value.as_str()) else {
                apart.insert(&name.value, own);
                return Some(name);
            };
            let fine = theirs.is_disjoint(&own) && !own.is_empty();
            theirs.extend(own);
            (!fine).then_some(name)
        });
        unique("version", names.flatten(), help, found);
    }
    attributes(cx, found);
}

fn unique<'a>(
    what: &str,
    names: impl Iterator<Item = &'a Spanned<String>>,
    help: &str,
    found: &mut Diagnostics,
) {
    let mut seen: HashMap<String, (&str, Span)> = HashMap::new();
    for name in names {
        let Some((first, place)) = seen.get(&name.value.to_lowercase()) else {
            seen.insert(name.value.to_lowercase(), (&name.value, name.span));
            continue;
        };
        let (message, help) = if *first == name.value {
            (format!("there are two {what}s called `{}`", printable(first)), help)
        } else {
            let message =
                format!("`{}` and `{}` differ only in case", printable(&name.value), printable(first));
            (message, "remove one of the two, or give one another name")
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
