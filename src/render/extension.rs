//! `generated/extensions/NAME.nix`: all versions of one extension.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::engine::{Template, fill};
use super::source::Sources;
use crate::catalogue::expression::Nix;
use crate::catalogue::kinds::{self, DEPTH};
use crate::catalogue::model::{Build, Extension, Fit, Kind, Version};

const FINAL_VERSION: &str = "finalAttrs.version";

#[derive(Serialize)]
struct Data {
    formals: Vec<String>,
    parameters: Vec<String>,
    open: String,
    close: &'static str,
    r#final: bool,
    pname: String,
    source: String,
    attributes: Vec<Attribute>,
    description: String,
    homepage: String,
    changelog: Option<String>,
    license: String,
    bad_platforms: Option<String>,
    versions: Vec<Record>,
    r#override: String,
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    /// `None`: a parameter of the version, inherited.
    value: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Record {
    pub version: String,
    pub values: Vec<Binding>,
    /// Where PostgreSQLs have different sources of one version: what those of each major have.
    pub choices: Vec<Choice>,
}

#[derive(Serialize)]
pub(super) struct Choice {
    pub major: String,
    pub values: Vec<Binding>,
}

#[derive(Serialize, Clone)]
pub(super) struct Binding {
    pub name: String,
    pub value: String,
}

/// The text of the file, not yet formatted.
pub fn extension(extension: &Extension) -> String {
    if extension.kind.is_package_sets() {
        #[derive(Serialize)]
        struct FromNixpkgs {
            extension: String,
            names: String,
        }
        let (extension, names) = (Nix::string(&extension.name), Nix::strings(&extension.attrs));
        let data = FromNixpkgs { extension: extension.to_string(), names: names.to_string() };
        return fill(Template::FromNixpkgs, &data);
    }
    let kind = extension.kind;
    let custom = kind.is_hand_written();
    let used = used_versions(extension);
    let mut columns = Columns::new(used.len());
    let sources = Sources::new(
        used.iter().map(|v| (&v.source, v.version.as_str())),
        if custom { "version" } else { FINAL_VERSION },
    );
    let given_by_builder = kind.has_files();
    if !given_by_builder {
        for (name, values) in sources.parameters() {
            columns.parameter(name, values);
        }
    }
    let per_version = |f: &dyn Fn(&Version) -> Option<Nix>| used.iter().map(|v| f(v)).collect::<Vec<_>>();
    if !custom {
        for (name, f) in build_attributes(kind, &sources) {
            columns.attribute(name, per_version(&|v| f(&v.build)));
        }
    }
    let mut open = kind.function();
    let mut given = Vec::new();
    for kinds::Parameter { attribute: (name, value), optional } in kind.parameters() {
        let values = per_version(&|v| value(&v.build));
        if !optional || values.iter().any(Option::is_some) {
            columns.parameter(name, values);
            given.push(name);
        }
    }
    if !given.is_empty() {
        open = format!("{open} {{ inherit {}; }}", given.join(" "));
    }
    let mut formals = BTreeSet::new();
    if !given_by_builder {
        formals.extend(sources.formals());
    }
    formals.insert("lib".to_owned());
    formals.extend(open.split_whitespace().next().map(str::to_owned));
    formals.extend(input_names(kind, &used));
    let mut close = "";
    let override_file = extension.override_file.as_ref().map(|file| Nix::catalogue_file(file, DEPTH));
    if let (Some(file), false) = (&override_file, custom) {
        open = format!("applyOverride {file} version ({open}");
        close = ")";
        formals.insert("applyOverride".to_owned());
    }
    let changelog = extension.changelog.as_ref().map(|text| {
        let parts: Vec<String> = text.split("{version}").map(str::to_owned).collect();
        if parts.len() == 1 { Nix::string(text) } else { Nix::Template { parts, variable: FINAL_VERSION } }
    });
    let license = match extension.licenses.as_slice() {
        [one] => Nix::Path(format!("lib.licenses.{one}")),
        many => Nix::List(many.iter().map(|name| Nix::Path(format!("lib.licenses.{name}"))).collect()),
    };
    let versions = choices(columns.records(used.iter().map(|v| v.version.as_str())), &used);
    if versions.iter().any(|record| !record.choices.is_empty()) {
        formals.insert("postgresql".to_owned());
    }
    let mut data = Data {
        formals: formals.into_iter().collect(),
        parameters: columns.formals(),
        open,
        close,
        r#final: false,
        pname: Nix::string(&extension.name).to_string(),
        source: if given_by_builder { String::new() } else { sources.expression() },
        attributes: columns.attributes(),
        description: Nix::string(&extension.description).to_string(),
        homepage: Nix::string(&extension.homepage).to_string(),
        changelog: changelog.map(|c| c.to_string()),
        license: license.to_string(),
        bad_platforms: (!extension.exclude_systems.is_empty())
            .then(|| Nix::strings(&extension.exclude_systems).to_string()),
        versions,
        r#override: override_file.map(|file| file.to_string()).unwrap_or_default(),
    };
    let uses_final = |text: &str| text.contains("finalAttrs.");
    data.r#final = uses_final(&data.source)
        || data.attributes.iter().any(|a| a.value.as_deref().is_some_and(uses_final))
        || data.changelog.as_deref().is_some_and(uses_final);
    fill(if custom { Template::Custom } else { Template::Extension }, &data)
}

/// Records of one version become one, in which the PostgreSQL's major decides.
fn choices(records: Vec<Record>, versions: &[&Version]) -> Vec<Record> {
    let mut merged: Vec<Record> = Vec::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    versions.iter().for_each(|v| *counts.entry(&v.version).or_default() += 1);
    for (index, record) in records.into_iter().enumerate() {
        let several = counts[versions[index].version.as_str()] > 1;
        let majors = versions[index].majors.iter().filter(|_| several);
        let choices = majors.map(|major| Choice {
            major: crate::nix::syntax::quote::string(&major.to_string()),
            values: record.values.clone(),
        });
        let choices: Vec<Choice> = choices.collect();
        match merged.last_mut() {
            Some(last) if several && last.version == record.version => last.choices.extend(choices),
            _ => merged.push(Record { choices, ..record }),
        }
    }
    merged
}

/// The versions that some PostgreSQL has: the others, broken ones say, would be dead code.
fn used_versions(extension: &Extension) -> Vec<&Version> {
    let fits = |index: usize| {
        extension
            .fits
            .values()
            .any(|fit| matches!(fit, Fit::Versions { all, .. } if all.binary_search(&index).is_ok()))
    };
    extension.versions.iter().enumerate().filter(|(index, _)| fits(*index)).map(|(_, v)| v).collect()
}

/// Heads of the attribute paths in inputs: what the function asks its caller for.
fn input_names(kind: Kind, versions: &[&Version]) -> impl Iterator<Item = String> {
    let builds = if kind.is_hand_written() { &[][..] } else { versions };
    builds
        .iter()
        .flat_map(|v| v.build.build_inputs.iter().chain(native_build_inputs(kind, &v.build)))
        .filter_map(|path| path.split('.').next())
        .map(str::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
}

/// The native inputs that the kind's own function does not add.
fn native_build_inputs(kind: Kind, build: &Build) -> impl Iterator<Item = &String> {
    build.native_build_inputs.iter().filter(move |input| !kind.adds().contains(&input.as_str()))
}

type BuildAttribute<'a> = Box<dyn Fn(&Build) -> Option<Nix> + 'a>;

/// The attributes that come from build keys, in the order in which nixpkgs writes them.
fn build_attributes<'a>(kind: Kind, sources: &'a Sources<'_>) -> Vec<(&'static str, BuildAttribute<'a>)> {
    fn list(name: &'static str, get: fn(&Build) -> &[String]) -> (&'static str, BuildAttribute<'static>) {
        (name, Box::new(move |b| (!get(b).is_empty()).then(|| Nix::strings(get(b)))))
    }
    let source_root = |b: &Build| b.source_root.as_ref().map(|root| sources.source_root(root));
    let mut all: Vec<(&'static str, BuildAttribute<'a>)> = vec![
        (
            "patches",
            Box::new(|b| {
                let files = b.patches.iter().map(|patch| Nix::catalogue_file(patch, DEPTH));
                (!b.patches.is_empty()).then(|| Nix::List(files.collect()))
            }),
        ),
        (sources.source_root_attribute(), Box::new(source_root)),
        (
            "nativeBuildInputs",
            Box::new(move |b| {
                let inputs: Vec<_> = native_build_inputs(kind, b).collect();
                (!inputs.is_empty()).then(|| Nix::paths(inputs))
            }),
        ),
        ("buildInputs", Box::new(|b| (!b.build_inputs.is_empty()).then(|| Nix::paths(&b.build_inputs)))),
    ];
    for flags in kind.flags() {
        all.push(list(flags.attribute, flags.of));
    }
    all.push(list("makeFlags", |b| &b.make_flags));
    all.push((
        "env",
        Box::new(|b| {
            let variables = b.env.iter().map(|(name, value)| (name.clone(), Nix::string(value)));
            (!b.env.is_empty()).then(|| Nix::Attrs(variables.collect()))
        }),
    ));
    all.extend(
        kind.attributes()
            .into_iter()
            .map(|(name, value)| -> (&'static str, BuildAttribute<'a>) { (name, Box::new(value)) }),
    );
    all
}

/// What the versions of one thing have in common and where they differ.
///
/// An attribute that is the same for all stands once, in the function; one that differs becomes a parameter
/// of the function and stands in each version that has not the usual value.
pub(super) struct Columns {
    count: usize,
    parameters: Vec<Parameter>,
    attributes: Vec<(String, Option<Nix>)>,
}

struct Parameter {
    name: String,
    default: Option<Nix>,
    /// `None` where the default holds.
    values: Vec<Option<Nix>>,
}

/// What more than half of them are.
fn majority<T: PartialEq>(all: &[T]) -> Option<&T> {
    // Only one that is left when unequal ones have taken each other away can be it.
    let (mut left, mut count) = (all.first()?, 0_usize);
    for one in all {
        match count {
            0 => (left, count) = (one, 1),
            _ if one == left => count += 1,
            _ => count -= 1,
        }
    }
    (all.iter().filter(|one| *one == left).count() * 2 > all.len()).then_some(left)
}

impl Columns {
    pub(super) fn new(count: usize) -> Self {
        Self { count, parameters: Vec::new(), attributes: Vec::new() }
    }

