//! What a real Nix makes of our output: text that we generate, locks and derivations that we write.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use pgflakegen::nix::syntax::quote;

pub fn output_of(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// `--write-drvs` makes a binary cache; a store takes it as it is, without trusting anybody, and
/// builds what is in it.
pub fn written_derivations_are_built() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let source = dir.path().join("source");
    std::fs::create_dir(&source)?;
    std::fs::write(source.join("kept"), "kept\n")?;
    std::fs::write(source.join("left-out"), "left out\n")?;
    std::os::unix::fs::symlink("kept", source.join("link"))?;
    let unique = dir.path().file_name().unwrap_or_default().to_string_lossy().replace('.', "");
    let program = format!(
        r#"let
  system = builtins.currentSystem;
  greeting = builtins.toFile "greeting" "hello\n";
  list = builtins.toFile "list" "${{greeting}}\n";
  source = builtins.path {{ path = {}; name = "s"; filter = p: _: baseNameOf p != "left-out"; }};
  sh = name: script: extra: derivation ({{ inherit name system; builder = "/bin/sh"; args = [ "-c" script ]; }} // extra);
  dep = sh "dep-{unique}" "echo dep > $out" {{ }};
in sh "built-{unique}" ''
  read file < ${{list}}; read a < $file; read b < ${{source}}/link; read c < ${{dep}}
  test ! -e ${{source}}/left-out || exit 1
  echo "$a $b $c" > $out; echo "more of $a" > $doc
'' {{ outputs = [ "out" "doc" ]; }}"#,
        source.display()
    );
    let written = dir.path().join("written");
    let drv = output_of(
        Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
            .args(["eval", "--raw", "-E", &program, "-A", "drvPath", "--write-drvs"])
            .arg(&written),
    )?;
    output_of(
        Command::new("nix")
            .args(["--extra-experimental-features", "nix-command", "copy", "--derivation", &drv, "--from"])
            .arg(format!("file://{}", written.display())),
    )?;
    let outputs = output_of(Command::new("nix-store").args(["--realise", &drv]).args([
        "--option",
        "build-users-group",
        "",
        "--option",
        "sandbox",
        "false",
    ]))?;
    let mut texts = Vec::new();
    for output in outputs.lines() {
        texts.push(std::fs::read_to_string(output)?);
    }
    texts.sort();
    if texts != ["hello kept dep\n", "more of hello\n"] {
        return Err(format!("{texts:?} was built").into());
    }
    Ok(())
}

/// Evaluates an expression strictly, to JSON.
fn evaluate(expression: &str) -> Result<Value, Failed> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("test.nix");
    std::fs::write(&file, expression)?;
    let output = Command::new("nix-instantiate")
        .args(["--eval", "--strict", "--json", "--read-write-mode"])
        .arg(&file)
        .env("NIX_STATE_DIR", dir.path())
        .env("NIX_STORE_DIR", dir.path().join("store"))
        .env("NIX_REMOTE", "")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Texts made of what is special in Nix strings, and of anything else.
fn texts(count: usize) -> Vec<String> {
    // The same in every run, so that a failure can be seen again.
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(15), ..Config::default() });
    let strategy = r#"(\$|\{|\}|\$\{|''|"|\\|\n|\r|\t| |a|é|☃|[^\x00]){0,24}"#;
    let strategy = proptest::string::string_regex(strategy).expect("a regular expression");
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).expect("a text").current().replace('\0', ""))
        .chain(
            ["${", "$${", "$$${x}", "''${x}", "\\${x}", "\\", "\"", "\r\n", "$", "$$", ""].map(str::to_owned),
        )
        .collect()
}

pub fn any_string_means_itself() -> Result<(), Failed> {
    let texts = texts(2000);
    let list: String = texts.iter().map(|text| format!("{}\n", quote::string(text))).collect();
    let value = evaluate(&format!("[\n{list}]"))?;
    for (index, text) in texts.iter().enumerate() {
        if value[index] != json!(text) {
            return Err(format!("{text:?} became {}", value[index]).into());
        }
    }
    Ok(())
}

pub fn any_attribute_name_means_itself() -> Result<(), Failed> {
    let mut texts = texts(500);
    texts.extend(["if", "then", "or", "rec", "inherit", "a-b", "0a", "a.b", "_", "a'"].map(str::to_owned));
    texts.sort();
    texts.dedup();
    let set: String = texts.iter().map(|text| format!("{} = null;\n", quote::attribute(text))).collect();
    let value = evaluate(&format!("builtins.attrNames {{\n{set}}}"))?;
    let mut names: Vec<&str> = texts.iter().map(String::as_str).collect();
    names.sort_unstable();
    if value == json!(names) { Ok(()) } else { Err(format!("{value} is not {names:?}").into()) }
}

