//! One version of a hand-written extension: each attribute as a key of the catalogue, or left as it is written.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::phases;
use super::site::{Case, Site};
use super::source::{self, Fetched};
use super::value::{Definition, Entry, Knowledge, Value, entries};
use crate::nix::syntax::text;

/// Where the crates come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Crates {
    /// Nothing says it.
    #[default]
    Unsaid,
    /// `cargoHash`.
    Hash(String),
    /// A lock file beside the Nix file: its text, and the hashes of Git dependencies.
    Lock(String, BTreeMap<String, String>),
    /// The source's own lock file.
    Own(BTreeMap<String, String>),
}

/// A version of an extension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivation {
    /// Its version.
    pub version: String,
    /// Names of PostgreSQLs; empty: nothing says it.
    pub postgresql: Vec<String>,
    /// Where its source comes from.
    pub source: Option<Fetched>,
    /// The source's hash, SRI.
    pub hash: Option<String>,
    /// Its crates.
    pub crates: Crates,
    /// The version of cargo-pgrx.
    pub pgrx: Option<String>,
    /// The exact Rust.
    pub rust: Option<String>,
    /// Keys of the catalogue that are lists: `build-inputs`, `features`, …
    pub lists: BTreeMap<&'static str, Vec<String>>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Patches: name and text.
    pub patches: Vec<(String, String)>,
    /// Keys of the catalogue that are texts: `source-root`, `cargo-package`.
    pub texts: BTreeMap<&'static str, String>,
}

/// What all versions have in common.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// description, homepage, changelog (with `{version}`).
    pub meta: BTreeMap<&'static str, String>,
    /// `meta.license`, attribute names of lib.licenses.
    pub licenses: Vec<String>,
    /// A CREATE EXTENSION name that differs from the file's.
    pub sql: Option<String>,
    /// Not for macOS.
    pub linux_only: bool,
    /// `dontBuild`.
    pub builds_nothing: bool,
    /// Bounds on PostgreSQL's major version, from `meta.broken`.
    pub bounds: Vec<String>,
    /// What was not taken over.
    pub remarks: BTreeSet<String>,
}

/// What goes to the override.
#[derive(Clone, Debug)]
pub struct Left {
    /// The attribute.
    pub name: String,
    /// How it is combined with the generated one.
    pub how: How,
    /// What it is; the operands of `++` for a list.
    pub exprs: Vec<Definition>,
}

/// How an attribute is combined with the generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It stands for itself.
    Replaces,
    /// A list that is appended; each expression is an item.
    Items,
    /// A list that is appended; each expression is a list.
    Lists,
    /// A set that is merged.
    Merges,
}

/// Lists that are keys of the catalogue, and whether they are of packages.
const LISTS: [(&str, &str, bool); 6] = [
    ("buildInputs", "build-inputs", true),
    ("nativeBuildInputs", "native-build-inputs", true),
    ("makeFlags", "make-flags", false),
    ("configureFlags", "configure-flags", false),
    ("cmakeFlags", "cmake-flags", false),
    ("buildFeatures", "features", false),
];
/// What every derivation of an extension has and the generated one has by itself.
const OWN: [&str; 22] = [
    "pname",
    "name",
    "version",
    "src",
    "meta",
    "postgresql",
    "cargoHash",
    "cargoSha256",
    "cargoLock",
    "useFetchCargoVendor",
    "cargo-pgrx",
    "rustc",
    "cargo",
    "passthru",
    "enableParallelBuilding",
    "strictDeps",
    "__structuredAttrs",
    "enableUpdateScript",
    "auditable",
    "CARGO",
    "RUSTC",
    "previousVersions",
];
/// Settings that change nothing when they are as the builder has them.
const USUAL: [(&str, bool); 7] = [
    ("doCheck", false),
    ("doInstallCheck", false),
    ("dontConfigure", false),
    ("dontConfigure", true),
    ("dontBuild", false),
    ("dontDisableStatic", true),
    ("setOutputFlags", false),
];

