//! What a source tells about itself: control file, Makefile, META.json, CMake, Cargo.toml, licence.
//!
//! A first catalogue entry is made of it, in which everything that is not certain says so.

pub mod control;
mod license;

use std::collections::BTreeSet;

use serde_json::Value;

use super::bounds::Bounds;
use super::cargo::Lock;
use crate::catalogue::kinds::{Kind, SourceClues};
use crate::catalogue::model::Control;
use crate::catalogue::names::SqlName;
use crate::store::archive::SourceTree;

/// Something found out, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected<T> {
    /// What.
    pub value: T,
    /// From where, to be said in a comment.
    pub from: String,
}

impl<T> Detected<T> {
    fn new(value: T, from: impl Into<String>) -> Self {
        Self { value, from: from.into() }
    }
}

/// What a source tells.
#[derive(Clone, Debug)]
pub struct About {
    /// One line.
    pub description: Option<Detected<String>>,
    /// An attribute of lib.licenses.
    pub license: Option<Detected<&'static str>>,
    /// How it is built.
    pub kind: Detected<Kind>,
    /// CREATE EXTENSION's names.
    pub sql: Vec<String>,
    /// `default_version`.
    pub sql_version: Option<String>,
    /// Extensions needed first.
    pub requires: Vec<String>,
    /// What its control files say, where a build does not put it in.
    pub control: Option<Control>,
    /// Whether it must be preloaded.
    pub preload: Option<Detected<Vec<String>>>,
    /// nixpkgs attributes.
    pub build_inputs: Vec<Detected<String>>,
    /// nixpkgs attributes.
    pub native_build_inputs: Vec<Detected<String>>,
    /// For make.
    pub make_flags: Vec<String>,
    /// The folder that is built.
    pub source_root: Option<String>,
    /// The versions of PostgreSQL that it says it works with.
    pub bounds: Option<Detected<Bounds>>,
    /// The version of pgrx.
    pub pgrx: Option<String>,
    /// Its lock file.
    pub lock: Option<Lock>,
}

/// Linker flags and the nixpkgs attribute behind each.
const LIBRARIES: [(&str, &str); 22] = [
    ("curl", "curl"),
    ("sodium", "libsodium"),
    ("ssl", "openssl"),
    ("crypto", "openssl"),
    ("xml2", "libxml2"),
    ("xslt", "libxslt"),
    ("krb5", "libkrb5"),
    ("gssapi_krb5", "libkrb5"),
    ("geos_c", "geos"),
    ("proj", "proj"),
    ("gdal", "gdal"),
    ("json-c", "json_c"),
    ("jansson", "jansson"),
    ("re2", "re2"),
    ("z", "zlib"),
    ("zstd", "zstd"),
    ("lz4", "lz4"),
    ("sybdb", "freetds"),
    ("sqlite3", "sqlite"),
    ("mysqlclient", "libmysqlclient"),
    ("hiredis", "hiredis"),
    ("version", "libversion"),
];