/// The catalogue of `cases/render/hostile` tries to get out of its strings.
pub fn hostile_catalogue_text_stays_text() -> Result<(), Failed> {
    use pgflakegen::{catalogue, diag, render};
    let root = camino::Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/render/hostile");
    let (mut sources, mut findings) = (diag::SourceMap::new(), diag::Diagnostics::new());
    let loaded = catalogue::load(&root, &mut sources, &mut findings)?;
    let Some(loaded) = loaded else { return Err("the case has errors".into()) };
    let extension = loaded.extension("hostile").ok_or("no such extension")?;
    let version = extension.versions.first().ok_or("no version")?;
    let files = render::render(&loaded);
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.clone());
    let derivation = text("generated/extensions/hostile.nix").ok_or("no file")?;
    let value = evaluate(&format!(
        "(({derivation}) {{ buildPgxs = f: f {{ version = \"1.0\"; }}; fetchFromGitHub = x: x; \
         lib = {{ inherit (builtins) mapAttrs; licenses.mit = \"mit\"; }}; }}).\"1.0\""
    ))?;
    let changelog = extension.changelog.as_ref().ok_or("no changelog")?.replace("{version}", "1.0");
    for (got, expected) in [
        (&value["meta"]["description"], json!(extension.description)),
        (&value["meta"]["homepage"], json!(extension.homepage)),
        (&value["makeFlags"], json!(version.build.make_flags)),
        (&value["env"], json!(version.build.env)),
        (&value["meta"]["changelog"], json!(changelog)),
    ] {
        if *got != expected {
            return Err(format!("{got} is not {expected}").into());
        }
    }
    let flake = text("flake.nix").ok_or("no flake.nix")?;
    let description = evaluate(&format!("({flake}).description"))?;
    if description != json!(loaded.flake.description) {
        return Err(format!("{description} is not {:?}", loaded.flake.description).into());
    }
    Ok(())
}

/// Inputs of all kinds, beside nixpkgs. What is locked is not fetched.
const INPUTS: &str = r#"
[inputs.of-git]
url = "git+https://example.org/r.git?ref=main&submodules=1"
rev = "47759faaddf38fadaf172151ca9df8adae9c0b2e"
nar-hash = "sha256-DK+AmC9SQ9hmOFNIMu1l05gJtsmKyYsfJnuFtt1TnAU="
last-modified = 1784697913

[inputs.of-archive]
url = "https://example.org/x/nixexprs.tar.xz"
nar-hash = "sha256-DK+AmC9SQ9hmOFNIMu1l05gJtsmKyYsfJnuFtt1TnAU="
last-modified = 1784697913

[inputs.of-path]
url = "path:/srv/nixpkgs"
nar-hash = "sha256-DK+AmC9SQ9hmOFNIMu1l05gJtsmKyYsfJnuFtt1TnAU="
last-modified = 1784697913
follows = { nixpkgs = "nixpkgs" }
"#;

/// Our own lock file, and one of inputs of all kinds.
pub fn flake_lock_is_what_nix_writes() -> Result<(), Failed> {
    rewritten(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let dir = tempfile::tempdir()?;
    let pgflakegen = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        output_of(command.current_dir(dir.path()).args(arguments)).map(drop)
    };
    pgflakegen(&["init", "--bare", "-q"])?;
    let toml = dir.path().join("catalogue/flake.toml");
    std::fs::write(&toml, std::fs::read_to_string(&toml)? + INPUTS)?;
    pgflakegen(&["-q"])?;
    rewritten(dir.path())
}

/// Nix is made to rewrite a `flake.lock` of ours by an input that is no longer in `flake.nix`.
fn rewritten(root: &Path) -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let ours = std::fs::read_to_string(root.join("flake.lock"))?;
    std::fs::copy(root.join("flake.nix"), dir.path().join("flake.nix"))?;
    let mut lock: Value = serde_json::from_str(&ours)?;
    lock["nodes"]["stale"] = lock["nodes"]["nixpkgs"].clone();
    lock["nodes"]["root"]["inputs"]["stale"] = json!("stale");
    std::fs::write(dir.path().join("flake.lock"), lock.to_string())?;
    let output = Command::new("nix")
        .args(["--extra-experimental-features", "nix-command flakes", "flake", "lock"])
        .arg(format!("path:{}", dir.path().display()))
        .env("NIX_CONFIG", "flake-registry =")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let theirs = std::fs::read_to_string(dir.path().join("flake.lock"))?;
    if theirs == ours { Ok(()) } else { Err(format!("Nix writes\n{theirs}\nwe write\n{ours}").into()) }
}