    /// An attribute with its value for each version; `None` where a version lacks it.
    pub(super) fn attribute(&mut self, name: &str, values: Vec<Option<Nix>>) {
        let first = values.first().cloned().flatten();
        let same = values.iter().all(|value| *value == first);
        if !same || (first.is_some() && matches!(name, "cargoHash" | "hash")) {
            self.parameter(name, values);
            self.attributes.push((name.to_owned(), None));
        } else if let Some(value) = first {
            self.attributes.push((name.to_owned(), Some(value)));
        }
    }

    /// A parameter: like an attribute, but always given by the versions.
    pub(super) fn parameter(&mut self, name: &str, values: Vec<Option<Nix>>) {
        debug_assert_eq!(values.len(), self.count);
        let lacking = values.iter().any(Option::is_none);
        let never_usual = matches!(name, "hash" | "cargoHash" | "tag" | "rev" | "url" | "src" | "files");
        // A version that lacks it must be able to say so; then the default is nothing.
        let default = if lacking || never_usual { None } else { majority(&values).cloned().flatten() };
        let empty = |value: Option<&Nix>| match value {
            Some(Nix::List(_)) => Nix::List(Vec::new()),
            Some(Nix::Attrs(_)) if name != "cargoLock" => Nix::Attrs(Vec::new()),
            _ => Nix::Path("null".to_owned()),
        };
        let default = match default {
            None if lacking => Some(empty(values.iter().flatten().next())),
            other => other,
        };
        let values = values.into_iter().map(|v| if v.is_some() && v == default { None } else { v }).collect();
        self.parameters.push(Parameter { name: name.to_owned(), default, values });
    }

