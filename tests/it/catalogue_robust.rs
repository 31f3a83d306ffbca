//! Whatever stands in the files, the loader answers with findings that point into them: no panic, no
//! overflow of the stack, no work that grows faster than the input.

use camino::Utf8Path;
use pgflakegen::catalogue::{self, Catalogue, Files, Node};
use pgflakegen::diag::{Code, Diagnostics, Format, SourceMap, emit};
use proptest::prelude::*;

#[path = "../../benches/synthetic/mod.rs"]
mod synthetic;

fn okay(case: &str) -> Files {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/catalogue").join(case);
    Files::read(&root).expect("the case can be read")
}

/// Loads, and checks what holds for every input.
fn load(files: &Files) -> (Diagnostics, Option<Catalogue>) {
    let mut sources = SourceMap::new();
    let mut found = Diagnostics::new();
    let catalogue = catalogue::load_from(files, &mut sources, &mut found);
    assert_eq!(catalogue.is_none(), found.has_errors());
    for finding in found.iter() {
        for label in finding.primary.iter().chain(&finding.secondary) {
            let text = sources.text(label.span.source);
            assert!(text.get(label.span.range()).is_some(), "{finding:?} is not in\n{text}");
        }
        let unseen = |c: char| c.is_control();
        assert!(!finding.message.contains(unseen), "{:?}", finding.message);
        assert!(!finding.help.iter().any(|help| help.contains(unseen)), "{:?}", finding.help);
    }
    for format in [Format::Text, Format::Json, Format::Github] {
        emit(&found, &sources, format, false, &mut Vec::new()).expect("a sink takes everything");
    }
    (found, catalogue)
}

fn texts(files: &Files) -> Vec<(camino::Utf8PathBuf, Vec<u8>)> {
    files
        .iter()
        .filter_map(|(path, node)| match node {
            Node::Text(bytes) => Some((path.to_owned(), bytes.clone())),
            _ => None,
        })
        .collect()
}

/// What is done to a file, at a place between 0 and 1.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Insert(Vec<u8>),
    Replace(Vec<u8>),
    RepeatLine,
    RemoveLine,
    Cut,
}

