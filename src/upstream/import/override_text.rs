//! The override that what the catalogue has no key for goes to, as it was written.
//!
//! Names keep their meaning: arguments of the file become arguments of the override, `let` bindings move along,
//! the derivation's own attributes are taken from the generated one, and files beside it are copied.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use rnix::ast::{self, Expr};
use rnix::{SyntaxKind, SyntaxNode, TextRange};
use rowan::ast::AstNode;

use super::derivation::{How, Left};
use super::knowledge::Knowledge;
use super::site::{Case, Site};
use super::value::{Definition, Env, Value};
use crate::layout;
use crate::nix::syntax::quote;
use crate::nix::syntax::scope::{BindingId, BindingKind, Target};
use crate::nix::syntax::text;

/// An override file in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// Arguments.
    pub formals: BTreeSet<String>,
    /// The name of the final attributes, where they are used.
    pub last: Option<String>,
    /// Whether the generated attributes are used.
    pub old: bool,
    /// `inherit (old) …`.
    pub inherited: BTreeSet<String>,
    /// Bindings: name and text.
    pub bindings: Vec<(String, String)>,
    /// Attributes.
    pub body: Vec<String>,
    /// Attributes by name, for the report.
    pub names: Vec<String>,
    /// Files that it refers to, relative to the catalogue.
    pub files: BTreeMap<Utf8PathBuf, String>,
}

/// Copies more files than this are no extension.
const FILES: usize = 40;

struct Writer<'a, 'b> {
    known: &'a Knowledge<'b>,
    site: &'a Site,
    cases: &'a [(String, Case)],
    /// The extension's name in the catalogue.
    name: &'a str,
    majors: &'a [u32],
    out: Override,
    done: BTreeSet<BindingId>,
    remarks: &'a mut BTreeSet<String>,
}

/// What cannot be moved, and why.
struct Stuck(String);

/// Writes what is left of a file; `None`: nothing is.
pub fn write(
    known: &Knowledge<'_>,
    site: &Site,
    cases: &[(String, Case)],
    name: &str,
    majors: &[u32],
    left: &[Left],
    remarks: &mut BTreeSet<String>,
) -> Option<Override> {
    let mut writer =
        Writer { known, site, cases, name, majors, out: Override::default(), done: BTreeSet::new(), remarks };
    let mut env: Option<Vec<String>> = None;
    for left in left {
        let before = (writer.out.clone(), writer.done.clone());
        match writer.attribute(left) {
            Ok((attribute, text)) => {
                if !writer.out.names.contains(&attribute) {
                    writer.out.names.push(attribute.clone());
                }
                match attribute.strip_prefix("env.") {
                    Some(variable) => env.get_or_insert_default().push(format!("{variable} = {text};")),
                    None => writer.out.body.push(format!("{attribute} = {text};")),
                }
            }
            Err(Stuck(why)) => {
                (writer.out, writer.done) = before;
                writer.remarks.insert(format!("{} was left out: it depends on {why}", left.name));
            }
        }
    }
    if let Some(variables) = env {
        writer.out.old = true;
        writer.out.body.push(format!("env = old.env or {{ }} // {{ {} }};", variables.join(" ")));
    }
    (!writer.out.body.is_empty()).then_some(writer.out)
}

impl Writer<'_, '_> {
    fn attribute(&mut self, left: &Left) -> Result<(String, String), Stuck> {
        let mut texts = Vec::new();
        for definition in &left.exprs {
            let text = self.definition(definition)?;
            texts.push(match (left.how, definition) {
                (How::Lists, Definition::Expr(expr)) if is_loose(expr) => format!("({text})"),
                _ => text,
            });
        }
        let name = &left.name;
        let text = match left.how {
            How::Replaces => texts.pop().unwrap_or_default(),
            How::Merges => {
                self.out.old = true;
                format!("old.{name} or {{ }} // ({})", texts.join(") // ("))
            }
            How::Items => {
                self.out.old = true;
                format!("old.{name} or [ ] ++ [ {} ]", texts.join(" "))
            }
            How::Lists => {
                self.out.old = true;
                format!("old.{name} or [ ] ++ {}", texts.join(" ++ "))
            }
        };
        // A list of which items and whole lists are left is one attribute.
        let plain = format!("{name} = ");
        if matches!(left.how, How::Items | How::Lists)
            && let Some(first) = self.out.body.iter_mut().find(|line| line.starts_with(&plain))
        {
            let more = text.strip_prefix(&format!("old.{name} or [ ]")).unwrap_or_default();
            let whole = format!("{}{more}", first.trim_end_matches(';'));
            let whole = whole.strip_prefix(&plain).unwrap_or(&whole).to_owned();
            self.out.body.retain(|line| !line.starts_with(&plain));
            return Ok((name.clone(), whole));
        }
        Ok((name.clone(), text))
    }

