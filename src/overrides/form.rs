//! The forms an override may have, recognised on the syntax.

use std::collections::HashSet;

use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::facts::Role;
use crate::nix::syntax::text;

/// One function of attributes in an override: there is one for the whole file or one a version.
pub struct Body {
    /// The version it is for; `None` for all, and for `default`.
    pub version: Option<String>,
    /// The name of the old attributes (`old`, `prevAttrs`).
    pub old: Option<ast::Ident>,
    /// The name of the final attributes (`finalAttrs`).
    pub last: Option<ast::Ident>,
    /// The sets written out in it; with `//` and `optionalAttrs` there are several.
    pub sets: Vec<ast::AttrSet>,
    /// Whether some of the result is computed in a way that the syntax does not show.
    pub opaque: bool,
}

/// An override taken apart.
pub struct Form {
    /// The function that takes the packages.
    pub packages: ast::Lambda,
    /// Its functions of attributes; for a derivation its calls of mkDerivation and the like.
    pub bodies: Vec<Body>,
    /// The `versions` set's entries as name and place.
    pub versions: Vec<(String, rnix::TextRange)>,
}

/// Why a file is not an override.
pub struct Unfit {
    /// What is there instead.
    pub what: String,
    /// Where.
    pub at: rnix::TextRange,
    /// What to write.
    pub help: String,
}

/// Steps over `let … in`, `with …;`, `assert …;` and parentheses.
pub fn inner(mut expr: ast::Expr) -> ast::Expr {
    loop {
        let next = match &expr {
            ast::Expr::LetIn(e) => e.body(),
            ast::Expr::With(e) => e.body(),
            ast::Expr::Assert(e) => e.body(),
            ast::Expr::Paren(e) => e.expr(),
            ast::Expr::Root(e) => e.expr(),
            _ => None,
        };
        match next {
            Some(next) => expr = next,
            None => return expr,
        }
    }
}

/// Expressions that names were followed to. Each is followed once: names may lead in a circle, and a name that
/// is used twice by one that is used twice would be looked at without end.
#[derive(Default)]
pub struct Seen(HashSet<rnix::TextRange>);

impl Seen {
    /// Whether it comes here for the first time.
    pub fn first(&mut self, expr: &ast::Expr) -> bool {
        self.0.insert(expr.syntax().text_range())
    }
}

/// A name bound by a `let` around it as what it stands for.
fn named(expr: ast::Expr) -> ast::Expr {
    let ast::Expr::Ident(ident) = &expr else { return expr };
    let name = text::ident_text(ident);
    let value = ident.syntax().ancestors().filter_map(ast::LetIn::cast).find_map(|bindings| {
        let own = |b: &ast::AttrpathValue| {
            b.attrpath().is_some_and(|path| text::path_names(&path) == [name.as_str()])
        };
        bindings.attrpath_values().find(own)?.value()
    });
    match value {
        Some(value) if value.syntax() != expr.syntax() => inner(value),
        _ => expr,
    }
}

const SHAPE: &str = "write `{ lib, openssl }: old: { … }`";

fn unfit(what: impl Into<String>, expr: &ast::Expr, help: impl Into<String>) -> Unfit {
    let range = expr.syntax().text_range();
    // The first line says enough, and a caret under a whole file says nothing.
    let text = expr.syntax().text().to_string();
    let first = text.lines().next().map_or(0, str::len).max(1);
    let len = u32::try_from(first).unwrap_or(1).min(u32::from(range.len()));
    let at = rnix::TextRange::at(range.start(), len.into());
    Unfit { what: what.into(), at, help: help.into() }
}

