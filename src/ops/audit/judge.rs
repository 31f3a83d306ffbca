//! What of the vulnerabilities that there are is to be said: not what is put up with, but what was for too long.

use super::{Hit, Request, place_of_server};
use crate::accounts::audit::Vulnerability;
use crate::catalogue::model::{Catalogue, Ignore};
use crate::catalogue::places;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span, foreign};
use crate::layout;
use crate::rule::{Finder, finder};
use crate::store::dates;

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    Vulnerable =
        "A database of vulnerabilities, or PostgreSQL's own advisories, say that this version has one. The help \
         line says which version mends it: `pgflakegen bump NAME`. Whether it can be used against you depends on \
         what you do; if it cannot, [[policy.ignore]] in flake.toml says so with a reason and the last day on which \
         that holds.";
    IgnoreExpired =
        "An entry of [[policy.ignore]] in flake.toml holds up to and with the day of its `until`. That day is over, \
         and the vulnerability is still there: mend it, or look again whether the reason still holds and set \
         another day.";
    IgnoreUseless =
        "An entry of [[policy.ignore]] in flake.toml names a vulnerability that nothing in the catalogue has, or \
         has any more. Delete it, so that it does not hide a later one.";
    OldDatabase =
        "The newest record in the folder is older than thirty days, so what was found since then is not in it. \
         Fetch it anew from where it is from.";
};

/// Days after which a database is old.
const OLD: i64 = 30;

/// What is ignored, whose time is over, what there is.
pub(super) fn judge(
    catalogue: &Catalogue,
    request: &Request<'_>,
    hits: &mut Vec<Hit>,
    sources: &SourceMap,
    found: &mut Diagnostics,
) {
    let date = request.date;
    // The same under several names, as an advisory of GitHub and one of RustSec, is one.
    let mut seen: Vec<(String, String, Option<String>, Vulnerability)> = Vec::new();
    hits.retain(|hit| {
        let same = seen.iter().any(|(of, version, part, known)| {
            *of == hit.of
                && *version == hit.version
                && *part == hit.part
                && (known.is(&hit.vulnerability.id) || hit.vulnerability.is(&known.id))
        });
        if !same {
            seen.push((hit.of.clone(), hit.version.clone(), hit.part.clone(), hit.vulnerability.clone()));
        }
        !same
    });
    let mut used = vec![false; catalogue.flake.policy.ignore.len()];
    for hit in hits.iter_mut() {
        let means = |ignore: &Ignore| {
            let name = hit.of.split(' ').next().unwrap_or_default();
            hit.vulnerability.is(&ignore.id) && ignore.of.as_deref().is_none_or(|of| of == name)
        };
        for (at, ignore) in
            catalogue.flake.policy.ignore.iter().enumerate().filter(|(_, ignore)| means(ignore))
        {
            used[at] = true;
            // Days as text are in the order of days.
            if ignore.until.as_str() >= date {
                hit.ignored = Some(format!("{} (until {})", ignore.reason, ignore.until));
            }
        }
    }
    for (at, ignore) in catalogue.flake.policy.ignore.iter().enumerate() {
        let place = place_of_ignore(sources, at);
        let finding = |code: Code, message: String| match place {
            Some(span) => Diagnostic::new(code, span, message),
            None => Diagnostic::global(code, message),
        };
        // Who was not asked may know it.
        if !used[at] && request.own_only {
            continue;
        }
        if !used[at] {
            let message = format!("nothing has {}", foreign::line(&ignore.id));
            found.push(finding(Code::IgnoreUseless, message).help("delete the entry"));
        } else if ignore.until.as_str() < date {
            let message = format!(
                "{} was to be ignored until {}, and is still there",
                foreign::line(&ignore.id),
                ignore.until
            );
            let help = format!("the reason was: {}", foreign::line(&ignore.reason));
            found.push(finding(Code::IgnoreExpired, message).help(help));
        }
    }
    for hit in hits.iter().filter(|hit| hit.ignored.is_none()) {
        found.push(finding(hit, catalogue, sources));
    }
}

fn finding(hit: &Hit, catalogue: &Catalogue, sources: &SourceMap) -> Diagnostic {
    let Vulnerability { id, summary, score, fixed, address, .. } = &hit.vulnerability;
    let (name, of_server) = match hit.of.strip_prefix("postgresql ") {
        Some(name) => (format!("PostgreSQL {}", hit.version), Some(name)),
        None => (format!("{} {}", hit.of, hit.version), None),
    };
    let part = hit.part.as_ref().map_or_else(String::new, |part| format!(" (its crate {part})"));
    let severity = match (score, hit.vulnerability.severity()) {
        (Some(score), Some(severity)) => format!(", {severity} ({score:.1})"),
        _ => String::new(),
    };
    let what = summary.as_ref().map_or_else(String::new, |text| format!(": {}", foreign::line(text)));
    let message = format!("{}{part} has {id}{severity}{what}", foreign::line(&name));
    let span = match of_server {
        Some(server) => catalogue.postgresql(server).and_then(|server| place_of_server(server, sources)),
        None => place_of_version(hit, sources),
    };
    let finding = match span {
        Some(span) => Diagnostic::new(Code::Vulnerable, span, message),
        None => Diagnostic::global(Code::Vulnerable, message),
    };
    let finding = match fixed.as_slice() {
        [] => finding.help("no version is known that mends it"),
        fixed => finding.help(format!("mended in {}", foreign::line(&fixed.join(", ")))),
    };
    finding.help(address.clone())
}

fn file_of(hit: &Hit, sources: &SourceMap) -> Option<SourceId> {
    sources.find(&layout::in_catalogue(layout::extension_toml(&hit.of)))
}

/// The line of a version of an extension.
fn place_of_version(hit: &Hit, sources: &SourceMap) -> Option<Span> {
    let source = file_of(hit, sources)?;
    let range = places::version(sources.text(source), &hit.version)?;
    Some(Span::new(source, range))
}

fn place_of_ignore(sources: &SourceMap, number: usize) -> Option<Span> {
    let source = sources.find(&layout::in_catalogue(layout::FLAKE_TOML))?;
    let mut at = 0;
    let range = places::element(
        sources.text(source),
        &["policy", "ignore"],
        |_| {
            at += 1;
            at == number + 1
        },
        &["id"],
    )?;
    Some(Span::new(source, range))
}

/// Says that the newest record is too far from the day.
pub(super) fn old(state: &str, date: &str, found: &mut Diagnostics) {
    let day = |text: &str| -> Option<i64> {
        let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
        Some(dates::days(parts.next()??, parts.next()??, parts.next()??))
    };
    if let Some(age) = day(date).zip(day(state)).map(|(now, then)| now - then)
        && age > OLD
    {
        let message = format!("the newest record is of {state}, {age} days before {date}");
        found.push(Diagnostic::global(Code::OldDatabase, message).help("fetch the records anew"));
    }
}
