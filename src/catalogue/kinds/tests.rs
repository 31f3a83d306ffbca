//! What a kind of one file and one template has: everything.

use crate::catalogue::{Catalogue, Files, kinds::Kind, load_from, schemas};
use crate::diag::{Diagnostics, SourceMap};
use crate::store::archive::{Builder, Limits};
use crate::upstream::detect;

const FLAKE: &str = r#"
description = "One extension of the new kind"
systems = ["x86_64-linux"]
default-postgresql = "17"

[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "0000000000000000000000000000000000000001"
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856
"#;

const EXTENSION: &str = r#"
description = "Something built with SCons"
license = "mit"
kind = "scons"
source = { github = "example/new", tag = "v{version}" }
native-build-inputs = ["pkg-config", "scons"]
scons-flags = ["prefix=/nowhere"]

[[version]]
version = "1.0"
postgresql = ">=16"
hash = "sha256-u/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50="
scons-flags = ["debug=0"]

[[version]]
version = "0.9"
postgresql = ">=16"
hash = "sha256-v/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50="
"#;

fn load(extension: &str) -> (Option<Catalogue>, Vec<String>) {
    let mut files = Files::new();
    files.insert("flake.toml", FLAKE);
    files.insert("postgresql.toml", "[[postgresql]]\nname = \"17\"\nmajor = 17\n");
    files.insert("extensions/new.toml", extension);
    let mut found = Diagnostics::new();
    let catalogue = load_from(&files, &mut SourceMap::new(), &mut found);
    let found = found.iter().map(|finding| format!("{}: {}", finding.code.id(), finding.message));
    (catalogue, found.collect())
}

#[test]
fn it_is_read_and_checked() {
    let (catalogue, found) = load(EXTENSION);
    assert_eq!(found, [""; 0]);
    let catalogue = catalogue.expect("no errors");
    let extension = catalogue.extension("new").expect("the extension");
    assert_eq!(extension.kind.name(), "scons");
    let flags = |at: usize| extension.versions[at].build.own_flags("scons-flags");
    assert_eq!((flags(0), flags(1)), (&["prefix=/nowhere".to_owned()][..], &["debug=0".to_owned()][..]));

    let (_, found) = load(&EXTENSION.replace("\"scons\"\nsource", "\"pgxs\"\nsource"));
    let message = "PGF135: `scons-flags` has no effect on an extension of kind \"pgxs\"";
    assert_eq!(found, [message; 2]);
    let (_, found) = load(&EXTENSION.replace("[\"debug=0\"]", "[\"a b\"]"));
    assert_eq!(found, ["PGF151: this flag contains a space"]);
    let (_, found) = load(&EXTENSION.replace("[\"debug=0\"]", "\"debug=0\""));
    assert_eq!(found, ["PGF105: expected an array, found a string"]);
    let (_, found) = load(&EXTENSION.replace("scons-flags = [\"prefix", "cmake-flags = [\"prefix"));
    assert_eq!(found, ["PGF135: `cmake-flags` has no effect on an extension of kind \"scons\""]);
}

#[test]
fn the_schema_has_it() {
    let schemas = schemas();
    let (_, schema) = schemas.iter().find(|(name, _)| *name == "extension").expect("the schema");
    let kinds = schema["$defs"]["Kind"]["oneOf"].as_array().expect("the kinds");
    assert!(kinds.iter().any(|kind| kind["const"] == "scons" && kind["description"] == "SCons"));
    for table in [schema, &schema["$defs"]["Version"]] {
        assert_eq!(table["properties"]["scons-flags"]["description"], "Arguments for scons.");
        assert_eq!(table["properties"]["scons-flags"]["items"]["type"], "string");
    }
}

#[test]
fn it_is_generated() {
    let catalogue = load(EXTENSION).0.expect("no errors");
    let files = crate::render::render(&catalogue);
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.unwrap_or_else(|| panic!("{path} is there")).text.clone()
    };
    let extension = text("generated/extensions/new.nix");
    assert!(extension.contains("buildScons (finalAttrs: {"), "{extension}");
    assert!(extension.contains("inherit sconsFlags;"), "{extension}");
    assert!(extension.contains("nativeBuildInputs = [ pkg-config ];"), "its builder adds scons: {extension}");
    let builders = text("generated/lib/builders.nix");
    assert!(
        builders.contains("buildScons = callPackage ./build-scons.nix { inherit buildExtension; };"),
        "{builders}"
    );
    assert!(text("generated/lib/build-scons.nix").contains("[ scons ]"));
    assert!(text("generated/catalogue.json").contains("\"kind\": \"scons\""));
}

