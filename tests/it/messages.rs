//! The grammar of messages: every text in the source that is handed to what prints findings, errors and remarks.

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Macros and functions whose texts people read.
const SAYERS: [&str; 13] = [
    "bail",
    "ensure",
    "anyhow",
    "error",
    "context",
    "with_context",
    "help",
    "note",
    "new",
    "global",
    "say",
    "refused",
    "message",
];

/// What may be written large at the start, or after something that is put in.
const NAMES: [&str; 22] = [
    "PostgreSQL",
    "PostgreSQLs",
    "Nix",
    "GitHub",
    "GitLab",
    "Cargo",
    "Rust",
    "Git",
    "UTF-8",
    "TOML",
    "JSON",
    "NAR",
    "SRI",
    "LLVM",
    "PGXN",
    "SHA",
    "MD5",
    "Ctrl-C",
    "I",
    "NAME",
    "DIR",
    "REV",
];

struct Text {
    place: String,
    text: String,
}

/// The string literals below `group`.
fn literals(group: TokenStream, place: &str, all: &mut Vec<Text>) {
    for token in group {
        match token {
            TokenTree::Group(group) => literals(group.stream(), place, all),
            TokenTree::Literal(literal) => {
                let written = literal.to_string();
                let line = literal.span().start().line;
                let text = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                if let Some(text) = text {
                    let text = unescape(text);
                    all.push(Text { place: format!("{place}:{line}"), text });
                }
            }
            _ => {}
        }
    }
}

/// As the compiler reads it: a backslash at the end of a line takes what is before the next word.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('\n') => while rest.next_if(|c| c.is_whitespace()).is_some() {},
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// The texts handed to one of [`SAYERS`].
fn said(tokens: TokenStream, place: &str, all: &mut Vec<Text>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = tokens[..at]
            .iter()
            .rev()
            .find(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == '!'));
        let by = match before {
            Some(TokenTree::Ident(ident)) => ident.to_string(),
            _ => String::new(),
        };
        if group.delimiter() == Delimiter::Parenthesis && SAYERS.contains(&by.as_str()) {
            literals(group.stream(), place, all);
        } else {
            said(group.stream(), place, all);
        }
    }
}

/// What is wrong with a text.
fn wrong(text: &str) -> Option<&'static str> {
    // Parts of a command line, names, patterns, whole screens: no sentences.
    if text.split_whitespace().count() < 3 || text.contains('\n') {
        return None;
    }
    // Code that is shown is as it is.
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect::<String>();
    let large = |text: &str| {
        let word = word(text);
        let sentence = word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().skip(1).all(|c| c.is_lowercase());
        sentence && !NAMES.contains(&word.as_str())
    };
    if text.matches('`').count() % 2 == 1 {
        return Some("a backtick has no other");
    }
    if plain.contains("  ") || plain.contains(" ,") || plain.contains(" ;") {
        return Some("too much blank");
    }
    if text.trim_end().ends_with(['.', '!']) && !text.ends_with("…") && !text.ends_with("...") {
        return Some("ends as a sentence does; messages do not");
    }
    if plain.starts_with(' ') || text.ends_with(' ') {
        return Some("begins or ends with a blank");
    }
    if large(&plain) {
        return Some("begins with a capital");
    }
    if plain.match_indices("} ").any(|(at, _)| large(&plain[at + 2..])) {
        return Some("a sentence runs into the next where what is put in is empty");
    }
    if plain.matches('(').count() != plain.matches(')').count() {
        return Some("a parenthesis has no other");
    }
    None
}

fn texts() -> Vec<Text> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["catalogue", "cmd", "diag", "overrides", "render", "report", "tree", "upstream"] {
        for entry in walkdir::WalkDir::new(root.join("src").join(folder)).sort_by_file_name() {
            let path = entry.expect("a readable folder").into_path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source file");
            let code = text.split("#[cfg(test)]\nmod").next().unwrap_or_default();
            let tokens: TokenStream = code.parse().expect("Rust");
            let place = path.strip_prefix(root).expect("below the root").display().to_string();
            said(tokens, &place, &mut all);
        }
    }
    all
}

#[test]
fn messages_are_written_alike() {
    let texts = texts();
    assert!(texts.len() > 450, "only {} texts were found", texts.len());
    let wrong: Vec<String> = texts
        .iter()
        .filter_map(|text| Some(format!("{}: {}: {:?}", text.place, wrong(&text.text)?, text.text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_walk_sees_what_is_wrong() {
    for (text, why) in [
        (
            "the catalogue has no PostgreSQL {name}{hint} It has {}",
            "a sentence runs into the next where what is put in is empty",
        ),
        ("this is a sentence.", "ends as a sentence does; messages do not"),
        ("This is a sentence", "begins with a capital"),
        ("write `x and y", "a backtick has no other"),
        ("there is  too much", "too much blank"),
        ("a (b c d", "a parenthesis has no other"),
    ] {
        assert_eq!(wrong(text), Some(why), "{text}");
    }
    assert_eq!(wrong("PostgreSQL {name} is there; did you mean {hint}?"), None);
}

#[test]
fn codes_are_described_alike() {
    for code in pgflakegen::diag::Code::ALL {
        let (id, summary, explanation) = (code.id(), code.summary(), pgflakegen::rules::explanation(*code));
        assert!(!summary.ends_with('.'), "{id}: {summary}");
        let end = explanation.trim_end().chars().next_back();
        assert!(matches!(end, Some('.' | '}' | '`' | ';' | ')' | '"')), "{id}: {explanation}");
        assert!(summary.matches('`').count() % 2 == 0, "{id}: {summary}");
        assert!(explanation.matches('`').count() % 2 == 0, "{id}: {explanation}");
        assert!(!summary.contains("  "), "{id}: {summary}");
    }
}
