//! Each attribute of a derivation as a key of the catalogue, or left for the override.

use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::derivation::{Derivation, How};
use super::phases;
use super::reading::Reading;
use super::site::{self, Case};
use super::value::{Definition, Entry, Value, entries};
use crate::catalogue::kinds::Kind;
use crate::nix::syntax::text;

/// Lists that are keys of the catalogue for several kinds, and whether they are of packages.
const LISTS: [(&str, &str, bool); 4] = [
    ("buildInputs", "build-inputs", true),
    ("nativeBuildInputs", "native-build-inputs", true),
    ("makeFlags", "make-flags", false),
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
/// Arguments of nixpkgs' buildPgrxExtension that it reads itself: in overrideAttrs they are without effect.
const OF_BUILDER: [&str; 6] = [
    "usePgTestCheckFeature",
    "buildNoDefaultFeatures",
    "checkFeatures",
    "checkNoDefaultFeatures",
    "useFakeRustfmt",
    "bindgenHook",
];
/// Arguments of it that are switches, the value that turns something off, and the key for that.
const SWITCHES: [(&str, bool, &str); 2] = [
    ("buildNoDefaultFeatures", true, "default-features"),
    ("usePgTestCheckFeature", false, "pg-test-feature"),
];
/// Settings that change nothing when they are as the builder has them.
const USUAL: [(&str, bool); 4] =
    [("doCheck", false), ("doInstallCheck", false), ("dontConfigure", false), ("dontBuild", false)];

impl Reading<'_, '_> {
    pub(super) fn attribute(&mut self, entry: &Entry, case: &Case, majors: &[u32], own: &mut Derivation) {
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
        if self.is_pgrx
            && let Some((_, off, key)) = SWITCHES.iter().find(|(nix, ..)| *nix == name)
            && let Value::Bool(value) = self.value(definition, case, majors)
        {
            if value == *off {
                own.switches.insert(key, false);
            }
            return;
        }
        if self.is_pgrx && OF_BUILDER.contains(&name) {
            let why = "the builder reads it, before an override could change it";
            self.common.remarks.insert(format!("{name} was left out: {why}"));
            return;
        }
        if let [_, _, ..] = entry.path.as_slice() {
            return self.leave(&entry.path.join("."), How::Replaces, definition);
        }
        if let Some((_, key, packages)) = LISTS.iter().find(|(nix, ..)| *nix == name) {
            return self.list(name, key, *packages, definition, case, majors, own);
        }
        if let Some(flags) = Kind::all().flat_map(|kind| kind.flags()).find(|flags| flags.attribute == name) {
            return self.list(name, flags.key, false, definition, case, majors, own);
        }
        match name {
            "patches" => self.patches(definition, case, majors, own),
            "sourceRoot" | "buildAndTestSubdir" | "setSourceRoot" => {
                let value = self.value(definition, case, majors);
                let root = value.text().map(|text| text.strip_prefix("source/").unwrap_or(text));
                let root = match name {
                    // As we write it.
                    "setSourceRoot" => root
                        .and_then(|text| text.strip_prefix("sourceRoot=$(echo */'")?.strip_suffix("')"))
                        .filter(|root| !root.contains('\'')),
                    _ => root,
                };
                match root.filter(|root| !root.is_empty()) {
                    Some(root) => {
                        let key = if name == "buildAndTestSubdir" { "cargo-package" } else { "source-root" };
                        own.texts.insert(key, root.to_owned());
                    }
                    None => self.leave(name, How::Replaces, definition),
                }
            }
            "dontBuild" if matches!(self.value(definition, case, majors), Value::Bool(true)) => {
                self.common.builds_nothing = true;
            }
            _ if name.ends_with("Phase") || phases::is_hook(name) => {
                self.phase(name, definition, case, majors, own)
            }
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
            // A list that the version gives.
            let value = self.value(definition, case, majors);
            let items = match &value {
                Value::List(values) => values.iter().map(|value| self.item(value, packages)).collect(),
                _ => None::<Vec<Option<String>>>,
            };
            match items {
                Some(items) if items.is_empty() => {}
                Some(items) => drop(own.lists.insert(key, items.into_iter().flatten().collect())),
                None => self.leave(name, How::Lists, definition),
            }
            return;
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
                    if !packages && phases::is_place(&shown) {
                        continue;
                    }
                    let value = self.value(&Definition::Expr(item.clone()), case, majors);
                    match self.item(&value, packages) {
                        Some(item) => items.extend(item),
                        None => self.leave(name, How::Items, &Definition::Expr(item)),
                    }
                }
                continue;
            }
            let value = self.value(&Definition::Expr(operand.clone()), case, majors);
            let all: Option<Vec<Option<String>>> = match &value {
                Value::List(values) => values.iter().map(|value| self.item(value, packages)).collect(),
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
    fn item(&self, value: &Value, packages: bool) -> Option<Option<String>> {
        if !packages {
            return value.text().map(|text| Some(text.to_owned()));
        }
        let Value::Name(name) = value else { return None };
        let toolchain = self.is_pgrx
            && (name.starts_with("rust-bin.")
                || matches!(name.as_str(), "cargo" | "rustc" | "rustfmt" | "cargo-pgrx"));
        let own = matches!(name.as_str(), "postgresql" | "postgresql.pg_config" | "postgresql.dev");
        Some((!own && !toolchain).then(|| name.clone()))
    }

    fn patches(&mut self, definition: &Definition, case: &Case, majors: &[u32], own: &mut Derivation) {
        let Definition::Expr(expr) = definition else {
            let value = self.value(definition, case, majors);
            match value {
                Value::List(items) if items.iter().all(|item| matches!(item, Value::Path(_))) => {
                    for item in items {
                        if let Value::Path(path) = item {
                            self.patch(&path, own);
                        }
                    }
                }
                _ => self.leave("patches", How::Lists, definition),
            }
            return;
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

    pub(super) fn patch(&mut self, path: &str, own: &mut Derivation) {
        let name = path.rsplit('/').next().unwrap_or(path);
        match (self.known.files)(path) {
            Some(text) => own.patches.push((name.to_owned(), text)),
            None => drop(self.common.remarks.insert(format!("the patch {path} is not there"))),
        }
    }

    fn phase(
        &mut self,
        name: &str,
        definition: &Definition,
        case: &Case,
        majors: &[u32],
        own: &mut Derivation,
    ) {
        // `optionalString` of a condition that holds for no PostgreSQL of the catalogue.
        if self.value(definition, case, majors).text() == Some("") {
            return;
        }
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
                "{name} was left out: it puts several versions into one PostgreSQL, as side-by-side = true does here"
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
            Definition::Expr(expr) => site::written_set(expr.clone()),
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

/// As mkDerivation puts a value into the environment.
fn variable(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(true) => Some("1".into()),
        other => other.text().map(str::to_owned),
    }
}
