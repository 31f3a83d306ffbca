//! PGF303: arguments that no package set has.

use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::text;
use crate::overrides::index::{Coverage, Index};
use crate::overrides::{Ctx, Role};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    UnknownPackage =
        "The override's arguments are filled from nixpkgs as `callPackage` does. No package or function there has \
         this name, so evaluation would stop. The nearest names are shown; `pgflakegen index` renews the list of \
         names after nixpkgs was updated.",
        bad: r#"
            { opensll }: old: {
              buildInputs = old.buildInputs ++ [ opensll ];
            }
        "#,
        says: "neither nixpkgs nor the extensions have `opensll`",
        fixed: r#"
            { openssl }: old: {
              buildInputs = old.buildInputs ++ [ openssl ];
            }
        "#;
};

/// Names that `postgresql.pkgs.callPackage` fills besides nixpkgs' own: the package set itself.
const SCOPE: &[&str] = &[
    "buildPackages",
    "config",
    "lib",
    "stdenv",
    "system",
    "targetPackages",
    "callPackage",
    "newScope",
    "overrideScope",
    "packages",
    "postgresql",
    "postgresqlBuildExtension",
    "postgresqlTestExtension",
    "postgresqlTestHook",
    "buildPgrxExtension",
    "cargo-pgrx",
    "pkgs",
    "self",
];

/// What a custom derivation is handed from the catalogue.
const CUSTOM: &[&str] = &["pname", "version", "src", "hash", "buildPgrx", "catalogue"];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let (Some(facts), Some(form)) = (ctx.facts, &ctx.form) else { return };
    let (Some(index), Some(ast::Param::Pattern(pattern))) = (&facts.index, form.packages.param()) else {
        return;
    };
    for entry in pattern.pat_entries() {
        // A default makes the argument optional.
        if entry.default().is_some() {
            continue;
        }
        let Some(ident) = entry.ident() else { continue };
        let name = text::ident_text(&ident);
        let given = SCOPE.contains(&name.as_str())
            || name.starts_with('_')
            || facts.role == Role::Derivation && CUSTOM.contains(&name.as_str());
        if given || facts.packages.contains(&name) || index.has(&name) {
            continue;
        }
        let near: Vec<&str> = match index.coverage {
            Coverage::Complete => index.nearest(&name, 3),
            Coverage::Partial => slips(index, &name),
        };
        if index.coverage == Coverage::Partial && near.is_empty() {
            continue;
        }
        let finding = ctx.finding(
            Code::UnknownPackage,
            ident.syntax().text_range(),
            format!("neither nixpkgs nor the extensions have `{name}`"),
        );
        sink.push(if near.is_empty() {
            finding.help("remove it; `pgflakegen index` renews the list after nixpkgs was updated")
        } else {
            let names: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
            finding.help(format!("did you mean {}?", names.join(" or ")))
        });
    }
}

/// Names of which `name` is a slip of the pen: one letter wrong, missing, doubled or swapped, and not
/// a digit, by which versions differ.
fn slips<'a>(index: &'a Index, name: &str) -> Vec<&'a str> {
    if name.chars().count() < 5 {
        return Vec::new();
    }
    let letters =
        |s: &str| s.chars().filter(|c| !c.is_ascii_digit() && *c != '_' && *c != '-').collect::<String>();
    let own = letters(name);
    index
        .nearest(name, 12)
        .into_iter()
        .filter(|near| letters(near) != own && strsim::damerau_levenshtein(near, name) == 1)
        // Short words differ by one letter and are both words: `tiles`, `files`.
        .filter(|near| near.len() != name.len() || name.len() >= 7 || is_swap(near, name))
        .take(3)
        .collect()
}

/// Whether the two have the same letters in another order.
fn is_swap(a: &str, b: &str) -> bool {
    let sorted = |s: &str| {
        let mut bytes = s.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    sorted(a) == sorted(b)
}
