//! PGF302: overrides for versions that the catalogue lacks.

use super::Rule;
use crate::diag::{Code, Diagnostics, nearest};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OverrideVersion =
        "A key of `versions` is not a version of this extension in the catalogue, so that what stands under it \
         would never be used.",
        bad: r#"
            { }: {
              versions."1.0.1" = old: {
                makeFlags = old.makeFlags ++ [ "X=1" ];
              };
            }
        "#,
        says: "example has no version `1.0.1`",
        fixed: r#"
            { }: {
              versions."1.0.0" = old: {
                makeFlags = old.makeFlags ++ [ "X=1" ];
              };
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let (Some(facts), Some(form)) = (ctx.facts, &ctx.form) else { return };
    let Some(known) = &facts.versions else { return };
    for (name, range) in form.versions.iter().filter(|(name, _)| !known.contains(name)) {
        let extension = &facts.extension;
        let finding = ctx
            .finding(Code::OverrideVersion, *range, format!("{extension} has no version `{name}`"))
            .help(format!("the catalogue has {}", known.join(", ")));
        sink.push(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => finding.label(format!("did you mean `{near}`?")),
            None => finding,
        });
    }
}
