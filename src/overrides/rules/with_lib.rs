//! PGF221: names under `with lib;` that `lib` does not have.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Rule;
use crate::diag::{Code, Diagnostics, nearest};
use crate::nix::syntax::{scope, scope::Target, text};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    NotInLib =
        "Under `with lib;` a name that the file does not bind is looked for in nixpkgs' lib, which has none of this \
         name, and had none since 2021; where it is evaluated, Nix stops with `undefined variable`. Often an \
         argument was forgotten (`source`, `fetchpatch`), or a name of `pkgs` was meant. A lib that a flake has \
         extended may have more: say so with `# pgflakegen: allow PGF221 because …`.",
        bad: r#"
            { lib }: old: {
              meta = old.meta // { broken = with lib; versionOlderThan old.version "1"; };
            }
        "#,
        says: "neither the file nor `lib` has `versionOlderThan`",
        fixed: r#"
            { lib }: old: {
              meta = old.meta // { broken = with lib; versionOlder old.version "1"; };
            }
        "#;
};

/// The names that `lib` has or had.
static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../lib-names.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let is_lib = |with: &usize| {
        let namespace = ctx.scopes.withs.get(*with).and_then(|with| with.namespace());
        let path = namespace.and_then(|namespace| text::dotted(&text::peel(namespace)));
        path.is_some_and(|path| {
            matches!(path.join(".").as_str(), "lib" | "pkgs.lib" | "nixpkgs.lib" | "stdenv.lib")
        })
    };
    for used in &ctx.scopes.uses {
        let Target::With(withs) = &used.target else { continue };
        let name = used.name.as_str();
        if !withs.iter().all(is_lib) || NAMES.contains(name) {
            continue;
        }
        let message = format!("neither the file nor `lib` has `{name}`");
        let finding = ctx.finding(Code::NotInLib, used.range, message);
        let visible = ctx.scopes.visible(used);
        if scope::is_builtin(name) {
            sink.push(finding.help(format!("write `builtins.{name}`")));
            continue;
        }
        let argument = format!("add it to the function's arguments: `{{ {name}, … }}:`");
        sink.push(match nearest(name, visible.iter().copied().chain(NAMES.iter().copied())) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).help(format!("or {argument}")),
            None => finding.help(argument),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_lib() {
        assert!(
            NAMES.len() > 500
                && ["licenses", "mkIf", "optionals", "versionAtLeast"]
                    .iter()
                    .all(|name| NAMES.contains(name))
        );
        assert!(!NAMES.contains("fetchurl") && !NAMES.contains(""));
    }
}
