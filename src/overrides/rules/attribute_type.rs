//! PGF308: values of a type that the attribute does not take.

use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, Seen, attributes, is_package, resolve};
use crate::diag::{Code, Diagnostic, Diagnostics, Edit};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::overrides::mk_derivation::{self, Takes};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    AttributeType =
        "mkDerivation needs a list here and gets a string, or the other way round. A string in place of a list of \
         inputs or patches fails when the derivation is evaluated or, worse, only in the build.",
        bad: r#"
            { }: old: {
              makeFlags = old.makeFlags + [ "X=1" ];
            }
        "#,
        says: "`+` does not join lists",
        fixed: r#"
            { }: old: {
              makeFlags = old.makeFlags ++ [ "X=1" ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for attribute in ctx.bodies().iter().flat_map(attributes) {
        let (Some(takes), Some(value)) = (mk_derivation::takes(&attribute.name), attribute.value) else {
            continue;
        };
        value_of(ctx, &attribute.name, takes, &value, &mut Seen::default(), sink);
    }
    for body in ctx.bodies() {
        for set in &body.sets {
            joins(ctx, set.syntax(), sink);
        }
    }
}

/// What a literal is, for messages.
fn literal(expr: &ast::Expr) -> Option<&'static str> {
    Some(match expr {
        ast::Expr::Str(_) => "a string",
        ast::Expr::List(_) => "a list",
        ast::Expr::AttrSet(_) => "a set",
        ast::Expr::Literal(_) => "a number or URL",
        ast::Expr::Lambda(_) => "a function",
        ast::Expr::PathRel(_) | ast::Expr::PathAbs(_) | ast::Expr::PathHome(_) => "a path",
        ast::Expr::Ident(ident) => match text::ident_text(ident).as_str() {
            "true" | "false" => "true or false",
            _ => return None,
        },
        _ => return None,
    })
}

fn value_of(
    ctx: &Ctx<'_>,
    name: &str,
    takes: Takes,
    value: &ast::Expr,
    seen: &mut Seen,
    sink: &mut Diagnostics,
) {
    let resolved = resolve(ctx, value.clone());
    if !seen.first(&resolved) {
        return;
    }
    if let ast::Expr::IfElse(choice) = &resolved {
        choice
            .body()
            .into_iter()
            .chain(choice.else_body())
            .for_each(|v| value_of(ctx, name, takes, &v, seen, sink));
        return;
    }
    if takes == Takes::Packages && is_package(ctx, &resolved) {
        let range = value.syntax().text_range();
        let finding =
            mismatch(ctx, name, takes, "a package", range).help(format!("write `[ {} ]`", short(value)));
        return sink.push(bracketed(ctx, finding, value));
    }
    let Some(is) = literal(&resolved) else {
        return items(ctx, name, takes, &resolved, seen, sink);
    };
    let fits = match takes {
        Takes::Packages | Takes::Paths | Takes::Words | Takes::Flags => is == "a list",
        // A derivation or path can be text as well; numbers become text.
        Takes::Script | Takes::Text => matches!(is, "a string" | "a path" | "a number or URL"),
        Takes::Bool => is == "true or false",
        Takes::Set => is == "a set",
        Takes::Other => true,
    };
    if fits {
        return items(ctx, name, takes, &resolved, seen, sink);
    }
    let finding = mismatch(ctx, name, takes, is, value.syntax().text_range());
    sink.push(match (takes, is) {
        (Takes::Bool, "a string") => finding.help("write `true` or `false` without quotes"),
        (Takes::Words | Takes::Flags, "a string") => {
            let help = "write `[ \"…\" \"…\" ]`, one string an argument";
            let constant = match text::peel(value.clone()) {
                ast::Expr::Str(string) => text::constant(&string),
                _ => None,
            };
            match constant {
                Some(text) if !text.contains(char::is_whitespace) && !text.is_empty() => {
                    bracketed(ctx, finding.help(help), value)
                }
                _ => finding.help(help),
            }
        }
        (Takes::Paths, "a path") => {
            bracketed(ctx, finding.help(format!("write `[ {} ]`", short(value))), value)
        }
        (Takes::Packages, "a string") => {
            finding.help("write `[ openssl ]`: the package itself, in a list and without quotes")
        }
        (Takes::Script | Takes::Text, "a list") => {
            finding.help("write one string; lines are joined with newlines in ''…''")
        }
        _ => finding.help(format!("write {}", takes.describe())),
    });
}

