//! What refers to what, found once for all rules and for `resolve`: PostgreSQLs by
//! name, which versions each takes, who provides which SQL name.
//!
//! Works on a catalogue with errors too: what is missing or unknown is left out here and reported by the
//! rule it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::features::{self, Feature};
use super::model::Kind;
use super::range::{self, Spec};
use super::raw::{
    ExtensionFile, Field, List, OneOrMany, RawCatalogue, RawExtension, RawPostgresql, RawServer, RawSource,
    RawVersion, Spanned,
};
use crate::diag::Span;

/// A PostgreSQL that has at least a name and a major.
#[derive(Debug)]
pub struct Postgres<'a> {
    /// As written.
    pub raw: &'a Spanned<RawPostgresql>,
    /// Its name.
    pub name: &'a str,
    /// Its major version.
    pub major: u32,
    /// Not PostgreSQL's own source: ranges do not include it.
    pub fork: bool,
    /// Not stable: ranges do not include it.
    pub prerelease: bool,
    /// Itself and then those it is `like`, as positions in [`Index::postgresqls`].
    pub answers: Vec<usize>,
}

impl Postgres<'_> {
    /// Where it is said that this one is built without a feature.
    pub fn without(&self, feature: Feature) -> Option<Span> {
        let mut given = self.raw.value.features.iter().flat_map(|features| features.value.given());
        given.find(|(key, wanted)| *key == feature.key && !wanted.value).map(|(_, wanted)| wanted.span)
    }

    fn is_version(&self, version: &str) -> bool {
        self.raw.value.version.as_ref().is_some_and(|own| own.value == version)
    }
}

/// Cross references of a raw catalogue.
#[derive(Debug)]
pub struct Index<'a> {
    /// In the file's order; of several with one name the first.
    pub postgresqls: Vec<Postgres<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// For each extension, for each of its versions (one pseudo version for kind `nixpkgs`): the
    /// PostgreSQLs that take it, ascending.
    pub takes: Vec<Vec<Vec<usize>>>,
    /// Extensions that provide a SQL name.
    pub providers: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    /// Of all that `raw` says.
    pub fn new(raw: &'a RawCatalogue) -> Self {
        let mut postgresqls = Vec::new();
        let mut by_name = HashMap::new();
        for entry in &raw.postgresqls {
            let (Some(name), Some(major)) = (&entry.value.name, &entry.value.major) else { continue };
            let Ok(major) = u32::try_from(major.value) else { continue };
            if by_name.contains_key(name.value.as_str()) {
                continue;
            }
            by_name.insert(name.value.as_str(), postgresqls.len());
            postgresqls.push(Postgres {
                raw: entry,
                name: &name.value,
                major,
                fork: is_fork(&entry.value),
                prerelease: entry.value.prerelease.as_ref().is_some_and(|p| p.value),
                answers: Vec::new(),
            });
        }
        for at in 0..postgresqls.len() {
            let mut answers = vec![at];
            let mut next = Some(at);
            while let Some(here) = next {
                next = like(&postgresqls[here], &by_name).filter(|target| !answers.contains(target));
                answers.extend(next);
            }
            postgresqls[at].answers = answers;
        }
        let mut index = Self { postgresqls, by_name, takes: Vec::new(), providers: BTreeMap::new() };
        // Catalogues name the same few PostgreSQLs again and again.
        let mut known: HashMap<&'a str, Vec<usize>> = HashMap::new();
        index.takes = raw.extensions.iter().map(|file| index.takes_of(file, &mut known)).collect();
        for (at, file) in raw.extensions.iter().enumerate() {
            for name in sql_names(&file.name, &file.raw) {
                index.providers.entry(name).or_default().push(at);
            }
        }
        index
    }

    /// The PostgreSQL called `name`.
    pub fn postgresql(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Those of a server: all, where none is named.
    pub fn of_server(&self, server: &RawServer) -> Vec<&Postgres<'a>> {
        self.named(&server.postgresql).unwrap_or_else(|| self.postgresqls.iter().collect())
    }

    /// Those that a list names, where there is one.
    pub fn named(&self, names: &Field<List<String>>) -> Option<Vec<&Postgres<'a>>> {
        let names = names.as_ref()?.value.iter();
        Some(names.filter_map(|name| self.postgresqls.get(self.postgresql(&name.value)?)).collect())
    }

    /// The PostgreSQLs that one string of a `postgresql` key means. Empty when it is malformed.
    pub fn matching(&self, spec: &str) -> Vec<usize> {
        let Ok(spec) = range::parse(spec) else { return Vec::new() };
        let fits = |at: usize| {
            let postgresql = &self.postgresqls[at];
            match &spec {
                Spec::Name(name) => postgresql.name == name,
                Spec::Range(range) => {
                    !postgresql.fork && !postgresql.prerelease && range.contains(postgresql.major)
                }
            }
        };
        (0..self.postgresqls.len())
            .filter(|at| self.postgresqls[*at].answers.iter().any(|answer| fits(*answer)))
            .collect()
    }

    /// What PostgreSQL must be built with to have an extension.
    pub fn needs(&self, file: &ExtensionFile) -> Option<Feature> {
        let named = file.raw.attr.iter().flat_map(|attr| &attr.value.0).map(|name| name.value.as_str());
        let mut attributes = named.chain(file.raw.attr.is_none().then_some(file.name.as_str()));
        attributes
            .find_map(features::needed_by)
            .filter(|_| kind(&file.raw).is_some_and(Kind::is_package_sets))
    }

    fn takes_of(&self, file: &'a ExtensionFile, known: &mut HashMap<&'a str, Vec<usize>>) -> Vec<Vec<usize>> {
        let raw = &file.raw;
        let mut all = |specs: &'a OneOrMany<String>| {
            let mut set = BTreeSet::new();
            for spec in &specs.0 {
                let matching = known.entry(&spec.value).or_insert_with(|| self.matching(&spec.value));
                set.extend(matching.iter().copied());
            }
            set.into_iter().collect::<Vec<_>>()
        };
        if kind(raw).is_some_and(Kind::is_package_sets) {
            let mut takes: Vec<usize> = match &raw.postgresql {
                Some(specs) => all(&specs.value),
                // Without a list: every PostgreSQL.
                None => (0..self.postgresqls.len()).collect(),
            };
            if let Some(needed) = self.needs(file) {
                takes.retain(|at| self.postgresqls[*at].without(needed).is_none());
            }
            return vec![takes];
        }
        versions(raw)
            .map(|version| {
                let specs = version.value.postgresql.as_ref();
                let mut takes = specs.map_or_else(Vec::new, |specs| all(&specs.value));
                if let Some(exact) = &version.value.postgresql_version {
                    takes.retain(|at| self.postgresqls[*at].is_version(&exact.value));
                }
                takes
            })
            .collect()
    }

    /// The PostgreSQLs that can have an extension: those that take a version that is not broken.
    pub fn fitting(&self, raw: &RawExtension, extension: usize) -> BTreeSet<usize> {
        if raw.broken.is_some() {
            return BTreeSet::new();
        }
        let broken: Vec<bool> = versions(raw).map(|version| version.value.broken.is_some()).collect();
        let takes = self.takes.get(extension).map_or(&[][..], Vec::as_slice);
        takes
            .iter()
            .enumerate()
            .filter(|(at, _)| !broken.get(*at).copied().unwrap_or(false))
            .flat_map(|(_, takes)| takes.iter().copied())
            .collect()
    }
}

