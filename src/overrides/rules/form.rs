//! PGF301: overrides of no known form.

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::overrides::{Ctx, form};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OverrideForm =
        "An override is a function of packages that gives a function of the old attributes: `{ lib, openssl }: old: \
         { … }`, or `{ … }: finalAttrs: prevAttrs: { … }`, or `{ … }: { versions = { \"1.2.3\" = old: { … }; }; \
         default = old: { … }; }`. For kind = \"custom\" it is `{ stdenv, version, src, … }: derivation`. See \
         docs/overrides.md.",
        bad: r#"
            pkgs: old: {
              buildInputs = old.buildInputs ++ [ pkgs.openssl ];
            }
        "#,
        says: "`pkgs:` does not say which packages it needs",
        fixed: r#"
            { openssl }: old: {
              buildInputs = old.buildInputs ++ [ openssl ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts else { return };
    if let Err(unfit) = form::recognise(&ctx.root, facts.role) {
        sink.push(ctx.finding(Code::OverrideForm, unfit.at, unfit.what).help(unfit.help));
    }
}
