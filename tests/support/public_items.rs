//! The public items of a crate, read from its source: what other programs may use, and what a change takes from them.
//!
//! Items of public modules, those that a public `use` names wherever they are, and the fields, variants and functions
//! of all these. What is `#[doc(hidden)]` is no part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a crate declares. An item is known by its module and name.
#[derive(Default)]
struct Known {
    /// Paths that are public, and what stands there: items of public modules, and what public `use`s name.
    public: BTreeMap<String, Declared>,
    /// What belongs to a type or trait of this name and is public with it, by the module where that is said.
    members: BTreeMap<Declared, BTreeSet<String>>,
    /// What a `pub use` gives to a module, public or not.
    given: BTreeMap<Declared, Declared>,
    /// How an item is declared.
    declared: BTreeMap<Declared, BTreeSet<String>>,
}

type Declared = (String, String);

/// The list of a crate in `folder`.
pub fn of(folder: &Path) -> String {
    let mut known = Known::default();
    let src = folder.join("src");
    module(&mut known, &read(&src.join("lib.rs")), &src, "", true);
    let mut out = BTreeSet::new();
    for (path, item) in &known.public {
        let mut item = item;
        while let Some(from) = known.given.get(item).filter(|_| !known.declared.contains_key(item)) {
            item = from;
        }
        match known.declared.get(item) {
            Some(lines) => out.extend(lines.iter().map(|line| format!("{path}: {line}"))),
            None => {
                out.insert(path.clone());
            }
        }
        // An `impl` stands anywhere, but not where another type has the name.
        let of_it = known.members.iter().filter(|((module, name), _)| {
            *name == item.1
                && (*module == item.0 || !known.declared.contains_key(&(module.clone(), name.clone())))
        });
        out.extend(of_it.flat_map(|(_, members)| members).map(|member| format!("{path}::{member}")));
    }
    out.into_iter().map(|line| line + "\n").collect()
}

fn read(file: &Path) -> TokenStream {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn text(tokens: &[TokenTree]) -> String {
    let text: String = tokens.iter().cloned().collect::<TokenStream>().to_string();
    let mut out = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in [
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        ("< ", "<"),
        (" <", "<"),
        (" >", ">"),
        ("( ", "("),
        (" )", ")"),
        (" (", "("),
        (" :", ":"),
        (" !", "!"),
        ("' ", "'"),
        ("- >", "->"),
        ("->", "-> "),
    ] {
        out = out.replace(from, to);
    }
    out.replace("->  ", "-> ").replace(")->", ") ->")
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group.stream()),
        _ => None,
    }
}

/// One item: its attributes, whether it is public, and its tokens up to and with its end.
struct Item {
    attributes: String,
    public: bool,
    tokens: Vec<TokenTree>,
}

/// The items of a module, trait or `impl`. An item ends with `;` or a block.
fn items(stream: TokenStream) -> Vec<Item> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let (mut all, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let mut item = Item { attributes: String::new(), public: false, tokens: Vec::new() };
        while is_punct(&tokens[at], '#') {
            at += 1;
            if is_punct(&tokens[at], '!') {
                at += 1;
            }
            item.attributes += &tokens[at].to_string().split_whitespace().collect::<String>();
            at += 1;
            if at == tokens.len() {
                return all;
            }
        }
        if ident(tokens.get(at)).is_some_and(|word| word == "pub") {
            at += 1;
            item.public = group(tokens.get(at), Delimiter::Parenthesis).is_none();
            at += usize::from(!item.public);
        }
        let value = matches!(ident(tokens.get(at)).as_deref(), Some("const" | "static" | "use" | "type"))
            && ident(tokens.get(at + 1)).is_none_or(|word| !matches!(word.as_str(), "fn" | "unsafe"));
        while let Some(token) = tokens.get(at) {
            at += 1;
            item.tokens.push(token.clone());
            let block = group(Some(token), Delimiter::Brace).is_some();
            if is_punct(token, ';') || block && !value {
                break;
            }
        }
        all.push(item);
    }
    all
}

/// The paths that a `use` names, and the names that it gives them.
fn used(stream: &[TokenTree], before: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let (mut path, mut alias, mut renamed) = (before.to_vec(), None, false);
    let done =
        |path: &mut Vec<String>, alias: &mut Option<String>, found: &mut Vec<(Vec<String>, String)>| {
            if path.len() > before.len()
                && let Some(last) = path.last().cloned()
            {
                found.push((path.clone(), alias.take().unwrap_or(last)));
            }
            *path = before.to_vec();
        };
    for token in stream {
        match token {
            TokenTree::Ident(word) if *word == "as" => renamed = true,
            TokenTree::Ident(word) if renamed => (alias, renamed) = (Some(word.to_string()), false),
            TokenTree::Ident(word) if *word == "self" => {}
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) => {
                used(&group.stream().into_iter().collect::<Vec<_>>(), &path, found);
                path = before.to_vec();
            }
            token if is_punct(token, ',') || is_punct(token, ';') => done(&mut path, &mut alias, found),
            token if is_punct(token, '*') => path.push("*".to_owned()),
            _ => {}
        }
    }
    done(&mut path, &mut alias, found);
}

fn path(of: &str, name: &str) -> String {
    if of.is_empty() { name.to_owned() } else { format!("{of}::{name}") }
}

