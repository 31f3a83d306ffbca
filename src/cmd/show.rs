//! `pgflakegen show`.

use std::fmt::Write as _;

use anyhow::bail;

use crate::catalogue::model::{Catalogue, Control, Extension, Fit, Installcheck, Postgresql, Setting, Test};
use crate::catalogue::names::SqlName;
use crate::cmd::host::Host;
use crate::cmd::inputs::Inputs;
use crate::cmd::{Context, Outcome, show_override};
use crate::diag::{foreign, nearest};
use crate::layout;
use crate::ops;
use crate::render;

/// Options of `show`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// An extension (by the package's or its SQL name), one version of it (EXTENSION@VERSION), or a PostgreSQL.
    pub name: String,

    /// Print JSON: its part of generated/catalogue.json.
    #[arg(long)]
    pub json: bool,

    /// Show what its override changes: each attribute of the derivation that differs, before and after.
    #[arg(long)]
    pub r#override: bool,

    /// With --override: show it for this PostgreSQL [default: the catalogue's default].
    #[arg(long, short, value_name = "NAME", requires = "override")]
    pub postgresql: Option<String>,

    /// With --override: show it for this system [default: this machine's].
    #[arg(long, value_name = "SYSTEM", requires = "override")]
    pub system: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
}

/// Runs it.
///
/// # Errors
/// When the catalogue cannot be read or has nothing of that name.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let catalogue = ops::usable(&root, &Host::new(context))?;
    let (name, version) = match args.name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (args.name.as_str(), None),
    };
    let name = name.strip_prefix("psql_").unwrap_or(name);
    let by_sql = || catalogue.extensions.iter().find(|e| e.sql_names.iter().any(|sql| sql == name));
    let (section, key, text) = if let Some(postgresql) =
        catalogue.postgresql(name).filter(|_| version.is_none())
    {
        ("postgresqls", name, show_postgresql(&catalogue, postgresql))
    } else if let Some(extension) = catalogue.extension(name).or_else(by_sql) {
        if args.r#override {
            return show_override::run(args, version, &root, &catalogue, extension, context);
        }
        if let Some(version) =
            version.filter(|version| extension.versions.iter().all(|v| v.version != *version))
        {
            let known: Vec<&str> = extension.versions.iter().rev().map(|v| v.version.as_str()).collect();
            let known =
                if known.is_empty() { "whatever version nixpkgs has".to_owned() } else { known.join(", ") };
            bail!("{} has no version {version}; it has {known}", extension.name);
        }
        ("extensions", extension.name.as_str(), show_extension(&catalogue, extension, version))
    } else if let Some(found) = of_version(&catalogue, &args.name) {
        bail!("{found}");
    } else {
        let sql = catalogue.extensions.iter().flat_map(|e| &e.sql_names).map(SqlName::as_str);
        let names = catalogue.extensions.iter().map(|e| e.name.as_str()).chain(sql);
        let names = names.chain(catalogue.postgresqls.iter().map(|p| p.name.as_str()));
        let hint = nearest(name, names);
        let hint = hint.map_or("; see".to_owned(), |hint| format!("; did you mean {hint}? See"));
        bail!(
            "the catalogue has neither an extension nor a PostgreSQL called {name}{hint} `pgflakegen list`"
        );
    };
    if args.r#override {
        bail!("{name} is a PostgreSQL; overrides are for extensions");
    }
    if args.json {
        let all: serde_json::Value = serde_json::from_str(&render::catalogue_json(&catalogue))?;
        let value = all.get(section).and_then(|s| s.get(key));
        let value = match version {
            Some(version) => value.and_then(|value| value.get("versions")?.get(version)),
            None => value,
        };
        let value = value.cloned().unwrap_or_default();
        context.json(&value)?;
    } else {
        context.out.write_all(text.as_bytes())?;
    }
    Ok(Outcome::Clean)
}

/// What has a version of this name, for whoever typed a version alone.
fn of_version(catalogue: &Catalogue, name: &str) -> Option<String> {
    let with = |extension: &&Extension| extension.versions.iter().any(|version| version.version == name);
    let extensions: Vec<String> = catalogue
        .extensions
        .iter()
        .filter(with)
        .take(3)
        .map(|extension| format!("`pgflakegen show {}@{name}`", extension.name))
        .collect();
    let pinned = |postgresql: &&Postgresql| postgresql.pinned.as_ref().is_some_and(|p| p.version == name);
    let postgresqls =
        catalogue.postgresqls.iter().filter(pinned).map(|p| format!("`pgflakegen show {}`", p.name));
    let all: Vec<String> = postgresqls.chain(extensions).collect();
    (!all.is_empty()).then(|| format!("{name} is a version: type {}", all.join(" or ")))
}

/// `key  value` lines; empty values are left out.
fn lines(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{key:width$}  {}", foreign::line(value));
    }
    out
}

