//! PGF211: `let` bindings that nothing uses.

use rnix::SyntaxKind::{NODE_INHERIT, NODE_LET_IN, TOKEN_WHITESPACE};
use rnix::ast::{self, HasEntry};
use rowan::NodeOrToken;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics, Edit, Span};
use crate::nix::syntax::scope::{Binding, BindingKind};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    UnusedBinding =
        "Nothing in its scope uses the name. Remove the binding, or use it; a name left behind usually means that \
         an edit stopped half way. A name that begins with `_` is left alone.",
        bad: r#"
            { }: old: let
              flag = "X=1";
              unused = 1;
            in {
              makeFlags = old.makeFlags ++ [ flag ];
            }
        "#,
        says: "`unused` is not used",
        fixed: r#"
            { }: old: let
              flag = "X=1";
            in {
              makeFlags = old.makeFlags ++ [ flag ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for binding in &ctx.scopes.bindings {
        let ours = matches!(binding.kind, BindingKind::Let | BindingKind::LetInherit);
        if !ours || binding.uses > 0 || binding.name.starts_with('_') {
            continue;
        }
        let mut finding = ctx
            .finding(Code::UnusedBinding, binding.range, format!("`{}` is not used", binding.name))
            .help("remove it, or begin its name with `_` to keep it");
        if let Some(cut) = removable(ctx, binding) {
            finding = finding.fix(
                format!("remove `{}`", binding.name),
                vec![Edit { span: cut, replacement: String::new() }],
            );
        }
        sink.push(finding);
    }
}

/// What to cut so that the binding is gone and nothing else: nothing when a comment stands at it,
/// when it is one of several paths below a name, or the last one in its `let`.
fn removable(ctx: &Ctx<'_>, binding: &Binding) -> Option<Span> {
    let parent = binding.node.parent()?;
    if parent.kind() != NODE_LET_IN {
        return None;
    }
    if binding.node.kind() == NODE_INHERIT {
        let inherit = ast::Inherit::cast(binding.node.clone())?;
        if inherit.attrs().count() > 1 {
            let attr = inherit.attrs().find(|attr| attr.syntax().text_range() == binding.range)?;
            let before = attr.syntax().prev_sibling_or_token()?;
            let start = match &before {
                NodeOrToken::Token(token) if token.kind() == TOKEN_WHITESPACE => token.text_range().start(),
                _ => return None,
            };
            return Some(ctx.span(rnix::TextRange::new(start, binding.range.end())));
        }
    } else {
        let path = ast::AttrpathValue::cast(binding.node.clone())?.attrpath()?;
        if path.attrs().count() != 1 {
            return None;
        }
    }
    if ast::LetIn::cast(parent)?.entries().count() < 2 {
        return None;
    }
    let before = match binding.node.prev_sibling_or_token()? {
        NodeOrToken::Token(token) if token.kind() == TOKEN_WHITESPACE => token,
        _ => return None,
    };
    let comment = |element: Option<rnix::SyntaxElement>| {
        element.is_some_and(|e| e.kind() == rnix::SyntaxKind::TOKEN_COMMENT)
    };
    let after = binding.node.next_sibling_or_token();
    if comment(before.prev_sibling_or_token()) || comment(after.clone()) {
        return None;
    }
    if let Some(NodeOrToken::Token(blank)) = &after
        && blank.kind() == TOKEN_WHITESPACE
        && !blank.text().contains('\n')
        && comment(blank.next_sibling_or_token())
    {
        return None;
    }
    Some(ctx.span(rnix::TextRange::new(before.text_range().start(), binding.node.text_range().end())))
}
