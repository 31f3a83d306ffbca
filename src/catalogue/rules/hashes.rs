//! Hashes are SRI hashes, and not placeholders.

use super::{Context, Rule};
use crate::catalogue::advice;
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, Map, Spanned};
use crate::catalogue::sri::{self, Bad};
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, Span, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadHash =
        "Sources are identified by their hash in SRI form: sha256- and 44 characters of base64, or sha512- and \
         88. The message says what is wrong: the algorithm, the length (something was cut off when copying), or \
         a character that base64 does not have. md5 and sha1 are refused because two sources with one hash can \
         be made. Nix's older spellings (hexadecimal, or sha256: and base32) mean the same but are not what the \
         fetchers' `hash` takes; `nix hash convert --to sri` translates them. Where it is not known what the \
         right one is, `pgflakegen prefetch github:pgvector/pgvector/v0.8.1` fetches the source and prints it.",
        bad: r#"
            [[version]]
            hash = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
        "#,
        says: "sha1 is too weak to identify a source",
        fixed: r#"
            [[version]]
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
        "#;
    PlaceholderHash =
        "The hash is empty or all zero, which is what nixpkgs' lib.fakeHash gives: something to put there \
         until Nix has said the right one. Nothing can be built from it. The help line has the command that \
         fetches the source and prints its hash, for example `pgflakegen prefetch \
         github:pgvector/pgvector/v0.8.1`; `pgflakegen bump pgvector@0.8.1` writes a whole new version.",
        bad: r#"
            [[version]]
            hash = ""
        "#,
        says: "the hash is empty",
        fixed: r#"
            [[version]]
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for postgresql in &cx.raw.postgresqls {
        let raw = &postgresql.value;
        one(cx, &raw.hash, &advice::postgresql(raw), found);
    }
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        one(cx, &raw.hash, &advice::cargo_pgrx(raw), found);
        one(cx, &raw.cargo_hash, &advice::crates_of_cargo_pgrx(raw), found);
        map(cx, &raw.output_hashes, advice::ANY, found);
    }
    for (file, version) in cx.versions() {
        let raw = &version.value;
        one(cx, &raw.hash, &advice::version(file, raw), found);
        one(cx, &raw.cargo_hash, &advice::crates(file, raw), found);
        map(cx, &raw.output_hashes, advice::ANY, found);
        found.extend(raw.own.hashes().filter_map(|hash| judge(cx, hash, advice::ANY)));
    }
    let inputs = cx.raw.flake.iter().flat_map(|(_, flake)| &flake.inputs).flat_map(|inputs| &inputs.value.0);
    for (_, input) in inputs {
        one(cx, &input.value.nar_hash, &advice::input(&input.value), found);
    }
}

fn one(cx: &Context<'_>, hash: &Field<String>, advice: &str, found: &mut Diagnostics) {
    found.extend(hash.as_ref().and_then(|hash| judge(cx, hash, advice)));
}

fn map(cx: &Context<'_>, hashes: &Field<Map<String>>, advice: &str, found: &mut Diagnostics) {
    let hashes = hashes.iter().flat_map(|map| &map.value.0);
    found.extend(hashes.filter_map(|(_, hash)| judge(cx, hash, advice)));
}

fn judge(cx: &Context<'_>, hash: &Spanned<String>, advice: &str) -> Option<Diagnostic> {
    let bad = sri::check(&hash.value).err()?;
    let finding = |message: String| Diagnostic::new(Code::BadHash, hash.span, message);
    Some(match bad {
        Bad::Empty => Diagnostic::new(Code::PlaceholderHash, hash.span, "the hash is empty").help(advice),
        Bad::Placeholder => {
            Diagnostic::new(Code::PlaceholderHash, hash.span, "this hash is a placeholder (all zero)")
                .label("nixpkgs' lib.fakeHash")
                .help(advice)
        }
        Bad::Algorithm(name) if name == hash.value => {
            finding("there is no algorithm in front of the hash".into())
                .help("an SRI hash looks like sha256-… with 44 characters of base64")
        }
        Bad::Algorithm(name) => {
            let finding = finding(format!("unknown hash algorithm `{}`", printable(&name)));
            match nearest(&name, ["sha256", "sha512"]) {
                Some(known) => finding.help(format!("did you mean `{known}`?")),
                None => finding.help("sha256 and sha512 are known"),
            }
        }
        Bad::Weak(name) => finding(format!("{name} is too weak to identify a source")).help(advice),
        Bad::Length { expected, found } => finding(format!(
            "the hash has the wrong length: {found} characters of base64 where {expected} are needed"
        ))
        .help("copy the whole hash, with the = at the end")
        .help(format!("or have it anew: {advice}")),
        Bad::Alphabet { offset, character } => {
            let mut finding =
                finding(format!("`{}` does not occur in base64", printable(&character.to_string())));
            let text = cx.sources.text(hash.span.source);
            // The value's own offsets are the file's only when there are no escapes.
            if text.get(hash.span.range()).is_some_and(|raw| raw.len() == hash.value.len() + 2) {
                let start = hash.span.range().start + 1 + offset;
                finding = finding
                    .also(Span::new(hash.span.source, start..start + character.len_utf8()), "this character");
            }
            finding.help("base64 has A-Z, a-z, 0-9, + and /")
        }
        Bad::Trailing => {
            finding("the hash ends in a way no tool writes it: one of the last characters is wrong".into())
                .help("copy the hash again")
                .help(format!("or have it anew: {advice}"))
        }
        Bad::NotSri(sri) => finding("this is a hash, but not an SRI hash".into())
            .help(format!("write it as {sri}"))
            .fix("write the hash as SRI", vec![Edit { span: hash.span, replacement: format!("\"{sri}\"") }]),
    })
}
