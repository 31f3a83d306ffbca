//! What an expression of a hand-written file is, as far as its text tells.
//!
//! A small evaluator over the syntax: names of packages stay names, calls of fetchers stay calls, and whatever
//! depends on the machine or the package set is unknown. Only so does each version of a table of versions have its
//! values, while an expression that nobody can foresee keeps its text. Not `nix::eval`: that would want a
//! package set, and would forget what was written.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rnix::ast::{self, AstToken, Expr, HasEntry, InterpolPart};
use rowan::ast::AstNode;

use super::functions;
use super::value::{Definition, Env, SOURCE, Value, entries};
use crate::nix::syntax::scope::{Binding, BindingKind, Scopes, Target};
use crate::nix::syntax::text;

/// Whoever finds more than this many expressions in one value is being fooled.
const STEPS: u32 = 20_000;
const DEPTH: u32 = 96;
/// No text in a derivation is longer.
const LONGEST: usize = 1 << 20;

/// Reads a file by a path written in the Nix file.
pub type Reader<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// A file with what is known from elsewhere.
pub struct Knowledge<'a> {
    /// Its names.
    pub scopes: &'a Scopes,
    /// The files beside it.
    pub files: &'a Reader<'a>,
    /// PostgreSQL's major version, where one is looked at.
    pub major: Option<u32>,
    /// Whether it is built for macOS, where that is looked at.
    pub darwin: Option<bool>,
    /// Arguments of the file by their name.
    pub arguments: BTreeMap<String, Value>,
    steps: Cell<u32>,
    depth: Cell<u32>,
}

