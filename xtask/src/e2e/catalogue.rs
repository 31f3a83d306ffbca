//! The catalogue of the test: a copy of the repository's own, in which pgflakegen itself pins what Debian's
//! archive has today, reduced to what is there, plus one pgrx extension. There is no second catalogue that
//! could grow apart from the first, and nothing in the first has to follow an archive.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

use super::command::{commit_all, git, logged, output, program};
use super::sources::{self, Fetched};
use super::{Context, Outcome, Pair, nix, rust};
use crate::repository;

/// Extensions that only the test has.
pub const ADDED: &str = "tests/e2e/catalogue/extensions";

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

    /// The hash of a version of an extension.
    pub fn extension_hash(&self, name: &str, version: &str) -> Result<String> {
        hash_in(self.extension(name)?, "version", version)
    }

    fn extension(&self, name: &str) -> Result<&Table> {
        let found = self.extensions.iter().find(|(stem, _)| stem == name);
        Ok(&found.with_context(|| format!("the catalogue has no extension {name}"))?.1)
    }

    /// `OWNER/REPO` at GitHub and the tag that a version has there, where the catalogue tells.
    pub fn repository(&self, name: &str, version: &str) -> Option<(String, String)> {
        let table = self.extension(name).ok()?;
        let source = table.get("source")?.as_table()?;
        let own = entries(table, "version").find(|entry| text(entry, "version") == Some(version));
        let tag = match own.and_then(|entry| text(entry, "tag")) {
            Some(tag) => tag.to_owned(),
            None => text(source, "tag")?.replace("{version}", version),
        };
        Some((text(source, "github")?.to_owned(), tag))
    }

    /// Whether building it takes a compiler.
    pub fn is_compiled(&self, name: &str) -> bool {
        let kind = self.extension(name).ok().and_then(|table| text(table, "kind"));
        kind.is_some_and(|kind| matches!(kind, "pgxs" | "cmake" | "configure"))
    }

    /// Of the majors that were fetched, the two that most extensions can be built for.
    fn pair(&self, fetched: &Fetched) -> Result<Pair> {
        let names: BTreeSet<&str> = fetched.extensions.iter().map(|(name, ..)| name.as_str()).collect();
        let builds = |major: u32| {
            let has = |name: &&str| {
                let versions = self.extension(name).into_iter().flat_map(|table| entries(table, "version"));
                versions.filter_map(|entry| entry.get("postgresql")?.as_array()).flatten().any(|value| {
                    value.as_str().is_some_and(|text| is_range(text) || text == major.to_string())
                })
            };
            names.iter().filter(|name| has(name)).count()
        };
        let mut majors: Vec<u32> =
            self.majors(fetched).iter().filter_map(|major| major.parse().ok()).collect();
        majors.sort_by_key(|major| (std::cmp::Reverse(builds(*major)), *major));
        majors.truncate(2);
        majors.sort_unstable();
        let [older, newer] = majors[..] else {
            bail!("of the catalogue's majors, Debian has fewer than two")
        };
        Ok(Pair { older: older.to_string(), newer: newer.to_string() })
    }

    /// The catalogue's majors that were fetched, the oldest first.
    fn majors(&self, fetched: &Fetched) -> Vec<String> {
        let mut majors: Vec<u32> = fetched.postgresql.keys().copied().collect();
        majors.sort_unstable();
        let names = majors.iter().map(u32::to_string);
        let known = |name: &String| {
            entries(&self.postgresql, "postgresql").any(|entry| text(entry, "name") == Some(name))
        };
        names.filter(known).collect()
    }

    /// Whether a PostgreSQL is built with JIT.
    pub fn has_jit(&self, name: &str) -> bool {
        let mut entries = entries(&self.postgresql, "postgresql");
        let entry = entries.find(|entry| text(entry, "name") == Some(name));
        entry.and_then(|entry| entry.get("features")?.get("jit")?.as_bool()).unwrap_or_default()
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

/// Copies the repository, pins in it what was fetched, and lets pgflakegen make the flake.
pub fn generate(context: &Context) -> Result<Outcome> {
    let mut build = program(env!("CARGO"));
    build.current_dir(&context.root).args(["build", "--quiet", "--package", "pgflakegen"]);
    logged(&mut build, &context.log("build"), |_| ())?;
    let fetched = Fetched::read(context)?;
    let pair = Catalogue::read(&context.root.join("catalogue"))?.pair(&fetched)?;
    let flake = context.flake();
    copy_repository(context, &flake)?;
    let folder = flake.join("catalogue");
    drop_extensions_without_source(&folder, &fetched)?;
    // The repository's own outputs, its program's package among them, are not what is tested here.
    fs::remove_file(folder.join("extra.nix")).context("catalogue/extra.nix")?;
    let bumped = bump_extensions(context, &flake, &fetched)?;
    let known = Catalogue::read(&folder)?.majors(&fetched);
    pin_postgresql(context, &flake, &known, &fetched)?;
    let versions = keep_versions_that_were_fetched(context, &folder, &fetched, &bumped)?;
    let whole = whole(context);
    if whole.exists() {
        fs::remove_dir_all(&whole)?;
    }
    output(program("cp").arg("--recursive").arg(&folder).arg(&whole))?;
    let servers = reduce_to(&folder, &pair.names(), &fetched)?;
    let jit = turn_jit_on(&folder, &pair)?;
    add_pgrx_extension(context, &folder, &pair)?;
    pair.write(context)?;
    pgflakegen(context, &flake, &["generate"], "generate")?;
    pgflakegen(context, &flake, &["check"], "generate-check")?;
    let news = if bumped.is_empty() { "none".to_owned() } else { bumped.join(", ") };
    Ok(Outcome::Done(format!(
        "PostgreSQL {}{}; {versions} versions of extensions, new to the catalogue: {news}",
        servers.join(" and "),
        if jit { " with JIT" } else { " (no clang here: without JIT)" }
    )))
}

/// The catalogue with all majors that were fetched, before all but two go.
fn whole(context: &Context) -> PathBuf {
    context.state.join("catalogue-whole")
}

/// The majors that it has, the oldest first.
fn all_majors(context: &Context) -> Result<Vec<String>> {
    let whole = whole(context);
    if !whole.exists() {
        bail!("{}: run the step generate", whole.display());
    }
    Ok(Catalogue::read(&whole)?.majors(&Fetched::read(context)?))
}

/// The same with other PostgreSQLs of it. What the two have in the test's flake is built the same.
fn copy_with(context: &Context, flake: &Path, names: &[&str]) -> Result<()> {
    copy_flake(context, flake)?;
    let folder = flake.join("catalogue");
    fs::remove_dir_all(&folder)?;
    output(program("cp").arg("--recursive").arg(whole(context)).arg(&folder))?;
    reduce_to(&folder, names, &Fetched::read(context)?)?;
    let pair = context.pair()?;
    turn_jit_on(&folder, &pair)?;
    add_pgrx_extension(context, &folder, &pair)
}

/// The same with every PostgreSQL that was fetched, for upgrades; gives their names, the oldest first.
pub fn generate_all_majors(context: &Context, flake: &Path) -> Result<Vec<String>> {
    let known = all_majors(context)?;
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    copy_with(context, flake, &names)?;
    pgflakegen(context, flake, &["generate"], "generate-all-majors")?;
    Ok(known)
}

/// The files of the repository that git knows, in a repository of their own, so that what git says of them is
/// true. Its `.git` is elsewhere: `path:` would copy it into the store.
pub fn copy_repository(context: &Context, to: &Path) -> Result<()> {
    let git_dir = to.with_extension("git");
    for folder in [to, &git_dir] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    fs::create_dir_all(to)?;
    let mut list = program("git");
    list.args(["-c", "safe.directory=*"]).arg("-C").arg(&context.root);
    let files = to.with_extension("files");
    fs::write(&files, output(list.args(["ls-files", "-z"]))?)?;
    let archive = to.with_extension("tar");
    let mut tar = program("tar");
    tar.arg("--directory").arg(&context.root).args(["--null", "--create", "--file"]).arg(&archive);
    output(tar.arg("--files-from").arg(&files))?;
    output(program("tar").arg("xf").arg(&archive).arg("--directory").arg(to))?;
    output(program("git").args(["init", "--quiet", "--separate-git-dir"]).arg(&git_dir).arg(to))?;
    output(program("git").arg("-C").arg(to).args(["add", "--all"]))?;
    // What is generated is told from edits by what was committed.
    output(git(to).args(["commit", "--quiet", "--message", "As it is"])).map(drop)
}

/// Runs pgflakegen on a repository; it asks the mirror in place of the network.
pub fn pgflakegen(context: &Context, flake: &Path, words: &[&str], log: &str) -> Result<String> {
    let mut command = program(repository::pgflakegen()?);
    command.current_dir(&context.root).arg("--root").arg(flake);
    let mirror = format!("file://{}", sources::github_mirror(context).display());
    command.env("PGFLAKEGEN_MIRROR_GITHUB", mirror);
    logged(command.args(words), &context.log(log), |_| ())
}

/// Extensions of which no version was fetched go, and forks no longer name the ones that they are for.
fn drop_extensions_without_source(folder: &Path, fetched: &Fetched) -> Result<()> {
    let path = folder.join("postgresql.toml");
    let mut table = read(&path)?;
    for entry in table.get_mut("postgresql").and_then(Value::as_array_mut).into_iter().flatten() {
        entry.as_table_mut().map(|entry| entry.remove("extensions"));
    }
    fs::write(&path, table.to_string())?;
    for (name, _) in &Catalogue::read(folder)?.extensions {
        if fetched.extensions.iter().all(|(known, ..)| known != name) {
            fs::remove_file(folder.join("extensions").join(format!("{name}.toml")))?;
        }
    }
    Ok(())
}

/// These PostgreSQLs, whose versions it gives, and the extensions that one of them takes.
fn reduce_to(folder: &Path, names: &[&str], fetched: &Fetched) -> Result<Vec<String>> {
    let default = names.first().context("no PostgreSQL")?;
    let path = folder.join("flake.toml");
    let mut flake = read(&path)?;
    flake.insert("default-postgresql".to_owned(), Value::String((*default).to_owned()));
    fs::write(&path, flake.to_string())?;

    let path = folder.join("postgresql.toml");
    let mut table = read(&path)?;
    let own = |entry: &Table| text(entry, "name").is_some_and(|name| names.contains(&name));
    keep(&mut table, "postgresql", own);
    fs::write(&path, table.to_string())?;

    for (name, table) in &Catalogue::read(folder)?.extensions {
        let path = folder.join("extensions").join(format!("{name}.toml"));
        match reduce(table, names) {
            Some(reduced) => fs::write(&path, reduced.to_string())?,
            None => fs::remove_file(&path)?,
        }
    }
    let version = |name: &&str| fetched.postgresql.get(&name.parse().ok()?).cloned();
    Ok(names.iter().filter_map(version).collect())
}

/// The extension with only those versions that one of these PostgreSQLs takes.
fn reduce(table: &Table, names: &[&str]) -> Option<Table> {
    let mut table = table.clone();
    table.remove("default");
    let versions = table.get_mut("version").and_then(Value::as_array_mut)?;
    for version in versions.iter_mut().filter_map(Value::as_table_mut) {
        if let Some(Value::Array(list)) = version.get_mut("postgresql") {
            list.retain(|value| value.as_str().is_some_and(|text| is_range(text) || names.contains(&text)));
        }
    }
    versions.retain(|version| {
        version.get("postgresql").and_then(Value::as_array).is_none_or(|list| !list.is_empty())
    });
    (!versions.is_empty()).then_some(table)
}

fn is_range(text: &str) -> bool {
    text.starts_with(['<', '>', '='])
}

/// Each of these PostgreSQLs in the minor that was fetched: found and hashed by `bump` where the catalogue
/// pins an older one, else written down with the hash that `prefetch` prints.
fn pin_postgresql(context: &Context, flake: &Path, names: &[String], fetched: &Fetched) -> Result<()> {
    let path = flake.join("catalogue/postgresql.toml");
    for name in names {
        let major: u32 = name.parse().context("a major")?;
        let version = fetched.postgresql.get(&major).with_context(|| format!("no PostgreSQL {name}"))?;
        let mut table = read(&path)?;
        let entries = table.get_mut("postgresql").and_then(Value::as_array_mut).into_iter().flatten();
        let entry = entries.filter_map(Value::as_table_mut).find(|entry| text(entry, "name") == Some(name));
        let entry = entry.with_context(|| format!("the catalogue has no PostgreSQL {name}"))?;
        if text(entry, "version") != Some(version) {
            let tarball = sources::postgresql_tarball(context, version);
            let tarball = tarball.to_str().context("a path in UTF-8")?;
            let hash = pgflakegen(context, flake, &["prefetch", tarball], "prefetch")?;
            entry.insert("version".to_owned(), Value::String(version.clone()));
            entry.insert("hash".to_owned(), Value::String(hash.trim().to_owned()));
            fs::write(&path, table.to_string())?;
        }
        let tarball = sources::postgresql_tarball(context, version);
        let (expected, found) = (hash_in(&read(&path)?, "postgresql", version)?, nix::hash(&tarball)?);
        if found != expected {
            bail!("Debian's PostgreSQL {version} has the hash {found}, the catalogue says {expected}");
        }
        nix::add_fixed(&[&tarball], false)?;
    }
    Ok(())
}

/// The newer of the two is built with JIT, where the machine has a clang: then it and its extensions have bitcode.
fn turn_jit_on(folder: &Path, pair: &Pair) -> Result<bool> {
    if !Path::new("/usr/bin/clang").exists() || !Path::new("/usr/bin/llvm-config").exists() {
        return Ok(false);
    }
    let path = folder.join("postgresql.toml");
    let mut table = read(&path)?;
    let entries = table.get_mut("postgresql").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries.filter_map(Value::as_table_mut) {
        if text(entry, "name") == Some(pair.newer.as_str()) {
            let features = entry.entry("features").or_insert_with(|| Value::Table(Table::new()));
            let features = features.as_table_mut().context("features is no table")?;
            features.insert("jit".to_owned(), Value::Boolean(true));
        }
    }
    fs::write(&path, table.to_string())?;
    Ok(true)
}

/// Takes what is newer in the mirror, and says which versions came in.
fn bump_extensions(context: &Context, flake: &Path, fetched: &Fetched) -> Result<Vec<String>> {
    let catalogue = Catalogue::read(&flake.join("catalogue"))?;
    let mut names: Vec<&str> = Vec::new();
    for (name, version, _) in &fetched.extensions {
        if catalogue.repository(name, version).is_some() && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut words = vec!["bump", "--keep-going", "--json"];
    words.extend(&names);
    // What cannot be bumped stays as it is; the log says why.
    if let Err(error) = pgflakegen(context, flake, &words, "bump") {
        let text = format!("{error:#}");
        context.note(&format!(
            "bump: {}",
            text.lines().find(|line| line.contains("error")).unwrap_or_default().trim()
        ));
    }
    let after = Catalogue::read(&flake.join("catalogue"))?;
    let mut news = Vec::new();
    for (name, version, _) in &fetched.extensions {
        if catalogue.extension_hash(name, version).is_err() && after.extension_hash(name, version).is_ok() {
            news.push(format!("{name} {version}"));
        }
    }
    Ok(news)
}

/// Drops the versions whose source is not there, and puts the others' into the store.
fn keep_versions_that_were_fetched(
    context: &Context,
    folder: &Path,
    fetched: &Fetched,
    bumped: &[String],
) -> Result<usize> {
    let mut count = 0;
    for (name, mut table) in Catalogue::read(folder)?.extensions {
        let mut trees: Vec<&PathBuf> = Vec::new();
        let mut wrong = None;
        keep(&mut table, "version", |entry| {
            let tree = fetched.extensions.iter().find(|(extension, version, _)| {
                *extension == name && text(entry, "version") == Some(version)
            });
            let Some((_, version, tree)) = tree else { return false };
            match nix::hash(tree) {
                Ok(found) if text(entry, "hash") == Some(&found) => {
                    trees.push(tree);
                    true
                }
                // Debian packed something else than the tag has: nothing to build a new version from.
                Ok(_) if bumped.contains(&format!("{name} {version}")) => {
                    context.note(&format!(
                        "{name} {version}: Debian's tarball is not what git makes of it; left out"
                    ));
                    false
                }
                found => {
                    wrong = Some(format!(
                        "{name} {version}: Debian's tarball unpacks to {found:?}, not to what the catalogue says"
                    ));
                    false
                }
            }
        });
        if let Some(wrong) = wrong {
            bail!("{wrong}");
        }
        let path = folder.join("extensions").join(format!("{name}.toml"));
        if trees.is_empty() {
            fs::remove_file(&path)?;
            continue;
        }
        fs::write(&path, table.to_string())?;
        count += trees.len();
        for tree in trees {
            nix::add_fixed(&[tree], true)?;
        }
    }
    Ok(count)
}

/// The generated flake once more, to be changed.
fn copy_flake(context: &Context, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    output(program("cp").arg("--recursive").arg(context.flake()).arg(to)).map(drop)
}

/// Changes catalogue/flake.toml.
fn edit_flake(flake: &Path, change: impl FnOnce(&mut Table)) -> Result<()> {
    let path = flake.join("catalogue/flake.toml");
    let mut table = read(&path)?;
    change(&mut table);
    fs::write(&path, table.to_string()).context("flake.toml")
}

/// A PostgreSQL that the catalogue does not have: the test's older one once more, under a name of its own.
pub fn generate_with_another(context: &Context, flake: &Path, name: &str) -> Result<()> {
    copy_flake(context, flake)?;
    let older = context.pair()?.older;
    let path = flake.join("catalogue/postgresql.toml");
    let mut table = read(&path)?;
    let entry = entries(&table, "postgresql").find(|entry| text(entry, "name") == Some(&older));
    let mut entry = entry.with_context(|| format!("catalogue/postgresql.toml has no {older}"))?.clone();
    entry.insert("name".to_owned(), Value::String(name.to_owned()));
    entry.insert("like".to_owned(), Value::String(older));
    if let Some(Value::Array(list)) = table.get_mut("postgresql") {
        list.push(Value::Table(entry));
    }
    fs::write(&path, table.to_string())?;
    pgflakegen(context, flake, &["generate"], "generate-another").map(drop)
}

/// The same catalogue with other keys in extensions, and patches beside it: an extension and the TOML that is added, a
/// patch's name and text.
pub fn generate_with_keys(
    context: &Context,
    flake: &Path,
    extensions: &[(&str, &str)],
    patch: (&str, &str),
) -> Result<()> {
    copy_flake(context, flake)?;
    let folder = flake.join("catalogue");
    for (name, keys) in extensions {
        let path = folder.join("extensions").join(format!("{name}.toml"));
        let mut table = read(&path)?;
        table.extend(keys.parse::<Table>()?);
        fs::write(&path, table.to_string()).context("an extension's file")?;
    }
    fs::create_dir_all(folder.join("patches")).context("patches")?;
    fs::write(folder.join("patches").join(patch.0), patch.1).context("a patch")?;
    pgflakegen(context, flake, &["generate"], "generate-keys").map(drop)
}

/// The same catalogue with all versions of an extension in one server.
pub fn generate_side_by_side(context: &Context, flake: &Path) -> Result<()> {
    copy_flake(context, flake)?;
    edit_flake(flake, |table| drop(table.insert("side-by-side".to_owned(), Value::Boolean(true))))?;
    pgflakegen(context, flake, &["generate"], "generate-side-by-side").map(drop)
}

/// The same catalogue with a limit to what images are made of.
pub fn generate_with_size_limit(context: &Context, flake: &Path, limit: &str) -> Result<()> {
    copy_flake(context, flake)?;
    let image = Table::from_iter([("size-limit".to_owned(), Value::String(limit.to_owned()))]);
    edit_flake(flake, |table| drop(table.insert("image".to_owned(), Value::Table(image))))?;
    pgflakegen(context, flake, &["generate"], "generate-size-limit").map(drop)
}

/// The same catalogue with what a development server has: names that a shell, SQL or a connection string would read as
/// something else, unless they are quoted.
pub fn generate_with_server(context: &Context, flake: &Path) -> Result<()> {
    copy_flake(context, flake)?;
    let folder = flake.join("catalogue");
    fs::create_dir_all(folder.join("files")).context("files")?;
    let ours = context.root.join("tests/e2e/cluster");
    fs::copy(ours.join("first.sql"), folder.join("files/first.sql")).context("first.sql")?;
    let server = read(&ours.join("server.toml"))?;
    edit_flake(flake, |table| table.extend(server))?;
    pgflakegen(context, flake, &["generate"], "generate-server").map(drop)
}

/// The same with one more PostgreSQL, and extensions made up for images (tests/e2e/cloudnative-pg/extra.nix). `false`
/// where Debian has no such one.
pub fn generate_for_operator(context: &Context, flake: &Path, name: &str) -> Result<bool> {
    if !all_majors(context)?.iter().any(|known| known == name) {
        return Ok(false);
    }
    let pair = context.pair()?;
    let [older, newer] = pair.names();
    copy_with(context, flake, &[older, newer, name])?;
    fs::copy(context.root.join("tests/e2e/cloudnative-pg/extra.nix"), flake.join("catalogue/extra.nix"))
        .context("extra.nix")?;
    pgflakegen(context, flake, &["generate"], "generate-operator")?;
    Ok(true)
}

/// The same catalogue as a repository with commits, whose images say where they are from: as it is, and after a change
/// to one extension of a PostgreSQL, which is named.
pub fn generate_published(context: &Context, flake: &Path, name: &str) -> Result<(String, [String; 2])> {
    copy_flake(context, flake)?;
    fs::remove_file(flake.join(".git"))?;
    output(git(flake).args(["init", "--quiet"]))?;
    let image = [
        ("source", "https://git.example.org/postgresql"),
        ("documentation", "https://example.org/postgresql"),
        ("vendor", "Example Ltd"),
    ];
    let image = image.map(|(key, value)| (key.to_owned(), Value::String(value.to_owned())));
    edit_flake(flake, |table| drop(table.insert("image".to_owned(), Value::Table(Table::from_iter(image)))))?;
    pgflakegen(context, flake, &["generate"], "generate-published")?;
    let before = commit_all(flake, "Published")?;
    let folder = flake.join("catalogue");
    let catalogue = Catalogue::read(&folder)?;
    let for_it = |table: &&(String, Table)| {
        let versions = entries(&table.1, "version").filter_map(|entry| entry.get("postgresql")?.as_array());
        text(&table.1, "kind") == Some("pgxs")
            && !table.1.contains_key("override")
            && versions.flatten().any(|value| value.as_str() == Some(name))
    };
    let (extension, table) =
        catalogue.extensions.iter().find(for_it).context("no extension can be changed")?;
    let mut table = table.clone();
    table.insert("override".to_owned(), Value::String(format!("overrides/{extension}.nix")));
    fs::write(folder.join("extensions").join(format!("{extension}.toml")), table.to_string())?;
    let text = "_: _old: {\n  postFixup = \"mkdir -p $out/share && echo changed >$out/share/changed\";\n}\n";
    fs::write(folder.join("overrides").join(format!("{extension}.nix")), text)?;
    pgflakegen(context, flake, &["generate"], "generate-published-changed")?;
    let after = commit_all(flake, "One extension")?;
    Ok((extension.clone(), [before, after]))
}

/// What a catalogue publishes to.
pub struct Published {
    /// Where the package set is: a copy of tests/hostpkgs. Its revision is in the lock, so that the flake has one, too.
    pub nixpkgs: PathBuf,
    /// `HOST:PORT` of the S3 server, its bucket, and the key that it is signed with.
    pub endpoint: String,
    pub bucket: String,
    pub public_key: String,
    /// The image's repository.
    pub image: String,
}

/// An extension that can be bumped.
pub struct Bump {
    pub extension: String,
    pub old: String,
    pub new: String,
    /// The tree of the new version, which a fetcher would fetch.
    pub tree: PathBuf,
}

/// The test's older PostgreSQL as a repository that publishes, before an extension is bumped.
pub fn generate_for_chain(context: &Context, flake: &Path, published: &Published) -> Result<Bump> {
    copy_flake(context, flake)?;
    fs::remove_file(flake.join(".git"))?;
    let folder = flake.join("catalogue");
    let fetched = Fetched::read(context)?;
    reduce_to(&folder, &[&context.pair()?.older], &fetched)?;
    let bump = drop_newest(&folder, &fetched)?;
    let mut inputs = Table::new();
    for (name, place) in
        [("nixpkgs", published.nixpkgs.clone()), ("rust-overlay", published.nixpkgs.join("rust-overlay"))]
    {
        let mut input = Table::new();
        input.insert("url".to_owned(), Value::String(format!("path:{}", place.display())));
        input.insert("nar-hash".to_owned(), Value::String(nix::hash(&place)?));
        input.insert("last-modified".to_owned(), Value::Integer(LAST_MODIFIED));
        inputs.insert(name.to_owned(), Value::Table(input));
    }
    let more = format!(
        "[image]\nrepositories = [{:?}]\n\
         [[caches]]\nurl = \"http://{}/{}\"\npublic-key = {:?}\n\
         push = {{ s3 = {:?}, region = \"us-east-1\", endpoint = \"http://{}\" }}\n",
        published.image,
        published.endpoint,
        published.bucket,
        published.public_key,
        published.bucket,
        published.endpoint
    );
    let more: Table = more.parse()?;
    edit_flake(flake, |table| {
        table.insert("inputs".to_owned(), Value::Table(inputs));
        table.extend(more);
    })?;
    // They are of the inputs before.
    fs::remove_file(flake.join("flake.lock"))?;
    fs::remove_file(folder.join("nixpkgs.toml"))?;
    output(git(flake).args(["init", "--quiet", "--initial-branch=main"]))?;
    // What is generated is told from edits by what was committed.
    commit_all(flake, "As it was")?;
    pgflakegen(context, flake, &["generate"], "generate-chain")?;
    commit_all(flake, "Published")?;
    pgflakegen(context, flake, &["check"], "check-chain")?;
    Ok(bump)
}

/// When the inputs of [`generate_for_chain`] were changed, in seconds since 1970: any time.
pub const LAST_MODIFIED: i64 = 1_000_000_000;

/// The first extension with two versions loses the newer one.
fn drop_newest(folder: &Path, fetched: &Fetched) -> Result<Bump> {
    for (name, mut table) in Catalogue::read(folder)?.extensions {
        let versions = entries(&table, "version").filter_map(|entry| text(entry, "version"));
        let versions: Vec<String> = versions.map(str::to_owned).collect();
        let Ok([old, new]) = <[String; 2]>::try_from(versions) else { continue };
        let tree =
            fetched.extensions.iter().find(|(extension, version, _)| *extension == name && *version == new);
        if let Some((.., tree)) = tree {
            keep(&mut table, "version", |entry| text(entry, "version") == Some(&old));
            fs::write(folder.join("extensions").join(format!("{name}.toml")), table.to_string())?;
            return Ok(Bump { extension: name, old, new, tree: tree.clone() });
        }
    }
    bail!("Debian has no extension in two versions today: there is nothing to bump")
}

fn keep(table: &mut Table, key: &str, mut wanted: impl FnMut(&Table) -> bool) {
    if let Some(Value::Array(list)) = table.get_mut(key) {
        list.retain(|entry| entry.as_table().is_some_and(&mut wanted));
    }
}

/// The extension of tests/pgrx-hello: its lock file is the crate's, its hash that of its tree.
fn add_pgrx_extension(context: &Context, to: &Path, pair: &Pair) -> Result<()> {
    let name = "hello_pgrx";
    let mut table = read(&context.root.join(ADDED).join(format!("{name}.toml")))?;
    let hash = nix::hash(&rust::extension_source(context)?)?;
    let versions = table.get_mut("version").and_then(Value::as_array_mut).into_iter().flatten();
    let Some(version) = versions.filter_map(Value::as_table_mut).next() else {
        bail!("{name} has no version")
    };
    version.insert("hash".to_owned(), Value::String(hash));
    version.insert("postgresql".to_owned(), Value::Array(vec![Value::String(pair.newer.clone())]));
    let lock = text(version, "cargo-lock").context("hello_pgrx: no cargo-lock")?.to_owned();
    let lock = to.join(lock);
    fs::create_dir_all(lock.parent().unwrap_or(to))?;
    fs::copy(context.root.join(rust::EXTENSION).join("Cargo.lock"), lock)?;
    fs::write(to.join("extensions").join(format!("{name}.toml")), table.to_string())
        .context("hello_pgrx.toml")
}
