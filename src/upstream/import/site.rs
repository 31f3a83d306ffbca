//! Where the derivation stands in a file, and with what it is called for each version.

use std::collections::BTreeMap;

use rnix::ast::{self, Expr};
use rowan::ast::AstNode;

use super::knowledge::Knowledge;
use super::value::{Definition, Entry, Env, Value, entries};
use crate::catalogue::kinds::Kind;
use crate::layout::CATALOGUE;
use crate::nix::syntax::scope::{BindingId, BindingKind, Scopes, Target};
use crate::nix::syntax::text;

/// The call that makes a derivation.
pub struct Site {
    /// The function, with its own arguments.
    pub builder: Expr,
    /// What it is given.
    pub argument: Expr,
    /// The set written out in it.
    pub set: ast::AttrSet,
    /// `finalAttrs`.
    pub last: Option<BindingId>,
    /// Functions of the file around it, outermost first: `version: hash: stdenv.mkDerivation …`.
    around: Vec<ast::Lambda>,
}

/// One version of what the site makes.
pub struct Case {
    /// The version, where a table of versions says it.
    pub version: Option<String>,
    /// What the table says of it.
    pub listed: BTreeMap<String, Value>,
    /// The arguments of the functions around the site.
    pub env: Env,
    /// Whether the file shows how the table's entries become arguments.
    pub is_called: bool,
}

fn makes_derivations(builder: &str) -> bool {
    let known = [
        "mkDerivation",
        "PgrxExtension",
        "PGRXExtension",
        "PgxExtension",
        "ostgresqlBuildExtension",
        "uildPostgresqlExtension",
        "uildExtension",
    ];
    known.iter().any(|name| builder.contains(name)) || Kind::from_function(builder).is_some()
}

impl Site {
    /// The first derivation with a source in a file.
    pub fn find(root: &ast::Root, scopes: &Scopes) -> Option<Self> {
        root.syntax().descendants().filter_map(ast::Apply::cast).find_map(|apply| {
            let (builder, argument) = (apply.lambda()?, apply.argument()?);
            // A function's own text is enough: `(buildPgrxExtension.override { … })` is one, too.
            let length = u32::from(builder.syntax().text().len());
            if length > 4096 || !makes_derivations(&builder.syntax().text().to_string()) {
                return None;
            }
            let set = written_set(argument.clone())?;
            let has_source = entries(&set).iter().any(|entry| entry.path.first().is_some_and(|n| n == "src"));
            if !has_source {
                return None;
            }
            let last = match text::peel(argument.clone()) {
                Expr::Lambda(lambda) => scopes.bindings.iter().position(|binding| {
                    binding.kind == BindingKind::Param && binding.node == *lambda.syntax()
                }),
                _ => None,
            };
            let whole = root.expr().map(|expr| expr.syntax().clone());
            let mut around: Vec<ast::Lambda> = apply
                .syntax()
                .ancestors()
                .filter_map(ast::Lambda::cast)
                .filter(|lambda| Some(lambda.syntax()) != whole.as_ref())
                .collect();
            around.reverse();
            Some(Self { builder, argument, set, last, around })
        })
    }

    /// Whether the builder is overridden with more than the toolchain and cargo-pgrx, which the catalogue says itself.
    pub fn changes_builder(&self, is_pgrx: bool) -> bool {
        let builder = self.builder.syntax();
        let sets = builder.descendants().filter_map(ast::AttrSet::cast).take(1);
        let mut names = sets.flat_map(|set| entries(&set)).filter_map(|entry| entry.path.first().cloned());
        let known = ["cargo-pgrx", "cargo", "rustc", "postgresql"];
        builder.text().to_string().contains(".override")
            && names.any(|name| !is_pgrx || !known.contains(&name.as_str()))
    }

    /// The call with a source that is no derivation of a known kind.
    pub fn other(root: &ast::Root) -> Option<String> {
        root.syntax().descendants().filter_map(ast::Apply::cast).find_map(|apply| {
            let name = text::dotted(&text::peel(apply.lambda()?))?.join(".");
            let set = written_set(apply.argument()?)?;
            let has = |wanted: &str| {
                entries(&set).iter().any(|entry| entry.path.first().is_some_and(|name| name == wanted))
            };
            (has("src") && (has("pname") || has("name"))).then_some(name)
        })
    }

