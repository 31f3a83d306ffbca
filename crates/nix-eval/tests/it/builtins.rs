//! What the table of builtins says of each is so.

use std::sync::Arc;

use nix_eval::{ErrorKind, Kind, Machine, Session, Settings};

/// Something of each type, so that some combination is what a builtin takes.
const POOL: [&str; 17] = [
    "(x: true)",
    "(x: [ ])",
    "(x: y: false)",
    "(x: \"a\")",
    "[ ]",
    "[ 1 ]",
    "[ \"a\" ]",
    "{ }",
    "{ a = 1; }",
    "\"a\"",
    "\"1\"",
    "\"sha256\"",
    "1",
    "/dev/null",
    "{ startSet = [ ]; operator = x: [ ]; }",
    "[ { a = 1; } ]",
    "[ [ 1 ] ]",
];

/// Those whose arguments have to be of a kind that the pool does not have.
const OTHERS: [(&str, &str); 14] = [
    ("addDrvOutputDependencies", "(derivation { name = \"a\"; system = \"x\"; builder = \"/b\"; }).drvPath"),
    ("appendContext", "\"a\" { }"),
    (
        "convertHash",
        "{ hash = \"d41d8cd98f00b204e9800998ecf8427e\"; hashAlgo = \"md5\"; toHashFormat = \"sri\"; }",
    ),
    ("derivationStrict", "{ name = \"a\"; system = \"x\"; builder = \"/b\"; }"),
    ("findFile", "[ { prefix = \"\"; path = \"/dev\"; } ] \"null\""),
    ("flakeRefToString", "{ type = \"path\"; path = \"/a\"; }"),
    ("fromJSON", "\"1\""),
    ("fromTOML", "\"\""),
    ("listToAttrs", "[ ]"),
    ("parseFlakeRef", "\"path:/a\""),
    ("readDir", "/dev/fd"),
    ("replaceStrings", "[ ] [ ] \"a\""),
    ("substring", "0 1 \"a\""),
    ("zipAttrsWith", "(n: v: v) [ ]"),
];

/// Those that need files, a store or something fetched, or that end every evaluation.
const NO_VALUE: [&str; 13] = [
    "abort",
    "fetchGit",
    "fetchMercurial",
    "fetchTarball",
    "fetchTree",
    "fetchurl",
    "filterSource",
    "getFlake",
    "import",
    "path",
    "scopedImport",
    "storePath",
    "throw",
];

fn session() -> Session {
    Session::new(Arc::new(Machine), Settings { system: "x86_64-linux".into(), ..Settings::default() })
}

/// Every way to fill `holes` places from the pool.
fn fillings(holes: usize) -> Vec<Vec<&'static str>> {
    (0..holes).fold(vec![vec![]], |all, _| {
        all.iter().flat_map(|start| POOL.iter().map(|more| [start.as_slice(), &[*more]].concat())).collect()
    })
}

enum Given {
    /// A value, without a look at the argument.
    Value,
    /// What the argument throws.
    Thrown,
    Other,
}

/// What comes of a call with an argument that throws.
fn given(session: &Session, name: &str, at: usize, others: &[&str]) -> Given {
    let mut args = others.to_vec();
    args.insert(at, "(throw \"looked at\")");
    let call = format!("builtins.\"{name}\" {}", args.join(" "));
    match session.eval_str(&call) {
        Ok(_) => Given::Value,
        Err(error) if error.kind() == ErrorKind::Throw && error.message() == "looked at" => Given::Thrown,
        Err(_) => Given::Other,
    }
}

#[test]
fn arguments_are_evaluated_as_the_table_says() {
    let session = session();
    let mut wrong = Vec::new();
    for builtin in nix_eval::builtins() {
        if NO_VALUE.contains(&builtin.name) {
            continue;
        }
        let names: Vec<_> = builtin.args.split(' ').collect();
        assert_eq!(names.len(), usize::from(builtin.arity), "{}", builtin.name);
        for (at, name) in names.iter().enumerate() {
            let ways: Vec<Vec<&str>> = match OTHERS.iter().find(|(other, _)| *other == builtin.name) {
                Some((_, args)) if names.len() == 1 => {
                    // A value to see that it is one, none besides the one that throws.
                    assert!(
                        session.eval_str(&format!("builtins.{} ({args})", builtin.name)).is_ok(),
                        "{}",
                        builtin.name
                    );
                    vec![vec![]]
                }
                Some((_, args)) => {
                    let call = format!("builtins.{} {args}", builtin.name);
                    assert!(session.eval_str(&call).is_ok(), "{call}");
                    let mut parts = parts(args);
                    parts.remove(at);
                    vec![parts]
                }
                None => fillings(names.len() - 1),
            };
            let (mut value, mut thrown) = (false, false);
            for others in &ways {
                match given(&session, builtin.name, at, others) {
                    Given::Value => value = true,
                    Given::Thrown => thrown = true,
                    Given::Other => {}
                }
            }
            let strict = thrown && !value;
            if strict != name.starts_with('!') {
                wrong.push(format!("{} {name}: value {value}, thrown {thrown}", builtin.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Arguments, which stand between blanks that no bracket or quote is around.
fn parts(args: &'static str) -> Vec<&'static str> {
    let (mut depth, mut quoted, mut start, mut all) = (0, false, 0, Vec::new());
    for (at, letter) in args.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ' ' if depth == 0 && !quoted => {
                all.push(&args[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(&args[start..]);
    all
}

#[test]
fn each_says_what_it_does_and_is_there() {
    let session = session();
    let there = session.eval_str("builtins").expect("a set");
    let mut names: Vec<_> = nix_eval::builtins().map(|builtin| builtin.name).collect();
    for builtin in nix_eval::builtins() {
        let doc = builtin.doc;
        assert!(doc.ends_with('.') && doc.len() > 15 && !doc.contains("  "), "{}: {doc}", builtin.name);
        let found = there.attr(builtin.name).expect("a set").expect("there");
        assert_eq!(found.force().expect("a function"), Kind::Function, "{}", builtin.name);
        let global = if builtin.bare { builtin.name.to_owned() } else { format!("__{}", builtin.name) };
        if !global.contains('\'') {
            assert_eq!(session.eval_str(&global).expect("in scope").force().expect("one"), Kind::Function);
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