fn module(known: &mut Known, tokens: &TokenStream, folder: &Path, name: &str, public: bool) {
    for item in items(tokens.clone()) {
        if item.attributes.contains("doc(hidden)") || item.attributes.contains("cfg(test)") {
            continue;
        }
        let shown = public && item.public;
        let mut words = item.tokens.iter();
        let mut word = ident(words.next());
        while matches!(word.as_deref(), Some("unsafe" | "async")) {
            word = ident(words.next());
        }
        let rest: Vec<TokenTree> = words.cloned().collect();
        let Some(word) = word else { continue };
        let head: Vec<TokenTree> =
            item.tokens.iter().take_while(|t| group(Some(t), Delimiter::Brace).is_none()).cloned().collect();
        match (word.as_str(), ident(rest.first())) {
            ("mod", Some(inner)) => {
                let inside = folder.join(&inner);
                let full = path(name, &inner);
                match group(rest.get(1), Delimiter::Brace) {
                    Some(stream) => module(known, &stream, &inside, &full, shown),
                    None => {
                        let files: [PathBuf; 2] = [folder.join(format!("{inner}.rs")), inside.join("mod.rs")];
                        let file = files.iter().find(|file| file.is_file()).expect("a module's file");
                        module(known, &read(file), &inside, &full, shown);
                    }
                }
            }
            ("use", _) if item.public => {
                let mut names = Vec::new();
                used(&rest, &[], &mut names);
                for (mut from, alias) in names {
                    let last = from.pop().unwrap_or_default();
                    let module = from.iter().fold(name.to_owned(), |module, part| match part.as_str() {
                        "super" => module.rsplit_once("::").map_or_else(String::new, |(up, _)| up.to_owned()),
                        "crate" => String::new(),
                        part => path(&module, part),
                    });
                    if shown {
                        known.public.insert(path(name, &alias), (module.clone(), last.clone()));
                    }
                    known.given.insert((name.to_owned(), alias), (module, last));
                }
            }
            ("impl", _) => members_of_impl(known, name, &rest),
            ("fn" | "const" | "static" | "type" | "struct" | "enum" | "trait" | "union", _) => {
                let own = if word == "const" && ident(rest.first()).is_some_and(|word| word == "fn") {
                    ident(rest.get(1))
                } else {
                    ident(rest.first())
                };
                let Some(own) = own.filter(|own| own != "_") else { continue };
                if item.public {
                    let value = head
                        .iter()
                        .position(|token| is_punct(token, '='))
                        .filter(|_| word == "const" || word == "static");
                    let line = text(&head[..value.unwrap_or(head.len())]);
                    known
                        .declared
                        .entry((name.to_owned(), own.clone()))
                        .or_default()
                        .insert(line.trim_end_matches(';').to_owned());
                }
                if shown {
                    known.public.insert(path(name, &own), (name.to_owned(), own.clone()));
                }
                if item.public
                    && let Some(body) = group(item.tokens.last(), Delimiter::Brace)
                {
                    members(known.members.entry((name.to_owned(), own)).or_default(), &word, body);
                }
            }
            _ => {}
        }
    }
}

/// The public functions and constants of an `impl` that is of no trait.
fn members_of_impl(known: &mut Known, module: &str, rest: &[TokenTree]) {
    if rest.iter().any(|token| ident(Some(token)).is_some_and(|word| word == "for")) {
        return;
    }
    let mut depth = 0i32;
    let mut own = None;
    for token in rest {
        match token {
            token if is_punct(token, '<') => depth += 1,
            token if is_punct(token, '>') => depth -= 1,
            TokenTree::Ident(word) if depth == 0 && *word != "where" => own = Some(word.to_string()),
            TokenTree::Group(_) => break,
            _ => {}
        }
    }
    let (Some(own), Some(body)) = (own, group(rest.last(), Delimiter::Brace)) else { return };
    for item in items(body).into_iter().filter(|item| item.public && !item.attributes.contains("doc(hidden)"))
    {
        let head: Vec<_> =
            item.tokens.iter().take_while(|t| group(Some(t), Delimiter::Brace).is_none()).cloned().collect();
        let value = head
            .iter()
            .position(|token| is_punct(token, '='))
            .filter(|_| ident(head.first()).is_some_and(|word| word == "const"));
        known
            .members
            .entry((module.to_owned(), own.clone()))
            .or_default()
            .insert(text(&head[..value.unwrap_or(head.len())]));
    }
}

/// The public fields of a struct, the variants of an enum, the functions of a trait.
fn members(found: &mut BTreeSet<String>, word: &str, body: TokenStream) {
    if word == "trait" {
        for item in items(body) {
            let head: Vec<_> = item
                .tokens
                .iter()
                .take_while(|t| group(Some(t), Delimiter::Brace).is_none())
                .cloned()
                .collect();
            found.insert(text(&head).trim_end_matches(';').to_owned());
        }
        return;
    }
    // Parted by commas that no angle bracket is around.
    let (mut parts, mut depth) = (vec![Vec::new()], 0i32);
    for token in body {
        match &token {
            token if is_punct(token, '<') => depth += 1,
            token if is_punct(token, '>') => depth -= 1,
            token if is_punct(token, ',') && depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    for mut part in parts {
        while part.first().is_some_and(|token| is_punct(token, '#')) {
            part.drain(..2);
        }
        let public = ident(part.first()).is_some_and(|word| word == "pub")
            && group(part.get(1), Delimiter::Parenthesis).is_none();
        match word {
            "enum" if !part.is_empty() => {
                found.insert(text(&part));
            }
            "struct" if public => {
                found.insert(text(&part[1..]));
            }
            _ => {}
        }
    }
}
