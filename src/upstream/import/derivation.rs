//! A hand-written derivation of an extension, read from its syntax: nothing is evaluated.
//!
//! `version` stays `{version}` in all texts, so that what comes out is a template for every version.

use std::collections::{BTreeMap, HashMap};

use rnix::ast::{self, Expr, HasEntry, InterpolPart};
use rowan::ast::AstNode;

/// What a derivation says.
#[derive(Clone, Debug, Default)]
pub struct Derivation {
    /// `buildPgrxExtension`, `stdenv.mkDerivation`, …
    pub builder: String,
    /// `pname`, or `name` without the version.
    pub name: Option<String>,
    /// `version`, where it is written out.
    pub version: Option<String>,
    /// The source.
    pub source: Option<Fetched>,
    /// The hash of the source, SRI, where it is written out.
    pub hash: Option<String>,
    /// `cargoHash`, where it is written out and SHA-256.
    pub cargo_hash: Option<String>,
    /// Lists by Nix attribute: `buildInputs`, `makeFlags`, …
    pub lists: BTreeMap<&'static str, Vec<String>>,
    /// Texts of `meta`: description, homepage, changelog.
    pub meta: BTreeMap<&'static str, String>,
    /// `meta.license`, attribute names of lib.licenses.
    pub licenses: Vec<String>,
    /// Local patch files, as written.
    pub patches: Vec<String>,
    /// The folder that is built.
    pub source_root: Option<String>,
    /// Bounds on PostgreSQL from `meta.broken`: `>=14`.
    pub bounds: Vec<String>,
    /// What the catalogue has no key for: attribute and its text.
    pub rest: Vec<(String, String)>,
    /// What could not be understood.
    pub remarks: Vec<String>,
    /// The function's formal arguments.
    pub formals: Vec<String>,
}

/// A source's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// fetchFromGitHub.
    GitHub {
        /// `OWNER/REPO`.
        name: String,
        /// The tag, with `{version}`.
        tag: Option<String>,
        /// The commit.
        rev: Option<String>,
        /// With submodules.
        submodules: bool,
    },
    /// fetchurl.
    Url(String),
    /// fetchgit.
    Git {
        /// Where.
        url: String,
        /// The commit or reference.
        rev: String,
    },
}

/// Lists that are keys of the catalogue.
const LISTS: [&str; 5] = ["buildInputs", "nativeBuildInputs", "makeFlags", "configureFlags", "cmakeFlags"];
/// What every derivation of an extension has and the generated one has by itself.
const OWN: [&str; 14] = [
    "pname",
    "name",
    "version",
    "src",
    "meta",
    "postgresql",
    "cargoHash",
    "cargo-pgrx",
    "rustc",
    "cargo",
    "passthru",
    "enableParallelBuilding",
    "strictDeps",
    "__structuredAttrs",
];

/// Reads a file. `None`: no derivation with a source is in it.
pub fn read(text: &str) -> Option<Derivation> {
    let root = rnix::Root::parse(text);
    let tree = root.tree();
    let scope = Scope::new(&tree);
    let (builder, set) = tree.syntax().descendants().filter_map(ast::Apply::cast).find_map(|apply| {
        let set = attribute_set(apply.argument()?)?;
        let builder = apply.lambda()?.syntax().text().to_string();
        let known = [
            "mkDerivation",
            "buildPgrxExtension",
            "ostgresqlBuildExtension",
            "buildPostgresqlExtension",
            "buildExtension",
        ];
        let is_derivation = known.iter().any(|name| builder.contains(name));
        (is_derivation && find(&set, "src").is_some()).then_some((builder, set))
    })?;
    let mut derivation = Derivation { builder, formals: formals(&tree), ..Derivation::default() };
    let scope = scope.with(&set);
    derivation.read_set(&set, &scope);
    Some(derivation)
}

/// The attribute set behind parentheses, `finalAttrs:`, `let` and `with`.
fn attribute_set(expr: Expr) -> Option<ast::AttrSet> {
    match expr {
        Expr::AttrSet(set) => Some(set),
        Expr::Paren(inner) => attribute_set(inner.expr()?),
        Expr::Lambda(lambda) => attribute_set(lambda.body()?),
        Expr::LetIn(inner) => attribute_set(inner.body()?),
        Expr::With(inner) => attribute_set(inner.body()?),
        // `{ … } // lib.optionalAttrs …`: the left side is the derivation.
        Expr::BinOp(operation) => attribute_set(operation.lhs()?),
        _ => None,
    }
}

