//! PGF212: arguments that the function does not use.

use rnix::ast;
use rowan::NodeOrToken;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics, Edit, Span};
use crate::nix::syntax::scope::{Binding, BindingKind};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    UnusedFormal =
        "The function does not use the argument. A package that is asked for and not used misleads the reader, and \
         breaks the file when nixpkgs removes that package. Remove it. A name that begins with `_` is left alone.",
        bad: r#"
            { lib }: old: {
              makeFlags = old.makeFlags ++ [ "X=1" ];
            }
        "#,
        says: "the argument `lib` is not used",
        fixed: r#"
            { }: old: {
              makeFlags = old.makeFlags ++ [ "X=1" ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for binding in &ctx.scopes.bindings {
        let ours = binding.kind == BindingKind::Formal || binding.kind == BindingKind::Whole;
        if !ours || binding.uses > 0 || binding.name.starts_with('_') {
            continue;
        }
        if !is_free(ctx, binding) {
            continue;
        }
        let mut finding = ctx
            .finding(
                Code::UnusedFormal,
                binding.range,
                format!("the argument `{}` is not used", binding.name),
            )
            .help("remove it");
        if let Some(cut) = removable(ctx, binding) {
            finding = finding.fix(
                format!("remove the argument `{}`", binding.name),
                vec![Edit { span: cut, replacement: String::new() }],
            );
        }
        sink.push(finding);
    }
}

/// Whether the function decides itself what it takes: the one that takes the packages does, as does one
/// that takes anything (`...`) and does not hand the whole set on. Others may have to take an argument
/// because they are called with it.
fn is_free(ctx: &Ctx<'_>, binding: &Binding) -> bool {
    let lambda = match binding.kind {
        BindingKind::Formal => binding.node.ancestors().find_map(ast::Lambda::cast),
        _ => ast::Lambda::cast(binding.node.clone()),
    };
    let Some((lambda, ast::Param::Pattern(pattern))) = lambda.and_then(|l| Some((l.clone(), l.param()?)))
    else {
        return false;
    };
    let whole = pattern.pat_bind().and_then(|bind| bind.ident()).map(|ident| ident.syntax().text_range());
    let handed_on = ctx.scopes.bindings.iter().any(|b| Some(b.range) == whole && b.uses > 0);
    let outermost = ctx.form.as_ref().is_some_and(|form| form.packages == lambda);
    !handed_on && (outermost || pattern.ellipsis_token().is_some() || binding.kind == BindingKind::Whole)
}

/// From the argument to the next one; for the last one from the end of the one before it.
fn removable(ctx: &Ctx<'_>, binding: &Binding) -> Option<Span> {
    let entry = ast::PatEntry::cast(binding.node.clone())?;
    let pattern = ast::Pattern::cast(entry.syntax().parent()?)?;
    let entries: Vec<_> = pattern.pat_entries().collect();
    let at = entries.iter().position(|other| other == &entry)?;
    let own = entry.syntax().text_range();
    let next = entries.get(at + 1).map(|next| next.syntax().text_range().start());
    let next = next.or_else(|| pattern.ellipsis_token().map(|token| token.text_range().start()));
    let range = match (next, at.checked_sub(1)) {
        (Some(next), _) => rnix::TextRange::new(own.start(), next),
        (None, Some(before)) => rnix::TextRange::new(entries[before].syntax().text_range().end(), own.end()),
        (None, None) => own,
    };
    let commented =
        pattern.syntax().children_with_tokens().filter_map(NodeOrToken::into_token).any(|token| {
            token.kind() == rnix::SyntaxKind::TOKEN_COMMENT && range.contains_range(token.text_range())
        });
    (!commented).then(|| ctx.span(range))
}
