//! PGF209: `|>` and `<|`.

use rnix::SyntaxKind::{NODE_BIN_OP, TOKEN_PIPE_LEFT, TOKEN_PIPE_RIGHT};

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    PipeOperator =
        "`|>` and `<|` are an experimental feature of Nix (`pipe-operators`): with Nix as it is installed the file \
         is a syntax error. Write an application.",
        bad: r#"
            { lib }: old: {
              makeFlags = old.makeFlags |> lib.unique;
            }
        "#,
        says: "`|>` needs an experimental feature of Nix that is off by default",
        fixed: r#"
            { lib }: old: {
              makeFlags = lib.unique old.makeFlags;
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let operators = ctx.nodes(NODE_BIN_OP).iter().filter_map(|node| {
        let mut tokens = node.children_with_tokens().filter_map(rowan::NodeOrToken::into_token);
        tokens.find(|token| matches!(token.kind(), TOKEN_PIPE_LEFT | TOKEN_PIPE_RIGHT))
    });
    // One finding a file: whoever has turned the feature on uses it everywhere.
    if let Some(operator) = operators.min_by_key(|token| token.text_range().start()) {
        sink.push(
            ctx.finding(
                Code::PipeOperator,
                operator.text_range(),
                format!("`{}` needs an experimental feature of Nix that is off by default", operator.text()),
            )
            .help("write `f x` in place of `x |> f`"),
        );
    }
}