fn change() -> impl Strategy<Value = Change> {
    let token = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "\"\"\"",
        "=",
        ".",
        ",",
        "#",
        "\n",
        "\r",
        "\t",
        "\0",
        "é",
        "\u{202e}",
        "[[version]]",
        "1",
        "-1",
        "1.5",
        "true",
        "nan",
        "1979-05-27",
        "9999999999999999999999",
        "${x}",
        "''",
        "../",
        "<",
        ">=",
        "a.b.c = 1\n",
        "sha256-",
        "\\u0000",
        "\\",
        "\u{feff}",
    ]);
    prop_oneof![
        (1usize..40).prop_map(Change::Remove),
        token.clone().prop_map(|token| Change::Insert(token.into())),
        token.prop_map(|token| Change::Replace(token.into())),
        prop::collection::vec(any::<u8>(), 1..6).prop_map(Change::Insert),
        Just(Change::RepeatLine),
        Just(Change::RemoveLine),
        Just(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, at: f64, change: &Change) {
    let place = ((bytes.len() as f64) * at) as usize;
    let line_start = bytes[..place].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line_end = bytes[place..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| place + at + 1);
    match change {
        Change::Remove(count) => drop(bytes.drain(place..(place + count).min(bytes.len()))),
        Change::Insert(what) => drop(bytes.splice(place..place, what.iter().copied())),
        Change::Replace(what) => {
            drop(bytes.splice(place..(place + 1).min(bytes.len()), what.iter().copied()));
        }
        Change::RepeatLine => {
            let line = bytes[line_start..line_end].to_vec();
            drop(bytes.splice(line_start..line_start, line));
        }
        Change::RemoveLine => drop(bytes.drain(line_start..line_end)),
        Change::Cut => bytes.truncate(place),
    }
}

proptest! {
    #[test]
    fn a_changed_catalogue_gives_findings_or_a_catalogue(
        which in 0.0..1.0f64,
        changes in prop::collection::vec((0.0..1.0f64, change()), 1..4),
    ) {
        let mut files = okay("okay-every-kind");
        let texts = texts(&files);
        let (path, mut bytes) = texts[(texts.len() as f64 * which) as usize].clone();
        for (at, change) in &changes {
            apply(&mut bytes, *at, change);
        }
        files.insert(path, bytes);
        load(&files);
    }

    #[test]
    fn any_text_as_a_value_is_judged(value in ".{0,40}", key in 0usize..1000) {
        let mut files = okay("okay-every-kind");
        // Every string of one file in turn is replaced by the text.
        let texts = texts(&files);
        let (path, bytes) = &texts[key % texts.len()];
        let text = String::from_utf8(bytes.clone()).expect("the cases are UTF-8");
        let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
        let strings = parts.len() / 2;
        if strings > 0 {
            parts[(key % strings) * 2 + 1] =
                value.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        }
        files.insert(path.clone(), parts.join("\""));
        load(&files);
    }
}

fn with_extension(text: String) -> Files {
    let mut files = okay("okay-minimal");
    files.insert("extensions/x.toml", text);
    files
}

#[test]
fn deep_nesting_is_refused_and_overflows_nothing() {
    const DEEP: usize = 100_000;
    for text in [
        format!("x = {}", "[".repeat(DEEP)),
        format!("x = {}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("x = {}", "{a=".repeat(DEEP)),
        format!("{}x = 1", "a.".repeat(DEEP)),
        format!("[{}x]", "a.".repeat(DEEP)),
        format!("[[{}x]]", "a.".repeat(DEEP)),
        format!("{}\nx = 1\n", "[a]\n".repeat(DEEP / 10)),
        // As deep as the parser allows in each of the two ways, one inside the other.
        format!(
            "{}x = {}1{}",
            "a.".repeat(70),
            format!("{{{}x = ", "b.".repeat(70)).repeat(70),
            "}".repeat(70)
        ),
    ] {
        let (found, catalogue) = load(&with_extension(text));
        assert!(catalogue.is_none());
        assert!(found.has_errors());
    }
}

#[test]
fn big_files_are_read() {
    let text = format!(
        "description = \"{}\"\nlicense = \"mit\"\nkind = \"pgxs\"\nbuild-inputs = [{}]\n",
        "x".repeat(2_000_000),
        "\"openssl\", ".repeat(100_000)
    );
    let (found, _) = load(&with_extension(text));
    assert!(found.iter().any(|finding| finding.code == Code::NoVersions));
}

#[test]
fn a_big_catalogue_is_right_and_whole() {
    let (found, catalogue) = load(&synthetic::catalogue(2_000));
    assert!(found.is_empty(), "{:?}", found.iter().next());
    let catalogue = catalogue.expect("there are no errors");
    assert_eq!(catalogue.extensions.iter().map(|extension| extension.versions.len()).sum::<usize>(), 2_000);
    assert!(catalogue.extensions.iter().all(|extension| extension.fits.len() == 8));
}

#[test]
fn a_long_chain_of_requirements_overflows_nothing() {
    let mut files = okay("okay-minimal");
    for number in 0..5_000 {
        let text = format!(
            "description = \"Link\"\nhomepage = \"https://x.example\"\nlicense = \"mit\"\nsource = \"nixpkgs\"\nrequires = [\"e{}\"]\n",
            (number + 1) % 5_000
        );
        files.insert(format!("extensions/e{number}.toml"), text);
    }
    let (found, _) = load(&files);
    assert!(found.iter().any(|finding| finding.code == Code::CircularRequirement));
}

#[test]
fn a_file_name_with_control_characters_is_refused_and_shown() {
    let mut files = okay("okay-bom-and-crlf");
    files.insert("extensions/a\nb\u{1b}[31m.toml", "description = 1\nkind = \"pgxs\"\n");
    let (found, _) = load(&files);
    assert!(found.iter().any(|finding| finding.code == Code::UnsafeName));
}