    pub(super) fn formals(&self) -> Vec<String> {
        let mut formals: Vec<_> = self
            .parameters
            .iter()
            .map(|p| match &p.default {
                None => p.name.clone(),
                Some(default) => format!("{} ? {default}", p.name),
            })
            .collect();
        formals.sort();
        formals
    }

    fn attributes(&self) -> Vec<Attribute> {
        self.attributes
            .iter()
            .map(|(name, value)| Attribute { name: name.clone(), value: value.as_ref().map(Nix::to_string) })
            .collect()
    }

    pub(super) fn records<'a>(&self, versions: impl Iterator<Item = &'a str>) -> Vec<Record> {
        versions
            .enumerate()
            .map(|(index, version)| Record {
                version: crate::nix::syntax::quote::string(version),
                values: self
                    .parameters
                    .iter()
                    .filter_map(|p| {
                        let value = p.values.get(index)?.as_ref()?;
                        Some(Binding { name: p.name.clone(), value: value.to_string() })
                    })
                    .collect(),
                choices: Vec::new(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::majority;

    #[test]
    fn more_than_half() {
        for (all, wanted) in [
            ("", None),
            ("a", Some(b'a')),
            ("ab", None),
            ("aab", Some(b'a')),
            ("abbcb", Some(b'b')),
            ("abcabc", None),
        ] {
            assert_eq!(majority(all.as_bytes()).copied(), wanted, "{all}");
        }
    }
}
