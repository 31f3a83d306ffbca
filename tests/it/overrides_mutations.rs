//! One mistake planted at a time in correct overrides: how many are found, with the right code, on the
//! right line. At least 95 of 100 have to be.
//!
//! `cargo test --test it overrides_mutations -- --nocapture` prints the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::overrides::index::Index;
use pgflakegen::overrides::{OverrideFacts, lint_override};

use crate::support::ATTRIBUTES;

/// A mistake: where it was planted and what is to be said of it.
struct Mutant {
    kind: &'static str,
    text: String,
    /// Any of these is right: a missing bracket can be seen as an extra one elsewhere.
    codes: &'static [&'static str],
    /// Line, from 1.
    line: usize,
}

fn folder() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mutations")
}

fn facts(index: &Arc<Index>) -> OverrideFacts {
    OverrideFacts {
        extension: "example".into(),
        versions: Some(vec!["1.0.0".into(), "1.1.0".into()]),
        attributes: Some(ATTRIBUTES.map(str::to_owned).into()),
        directory: folder(),
        repository: folder(),
        index: Some(Arc::clone(index)),
        ..OverrideFacts::default()
    }
}

fn judge(text: &str, facts: &OverrideFacts) -> Vec<(String, usize, String)> {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = sources.add("x.nix", text);
    lint_override(id, &sources, facts, &mut found);
    let place = |d: &pgflakegen::diag::Diagnostic| {
        let label = d.primary.as_ref().expect("every finding has a place");
        (d.code.id().to_owned(), sources.line_column(id, label.span.start).line, d.message.clone())
    };
    found.iter().map(place).collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Replaces each occurrence of `from`, one at a time.
fn swap(
    out: &mut Vec<Mutant>,
    text: &str,
    kind: &'static str,
    from: &str,
    to: &str,
    codes: &'static [&'static str],
) {
    for (at, _) in text.match_indices(from) {
        let mutated = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
        // What is wrong is at the first letter that differs.
        let same = from.bytes().zip(to.bytes()).take_while(|(a, b)| a == b).count();
        let skip = from[..same.min(from.len())].matches('\n').count();
        out.push(Mutant { kind, line: line_of(text, at) + skip, text: mutated, codes });
    }
}

/// The names that stand alone on a line or after a blank in the first braces.
fn formals(text: &str) -> Vec<(usize, &str)> {
    let end = text.find("}:").expect("an override begins with its packages");
    let start = text.find('{').expect("an override begins with its packages");
    text[start..end]
        .match_indices(|c: char| c.is_ascii_alphabetic())
        .filter(|(at, _)| !text[..start + at].ends_with(|c: char| c.is_alphanumeric() || "_-".contains(c)))
        .map(|(at, _)| {
            let rest = &text[start + at..];
            let len = rest.find([',', '\n', ' ']).expect("a formal ends");
            (start + at, &rest[..len])
        })
        .collect()
}