/// Takes an override apart.
pub fn recognise(root: &ast::Root, role: Role) -> Result<Form, Unfit> {
    let Some(expr) = root.expr() else {
        return Err(Unfit { what: "nothing".into(), at: root.syntax().text_range(), help: SHAPE.into() });
    };
    let top = inner(expr);
    let ast::Expr::Lambda(packages) = &top else {
        return Err(unfit("the file gives no function", &top, SHAPE));
    };
    match packages.param() {
        Some(ast::Param::Pattern(_)) => {}
        // callPackage hands it nothing, which is as good as `{ }:`.
        Some(ast::Param::IdentParam(param)) if role == Role::Attributes && takes_nothing(&param) => {}
        Some(ast::Param::IdentParam(param)) => {
            let name = param.ident().map_or_else(String::new, |i| text::ident_text(&i));
            let what = match name.as_str() {
                "old" | "prev" | "prevAttrs" | "oldAttrs" | "finalAttrs" | "final" | "self" | "super" => {
                    format!("the function of packages is missing before `{name}:`")
                }
                _ => format!("`{name}:` does not say which packages it needs"),
            };
            let help = match role {
                Role::Attributes => {
                    "write `{ lib }: old: { … }`, and `_: old: { … }` where no package is needed"
                }
                Role::Derivation => "name the packages: `{ stdenv, postgresql, version, src }: …`",
            };
            let start = top.syntax().text_range().start();
            let len = u32::try_from(name.len().max(1)).unwrap_or(1);
            return Err(Unfit { what, at: rnix::TextRange::at(start, len.into()), help: help.into() });
        }
        None => return Err(unfit("the function has no argument", &top, SHAPE)),
    }
    let Some(body) = packages.body() else {
        return Err(unfit("the function has no body", &top, SHAPE));
    };
    let body = named(inner(body));
    if role == Role::Derivation {
        return derivation(packages, body);
    }
    match &body {
        ast::Expr::Lambda(_) => {
            let bodies = vec![attributes(body.clone(), None)?];
            Ok(Form { packages: packages.clone(), bodies, versions: Vec::new() })
        }
        ast::Expr::AttrSet(set) => versions(packages, set),
        // `{ … }: import ./other.nix` may well give a function.
        ast::Expr::Apply(apply) if applies(apply, "import") => {
            let body = Body { version: None, old: None, last: None, sets: Vec::new(), opaque: true };
            Ok(Form { packages: packages.clone(), bodies: vec![body], versions: Vec::new() })
        }
        ast::Expr::Apply(_) => Err(unfit(
            "the override gives a derivation, not a function of the generated one's attributes",
            &body,
            "write `old: { … }` in its place, or set `kind = \"custom\"` in the extension's TOML file",
        )),
        _ => Err(unfit("the override gives no function of the old attributes", &body, SHAPE)),
    }
}

/// Whether a function says by its argument's name that it does not use it: `_: old: { … }`.
fn takes_nothing(param: &ast::IdentParam) -> bool {
    let name = param.ident().map_or_else(String::new, |ident| text::ident_text(&ident));
    matches!(name.as_str(), "_" | "_args" | "_packages" | "_pkgs")
}

fn applies(apply: &ast::Apply, name: &str) -> bool {
    text::application(apply)
        .and_then(|(function, _)| text::dotted(&function))
        .is_some_and(|names| names == [name])
}

fn parameter(lambda: &ast::Lambda) -> Option<ast::Ident> {
    match lambda.param()? {
        ast::Param::IdentParam(param) => param.ident(),
        ast::Param::Pattern(pattern) => pattern.pat_bind()?.ident(),
    }
}

fn attributes(expr: ast::Expr, version: Option<String>) -> Result<Body, Unfit> {
    let expr = named(inner(expr));
    let ast::Expr::Lambda(first) = &expr else {
        // `versions."1.2.3" = import ./x.nix;` and the like: what it gives shows when it is evaluated.
        if matches!(expr, ast::Expr::Ident(_) | ast::Expr::Apply(_) | ast::Expr::Select(_)) {
            return Ok(Body { version, old: None, last: None, sets: Vec::new(), opaque: true });
        }
        return Err(unfit("this is no function of the old attributes", &expr, "write `old: { … }`"));
    };
    let result = first.body().map(inner);
    let (old, last, result) = match result {
        Some(ast::Expr::Lambda(second)) => (parameter(&second), parameter(first), second.body().map(inner)),
        other => (parameter(first), None, other),
    };
    let Some(result) = result else {
        return Err(unfit("the function has no body", &expr, "write `old: { … }`"));
    };
    if matches!(
        result,
        ast::Expr::Str(_)
            | ast::Expr::List(_)
            | ast::Expr::Literal(_)
            | ast::Expr::Lambda(_)
            | ast::Expr::PathRel(_)
    ) {
        return Err(unfit("the function of the old attributes gives no set", &result, "write `old: { … }`"));
    }
    let mut body = Body { version, old, last, sets: Vec::new(), opaque: false };
    collect(result, &mut body, &mut Seen::default());
    Ok(body)
}

/// The sets of which a result is made: `{ } // lib.optionalAttrs c { }`, `if c then { } else { }`.
fn collect(expr: ast::Expr, body: &mut Body, seen: &mut Seen) {
    let expr = named(inner(expr));
    if !seen.first(&expr) {
        return;
    }
    match expr {
        ast::Expr::AttrSet(set) => body.sets.push(set),
        ast::Expr::BinOp(op) if op.operator() == Some(ast::BinOpKind::Update) => {
            op.lhs().into_iter().chain(op.rhs()).for_each(|side| collect(side, body, seen));
        }
        ast::Expr::IfElse(choice) => {
            choice.body().into_iter().chain(choice.else_body()).for_each(|side| collect(side, body, seen));
        }
        ast::Expr::Apply(apply) => {
            let Some((function, arguments)) = text::application(&apply) else { return };
            let name = text::dotted(&function).and_then(|names| names.last().cloned()).unwrap_or_default();
            match (name.as_str(), arguments.last()) {
                ("optionalAttrs", Some(last)) => collect(last.clone(), body, seen),
                ("recursiveUpdate", _) => arguments.into_iter().for_each(|a| collect(a, body, seen)),
                _ => body.opaque = true,
            }
        }
        _ => body.opaque = true,
    }
}