    fn definition(&mut self, definition: &Definition) -> Result<String, Stuck> {
        match definition {
            Definition::Expr(expr) => self.text(expr),
            Definition::Inherited(name, range) => {
                self.used(name, *range, None)?;
                Ok(name.clone())
            }
            Definition::From(expr, name) => Ok(format!("({}).{}", self.text(expr)?, quote::attribute(name))),
        }
    }

    /// An expression's text, with all that its names need taken along.
    fn text(&mut self, expr: &Expr) -> Result<String, Stuck> {
        let whole = expr.syntax().text_range();
        let mut edits: Vec<(TextRange, String)> = Vec::new();
        for node in expr.syntax().descendants() {
            match node.kind() {
                SyntaxKind::NODE_IDENT if !is_attribute_name(&node) => {
                    let name = node.text().to_string();
                    if let Some(new) = self.used(&name, node.text_range(), Some(whole))? {
                        edits.push((node.text_range(), new));
                    }
                }
                SyntaxKind::NODE_PATH_REL => {
                    let Some(path) = ast::PathRel::cast(node.clone()) else { continue };
                    if let Some(new) = self.path(&path)? {
                        edits.push((node.text_range(), new));
                    }
                }
                _ => {}
            }
        }
        // `inherit name;` within the expression names what is around it.
        for inherit in expr.syntax().descendants().filter_map(ast::Inherit::cast) {
            if inherit.from().is_some() {
                continue;
            }
            for attr in inherit.attrs() {
                let name = attr.syntax().text().to_string();
                self.used(&name, attr.syntax().text_range(), Some(whole))?;
            }
        }
        let mut text = expr.syntax().text().to_string();
        edits.sort_by_key(|(range, _)| range.start());
        for (range, new) in edits.into_iter().rev() {
            let at = usize::from(range.start() - whole.start())..usize::from(range.end() - whole.start());
            text.replace_range(at, &new);
        }
        Ok(text)
    }

    /// Makes a name mean in the override what it means in the file; gives what to write in its place.
    fn used(
        &mut self,
        name: &str,
        range: TextRange,
        within: Option<TextRange>,
    ) -> Result<Option<String>, Stuck> {
        match self.known.scopes.target(range) {
            Some(Target::Binding(id)) => {
                let binding = &self.known.scopes.bindings[*id];
                if within.is_some_and(|within| within.contains_range(binding.range)) {
                    return Ok(None);
                }
                self.binding(*id)
            }
            Some(Target::With(withs)) => {
                let Some(with) = withs.first().and_then(|with| self.known.scopes.withs.get(*with)) else {
                    return Ok(None);
                };
                if within.is_some_and(|within| within.contains_range(with.syntax().text_range())) {
                    return Ok(None);
                }
                let Some(namespace) = with.namespace() else { return Ok(None) };
                let base = self.text(&namespace)?;
                let base = match text::peel(namespace) {
                    Expr::Ident(_) | Expr::Select(_) => base,
                    _ => format!("({base})"),
                };
                Ok(Some(format!("{base}.{name}")))
            }
            Some(Target::Global) => Ok(None),
            _ if ["version", "pname", "src"].contains(&name) => {
                self.inherit(name);
                Ok(None)
            }
            _ => Err(Stuck(format!("{name}, which is not in the file"))),
        }
    }

    fn inherit(&mut self, name: &str) {
        self.out.old = true;
        self.out.inherited.insert(name.to_owned());
    }