fn syntax(out: &mut Vec<Mutant>, text: &str) {
    let comment_end = text.find('{').expect("there is one");
    for (at, c) in text.char_indices().filter(|(at, _)| *at >= comment_end) {
        let without = || format!("{}{}", &text[..at], &text[at + 1..]);
        let line = line_of(text, at);
        let in_script = text[..at].matches("''\n").count() % 2 == 1;
        match c {
            ';' if !in_script => {
                let previous = text[..at].trim_end().len();
                out.push(Mutant {
                    kind: "semicolon left out",
                    text: without(),
                    codes: &["PGF206"],
                    line: line_of(text, previous),
                });
            }
            '{' | '[' | '(' if !in_script && !text[..at].ends_with('$') => {
                // The closing one is left over.
                let mut depth = 0usize;
                let close = text[at..].char_indices().find_map(|(to, c)| {
                    match c {
                        '{' | '[' | '(' => depth += 1,
                        '}' | ']' | ')' => depth -= 1,
                        _ => {}
                    }
                    (depth == 0).then_some(at + to)
                });
                let close = close.expect("the case is correct");
                let mutated = format!("{}{}", &text[..close], &text[close + 1..]);
                out.push(Mutant {
                    kind: "closing bracket left out",
                    text: mutated,
                    codes: &["PGF204"],
                    line,
                });
            }
            _ => {}
        }
    }
    for quote in text.match_indices(" \"").map(|(at, _)| at + 1) {
        let line = line_of(text, quote);
        let Some(len) = text[quote + 1..].find('"') else { continue };
        let close = quote + 1 + len;
        if text[quote..close].contains(['\n', '$']) || text[..quote].matches("''\n").count() % 2 == 1 {
            continue;
        }
        let mutated = format!("{}{}", &text[..close], &text[close + 1..]);
        out.push(Mutant { kind: "closing quote left out", text: mutated, codes: &["PGF204"], line });
    }
    swap(out, text, "two quotes left out", "  '';", "  ;", &["PGF204"]);
    // An unclosed string is shown where it began.
    for mutant in out.iter_mut().filter(|m| m.kind == "two quotes left out") {
        let begin = mutant.text.lines().take(mutant.line).collect::<Vec<_>>();
        mutant.line = begin.iter().rposition(|line| line.ends_with("''")).expect("it began somewhere") + 1;
    }
    swap(out, text, "extra bracket", " ];", " ] ];", &["PGF205"]);
    swap(out, text, "extra brace", "  };\n", "  }};\n", &["PGF205"]);
    swap(out, text, "wrong bracket", " ];", " );", &["PGF205", "PGF204"]);
    swap(out, text, "comma in a list", "[ zlib readline", "[ zlib, readline", &["PGF203"]);
    swap(out, text, "comma in a list", "[ json_c libxml2", "[ json_c, libxml2", &["PGF203"]);
    swap(out, text, "colon for =", "Inputs = ", "Inputs: ", &["PGF203"]);
    swap(out, text, "value left out", " = true;", " = ;", &["PGF203"]);
    swap(out, text, "comma left out", "  lib,\n  ", "  lib\n  ", &["PGF203"]);
    for mutant in out.iter_mut().filter(|m| m.kind == "comma left out") {
        mutant.line = mutant.text.lines().position(|l| l == "  lib").expect("just written") + 2;
    }
    swap(out, text, "duplicate", "  buildInputs = ", "  buildInputs = [ ];\n  buildInputs = ", &["PGF207"]);
    for mutant in out.iter_mut().filter(|m| m.kind == "duplicate") {
        mutant.line += 1;
    }
    swap(out, text, "duplicate formal", "  lib,\n", "  lib,\n  lib,\n", &["PGF208"]);
}

fn names(out: &mut Vec<Mutant>, text: &str) {
    for (at, name) in formals(text) {
        // Misspelt in the arguments: nixpkgs has no such package, or the body's name is unbound.
        let mut letters: Vec<char> = name.chars().collect();
        if letters.len() >= 5 {
            letters.swap(1, 2);
            let slip: String = letters.iter().collect();
            if slip != name {
                let line = line_of(text, at);
                let mutated = text.replace(name, &slip);
                out.push(Mutant { kind: "package misspelt", text: mutated, codes: &["PGF303"], line });
            }
        }
        // Left out of the arguments.
        let end = at + name.len() + usize::from(text[at + name.len()..].starts_with(','));
        let body = text.find("}:").expect("an override begins with its packages");
        let used = text[body..]
            .match_indices(name)
            .map(|(to, _)| body + to)
            .find(|to| {
                let after = &text[to + name.len()..];
                !after.starts_with(|c: char| c.is_alphanumeric() || "_-".contains(c))
                    && !text[..*to].ends_with(|c: char| c.is_alphanumeric() || "_-./".contains(c))
            })
            .expect("the case has no unused arguments");
        let mutated = format!("{}{}", &text[..at], &text[end..]);
        out.push(Mutant {
            kind: "argument left out",
            text: mutated,
            codes: &["PGF210"],
            line: line_of(text, used),
        });
        // One too many.
        let mutated = format!("{}libuv, {}", &text[..at], &text[at..]);
        out.push(Mutant {
            kind: "unused argument",
            text: mutated,
            codes: &["PGF212"],
            line: line_of(text, at),
        });
    }
    for (at, _) in text.match_indices("lib.optional") {
        let mutated = format!("{}{}", &text[..at], &text[at + 4..]);
        out.push(Mutant {
            kind: "lib. left out",
            text: mutated,
            codes: &["PGF210"],
            line: line_of(text, at),
        });
    }
    swap(out, text, "unused binding", "let\n", "let\n  unused = 1;\n", &["PGF211"]);
    for read in ["old.buildInputs", "prevAttrs.buildInputs", "old.makeFlags", "prevAttrs.installFlags"] {
        swap(
            out,
            text,
            "useless with",
            &format!("{read} ++"),
            &format!("(with lib; {read}) ++"),
            &["PGF213"],
        );
    }
    swap(out, text, "builtin that is none", "lib.concatLists", "builtins.concatList", &["PGF220"]);
}

