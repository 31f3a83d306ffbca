//! `prebuilt`: what upstream built, a file for each system and each major version of PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use super::{Builder, Key, KindSpec, Parameter, Place, Recipe, Type};
use crate::catalogue::decode::printable;
use crate::catalogue::expression::Nix;
use crate::catalogue::index::versions;
use crate::catalogue::model::{Build, Fetcher, File, Source};
use crate::catalogue::names::System;
use crate::catalogue::raw::{ExtensionFile, RawExtension, RawVersion, Spanned};
use crate::catalogue::rules::Context;
use crate::catalogue::rules::systems;
use crate::catalogue::source;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};

pub struct Prebuilt;

impl KindSpec for Prebuilt {
    fn name(&self) -> &'static str {
        "prebuilt"
    }

    fn describe(&self) -> &'static str {
        "what upstream built: a file for each system and PostgreSQL"
    }

    fn also_called(&self) -> &'static [&'static str] {
        &["binary", "bin", "deb"]
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-prebuilt.nix"),
            arguments: "{ }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        matches!(key, "default" | "version" | "build-inputs" | "native-build-inputs") || self.brings(key)
    }

    fn keys(&self) -> &'static [Key] {
        &[
            Key {
                name: "platforms",
                place: Place::Extension,
                of: Type::WordsBySystem,
                about: "What upstream calls a system: replaces `{platform}` in the source's URL. Default: the system. \
                        Kind prebuilt only.",
            },
            Key {
                name: "hashes",
                place: Place::Version,
                of: Type::HashesBySystem,
                about: "SRI hash of the file for each system and, within it, each major version of PostgreSQL. Kind \
                        prebuilt only.",
            },
        ]
    }

    fn has_files(&self) -> bool {
        true
    }

    fn placeholders(&self) -> &'static [&'static str] {
        &["version", "postgresql", "platform"]
    }

    fn check(&self, cx: &Context<'_>, file: &ExtensionFile, found: &mut Diagnostics) {
        if let Some(source) = source::fetched(&file.raw.source)
            && let Some(repository) = source.github.as_ref().or(source.git.as_ref())
        {
            found.push(
                Diagnostic::new(Code::BadSource, repository.span, "what upstream built is a file, not a repository")
                    .help("write source = { url = \"https://…/v{version}/…-pg{postgresql}-{platform}.tar.gz\" }"),
            );
        }
        let at = cx.raw.extensions.iter().position(|other| std::ptr::eq(other, file));
        let takes = at.and_then(|at| cx.index.takes.get(at));
        let mut seen: BTreeMap<&str, (Span, String)> = BTreeMap::new();
        for (number, version) in versions(&file.raw).enumerate() {
            let raw = &version.value;
            systems::check_names(raw.own.systems(), found);
            for (_, major, _) in raw.own.hashes_under("hashes") {
                if major.value.is_empty() || !major.value.bytes().all(|b| b.is_ascii_digit()) {
                    let message = format!("`{}` is no major version of PostgreSQL", printable(&major.value));
                    let help = "for example hashes.x86_64-linux = { \"17\" = \"sha256-…\" }";
                    found.push(Diagnostic::new(Code::InvalidValue, major.span, message).help(help));
                }
            }
            if raw.own.hashes_under("hashes").next().is_none() {
                if !raw.wrong.has("hashes") {
                    found.push(
                        Diagnostic::new(Code::MissingKey, version.span, "the version has no `hashes`")
                            .help("add hashes.x86_64-linux = { \"17\" = \"sha256-…\" }"),
                    );
                }
                continue;
            }
            for (file_at, hash) in places(&file.raw, raw) {
                let Fetcher::Url { url } = file_at.source.fetcher else { continue };
                match seen.get(hash.value.as_str()) {
                    Some((first, other)) if *other != url => found.push(
                        Diagnostic::new(Code::SameHash, hash.span, format!("{url} has the hash of {other}"))
                            .also(*first, "which has it here")
                            .help(format!("one of the two was copied: pgflakegen prefetch {url}")),
                    ),
                    Some(_) => {}
                    None => drop(seen.insert(&hash.value, (hash.span, url))),
                }
            }
            let taken = takes.and_then(|takes| takes.get(number)).into_iter().flatten();
            let majors: BTreeSet<u32> = taken.map(|at| cx.index.postgresqls[*at].major).collect();
            if raw.broken.is_none() && file.raw.broken.is_none() {
                found.extend(lacking(cx, file, version, &majors));
            }
        }
        systems::check_names(file.raw.own.systems(), found);
    }

    fn resolve(&self, extension: &RawExtension, version: &RawVersion, build: &mut Build) -> Option<()> {
        build.files = places(extension, version).into_iter().map(|(file, _)| file).collect();
        (!build.files.is_empty()).then_some(())
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter { attribute: ("files", |build| Some(files(build))), optional: false }]
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        Some(&["dontBuild", "dontConfigure", "dontStrip", "installPhase", "sourceRoot", "strictDeps"])
    }
}

