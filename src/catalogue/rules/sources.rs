//! A source says exactly one place, and of a repository which tag or revision.

use super::text::is_hex;
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::index::{kind, versions};
use crate::catalogue::model::Kind;
use crate::catalogue::raw::{ExtensionFile, Field, RawFetched, RawSource, RawVersion, Spanned};
use crate::catalogue::source::{self, Problem};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadPlaceholder =
        "In tag, rev, url and changelog, {version} is replaced by the version. No other placeholder is known. Where \
         several versions share one template it must contain {version}, or all would be fetched from the same \
         place: one of them would carry another's source. A version whose tag follows no pattern has its own tag, \
         rev or url.",
        bad: r#"source = { github = "example/example", tag = "v{vresion}" }"#,
        says: "unknown placeholder `{vresion}`",
        fixed: r#"source = { github = "example/example", tag = "v{version}" }"#;
    BadRevision =
        "A tag is the name of a Git tag, with or without refs/tags/ in front. A rev is a whole commit (40 \
         hexadecimal digits) or a full reference (refs/…). A shortened commit is refused because it may become \
         ambiguous, and a bare name as rev because it may be a branch, which moves. One of the two is enough.",
        bad: r#"source = { github = "example/example", rev = "v1.0" }"#,
        says: "`v1.0` is neither a whole commit nor a full reference",
        fixed: r#"source = { github = "example/example", tag = "v{version}" }"#;
    BadSource =
        "A source is a table with exactly one of github (\"OWNER/REPO\"), url (a file) and git (a repository \
         elsewhere). With github and git, a tag or a rev says what is checked out, in the source for all versions \
         or in a version for itself; a url needs neither. Example: source = { github = \"pgvector/pgvector\", tag = \
         \"v{version}\" }. What nixpkgs has already is source = \"nixpkgs\".",
        bad: r#"source = { github = "example/example", url = "https://example.org/{version}.tar.gz" }"#,
        says: "the source has both github and url",
        fixed: r#"source = { github = "example/example", tag = "v{version}" }"#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.postgresqls {
        match &entry.value.source {
            Some(Spanned { value: RawSource::Fetched(source), span }) => {
                if fetched(source, *span, PLAIN, found)
                    && let Some(version) = &entry.value.version
                    && let Err(problem) = source::of(source, (&None, &None), &version.value)
                {
                    found.push(incomplete(problem, *span));
                }
            }
            Some(Spanned { value: RawSource::Nixpkgs, span }) => found.push(
                Diagnostic::new(Code::BadSource, *span, "a PostgreSQL without version is nixpkgs' own")
                    .help("remove source, version and hash"),
            ),
            None => {}
        }
    }
    for file in &cx.raw.extensions {
        extension(file, found);
    }
}

/// What may stand in braces everywhere.
const PLAIN: &[&str] = &["version"];

fn extension(file: &ExtensionFile, found: &mut Diagnostics) {
    let raw = &file.raw;
    let allowed = kind(raw).map_or(PLAIN, |kind| kind.placeholders());
    let (fetched_source, good, place) = match &raw.source {
        Some(Spanned { value: RawSource::Fetched(source), span }) => {
            (Some(&**source), fetched(source, *span, allowed, found), *span)
        }
        _ => (None, true, file.span),
    };
    template(&raw.changelog, PLAIN, found);
    for version in versions(raw) {
        let own = &version.value;
        revision(&own.tag, &own.rev, found);
        template(&own.url, allowed, found);
        if own.url.is_some()
            && let Some(other) = own.tag.as_ref().or(own.rev.as_ref())
        {
            found.push(incomplete(Problem::RevisionOfUrl, other.span));
        }
    }
    if kind(raw).is_some_and(Kind::is_package_sets)
        || matches!(raw.source, Some(Spanned { value: RawSource::Nixpkgs, .. }))
    {
        return;
    }
    if good && !raw.wrong.has("source") {
        // Without a source nothing of any version can be fetched: once is enough.
        let mut problems = versions(raw).filter_map(|version| {
            let problem = source::fetcher(fetched_source, &version.value).err()?;
            let wrong = &version.value.wrong;
            if wrong.has("tag") || wrong.has("rev") || wrong.has("url") {
                return None;
            }
            let own = version.value.tag.as_ref().or(version.value.rev.as_ref());
            let span = match (fetched_source, &problem, own) {
                (Some(_), Problem::RevisionOfUrl, Some(own)) => own.span,
                (Some(_), ..) => version.span,
                (None, ..) => place,
            };
            Some((problem, span))
        });
        if fetched_source.is_none() {
            found.extend(problems.next().map(|(problem, span)| incomplete(problem, span)));
        } else {
            found.extend(problems.map(|(problem, span)| incomplete(problem, span)));
        }
    }
    if let Some(source) = fetched_source {
        shared(source, raw.version.iter().flat_map(|list| &list.value), found);
    }
}