fn formals(tree: &ast::Root) -> Vec<String> {
    let Some(Expr::Lambda(lambda)) = tree.expr() else { return Vec::new() };
    let Some(ast::Param::Pattern(pattern)) = lambda.param() else { return Vec::new() };
    pattern.pat_entries().filter_map(|entry| Some(entry.ident()?.to_string())).collect()
}

fn path(attrpath: &ast::Attrpath) -> String {
    attrpath.attrs().map(|attr| attr.syntax().text().to_string()).collect::<Vec<_>>().join(".")
}

fn find(set: &ast::AttrSet, name: &str) -> Option<Expr> {
    set.attrpath_values().find(|entry| entry.attrpath().is_some_and(|p| path(&p) == name))?.value()
}

/// What names stand for: all `let` bindings of the file and the attributes of the set.
struct Scope {
    names: HashMap<String, Expr>,
}

impl Scope {
    fn new(tree: &ast::Root) -> Self {
        let mut names = HashMap::new();
        for binding in tree.syntax().descendants().filter_map(ast::LetIn::cast) {
            for entry in binding.attrpath_values() {
                if let (Some(name), Some(value)) = (entry.attrpath(), entry.value()) {
                    names.insert(path(&name), value);
                }
            }
        }
        Self { names }
    }

    fn with(mut self, set: &ast::AttrSet) -> Self {
        for entry in set.attrpath_values() {
            if let (Some(name), Some(value)) = (entry.attrpath(), entry.value()) {
                self.names.insert(path(&name), value);
            }
        }
        self
    }

    /// A text; `None` where it depends on what only evaluation tells.
    fn text(&self, expr: &Expr, depth: usize) -> Option<String> {
        if depth == 0 {
            return None;
        }
        match expr {
            Expr::Str(string) => {
                let mut text = String::new();
                for part in string.normalized_parts() {
                    match part {
                        InterpolPart::Literal(literal) => text.push_str(&literal),
                        InterpolPart::Interpolation(inner) => {
                            text.push_str(&self.text(&inner.expr()?, depth - 1)?)
                        }
                    }
                }
                Some(text)
            }
            Expr::Ident(ident) => match ident.to_string().as_str() {
                "version" => Some("{version}".to_owned()),
                name => self.text(self.names.get(name)?, depth - 1),
            },
            Expr::Select(select) => {
                let base = select.expr()?.syntax().text().to_string();
                let name = path(&select.attrpath()?);
                match (base.as_str(), name.as_str()) {
                    ("finalAttrs" | "self" | "final", "version") => Some("{version}".to_owned()),
                    ("finalAttrs" | "self" | "final", name) => self.text(self.names.get(name)?, depth - 1),
                    ("src" | "finalAttrs.src", name) => self.of_source(name, depth),
                    _ => None,
                }
            }
            Expr::Paren(inner) => self.text(&inner.expr()?, depth - 1),
            Expr::Apply(_) => {
                let text = expr.syntax().text().to_string();
                let words: Vec<&str> = text.split_whitespace().collect();
                let call = words.join(" ").replace("[ ", "[").replace(" ]", "]");
                let (function, arguments) = call.split_once(' ')?;
                let underscored = arguments.starts_with("[\".\"] [\"_\"]") && arguments.ends_with("version");
                (function.ends_with("replaceStrings") && underscored).then(|| "{version_}".to_owned())
            }
            Expr::Literal(literal) => Some(literal.to_string()).filter(|text| text.contains("://")),
            _ => None,
        }
    }

    fn of_source(&self, name: &str, depth: usize) -> Option<String> {
        let Expr::Apply(apply) = self.names.get("src")? else { return None };
        let set = attribute_set(apply.argument()?)?;
        self.text(&find(&set, name)?, depth - 1)
    }
}

/// Names nested deeper than this are a loop.
const DEPTH: usize = 16;

fn sri(text: &str) -> Option<String> {
    use crate::store::hash::{Algorithm, Hash};
    Hash::parse(text, Some(Algorithm::Sha256))
        .ok()
        .filter(|hash| hash.bytes().iter().any(|b| *b != 0))
        .map(|hash| hash.to_sri())
}