    /// The same value for every version, as Nix text.
    fn constant(&self, values: &[Value]) -> Option<String> {
        let first = values.first()?;
        if !values.iter().all(|value| value == first) {
            return None;
        }
        match first {
            Value::Text(_) => first.text().map(quote::string),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn binding(&mut self, id: BindingId) -> Result<Option<String>, Stuck> {
        let binding = self.known.scopes.bindings[id].clone();
        let name = binding.name.clone();
        if self.site.last == Some(id) {
            self.out.last = Some(name);
            return Ok(None);
        }
        if binding.kind == BindingKind::Whole {
            return Err(Stuck(format!("all arguments of the file, {name}")));
        }
        let is_argument = binding.kind == BindingKind::Formal
            && !matches!(self.value(id).first(), Some(Value::Bool(_) | Value::Text(_)));
        if is_argument {
            if name == "pkgs" {
                self.remarks.insert("the override takes pkgs: name what it needs from it".into());
            }
            self.out.formals.insert(name);
            return Ok(None);
        }
        if matches!(name.as_str(), "version" | "src") || name == "pname" && self.is_named(id) {
            self.inherit(&name);
            return Ok(None);
        }
        // `inherit postgresql;` in the derivation is the argument of that name.
        if let Some(Definition::Inherited(name, range)) = self.definition_of(id) {
            return self.used(&name, range, None);
        }
        if !self.done.insert(id) {
            return Ok(None);
        }
        let values = self.value(id);
        let text = match self.constant(&values) {
            Some(text) => text,
            None if binding.kind == BindingKind::Param => self.by_version(&name, &values)?,
            None => {
                let definition = self.definition_of(id).ok_or_else(|| Stuck(name.clone()))?;
                if reads_files(&definition) {
                    return Err(Stuck(format!("{name}, which a table of versions tells")));
                }
                let definition = match definition {
                    Definition::Expr(expr) => Definition::Expr(text::peel(expr)),
                    other => other,
                };
                let before = (self.out.clone(), self.done.clone());
                match self.definition(&definition) {
                    Ok(text) => text,
                    Err(stuck) => {
                        (self.out, self.done) = before;
                        self.by_major(id).ok_or(stuck)?
                    }
                }
            }
        };
        self.out.bindings.push((name, text));
        Ok(None)
    }

    /// A name's value for each version.
    fn value(&self, id: BindingId) -> Vec<Value> {
        let of = |case: &Case| match self.definition_of(id) {
            Some(definition) => self.known.definition(&definition, &case.env),
            None => case.env.value(id).unwrap_or_default(),
        };
        match self.cases {
            [] => vec![
                self.definition_of(id)
                    .map(|d| self.known.definition(&d, &Env::default()))
                    .unwrap_or_default(),
            ],
            cases => cases.iter().map(|(_, case)| of(case)).collect(),
        }
    }

    /// Whether `pname` is what the generated derivation is called.
    fn is_named(&self, id: BindingId) -> bool {
        self.value(id).iter().all(|value| value.text() == Some(self.name))
    }

    fn definition_of(&self, id: BindingId) -> Option<Definition> {
        let binding = &self.known.scopes.bindings[id];
        match binding.kind {
            BindingKind::Formal => {
                Some(Definition::Expr(ast::PatEntry::cast(binding.node.clone())?.default()?))
            }
            BindingKind::Param | BindingKind::Whole => None,
            _ => match ast::AttrpathValue::cast(binding.node.clone()) {
                Some(entry) if entry.attrpath()?.attrs().count() == 1 => {
                    Some(Definition::Expr(entry.value()?))
                }
                Some(_) => None,
                None => {
                    let inherit = ast::Inherit::cast(binding.node.clone())?;
                    match inherit.from() {
                        Some(from) => Some(Definition::From(from.expr()?, binding.name.clone())),
                        None => {
                            let attr = inherit
                                .attrs()
                                .find(|attr| text::attr_name(attr).as_deref() == Some(&binding.name))?;
                            Some(Definition::Inherited(binding.name.clone(), attr.syntax().text_range()))
                        }
                    }
                }
            },
        }
    }

    /// `{ "1.0" = …; }.${old.version}`.
    fn by_version(&mut self, name: &str, values: &[Value]) -> Result<String, Stuck> {
        let mut entries = Vec::new();
        for ((version, _), value) in self.cases.iter().zip(values) {
            let text = self.constant(std::slice::from_ref(value)).ok_or_else(|| Stuck(name.to_owned()))?;
            entries.push(format!("{} = {text};", quote::string(version)));
        }
        if entries.is_empty() {
            return Err(Stuck(name.to_owned()));
        }
        self.out.old = true;
        Ok(format!("{{ {} }}.${{old.version}}", entries.join(" ")))
    }

    /// `{ "15" = …; }.${lib.versions.major postgresql.version}`: the newest version of a table, for example.
    fn by_major(&mut self, id: BindingId) -> Option<String> {
        let definition = self.definition_of(id)?;
        let mut entries = Vec::new();
        for major in self.majors {
            let mut known = Knowledge::new(self.known.scopes, self.known.files);
            known.major = Some(*major);
            known.darwin = Some(false);
            if let Some(text) = known.definition(&definition, &Env::default()).text() {
                entries.push(format!("\"{major}\" = {};", quote::string(text)));
            }
        }
        if entries.is_empty() {
            return None;
        }
        self.out.formals.extend(["lib".to_owned(), "postgresql".to_owned()]);
        Some(format!("{{ {} }}.${{lib.versions.major postgresql.version}}", entries.join(" ")))
    }

    /// A file beside the Nix file, copied; gives the path from the override.
    fn path(&mut self, path: &ast::PathRel) -> Result<Option<String>, Stuck> {
        let text = path.syntax().text().to_string();
        if text.contains("${") {
            return Err(Stuck(format!("{text}, a computed path")));
        }
        match self.copy(&text) {
            Some(place) => Ok(Some(place)),
            None => Err(Stuck(format!("{text}, which is not there"))),
        }
    }

    fn copy(&mut self, written: &str) -> Option<String> {
        let text = (self.known.files)(written)?;
        let file = written.rsplit('/').next().filter(|file| !file.is_empty() && !file.starts_with('.'))?;
        let is_patch = file.ends_with(".patch") || file.ends_with(".diff");
        let folder = if is_patch { layout::PATCHES } else { layout::OVERRIDES };
        let place = Utf8PathBuf::from(format!("{folder}/{}/{file}", self.name));
        if self.out.files.len() >= FILES {
            return None;
        }
        // A Nix file that names others needs them, too, and they would have to lie as they lay.
        if file.ends_with(".nix") && names_files(&text) {
            self.remarks.insert(format!("{written} refers to other files: copy them beside {place}"));
        }
        self.out.files.insert(place, text);
        let name = self.name;
        Some(if is_patch { format!("../patches/{name}/{file}") } else { format!("./{name}/{file}") })
    }
}

/// Whether an expression must be in parentheses to be an operand of `++`.
fn is_loose(expr: &Expr) -> bool {
    match expr {
        Expr::LetIn(_)
        | Expr::With(_)
        | Expr::IfElse(_)
        | Expr::Assert(_)
        | Expr::Lambda(_)
        | Expr::LegacyLet(_) => true,
        Expr::BinOp(operation) => operation.operator() != Some(ast::BinOpKind::Concat),
        Expr::UnaryOp(_) => true,
        _ => false,
    }
}

fn names_files(text: &str) -> bool {
    let root = rnix::Root::parse(text);
    root.errors().is_empty()
        && root.syntax().descendants().any(|node| node.kind() == SyntaxKind::NODE_PATH_REL)
}

/// `a` in `{ a = 1; }`, `x.a` and `{ a }:`.
fn is_attribute_name(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::NODE_ATTRPATH
                | SyntaxKind::NODE_INHERIT
                | SyntaxKind::NODE_PAT_ENTRY
                | SyntaxKind::NODE_IDENT_PARAM
                | SyntaxKind::NODE_PAT_BIND
        ) && !(parent.kind() == SyntaxKind::NODE_PAT_ENTRY && parent.first_child().as_ref() != Some(node))
    })
}