fn short(value: &ast::Expr) -> String {
    let text = value.syntax().text().to_string();
    if text.len() <= 40 && !text.contains('\n') { text } else { "…".to_owned() }
}

fn mismatch(ctx: &Ctx<'_>, name: &str, takes: Takes, is: &str, range: rnix::TextRange) -> Diagnostic {
    ctx.finding(Code::AttributeType, range, format!("`{name}` takes {} and this is {is}", takes.describe()))
}

fn bracketed(ctx: &Ctx<'_>, finding: Diagnostic, value: &ast::Expr) -> Diagnostic {
    let range = std::ops::Range::<usize>::from(value.syntax().text_range());
    let edits = vec![
        Edit { span: crate::diag::Span::new(ctx.file, range.start..range.start), replacement: "[ ".into() },
        Edit { span: crate::diag::Span::new(ctx.file, range.end..range.end), replacement: " ]".into() },
    ];
    finding.fix("put it into a list", edits)
}

/// The items of the lists a value is made of.
fn items(
    ctx: &Ctx<'_>,
    name: &str,
    takes: Takes,
    value: &ast::Expr,
    seen: &mut Seen,
    sink: &mut Diagnostics,
) {
    match value {
        ast::Expr::BinOp(op) if op.operator() == Some(ast::BinOpKind::Concat) && takes.is_list() => {
            for side in op.lhs().into_iter().chain(op.rhs()) {
                let side = resolve(ctx, side);
                if seen.first(&side) {
                    items(ctx, name, takes, &side, seen, sink);
                }
            }
        }
        ast::Expr::List(list) => {
            for item in list.items() {
                let wrong = match (takes, &item) {
                    (Takes::Packages, ast::Expr::Str(string)) if text::constant(string).is_some() => {
                        "a string where a package is needed"
                    }
                    (Takes::Packages, ast::Expr::List(_)) => continue,
                    (Takes::Packages, ast::Expr::Literal(_)) => "a number or URL where a package is needed",
                    (Takes::Paths, ast::Expr::Str(string))
                        if text::constant(string).is_some_and(|s| !s.starts_with('/')) =>
                    {
                        "a string where a path is needed"
                    }
                    (Takes::Words, ast::Expr::AttrSet(_) | ast::Expr::Lambda(_)) => "no string",
                    _ => continue,
                };
                let finding = ctx.finding(
                    Code::AttributeType,
                    item.syntax().text_range(),
                    format!("an item of `{name}` is {wrong}"),
                );
                sink.push(match takes {
                    Takes::Packages => {
                        finding.help("write the package's name without quotes and add it to the arguments")
                    }
                    Takes::Paths => finding.help("write the path without quotes: `./x.patch`"),
                    _ => finding,
                });
            }
        }
        _ => {}
    }
}

/// `++` joins lists and `+` joins strings: an operand that is surely of the other kind.
fn joins(ctx: &Ctx<'_>, within: &rnix::SyntaxNode, sink: &mut Diagnostics) {
    for op in within.descendants().filter_map(ast::BinOp::cast) {
        let (operator, sides) = (op.operator(), op.lhs().into_iter().chain(op.rhs()));
        match operator {
            Some(ast::BinOpKind::Concat) => {
                for side in sides {
                    let value = resolve(ctx, side.clone());
                    let is = match literal(&value) {
                        Some("a list") => continue,
                        Some(is) => is,
                        None if is_package(ctx, &value) => "a package",
                        None => continue,
                    };
                    let finding = ctx.finding(
                        Code::AttributeType,
                        side.syntax().text_range(),
                        format!("`++` joins lists and this is {is}"),
                    );
                    sink.push(match is {
                        "a string" => {
                            finding.help("strings are joined with `+`; in a list write `[ \"…\" ]`")
                        }
                        _ => bracketed(ctx, finding.help(format!("write `[ {} ]`", short(&side))), &side),
                    });
                }
            }
            Some(ast::BinOpKind::Add) => {
                for side in sides.filter(|side| matches!(resolve(ctx, side.clone()), ast::Expr::List(_))) {
                    sink.push(
                        ctx.finding(
                            Code::AttributeType,
                            side.syntax().text_range(),
                            "`+` does not join lists",
                        )
                        .help("lists are joined with `++`"),
                    );
                }
            }
            _ => {}
        }
    }
}
