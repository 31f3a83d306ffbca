//! PGF210: names bound nowhere.

use super::Rule;
use crate::diag::{Code, Diagnostics, nearest};
use crate::nix::syntax::scope::{self, Target};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    UnboundName =
        "No `let`, `rec`, argument or `with` around it binds the name and Nix has no such global. Nix refuses the \
         whole file. Usually the name is misspelt or missing among the function's arguments: `{ lib, openssl }:`.",
        bad: r#"
            { }: old: {
              buildInputs = old.buildInputs ++ [ openssl ];
            }
        "#,
        says: "`openssl` is not bound",
        fixed: r#"
            { openssl }: old: {
              buildInputs = old.buildInputs ++ [ openssl ];
            }
        "#;
};

/// Functions of nixpkgs' library that people forget the `lib.` of.
const LIB: &[&str] = &[
    "attrByPath",
    "concatMapStringsSep",
    "concatStrings",
    "concatStringsSep",
    "enableFeature",
    "fakeHash",
    "fakeSha256",
    "filterAttrs",
    "fold",
    "getBin",
    "getDev",
    "getExe",
    "getLib",
    "hasPrefix",
    "hasSuffix",
    "licenses",
    "maintainers",
    "makeBinPath",
    "makeLibraryPath",
    "mkDefault",
    "mkForce",
    "mkIf",
    "optional",
    "optionalAttrs",
    "optionalString",
    "optionals",
    "platforms",
    "recursiveUpdate",
    "removePrefix",
    "removeSuffix",
    "replaceStrings",
    "splitString",
    "versionAtLeast",
    "versionOlder",
    "versions",
];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for used in ctx.scopes.uses.iter().filter(|used| used.target == Target::Unbound) {
        let name = used.name.as_str();
        let mut finding = ctx.finding(Code::UnboundName, used.range, format!("`{name}` is not bound"));
        let visible = ctx.scopes.visible(used);
        if LIB.contains(&name) && visible.contains(&"lib") {
            finding = finding.help(format!("write `lib.{name}`"));
        } else if scope::is_builtin(name) {
            finding = finding.help(format!("write `builtins.{name}`"));
        } else if let Some(near) = nearest(name, candidates(&visible)) {
            finding = finding.help(format!("did you mean `{near}`?"));
        } else if LIB.contains(&name) {
            finding = finding.help(format!("write `lib.{name}` and add `lib` to the function's arguments"));
        } else {
            finding = finding.help(format!("add it to the function's arguments: `{{ {name}, … }}:`"));
        }
        sink.push(finding);
    }
}

fn candidates<'a>(visible: &[&'a str]) -> Vec<&'a str> {
    visible.iter().copied().chain(scope::plain().map(|name| -> &'a str { name })).collect()
}