impl<'a> Knowledge<'a> {
    /// With nothing known.
    pub fn new(scopes: &'a Scopes, files: &'a Reader<'a>) -> Self {
        Self {
            scopes,
            files,
            major: None,
            darwin: None,
            arguments: BTreeMap::new(),
            steps: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    /// What an expression is.
    pub fn of(&self, expr: &Expr, env: &Env) -> Value {
        if self.depth.get() == 0 {
            self.steps.set(0);
        }
        self.value(expr, env)
    }

    pub(super) fn value(&self, expr: &Expr, env: &Env) -> Value {
        if self.steps.get() > STEPS || self.depth.get() > DEPTH {
            return Value::Unknown;
        }
        self.steps.set(self.steps.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let value = self.step(expr, env).unwrap_or_default();
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn step(&self, expr: &Expr, env: &Env) -> Option<Value> {
        Some(match expr {
            Expr::Literal(_) | Expr::PathAbs(_) | Expr::PathHome(_) | Expr::PathSearch(_) => literal(expr)?,
            Expr::Str(string) => {
                let mut whole = String::new();
                for part in string.normalized_parts() {
                    match part {
                        InterpolPart::Literal(literal) => whole.push_str(&literal),
                        InterpolPart::Interpolation(inner) => {
                            whole.push_str(&self.inserted(&self.value(&inner.expr()?, env))?);
                        }
                    }
                }
                text(whole)?
            }
            Expr::PathRel(path) => {
                let mut whole = String::new();
                for part in path.parts() {
                    match part {
                        InterpolPart::Literal(literal) => whole.push_str(literal.syntax().text()),
                        InterpolPart::Interpolation(inner) => match self.value(&inner.expr()?, env) {
                            Value::Text(text) if !text.contains(SOURCE) => whole.push_str(&text),
                            _ => return None,
                        },
                    }
                }
                Value::Path(whole)
            }
            Expr::Ident(ident) => self.name(&text::ident_text(ident), ident.syntax().text_range(), env),
            Expr::Paren(inner) => self.value(&inner.expr()?, env),
            Expr::LetIn(inner) => self.value(&inner.body()?, env),
            Expr::With(inner) => self.value(&inner.body()?, env),
            Expr::Assert(inner) => self.value(&inner.body()?, env),
            Expr::AttrSet(set) => Value::Set(set.clone(), env.clone()),
            Expr::Lambda(lambda) => Value::Lambda(lambda.clone(), env.clone()),
            Expr::List(list) => Value::List(list.items().map(|item| self.value(&item, env)).collect()),
            Expr::IfElse(choice) => match self.value(&choice.condition()?, env) {
                Value::Bool(true) => self.value(&choice.body()?, env),
                Value::Bool(false) => self.value(&choice.else_body()?, env),
                _ => return None,
            },
            Expr::Select(select) => {
                let mut value = self.value(&select.expr()?, env);
                for attr in select.attrpath()?.attrs() {
                    let name = self.attribute_name(&attr, env);
                    value = name.and_then(|name| self.select(&value, &name)).unwrap_or_default();
                }
                match (value, select.default_expr()) {
                    (Value::Unknown, Some(default)) if self.has(select, env) == Some(false) => {
                        self.value(&default, env)
                    }
                    (value, _) => value,
                }
            }
            Expr::HasAttr(has) => {
                let mut value = self.value(&has.expr()?, env);
                for attr in has.attrpath()?.attrs() {
                    match self.has_attribute(&value, &self.attribute_name(&attr, env)?)? {
                        false => return Some(Value::Bool(false)),
                        true => value = self.select(&value, &self.attribute_name(&attr, env)?)?,
                    }
                }
                Value::Bool(true)
            }
            Expr::UnaryOp(operation) => match (operation.operator()?, self.value(&operation.expr()?, env)) {
                (ast::UnaryOpKind::Invert, Value::Bool(value)) => Value::Bool(!value),
                (ast::UnaryOpKind::Negate, Value::Int(value)) => Value::Int(value.checked_neg()?),
                _ => return None,
            },
            Expr::BinOp(operation) => self.operation(operation, env)?,
            Expr::Apply(apply) => {
                let function = self.value(&apply.lambda()?, env);
                let argument = self.value(&apply.argument()?, env);
                self.apply(function, argument)
            }
            _ => return None,
        })
    }

    /// Whether every part of a selection's path is there; `None`: that is not known.
    fn has(&self, select: &ast::Select, env: &Env) -> Option<bool> {
        let mut value = self.value(&select.expr()?, env);
        for attr in select.attrpath()?.attrs() {
            let name = self.attribute_name(&attr, env)?;
            if !self.has_attribute(&value, &name)? {
                return Some(false);
            }
            value = self.select(&value, &name).unwrap_or_default();
        }
        Some(true)
    }

    fn has_attribute(&self, value: &Value, name: &str) -> Option<bool> {
        match value {
            Value::Attrs(attrs) => Some(attrs.contains_key(name)),
            Value::Set(set, env) => {
                let found =
                    entries(set).into_iter().any(|entry| entry.path.first().is_some_and(|n| n == name));
                // A computed name could be any.
                let computed = set.attrpath_values().any(|entry| {
                    let first = entry.attrpath().and_then(|path| path.attrs().next());
                    first.is_some_and(|attr| self.attribute_name(&attr, env).is_none())
                });
                if found { Some(true) } else { (!computed).then_some(false) }
            }
            _ => None,
        }
    }

    pub(super) fn attribute_name(&self, attr: &ast::Attr, env: &Env) -> Option<String> {
        let expr = match attr {
            ast::Attr::Ident(ident) => return Some(text::ident_text(ident)),
            ast::Attr::Str(string) => Expr::Str(string.clone()),
            ast::Attr::Dynamic(dynamic) => dynamic.expr()?,
        };
        self.value(&expr, env).text().map(str::to_owned)
    }

    /// An attribute of a value.
    pub fn select(&self, value: &Value, name: &str) -> Option<Value> {
        match value {
            Value::Attrs(attrs) => attrs.get(name).cloned(),
            Value::Set(set, env) => self.attribute(set, name, env),
            Value::Name(base) => Some(self.named(format!("{base}.{name}"))),
            // What a fetcher gives has its arguments, and nixpkgs calls the folder so.
            Value::Call(..) if name == "name" => Some(Value::Text("source".into())),
            Value::Call(_, argument) => match self.select(argument, name) {
                None if name == "rev" => self.select(argument, "tag"),
                other => other,
            },
            _ => None,
        }
    }

    /// An attribute of a set as it is written.
    fn attribute(&self, set: &ast::AttrSet, name: &str, env: &Env) -> Option<Value> {
        let mut inner = BTreeMap::new();
        for entry in entries(set) {
            match entry.path.as_slice() {
                [own] if own == name => return Some(self.definition(&entry.value, env)),
                [own, rest @ ..] if own == name => {
                    // `a.b.c = 1` is `a = { b.c = 1; }`; deeper ones are not needed.
                    inner.insert(rest.join("."), self.definition(&entry.value, env));
                }
                _ => {}
            }
        }
        if inner.is_empty() { self.computed(set, name, env) } else { Some(Value::Attrs(inner)) }
    }

    /// `"${name}" = …`.
    fn computed(&self, set: &ast::AttrSet, name: &str, env: &Env) -> Option<Value> {
        set.attrpath_values().find_map(|entry| {
            let path: Vec<ast::Attr> = entry.attrpath()?.attrs().collect();
            let [attr] = path.as_slice() else { return None };
            if self.attribute_name(attr, env)? != name {
                return None;
            }
            Some(self.value(&entry.value()?, env))
        })
    }

    /// What stands behind a name of a set.
    pub fn definition(&self, definition: &Definition, env: &Env) -> Value {
        match definition {
            Definition::Expr(expr) => self.value(expr, env),
            Definition::Inherited(name, range) => self.name(name, *range, env),
            Definition::From(expr, name) => {
                let value = self.value(expr, env);
                self.select(&value, name).unwrap_or_default()
            }
        }
    }

    fn name(&self, name: &str, range: rnix::TextRange, env: &Env) -> Value {
        match self.scopes.target(range) {
            Some(Target::Binding(id)) => match env.get(*id) {
                Some(value) => value.clone(),
                None => self.binding(&self.scopes.bindings[*id], env).unwrap_or_default(),
            },
            Some(Target::Global) => match name {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::Name(name.to_owned()),
            },
            // `with lib;`: its names are told apart by what they are.
            Some(Target::With(_)) => self.named(name.to_owned()),
            _ => self.arguments.get(name).cloned().unwrap_or_default(),
        }
    }

    fn binding(&self, binding: &Binding, env: &Env) -> Option<Value> {
        match binding.kind {
            BindingKind::Let | BindingKind::Rec
                if binding.node.kind() == rnix::SyntaxKind::NODE_ATTRPATH_VALUE =>
            {
                let entry = ast::AttrpathValue::cast(binding.node.clone())?;
                match entry.attrpath()?.attrs().count() {
                    1 => Some(self.value(&entry.value()?, env)),
                    _ => None,
                }
            }
            BindingKind::Let | BindingKind::Rec | BindingKind::LetInherit => {
                let inherit = ast::Inherit::cast(binding.node.clone())?;
                match inherit.from() {
                    Some(from) => self.select(&self.value(&from.expr()?, env), &binding.name),
                    None => {
                        let attr = inherit
                            .attrs()
                            .find(|attr| text::attr_name(attr).as_deref() == Some(&binding.name))?;
                        Some(self.name(&binding.name, attr.syntax().text_range(), env))
                    }
                }
            }
            BindingKind::Formal => {
                if let Some(value) = self.arguments.get(&binding.name) {
                    return Some(value.clone());
                }
                let default = ast::PatEntry::cast(binding.node.clone())?.default();
                // A default that is text or a truth value is an option of the file; `openssl ? null` is a package.
                match default.map(|default| self.value(&default, env)) {
                    Some(value @ (Value::Bool(_) | Value::Text(_))) => Some(value),
                    _ => Some(self.named(binding.name.clone())),
                }
            }
            BindingKind::Whole => Some(Value::Name("pkgs".into())),
            BindingKind::Param => None,
        }
    }

    /// Something of the package set.
    fn named(&self, name: String) -> Value {
        let name = match name.strip_prefix("pkgs.") {
            Some(rest) => rest.to_owned(),
            None => name,
        };
        let platform =
            name.strip_prefix("stdenv.").map(|rest| rest.strip_prefix("hostPlatform.").unwrap_or(rest));
        match (name.as_str(), platform, self.darwin) {
            ("postgresql.version", ..) => Value::ServerVersion,
            ("postgresql.psqlSchema", ..) => {
                self.major.map_or(Value::Unknown, |major| Value::Text(major.to_string()))
            }
            (_, Some("isDarwin"), Some(darwin)) => Value::Bool(darwin),
            (_, Some("isLinux"), Some(darwin)) => Value::Bool(!darwin),
            _ => Value::Name(name),
        }
    }

    /// What stands for a value within a text.
    fn inserted(&self, value: &Value) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Call(name, _) if functions::is_fetcher(name) => Some(SOURCE.to_string()),
            _ => None,
        }
    }

    fn operation(&self, operation: &ast::BinOp, env: &Env) -> Option<Value> {
        use ast::BinOpKind::{
            Add, And, Concat, Equal, Implication, Less, LessOrEq, More, MoreOrEq, NotEqual, Or, Update,
        };
        let (kind, left) = (operation.operator()?, self.value(&operation.lhs()?, env));
        let right = || Some(self.value(&operation.rhs()?, env));
        Some(match (kind, left) {
            (And, Value::Bool(false)) => Value::Bool(false),
            (Or | Implication, Value::Bool(true)) if kind == Or => Value::Bool(true),
            (Implication, Value::Bool(false)) => Value::Bool(true),
            (And | Or | Implication, left) => match (kind, left, right()?) {
                (_, Value::Bool(_), value @ Value::Bool(_)) => value,
                (And, _, Value::Bool(false)) => Value::Bool(false),
                (Or, _, Value::Bool(true)) => Value::Bool(true),
                _ => return None,
            },
            (Add, Value::Text(left)) => match right()? {
                Value::Text(right) => text(left + &right)?,
                _ => return None,
            },
            (Add, Value::Path(left)) => match right()? {
                Value::Text(right) if !right.contains(SOURCE) => {
                    let left = if left == "./." { "." } else { left.as_str() };
                    Value::Path(format!("{left}{right}"))
                }
                _ => return None,
            },
            (Concat, Value::List(mut left)) => match right()? {
                Value::List(right) => {
                    left.extend(right);
                    Value::List(left)
                }
                _ => return None,
            },
            (Update, left) => {
                let (mut left, right) = (self.attrs(&left)?, self.attrs(&right()?)?);
                left.extend(right);
                Value::Attrs(left)
            }
            (Equal | NotEqual, left) => {
                let equal = functions::equal(&left, &right()?)?;
                Value::Bool(equal == (kind == Equal))
            }
            (Less | LessOrEq | More | MoreOrEq, Value::Int(left)) => match right()? {
                Value::Int(right) => Value::Bool(match kind {
                    Less => left < right,
                    LessOrEq => left <= right,
                    More => left > right,
                    _ => left >= right,
                }),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// All attributes of a set whose names are known.
    pub fn attrs(&self, value: &Value) -> Option<BTreeMap<String, Value>> {
        match value {
            Value::Attrs(attrs) => Some(attrs.clone()),
            Value::Set(set, env) => {
                let mut attrs = BTreeMap::new();
                for entry in set.attrpath_values() {
                    let mut path = entry.attrpath()?.attrs();
                    let name = self.attribute_name(&path.next()?, env)?;
                    let value = match path.next() {
                        None => self.value(&entry.value()?, env),
                        Some(_) => self.attribute(set, &name, env)?,
                    };
                    attrs.insert(name, value);
                }
                for entry in entries(set) {
                    if let ([name], Definition::Inherited(..) | Definition::From(..)) =
                        (entry.path.as_slice(), &entry.value)
                    {
                        attrs.insert(name.clone(), self.definition(&entry.value, env));
                    }
                }
                Some(attrs)
            }
            _ => None,
        }
    }

    /// A function applied to an argument.
    pub fn apply(&self, function: Value, argument: Value) -> Value {
        if self.steps.get() > STEPS || self.depth.get() > DEPTH {
            return Value::Unknown;
        }
        self.steps.set(self.steps.get() + 1);
        match function {
            Value::Lambda(lambda, env) => self
                .parameters(&lambda, &argument, &env)
                .zip(lambda.body())
                .map_or(Value::Unknown, |(env, body)| self.value(&body, &env)),
            Value::Name(name) => functions::apply(self, &name, argument),
            Value::Partial(name, mut arguments) => {
                arguments.push(argument);
                functions::call(self, name, arguments)
            }
            Value::Call(name, _) => match argument {
                set @ (Value::Set(..) | Value::Attrs(_)) => Value::Call(name, Rc::new(set)),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// The surroundings of a function's body.
    pub fn parameters(&self, lambda: &ast::Lambda, argument: &Value, env: &Env) -> Option<Env> {
        let mut inner = env.clone();
        for (id, binding) in self.scopes.bindings.iter().enumerate() {
            let node = &binding.node;
            match binding.kind {
                BindingKind::Param | BindingKind::Whole if node == lambda.syntax() => {
                    inner = inner.with(id, argument.clone());
                }
                BindingKind::Formal
                    if node.parent().and_then(|pattern| pattern.parent()).as_ref()
                        == Some(lambda.syntax()) =>
                {
                    let value = match self.has_attribute(argument, &binding.name) {
                        Some(true) => self.select(argument, &binding.name).unwrap_or_default(),
                        Some(false) => match ast::PatEntry::cast(node.clone())?.default() {
                            Some(default) => self.value(&default, env),
                            None => Value::Unknown,
                        },
                        None => Value::Unknown,
                    };
                    inner = inner.with(id, value);
                }
                _ => {}
            }
        }
        Some(inner)
    }
}

fn text(text: String) -> Option<Value> {
    (text.len() <= LONGEST).then_some(Value::Text(text))
}

fn literal(expr: &Expr) -> Option<Value> {
    let text = expr.syntax().text().to_string();
    match text.parse::<i64>() {
        Ok(number) => Some(Value::Int(number)),
        Err(_) => text.contains("://").then_some(Value::Text(text)),
    }
}