fn reads_files(definition: &Definition) -> bool {
    let Definition::Expr(expr) = definition else { return false };
    let text = expr.syntax().text().to_string();
    ["readFile", "importJSON", "readDir", "filterSource"].iter().any(|name| text.contains(name))
}

impl Override {
    /// The function of the generated attributes, without the arguments of the file.
    fn function(&self) -> String {
        let mut text = String::new();
        if let Some(last) = &self.last {
            text.push_str(&format!("{last}: "));
        }
        text.push_str(if self.old { "old:\n" } else { "_:\n" });
        if !self.inherited.is_empty() || !self.bindings.is_empty() {
            text.push_str("let\n");
            if !self.inherited.is_empty() {
                let names: Vec<&str> = self.inherited.iter().map(String::as_str).collect();
                text.push_str(&format!("  inherit (old) {};\n", names.join(" ")));
            }
            for (name, value) in &self.bindings {
                text.push_str(&format!("  {name} = {value};\n"));
            }
            text.push_str("in\n");
        }
        text.push_str("{\n");
        let body: Vec<String> = self.body.iter().map(|line| format!("  {line}\n")).collect();
        text.push_str(&format!("{}}}\n", body.join("\n")));
        text
    }

    /// One file of all overrides: one where they are the same for all versions.
    pub fn file(all: &[(Vec<String>, Self)], provenance: &str) -> String {
        let formals: BTreeSet<&str> =
            all.iter().flat_map(|(_, one)| &one.formals).map(String::as_str).collect();
        let formals: Vec<&str> = formals.into_iter().collect();
        let formals = if formals.is_empty() { "{ }".into() } else { format!("{{ {} }}", formals.join(", ")) };
        let body = match all {
            [(_, one)] => one.function(),
            many => {
                let mut text = String::from("{\n  versions = {\n");
                for (versions, one) in many {
                    for version in versions {
                        text.push_str(&format!("    {} = {};\n", quote::string(version), one.function()));
                    }
                }
                text.push_str("  };\n  default = _: { };\n}\n");
                text
            }
        };
        let text = format!("# {provenance}\n{formals}:\n{body}");
        // As it was, where the formatter does not take it.
        crate::nix::syntax::format::format(&text).unwrap_or(text)
    }
}