fn attributes(out: &mut Vec<Mutant>, text: &str) {
    let known = [
        "nativeBuildInputs",
        "buildInputs",
        "patches",
        "makeFlags",
        "postPatch",
        "enableParallelBuilding",
        "doCheck",
        "configureFlags",
        "installPhase",
        "installFlags",
        "postInstall",
        "passthru",
        "dontStrip",
        "preBuild",
        "sourceRoot",
        "doInstallCheck",
        "propagatedBuildInputs",
    ];
    for name in known {
        for (at, _) in text.match_indices(&format!(" {name} = ")) {
            let line = line_of(text, at);
            let put = |slip: &str| format!("{} {slip}{}", &text[..at], &text[at + 1 + name.len()..]);
            let mut swapped: Vec<char> = name.chars().collect();
            let last = swapped.len() - 1;
            swapped.swap(last - 1, last);
            let slips = [swapped.iter().collect::<String>(), name[..last].to_owned(), name.to_lowercase()];
            for slip in slips.iter().filter(|slip| *slip != name) {
                out.push(Mutant { kind: "attribute misspelt", text: put(slip), codes: &["PGF306"], line });
            }
        }
    }
    for old in ["old.", "prevAttrs."] {
        for name in
            ["nativeBuildInputs", "buildInputs", "makeFlags", "installFlags", "postInstall", "passthru"]
        {
            let read = format!("{old}{name}");
            for (at, _) in text.match_indices(&read) {
                let after = &text[at + read.len()..];
                if text[..at].ends_with(|c: char| c.is_alphanumeric()) || after.starts_with(" or") {
                    continue;
                }
                let slip = format!("{}{}s{after}", &text[..at], &read);
                let absent = format!("{}{old}preFixup{after}", &text[..at]);
                let line = line_of(text, at);
                out.push(Mutant { kind: "old.x misspelt", text: slip, codes: &["PGF305"], line });
                out.push(Mutant { kind: "old.x that is not there", text: absent, codes: &["PGF305"], line });
            }
        }
    }
    for (from, to) in [
        ("buildInputs = old.buildInputs ++ [", "buildInputs = ["),
        ("nativeBuildInputs = old.nativeBuildInputs ++ [", "nativeBuildInputs = ["),
        ("nativeBuildInputs = (old.nativeBuildInputs or [ ]) ++ [", "nativeBuildInputs = ["),
        ("buildInputs = prevAttrs.buildInputs ++ [", "buildInputs = ["),
        ("nativeBuildInputs = prevAttrs.nativeBuildInputs ++ [", "nativeBuildInputs = ["),
        ("installFlags = prevAttrs.installFlags ++ [", "installFlags = ["),
    ] {
        swap(out, text, "list replaced", &format!(" {from}"), &format!(" {to}"), &["PGF307"]);
    }
    swap(
        out,
        text,
        "owned by the catalogue",
        "  buildInputs = ",
        "  version = \"2\"; buildInputs = ",
        &["PGF304"],
    );
    swap(out, text, "owned by the catalogue", "  patches = ", "  pname = \"x\"; patches = ", &["PGF304"]);
    swap(out, text, "owned by the catalogue", "  patches = ", "  src = ./.; patches = ", &["PGF304"]);
    swap(out, text, "name", "  makeFlags = ", "  name = \"x\"; makeFlags = ", &["PGF316"]);
    swap(out, text, "version that is not there", "\"1.1.0\"", "\"1.2.0\"", &["PGF302"]);
    swap(out, text, "version that is not there", "\"1.0.0\"", "\"1.0\"", &["PGF302"]);
    // Types.
    swap(
        out,
        text,
        "string for a list",
        "patches = [ ./present.patch ]",
        "patches = \"./present.patch\"",
        &["PGF308"],
    );
    swap(out, text, "string in a list", "[ cmake ]", "[ \"cmake\" ]", &["PGF308"]);
    swap(out, text, "string in a list", "[ pkg-config ]", "[ \"pkg-config\" ]", &["PGF308"]);
    swap(out, text, "string in a list", "[ perl ]", "[ \"perl\" ]", &["PGF308"]);
    swap(out, text, "package for a list", "++ [ zlib ]", "++ zlib", &["PGF308"]);
    swap(out, text, "package for a list", "++ [ perl ]", "++ perl", &["PGF308"]);
    swap(out, text, "package for a list", "++ [ cmake ]", "++ cmake", &["PGF308"]);
    swap(
        out,
        text,
        "++ on strings",
        "prevAttrs.postInstall + ''",
        "prevAttrs.postInstall ++ ''",
        &["PGF308"],
    );
    swap(out, text, "+ on lists", "buildInputs ++ [", "buildInputs + [", &["PGF308"]);
    swap(out, text, "+ on lists", "BuildInputs ++ [", "BuildInputs + [", &["PGF308"]);
    swap(out, text, "string for a boolean", " = true;", " = \"true\";", &["PGF308"]);
    swap(out, text, "string for a boolean", " = false;", " = \"false\";", &["PGF308"]);
    swap(out, text, "list for a string", "\"source/extension\"", "[ \"source/extension\" ]", &["PGF308"]);
}

