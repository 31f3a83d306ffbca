//! Random programs.

use pgflakegen::nix::eval::Settings;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d", "x", "y"]).prop_map(str::to_owned)
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        (0i64..20).prop_map(|n| n.to_string()),
        prop::sample::select(vec!["1.5", "0.25", "true", "false", "null", "[ ]", "{ }", "\"\"", "/p/q"])
            .prop_map(str::to_owned),
        "[a-c $\\\\]{0,4}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\"))),
        name(),
    ]
}

/// Programs with free names.
pub fn program() -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let attrs = prop::collection::vec((name(), inner.clone()), 0..4)
            .prop_map(|attrs| {
                let mut seen = std::collections::BTreeMap::new();
                seen.extend(attrs);
                seen.iter().map(|(name, value)| format!("{name} = {value}; ")).collect::<String>()
            })
            .boxed();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" "))),
            attrs.clone().prop_map(|attrs| format!("{{ {attrs}}}")),
            attrs.clone().prop_map(|attrs| format!("(rec {{ {attrs}}})")),
            (attrs.clone(), inner.clone()).prop_map(|(attrs, body)| format!("(let {attrs}in {body})")),
            (attrs, inner.clone()).prop_map(|(attrs, body)| format!("(with {{ {attrs}}}; {body})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} == {b} then {b} else {c})")),
            (name(), inner.clone()).prop_map(|(x, body)| format!("({x}: {body})")),
            (name(), inner.clone(), inner.clone())
                .prop_map(|(x, body, arg)| format!("(({x}: {body}) {arg})")),
            (name(), inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(x, default, body, arg)| format!("(({{ {x} ? {default}, ... }}: {body}) {arg})")),
            (inner.clone(), name(), inner.clone()).prop_map(|(a, x, b)| format!("({a}.{x} or {b})")),
            (inner.clone(), name()).prop_map(|(a, x)| format!("({a} ? {x})")),
            (inner.clone(), name()).prop_map(|(a, x)| format!("({a}.{x})")),
            (
                inner.clone(),
                prop::sample::select(vec![
                    "+", "-", "*", "/", "++", "//", "<", "<=", "==", "!=", "&&", "||", "->"
                ]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("\"s${{toString {a}}}\"")),
            (
                prop::sample::select(vec![
                    "builtins.attrNames",
                    "builtins.length",
                    "builtins.head",
                    "builtins.typeOf",
                    "builtins.toJSON",
                    "builtins.attrValues",
                    "toString",
                    "builtins.tryEval",
                    "builtins.isFunction",
                    "builtins.concatLists"
                ]),
                inner.clone()
            )
                .prop_map(|(f, a)| format!("({f} {a})")),
            (
                prop::sample::select(vec![
                    "map",
                    "builtins.filter",
                    "builtins.mapAttrs",
                    "builtins.sort",
                    "builtins.elem",
                    "builtins.genList"
                ]),
                inner.clone(),
                inner
            )
                .prop_map(|(f, a, b)| format!("({f} {a} {b})")),
        ]
    })
}

/// The program with all its free names bound.
pub fn closed(body: &str) -> String {
    format!("let a = 1; b = \"t\"; c = {{ a = 2; }}; d = [ 1 2 ]; x = n: n; y = null; in {body}")
}

/// What we make of a program: its value as `nix-instantiate` and as `nix eval` print it, or the message.
pub fn ours(text: &str) -> Result<(String, String), String> {
    let settings = Settings { max_memory: 256 << 20, max_call_depth: 1000, ..Settings::default() };
    let printed = super::evaluated(text, settings, |value| Ok((value.to_nix_lazily()?, value.to_nix()?)));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    match printed {
        Ok((instantiate, eval)) => Ok((text(instantiate), text(eval))),
        Err(error) => {
            assert!(error.report(false).starts_with("error: "));
            Err(error.to_string())
        }
    }
}
