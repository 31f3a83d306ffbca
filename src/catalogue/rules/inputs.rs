//! Inputs have what flake.lock records, in the form Nix writes it.

use super::text::{is_hex, is_identifier};
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::input::{FORMS, Place};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadInput =
        "flake.lock is written from [inputs.NAME]: url (github:OWNER/REPO, with a branch or tag if wanted), rev (40 \
         hexadecimal digits), nar-hash (SRI) and last-modified (seconds since 1970). `nix flake metadata --json \
         URL` shows all of them. nixpkgs must be there. follows makes an input's own input one of ours.",
        bad: r#"
            # flake.toml
            [inputs.nixpkgs]
            url = "github:NixOS/nixpkgs/nixos-unstable"
            rev = "e2587cae"
        "#,
        says: "a revision has 40 hexadecimal digits, in lower case",
        fixed: r#"
            # flake.toml
            [inputs.nixpkgs]
            url = "github:NixOS/nixpkgs/nixos-unstable"
            rev = "e2587caef70cea85dd97d7daab492899902dbf5d"
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some((_, flake)) = &cx.raw.flake else { return };
    let Some(inputs) = &flake.inputs else { return };
    let names: Vec<&str> = inputs.value.0.iter().map(|(name, _)| name.value.as_str()).collect();
    if !names.contains(&"nixpkgs") {
        let finding = Diagnostic::new(Code::BadInput, inputs.span, "there is no input `nixpkgs`");
        found.push(match nearest("nixpkgs", names.iter().copied()) {
            Some(near) => finding.help(format!("rename `{near}`: [inputs.nixpkgs]")),
            None => finding.help("add [inputs.nixpkgs] with url, rev, nar-hash and last-modified"),
        });
    }
    for (name, input) in &inputs.value.0 {
        if !is_identifier(&name.value) || matches!(name.value.as_str(), "self" | "outputs") {
            found.push(
                Diagnostic::new(
                    Code::BadInput,
                    name.span,
                    format!("`{}` cannot be an input's name", printable(&name.value)),
                )
                .help("letters, digits, `_` and `-`, beginning with a letter, and not `self`"),
            );
        }
        let raw = &input.value;
        let place = raw.url.as_ref().map(|url| (url, Place::parse(&url.value)));
        if let Some((url, Err(why))) = &place {
            let finding = Diagnostic::new(Code::BadInput, url.span, *why);
            let path = url.value.trim_start_matches("https://github.com/").trim_end_matches(".git");
            let better = format!("github:{path}");
            found.push(if Place::parse(&better).is_ok() {
                finding.help(format!("write \"{better}\""))
            } else {
                finding.help(format!("an input is {FORMS}"))
            });
        }
        if let (Some((_, Ok(place))), Some(rev)) = (&place, &raw.rev)
            && !place.has_commits()
        {
            found.push(
                Diagnostic::new(
                    Code::BadInput,
                    rev.span,
                    "an archive or a folder is pinned by its hash alone",
                )
                .help("remove rev"),
            );
        }
        if let Some(rev) = &raw.rev
            && !is_hex(&rev.value, 40)
        {
            found.push(
                Diagnostic::new(
                    Code::BadInput,
                    rev.span,
                    "a revision has 40 hexadecimal digits, in lower case",
                )
                .help("nix flake metadata --json URL shows it as `revision`"),
            );
        }
        if let Some(modified) = &raw.last_modified
            && modified.value <= 0
        {
            found.push(
                Diagnostic::new(Code::BadInput, modified.span, "a time in seconds since 1970 is positive")
                    .help("nix flake metadata --json URL shows it as `lastModified`"),
            );
        }
        for (theirs, ours) in raw.follows.iter().flat_map(|map| &map.value.0) {
            if !is_identifier(&theirs.value) {
                found.push(
                    Diagnostic::new(
                        Code::BadInput,
                        theirs.span,
                        format!("`{}` cannot be an input's name", printable(&theirs.value)),
                    )
                    .help("follows = { THEIR_INPUT = \"OUR_INPUT\" }"),
                );
            }
            if names.contains(&ours.value.as_str()) && ours.value != name.value {
                continue;
            }
            let message = if ours.value == name.value {
                format!("`{}` cannot follow itself", printable(&ours.value))
            } else {
                format!("there is no input `{}` to follow", printable(&ours.value))
            };
            let finding = Diagnostic::new(Code::BadInput, ours.span, message);
            let others = names.iter().copied().filter(|other| *other != name.value);
            found.push(match nearest(&ours.value, others) {
                Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                None => finding.help("name one of the inputs in flake.toml"),
            });
        }
    }
}