    /// The surroundings with `finalAttrs` being the set itself.
    fn within(&self, env: Env) -> Env {
        match self.last {
            Some(last) => env.with(last, Value::Set(self.set.clone(), env.clone())),
            None => env,
        }
    }

    /// The derivation itself.
    pub fn only(&self) -> Case {
        Case { version: None, listed: BTreeMap::new(), env: self.within(Env::default()), is_called: true }
    }

    /// A version of a table that stands elsewhere.
    pub fn case(&self, known: &Knowledge<'_>, version: &str, listed: BTreeMap<String, Value>) -> Case {
        let call = self.call(known.scopes);
        let env = match &call {
            Some(call) => self.called(known, call, version, &listed),
            None => Env::default(),
        };
        Case { version: Some(version.to_owned()), env: self.within(env), listed, is_called: call.is_some() }
    }

    /// The table of versions in the file, or in a file that it reads.
    pub fn table(&self, known: &mut Knowledge<'_>) -> BTreeMap<String, BTreeMap<String, Value>> {
        let mut table = BTreeMap::new();
        let Some(over) = self.call(known.scopes).and_then(|call| call.over) else { return table };
        let env = Env::default();
        // Tables are cut down to what the system and the PostgreSQL at hand take.
        known.darwin = Some(false);
        for major in std::iter::once(None).chain((9..=30).map(Some)) {
            known.major = major;
            let value = known.of(&over, &env);
            for (version, listed) in known.attrs(&value).unwrap_or_default() {
                if let Some(listed) = known.attrs(&listed) {
                    table.insert(version, listed);
                }
            }
        }
        (known.major, known.darwin) = (None, None);
        table
    }

    fn called(
        &self,
        known: &Knowledge<'_>,
        call: &Call,
        version: &str,
        listed: &BTreeMap<String, Value>,
    ) -> Env {
        let mut env = Env::default();
        let given = [Value::Text(version.to_owned()), Value::Attrs(listed.clone())];
        for (lambda, value) in call.around.iter().zip(&given) {
            env = known.parameters(lambda, value, &env).unwrap_or(env);
        }
        let arguments: Vec<Value> = call.arguments.iter().map(|argument| known.of(argument, &env)).collect();
        for (lambda, argument) in self.around.iter().zip(&arguments) {
            env = known.parameters(lambda, argument, &env).unwrap_or(env);
        }
        env
    }

    /// The functions around given to `mapAttrs` as they are: `mapAttrs (version: { hash }: build { … }) versions`.
    fn mapped(&self) -> Option<Call> {
        let outer = self.around.first()?;
        let whole = outer.syntax().ancestors().filter_map(ast::Apply::cast).find(|apply| {
            text::application(apply).is_some_and(|(_, arguments)| {
                arguments.len() == 2
                    && arguments
                        .first()
                        .is_some_and(|first| text::peel(first.clone()).syntax() == outer.syntax())
            })
        })?;
        let (function, mut arguments) = text::application(&whole)?;
        let over = arguments.pop();
        let maps = text::dotted(&function)?.last().is_some_and(|name| name == "mapAttrs");
        maps.then(|| Call { around: self.around.clone(), arguments: Vec::new(), over })
    }

    /// The file of the catalogue that overrides it: `applyOverride FILE version (build { … })`.
    pub fn override_file(&self) -> Option<String> {
        let (function, arguments) =
            self.argument.syntax().ancestors().filter_map(ast::Apply::cast).find_map(|apply| {
                let (function, arguments) = text::application(&apply)?;
                (text::dotted(&function)?.last()? == "applyOverride").then_some((function, arguments))
            })?;
        drop(function);
        let file = arguments.first()?.syntax().text().to_string();
        file.split_once(&format!("{CATALOGUE}/")).map(|(_, file)| file.to_owned())
    }

