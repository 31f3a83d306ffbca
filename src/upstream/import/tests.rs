//! What is generated is read back: `import(render(x)) = x`, as far as a generated file says it.

use proptest::prelude::*;

use crate::catalogue::model::{Extension, Version};
use crate::catalogue::{Files, load_from};
use crate::diag::{Diagnostics, SourceMap};

const PATCH: &str = "--- a/x\n+++ b/x\n";

fn load(extension: &str) -> Extension {
    let mut files = Files::new();
    files.insert(
        "flake.toml",
        "description = \"Test\"\nsystems = [\"x86_64-linux\"]\ndefault-postgresql = \"17\"\n[inputs.nixpkgs]\n\
         url = \"github:NixOS/nixpkgs/nixos-unstable\"\nrev = \"0000000000000000000000000000000000000001\"\n\
         nar-hash = \"sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\nlast-modified = 1784796856\n",
    );
    files.insert("postgresql.toml", "[[postgresql]]\nname = \"17\"\nmajor = 17\n");
    files.insert(
        "pgrx.toml",
        "[[cargo-pgrx]]\nversion = \"0.12.6\"\nhash = \"sha256-aWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         cargo-hash = \"sha256-bWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         [[cargo-pgrx]]\nversion = \"0.16.1\"\nhash = \"sha256-cWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         cargo-hash = \"sha256-dWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n",
    );
    files.insert("overrides/new.nix", "{ }: _old: { }\n");
    for name in ["a", "b"] {
        files.insert(format!("patches/new/{name}.patch"), PATCH);
    }
    files.insert("extensions/new.toml", extension);
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let catalogue = load_from(&files, &mut sources, &mut found);
    let why: Vec<_> = found.iter().map(|finding| finding.message.as_str()).collect();
    let catalogue = catalogue.unwrap_or_else(|| panic!("{why:?}\n{extension}"));
    catalogue.extension("new").expect("the extension").clone()
}

fn rendered(extension: &str) -> String {
    let extension = load(extension);
    let text = crate::render::extension_file(&extension);
    assert!(text.contains("lib.mapAttrs"), "{text}");
    text
}

/// What a generated file says.
fn said(extension: Extension) -> Extension {
    let versions = extension.versions.into_iter();
    let versions = versions.map(|version| Version { majors: Vec::new(), ..version });
    Extension {
        versions: versions.collect(),
        fits: Default::default(),
        follow: Default::default(),
        ..extension
    }
}

fn hash(of: &str) -> String {
    use crate::store::hash::{Algorithm, Hash};
    Hash::of(Algorithm::Sha256, of.as_bytes()).to_sri()
}

fn one_in(of: usize, text: &'static str) -> impl Strategy<Value = String> {
    (0..of).prop_map(move |at| if at == 0 { text.to_owned() } else { String::new() })
}

/// Build keys of an extension or a version of a kind.
fn keys(kind: &'static str) -> BoxedStrategy<String> {
    let flags = match kind {
        "cmake" => "cmake-flags = [\"-DX=ON\", \"-DY=a${b}\"]\n",
        "configure" => "configure-flags = [\"--with-x\"]\n",
        "meson" => "meson-flags = [\"-Dx=1\"]\n",
        _ => "",
    };
    let make = match kind {
        "pgxs" | "sql" | "cmake" | "configure" => "make-flags = [\"OPTFLAGS=\", \"A=$(B)\"]\n",
        "pgrx" => "features = [\"extra\"]\n",
        _ => "",
    };
    (
        one_in(3, flags),
        one_in(3, make),
        one_in(4, "build-inputs = [\"openssl\", \"perlPackages.DBI\"]\n"),
        one_in(4, "native-build-inputs = [\"pkg-config\"]\n"),
        one_in(4, "env = { A = \"1\", B_C = \"x ''${y}\" }\n"),
        prop_oneof![
            4 => Just(""),
            1 => Just("patches = [\"patches/new/a.patch\"]\n"),
            1 => Just("patches = [\"patches/new/b.patch\", \"patches/new/a.patch\"]\n"),
        ],
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f.to_owned()].concat())
        .boxed()
}

