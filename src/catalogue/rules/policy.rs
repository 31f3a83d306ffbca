//! No extension has a licence that the policy denies; what the policy names is there.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::licenses;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;
use crate::store::dates::is_day;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadPolicy =
        "deny of [policy] names licenses by ids of spdx.org or names in nixpkgs' lib.licenses; a name that neither \
         has denies nothing. An entry of [[policy.ignore]] has the id of a known vulnerability (\"CVE-2026-1234\"), \
         the reason why it does no harm here, and the last day on which that holds (until = \"2026-12-31\").",
        bad: r#"
            # flake.toml
            [policy]
            deny = ["AGPL3"]
        "#,
        says: "there is no license `AGPL3`, so that none is denied",
        fixed: r#"
            # flake.toml
            [policy]
            deny = ["AGPL-3.0-only"]
        "#;
    DeniedLicense =
        "deny of [policy] in flake.toml names licenses that nothing in the catalogue may have: ids of spdx.org \
         (\"AGPL-3.0-only\") or names in nixpkgs' lib.licenses (\"agpl3Only\"). Of several licenses all hold, so \
         one of them is enough. Leave the extension out, or change the policy; on a pull request `check --against \
         BASE` goes by the policy of the base, which the request cannot change.",
        bad: r#"
            license = "agpl3Only"

            # flake.toml
            [policy]
            deny = ["AGPL-3.0-only"]
        "#,
        says: "the policy denies the license `agpl3Only`",
        fixed: r#"
            license = "mit"

            # flake.toml
            [policy]
            deny = ["AGPL-3.0-only"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let policies = cx.raw.flake.iter().filter_map(|(_, flake)| flake.policy.as_ref());
    for policy in policies {
        let policy = &policy.value;
        for name in policy.deny.iter().flat_map(|list| &list.value) {
            if !licenses::is_named(&name.value) {
                let message =
                    format!("there is no license `{}`, so that none is denied", printable(&name.value));
                let finding = Diagnostic::new(Code::BadPolicy, name.span, message);
                found.push(match licenses::suggest(&name.value) {
                    Some(near) => {
                        let id = licenses::find(near).and_then(|license| license.spdx).unwrap_or(near);
                        finding.help(format!("did you mean `{id}`?"))
                    }
                    None => finding.help("licenses are ids of spdx.org, or names in nixpkgs' lib.licenses"),
                });
                continue;
            }
            let licences = cx.raw.extensions.iter().filter_map(|file| file.raw.license.as_ref());
            for license in licences.flat_map(|list| &list.value.0) {
                if licenses::same(&license.value, &name.value) {
                    let message = format!("the policy denies the license `{}`", printable(&license.value));
                    found.push(
                        Diagnostic::new(Code::DeniedLicense, license.span, message)
                            .also(name.span, "denied here")
                            .help("leave the extension out, or change [policy] in flake.toml"),
                    );
                }
            }
        }
        for ignore in policy.ignore.iter().flat_map(|list| &list.value) {
            let ignore = &ignore.value;
            for text in [&ignore.id, &ignore.reason].into_iter().flatten() {
                if text.value.trim().is_empty() {
                    found.push(
                        Diagnostic::new(Code::BadPolicy, text.span, "this says nothing")
                            .help("say which vulnerability, and why it does no harm here"),
                    );
                }
            }
            if let Some(until) = &ignore.until
                && !is_day(&until.value)
            {
                let message = format!("`{}` is no day", printable(&until.value));
                found.push(
                    Diagnostic::new(Code::BadPolicy, until.span, message)
                        .help("write until = \"2026-12-31\""),
                );
            }
            if let Some(of) = &ignore.of
                && of.value != "postgresql"
                && !cx.raw.extensions.iter().any(|file| file.name == of.value)
            {
                let message = format!("the catalogue has no extension `{}`", printable(&of.value));
                let names = cx.raw.extensions.iter().map(|file| file.name.as_str()).chain(["postgresql"]);
                let finding = Diagnostic::new(Code::BadPolicy, of.span, message);
                found.push(match crate::diag::nearest(&of.value, names) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding.help("of = \"postgresql\", or an extension's name"),
                });
            }
        }
    }
}
