//! A pinned default is a version of the extension, and fits where it is pinned.

use super::postgresql_specs::unknown;
use super::text::listed;
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::raw::{Default as RawDefault, ExtensionFile, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadDefault =
        "default pins which version psql_NAME/bin contains, for all PostgreSQLs or for some (default = { \"15\" = \
         \"0.7.4\" }). It must be one of the extension's versions, not one marked broken, and where it is pinned \
         for one PostgreSQL it must be for that one. Without a pin, the newest stable version that fits is taken.",
        bad: r#"default = "0.7""#,
        says: "example has no version 0.7",
        fixed: r#"default = "1.0""#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (at, file, _) in cx.extensions() {
        let Some(default) = &file.raw.default else { continue };
        match &default.value {
            RawDefault::All(version) => {
                found.extend(judge(cx, at, file, version, default.span, None));
            }
            RawDefault::ByPostgresql(map) => {
                for (key, version) in &map.0 {
                    let postgresql = cx.index.postgresql(&key.value);
                    if postgresql.is_none() {
                        if cx.raw.complete.postgresqls && !cx.index.postgresqls.is_empty() {
                            let known = cx.index.postgresqls.iter().map(|postgresql| postgresql.name);
                            found.push(unknown(key, &key.value, known));
                        }
                        continue;
                    }
                    found.extend(judge(cx, at, file, &version.value, version.span, postgresql));
                }
            }
        }
    }
}

fn judge(
    cx: &Context<'_>,
    at: usize,
    file: &ExtensionFile,
    version: &str,
    span: Span,
    postgresql: Option<usize>,
) -> Option<Diagnostic> {
    let names = || versions(&file.raw).filter_map(|version| version.value.version.as_ref());
    let called = |name: &Option<Spanned<String>>| name.as_ref().is_some_and(|name| name.value == version);
    let takes = |position: usize| cx.index.takes.get(at).and_then(|takes| takes.get(position));
    let here =
        |position: usize| postgresql.is_some_and(|p| takes(position).is_some_and(|takes| takes.contains(&p)));
    // One version may be there several times, each for other PostgreSQLs.
    let mut positions =
        versions(&file.raw).enumerate().filter(|(_, raw)| called(&raw.value.version)).map(|(at, _)| at);
    let first = positions.next();
    let position = first.filter(|first| here(*first)).or_else(|| positions.find(|at| here(*at))).or(first);
    let shown = printable(version);
    let Some(position) = position else {
        let finding =
            Diagnostic::new(Code::BadDefault, span, format!("{} has no version {shown}", file.name));
        let near = nearest(version, names().map(|name| name.value.as_str()));
        return Some(match near {
            Some(near) => finding.help(format!("did you mean \"{near}\"?")),
            None => finding.help(format!("it has {}", listed(names().map(|name| name.value.as_str())))),
        });
    };
    let raw = versions(&file.raw).nth(position)?;
    if let Some(broken) = &raw.value.broken {
        return Some(
            Diagnostic::new(Code::BadDefault, span, format!("version {shown} is marked broken"))
                .also(broken.span, "here")
                .help("choose another default, or remove it"),
        );
    }
    let postgresql = postgresql?;
    if takes(position)?.contains(&postgresql) {
        return None;
    }
    let name = cx.index.postgresqls[postgresql].name;
    let fitting = versions(&file.raw)
        .zip(&cx.index.takes[at])
        .filter(|(_, takes)| takes.contains(&postgresql))
        .filter_map(|(version, _)| Some(version.value.version.as_ref()?.value.as_str()));
    let fitting = listed(fitting);
    let finding =
        Diagnostic::new(Code::BadDefault, span, format!("version {shown} is not for PostgreSQL {name}"));
    let place = raw.value.postgresql.as_ref().map_or(raw.span, |list| list.span);
    let finding = finding.also(place, "it is for these");
    Some(if fitting.is_empty() {
        finding.help(format!("no version is for PostgreSQL {name}: remove it here"))
    } else {
        finding.help(format!("for PostgreSQL {name} there is {fitting}"))
    })
}
