//! What string literals and attribute names say, where the syntax alone tells.

use rnix::ast::{self, AstToken, InterpolPart};
use rowan::ast::AstNode;

/// The value of a string without interpolation.
pub fn constant(string: &ast::Str) -> Option<String> {
    let mut parts = string.normalized_parts();
    match parts.len() {
        0 => Some(String::new()),
        1 => match parts.pop() {
            Some(InterpolPart::Literal(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The name an attribute has, unless it is computed. `${"a"}` is the name `a`, as in Nix.
pub fn attr_name(attr: &ast::Attr) -> Option<String> {
    match attr {
        ast::Attr::Ident(ident) => Some(ident_text(ident)),
        ast::Attr::Str(string) => constant(string),
        ast::Attr::Dynamic(dynamic) => match dynamic.expr()? {
            ast::Expr::Str(string) => constant(&string),
            _ => None,
        },
    }
}

/// The names of a path, up to the first computed one.
pub fn path_names(path: &ast::Attrpath) -> Vec<String> {
    path.attrs().map_while(|attr| attr_name(&attr)).collect()
}

/// An identifier's text.
pub fn ident_text(ident: &ast::Ident) -> String {
    ident.syntax().text().to_string()
}

/// Whether a string is of the `''` kind.
pub fn is_indented(string: &ast::Str) -> bool {
    string.syntax().first_token().is_some_and(|token| token.text() == "''")
}

/// An expression without the parentheses around it.
pub fn peel(mut expr: ast::Expr) -> ast::Expr {
    while let ast::Expr::Paren(paren) = &expr {
        match paren.expr() {
            Some(inner) => expr = inner,
            None => break,
        }
    }
    expr
}

/// The dotted name an expression is (`lib.fakeHash`), if it is nothing else.
pub fn dotted(expr: &ast::Expr) -> Option<Vec<String>> {
    match expr {
        ast::Expr::Ident(ident) => Some(vec![ident_text(ident)]),
        ast::Expr::Select(select) if select.or_token().is_none() => {
            let mut names = dotted(&peel(select.expr()?))?;
            let path = select.attrpath()?;
            for attr in path.attrs() {
                names.push(attr_name(&attr)?);
            }
            Some(names)
        }
        ast::Expr::Paren(paren) => dotted(&paren.expr()?),
        _ => None,
    }
}

/// A function application as its function and arguments: `f a b` is `(f, [a, b])`.
pub fn application(apply: &ast::Apply) -> Option<(ast::Expr, Vec<ast::Expr>)> {
    let mut arguments = vec![apply.argument()?];
    let mut function = peel(apply.lambda()?);
    while let ast::Expr::Apply(inner) = &function {
        arguments.push(inner.argument()?);
        function = peel(inner.lambda()?);
    }
    arguments.reverse();
    Some((function, arguments))
}

/// A string's raw text parts with their offsets in the file.
pub fn literal_parts(string: &ast::Str) -> Vec<(usize, String)> {
    string
        .parts()
        .filter_map(|part| match part {
            InterpolPart::Literal(content) => {
                let token = content.syntax();
                Some((usize::from(token.text_range().start()), token.text().to_owned()))
            }
            InterpolPart::Interpolation(_) => None,
        })
        .collect()
}