    /// How the functions around are called: `mapAttrs (name: value: build name value.hash) versions`.
    fn call(&self, scopes: &Scopes) -> Option<Call> {
        if let Some(mapped) = self.mapped() {
            return Some(mapped);
        }
        let outer = self.around.first()?;
        let binding = outer.syntax().ancestors().find_map(ast::AttrpathValue::cast)?;
        let id = scopes.bindings.iter().position(|known| known.node == *binding.syntax())?;
        let top = outer.syntax().parent()?.ancestors().find_map(ast::LetIn::cast)?;
        top.syntax().descendants().filter_map(ast::Apply::cast).find_map(|apply| {
            let (function, arguments) = text::application(&apply)?;
            let Expr::Ident(ident) = function else { return None };
            let calls = scopes.target(ident.syntax().text_range()) == Some(&Target::Binding(id));
            if !calls || arguments.len() != self.around.len() {
                return None;
            }
            let mut around: Vec<ast::Lambda> = apply
                .syntax()
                .ancestors()
                .take_while(|node| node != top.syntax())
                .filter_map(ast::Lambda::cast)
                .collect();
            around.reverse();
            let over = around.first().and_then(|lambda| {
                let inner = lambda.syntax().ancestors().skip(1).find_map(ast::Apply::cast)?;
                let whole = inner.syntax().ancestors().skip(1).find_map(ast::Apply::cast)?;
                (whole.lambda()?.syntax() == inner.syntax()).then(|| whole.argument())?
            });
            Some(Call { around, arguments, over })
        })
    }

    /// The attributes of the derivation in a case, and conditions that cannot be decided.
    pub fn attributes(&self, known: &Knowledge<'_>, case: &Case) -> (Vec<Entry>, Vec<Expr>) {
        let (mut all, mut undecided) = (Vec::new(), Vec::new());
        collect(known, self.argument.clone(), &case.env, &mut all, &mut undecided);
        (all, undecided)
    }

    /// What the case has for an attribute.
    pub fn value(&self, known: &Knowledge<'_>, entries: &[Entry], name: &str, env: &Env) -> Value {
        match definition(entries, name) {
            Some(definition) => known.definition(definition, env),
            None => Value::Unknown,
        }
    }
}

/// The definition of a plain name.
pub fn definition<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Definition> {
    entries.iter().rev().find(|entry| entry.path == [name]).map(|entry| &entry.value)
}

struct Call {
    around: Vec<ast::Lambda>,
    arguments: Vec<Expr>,
    over: Option<Expr>,
}

/// The attribute set behind parentheses, `finalAttrs:`, `let` and `with`; of an update its left side.
pub fn written_set(expr: Expr) -> Option<ast::AttrSet> {
    match expr {
        Expr::AttrSet(set) => Some(set),
        Expr::Paren(inner) => written_set(inner.expr()?),
        Expr::Lambda(lambda) => written_set(lambda.body()?),
        Expr::LetIn(inner) => written_set(inner.body()?),
        Expr::With(inner) => written_set(inner.body()?),
        Expr::BinOp(operation) => written_set(operation.lhs()?),
        _ => None,
    }
}

fn collect(
    known: &Knowledge<'_>,
    expr: Expr,
    env: &Env,
    all: &mut Vec<Entry>,
    undecided: &mut Vec<Expr>,
) -> Option<()> {
    match &expr {
        Expr::AttrSet(set) => {
            let new = entries(set);
            let heads: Vec<String> = new.iter().filter_map(|entry| entry.path.first().cloned()).collect();
            all.retain(|old| old.path.first().is_none_or(|head| !heads.contains(head)));
            all.extend(new);
        }
        Expr::Paren(inner) => collect(known, inner.expr()?, env, all, undecided)?,
        Expr::Lambda(lambda) => collect(known, lambda.body()?, env, all, undecided)?,
        Expr::LetIn(inner) => collect(known, inner.body()?, env, all, undecided)?,
        Expr::With(inner) => collect(known, inner.body()?, env, all, undecided)?,
        Expr::BinOp(operation) if operation.operator() == Some(ast::BinOpKind::Update) => {
            collect(known, operation.lhs()?, env, all, undecided);
            collect(known, operation.rhs()?, env, all, undecided);
        }
        Expr::Apply(apply) => {
            let (function, arguments) = text::application(apply)?;
            let name = text::dotted(&function)?.pop()?;
            match (name.as_str(), arguments.as_slice()) {
                ("optionalAttrs", [condition, set]) => match known.of(condition, env) {
                    Value::Bool(true) => collect(known, set.clone(), env, all, undecided)?,
                    Value::Bool(false) => {}
                    _ => undecided.push(expr.clone()),
                },
                _ => undecided.push(expr.clone()),
            }
        }
        _ => undecided.push(expr.clone()),
    }
    Some(())
}

/// The derivation's `pname`.
pub fn own_name(known: &Knowledge<'_>, site: &Site, case: Option<&Case>) -> Option<String> {
    let case = case?;
    let (entries, _) = site.attributes(known, case);
    site.value(known, &entries, "pname", &case.env).text().map(str::to_owned)
}
