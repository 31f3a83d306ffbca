//! What is known of an expression of a hand-written file, and the definitions of a set.

use std::collections::BTreeMap;
use std::rc::Rc;

use rnix::ast::{self, Expr, HasEntry};
use rowan::ast::AstNode;

use crate::nix::syntax::scope::BindingId;
use crate::nix::syntax::text;

/// Stands in a text for what a fetcher gives.
pub const SOURCE: char = '\u{1}';

/// What is known of an expression.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Unknown,
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// A relative path, as written.
    Path(String),
    /// A list.
    List(Vec<Value>),
    /// A set with known names.
    Attrs(BTreeMap<String, Value>),
    /// A set as it is written: its values are looked at when asked for.
    Set(ast::AttrSet, Env),
    /// Something of the package set: `curl`, `lib.optional`.
    Name(String),
    /// A function of the package set applied to a set.
    Call(String, Rc<Value>),
    /// A known function with some of its arguments.
    Partial(&'static str, Vec<Value>),
    /// A function of the file.
    Lambda(ast::Lambda, Env),
    /// `postgresql.version`, of which the major version may be known.
    ServerVersion,
}

impl PartialEq for Value {
    /// Unknown values differ from everything.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b))
            | (Self::Path(a), Self::Path(b))
            | (Self::Name(a), Self::Name(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Attrs(a), Self::Attrs(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// A text without unknown parts.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.contains(SOURCE) => Some(text),
            _ => None,
        }
    }
}

/// What the arguments of functions around an expression are.
#[derive(Clone, Default)]
pub struct Env(Option<Rc<(BindingId, Value, Env)>>);

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env")
    }
}

impl Env {
    /// With one more.
    pub fn with(&self, binding: BindingId, value: Value) -> Self {
        Self(Some(Rc::new((binding, value, self.clone()))))
    }

    /// The value of an argument.
    pub fn value(&self, binding: BindingId) -> Option<Value> {
        self.get(binding).cloned()
    }

    pub(super) fn get(&self, binding: BindingId) -> Option<&Value> {
        let mut at = self;
        while let Some(inner) = &at.0 {
            if inner.0 == binding {
                return Some(&inner.1);
            }
            at = &inner.2;
        }
        None
    }
}

/// What stands behind a name of a set.
#[derive(Clone, Debug)]
pub enum Definition {
    /// `name = expr;`
    Expr(Expr),
    /// `inherit name;`
    Inherited(String, rnix::TextRange),
    /// `inherit (expr) name;`
    From(Expr, String),
}

/// One definition of a set.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `meta.license` is two names. Computed names are none.
    pub path: Vec<String>,
    /// What it is.
    pub value: Definition,
}

/// The definitions of a set in the order of the text.
pub fn entries(set: &impl HasEntry) -> Vec<Entry> {
    let mut all = Vec::new();
    for entry in set.entries() {
        match entry {
            ast::Entry::AttrpathValue(binding) => {
                let (Some(path), Some(value)) = (binding.attrpath(), binding.value()) else { continue };
                let names = text::path_names(&path);
                if names.len() == path.attrs().count() {
                    all.push(Entry { path: names, value: Definition::Expr(value) });
                }
            }
            ast::Entry::Inherit(inherit) => {
                let from = inherit.from().and_then(|from| from.expr());
                for attr in inherit.attrs() {
                    let Some(name) = text::attr_name(&attr) else { continue };
                    let value = match &from {
                        Some(from) => Definition::From(from.clone(), name.clone()),
                        None => Definition::Inherited(name.clone(), attr.syntax().text_range()),
                    };
                    all.push(Entry { path: vec![name], value });
                }
            }
        }
    }
    all
}

/// The arguments by which a file that is called for each version gets it.
pub fn arguments(version: &str, listed: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut all = listed.clone();
    for (from, to) in
        [("rev", "revision"), ("revision", "rev"), ("pgrx", "pgrxVersion"), ("rust", "rustVersion")]
    {
        if let Some(value) = listed.get(from) {
            all.entry(to.to_owned()).or_insert_with(|| value.clone());
        }
    }
    // The names of packages that files ask for.
    for name in ["postgresql", "rust", "pgrx", "patches"] {
        all.remove(name);
    }
    all.insert("version".to_owned(), Value::Text(version.to_owned()));
    all
}
