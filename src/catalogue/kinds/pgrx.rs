//! `pgrx`: Rust with pgrx. Its cargo-pgrx and Rust can be had, its crates are pinned in one way.

use super::{
    Attribute, Builder, Clue, DEPTH, Flags, Key, KindSpec, Parameter, Place, Recipe, RecipeClues, SourceClues, Type,
    built,
};
use crate::catalogue::decode::printable;
use crate::catalogue::expression::Nix;
use crate::catalogue::index::versions;
use crate::catalogue::model::{self, Build, Vendor};
use crate::catalogue::raw::{ExtensionFile, Field, Map, RawExtension, RawVersion, Spanned};
use crate::catalogue::resolve::{self, text};
use crate::catalogue::rules::Context;
use crate::catalogue::rules::text::shaped;
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};

pub struct Pgrx;

impl KindSpec for Pgrx {
    fn name(&self) -> &'static str {
        "pgrx"
    }

    fn describe(&self) -> &'static str {
        "Rust with pgrx"
    }

    fn also_called(&self) -> &'static [&'static str] {
        &["rust", "cargo"]
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-pgrx.nix"),
            arguments: "{
                inherit withoutServer;
                cargoPgrx = pkgs.callPackage ./cargo-pgrx.nix { };
            }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key)
            || self.brings(key)
            || matches!(
                key,
                "pgrx" | "rust" | "cargo-hash" | "cargo-lock" | "output-hashes" | "features" | "cargo-package"
            )
    }

    fn keys(&self) -> &'static [Key] {
        &[
            Key {
                name: "pgrx-flags",
                place: Place::Both,
                of: Type::Flags,
                about: "Arguments for cargo pgrx, for example the package of a workspace. Kind pgrx only.",
            },
            Key {
                name: "cargo-flags",
                place: Place::Both,
                of: Type::Flags,
                about: "Arguments for cargo build. Kind pgrx only.",
            },
            Key {
                name: "default-features",
                place: Place::Both,
                of: Type::Switch,
                about: "Whether the crate's default features are on. Default: true. Kind pgrx only.",
            },
            Key {
                name: "pg-test-feature",
                place: Place::Both,
                of: Type::Switch,
                about: "Whether the crate has the feature pg_test, which its tests need. Default: true. Kind pgrx only.",
            },
        ]
    }

    fn flags(&self) -> &'static [Flags] {
        &[
            Flags {
                attribute: "cargoPgrxFlags",
                key: "pgrx-flags",
                of: |build| build.own_flags("pgrx-flags"),
            },
            Flags {
                attribute: "cargoBuildFlags",
                key: "cargo-flags",
                of: |build| build.own_flags("cargo-flags"),
            },
        ]
    }

    fn check(&self, cx: &Context<'_>, file: &ExtensionFile, found: &mut Diagnostics) {
        for version in versions(&file.raw) {
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
                Some(pgrx) => found.extend(unknown_cargo_pgrx(cx, pgrx)),
            }
        }
        let own = versions(&file.raw).map(|version| &version.value.build.features);
        for feature in
            std::iter::once(&file.raw.build.features).chain(own).flatten().flat_map(|list| &list.value)
        {
            found.extend(judge_feature(feature));
        }
    }

    fn resolve(&self, extension: &RawExtension, version: &RawVersion, build: &mut Build) -> Option<()> {
        build.pgrx = Some(model::Pgrx {
            version: text(&version.pgrx)?,
            rust: text(&version.rust),
            vendor: resolve::vendor(&version.cargo_hash, &version.cargo_lock, &version.output_hashes)?,
            features: resolve::list(extension, version, |build| &build.features),
            cargo_package: resolve::one(extension, version, |build| &build.cargo_package),
        });
        Some(())
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            ("cargoHash", |build| match &build.pgrx.as_ref()?.vendor {
                Vendor::Hash(hash) => Some(Nix::string(hash)),
                Vendor::Lock { .. } => None,
            }),
            ("cargoLock", |build| cargo_lock(&build.pgrx.as_ref()?.vendor)),
            ("buildAndTestSubdir", |build| build.pgrx.as_ref()?.cargo_package.as_ref().map(Nix::string)),
            ("buildFeatures", |build| {
                let features = &build.pgrx.as_ref()?.features;
                (!features.is_empty()).then(|| Nix::strings(features))
            }),
            ("buildNoDefaultFeatures", |build| {
                (build.own_switch("default-features") == Some(false)).then_some(Nix::Bool(true))
            }),
            ("usePgTestCheckFeature", |build| {
                (build.own_switch("pg-test-feature") == Some(false)).then_some(Nix::Bool(false))
            }),
        ]
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter {
                attribute: ("pgrx", |build| build.pgrx.as_ref().map(|pgrx| Nix::string(&pgrx.version))),
                optional: false,
            },
            Parameter {
                attribute: ("rust", |build| build.pgrx.as_ref()?.rust.as_ref().map(Nix::string)),
                optional: true,
            },
        ]
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        Some(HANDED)
    }

    fn has_crates(&self) -> bool {
        true
    }

    fn folder_key(&self) -> &'static str {
        "cargo-package"
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        clues.depends_on_pgrx.then_some(Clue { weight: 90, from: "Cargo.toml depends on pgrx" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        clues.is_pgrx.then_some(90)
    }

    fn needless(&self) -> &'static [&'static str] {
        &["env.CARGO", "CARGO", "RUSTC"]
    }
}

/// What nixpkgs' buildPgrxExtension adds before overrides are applied, and our template.
const HANDED: &[&str] = &[
    "auditable",
    "buildAndTestSubdir",
    "buildPhase",
    "cargoBuildFlags",
    "cargoBuildType",
    "cargoCheckType",
    "cargoDeps",
    "cargoHash",
    "cargoLock",
    "checkFlags",
    "checkPhase",
    "configurePhase",
    "doCheck",
    "env",
    "installPhase",
    "patchRegistryDeps",
    "postFixup",
    "postInstall",
    "postUnpack",
    "preBuildAndTest",
    "preCheck",
    "preFixup",
    "cargoBuildFeatures",
    "buildFeatures",
    "PGRX_PG_SYS_SKIP_BINDING_REWRITE",
    "RUSTFLAGS",
    "cargoTestFlags",
    "nativeCheckInputs",
    "cargoBuildNoDefaultFeatures",
    "cargoCheckFeatures",
    "cargoCheckNoDefaultFeatures",
    "buildType",
    "strictDeps",
    "buildNoDefaultFeatures",
    "checkType",
    "PGRX_HOME",
    "cargo-pgrx",
    "postgresql",
    "prePatch",
    "postPatch",
    "patches",
];

/// `cargoLock = { … }` for a committed lock file.
pub fn cargo_lock(vendor: &Vendor) -> Option<Nix> {
    let Vendor::Lock { file, output_hashes } = vendor else { return None };
    let mut lock = vec![("lockFile".to_owned(), Nix::catalogue_file(file, DEPTH))];
    if !output_hashes.is_empty() {
        let hashes = output_hashes.iter().map(|(name, hash)| (name.clone(), Nix::string(hash)));
        lock.push(("outputHashes".to_owned(), Nix::Attrs(hashes.collect())));
    }
    Some(Nix::Attrs(lock))
}

fn unknown_cargo_pgrx(cx: &Context<'_>, pgrx: &Spanned<String>) -> Option<Diagnostic> {
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

/// Whether crates are pinned in one way.
pub fn vendor(
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

/// Whether an exact Rust can be had.
pub fn rust(cx: &Context<'_>, rust: &Field<String>, found: &mut Diagnostics) {
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
