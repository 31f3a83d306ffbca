//! The tree held against the one that rnix makes, and what each of the two takes.

use super::*;
use proptest::prelude::*;
use std::fmt::Write;

/// Kinds and the texts that count, of our tree.
fn ours(node: Node<'_>, out: &mut String) {
    write!(out, "({:?}", node.kind()).unwrap();
    for element in node.elements() {
        match element {
            Element::Node(node) => ours(node, out),
            Element::Token(_, text, start) => write!(out, " {start}:{text:?}").unwrap(),
        }
    }
    out.push(')');
}

/// The same of rnix's tree.
fn theirs(node: &rnix::SyntaxNode, out: &mut String) {
    let kind = if node.kind() == NODE_CUR_POS { NODE_IDENT } else { node.kind() };
    write!(out, "({kind:?}").unwrap();
    for element in node.children_with_tokens() {
        match element {
            rnix::NodeOrToken::Node(node) => theirs(&node, out),
            rnix::NodeOrToken::Token(token) => {
                let counts = match token.kind() {
                    TOKEN_WHITESPACE | TOKEN_COMMENT => false,
                    TOKEN_STRING_END | TOKEN_INTERPOL_START | TOKEN_INTERPOL_END => false,
                    TOKEN_REC | TOKEN_ELLIPSIS => true,
                    kind => {
                        matches!(node.kind(), NODE_BIN_OP | NODE_UNARY_OP | NODE_STRING)
                            || matches!(node.kind(), NODE_IDENT | NODE_LITERAL | NODE_CUR_POS)
                            || kind == node.first_token().unwrap().kind() && is_path(node.kind())
                            || is_path(node.kind()) && token.text_range().start() > node.text_range().start()
                    }
                };
                if counts {
                    let start = u32::from(token.text_range().start());
                    write!(out, " {start}:{:?}", token.text()).unwrap();
                }
            }
        }
    }
    out.push(')');
}

fn is_path(kind: SyntaxKind) -> bool {
    matches!(kind, NODE_PATH_ABS | NODE_PATH_REL | NODE_PATH_HOME | NODE_PATH_SEARCH)
}

/// Our tree and rnix's, as text; `None` for a syntax error. rnix and the comparison recurse.
fn both(text: &str) -> (Option<String>, Option<String>) {
    stacker::grow(512 << 20, || both_here(text))
}

fn both_here(text: &str) -> (Option<String>, Option<String>) {
    let mine = Tree::parse(text).ok().map(|tree| {
        let mut out = String::new();
        ours(tree.root(), &mut out);
        out
    });
    let parse = rnix::Root::parse(text);
    let rnix = parse.errors().is_empty().then(|| {
        let mut out = String::new();
        if let Some(node) = parse.syntax().first_child() {
            theirs(&node, &mut out);
        }
        out
    });
    (mine, rnix)
}

/// Numbers that begin with a zero are cut as Nix cuts them.
const NOT_AS_RNIX: &str = "zero-dot-selects.nix";

#[test]
fn the_cases_have_the_tree_that_rnix_gives() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(cases).sort_by_file_name().into_iter().flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "nix") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        if entry.file_name() == NOT_AS_RNIX {
            continue;
        }
        if let (Some(ours), Some(theirs)) = both(&text) {
            assert_eq!(ours, theirs, "{}", entry.path().display());
            seen += 1;
        }
    }
    assert!(seen > 400, "only {seen} cases");
}

#[test]
fn what_nix_refuses() {
    for text in [
        "",
        "a == b == c",
        "a < b < c",
        "[ ./a ${b} ]",
        "1 + x: x",
        "a |> b <| c",
        "{ ''a'' = 1; }",
        "let or = 1; in or",
        "{ a ... }: a",
        "{ a, ..., b }: a",
        "{ , }: 1",
        "f x: x",
        "1 + if a then b else c",
        "f let a = 1; in a",
        "{ inherit a b }",
        "a ? b.",
        "(",
        "1 2 )",
        "\"${\"",
        "/* ",
    ] {
        assert!(Tree::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_nix_takes() {
    for text in [
        "a ? b ? c",
        "1 + !a + b",
        "- - a ? b",
        "let { body = 1; } // { }",
        "f let { body = 1; }",
        "{ a, }: a",
        "{ a, b ? { }, ... } @ c: a",
        "c @ { }: a",
        "a.b or c.d or e f",
        "[ a.b or (c) ./a${b}/c ./d ]",
        "a -> b -> c || d && !e == f",
        "{ \"a\".${b}.or = 1; inherit \"c\" or; inherit (d) e; }",
    ] {
        assert!(Tree::parse(text).is_ok(), "{text}: {:?}", Tree::parse(text).err());
    }
}

#[test]
fn a_stop_is_the_first_token_that_cannot_be_there() {
    let stop = |text| Tree::parse(text).err().map(|stop| (stop.token, stop.start, stop.end));
    assert_eq!(stop("{ a = ; }"), Some((Some(TOKEN_SEMICOLON), 6, 7)));
    assert_eq!(stop("[ 1 2"), Some((None, 5, 5)));
    assert_eq!(stop("a == b == c"), Some((Some(TOKEN_EQUAL), 7, 9)));
}

/// Programs of the grammar, without what rnix sees otherwise than Nix.
fn program() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_owned()),
        Just("1".to_owned()),
        Just("./a/b".to_owned()),
        Just("\"s${x}t\"".to_owned()),
        Just("''\n  a\n''".to_owned()),
        Just("<n/p>".to_owned()),
        Just("{ }".to_owned()),
        Just("__curPos".to_owned()),
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let operator =
            prop::sample::select(vec!["->", "||", "&&", "==", "<", "//", "+", "-", "*", "/", "++", "|>"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) ({b}) x.y or z")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("(-{a} ? b.\"c\")")),
            inner.clone().prop_map(|a| format!("({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[ ({a}) x ({b}).y ]")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("rec {{ a.b = {a}; inherit (x) c; \"d\" = {b}; }}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(let a = {a}; in {b})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(with {a}; assert {a}; {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({{ a, b ? {a}, ... }}@c: d: {b})")),
        ]
    })
}

proptest! {
    #[test]
    fn programs_have_the_tree_that_rnix_gives(text in program()) {
        if let (Some(ours), Some(theirs)) = both(&text) {
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn any_text_is_a_program_or_not(text in "([a-c.{}=;:, ()\\[\\]\"'$?@!+/<>|1-9-]|let |in |rec |or |if |''|\\$\\{){0,40}") {
        if let (Some(ours), Some(theirs)) = both(&text) {
            prop_assert_eq!(ours, theirs);
        }
    }
}

/// Compares all of a tree of files: `PGFLAKEGEN_NIX_FILES=DIR cargo test -- --ignored the_same_tree`.
#[test]
#[ignore = "needs a folder of Nix files"]
fn the_same_tree_for_all_files() {
    let folder = std::env::var("PGFLAKEGEN_NIX_FILES").expect("PGFLAKEGEN_NIX_FILES is a folder");
    let (mut same, mut only) = (0, Vec::new());
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "nix") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        match both(&text) {
            (Some(ours), Some(theirs)) => {
                assert!(ours == theirs, "{}", entry.path().display());
                same += 1;
            }
            (None, None) => {}
            (ours, _) => only.push((entry.into_path(), if ours.is_some() { "ours" } else { "rnix" })),
        }
    }
    assert!(same > 0);
    assert!(only.is_empty(), "taken by one only: {only:#?}");
}