fn settings(settings: &std::collections::BTreeMap<String, Setting>) -> String {
    let value = |setting: &Setting| match setting {
        Setting::Boolean(value) => (if *value { "on" } else { "off" }).to_owned(),
        Setting::Integer(value) => value.to_string(),
        Setting::Float(value) => value.to_string(),
        Setting::Text(value) => value.clone(),
        Setting::File { file } => layout::in_catalogue(file).into_string(),
    };
    settings
        .iter()
        .map(|(name, setting)| format!("{name} = {}", value(setting)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What it is built with and without, where that is not nixpkgs' choice.
fn features(postgresql: &Postgresql) -> String {
    let features = postgresql.features.iter();
    let words = features.map(|(key, wanted)| format!("{}{key}", if *wanted { "" } else { "no " }));
    words.collect::<Vec<_>>().join(", ")
}

fn show_postgresql(catalogue: &Catalogue, postgresql: &Postgresql) -> String {
    let pinned = postgresql.pinned.as_ref();
    let extensions = catalogue.extensions.iter().filter(|e| e.fits.contains_key(&postgresql.name)).count();
    let mut out = format!("PostgreSQL {}\n\n", postgresql.name);
    out.push_str(&lines(&[
        ("version", pinned.map_or_else(|| "what nixpkgs has".to_owned(), |p| p.version.clone())),
        (
            "origin",
            pinned.map_or_else(|| format!("nixpkgs {}", postgresql.base), |p| render::origin(&p.source)),
        ),
        ("hash", pinned.map(|p| p.source.hash.clone()).unwrap_or_default()),
        ("features", features(postgresql)),
        ("patches", postgresql.patches.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" ")),
        ("extensions", extensions.to_string()),
        ("preload", render::preload(catalogue, postgresql).join(", ")),
        ("settings", settings(&render::settings(catalogue, postgresql))),
        ("build it", format!("nix build .#{}/bin", render::attribute(&postgresql.name))),
    ]));
    out
}

/// What control files say, each thing with the SQL names for which it holds where that is not all of them.
fn control(control: &Control) -> String {
    let mut words = Vec::new();
    let mut say = |word: &str, names: Vec<&str>| match names.len() {
        0 => {}
        count if count == control.0.len() => words.push(word.to_owned()),
        _ => words.push(format!("{word} ({})", names.join(", "))),
    };
    say("trusted", control.names(|one| one.trusted));
    say("relocatable", control.names(|one| one.relocatable));
    say("not only for superusers", control.names(|one| !one.superuser));
    let several = control.0.len() > 1;
    words.extend(control.schemas().map(|(name, schema)| match several {
        true => format!("{name} in schema {schema}"),
        false => format!("in schema {schema}"),
    }));
    if words.is_empty() { "neither trusted nor relocatable".to_owned() } else { words.join(", ") }
}

/// Where the tests of its source are checked, and those that are no full success.
fn installcheck(installcheck: &Installcheck) -> String {
    let checked = installcheck.checked.iter().map(|name| render::attribute(name)).collect::<Vec<_>>();
    let mut words = match checked.is_empty() {
        true => Vec::new(),
        false => vec![format!("checked with {}", checked.join(", "))],
    };
    let mut say = |what: &str, tests: &[Test]| {
        words.extend(tests.iter().map(|test| format!("{} {what}: {}", test.test, test.reason)));
    };
    say("fails", &installcheck.known_failures);
    say("is skipped", &installcheck.skip);
    words.join("; ")
}

fn show_extension(catalogue: &Catalogue, extension: &Extension, only: Option<&str>) -> String {
    let mut out = format!("{}: {}\n\n", extension.name, extension.description);
    out.push_str(&lines(&[
        ("homepage", extension.homepage.clone()),
        ("license", extension.licenses.join(", ")),
        ("kind", extension.kind.name().to_owned()),
        ("nixpkgs attribute", extension.attrs.join(" or ")),
        ("required", if extension.required { "yes".to_owned() } else { String::new() }),
        (
            "side by side",
            if extension.side_by_side { "all versions in one server".to_owned() } else { String::new() },
        ),
        ("create extension", extension.sql_names.join(", ")),
        ("requires", extension.requires.join(", ")),
        ("preload", extension.preload.join(", ")),
        ("control", extension.control.as_ref().map(control).unwrap_or_default()),
        ("settings", settings(&extension.settings)),
        ("own tests", extension.installcheck.as_ref().map(installcheck).unwrap_or_default()),
        ("not for", extension.exclude_systems.join(", ")),
        (
            "override",
            extension
                .override_file
                .as_ref()
                .map(|f| layout::in_catalogue(f).into_string())
                .unwrap_or_default(),
        ),
        ("broken", extension.broken.clone().unwrap_or_default()),
    ]));
    let wanted = |version: &str| only.is_none_or(|only| only == version);
    for (index, version) in extension.versions.iter().enumerate().rev().filter(|(_, v)| wanted(&v.version)) {
        let fits = |name: &str| match extension.fits.get(name) {
            Some(Fit::Versions { default, all }) => {
                all.binary_search(&index).is_ok().then_some(*default == index)
            }
            _ => None,
        };
        let postgresqls = catalogue.postgresqls.iter().filter_map(|p| {
            fits(&p.name).map(|default| format!("{}{}", p.name, if default { "*" } else { "" }))
        });
        let pgrx = version.build.pgrx.as_ref();
        let own_control = version.control.as_ref().filter(|own| Some(*own) != extension.control.as_ref());
        let _ = writeln!(out, "\n{}", version.version);
        let values = [
            ("PostgreSQL", postgresqls.collect::<Vec<_>>().join(" ")),
            ("attribute", format!("exts/{}", version.attr)),
            (
                "SQL version",
                if version.sql_version == version.version {
                    String::new()
                } else {
                    version.sql_version.clone()
                },
            ),
            ("origin", render::origin(&version.source)),
            ("hash", version.source.hash.clone()),
            ("pgrx", pgrx.map(|p| p.version.clone()).unwrap_or_default()),
            ("rust", pgrx.and_then(|p| p.rust.clone()).unwrap_or_default()),
            ("requires", version.requires.join(", ")),
            ("control", own_control.map(control).unwrap_or_default()),
            ("broken", version.broken.clone().unwrap_or_default()),
        ];
        for line in lines(&values).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    if !extension.versions.is_empty() {
        out.push_str("\n* the version in bin\n");
    }
    out
}
