//! How an extension is built decides which keys it may and must have.

use super::{Context, Rule};
use crate::catalogue::advice;
use crate::catalogue::decode::printable;
use crate::catalogue::index::versions;
use crate::catalogue::kinds::{Kind, Own};
use crate::catalogue::raw::{ExtensionFile, RawBuild, RawSource, RawVersion, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue,     check;
    BadSource;
    CargoVendor;
    InvalidValue;
    MissingKey;
    NoFile =
        "What upstream built is a file for each system and each major version of PostgreSQL, with a hash under \
         hashes. For a system of the flake, or for a PostgreSQL that the version is for, there is none: there the \
         extension is left out of `bin`, and evaluation says so. Where upstream has no file, say it with \
         exclude-systems or the version's list of PostgreSQLs; where it has one, `pgflakegen prefetch URL` tells \
         its hash.",
        bad: r#"
            # extensions/third.toml
            description = "What upstream has built"
            homepage = "https://example.org"
            license = "mit"
            kind = "prebuilt"
            source = { url = "https://example.org/{version}-pg{postgresql}-{platform}.zip" }

            [[version]]
            version = "1.0"
            postgresql = ">=16"
            hashes.x86_64-linux = { "16" = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0=" }
        "#,
        says: "third 1.0 has no file for x86_64-linux with PostgreSQL 17",
        fixed: r#"
            # extensions/third.toml
            description = "What upstream has built"
            homepage = "https://example.org"
            license = "mit"
            kind = "prebuilt"
            source = { url = "https://example.org/{version}-pg{postgresql}-{platform}.zip" }

            [[version]]
            version = "1.0"
            postgresql = ">=16"
            hashes.x86_64-linux = { "16" = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0=", "17" = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U=" }
        "#;
    NoVersions =
        "An extension that is built here needs at least one [[version]] with version, postgresql and hash. To take \
         whatever nixpkgs has, write source = \"nixpkgs\".",
        bad: r#"
            # extensions/third.toml
            description = "Does a third thing"
            license = "postgresql"
            kind = "pgxs"
            source = { github = "third/third", tag = "v{version}" }
        "#,
        says: "third has no versions",
        fixed: r#"
            # extensions/third.toml
            description = "Does a third thing"
            license = "postgresql"
            kind = "pgxs"
            source = { github = "third/third", tag = "v{version}" }

            [[version]]
            version = "1.0"
            postgresql = ["17"]
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
        "#;
    RustToolchain;
    SameHash;
    UnknownKind =
        "kind says how an extension is built: pgxs (make with PostgreSQL's PGXS), sql (nothing to compile), cmake, \
         configure, meson, pgrx (Rust), prebuilt (files that upstream built), nixpkgs (the package set's own) or \
         custom (the override builds it).",
        bad: r#"kind = "make""#,
        says: "unknown kind `make`",
        fixed: r#"kind = "pgxs""#;
    UnknownPgrx =
        "A Rust extension is built by the very version of cargo-pgrx that its pgrx dependency has; any other \
         refuses. So each version in use is an entry in catalogue/pgrx.toml, with the hash of the crate and of its \
         own dependencies. Add the entry, or correct the version: it is the one after `pgrx = \"=` in the \
         extension's Cargo.toml.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.9"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
        "#,
        says: "pgrx.toml has no cargo-pgrx 0.12.9",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
        "#;
    WrongKindKey =
        "The key is known, but has no effect on, or contradicts, how this extension is built: cmake-flags without \
         CMake, pgrx keys without Rust, versions of something that nixpkgs decides the version of, a custom \
         extension without the override that builds it. Remove the key or change the kind.",
        bad: r#"
            kind = "pgxs"
            cmake-flags = ["-DEXTRA=ON"]
        "#,
        says: r#"`cmake-flags` has no effect on an extension of kind "pgxs""#,
        fixed: r#"
            kind = "cmake"
            cmake-flags = ["-DEXTRA=ON"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (_, file, kind) in cx.extensions() {
        unknown(file, found);
        if kind.is_none_or(|kind| !kind.has_files()) {
            found.extend(versions(&file.raw).filter_map(|version| no_hash(file, version)));
        }
        let Some(kind) = kind else { continue };
        let mut keys = Keys { kind, found };
        keys.extension(file);
        if !kind.is_package_sets() {
            let none = file.raw.version.as_ref().is_none_or(|list| list.value.is_empty());
            if none && !file.raw.wrong.has("version") {
                found.push(
                    Diagnostic::new(Code::NoVersions, file.span, format!("{} has no versions", file.name))
                        .help("add [[version]] with version, postgresql and hash; or source = \"nixpkgs\""),
                );
            }
        }
        kind.check(cx, file, found);
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

fn no_hash(file: &ExtensionFile, version: &Spanned<RawVersion>) -> Option<Diagnostic> {
    let absent = version.value.hash.is_none() && !version.value.wrong.has("hash");
    absent.then(|| {
        Diagnostic::new(Code::MissingKey, version.span, "the version has no `hash`")
            .help(format!("add hash = \"sha256-…\": {}", advice::version(file, &version.value)))
    })
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
    let names = Kind::names();
    match &file.raw.kind {
        None => {}
        Some(kind) if Kind::from_name(&kind.value).is_none() => {
            let finding = Diagnostic::new(
                Code::UnknownKind,
                kind.span,
                format!("unknown kind `{}`", printable(&kind.value)),
            );
            let written = kind.value.to_ascii_lowercase();
            let meant = Kind::all().find(|kind| kind.also_called().contains(&written.as_str()));
            let usual = match meant {
                Some(kind) => Some(kind.name()),
                None => nearest(&written, names.iter().copied()),
            };
            found.push(match usual {
                Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                None => finding.help(format!("known are {}", names.join(", "))),
            });
        }
        Some(kind) => {
            let by_source = matches!(&file.raw.source, Some(Spanned { value: RawSource::Nixpkgs, .. }));
            let by_kind = kind.value == Kind::NIXPKGS.name();
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
    /// Reports `key` when it stands there though its kind does not take it.
    fn judge<T>(&mut self, key: &str, field: &Option<Spanned<T>>) {
        if let Some(Spanned { span, .. }) = field {
            self.at(key, *span);
        }
    }

    fn at(&mut self, key: &str, span: Span) {
        if self.kind.takes(key) {
            return;
        }
        let kinds = Kind::all().filter(|kind| kind.takes(key));
        let names: Vec<_> = kinds.map(|kind| format!("\"{}\"", kind.name())).collect();
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
        let raw = &file.raw;
        self.judge("attr", &raw.attr);
        self.judge("postgresql", &raw.postgresql);
        self.judge("default", &raw.default);
        self.judge("installcheck", &raw.installcheck);
        self.own(&raw.own);
        self.build(&raw.build);
        for version in versions(raw) {
            if self.kind.takes("version") {
                self.version(&version.value);
            } else {
                self.at("version", version.span);
            }
        }
    }

    fn version(&mut self, raw: &RawVersion) {
        self.judge("hash", &raw.hash);
        self.judge("pgrx", &raw.pgrx);
        self.judge("rust", &raw.rust);
        self.judge("cargo-hash", &raw.cargo_hash);
        self.judge("cargo-lock", &raw.cargo_lock);
        self.judge("output-hashes", &raw.output_hashes);
        self.own(&raw.own);
        self.build(&raw.build);
    }

    fn own(&mut self, own: &Own) {
        for (key, value) in own.given() {
            self.at(key, value.span());
        }
    }

    fn build(&mut self, raw: &RawBuild) {
        self.judge("build-inputs", &raw.build_inputs);
        self.judge("native-build-inputs", &raw.native_build_inputs);
        self.judge("make-flags", &raw.make_flags);
        self.judge("configure-flags", &raw.configure_flags);
        self.judge("cmake-flags", &raw.cmake_flags);
        self.judge("env", &raw.env);
        self.judge("patches", &raw.patches);
        self.judge("source-root", &raw.source_root);
        self.judge("features", &raw.features);
        self.judge("cargo-package", &raw.cargo_package);
    }
}
