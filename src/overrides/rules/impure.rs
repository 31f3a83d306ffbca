//! PGF311: expressions whose value depends on the machine, the time or the environment.

use rnix::SyntaxKind::{NODE_PATH_SEARCH, NODE_SELECT};
use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, calls};
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::scope::Target;
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    Impure =
        "The value depends on the machine, the time or the environment, so that a flake refuses it or two machines \
         build different things. Take packages from the arguments in place of `<nixpkgs>`, and the system from \
         `stdenv.hostPlatform`.",
        bad: r#"
            { }: old: {
              env.BUILT = toString builtins.currentTime;
            }
        "#,
        says: "`builtins.currentTime` differs from machine to machine",
        fixed: r#"
            { }: old: {
              env.BUILT = old.version;
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for node in ctx.nodes(NODE_PATH_SEARCH) {
        let written = node.text().to_string();
        sink.push(
            ctx.finding(
                Code::Impure,
                node.text_range(),
                format!("`{written}` is whatever NIX_PATH says on this machine"),
            )
            .help("name the packages you need among the function's arguments"),
        );
    }
    for select in ctx.all::<ast::Select>(NODE_SELECT) {
        let Some(names) = text::dotted(&ast::Expr::Select(select.clone())) else { continue };
        let [first, name] = names.as_slice() else { continue };
        if first == "builtins" {
            impure(ctx, name, select.syntax().text_range(), sink);
        }
    }
    for used in ctx.scopes.uses.iter().filter(|used| used.target == Target::Global) {
        if let Some(name) = used.name.strip_prefix("__") {
            impure(ctx, name, used.range, sink);
        }
    }
    fetches(ctx, sink);
}

fn impure(ctx: &Ctx<'_>, name: &str, range: rnix::TextRange, sink: &mut Diagnostics) {
    let help = match name {
        "currentTime" => "a build must not depend on when it happens; use SOURCE_DATE_EPOCH in the build",
        "currentSystem" => "write `stdenv.hostPlatform.system`",
        "getEnv" => "make it an argument, or write the value here",
        "nixPath" | "findFile" => "name the packages you need among the function's arguments",
        "storePath" => "make what is in the store a derivation or a file of the repository",
        _ => return,
    };
    sink.push(
        ctx.finding(Code::Impure, range, format!("`builtins.{name}` differs from machine to machine"))
            .help(help),
    );
}

/// Nix's own fetchers without a hash or a full revision.
fn fetches(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (apply, names, arguments) in calls(ctx) {
        let name = match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [
                "builtins",
                name @ ("fetchTarball" | "fetchurl" | "fetchGit" | "fetchMercurial" | "fetchTree"
                | "getFlake"),
            ]
            | [name @ ("fetchTarball" | "fetchGit" | "fetchMercurial" | "fetchTree")] => (*name).to_owned(),
            _ => continue,
        };
        let pinned = match arguments.first().cloned().map(text::peel) {
            Some(ast::Expr::AttrSet(set)) => ast::HasEntry::entries(&set).any(|entry| match entry {
                ast::Entry::AttrpathValue(binding) => binding.attrpath().is_some_and(|path| {
                    matches!(
                        text::path_names(&path).first().map(String::as_str),
                        Some("sha256" | "narHash" | "rev" | "hash")
                    )
                }),
                ast::Entry::Inherit(_) => true,
            }),
            Some(ast::Expr::Str(string)) => {
                name == "getFlake" && text::constant(&string).is_some_and(|s| s.contains("narHash="))
            }
            _ => true,
        };
        if !pinned {
            sink.push(
                ctx.finding(
                    Code::Impure,
                    apply.syntax().text_range(),
                    format!("`{name}` without a hash brings whatever is there today"),
                )
                .help("use `fetchurl` or `fetchFromGitHub` of nixpkgs with `hash = \"sha256-…\"`"),
            );
        }
    }
}
