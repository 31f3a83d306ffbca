//! PGF321: `$(lib.makeBinPath …)` in a string, which the shell takes for a command of that name.

use rnix::SyntaxKind::{NODE_STRING, TOKEN_STRING_CONTENT};
use rnix::{TextRange, TextSize};

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    NixInShell =
        "`$(lib.makeBinPath [ x ])` in a string is a command of the shell, which finds no program of that name and \
         puts nothing in its place. An expression of Nix stands in braces: `${lib.makeBinPath [ x ]}`.",
        bad: r#"
            { lib, openssl }: old: {
              preBuild = ''
                export PATH=$(lib.makeBinPath [ openssl ]):$PATH
              '';
            }
        "#,
        says: "the shell looks for a program called `lib.makeBinPath`",
        fixed: r#"
            { lib, openssl }: old: {
              preBuild = ''
                export PATH=${lib.makeBinPath [ openssl ]}:$PATH
              '';
            }
        "#;
};

/// Names that are Nix's and no programs.
const NAMES: [&str; 4] = ["lib.", "pkgs.", "builtins.", "stdenv."];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let strings = ctx.nodes(NODE_STRING).iter().flat_map(|node| node.children_with_tokens());
    for token in strings.filter_map(|part| part.into_token()).filter(|t| t.kind() == TOKEN_STRING_CONTENT) {
        let text = token.text();
        for (at, _) in text.match_indices("$(") {
            let rest = &text[at + 2..];
            let Some(name) = NAMES.iter().find(|name| rest.starts_with(**name)) else { continue };
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            // A script may be called lib.sh.
            if end == name.len() || rest[..end].ends_with(".sh") {
                continue;
            }
            let start = token.text_range().start() + TextSize::try_from(at).unwrap_or_default();
            let range = TextRange::at(start, TextSize::try_from(end + 2).unwrap_or_default());
            let called = &rest[..end];
            sink.push(
                ctx.finding(
                    Code::NixInShell,
                    range,
                    format!("the shell looks for a program called `{called}`"),
                )
                .help(format!("Nix within a string stands in braces: `${{{called} …}}`")),
            );
        }
    }
}
