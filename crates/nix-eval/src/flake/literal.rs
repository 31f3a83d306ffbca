//! How `flake.nix` must be written: a set, of whose inputs nothing has to be evaluated to know it.

use nix_syntax::ast::{self, HasEntry as _};
use nix_syntax::{AstNode as _, with_stack};

use super::{Kind, fail};
use crate::error::Error;
use crate::lower::Odd;
use crate::machine::{Ev, Result};

/// What is wrong, and the offset where.
struct Wrong {
    what: String,
    at: usize,
}

/// Fails where Nix refuses the text of a flake.nix that was read before.
pub fn check(ev: &mut Ev, file: &str, flake: &str) -> Result<()> {
    let Some((text, _)) = Odd::text(ev.read_at(file.as_bytes(), 0)?) else { return Ok(()) };
    let wrong = with_stack(&text, || {
        let root = nix_syntax::parse(&text).ok()?;
        match root.expr().map(bare) {
            Some(ast::Expr::AttrSet(set)) => entries(&set, &[], flake),
            _ => Some(Wrong { what: String::new(), at: 0 }),
        }
    })?;
    match wrong {
        None => Ok(()),
        Some(Wrong { what, .. }) if what.is_empty() => {
            let place = ev
                .shared
                .known_as(file.as_bytes())
                .map_or_else(|| file.as_bytes().to_vec(), |known| known.path);
            let place = String::from_utf8_lossy(&place);
            fail(Kind::Type, format!("file '{place}' must be an attribute set"))
        }
        Some(Wrong { what, at }) => {
            let pos = ev.shared.pos_in(file.as_bytes(), at);
            Err(Error::at(Kind::Type, what, pos))
        }
    }
}

/// The expression inside of parentheses.
fn bare(mut expr: ast::Expr) -> ast::Expr {
    while let ast::Expr::Paren(paren) = &expr
        && let Some(inner) = paren.expr()
    {
        expr = inner;
    }
    expr
}

/// The first thing that is wrong in a set at `path`.
fn entries(set: &ast::AttrSet, path: &[String], flake: &str) -> Option<Wrong> {
    let mut unsupported = None;
    for entry in set.entries() {
        let at = usize::from(entry.syntax().text_range().start());
        let mut wrong = |names: Vec<String>, value: Option<ast::Expr>| {
            let path = [path, &names].concat();
            let known = ["description", "inputs", "outputs", "nixConfig"];
            if let Some(first) = path.first().filter(|first| !known.contains(&first.as_str())) {
                let what = format!("flake '{flake}' has an unsupported attribute '{first}'");
                unsupported.get_or_insert(Wrong { what, at });
                return None;
            }
            value_at(&path, value, at, flake)
        };
        let found = match entry {
            ast::Entry::AttrpathValue(entry) => {
                let names = entry.attrpath().map(|path| path.attrs().map(|attr| name(&attr)).collect());
                let Some(names) = names.and_then(|names: Vec<_>| names.into_iter().collect()) else {
                    continue;
                };
                wrong(names, entry.value())
            }
            ast::Entry::Inherit(inherit) => {
                // From a set it has to be evaluated; a variable may be anything.
                let from = inherit.from().is_some();
                let names: Vec<_> = inherit.attrs().filter_map(|attr| name(&attr)).collect();
                names.into_iter().find_map(|name| if from { wrong(vec![name], None) } else { None })
            }
        };
        if found.is_some() {
            return found;
        }
    }
    unsupported
}

/// The name of an attribute; none of one that is computed.
fn name(attr: &ast::Attr) -> Option<String> {
    match attr {
        ast::Attr::Ident(ident) => Some(ident.ident_token()?.text().to_owned()),
        ast::Attr::Str(text) => literal(text),
        ast::Attr::Dynamic(_) => None,
    }
}

/// A string without interpolation.
fn literal(text: &ast::Str) -> Option<String> {
    let mut all = String::new();
    for part in text.normalized_parts() {
        match part {
            ast::InterpolPart::Literal(part) => all.push_str(&part),
            ast::InterpolPart::Interpolation(_) => return None,
        }
    }
    Some(all)
}

/// What an expression is before it is evaluated; `None` of a variable, which may be anything.
fn kind(expr: &ast::Expr) -> Option<&'static str> {
    Some(match expr {
        ast::Expr::Str(text) if literal(text).is_some() => "a string",
        ast::Expr::Literal(literal) => match literal.kind() {
            ast::LiteralKind::Integer(_) => "an integer",
            ast::LiteralKind::Float(_) => "a float",
            ast::LiteralKind::Uri(_) => "a string",
        },
        ast::Expr::PathAbs(path) if path.parts().len() <= 1 => "a path",
        ast::Expr::PathRel(path) if path.parts().len() <= 1 => "a path",
        ast::Expr::List(_) => "a list",
        ast::Expr::AttrSet(set) if computed(set) => "a thunk",
        ast::Expr::AttrSet(_) => "a set",
        ast::Expr::Lambda(_) => "a function",
        ast::Expr::Ident(ident) => match ident.ident_token()?.text() {
            "true" | "false" => "a Boolean",
            "null" => "null",
            _ => return None,
        },
        _ => "a thunk",
    })
}

/// Whether a set has names that must be computed.
fn computed(set: &ast::AttrSet) -> bool {
    set.attrpath_values().any(|entry| {
        entry.attrpath().is_some_and(|path| path.attrs().next().is_some_and(|attr| name(&attr).is_none()))
    })
}

fn value_at(path: &[String], value: Option<ast::Expr>, at: usize, flake: &str) -> Option<Wrong> {
    let value = value.map(bare);
    let found = match &value {
        Some(value) => kind(value)?,
        None => "a thunk",
    };
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut rest = names.as_slice();
    // Inputs of inputs are as inputs.
    while let ["inputs", _, "inputs", ..] = rest {
        rest = &rest[2..];
    }
    let expected: &[&str] = match rest {
        ["description"] => &["a string"],
        ["outputs"] => &["a function"],
        ["inputs"] | ["inputs", _] | ["nixConfig"] => &["a set"],
        ["inputs", _, "url"] => &["a string", "a path"],
        ["inputs", _, "flake"] => &["a Boolean"],
        ["inputs", _, "follows"] => &["a string"],
        ["inputs", _, name] if found == "a thunk" => {
            let what = format!(
                "flake input attribute '{name}' is a thunk while a string, Boolean, or integer is expected"
            );
            return Some(Wrong { what, at });
        }
        _ => return None,
    };
    if !expected.contains(&found) {
        return Some(Wrong { what: format!("expected {} but got {found}", expected.join(" or ")), at });
    }
    match value {
        Some(ast::Expr::AttrSet(set)) => entries(&set, path, flake),
        _ => None,
    }
}
