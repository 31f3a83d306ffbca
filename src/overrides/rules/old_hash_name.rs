//! PGF315: `sha256 =` in a fetcher.

use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::{Rule, calls};
use crate::diag::{Code, Diagnostics, Edit};
use crate::nix::syntax::text;
use crate::overrides::{Ctx, hashes, mk_derivation};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OldHashName =
        "Fetchers take `hash = \"sha256-…\"`, which names its algorithm; `sha256 =` is the older spelling that \
         nixpkgs no longer accepts in new files. The fix rewrites the value to the same hash.",
        bad: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  sha256 = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
                })
              ];
            }
        "#,
        says: "`sha256 =` is the older spelling of `hash =`",
        fixed: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
                })
              ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (_, names, arguments) in calls(ctx) {
        let Some(name) = names.last() else { continue };
        let of_nix = names.first().is_some_and(|first| first == "builtins");
        if of_nix || !mk_derivation::FETCHERS.contains(&name.as_str()) {
            continue;
        }
        for argument in &arguments {
            let ast::Expr::AttrSet(set) = text::peel(argument.clone()) else { continue };
            for entry in set.attrpath_values() {
                entry_of(ctx, &entry, sink);
            }
        }
    }
}

fn entry_of(ctx: &Ctx<'_>, entry: &ast::AttrpathValue, sink: &mut Diagnostics) {
    let Some(path) = entry.attrpath() else { return };
    let names = text::path_names(&path);
    let [name @ ("sha256" | "sha512" | "sha1" | "md5")] =
        names.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return;
    };
    let finding = ctx.finding(
        Code::OldHashName,
        path.syntax().text_range(),
        format!("`{name} =` is the older spelling of `hash =`"),
    );
    let Some(ast::Expr::Str(string)) = entry.value().map(text::peel) else {
        return sink.push(finding.help("write `hash = \"sha256-…\";`"));
    };
    let parsed = text::constant(&string).and_then(|text| hashes::parse(&text, hashes::algorithm(name)).ok());
    let Some((algorithm, bytes)) = parsed else {
        return sink.push(finding.help("write `hash = \"sha256-…\";`"));
    };
    let hash = hashes::sri(algorithm, &bytes);
    let edits = vec![
        Edit { span: ctx.span(path.syntax().text_range()), replacement: "hash".into() },
        Edit { span: ctx.span(string.syntax().text_range()), replacement: format!("\"{hash}\"") },
    ];
    sink.push(finding.help(format!("write `hash = \"{hash}\";`")).fix("write it as `hash`", edits));
}