fn fetching(out: &mut Vec<Mutant>, text: &str) {
    for (at, _) in text.match_indices("hash = \"sha256-") {
        let line = line_of(text, at);
        let value = at + "hash = \"sha256-".len();
        let mut push = |kind, mutated: String, codes| out.push(Mutant { kind, text: mutated, codes, line });
        push("hash too short", format!("{}{}", &text[..value], &text[value + 1..]), &["PGF217"]);
        push("hash too long", format!("{}A{}", &text[..value], &text[value..]), &["PGF217"]);
        push(
            "hash with a strange character",
            format!("{}_{}", &text[..value], &text[value + 1..]),
            &["PGF217"],
        );
        push("unknown algorithm", format!("{}sha265{}", &text[..value - 7], &text[value - 1..]), &["PGF217"]);
        push("hash without algorithm", format!("{}{}", &text[..value - 7], &text[value..]), &["PGF217"]);
        let end = value + text[value..].find(';').expect("a binding ends");
        let set = |new: &str| format!("{}hash = {new}{}", &text[..at], &text[end..]);
        push("empty hash", set("\"\""), &["PGF218"]);
        push("fakeHash", set("lib.fakeHash"), &["PGF218"]);
        push("zeros", set("\"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""), &["PGF218"]);
        push("sha256 =", format!("{}sha256{}", &text[..at], &text[at + 4..]), &["PGF315"]);
        // The finding is about the call.
        let call = text[..at].rfind("fetch").expect("a hash is a fetcher's");
        let mutated = format!("{}{}", &text[..at], &text[end + 1..]);
        out.push(Mutant { kind: "no hash", text: mutated, codes: &["PGF219"], line: line_of(text, call) });
    }
    swap(out, text, "tag as rev", "tag = \"v", "rev = \"refs/tags/v", &["PGF317"]);
    swap(out, text, "path that is not there", "./present.patch", "./presnt.patch", &["PGF309"]);
    swap(out, text, "path that is not there", "./present.patch", "./patches/other.patch", &["PGF309"]);
    swap(out, text, "path outside", "./present.patch", "../../../../../present.patch", &["PGF310"]);
    swap(out, text, "absolute path", "./present.patch", "/home/me/present.patch", &["PGF310"]);
    swap(out, text, "path at home", "./present.patch", "~/present.patch", &["PGF310"]);
}

fn habits(out: &mut Vec<Mutant>, text: &str) {
    for (from, to) in [
        ("[ zlib ]", "[ (import <nixpkgs> { }).zlib ]"),
        ("    curl\n", "    (import <nixpkgs> { }).curl\n"),
        ("[ json_c ", "[ <nixpkgs/x> json_c "),
    ] {
        swap(out, text, "<nixpkgs>", from, to, &["PGF311"]);
    }
    for to in
        ["builtins.currentTime == 0", "builtins.getEnv \"CI\" == \"\"", "builtins.currentSystem == \"x\""]
    {
        swap(out, text, "impure builtin", " = true;", &format!(" = {to};"), &["PGF311"]);
    }
    swap(
        out,
        text,
        "unpinned fetch",
        "    curl\n",
        "    (fetchTarball \"https://example.org/x.tar.gz\")\n",
        &["PGF311"],
    );
    swap(
        out,
        text,
        "import from derivation",
        "doCheck = false",
        "doCheck = import \"${openssl}/x.nix\"",
        &["PGF312"],
    );
    swap(
        out,
        text,
        "import from derivation",
        "dontStrip = true",
        "dontStrip = builtins.readFile \"${prevAttrs.src}/x\" == \"\"",
        &["PGF312"],
    );
    swap(
        out,
        text,
        "import from derivation",
        "doInstallCheck = true",
        "doInstallCheck = import (fetchurl { url = \"x\"; hash = \"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\"; })",
        &["PGF312"],
    );
    swap(out, text, "with over the file", "}:\nold: {", "}:\nwith lib;\nold: {", &["PGF313"]);
    swap(out, text, "with over the file", "}:\nfinalAttrs:", "}:\nwith lib;\nfinalAttrs:", &["PGF313"]);
    swap(out, text, "with over the file", "}:\nlet\n", "}:\nwith lib;\nlet\n", &["PGF313"]);
    swap(out, text, "build tool in buildInputs", "[ zlib ", "[ cmake zlib ", &["PGF319"]);
    swap(
        out,
        text,
        "build tool in buildInputs",
        "    openssl\n",
        "    pkg-config\n    openssl\n",
        &["PGF319"],
    );
    swap(out, text, "no hooks", "    runHook preInstall\n", "", &["PGF320"]);
    swap(out, text, "no hooks", "    runHook postInstall\n", "", &["PGF320"]);
    for mutant in out.iter_mut().filter(|m| m.kind == "no hooks") {
        mutant.line = mutant.text.lines().position(|l| l.contains("installPhase")).expect("it is there") + 1;
    }
    swap(out, text, "alias of nixpkgs", "stdenv.hostPlatform.isDarwin", "stdenv.isDarwin", &["PGF318"]);
    swap(out, text, "stdenv.lib", "lib.optionals stdenv", "stdenv.lib.optionals stdenv", &["PGF318"]);
    // Escapes.
    swap(out, text, "escape that does nothing", "$PWD", "''$PWD", &["PGF214"]);
    swap(out, text, "escape that does nothing", "\"-Wno-error\"", "\"-Wno\\-error\"", &["PGF214"]);
    swap(out, text, "escape that does nothing", "rm -r $out", "rm -r ''\\d$out", &["PGF214"]);
    swap(out, text, "escape of the other string", "cp ${model}", "cp \\${model}", &["PGF215"]);
    swap(out, text, "escape of the other string", "\"VERSION=${", "\"VERSION=''${", &["PGF215"]);
    // Suppressions.
    swap(
        out,
        text,
        "allow without a reason",
        "  buildInputs = ",
        "  # pgflakegen: allow PGF307\n  buildInputs = ",
        &["PGF230"],
    );
    swap(
        out,
        text,
        "allow that allows nothing",
        "  buildInputs = ",
        "  # pgflakegen: allow PGF307 because\n  buildInputs = ",
        &["PGF230"],
    );
    swap(
        out,
        text,
        "allow that allows nothing",
        "  patches = ",
        "  # pgflakegen: allow PGF307 because why\n  patches = ",
        &["PGF231"],
    );
    swap(
        out,
        text,
        "allow of no code",
        "  makeFlags = ",
        "  # pgflakegen: allow PGF3007 because why\n  makeFlags = ",
        &["PGF232"],
    );
    // Forms.
    swap(out, text, "no function of old", "}:\nold: {", "}:\n{", &["PGF301", "PGF210"]);
    swap(out, text, "no function of old", "\"1.0.0\" = common;", "\"1.0.0\" = { };", &["PGF301"]);
    swap(out, text, "default is a set", "default = old: {", "default = {", &["PGF301", "PGF210"]);
}

#[test]
fn planted_mistakes_are_found() {
    let index = Arc::new(Index::bundled().expect("the repository carries it"));
    let facts = facts(&index);
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for case in ["one", "two", "three"] {
        let text = std::fs::read_to_string(folder().join(format!("{case}.nix"))).expect("the case is there");
        assert_eq!(judge(&text, &facts), [], "{case}.nix is correct");
        let mut mutants = Vec::new();
        for plant in [syntax, names, attributes, fetching, habits] {
            plant(&mut mutants, &text);
        }
        for mutant in mutants {
            assert_ne!(mutant.text, text, "{case}: {}", mutant.kind);
            let found = judge(&mutant.text, &facts);
            let hit = found
                .iter()
                .any(|(code, line, _)| mutant.codes.contains(&code.as_str()) && *line == mutant.line);
            let row = table.entry(mutant.kind).or_default();
            row.0 += usize::from(hit);
            row.1 += 1;
            if !hit {
                missed.push(format!(
                    "{case}.nix:{} {}: wanted {:?}, found {found:?}",
                    mutant.line, mutant.kind, mutant.codes
                ));
            }
        }
    }
    let (hits, all) = table.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    for (kind, (hits, all)) in &table {
        println!("{hits:4} of {all:4}  {kind}");
    }
    println!("{hits:4} of {all:4}  in all");
    for line in &missed {
        println!("missed: {line}");
    }
    assert!(all >= 300, "{all} mistakes are too few to measure with");
    assert!(hits * 100 >= all * 95, "{hits} of {all} found:\n{}", missed.join("\n"));
}
