//! Rust extensions: their cargo-pgrx and Rust can be had, their crates are pinned in one way.

use super::Context;
use super::text::shaped;
use crate::catalogue::decode::printable;
use crate::catalogue::model::Kind;
use crate::catalogue::raw::{Field, Map, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};

pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        vendor("this cargo-pgrx", entry.span, (&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes), found);
        rust(cx, &raw.rust, found);
    }
    for (_, file, kind) in cx.extensions() {
        if kind != Some(Kind::Pgrx) {
            continue;
        }
        for version in crate::catalogue::index::versions(&file.raw) {
            let raw = &version.value;
            vendor(
                "this version",
                version.span,
                (&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes),
                found,
            );
            rust(cx, &raw.rust, found);
            match &raw.pgrx {
                None if raw.wrong.has("pgrx") => {}
                None => found.push(
                    Diagnostic::new(
                        Code::MissingKey,
                        version.span,
                        "a Rust extension's version needs `pgrx`",
                    )
                    .help("add pgrx = \"0.16.1\", the version its Cargo.toml has"),
                ),
                Some(pgrx) => found.extend(known(cx, pgrx)),
            }
        }
        let own = crate::catalogue::index::versions(&file.raw).map(|version| &version.value.build.features);
        for feature in
            std::iter::once(&file.raw.build.features).chain(own).flatten().flat_map(|list| &list.value)
        {
            found.extend(judge_feature(feature));
        }
    }
}

fn known(cx: &Context<'_>, pgrx: &Spanned<String>) -> Option<Diagnostic> {
    let versions = || cx.raw.cargo_pgrx.iter().filter_map(|entry| entry.value.version.as_ref());
    if !cx.raw.complete.cargo_pgrx || versions().any(|version| version.value == pgrx.value) {
        return None;
    }
    let finding = Diagnostic::new(
        Code::UnknownPgrx,
        pgrx.span,
        format!("pgrx.toml has no cargo-pgrx {}", printable(&pgrx.value)),
    );
    let exact = pgrx.value.trim_start_matches(['=', 'v', '^', ' ']);
    Some(match nearest(exact, versions().map(|version| version.value.as_str())) {
        Some(near) if near == exact => finding.help(format!("write \"{near}\"")),
        Some(near) => finding.help(format!(
            "add a [[cargo-pgrx]] with version = \"{}\" (the nearest there is {near}; it must be the crate's own)",
            printable(exact)
        )),
        None => finding.help(format!(
            "add [[cargo-pgrx]] with version = \"{}\", hash and cargo-hash to catalogue/pgrx.toml",
            printable(exact)
        )),
    })
}

fn vendor(
    what: &str,
    span: Span,
    (hash, lock, outputs): (&Field<String>, &Field<String>, &Field<Map<String>>),
    found: &mut Diagnostics,
) {
    match (hash, lock) {
        (None, None) => found.push(
            Diagnostic::new(
                Code::CargoVendor,
                span,
                format!("{what} does not say how its crates are pinned"),
            )
            .help("add cargo-hash = \"sha256-…\" or cargo-lock = \"locks/NAME-VERSION.lock\""),
        ),
        (Some(hash), Some(lock)) => found.push(
            Diagnostic::new(
                Code::CargoVendor,
                lock.span,
                "crates are pinned by cargo-hash or by cargo-lock, not by both",
            )
            .also(hash.span, "the other one")
            .help("remove one of the two"),
        ),
        _ => {}
    }
    if let (None, Some(outputs)) = (lock, outputs) {
        found.push(
            Diagnostic::new(Code::CargoVendor, outputs.span, "output-hashes belong to a cargo-lock")
                .help("remove them: cargo-hash covers git dependencies too"),
        );
    }
}

fn rust(cx: &Context<'_>, rust: &Field<String>, found: &mut Diagnostics) {
    let Some(rust) = rust else { return };
    let number = rust.value.split('.');
    let exact = number.clone().count() == 3
        && number.into_iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !exact {
        found.push(
            Diagnostic::new(
                Code::RustToolchain,
                rust.span,
                format!("`{}` is no exact Rust version", printable(&rust.value)),
            )
            .help("write all three numbers, for example rust = \"1.81.0\""),
        );
    }
    if let Some((span, flake)) = &cx.raw.flake
        && flake
            .inputs
            .as_ref()
            .is_some_and(|inputs| inputs.value.0.iter().all(|(name, _)| name.value != "rust-overlay"))
    {
        found.push(
            Diagnostic::new(
                Code::RustToolchain,
                rust.span,
                "an exact Rust comes from the input rust-overlay, which is not there",
            )
            .also(flake.inputs.as_ref().map_or(*span, |inputs| inputs.span), "the inputs")
            .help("add [inputs.rust-overlay] with url = \"github:oxalica/rust-overlay\", or remove rust"),
        );
    }
}

fn judge_feature(feature: &Spanned<String>) -> Option<Diagnostic> {
    let finding = |message: String| Diagnostic::new(Code::InvalidValue, feature.span, message);
    let text = feature.value.as_str();
    if text.strip_prefix("pg").is_some_and(|n| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit())) {
        return Some(
            finding(format!("the feature {text} is set by itself for each PostgreSQL")).help("remove it"),
        );
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '/');
    let good = shaped(text, |c| c.is_ascii_alphanumeric() || c == '_', plain);
    (!good).then(|| {
        finding(format!("`{}` is no Cargo feature", printable(text)))
            .help("one feature is one string: features = [\"a\", \"b\"]")
    })
}
