//! Nothing that a file can contain makes the linter panic, overflow the stack or point beside the text.

use pgflakegen::diag::{Code, Diagnostics, Format, SourceMap, emit, fix};
use pgflakegen::nix::syntax::decode;
use pgflakegen::overrides::{OverrideFacts, Role, lint_file, lint_override};
use proptest::prelude::*;

fn judge(bytes: Vec<u8>, role: Option<Role>) -> (Diagnostics, SourceMap) {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = decode::add("x.nix", bytes, &mut sources, &mut found);
    match role {
        None => lint_file(id, &sources, &mut found),
        Some(role) => {
            lint_override(id, &sources, &OverrideFacts { role, ..OverrideFacts::default() }, &mut found)
        }
    }
    (found, sources)
}

/// Judged in every way, shown in every format, each correction applied.
fn survive(bytes: &[u8]) {
    for role in [None, Some(Role::Attributes), Some(Role::Derivation)] {
        let (found, sources) = judge(bytes.to_vec(), role);
        for finding in found.iter() {
            let label = finding.primary.as_ref().expect("every finding has a place");
            let text = sources.text(label.span.source);
            assert!(text.get(label.span.range()).is_some(), "{finding:?}");
            if let Some(correction) = &finding.fix {
                assert_eq!(fix::apply(label.span.source, text, [correction]).1, 1, "{finding:?}");
            }
        }
        for format in [Format::Text, Format::Json, Format::Github, Format::Sarif] {
            emit(&found, &sources, format, false, &mut Vec::new()).expect("memory takes everything");
        }
    }
}

#[test]
fn nesting_of_every_kind_is_a_finding() {
    let n = 100_000;
    let nested = [
        "[".repeat(n),
        "(".repeat(n),
        "{ a = ".repeat(n),
        "{".repeat(n),
        "\"${".repeat(n),
        "''${".repeat(n),
        "x: ".repeat(n) + "x",
        "{ a, b ? { c }: ".repeat(n),
        "!".repeat(n) + "true",
        "-".repeat(n) + "1",
        "1-".repeat(n) + "1",
        ".5".repeat(n),
        "1 + ".repeat(n) + "1",
        "[ ] ++ ".repeat(n) + "[ ]",
        "{ } // ".repeat(n) + "{ }",
        "true -> ".repeat(n) + "true",
        "1 |> ".repeat(n) + "1",
        "f ".repeat(n) + "x",
        "let a = ".repeat(n),
        "let in ".repeat(n) + "1",
        "with { }; ".repeat(n) + "1",
        "assert true; ".repeat(n) + "1",
        "if true then 1 else ".repeat(n) + "1",
        "if ".repeat(n),
        "a.${".repeat(n),
        "rec { inherit (".repeat(n),
        "[".repeat(n) + &"]".repeat(n),
        "(".repeat(n) + "1" + &")".repeat(n),
        "a ? b ".repeat(n),
        "a.b or ".repeat(n) + "c",
        "a or ".repeat(n),
    ];
    for text in nested {
        let (found, _) = judge(text.clone().into_bytes(), Some(Role::Attributes));
        let start: String = text.chars().take(20).collect();
        assert!(found.has_errors(), "{start}");
        let codes: Vec<_> = found.iter().map(|f| f.code).collect();
        assert!(codes.iter().all(|code| *code < Code::PipeOperator), "{start}: {codes:?}");
    }
}

#[test]
fn what_people_write_is_not_too_deep() {
    // A list of 100,000 items, a set of as many attributes, and a chain of a hundred of everything.
    let wide = format!("[ {} ]", "a.b (c d) ".repeat(50_000));
    let set = format!(
        "{{ {} }}",
        (0..50_000).map(|n| format!("a{n} = f {{ x = [ 1 2 ]; }} ''y'';\n")).collect::<String>()
    );
    let long = format!("''{}''", "${a} b\n".repeat(50_000));
    let chain = "if a then b else ".repeat(100)
        + &"[ ] ++ ".repeat(100)
        + &"( ".repeat(100)
        + "1"
        + &" )".repeat(100);
    for text in [wide, set, long, chain] {
        let (found, _) = judge(text.into_bytes(), None);
        let codes: Vec<_> = found.iter().map(|f| f.code).filter(|code| *code != Code::UnboundName).collect();
        assert!(codes.is_empty(), "{codes:?}");
    }
}

#[test]
fn line_ends_and_odd_bytes() {
    let (found, _) = judge(b"{ }:\r\nold: {\r\n  doCheck = true;\r\n}\r\n".to_vec(), Some(Role::Attributes));
    assert!(found.is_empty(), "CRLF outside of strings is fine: {:?}", found.into_vec());
    for bytes in [
        &b""[..],
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\"\\",
        b"''''\\",
        b"#",
        b"/*",
        b"\r",
        b"a\xc3",
        b"\"\xff\"",
        b"$",
        b"''$",
        b"${",
    ] {
        survive(bytes);
    }
}

/// Pieces that Nix files are made of, so that random texts reach every rule.
fn nix_like() -> impl Strategy<Value = String> {
    let pieces = [
        "{ lib }:",
        "old:",
        "finalAttrs: prevAttrs:",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "''",
        "${",
        "''${",
        "\\${",
        "let",
        "in",
        "with lib;",
        "rec",
        "inherit",
        "inherit (old)",
        "if",
        "then",
        "else",
        "assert",
        "=",
        ";",
        ",",
        ".",
        "...",
        "?",
        "@",
        "++",
        "+",
        "//",
        "->",
        "|>",
        "or",
        "buildInputs",
        "src",
        "version",
        "versions",
        "default",
        "\"1.0\"",
        "old.src",
        "builtins.readFile",
        "import",
        "<nixpkgs>",
        "./x",
        "/etc",
        "~/x",
        "fetchurl",
        "hash",
        "sha256",
        "\"sha256-AAAA\"",
        "lib.fakeHash",
        "stdenv.lib",
        "stdenv.isLinux",
        "installPhase",
        "name",
        "é",
        "\r\n",
        "\n",
        "  ",
        "# pgflakegen: allow PGF307 because x\n",
        "# pgflakegen: allow\n",
        "/*",
        "*/",
        "1",
        "1.5",
        "http://x",
        "mkDerivation",
        "''\\x",
        "\\.",
        "'",
        "\u{feff}",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn any_text_of_nix_pieces(text in nix_like()) {
        survive(text.as_bytes());
    }

    /// A correct file with a piece cut out and another put in.
    #[test]
    fn correct_files_damaged(at in 0usize..1000, len in 0usize..40, put in nix_like()) {
        let text = include_str!("../cases/mutations/one.nix");
        let clamp = |mut at: usize| { at = at.min(text.len()); while !text.is_char_boundary(at) { at -= 1; } at };
        let (start, end) = (clamp(at), clamp(at + len));
        survive(format!("{}{put}{}", &text[..start], &text[end..]).as_bytes());
    }
}
