//! `import`: derivations and versions.json.

use crate::bump::Place;

const HASH: &str = "sha256-Nmb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU=";

fn plain(name: &str, more: &str) -> String {
    format!(
        r#"{{ lib, stdenv, fetchFromGitHub, postgresql, curl, perl }}:
stdenv.mkDerivation rec {{
  pname = "{name}";
  version = "1.2";
  src = fetchFromGitHub {{
    owner = "someone";
    repo = pname;
    rev = "refs/tags/v${{version}}";
    sha256 = "{HASH}";
  }};
  nativeBuildInputs = [ perl ];
  buildInputs = [ curl postgresql ];
  makeFlags = [ "A=1" ];
  {more}
  installPhase = ''
    mkdir -p $out/{{lib,share/postgresql/extension}}
    cp *.so $out/lib
    cp *.sql *.control $out/share/postgresql/extension
  '';
  meta = with lib; {{
    description = "Does something.";
    homepage = "https://github.com/${{src.owner}}/${{pname}}";
    license = licenses.mit;
    platforms = postgresql.meta.platforms;
    broken = versionOlder postgresql.version "15";
  }};
}}
"#
    )
}

#[test]
fn a_derivation_in_full() {
    let place = Place::new();
    place.write("nix/one.nix", &plain("one", ""));
    let (code, out, err) = place.said(&["import", "nix", "nix/one.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    let expected = format!(
        "#:schema ../../schema/extension.json\ndescription = \"Does something\"\nhomepage = \"https://github.com/someone/one\"\nlicense = \"mit\"\nkind = \"pgxs\"\nsource = {{ github = \"someone/one\", tag = \"v{{version}}\" }}\nbuild-inputs = [\"curl\"]\nnative-build-inputs = [\"perl\"]\nmake-flags = [\"A=1\"]\n\n[[version]]\nversion = \"1.2\"\npostgresql = \">=15\"\nhash = \"{HASH}\"\n"
    );
    let text = place.read("catalogue/extensions/one.toml");
    assert_eq!(text, expected, "{out}");
    assert!(out.contains("in full"), "{out}");
    let nix = place.read("generated/extensions/one.nix");
    assert!(nix.contains(HASH) && nix.contains("curl") && nix.contains("perl"), "{nix}");
    let (code, out, _) = place.said(&["import", "nix", "nix/one.nix"]);
    assert_eq!(code, 1);
    assert!(out.contains("--force"), "{out}");
}

#[test]
fn what_does_not_fit_goes_to_an_override() {
    let place = Place::new();
    place.write("nix/fix.patch", "--- a\n+++ b\n");
    place.write(
        "nix/two.nix",
        &plain(
            "two",
            "patches = [ ./fix.patch ];\n  postPatch = ''\n    echo ${pname} ${lib.getExe perl}\n  '';",
        ),
    );
    let (code, out, err) = place.said(&["import", "nix", "nix/two.nix"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("in part") && out.contains("postPatch went to"), "{out}");
    assert_eq!(place.read("catalogue/patches/two/fix.patch"), "--- a\n+++ b\n");
    let nix = place.read("catalogue/overrides/two.nix");
    assert!(
        nix.contains("inherit (old) pname") && nix.contains("lib,") && nix.contains("postPatch"),
        "{nix}"
    );
    assert!(rnix::Root::parse(&nix).errors().is_empty(), "{nix}");
}

#[test]
fn other_shapes() {
    let place = Place::new();
    let finals = r#"{ lib, fetchFromGitHub, postgresql, postgresqlBuildExtension }:
postgresqlBuildExtension (finalAttrs: {
  pname = "three";
  version = "2.6";
  src = fetchFromGitHub {
    owner = "someone";
    repo = "three";
    tag = "three_${builtins.replaceStrings [ "." ] [ "_" ] finalAttrs.version}";
    hash = "HASH";
  };
  meta = { description = "Three"; license = with lib.licenses; [ mit asl20 ]; };
})
"#;
    place.write("nix/three.nix", &finals.replace("HASH", HASH));
    let unpinned =
        finals.replace("\"2.6\"", "versions.\"${postgresql.psqlSchema}\"").replace("three", "four");
    place.write("nix/four.nix", &unpinned.replace("HASH", HASH));
    place.write("nix/five.nix", "{ }: 1");
    place.write("nix/six.nix", "{ lib");
    let (code, out, err) =
        place.said(&["import", "nix", "nix/three.nix", "nix/four.nix", "nix/five.nix", "nix/six.nix"]);
    assert_eq!(code, 1, "{out}{err}");
    let text = place.read("catalogue/extensions/three.toml");
    assert!(
        text.contains("tag = \"three_2_6\"") && text.contains("license = [\"mit\", \"asl20\"]"),
        "{text}"
    );
    for (name, why) in
        [("four", "its version is not written out"), ("five", "no derivation"), ("six", "no derivation")]
    {
        let line = out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains("not") && line.contains(why), "{line}");
    }
    assert!(!place.path("catalogue/extensions/four.toml").exists());
}

#[test]
fn versions_json_with_its_nix_files() {
    let place = Place::new();
    let nix = plain("http", "").replace("sha256 = \"", "# ").replace("version = \"1.2\"", "inherit version");
    place.write("nix/pgsql-http.nix", &nix);
    let listed = format!(
        r#"{{"http": {{"1.5": {{"postgresql": ["15"], "hash": "{HASH}"}}, "1.10": {{"postgresql": ["15", "17"], "hash": "sha256-C8eqi0q1dnshUAZjIsZFwa5FTYc7vmATF3vv2CReWPM=", "revision": "v1.10-final"}}}}, "gone": {{}}}}"#
    );
    place.write("nix/versions.json", &listed);
    let arguments = ["import", "versions-json", "nix/versions.json", "--nix-dir", "nix"];
    let (code, out, err) = place.said(&arguments);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("there is no Nix file for it"), "{out}");
    let text = place.read("catalogue/extensions/http.toml");
    let (first, second) = (text.find("\"1.5\"").unwrap(), text.find("\"1.10\"").unwrap());
    assert!(
        first < second
            && text.contains("tag = \"v1.10-final\"")
            && text.contains("postgresql = [\"15\", \"17\"]"),
        "{text}"
    );
    place.write("nix/versions.json", r#"{"http": {"1": {"unknown": 1}}}"#);
    let (code, _, err) = place.said(&arguments);
    assert_eq!((code, err.contains("unknown field")), (2, true), "{err}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", middle in "[a-z{}()\\[\\];=\"$ :./]{0,80}") {
        let _ = pgflakegen::upstream::import::read(&text);
        let _ = pgflakegen::upstream::import::read(&format!("stdenv.mkDerivation rec {{ src = fetchurl {{ {middle} }}; {middle} }}"));
    }
}
