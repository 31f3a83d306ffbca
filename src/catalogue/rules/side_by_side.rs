//! Versions stand side by side only where there are versions, and a name to create them by.

use super::{Context, Rule};
use crate::catalogue::index::why_one_version;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    SideBySide =
        "side-by-side = true puts all versions of an extension into one server, each with a library of its own. \
         What comes from nixpkgs has one version there, and a module without CREATE EXTENSION (sql = []) has nothing \
         that could name a version. In flake.toml the key means all extensions that can; one with side-by-side = \
         false stays out.",
        bad: r#"
            sql = []
            side-by-side = true
        "#,
        says: "example cannot have versions side by side: no CREATE EXTENSION names a version of it",
        fixed: r#"
            side-by-side = true
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (_, file, kind) in cx.extensions() {
        let Some(wanted) = file.raw.side_by_side.as_ref().filter(|wanted| wanted.value) else { continue };
        let Some(why) = why_one_version(&file.name, &file.raw, kind) else { continue };
        let message = format!("{} cannot have versions side by side: {why}", file.name);
        found.push(Diagnostic::new(Code::SideBySide, wanted.span, message).help("remove side-by-side"));
    }
}