/// Looks through a source.
///
/// # Errors
/// When the temporary data cannot be read.
pub fn about(tree: &SourceTree, name: &str) -> std::io::Result<About> {
    let paths = tree.paths();
    let text = |path: &str| -> std::io::Result<Option<String>> {
        Ok(tree.file(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let controls = control_files(&paths);
    // A build at the top knows where its control file is.
    let top = ["Makefile", "GNUmakefile", "configure", "configure.ac", "CMakeLists.txt", "meson.build"];
    let builds_at_top = paths.iter().any(|path| top.contains(&path.as_str()));
    let source_root = controls
        .first()
        .and_then(|path| path.rsplit_once('/'))
        .map(|(folder, _)| folder.to_owned())
        .filter(|_| !builds_at_top);
    let below = |file: &str| source_root.as_ref().map_or(file.to_owned(), |root| format!("{root}/{file}"));
    let makefile = text(&below("Makefile"))?;
    let mut all_make = makefile.clone().unwrap_or_default();
    if let Some(more) = text(&below("Makefile.in"))? {
        all_make.push_str(&more);
    }
    // A Makefile at the top may leave it all to that of the control file's folder.
    if let Some((folder, _)) =
        controls.first().and_then(|path| path.rsplit_once('/')).filter(|_| builds_at_top)
        && let Some(more) = text(&format!("{folder}/Makefile"))?
    {
        all_make.push_str(&more);
    }
    let cargo = match text(&below("Cargo.toml"))? {
        Some(text) => Some(text),
        None => text("Cargo.toml")?,
    };
    let is_pgrx = cargo.as_ref().is_some_and(|text| text.contains("pgrx"));
    let has = |file: &str| paths.iter().any(|path| *path == below(file));
    let compiled = ["MODULES", "MODULE_big", "OBJS", "PROGRAM"];
    let clues = SourceClues {
        depends_on_pgrx: is_pgrx,
        make: &all_make,
        compiles: compiled.iter().any(|variable| assigned(&all_make, variable)),
        has: &has,
    };
    let found = Kind::all().filter_map(|kind| Some((kind, kind.detect(&clues)?)));
    let kind = match found.max_by_key(|(_, clue)| clue.weight) {
        Some((kind, clue)) => Detected::new(kind, clue.from),
        None => Detected::new(Kind::USUAL, "nothing: no build system that is known here was found"),
    };
    let meta = text(&below("META.json"))?.or(text("META.json")?);
    let meta: Option<Value> = meta.and_then(|text| serde_json::from_str(&text).ok());
    let mut about = About {
        description: None,
        license: license::find(tree, &paths, meta.as_ref(), cargo.as_deref())?,
        kind,
        sql: Vec::new(),
        sql_version: None,
        requires: Vec::new(),
        control: None,
        preload: None,
        build_inputs: Vec::new(),
        native_build_inputs: Vec::new(),
        make_flags: Vec::new(),
        source_root: source_root.clone(),
        bounds: None,
        pgrx: None,
        lock: None,
    };
    read_controls(&controls, tree, &mut about)?;
    if about.sql.is_empty() && assigned(&all_make, "EXTENSION") {
        about.sql = words(&all_make, "EXTENSION").into_iter().filter(|word| !word.contains('$')).collect();
    }
    if let Some(meta) = &meta {
        read_meta(meta, &mut about);
    }
    if makefile.as_ref().is_some_and(|text| text.contains("ifdef USE_PGXS")) {
        about.make_flags.push("USE_PGXS=1".into());
    }
    read_make(&all_make, &mut about);
    if is_pgrx {
        about.lock = Lock::of_source(tree, source_root.as_deref(), name).ok();
        about.pgrx = about.lock.as_ref().and_then(|lock| lock.version("pgrx")).map(str::to_owned);
        if about.description.is_none()
            && let Some(description) = cargo.as_ref().and_then(|text| cargo_description(text))
        {
            about.description = Some(Detected::new(description, "Cargo.toml"));
        }
    }
    about.preload = preload(tree, &paths, &all_make, &about)?;
    Ok(about)
}

/// The control files nearest to the top; tests often have some of their own.
fn control_files(paths: &[String]) -> Vec<String> {
    let is = |path: &&String| {
        (path.ends_with(".control") || path.ends_with(".control.in"))
            && !path.split('/').any(|part| matches!(part, "test" | "tests" | "debian" | "expected"))
            // NAME--VERSION.control changes settings for one version.
            && !path.contains("--")
    };
    let depth = |path: &&String| path.matches('/').count();
    let least = paths.iter().filter(is).map(|path| depth(&path)).min().unwrap_or(0);
    paths.iter().filter(is).filter(|path| depth(path) == least && least <= 2).cloned().collect()
}

fn read_controls(controls: &[String], tree: &SourceTree, about: &mut About) -> std::io::Result<()> {
    let mut all = Vec::new();
    for path in controls {
        let Some(bytes) = tree.file(path)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let mut settings = control::parse(&text);
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.trim_end_matches(".in").trim_end_matches(".control");
        about.sql.push(stem.to_owned());
        if let Some(comment) =
            settings.remove("comment").filter(|comment| !comment.is_empty() && about.description.is_none())
        {
            about.description = Some(Detected::new(comment, file));
        }
        about.sql_version = about.sql_version.take().or_else(|| control::default_version(&text));
        all.push(control::rights(&text).map(|rights| (SqlName::new(stem), rights)));
        let requires = settings.remove("requires").unwrap_or_default();
        for name in requires.split(',').map(|name| name.trim().trim_matches('"')) {
            if !name.is_empty() && name != "plpgsql" && !about.requires.iter().any(|known| known == name) {
                about.requires.push(name.to_owned());
            }
        }
    }
    about.control =
        all.into_iter().collect::<Option<_>>().map(Control).filter(|control| !control.0.is_empty());
    Ok(())
}

fn read_meta(meta: &Value, about: &mut About) {
    if let Some(line) = meta.get("abstract").and_then(Value::as_str).filter(|_| about.description.is_none()) {
        about.description = Some(Detected::new(line.to_owned(), "META.json"));
    }
    about.bounds = Bounds::of_meta(meta).map(|bounds| Detected::new(bounds, "META.json"));
}

/// Whether a make variable is given a value.
fn assigned(make: &str, variable: &str) -> bool {
    !words(make, variable).is_empty()
}

/// The words of a make variable, all assignments together.
fn words(make: &str, variable: &str) -> Vec<String> {
    let joined = make.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut words = Vec::new();
    for line in joined.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        if name.trim_end_matches([':', '+', '?', ' ', '\t']).trim() == variable {
            let value = value.split(" #").next().unwrap_or_default();
            words.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn read_make(make: &str, about: &mut About) {
    let mut seen = BTreeSet::new();
    for variable in ["SHLIB_LINK", "PG_LIBS", "LIBS", "LDFLAGS", "PG_LDFLAGS", "SHLIB_LINK_INTERNAL"] {
        for word in words(make, variable) {
            let Some(library) = word.strip_prefix("-l") else { continue };
            if let Some((_, attribute)) = LIBRARIES.iter().find(|(name, _)| *name == library)
                && seen.insert(*attribute)
            {
                about
                    .build_inputs
                    .push(Detected::new((*attribute).to_owned(), format!("{variable} has {word}")));
            }
        }
    }
    for (name, attribute) in [("curl-config", "curl"), ("xml2-config", "libxml2")] {
        if make.contains(name) && seen.insert(attribute) {
            about.build_inputs.push(Detected::new(attribute.to_owned(), format!("the Makefile runs {name}")));
        }
    }
    let program = |name: &str| {
        make.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).any(|word| word == name)
    };
    for (name, attribute) in [
        ("pkg-config", "pkg-config"),
        ("flex", "flex"),
        ("bison", "bison"),
        ("perl", "perl"),
        ("which", "which"),
    ] {
        if program(name) && seen.insert(attribute) {
            about.native_build_inputs.push(Detected::new(attribute.to_owned(), "the Makefile"));
        }
    }
}

/// A library that says itself that it must be preloaded.
fn preload(
    tree: &SourceTree,
    paths: &[String],
    make: &str,
    about: &About,
) -> std::io::Result<Option<Detected<Vec<String>>>> {
    let code = |path: &&String| [".c", ".cpp", ".rs"].iter().any(|ending| path.ends_with(ending));
    for path in paths.iter().filter(code) {
        let Some(bytes) = tree.file(path)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        // To ask is one thing, to tell the user about the setting another.
        let flag = "process_shared_preload_libraries_in_progress";
        if text.contains(flag) && text.replace(flag, "").contains("shared_preload_libraries") {
            let library = words(make, "MODULE_big")
                .into_iter()
                .chain(words(make, "MODULES"))
                .find(|word| !word.contains('$'));
            // MODULES may be paths.
            let library = library.map(|word| word.rsplit('/').next().unwrap_or_default().to_owned());
            let library = library.or_else(|| about.sql.first().cloned());
            return Ok(library.map(|library| Detected::new(vec![library], path.clone())));
        }
    }
    Ok(None)
}

fn cargo_description(text: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    Some(table.get("package")?.get("description")?.as_str()?.to_owned())
}
