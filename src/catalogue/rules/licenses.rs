//! Licenses are those of nixpkgs' `lib.licenses`.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::licenses;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    UnknownLicense =
        "Licenses are named as in nixpkgs' lib.licenses: postgresql, asl20, mit, gpl2Plus…; SPDX ids \
         (\"Apache-2.0\") are not, but the help line translates them. Several licenses are an array. Deprecated \
         names such as gpl2 are refused because they do not say whether later versions count. A license that \
         nixpkgs holds for unfree (tsl, bsl11, unfree) makes Nix refuse to build unless allowUnfree is set.",
        bad: r#"license = "PostgreSQL""#,
        says: "nixpkgs has no license `PostgreSQL`",
        fixed: r#"license = "postgresql""#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for list in cx.raw.extensions.iter().filter_map(|file| file.raw.license.as_ref()) {
        if list.value.0.is_empty()
            && cx
                .sources
                .text(list.span.source)
                .get(list.span.range())
                .is_some_and(|t| !t.contains('"') && !t.contains('\''))
        {
            found.push(
                Diagnostic::new(Code::UnknownLicense, list.span, "an extension has at least one license")
                    .help("license = \"postgresql\", or \"unfree\" if it gives no freedoms"),
            );
        }
        for license in &list.value.0 {
            if licenses::find(&license.value).is_some() {
                continue;
            }
            let finding = Diagnostic::new(
                Code::UnknownLicense,
                license.span,
                format!("nixpkgs has no license `{}`", printable(&license.value)),
            );
            let expression = license.value.contains(" OR ") || license.value.contains(" AND ");
            found.push(match licenses::suggest(&license.value) {
                _ if expression => finding.help("write an array of licenses: [\"mit\", \"asl20\"]"),
                Some(near) => {
                    let spdx = licenses::find(near).and_then(|license| license.spdx);
                    // An SPDX id has one meaning, so it can be replaced without asking.
                    let exact = spdx.is_some_and(|spdx| spdx.eq_ignore_ascii_case(&license.value));
                    let finding = finding.help(format!("did you mean `{near}`?"));
                    if exact {
                        let edit = Edit { span: license.span, replacement: format!("\"{near}\"") };
                        finding.fix(format!("write `{near}`"), vec![edit])
                    } else {
                        finding
                    }
                }
                None => finding.help("licenses are the attribute names of lib.licenses in nixpkgs"),
            });
        }
    }
}
