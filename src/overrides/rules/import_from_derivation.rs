//! PGF312: evaluation that has to build first.

use rnix::SyntaxKind::{NODE_APPLY, NODE_IDENT, NODE_INTERPOL, NODE_SELECT};
use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, Seen, calls, is_package, resolve};
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    ImportFromDerivation =
        "What is imported or read is the result of a build, so that evaluation has to build and stops for it. `nix \
         flake check`, Hydra and nixpkgs forbid it. Commit the file instead.",
        bad: r#"
            { }: old: {
              env.META = builtins.readFile "${old.src}/META.json";
            }
        "#,
        says: "`readFile` reads the result of a build",
        fixed: r#"
            { }: old: {
              preBuild = ''
                export META=$(cat META.json)
              '';
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (_, names, arguments) in calls(ctx) {
        let reads = match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["import" | "scopedImport"] => true,
            ["builtins", name] => {
                matches!(*name, "import" | "readFile" | "readDir" | "pathExists" | "hashFile")
            }
            ["lib", "importJSON" | "importTOML"] => true,
            _ => false,
        };
        let Some(argument) = arguments.first().filter(|_| reads) else { continue };
        let argument = resolve(ctx, argument.clone());
        if built(ctx, &argument, &mut Seen::default()) {
            let name = names.last().map_or("import", String::as_str);
            sink.push(
                ctx.finding(
                    Code::ImportFromDerivation,
                    argument.syntax().text_range(),
                    format!("`{name}` reads the result of a build"),
                )
                .help("commit the file and read it from the repository: `./x.json`"),
            );
        }
    }
}

/// Whether an expression is, or is a path into, what a derivation makes: a package among the
/// arguments, the source, or a call of a fetcher or builder.
fn built(ctx: &Ctx<'_>, expr: &ast::Expr, seen: &mut Seen) -> bool {
    if !seen.first(expr) {
        return false;
    }
    let derivation = |expr: &ast::Expr| {
        let expr = resolve(ctx, expr.clone());
        if is_package(ctx, &expr) {
            return true;
        }
        match &expr {
            ast::Expr::Apply(apply) => text::application(apply)
                .and_then(|(function, _)| text::dotted(&function))
                .and_then(|names| names.last().cloned())
                .is_some_and(|name| {
                    name.starts_with("fetch")
                        || name.starts_with("runCommand")
                        || name == "mkDerivation"
                        || name.starts_with("writeText")
                }),
            ast::Expr::Select(_) => text::dotted(&expr).is_some_and(|names| {
                names.last().is_some_and(|name| name == "src")
                    && ctx.bodies().iter().any(|body| {
                        body.old.iter().chain(&body.last).any(|ident| text::ident_text(ident) == names[0])
                    })
            }),
            _ => false,
        }
    };
    match expr {
        ast::Expr::Str(string) => string
            .syntax()
            .children()
            .filter(|child| child.kind() == NODE_INTERPOL)
            .filter_map(ast::Interpol::cast)
            .filter_map(|interpol| interpol.expr())
            .any(|inner| derivation(&inner)),
        ast::Expr::BinOp(op) => op.lhs().is_some_and(|lhs| built(ctx, &resolve(ctx, lhs), seen)),
        other => matches!(other.syntax().kind(), NODE_APPLY | NODE_SELECT | NODE_IDENT) && derivation(other),
    }
}
