//! A hash identifies one source: under two it was copied, and one of the two was never built.

use std::collections::HashMap;

use super::{Context, Rule};
use crate::catalogue::advice;
use crate::catalogue::model::Fetcher;
use crate::catalogue::raw::{Field, Spanned};
use crate::catalogue::{source, sri};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::rule::rule;

struct Use<'a> {
    span: Span,
    /// The extension, or what else has versions.
    of: &'a str,
    version: &'a str,
    fetcher: Option<Fetcher>,
}

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    SameCargoHash =
        "Two versions have the same cargo-hash. The hash covers Cargo.lock, which has the crate's own version \
         in it, so two versions rarely share one; more likely it was copied. Remove the version and type \
         `pgflakegen bump NAME@VERSION`, which writes it with both hashes.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="

            [[version]]
            version = "1.1"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
        "#,
        says: "example 1.1 has the cargo-hash of example 1.0",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="

            [[version]]
            version = "1.1"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
            pgrx = "0.12.6"
            cargo-hash = "sha256-r+TpFJg6WrMn0L2B7RpmSRvw3XxpHzMRtpFWDCzLvgs="
        "#;
    SameHash =
        "Two sources that differ have the same hash. This really happens: a version is added by copying the \
         one before, the tag is changed and the hash is not. Nix finds a source by its hash, so it takes the \
         old source out of the store and builds it under the new version's name, and nobody notices. The help \
         line has the command that prints the right one, for example `pgflakegen prefetch \
         github:pgvector/pgvector/v0.8.1`. Two extensions may share a hash if they are fetched from the same \
         place.",
        bad: r#"
            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="

            [[version]]
            version = "1.1"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
        "#,
        says: "example 1.1 has the hash of example 1.0",
        fixed: r#"
            [[version]]
            version = "1.0"
            hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="

            [[version]]
            version = "1.1"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let mut sources = Seen::default();
    let mut crates = Seen::default();
    for entry in &cx.raw.postgresqls {
        let raw = &entry.value;
        let version = text(&raw.version);
        let fetcher =
            source::fetched(&raw.source).and_then(|source| source::of(source, (&None, &None), version).ok());
        // Two entries may be one source with different patches or settings.
        sources.add(&raw.hash, "PostgreSQL", version, fetcher, || advice::postgresql(raw));
    }
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        sources.add(&raw.hash, "cargo-pgrx", text(&raw.version), None, || advice::cargo_pgrx(raw));
        crates.add(&raw.cargo_hash, "cargo-pgrx", text(&raw.version), None, || {
            advice::crates_of_cargo_pgrx(raw)
        });
    }
    for (file, version) in cx.versions() {
        let raw = &version.value;
        let fetcher = source::fetcher(source::fetched(&file.raw.source), raw).ok();
        sources.add(&raw.hash, &file.name, text(&raw.version), fetcher, || advice::version(file, raw));
        crates.add(&raw.cargo_hash, &file.name, text(&raw.version), None, || advice::crates(file, raw));
    }
    sources.report(Code::SameHash, found);
    crates.report(Code::SameCargoHash, found);
}

fn text(field: &Field<String>) -> &str {
    field.as_ref().map_or("", |text| &text.value)
}

#[derive(Default)]
struct Seen<'a> {
    first: HashMap<&'a str, Use<'a>>,
    pairs: Vec<(Span, String, Span, String, String)>,
}

impl<'a> Seen<'a> {
    fn add(
        &mut self,
        hash: &'a Field<String>,
        of: &'a str,
        version: &'a str,
        fetcher: Option<Fetcher>,
        advice: impl Fn() -> String,
    ) {
        let Some(Spanned { value, span }) = hash else { return };
        // A placeholder is the same everywhere; that it is one is said elsewhere.
        if sri::check(value).is_err() {
            return;
        }
        let this = Use { span: *span, of, version, fetcher };
        let Some(first) = self.first.get(value.as_str()) else {
            self.first.insert(value, this);
            return;
        };
        // One repository may hold two extensions, and one PostgreSQL may stand there twice.
        let one_source = first.fetcher == this.fetcher
            && (first.fetcher.is_some() || first.version == this.version)
            && (first.of != this.of || first.of == "PostgreSQL");
        if !one_source {
            let name = |item: &Use<'_>| format!("{} {}", item.of, item.version);
            self.pairs.push((this.span, name(&this), first.span, name(first), advice()));
        }
    }

    fn report(self, code: Code, found: &mut Diagnostics) {
        for (span, name, first, first_name, advice) in self.pairs {
            let what = if code == Code::SameHash { "hash" } else { "cargo-hash" };
            found.push(
                Diagnostic::new(code, span, format!("{name} has the {what} of {first_name}"))
                    .also(first, format!("{first_name} has it here"))
                    .help(format!("one of the two was copied; of {name}: {advice}")),
            );
        }
    }
}