fn extension() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["pgxs", "sql", "cmake", "configure", "meson", "pgrx"]);
    kind.prop_flat_map(|kind| {
        let source = prop::sample::select(vec![
            ("{ github = \"example/new\", tag = \"v{version}\" }", false),
            ("{ github = \"example/new\", tag = \"{version}\", submodules = true }", false),
            ("{ github = \"example/new\" }", true),
            ("{ git = \"https://example.org/new.git\", tag = \"r{version}\" }", false),
            ("{ url = \"https://example.org/{version}/new-{version}.tar.gz\" }", false),
        ]);
        let version = (prop::collection::vec(0u32..30, 2..4), any::<u64>(), keys(kind), 0u8..3);
        (
            source,
            keys(kind),
            prop::collection::vec(version, 1..5),
            one_in(2, "homepage = \"https://example.org/new\"\n"),
            one_in(2, "changelog = \"https://example.org/new/{version}/CHANGES\"\n"),
            prop::sample::select(vec!["\"mit\"", "\"postgresql\"", "[\"asl20\", \"mit\"]"]),
            one_in(3, "exclude-systems = [\"x86_64-darwin\", \"aarch64-darwin\"]\n"),
            (one_in(3, "source-root = \"sub/folder\"\n"), one_in(3, "override = \"overrides/new.nix\"\n")),
        )
            .prop_map(
                move |((source, own), build, versions, home, changes, license, systems, (root, over))| {
                    let home = match home.is_empty() && !source.contains("github") {
                        true => "homepage = \"https://example.org\"\n".to_owned(),
                        false => home,
                    };
                    let root =
                        if kind == "pgrx" { root.replace("source-root", "cargo-package") } else { root };
                    let mut text = format!(
                        "description = \"Something new for tests\"\n{home}{changes}license = {license}\n\
                     kind = \"{kind}\"\n{systems}{over}source = {source}\n{build}{root}"
                    );
                    let mut seen = std::collections::BTreeSet::new();
                    for (at, (numbers, seed, build, crates)) in versions.into_iter().enumerate() {
                        let number = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
                        if !seen.insert(number.clone()) {
                            continue;
                        }
                        text += &format!(
                            "\n[[version]]\nversion = \"{number}\"\npostgresql = [\"17\"]\nhash = \"{}\"\n",
                            hash(&format!("{at} {seed}"))
                        );
                        if own {
                            text += &match at % 2 {
                                0 => format!("tag = \"release-{at}\"\n"),
                                _ => format!("rev = \"{at:040}\"\n"),
                            };
                        }
                        if kind == "pgrx" {
                            let pgrx = if crates == 0 { "0.16.1" } else { "0.12.6" };
                            text += &format!(
                                "pgrx = \"{pgrx}\"\ncargo-hash = \"{}\"\n",
                                hash(&format!("crates {at} {seed}"))
                            );
                        }
                        text += &build;
                    }
                    text
                },
            )
    })
}

fn imported(nix: &str) -> String {
    let files = |path: &str| path.starts_with("../../catalogue/patches/").then(|| PATCH.to_owned());
    let request = super::Request {
        name: "new",
        provenance: "generated/extensions/new.nix",
        versions: None,
        postgresqls: &[("17".to_owned(), 17)],
        files: &files,
    };
    let draft = super::read(nix, &request).unwrap_or_else(|why| panic!("{why}\n{nix}"));
    let imported = draft.write();
    assert_eq!(imported.remarks, [""; 0], "{nix}");
    imported.files[camino::Utf8Path::new("extensions/new.toml")].clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_generated_is_read_back(text in extension()) {
        let nix = rendered(&text);
        let again = imported(&nix);
        prop_assert_eq!(said(load(&again)), said(load(&text)), "{}\n{}\n{}", text, nix, again);
    }
}