fn incomplete(problem: Problem, span: Span) -> Diagnostic {
    let finding = |message: &str| Diagnostic::new(Code::BadSource, span, message.to_owned());
    match problem {
        Problem::NoFetcher => finding("there is nowhere to fetch the source from").help(
            "add source = { github = \"OWNER/REPO\", tag = \"v{version}\" } or { url = \"https://…\" }",
        ),
        Problem::NoRevision => finding("neither a tag nor a revision says what to fetch")
            .help("add tag = \"v{version}\" to the source, or tag or rev to this version"),
        Problem::RevisionOfUrl => {
            finding("a tag or revision has no meaning for a source that is one file (url)")
                .help("use github or git, or remove tag and rev")
        }
    }
}

/// Checks one table by itself. Whether its fetcher is clear.
fn fetched(source: &RawFetched, span: Span, allowed: &[&str], found: &mut Diagnostics) -> bool {
    let places = [("github", &source.github), ("url", &source.url), ("git", &source.git)];
    let given: Vec<_> = places.iter().filter_map(|(key, field)| Some((*key, field.as_ref()?.span))).collect();
    if let [(first, _), (second, place), ..] = given.as_slice() {
        found.push(
            Diagnostic::new(Code::BadSource, *place, format!("the source has both {first} and {second}"))
                .help("keep one of github, url and git"),
        );
        return false;
    }
    if let (true, Some(submodules), Some(url)) = (given.len() == 1, &source.submodules, &source.url) {
        found.push(
            Diagnostic::new(Code::BadSource, submodules.span, "a source that is one file has no submodules")
                .also(url.span, "the file")
                .help("remove submodules, or use github or git"),
        );
    }
    revision(&source.tag, &source.rev, found);
    template(&source.url, allowed, found);
    if let Some(github) = &source.github {
        found.extend(repository(github));
    }
    if given.is_empty() {
        found.push(incomplete(Problem::NoFetcher, span));
    }
    !given.is_empty() && source.github.as_ref().is_none_or(|github| repository(github).is_none())
}

fn repository(github: &Spanned<String>) -> Option<Diagnostic> {
    let good = |text: &str| match text.split_once('/') {
        Some((owner, repo)) => [owner, repo].iter().all(|part| {
            !matches!(*part, "" | "." | "..")
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        }),
        None => false,
    };
    if good(&github.value) {
        return None;
    }
    let finding =
        Diagnostic::new(Code::BadSource, github.span, "github takes the form OWNER/REPO".to_owned());
    let path = github.value.trim_start_matches("https://").trim_start_matches("github.com/");
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    Some(if good(path) {
        finding.help(format!("write \"{path}\""))
    } else {
        finding.help("for example github = \"pgvector/pgvector\"")
    })
}