/// Reads one case after another.
pub struct Reading<'a, 'b> {
    /// The file.
    pub known: &'a mut Knowledge<'b>,
    /// Its derivation.
    pub site: &'a Site,
    /// What all cases have in common.
    pub common: Common,
    /// What goes to the override, by attribute, each expression once.
    pub left: Vec<Left>,
    /// Whether it is a pgrx extension.
    pub is_pgrx: bool,
    /// The text of phases that were left out.
    pub dropped: String,
    /// What goes to the override for all versions, as it does for one.
    pub forced: HashSet<rnix::TextRange>,
}

impl Reading<'_, '_> {
    /// What is known of a definition: the same whatever the PostgreSQL.
    fn value(&mut self, definition: &Definition, case: &Case, majors: &[u32]) -> Value {
        if self.forced.contains(&range(definition)) {
            return Value::Unknown;
        }
        let value = self.plain(definition, case, 0);
        if is_known(&value) || majors.is_empty() || self.known.major.is_some() {
            return value;
        }
        let mut same: Option<Value> = None;
        for major in majors {
            self.known.major = Some(*major);
            let one = self.plain(definition, case, 0);
            self.known.major = None;
            if !is_known(&one) || same.as_ref().is_some_and(|same| *same != one) {
                return value;
            }
            same = Some(one);
        }
        same.unwrap_or(value)
    }

    fn plain(&self, definition: &Definition, case: &Case, depth: usize) -> Value {
        let value = self.known.definition(definition, &case.env);
        self.plain_value(value, depth)
    }

    fn plain_value(&self, value: Value, depth: usize) -> Value {
        match value {
            Value::Set(..) if depth < 4 => {
                let attrs = self.known.attrs(&value).unwrap_or_default();
                let plain = |(name, value)| (name, self.plain_value(value, depth + 1));
                Value::Attrs(attrs.into_iter().map(plain).collect())
            }
            Value::List(items) if depth < 4 => {
                Value::List(items.into_iter().map(|item| self.plain_value(item, depth + 1)).collect())
            }
            other => other,
        }
    }

    /// One case as a derivation.
    ///
    /// # Errors
    /// Why it is none for the catalogue.
    pub fn read(&mut self, case: &Case, majors: &[u32]) -> Result<Derivation, String> {
        let (entries, undecided) = self.site.attributes(self.known, case);
        for expr in undecided {
            let shown = shorten(&expr);
            self.common.remarks.insert(format!("`// {shown}` was left out"));
        }
        let mut own = Derivation::default();
        own.version = match &case.version {
            Some(version) => version.clone(),
            None => {
                let definition = super::site::definition(&entries, "version");
                let value =
                    definition.map(|definition| self.value(definition, case, majors)).unwrap_or_default();
                let own = value.text().map(str::to_owned);
                own.or_else(|| self.version_of_name(&entries, case))
                    .ok_or("its version is not written out")?
            }
        };
        own.postgresql = case.listed.get("postgresql").map(strings).unwrap_or_default();
        self.pgrx(&mut own, case, &entries, majors);
        self.source(&mut own, case, &entries, majors)?;
        for entry in &entries {
            self.attribute(entry, case, majors, &mut own);
        }
        if let Some(Value::List(patches)) = case.listed.get("patches")
            && own.patches.is_empty()
            && !entries.iter().any(|entry| entry.path == ["patches"])
        {
            for patch in patches.iter().filter_map(Value::text) {
                self.patch(&format!("./{patch}"), &mut own);
            }
        }
        Ok(own)
    }