impl Derivation {
    fn read_set(&mut self, set: &ast::AttrSet, scope: &Scope) {
        let text = |name: &str| scope.text(&find(set, name)?, DEPTH);
        self.version = find(set, "version").and_then(|expr| match expr {
            Expr::Ident(_) => scope.names.get("version").and_then(|value| match value {
                Expr::Str(_) => scope.text(value, DEPTH),
                _ => None,
            }),
            expr => scope.text(&expr, DEPTH),
        });
        self.version = self.version.take().filter(|version| !version.contains('{'));
        self.name =
            text("pname").or_else(|| text("name").map(|name| name.trim_end_matches("-{version}").to_owned()));
        self.cargo_hash = text("cargoHash").and_then(|hash| sri(&hash));
        if let Some(expr) = find(set, "src") {
            self.read_source(&expr, scope);
        }
        for entry in set.attrpath_values() {
            let (Some(name), Some(value)) = (entry.attrpath(), entry.value()) else { continue };
            self.read_attribute(&path(&name), &value, scope);
        }
        for inherit in set.inherits() {
            for attr in inherit.attrs() {
                let name = attr.syntax().text().to_string();
                if !OWN.contains(&name.as_str()) {
                    self.remarks.push(format!("inherit {name} was left out"));
                }
            }
        }
    }

    fn read_source(&mut self, expr: &Expr, scope: &Scope) {
        let found = match expr {
            Expr::Apply(apply) => apply.lambda().zip(apply.argument().and_then(attribute_set)),
            Expr::Ident(ident) => match scope.names.get(&ident.to_string()) {
                Some(Expr::Apply(apply)) => apply.lambda().zip(apply.argument().and_then(attribute_set)),
                _ => None,
            },
            _ => None,
        };
        let Some((fetcher, set)) = found else {
            self.remarks.push("its src is no call of a fetcher".into());
            return;
        };
        let text = |name: &str| scope.text(&find(&set, name)?, DEPTH);
        let tag = text("tag");
        let rev = text("rev");
        self.hash = ["hash", "sha256"].into_iter().find_map(text).and_then(|hash| sri(&hash));
        let submodules = find(&set, "fetchSubmodules").is_some_and(|expr| expr.syntax().text() == "true");
        let fetcher = fetcher.syntax().text().to_string();
        self.source = match fetcher.rsplit('.').next().unwrap_or_default() {
            "fetchFromGitHub" => match (text("owner"), text("repo")) {
                (Some(owner), Some(repo)) => {
                    let rev_tag = rev.as_ref().and_then(|rev| {
                        let plain = rev.strip_prefix("refs/tags/").unwrap_or(rev);
                        let is_tag = !super::super::git::is_commit(plain)
                            && (plain != rev || plain.contains("{version}") || plain.contains('.'));
                        is_tag.then(|| plain.to_owned())
                    });
                    let tag = tag.or(rev_tag);
                    let rev = if tag.is_some() { None } else { rev };
                    Some(Fetched::GitHub { name: format!("{owner}/{repo}"), tag, rev, submodules })
                }
                _ => None,
            },
            "fetchurl" => text("url").map(Fetched::Url),
            "fetchgit" => text("url").zip(tag.or(rev)).map(|(url, rev)| Fetched::Git { url, rev }),
            other => {
                self.remarks.push(format!("{other} is no fetcher that the catalogue has"));
                return;
            }
        };
        if self.source.is_none() {
            self.remarks.push(format!("the arguments of {fetcher} depend on more than the version"));
        }
    }

    fn read_attribute(&mut self, name: &str, value: &Expr, scope: &Scope) {
        if let Some(known) = LISTS.iter().find(|known| **known == name) {
            match self.list(value, scope, name.ends_with("Inputs")) {
                Some(list) => drop(self.lists.insert(known, list)),
                None => self.rest.push((name.to_owned(), value.syntax().text().to_string())),
            }
            return;
        }
        match name {
            "meta" => self.read_meta(value, scope),
            _ if name.starts_with("meta.") => {
                self.meta_attribute(&name["meta.".len()..], value, scope);
            }
            "patches" => match self.list(value, scope, true) {
                Some(list) if list.iter().all(|path| path.starts_with("./") || path.starts_with("../")) => {
                    self.patches = list
                }
                _ => self.rest.push((name.to_owned(), value.syntax().text().to_string())),
            },
            "sourceRoot" | "buildAndTestSubdir" => {
                let text = scope.text(value, DEPTH).unwrap_or_default();
                let root = text.strip_prefix("source/").unwrap_or(&text);
                match root.is_empty() || root.contains('{') {
                    true => self.rest.push((name.to_owned(), value.syntax().text().to_string())),
                    false => self.source_root = Some(root.to_owned()),
                }
            }
            "installPhase" if only_copies(&scope_text(value)) => {}
            "doCheck" | "dontConfigure" | "doInstallCheck" if value.syntax().text() == "false" => {}
            _ if OWN.contains(&name) || name.starts_with("passthru.") => {}
            _ => self.rest.push((name.to_owned(), value.syntax().text().to_string())),
        }
    }