fn revision(tag: &Field<String>, rev: &Field<String>, found: &mut Diagnostics) {
    if let (Some(tag), Some(rev)) = (tag, rev) {
        found.push(
            Diagnostic::new(Code::BadRevision, rev.span, "there is both a tag and a revision")
                .also(tag.span, "the tag")
                .help("keep one of the two"),
        );
    }
    template(tag, PLAIN, found);
    template(rev, PLAIN, found);
    if let Some(tag) = tag
        && !is_reference(&tag.value.replace("{version}", "0"))
    {
        found.push(
            Diagnostic::new(
                Code::BadRevision,
                tag.span,
                format!("`{}` cannot be a tag's name", printable(&tag.value)),
            )
            .help("no spaces, quotes, `$` or ..; none of ~ ^ : ? * [ \\"),
        );
    }
    if let Some(rev) = rev {
        let text = rev.value.replace("{version}", "0");
        let full = text.starts_with("refs/") && is_reference(&text);
        if full || is_hex(&text, 40) || is_hex(&text, 64) {
            return;
        }
        let finding = Diagnostic::new(
            Code::BadRevision,
            rev.span,
            format!("`{}` is neither a whole commit nor a full reference", printable(&rev.value)),
        );
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        found.push(if hex && text.len() >= 7 {
            finding.help("give all 40 hexadecimal digits in lower case: a short commit may become ambiguous")
        } else if is_reference(&text) {
            finding.help(format!("for a tag write tag = \"{}\"", printable(&rev.value)))
        } else {
            finding.help("a commit has 40 hexadecimal digits; a full reference begins with refs/")
        });
    }
}

/// The rules of git-check-ref-format that a single name can break.
fn is_reference(name: &str) -> bool {
    !name.is_empty()
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && name.chars().all(|c| c.is_ascii_graphic() && !"~^:?*[\\\"'`$".contains(c))
}

/// Only what is allowed may stand in braces.
fn template(field: &Field<String>, allowed: &[&str], found: &mut Diagnostics) {
    let Some(field) = field else { return };
    let only = match allowed {
        [one] => format!("the only placeholder is {{{one}}}"),
        many => {
            let names: Vec<_> = many.iter().map(|name| format!("{{{name}}}")).collect();
            format!("placeholders are {}", names.join(", "))
        }
    };
    let mut rest = field.value.as_str();
    while let Some(open) = rest.find(['{', '}']) {
        let inside = &rest[open + 1..];
        let end = inside.find(['{', '}']).filter(|end| inside[*end..].starts_with('}'));
        let name = end.filter(|_| rest[open..].starts_with('{')).map(|end| &inside[..end]);
        match name {
            Some(name) if allowed.contains(&name) => {}
            Some(name) => {
                let mut finding = Diagnostic::new(
                    Code::BadPlaceholder,
                    field.span,
                    format!("unknown placeholder `{{{}}}`", printable(name)),
                );
                finding = match nearest(name, allowed.iter().copied()) {
                    Some(near) => finding.help(format!("did you mean `{{{near}}}`?")),
                    None => finding.help(only.clone()),
                };
                found.push(finding);
            }
            None => {
                found.push(
                    Diagnostic::new(Code::BadPlaceholder, field.span, "a brace without its partner")
                        .help(only),
                );
                return;
            }
        }
        rest = &inside[end.map_or(0, |end| end + 1)..];
    }
}

/// What several versions are fetched from must depend on the version.
fn shared<'a>(
    source: &RawFetched,
    versions: impl Iterator<Item = &'a Spanned<RawVersion>>,
    found: &mut Diagnostics,
) {
    let template = if source.url.is_some() {
        &source.url
    } else if source.tag.is_some() {
        &source.tag
    } else {
        &source.rev
    };
    let Some(template) = template else { return };
    if template.value.contains("{version}") || source.git.iter().any(|git| git.value.contains("{version}")) {
        return;
    }
    let own = |version: &RawVersion| version.tag.is_some() || version.rev.is_some() || version.url.is_some();
    let sharing = versions.filter(|version| !own(&version.value)).count();
    if sharing > 1 {
        found.push(
            Diagnostic::new(
                Code::BadPlaceholder,
                template.span,
                format!("{sharing} versions would be fetched from the same place"),
            )
            .help("write {version} where the version stands, or give versions their own tag, rev or url"),
        );
    }
}