    /// `name = "pg_similarity-1.0"`.
    fn version_of_name(&mut self, entries: &[Entry], case: &Case) -> Option<String> {
        if super::site::definition(entries, "version").is_some() {
            return None;
        }
        let name = self.site.value(self.known, entries, "name", &case.env);
        let parts = name.text()?.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
        let name = name.text()?;
        let at = parts.into_iter().find(|at| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
        Some(name[at + 1..].to_owned())
    }

    fn source(
        &mut self,
        own: &mut Derivation,
        case: &Case,
        entries: &[Entry],
        majors: &[u32],
    ) -> Result<(), String> {
        let definition = super::site::definition(entries, "src").ok_or("it has no src")?;
        let mut value = self.known.definition(definition, &case.env);
        let mut fetched = source::read(self.known, &value, &own.version);
        // What it depends on besides the version may be PostgreSQL's.
        if fetched.is_err()
            && let Some(major) = majors.first()
        {
            self.known.major = Some(*major);
            value = self.known.definition(definition, &case.env);
            fetched = source::read(self.known, &value, &own.version).or(fetched);
        }
        self.known.major = None;
        let (mut fetched, hash) = fetched?;
        let rev = case.listed.get("rev").or_else(|| case.listed.get("revision")).and_then(Value::text);
        if let Some(rev) = rev.filter(|_| !case.is_called) {
            fetched.check_out(rev);
        }
        own.source = Some(fetched);
        let listed = case.listed.get("hash").or_else(|| case.listed.get("sha256"));
        own.hash = listed.and_then(Value::text).and_then(source::sri).or(hash);
        Ok(())
    }

    /// The Rust toolchain and the crates.
    fn pgrx(&mut self, own: &mut Derivation, case: &Case, entries: &[Entry], majors: &[u32]) {
        if !self.is_pgrx {
            return;
        }
        let listed = |name: &str| case.listed.get(name).and_then(Value::text).map(str::to_owned);
        let builder = self.site.builder.syntax().text().to_string();
        let mut made_by = self.known.of(&self.site.builder, &case.env);
        if let Value::Name(name) = &made_by {
            own.pgrx = underscored(name);
            made_by = Value::Unknown;
        }
        let of_builder = |names: &[&str]| {
            names.iter().find_map(|name| self.known.select(&made_by, name)?.text().map(str::to_owned))
        };
        let by_name = super::site::definition(entries, "cargo-pgrx")
            .map(|definition| self.known.definition(definition, &case.env));
        if let Some(Value::Name(name)) = by_name {
            own.pgrx = underscored(&name).or(own.pgrx.take());
        }
        own.pgrx = listed("pgrx")
            .or_else(|| of_builder(&["pgrxVersion", "pgrx"]))
            .or(own.pgrx.take())
            .or_else(|| underscored(&builder));
        own.rust = listed("rust").or_else(|| of_builder(&["rustVersion", "rust"]));
        let hash = listed("cargoHash").or_else(|| {
            ["cargoHash", "cargoSha256"].into_iter().find_map(|name| {
                let definition = super::site::definition(entries, name)?;
                self.known.definition(definition, &case.env).text().map(str::to_owned)
            })
        });
        if let Some(hash) = hash.as_deref().and_then(source::sri) {
            own.crates = Crates::Hash(hash);
            return;
        }
        let Some(definition) = super::site::definition(entries, "cargoLock") else { return };
        let lock = self.value(definition, case, majors);
        let hashes = match &lock {
            Value::Attrs(attrs) => attrs.get("outputHashes").map(pairs).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        let file = match &lock {
            Value::Attrs(attrs) => attrs.get("lockFile").cloned().unwrap_or_default(),
            _ => Value::Unknown,
        };
        let file = match file {
            Value::Unknown => self.lock_file(definition, case),
            known => known,
        };
        own.crates = match file {
            Value::Path(path) => match (self.known.files)(&path) {
                Some(text) => Crates::Lock(text, hashes),
                None => {
                    self.common.remarks.insert(format!("the lock file {path} is not there"));
                    Crates::Own(hashes)
                }
            },
            _ => Crates::Own(hashes),
        };
    }

    /// `if pathExists "${src}/Cargo.lock" then … else ./Cargo.lock`: one's own is there for a reason.
    fn lock_file(&self, definition: &Definition, case: &Case) -> Value {
        let Definition::Expr(expr) = definition else { return Value::Unknown };
        let choices = expr.syntax().ancestors().last().into_iter().flat_map(|root| {
            root.descendants().filter_map(ast::IfElse::cast).filter(|choice| {
                choice.condition().is_some_and(|c| c.syntax().text().to_string().contains("Cargo.lock"))
            })
        });
        for choice in choices {
            for side in choice.body().into_iter().chain(choice.else_body()) {
                if let path @ Value::Path(_) = self.known.of(&side, &case.env) {
                    let Value::Path(name) = &path else { continue };
                    if (self.known.files)(name).is_some() {
                        return path;
                    }
                }
            }
        }
        Value::Unknown
    }

    fn attribute(&mut self, entry: &Entry, case: &Case, majors: &[u32], own: &mut Derivation) {
        let Some(name) = entry.path.first() else { return };
        let name = name.as_str();
        let definition = &entry.value;
        if name == "meta" {
            return self.meta(entry, case, majors);
        }
        if name == "env" {
            return self.environment(entry, case, majors, own);
        }
        if OWN.contains(&name) || name.starts_with("passthru") {
            return;
        }
        if let [_, _, ..] = entry.path.as_slice() {
            return self.leave(&entry.path.join("."), How::Replaces, definition);
        }
        if let Some((_, key, packages)) = LISTS.iter().find(|(nix, ..)| *nix == name) {
            return self.list(name, key, *packages, definition, case, majors, own);
        }
        match name {
            "patches" => self.patches(definition, case, majors, own),
            "sourceRoot" | "buildAndTestSubdir" | "setSourceRoot" => {
                let value = self.value(definition, case, majors);
                let root = value.text().map(|text| text.strip_prefix("source/").unwrap_or(text));
                match root.filter(|root| !root.is_empty() && name != "setSourceRoot") {
                    Some(root) => {
                        let key = if name == "sourceRoot" { "source-root" } else { "cargo-package" };
                        own.texts.insert(key, root.to_owned());
                    }
                    None => self.leave(name, How::Replaces, definition),
                }
            }
            "dontBuild" if matches!(self.value(definition, case, majors), Value::Bool(true)) => {
                self.common.builds_nothing = true;
            }
            _ if name.ends_with("Phase") || phases::is_hook(name) => self.phase(name, definition, case, own),
            _ => self.other(name, definition, case, majors, own),
        }
    }

    fn other(
        &mut self,
        name: &str,
        definition: &Definition,
        case: &Case,
        majors: &[u32],
        own: &mut Derivation,
    ) {
        let value = self.value(definition, case, majors);
        let usual =
            |(known, usual): &(&str, bool)| *known == name && matches!(value, Value::Bool(v) if v == *usual);
        if USUAL.iter().any(usual) {
            return;
        }
        let is_variable = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        match variable(&value).filter(|_| is_variable) {
            Some(text) if text.is_empty() => {}
            Some(text) => drop(own.env.insert(name.to_owned(), text)),
            // The builder has items of its own in them.
            None if name.ends_with("Flags") || name.ends_with("Inputs") => self.leave_list(name, definition),
            None => self.leave(name, How::Replaces, definition),
        }
    }

    fn leave_list(&mut self, name: &str, definition: &Definition) {
        let Definition::Expr(expr) = definition else {
            return self.leave(name, How::Lists, definition);
        };
        for operand in operands(expr.clone()) {
            match &operand {
                Expr::List(list) => {
                    for item in list.items() {
                        self.leave(name, How::Items, &Definition::Expr(item));
                    }
                }
                _ => self.leave(name, How::Lists, &Definition::Expr(operand)),
            }
        }
    }

    fn environment(&mut self, entry: &Entry, case: &Case, majors: &[u32], own: &mut Derivation) {
        let value = self.value(&entry.value, case, majors);
        if let [_, name] = entry.path.as_slice() {
            match variable(&value) {
                Some(text) if text.is_empty() => {}
                Some(text) => drop(own.env.insert(name.clone(), text)),
                None => self.leave(&format!("env.{name}"), How::Replaces, &entry.value),
            }
            return;
        }
        // A set that is written out is taken variable by variable.
        if let Definition::Expr(Expr::AttrSet(set)) = &entry.value {
            for inner in entries(set) {
                if let [name] = inner.path.as_slice() {
                    let path = vec!["env".to_owned(), name.clone()];
                    self.environment(&Entry { path, value: inner.value }, case, majors, own);
                }
            }
            return;
        }
        match &value {
            Value::Attrs(attrs) if attrs.values().all(|value| variable(value).is_some()) => {
                own.env
                    .extend(attrs.iter().filter_map(|(name, value)| Some((name.clone(), variable(value)?))));
            }
            _ => self.leave("env", How::Merges, &entry.value),
        }
    }

    /// What is an item of the catalogue becomes one; the rest of the list goes to the override.
    #[allow(clippy::too_many_arguments, reason = "all that one attribute depends on")]
    fn list(
        &mut self,
        name: &str,
        key: &'static str,
        packages: bool,
        definition: &Definition,
        case: &Case,
        majors: &[u32],
        own: &mut Derivation,
    ) {
        let Definition::Expr(expr) = definition else {
            return self.leave(name, How::Lists, definition);
        };
        let mut items = Vec::new();
        for operand in operands(expr.clone()) {
            let shown = operand.syntax().text().to_string();
            if packages && matches!(shown.as_str(), "postgresql.buildInputs" | "postgresql.nativeBuildInputs")
            {
                self.leave(name, How::Lists, &Definition::Expr(operand));
                continue;
            }
            if let Expr::List(list) = &operand {
                for item in list.items() {
                    // The toolchain is the builder's, whichever it is.
                    let shown = item.syntax().text().to_string();
                    if self.is_pgrx && matches!(shown.as_str(), "cargo" | "rustc" | "rustfmt") {
                        continue;
                    }
                    let value = self.value(&Definition::Expr(item.clone()), case, majors);
                    match self.item(&value, packages, case) {
                        Some(item) => items.extend(item),
                        None => self.leave(name, How::Items, &Definition::Expr(item)),
                    }
                }
                continue;
            }
            let value = self.value(&Definition::Expr(operand.clone()), case, majors);
            let all: Option<Vec<Option<String>>> = match &value {
                Value::List(values) => values.iter().map(|value| self.item(value, packages, case)).collect(),
                // A flag that is left to the word splitting of the shell.
                Value::Text(_) if !packages => None,
                _ => None,
            };
            match all {
                Some(all) => items.extend(all.into_iter().flatten()),
                None => self.leave(name, How::Lists, &Definition::Expr(operand)),
            }
        }
        // The builder adds the one for PostgreSQL.
        if key == "features" {
            items.retain(|item| item.strip_prefix("pg").is_none_or(|major| major.parse::<u32>().is_err()));
        }
        if !items.is_empty() {
            own.lists.insert(key, items);
        }
    }

    /// `Some(None)`: it is there anyway.
    fn item(&self, value: &Value, packages: bool, case: &Case) -> Option<Option<String>> {
        if !packages {
            return value.text().map(|text| Some(text.to_owned()));
        }
        let Value::Name(name) = value else { return None };
        let toolchain = self.is_pgrx
            && (name.starts_with("rust-bin.")
                || matches!(name.as_str(), "cargo" | "rustc" | "rustfmt" | "cargo-pgrx"));
        let own = matches!(name.as_str(), "postgresql" | "postgresql.pg_config" | "postgresql.dev");
        let _ = case;
        Some((!own && !toolchain).then(|| name.clone()))
    }

    fn patches(&mut self, definition: &Definition, case: &Case, majors: &[u32], own: &mut Derivation) {
        let Definition::Expr(expr) = definition else {
            return self.leave("patches", How::Lists, definition);
        };
        for operand in operands(expr.clone()) {
            let values: Vec<(Definition, Value)> = match &operand {
                Expr::List(list) => list
                    .items()
                    .map(|item| {
                        let definition = Definition::Expr(item);
                        let value = self.value(&definition, case, majors);
                        (definition, value)
                    })
                    .collect(),
                _ => {
                    let definition = Definition::Expr(operand);
                    match self.value(&definition, case, majors) {
                        Value::List(items) if items.iter().all(|item| matches!(item, Value::Path(_))) => {
                            items.into_iter().map(|item| (definition.clone(), item)).collect()
                        }
                        _ => {
                            self.leave("patches", How::Lists, &definition);
                            continue;
                        }
                    }
                }
            };
            for (definition, value) in values {
                match value {
                    Value::Path(path) => self.patch(&path, own),
                    _ => self.leave("patches", How::Items, &definition),
                }
            }
        }
    }

    fn patch(&mut self, path: &str, own: &mut Derivation) {
        let name = path.rsplit('/').next().unwrap_or(path);
        match (self.known.files)(path) {
            Some(text) => own.patches.push((name.to_owned(), text)),
            None => drop(self.common.remarks.insert(format!("the patch {path} is not there"))),
        }
    }

    fn phase(&mut self, name: &str, definition: &Definition, case: &Case, own: &mut Derivation) {
        let Definition::Expr(expr) = definition else {
            return self.leave(name, How::Replaces, definition);
        };
        let words = phases::words(self.known, expr, &case.env);
        if name == "installPhase" && self.common.sql.is_none() {
            self.common.sql = phases::sql_name(&words);
        }
        if phases::says_nothing(name, &words) {
            return;
        }
        if name == "buildPhase"
            && let Some(flags) = phases::make_flags(&words)
        {
            self.common.builds_nothing |= words.trim() == ":";
            let known = own.lists.entry("make-flags").or_default();
            known.extend(flags.into_iter().filter(|flag| !flag.starts_with("PG_CONFIG=")));
            if known.is_empty() {
                own.lists.remove("make-flags");
            }
            return;
        }
        let shown = expr.syntax().text().to_string();
        if matches!(name, "installPhase" | "postInstall") && phases::is_side_by_side(&shown) {
            self.common.remarks.insert(format!(
                "{name} was left out: it puts several versions into one PostgreSQL, and here each is a package"
            ));
            self.dropped.push_str(&shown);
            return;
        }
        self.leave(name, How::Replaces, definition);
    }

    fn meta(&mut self, entry: &Entry, case: &Case, majors: &[u32]) {
        if let [_, name] = entry.path.as_slice() {
            return super::meta::attribute(self, name, &entry.value, case, majors);
        }
        let set = match &entry.value {
            Definition::Expr(expr) => super::site::written_set(expr.clone()),
            _ => None,
        };
        let Some(set) = set else {
            self.common.remarks.insert("meta is no plain attribute set".into());
            return;
        };
        for inner in entries(&set) {
            if let [name] = inner.path.as_slice() {
                super::meta::attribute(self, name, &inner.value, case, majors);
            }
        }
    }

    /// What is known of a definition with another version in its place, or with another platform.
    pub(super) fn known_value(&mut self, definition: &Definition, case: &Case, majors: &[u32]) -> Value {
        self.value(definition, case, majors)
    }

    /// Forgets what was read but for what goes to the override, and says whether another reading would differ.
    pub fn again(&mut self) -> bool {
        let left: HashSet<rnix::TextRange> =
            self.left.iter().flat_map(|left| &left.exprs).map(range).collect();
        let more = left.difference(&self.forced).next().is_some();
        if more {
            self.forced.extend(left);
            self.left.clear();
            self.common = Common::default();
            self.dropped.clear();
        }
        more
    }

    /// Without attributes that only what was left out needs.
    pub fn left(&self) -> Vec<Left> {
        let word = |text: &str, name: &str| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "_'-".contains(c))).any(|word| word == name)
        };
        let needed = |left: &&Left| {
            let plain =
                left.how == How::Replaces && !left.name.contains('.') && !phases::is_known(&left.name);
            let others =
                self.left.iter().filter(|other| other.name != left.name).flat_map(|other| &other.exprs);
            let in_others = || {
                others.into_iter().any(|definition| match definition {
                    Definition::Expr(expr) => word(&expr.syntax().text().to_string(), &left.name),
                    _ => false,
                })
            };
            !(plain && word(&self.dropped, &left.name) && !in_others())
        };
        self.left.iter().filter(needed).cloned().collect()
    }

    fn leave(&mut self, name: &str, how: How, definition: &Definition) {
        let same = |a: &Definition, b: &Definition| match (a, b) {
            (Definition::Expr(a), Definition::Expr(b)) => a.syntax() == b.syntax(),
            (Definition::Inherited(_, a), Definition::Inherited(_, b)) => a == b,
            (Definition::From(a, x), Definition::From(b, y)) => a.syntax() == b.syntax() && x == y,
            _ => false,
        };
        match self.left.iter_mut().find(|left| left.name == name && left.how == how) {
            Some(left) if how == How::Replaces || how == How::Merges => {
                // Of two versions with different texts the later one's holds.
                if !left.exprs.iter().any(|known| same(known, definition)) {
                    left.exprs = vec![definition.clone()];
                    self.common
                        .remarks
                        .insert(format!("{name} differs between versions: look at the override"));
                }
            }
            Some(left) => {
                if !left.exprs.iter().any(|known| same(known, definition)) {
                    left.exprs.push(definition.clone());
                }
            }
            None => {
                self.left.push(Left { name: name.to_owned(), how, exprs: vec![definition.clone()] });
            }
        }
    }
}

