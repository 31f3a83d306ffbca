//! Expressions of GitHub's, as far as our workflows have them.

use serde_json::Value;

/// A text with its `${{ … }}` replaced.
pub fn fill(text: &str, context: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (inside, after) = after.split_once("}}").expect("an expression ends");
        out.push_str(before);
        out.push_str(&shown(&evaluate(inside, context)));
        rest = after;
    }
    out + rest
}

/// The value of an expression, with or without its braces.
pub fn value(text: &str, context: &Value) -> Value {
    let inner = text.trim().strip_prefix("${{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text);
    evaluate(inner, context)
}

/// Whether a value counts as true.
pub fn holds(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Parts of `text` between an operator that stands in no brackets or quotes.
fn split<'t>(text: &'t str, operator: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ if !quoted && depth == 0 && at >= start && text[at..].starts_with(operator) => {
                parts.push(&text[start..at]);
                start = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn evaluate(text: &str, context: &Value) -> Value {
    let text = text.trim();
    let or = split(text, "||");
    if or.len() > 1 {
        let mut last = Value::Null;
        for part in or {
            last = evaluate(part, context);
            if holds(&last) {
                break;
            }
        }
        return last;
    }
    let and = split(text, "&&");
    if and.len() > 1 {
        let mut last = Value::Null;
        for part in and {
            last = evaluate(part, context);
            if !holds(&last) {
                break;
            }
        }
        return last;
    }
    for (operator, same) in [("==", true), ("!=", false)] {
        if let [left, right] = split(text, operator).as_slice() {
            return ((shown(&evaluate(left, context)) == shown(&evaluate(right, context))) == same).into();
        }
    }
    if let Some(rest) = text.strip_prefix('!') {
        return (!holds(&evaluate(rest, context))).into();
    }
    if let Some(inside) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return evaluate(inside, context);
    }
    if let Some(literal) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return literal.into();
    }
    if let Some((name, argument)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        return match name {
            "always" => true.into(),
            "cancelled" => false.into(),
            "fromJSON" => serde_json::from_str(&shown(&evaluate(argument, context))).expect("JSON"),
            "toJSON" => serde_json::to_string_pretty(&evaluate(argument, context)).expect("JSON").into(),
            other => panic!("{other} is no function here"),
        };
    }
    let mut at = context;
    for name in text.split('.') {
        at = &at[name];
    }
    at.clone()
}

/// What this makes of some.
pub fn check() {
    let context = serde_json::json!({ "a": { "b-c": "x" }, "n": ["1"] });
    for (text, wanted) in [
        ("a.b-c == 'x' && !cancelled()", "true"),
        ("a.none || a.b-c", "x"),
        ("(a.b-c != 'x' || a.b-c == 'x') && 'y'", "y"),
        ("fromJSON('[1]')", "[1]"),
    ] {
        assert_eq!(fill(&format!("${{{{ {text} }}}}"), &context), wanted, "{text}");
    }
}
