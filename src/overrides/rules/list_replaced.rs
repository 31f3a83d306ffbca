//! PGF307: lists that replace what the generated derivation has.

use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, Seen, attributes, builder_arguments, resolve, uses_old};
use crate::diag::{Code, Diagnostics, Edit};
use crate::nix::syntax::text;
use crate::overrides::{Body, Ctx, Role, mk_derivation};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    ListReplaced =
        "The generated derivation has values here already, and this list throws them away. Write `old.buildInputs \
         or [ ] ++ [ … ]` to add to them. To replace them on purpose say so: `# pgflakegen: allow PGF307 because \
         …`.",
        bad: r#"
            { openssl }: old: {
              buildInputs = [ openssl ];
            }
        "#,
        says: "this replaces the generated `buildInputs` in place of adding to it",
        fixed: r#"
            { openssl }: old: {
              buildInputs = old.buildInputs ++ [ openssl ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts.filter(|facts| facts.role == Role::Attributes) else { return };
    for body in ctx.bodies() {
        for attribute in attributes(body) {
            let name = attribute.name.as_str();
            // What it says of these would be of no use.
            if builder_arguments::is_argument(name) {
                continue;
            }
            if !mk_derivation::takes(name).is_some_and(mk_derivation::Takes::is_list)
                || !facts.generates(name)
            {
                continue;
            }
            let Some(value) = attribute.value else { continue };
            if !is_list(ctx, &value, &mut Seen::default()) || uses_old(ctx, body, &value) {
                continue;
            }
            let old = old_name(body);
            let mut finding = ctx
                .finding(
                    Code::ListReplaced,
                    attribute.range,
                    format!("this replaces the generated `{name}` in place of adding to it"),
                )
                .help(format!("write `{name} = ({old}.{name} or [ ]) ++ [ … ];`"));
            // The fix is safe where the name of the old attributes is there to be used.
            if body.old.is_some() && matches!(text::peel(value.clone()), ast::Expr::List(_)) {
                let start = usize::from(value.syntax().text_range().start());
                let at = crate::diag::Span::new(ctx.file, start..start);
                let edit = Edit { span: at, replacement: format!("({old}.{name} or [ ]) ++ ") };
                finding = finding.fix(format!("add to `{old}.{name}`"), vec![edit]);
            }
            sink.push(finding);
        }
    }
}

fn old_name(body: &Body) -> String {
    body.old.as_ref().map_or_else(|| "old".to_owned(), text::ident_text)
}

/// Whether a value is a list as far as the syntax tells.
fn is_list(ctx: &Ctx<'_>, value: &ast::Expr, seen: &mut Seen) -> bool {
    let value = resolve(ctx, value.clone());
    if !seen.first(&value) {
        return false;
    }
    match value {
        ast::Expr::List(_) => true,
        ast::Expr::BinOp(op) => op.operator() == Some(ast::BinOpKind::Concat),
        ast::Expr::Apply(apply) => text::application(&apply)
            .and_then(|(function, _)| text::dotted(&function))
            .and_then(|names| names.last().cloned())
            .is_some_and(|name| name == "optional" || name == "optionals"),
        ast::Expr::IfElse(choice) => choice.body().is_some_and(|body| is_list(ctx, &body, seen)),
        _ => false,
    }
}