fn range(definition: &Definition) -> rnix::TextRange {
    match definition {
        Definition::Expr(expr) | Definition::From(expr, _) => expr.syntax().text_range(),
        Definition::Inherited(_, range) => *range,
    }
}

/// The first words of an expression, for a message.
pub(super) fn shorten(expr: &Expr) -> String {
    let text = expr.syntax().text().to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() > 60 { text.chars().take(60).chain(['…']).collect() } else { text }
}

/// The lists that are put together with `++`.
fn operands(expr: Expr) -> Vec<Expr> {
    match text::peel(expr) {
        Expr::BinOp(operation) if operation.operator() == Some(ast::BinOpKind::Concat) => {
            operation.lhs().into_iter().chain(operation.rhs()).flat_map(operands).collect()
        }
        other => vec![other],
    }
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::Unknown | Value::ServerVersion | Value::Set(..) | Value::Lambda(..) | Value::Partial(..) => {
            false
        }
        Value::Text(_) => value.text().is_some(),
        Value::List(items) => items.iter().all(is_known),
        Value::Attrs(attrs) => attrs.values().all(is_known),
        _ => true,
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().filter_map(Value::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn pairs(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Attrs(attrs) => attrs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), source::sri(value.text()?)?)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// As mkDerivation puts a value into the environment.
fn variable(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(true) => Some("1".into()),
        other => other.text().map(str::to_owned),
    }
}