fn versions(packages: &ast::Lambda, set: &ast::AttrSet) -> Result<Form, Unfit> {
    let whole = ast::Expr::AttrSet(set.clone());
    let mut form = Form { packages: packages.clone(), bodies: Vec::new(), versions: Vec::new() };
    let mut selector = false;
    for entry in set.entries() {
        let ast::Entry::AttrpathValue(binding) = entry else {
            return Err(unfit(
                "a selector of versions has nothing but `versions` and `default`",
                &whole,
                SHAPE,
            ));
        };
        let (Some(path), Some(value)) = (binding.attrpath(), binding.value()) else { continue };
        let names = text::path_names(&path);
        match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["default"] => form.bodies.push(attributes(value, None)?),
            ["versions"] => {
                selector = true;
                let ast::Expr::AttrSet(inner_set) = inner(value.clone()) else {
                    return Err(unfit(
                        "`versions` is no set",
                        &value,
                        "write `versions = { \"1.2.3\" = old: { … }; };`",
                    ));
                };
                for entry in inner_set.entries() {
                    let ast::Entry::AttrpathValue(binding) = entry else { continue };
                    one_version(&binding, 0, &mut form)?;
                }
            }
            ["versions", ..] => {
                selector = true;
                one_version(&binding, 1, &mut form)?;
            }
            other => {
                let name = other.first().copied().unwrap_or("?");
                let help = format!("write `old: {{ {name} = …; }}`, or give `versions` and `default`");
                return Err(unfit("the function of the old attributes is missing", &whole, help));
            }
        }
    }
    if !selector {
        let what = "the override gives a set, not a function of the old attributes";
        return Err(unfit(what, &whole, "write `old:` before the `{`, or give `versions`"));
    }
    Ok(form)
}

fn one_version(binding: &ast::AttrpathValue, skip: usize, form: &mut Form) -> Result<(), Unfit> {
    let (Some(path), Some(value)) = (binding.attrpath(), binding.value()) else { return Ok(()) };
    let attrs: Vec<_> = path.attrs().skip(skip).collect();
    let name = match attrs.as_slice() {
        [attr] => text::attr_name(attr),
        _ => {
            let what = "a version is one name in quotes".to_owned();
            let help = format!("write `\"{}\" = …;`", text::path_names(&path)[skip..].join("."));
            return Err(Unfit { what, at: path.syntax().text_range(), help });
        }
    };
    if let Some(name) = &name {
        form.versions.push((name.clone(), attrs[0].syntax().text_range()));
    }
    form.bodies.push(attributes(value, name)?);
    Ok(())
}

/// A custom derivation: the sets handed to mkDerivation and the like are its bodies.
fn derivation(packages: &ast::Lambda, body: ast::Expr) -> Result<Form, Unfit> {
    match &body {
        ast::Expr::Lambda(_) => {
            return Err(unfit(
                "a custom extension gives the whole derivation, not a function of attributes",
                &body,
                "write `stdenv.mkDerivation { … }`, or set another `kind` in the extension's TOML file",
            ));
        }
        ast::Expr::AttrSet(_) | ast::Expr::Str(_) | ast::Expr::List(_) | ast::Expr::Literal(_) => {
            return Err(unfit("this is no derivation", &body, "write `stdenv.mkDerivation { … }`"));
        }
        _ => {}
    }
    let mut form = Form { packages: packages.clone(), bodies: Vec::new(), versions: Vec::new() };
    for apply in body.syntax().descendants().filter_map(ast::Apply::cast) {
        let Some((function, arguments)) = text::application(&apply) else { continue };
        let name = text::dotted(&function).and_then(|names| names.last().cloned()).unwrap_or_default();
        if !builds(&name) || arguments.len() != 1 {
            continue;
        }
        let mut made = Body { version: None, old: None, last: None, sets: Vec::new(), opaque: false };
        let argument = text::peel(arguments[0].clone());
        match argument {
            ast::Expr::Lambda(lambda) => {
                made.last = parameter(&lambda);
                if let Some(result) = lambda.body() {
                    collect(result, &mut made, &mut Seen::default());
                }
            }
            other => collect(other, &mut made, &mut Seen::default()),
        }
        form.bodies.push(made);
    }
    Ok(form)
}

/// Functions that make a derivation of a set of mkDerivation's attributes.
fn builds(name: &str) -> bool {
    matches!(
        name,
        "mkDerivation" | "postgresqlBuildExtension" | "buildPostgresqlExtension" | "buildPgrxExtension"
    )
}
