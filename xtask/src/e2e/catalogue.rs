//! The catalogue of the test: the repository's own, reduced to the versions whose sources are there, plus
//! one pgrx extension. There is no second catalogue that could grow apart from the first.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

use super::command::{logged, program};
use super::rust;
use super::{Context, Outcome, nix, sources};

/// Extensions that only the test has.
pub const ADDED: &str = "tests/e2e/catalogue/extensions";

/// The PostgreSQLs that are built.
pub const POSTGRESQLS: &[&str] = &["15", "17"];

/// A catalogue as TOML.
pub struct Catalogue {
    postgresql: Table,
    pgrx: Table,
    /// File stem and content, in order of name.
    extensions: Vec<(String, Table)>,
}

impl Catalogue {
    /// Reads the files below `folder`.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut extensions = Vec::new();
        for entry in fs::read_dir(folder.join("extensions")).context("catalogue/extensions")? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                extensions.push((stem, read(&path)?));
            }
        }
        extensions.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self {
            postgresql: read(&folder.join("postgresql.toml"))?,
            pgrx: read(&folder.join("pgrx.toml"))?,
            extensions,
        })
    }

    /// The hash of a pinned PostgreSQL.
    pub fn postgresql_hash(&self, version: &str) -> Result<String> {
        hash_in(&self.postgresql, "postgresql", version)
    }

    /// The hash of a version of an extension.
    pub fn extension_hash(&self, name: &str, version: &str) -> Result<String> {
        let (_, table) = self
            .extensions
            .iter()
            .find(|(stem, _)| stem == name)
            .with_context(|| format!("the catalogue has no extension {name}"))?;
        hash_in(table, "version", version)
    }

    /// The hashes of the source and of the crates of cargo-pgrx.
    pub fn cargo_pgrx(&self, version: &str) -> Result<(String, String)> {
        let entry = entries(&self.pgrx, "cargo-pgrx").find(|entry| text(entry, "version") == Some(version));
        let entry = entry.with_context(|| format!("catalogue/pgrx.toml has no {version}"))?;
        let hash = |key| {
            text(entry, key).map(str::to_owned).with_context(|| format!("cargo-pgrx {version}: no {key}"))
        };
        Ok((hash("hash")?, hash("cargo-hash")?))
    }

    /// The version of pgrx that the extension in this file is built with.
    pub fn pgrx_of(file: &Path) -> Result<String> {
        let table = read(file)?;
        let version = entries(&table, "version").find_map(|entry| text(entry, "pgrx").map(str::to_owned));
        version.with_context(|| format!("{} names no pgrx", file.display()))
    }
}

fn read(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    text.parse().with_context(|| format!("{}", path.display()))
}

fn entries<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

fn hash_in(table: &Table, key: &str, version: &str) -> Result<String> {
    entries(table, key)
        .find(|entry| text(entry, "version") == Some(version))
        .and_then(|entry| text(entry, "hash"))
        .map(str::to_owned)
        .with_context(|| format!("the catalogue has no {version} with a hash"))
}

/// Writes the reduced catalogue and lets pgflakegen make the flake.
pub fn generate(context: &Context) -> Result<Outcome> {
    let names = generate_into(context, &context.flake(), None)?;
    Ok(Outcome::Done(format!("{} extensions: {}", names.len(), names.join(" "))))
}

/// A PostgreSQL that the catalogue does not have: the test's 15 once more, under a name of its own.
pub fn generate_with_another(context: &Context, flake: &Path, name: &str) -> Result<()> {
    let catalogue = Catalogue::read(&context.root.join("catalogue"))?;
    let entry = entries(&catalogue.postgresql, "postgresql").find(|entry| text(entry, "name") == Some("15"));
    let mut entry = entry.context("catalogue/postgresql.toml has no 15")?.clone();
    entry.insert("name".to_owned(), Value::String(name.to_owned()));
    entry.insert("like".to_owned(), Value::String("15".to_owned()));
    generate_into(context, flake, Some(entry)).map(drop)
}