/// `buildPgrxExtension_0_12_6` is 0.12.6.
fn underscored(name: &str) -> Option<String> {
    let at = name.find("_0_").or_else(|| name.find("_1_"))?;
    let digits: String = name[at + 1..].chars().take_while(|c| c.is_ascii_digit() || *c == '_').collect();
    Some(digits.trim_end_matches('_').replace('_', "."))
}

/// The majors of the PostgreSQLs that a case is for.
pub fn majors_of(case: &Case, postgresqls: &[(String, u32)]) -> Vec<u32> {
    let names = case.listed.get("postgresql").map(strings).unwrap_or_default();
    let mut majors: Vec<u32> = names
        .iter()
        .filter_map(|name| {
            let known = postgresqls.iter().find(|(known, _)| known == name).map(|(_, major)| *major);
            known.or_else(|| name.parse().ok())
        })
        .collect();
    majors.sort_unstable();
    majors.dedup();
    majors
}

impl Reading<'_, '_> {
    /// `versions.${lib.versions.major postgresql.version}`: a version for each PostgreSQL.
    pub fn by_major(&mut self, postgresqls: &[(String, u32)]) -> Vec<Derivation> {
        let mut all: Vec<Derivation> = Vec::new();
        for (name, major) in postgresqls {
            let case = self.site.only();
            self.known.major = Some(*major);
            let (entries, _) = self.site.attributes(self.known, &case);
            let version = self.site.value(self.known, &entries, "version", &case.env);
            self.known.major = None;
            let Some(version) = version.text().map(str::to_owned) else { continue };
            if let Some(known) = all.iter_mut().find(|known| known.version == version) {
                known.postgresql.push(name.clone());
                continue;
            }
            let case = Case { version: Some(version), ..case };
            if let Ok(mut own) = self.read(&case, &[*major]) {
                own.postgresql = vec![name.clone()];
                all.push(own);
            }
        }
        all
    }
}
