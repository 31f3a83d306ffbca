//! How an extension is built decides which keys it may and must have.

use super::Context;
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::model::Kind;
use crate::catalogue::raw::{ExtensionFile, RawBuild, RawSource, RawVersion, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};

pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (_, file, kind) in cx.extensions() {
        unknown(file, found);
        let Some(kind) = kind else { continue };
        let mut keys = Keys { kind, found };
        keys.extension(file);
        if kind == Kind::Nixpkgs {
            continue;
        }
        let none = file.raw.version.as_ref().is_none_or(|list| list.value.is_empty());
        if none && !file.raw.wrong.has("version") {
            found.push(
                Diagnostic::new(Code::NoVersions, file.span, format!("{} has no versions", file.name))
                    .help("add [[version]] with version, postgresql and hash; or source = \"nixpkgs\""),
            );
        }
        if kind == Kind::Custom && file.raw.r#override.is_none() && !file.raw.wrong.has("override") {
            let span = file.raw.kind.as_ref().map_or(file.span, |kind| kind.span);
            found.push(
                Diagnostic::new(
                    Code::WrongKindKey,
                    span,
                    "a custom extension needs an override, which builds it",
                )
                .help(format!("add override = \"overrides/{}.nix\"", file.name)),
            );
        }
    }
    for file in &cx.raw.extensions {
        let github = matches!(
            &file.raw.source,
            Some(Spanned { value: RawSource::Fetched(source), .. }) if source.github.is_some()
        );
        let unknown = file.raw.wrong.has("homepage") || file.raw.wrong.has("source");
        if file.raw.homepage.is_none() && !github && !unknown {
            found.push(no_homepage(file));
        }
    }
}

fn no_homepage(file: &ExtensionFile) -> Diagnostic {
    Diagnostic::new(
        Code::MissingKey,
        file.span,
        "the extension has no `homepage`, and no github source to take it from",
    )
    .help("add homepage = \"https://…\"")
}

fn unknown(file: &ExtensionFile, found: &mut Diagnostics) {
    let names = Kind::ALL.map(Kind::name);
    match &file.raw.kind {
        None => {}
        Some(kind) if Kind::from_name(&kind.value).is_none() => {
            let finding = Diagnostic::new(
                Code::UnknownKind,
                kind.span,
                format!("unknown kind `{}`", printable(&kind.value)),
            );
            let usual = match kind.value.to_ascii_lowercase().as_str() {
                "make" | "makefile" | "c" | "pgxn" => Some("pgxs"),
                "rust" | "cargo" => Some("pgrx"),
                "autoconf" | "autotools" | "autoreconf" => Some("configure"),
                other => nearest(other, names),
            };
            found.push(match usual {
                Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                None => finding.help(format!("known are {}", names.join(", "))),
            });
        }
        Some(kind) => {
            let by_source = matches!(&file.raw.source, Some(Spanned { value: RawSource::Nixpkgs, .. }));
            let by_kind = kind.value == Kind::Nixpkgs.name();
            if by_source && !by_kind {
                found.push(
                    Diagnostic::new(
                        Code::WrongKindKey,
                        kind.span,
                        format!("what comes from nixpkgs is not built here as {}", kind.value),
                    )
                    .help("remove kind, or give a source that is fetched"),
                );
            }
            if let (true, Some(Spanned { value: RawSource::Fetched(_), span })) = (by_kind, &file.raw.source)
            {
                found.push(
                    Diagnostic::new(
                        Code::WrongKindKey,
                        *span,
                        "kind = \"nixpkgs\" takes the package set's own source",
                    )
                    .help("write source = \"nixpkgs\", or another kind"),
                );
            }
        }
    }
}

struct Keys<'f> {
    kind: Kind,
    found: &'f mut Diagnostics,
}

impl Keys<'_> {
    /// Reports `key` when it stands there though only `kinds` have it.
    fn only<T>(&mut self, kinds: &[Kind], key: &str, field: &Option<Spanned<T>>) {
        let Some(Spanned { span, .. }) = field else { return };
        if !kinds.contains(&self.kind) {
            self.report(kinds, key, *span);
        }
    }

    fn report(&mut self, kinds: &[Kind], key: &str, span: Span) {
        let names: Vec<_> = kinds.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
        self.found.push(
            Diagnostic::new(
                Code::WrongKindKey,
                span,
                format!("`{key}` has no effect on an extension of kind \"{}\"", self.kind.name()),
            )
            .help(format!("remove it; it is for kind {}", names.join(", "))),
        );
    }

    fn extension(&mut self, file: &ExtensionFile) {
        const BUILT: &[Kind] =
            &[Kind::Pgxs, Kind::Sql, Kind::Cmake, Kind::Configure, Kind::Pgrx, Kind::Custom];
        let raw = &file.raw;
        self.only(&[Kind::Nixpkgs], "attr", &raw.attr);
        self.only(&[Kind::Nixpkgs], "postgresql", &raw.postgresql);
        self.only(BUILT, "default", &raw.default);
        self.build(&raw.build);
        if self.kind == Kind::Nixpkgs {
            for version in versions(raw) {
                self.report(BUILT, "version", version.span);
            }
        } else {
            for version in versions(raw) {
                self.version(&version.value);
            }
        }
    }

    fn version(&mut self, raw: &RawVersion) {
        let pgrx = &[Kind::Pgrx];
        self.only(pgrx, "pgrx", &raw.pgrx);
        self.only(pgrx, "rust", &raw.rust);
        self.only(pgrx, "cargo-hash", &raw.cargo_hash);
        self.only(pgrx, "cargo-lock", &raw.cargo_lock);
        self.only(pgrx, "output-hashes", &raw.output_hashes);
        self.build(&raw.build);
    }

    fn build(&mut self, raw: &RawBuild) {
        const BUILT: &[Kind] =
            &[Kind::Pgxs, Kind::Sql, Kind::Cmake, Kind::Configure, Kind::Pgrx, Kind::Custom];
        const MAKE: &[Kind] = &[Kind::Pgxs, Kind::Sql, Kind::Cmake, Kind::Configure, Kind::Custom];
        self.only(BUILT, "build-inputs", &raw.build_inputs);
        self.only(BUILT, "native-build-inputs", &raw.native_build_inputs);
        self.only(MAKE, "make-flags", &raw.make_flags);
        self.only(&[Kind::Configure, Kind::Custom], "configure-flags", &raw.configure_flags);
        self.only(&[Kind::Cmake, Kind::Custom], "cmake-flags", &raw.cmake_flags);
        self.only(BUILT, "env", &raw.env);
        self.only(BUILT, "patches", &raw.patches);
        self.only(BUILT, "source-root", &raw.source_root);
        self.only(&[Kind::Pgrx], "features", &raw.features);
        self.only(&[Kind::Pgrx], "cargo-package", &raw.cargo_package);
    }
}