#[test]
fn it_is_recognized_in_a_source() {
    for (kind, file) in [("scons", "SConstruct"), ("meson", "meson.build"), ("cmake", "CMakeLists.txt")] {
        let mut source = Builder::new(Limits::default());
        for (path, text) in [(file, "pass"), ("new.control", "comment = 'New'\n")] {
            source.file(path.as_bytes(), false, text.len() as u64, text.as_bytes()).expect("a file");
        }
        let about = detect::about(&source.finish(), "new").expect("readable");
        assert_eq!((about.kind.value.name(), about.kind.from.as_str()), (kind, file));
    }
}

#[test]
fn what_is_written_for_it_is_imported_again() {
    let nix = r#"
      { fetchFromGitHub, postgresqlBuildExtension, scons }:
      postgresqlBuildExtension (finalAttrs: {
        pname = "new"; version = "1.0";
        src = fetchFromGitHub { owner = "example"; repo = "new"; tag = "v${finalAttrs.version}";
          hash = "sha256-u/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50="; };
        nativeBuildInputs = [ scons ];
        sconsFlags = [ "debug=0" ];
        meta = { description = "New"; };
      })
    "#;
    let request = crate::upstream::import::Request {
        name: "new",
        provenance: "new.nix",
        versions: None,
        postgresqls: &[("17".to_owned(), 17)],
        files: &|_| None,
    };
    let imported = crate::upstream::import::read(nix, &request).expect("a derivation").write();
    let text = &imported.files[camino::Utf8Path::new("extensions/new.toml")];
    assert!(text.contains("kind = \"scons\"\n") && text.contains("scons-flags = [\"debug=0\"]\n"), "{text}");
    assert!(!text.contains("native-build-inputs"), "its builder adds scons: {text}");
}

#[test]
fn commands_show_it() {
    use crate::cmd::{Context, list, show};
    let folder = tempfile::tempdir().expect("a folder");
    let root = camino::Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let extensions = root.join("catalogue/extensions");
    std::fs::create_dir_all(&extensions).expect("folders");
    std::fs::write(root.join("catalogue/flake.toml"), FLAKE).expect("a file");
    let postgresqls = "[[postgresql]]\nname = \"17\"\nmajor = 17\n";
    std::fs::write(root.join("catalogue/postgresql.toml"), postgresqls).expect("a file");
    std::fs::write(extensions.join("new.toml"), EXTENSION).expect("a file");
    let shown = |command: &dyn Fn(&mut Context<'_>)| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        command(&mut Context {
            root: Some(root.clone()),
            quiet: false,
            verbose: false,
            colour_out: false,
            colour_err: false,
            fold: false,
            reports: false,
            out: &mut out,
            err: &mut err,
        });
        String::from_utf8(out).expect("UTF-8")
    };
    let args = list::Args { postgresql: None, json: false };
    let listed = shown(&|context| {
        list::run(&args, context).expect("a list");
    });
    assert!(listed.lines().any(|line| line.split_whitespace().take(2).eq(["new", "scons"])), "{listed}");
    let args = show::Args {
        name: "new".into(),
        json: false,
        r#override: false,
        postgresql: None,
        system: None,
        inputs: Default::default(),
    };
    let listed = shown(&|context| {
        show::run(&args, context).expect("an extension");
    });
    assert!(listed.lines().any(|line| line.split_whitespace().eq(["kind", "scons"])), "{listed}");
}

#[test]
fn names_are_different() {
    let mut names = Kind::names();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::all().count());
}