    /// `None`: more than names and texts. PostgreSQL itself is always there and left out.
    fn list(&self, value: &Expr, scope: &Scope, names: bool) -> Option<Vec<String>> {
        match value {
            Expr::List(list) => list
                .items()
                .map(|item| match &item {
                    Expr::Ident(_) | Expr::Select(_) if names => Some(item.syntax().text().to_string()),
                    Expr::PathRel(_) if names => Some(item.syntax().text().to_string()),
                    // The catalogue replaces {version} in sources only.
                    Expr::Str(_) if !names => {
                        scope.text(&item, DEPTH).filter(|text| !text.contains("{version"))
                    }
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(|all| {
                    all.into_iter()
                        .filter(|name| !matches!(name.as_str(), "postgresql" | "postgresql.pg_config"))
                        .collect()
                }),
            Expr::Paren(inner) => self.list(&inner.expr()?, scope, names),
            Expr::BinOp(operation) => {
                // `postgresql.buildInputs ++ [ … ]`
                let (left, right) = (operation.lhs()?, operation.rhs()?);
                let mut all = self.list(&left, scope, names)?;
                all.extend(self.list(&right, scope, names)?);
                Some(all)
            }
            _ => None,
        }
    }

    fn read_meta(&mut self, value: &Expr, scope: &Scope) {
        let Some(set) = attribute_set(value.clone()) else {
            self.remarks.push("meta is no plain attribute set".into());
            return;
        };
        for entry in set.attrpath_values() {
            if let (Some(name), Some(value)) = (entry.attrpath(), entry.value()) {
                self.meta_attribute(&path(&name), &value, scope);
            }
        }
    }

    fn meta_attribute(&mut self, name: &str, value: &Expr, scope: &Scope) {
        match name {
            "description" | "homepage" | "changelog" => {
                let key = ["description", "homepage", "changelog"].into_iter().find(|key| *key == name);
                match (key, scope.text(value, DEPTH)) {
                    (Some(key), Some(text)) if key == "changelog" || !text.contains('{') => {
                        drop(self.meta.insert(key, text))
                    }
                    _ => self.remarks.push(format!("meta.{name} depends on more than the version")),
                }
            }
            "license" => {
                let text = value.syntax().text().to_string();
                let words = text.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)));
                let names = words
                    .filter_map(|word| word.rsplit('.').next())
                    .filter(|name| crate::catalogue::licenses::find(name).is_some());
                self.licenses = names.map(str::to_owned).collect();
            }
            "broken" => {
                let text = value.syntax().text().to_string();
                for (function, operator) in [("versionOlder", ">="), ("versionAtLeast", "<")] {
                    for rest in text.split(&format!("{function} postgresql.version \"")).skip(1) {
                        if let Some(major) = super::super::versions::first_number(rest) {
                            self.bounds.push(format!("{operator}{major}"));
                        }
                    }
                }
                if self.bounds.is_empty() && text != "false" {
                    self.remarks.push(format!("meta.broken was left out: {}", text.replace('\n', " ")));
                }
            }
            _ => {}
        }
    }
}

fn scope_text(value: &Expr) -> String {
    value.syntax().text().to_string()
}

/// An installPhase that only puts the usual files in their usual places, which the generated one does by itself.
fn only_copies(text: &str) -> bool {
    let text = text.replace("\\\n", " ");
    text.trim_matches(['\'', '"', ' ', '\n']).lines().map(str::trim).filter(|line| !line.is_empty()).all(
        |line| {
            let command = line.split_whitespace().next().unwrap_or_default();
            let usual = matches!(command, "mkdir" | "runHook" | "install" | "cp" | "mv");
            let plain = [".so", ".sql", ".control", "lib", "share", "Install", "DLSUFFIX", "bin"]
                .iter()
                .any(|part| line.contains(part));
            usual && plain || line.starts_with('#')
        },
    )
}