fn like(postgresql: &Postgres<'_>, by_name: &HashMap<&str, usize>) -> Option<usize> {
    let like = postgresql.raw.value.like.as_ref()?;
    by_name.get(like.value.as_str()).copied()
}

/// Whether a source is not PostgreSQL's own.
fn is_fork(raw: &RawPostgresql) -> bool {
    let Some(RawSource::Fetched(source)) = raw.source.as_ref().map(|source| &source.value) else {
        return false;
    };
    let github = source.github.as_ref().map(|github| github.value.eq_ignore_ascii_case("postgres/postgres"));
    let url = source.url.as_ref().or(source.git.as_ref()).map(|url| {
        let host = url.value.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or("");
        host == "postgresql.org" || host.ends_with(".postgresql.org")
    });
    !github.or(url).unwrap_or(true)
}

/// How an extension is built; `None` when that is missing or unknown.
pub fn kind(raw: &RawExtension) -> Option<Kind> {
    match (&raw.kind, &raw.source) {
        (None, Some(Spanned { value: RawSource::Nixpkgs, .. })) => Some(Kind::NIXPKGS),
        (kind, _) => Kind::from_name(&kind.as_ref()?.value),
    }
}

/// The versions of an extension, in the file's order.
pub fn versions(raw: &RawExtension) -> impl Iterator<Item = &Spanned<RawVersion>> {
    raw.version.iter().flat_map(|list| &list.value)
}

/// The SQL names an extension provides.
pub fn sql_names<'a>(name: &'a str, raw: &'a RawExtension) -> Vec<&'a str> {
    match &raw.sql {
        Some(sql) => sql.value.iter().map(|name| name.value.as_str()).collect(),
        None => vec![name],
    }
}

/// Why an extension cannot have several versions in one server, if it cannot.
pub fn why_one_version(name: &str, raw: &RawExtension, kind: Option<Kind>) -> Option<&'static str> {
    if kind.is_some_and(Kind::is_package_sets) {
        Some("nixpkgs has one version of it")
    } else if sql_names(name, raw).is_empty() {
        Some("no CREATE EXTENSION names a version of it")
    } else {
        None
    }
}