/// Each file of a version, and where its hash stands.
fn places<'a>(extension: &RawExtension, version: &'a RawVersion) -> Vec<(File, &'a Spanned<String>)> {
    let template = version.url.as_ref().or_else(|| source::fetched(&extension.source)?.url.as_ref());
    let (Some(template), Some(number)) = (template, &version.version) else { return Vec::new() };
    let file = |(system, major, hash): (&Spanned<String>, &Spanned<String>, &'a Spanned<String>)| {
        let platform = extension.own.word("platforms", &system.value).unwrap_or(&system.value);
        let url = source::expand(&template.value, &number.value)
            .replace("{postgresql}", &major.value)
            .replace("{platform}", platform);
        let source = Source { fetcher: Fetcher::Url { url }, hash: hash.value.clone() };
        Some((File { system: System::new(&system.value), major: major.value.parse().ok()?, source }, hash))
    };
    version.own.hashes_under("hashes").filter_map(file).collect()
}

/// For which systems and PostgreSQLs, of those that a version is for, there is no file.
fn lacking(
    cx: &Context<'_>,
    file: &ExtensionFile,
    version: &Spanned<RawVersion>,
    majors: &BTreeSet<u32>,
) -> Option<Diagnostic> {
    let excluded: Vec<&str> = systems::named(&file.raw.exclude_systems).collect();
    let (_, flake) = cx.raw.flake.as_ref()?;
    let has = |system: &str, major: u32| {
        let mut all = version.value.own.hashes_under("hashes");
        all.any(|(known, own, _)| known.value == system && own.value == major.to_string())
    };
    let mut lacking = Vec::new();
    let mut whole = Vec::new();
    for system in systems::named(&flake.systems).filter(|system| !excluded.contains(system)) {
        let without: Vec<String> =
            majors.iter().filter(|major| !has(system, **major)).map(u32::to_string).collect();
        if without.is_empty() {
            continue;
        }
        if without.len() == majors.len() {
            whole.push(format!("\"{system}\""));
            lacking.push(system.to_owned());
        } else {
            lacking.push(format!("{system} with PostgreSQL {}", without.join(", ")));
        }
    }
    if lacking.is_empty() {
        return None;
    }
    let number = version.value.version.as_ref().map_or("", |number| number.value.as_str());
    let message = format!("{} {} has no file for {}", file.name, printable(number), lacking.join("; "));
    let finding = Diagnostic::new(Code::NoFile, version.span, message);
    Some(match whole.is_empty() {
        true => finding.help("add the hashes, or take the PostgreSQLs out of its list"),
        false => finding.help(format!("add the hashes, or exclude-systems = [{}]", whole.join(", "))),
    })
}

/// `{ SYSTEM = { "MAJOR" = { url = …; hash = …; }; }; }`
fn files(build: &Build) -> Nix {
    let mut systems: BTreeMap<&str, Vec<(String, Nix)>> = BTreeMap::new();
    for File { system, major, source } in &build.files {
        let Fetcher::Url { url } = &source.fetcher else { continue };
        let arguments =
            vec![("url".to_owned(), Nix::string(url)), ("hash".to_owned(), Nix::string(&source.hash))];
        systems.entry(system).or_default().push((major.to_string(), Nix::Attrs(arguments)));
    }
    Nix::Attrs(systems.into_iter().map(|(system, majors)| (system.to_owned(), Nix::Attrs(majors))).collect())
}