/// Writes the reduced catalogue, with one more PostgreSQL if there is one, and gives the extensions' names.
fn generate_into(context: &Context, flake: &Path, another: Option<Table>) -> Result<Vec<String>> {
    let from = context.root.join("catalogue");
    let to = flake.join("catalogue");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::create_dir_all(to.join("extensions"))?;
    for file in ["flake.toml", "pgrx.toml"] {
        fs::copy(from.join(file), to.join(file)).with_context(|| file.to_owned())?;
    }
    for folder in ["overrides", "patches", "files"] {
        if from.join(folder).is_dir() {
            super::command::output(program("cp").arg("--recursive").arg(from.join(folder)).arg(&to))?;
        }
    }
    // What the flake tests itself with.
    for folder in ["tests/migrations", "tests/smoke"] {
        let (from, to) = (context.root.join(folder), flake.join(folder));
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        if from.is_dir() {
            fs::create_dir_all(flake.join("tests"))?;
            super::command::output(program("cp").arg("--recursive").arg(from).arg(to))?;
        }
    }
    let catalogue = Catalogue::read(&from)?;
    let mut postgresql = catalogue.postgresql.clone();
    keep(&mut postgresql, "postgresql", |entry| {
        text(entry, "name").is_some_and(|name| POSTGRESQLS.contains(&name))
    });
    if let Some(Value::Array(list)) = postgresql.get_mut("postgresql") {
        list.extend(another.map(Value::Table));
    }
    fs::write(to.join("postgresql.toml"), postgresql.to_string())?;

    let fetched = sources::fetched(context);
    let mut names = Vec::new();
    for (name, table) in &catalogue.extensions {
        if let Some(reduced) = reduce(name, table, &fetched) {
            fs::write(to.join("extensions").join(format!("{name}.toml")), reduced.to_string())?;
            names.push(name.clone());
        }
    }
    names.push(add_pgrx_extension(context, &to)?);

    let mut command = program(env!("CARGO"));
    command.current_dir(&context.root);
    command.args(["run", "--quiet", "--package", "pgflakegen", "--", "--root"]).arg(flake).arg("generate");
    // What it made before may be of another catalogue or of another version of the program.
    command.arg("--force");
    logged(&mut command, &context.log("generate"), |_| ())?;
    Ok(names)
}

/// The extension with only those versions that have been fetched and that a PostgreSQL of the test takes.
fn reduce(name: &str, table: &Table, fetched: &[(&str, &str)]) -> Option<Table> {
    let mut table = table.clone();
    table.remove("default");
    keep(&mut table, "version", |version| {
        fetched.iter().any(|(extension, known)| *extension == name && text(version, "version") == Some(known))
    });
    let versions = table.get_mut("version").and_then(Value::as_array_mut)?;
    for version in versions.iter_mut().filter_map(Value::as_table_mut) {
        if let Some(Value::Array(list)) = version.get_mut("postgresql") {
            let range = |text: &str| text.starts_with(['<', '>', '=']);
            list.retain(|value| {
                value.as_str().is_some_and(|text| range(text) || POSTGRESQLS.contains(&text))
            });
        }
    }
    versions.retain(|version| {
        version.get("postgresql").and_then(Value::as_array).is_none_or(|list| !list.is_empty())
    });
    (!versions.is_empty()).then_some(table)
}

fn keep(table: &mut Table, key: &str, wanted: impl Fn(&Table) -> bool) {
    if let Some(Value::Array(list)) = table.get_mut(key) {
        list.retain(|entry| entry.as_table().is_some_and(&wanted));
    }
}

/// The extension of tests/pgrx-hello: its lock file is the crate's, its hash that of its tree.
fn add_pgrx_extension(context: &Context, to: &Path) -> Result<String> {
    let name = "hello_pgrx";
    let mut table = read(&context.root.join(ADDED).join(format!("{name}.toml")))?;
    let hash = nix::hash(&rust::extension_source(context)?)?;
    let versions = table.get_mut("version").and_then(Value::as_array_mut).into_iter().flatten();
    let Some(version) = versions.filter_map(Value::as_table_mut).next() else {
        bail!("{name} has no version")
    };
    version.insert("hash".to_owned(), Value::String(hash));
    let lock = text(version, "cargo-lock").context("hello_pgrx: no cargo-lock")?.to_owned();
    let lock = to.join(lock);
    fs::create_dir_all(lock.parent().unwrap_or(to))?;
    fs::copy(context.root.join(rust::EXTENSION).join("Cargo.lock"), lock)?;
    fs::write(to.join("extensions").join(format!("{name}.toml")), table.to_string())?;
    Ok(name.to_owned())
}
