//! `meta`: description, licence, and for which systems and PostgreSQLs.

use rnix::ast::{Expr, InterpolPart};
use rowan::ast::AstNode;

use super::reading::Reading;
use super::site::Case;
use super::value::{Definition, Value};

/// Names that nixpkgs' licences had, and the names they have.
const OLD: [(&str, &str); 6] = [
    ("agpl3", "agpl3Only"),
    ("gpl2", "gpl2Only"),
    ("gpl3", "gpl3Only"),
    ("lgpl2", "lgpl2Only"),
    ("lgpl21", "lgpl21Only"),
    ("lgpl3", "lgpl3Only"),
];

/// Reads one attribute of `meta`.
pub fn attribute(reading: &mut Reading<'_, '_>, name: &str, value: &Definition, case: &Case, majors: &[u32]) {
    match name {
        "description" | "homepage" | "changelog" => {
            let key = ["description", "homepage", "changelog"].into_iter().find(|key| *key == name);
            let (Some(key), Definition::Expr(expr)) = (key, value) else { return };
            if reading.common.meta.contains_key(key) {
                return;
            }
            let known = reading.value(value, case, majors);
            let template = match (key, known.text()) {
                ("changelog", Some(text)) => Some(template(reading, expr, case, text)),
                (_, Some(text)) => Some(text.to_owned()),
                (_, None) => None,
            };
            match template {
                Some(text) => drop(reading.common.meta.insert(key, text)),
                None => drop(
                    reading
                        .common
                        .remarks
                        .insert(format!("meta.{name} was left out: {}", super::attributes::shorten(expr))),
                ),
            }
        }
        "license" => licence(reading, value),
        "broken" => broken(reading, value, case),
        "badPlatforms" => {
            if let Value::List(systems) = reading.value(value, case, majors) {
                let systems = systems.iter().filter_map(Value::text).map(str::to_owned);
                reading.common.bad_platforms = systems.collect();
            }
        }
        "platforms" => {
            if let Value::Name(platforms) = reading.value(value, case, majors) {
                reading.common.linux_only |=
                    platforms == "platforms.linux" || platforms == "lib.platforms.linux";
            }
        }
        _ => {}
    }
}

/// A text with `{version}` where the expression inserts the version, and as it is where it does not.
fn template(reading: &Reading<'_, '_>, expr: &Expr, case: &Case, text: &str) -> String {
    let Expr::Str(string) = expr else { return text.to_owned() };
    let mut out = String::new();
    for part in string.normalized_parts() {
        match part {
            InterpolPart::Literal(literal) => out.push_str(&literal),
            InterpolPart::Interpolation(inner) => {
                let Some(inner) = inner.expr() else { return text.to_owned() };
                let shown = inner.syntax().text().to_string();
                if matches!(shown.rsplit('.').next(), Some("version")) {
                    out.push_str("{version}");
                } else if matches!(
                    shown.as_str(),
                    "src.rev" | "src.tag" | "finalAttrs.src.rev" | "finalAttrs.src.tag"
                ) {
                    let value = reading.known.of(&inner, &case.env);
                    let tag = value.text().unwrap_or_default();
                    let version = case.version.as_deref().unwrap_or_default();
                    let tag =
                        if version.is_empty() { tag.to_owned() } else { tag.replace(version, "{version}") };
                    out.push_str(&tag);
                } else {
                    match reading.known.of(&inner, &case.env).text() {
                        Some(known) => out.push_str(known),
                        None => return text.to_owned(),
                    }
                }
            }
        }
    }
    out
}

fn licence(reading: &mut Reading<'_, '_>, value: &Definition) {
    let Definition::Expr(expr) = value else { return };
    let text = expr.syntax().text().to_string();
    let words = text.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)));
    let mut names = Vec::new();
    for word in words.filter_map(|word| word.rsplit('.').next()) {
        if crate::catalogue::licenses::find(word).is_some() {
            names.push(word.to_owned());
        } else if let Some((old, new)) = OLD.iter().find(|(old, _)| *old == word) {
            let remark =
                format!("the licence is taken as {new}; nixpkgs' {old} left open whether later ones do");
            reading.common.remarks.insert(remark);
            names.push((*new).to_owned());
        }
    }
    names.dedup();
    if !names.is_empty() {
        reading.common.licenses = names;
    }
}

/// For which majors and systems it is broken.
fn broken(reading: &mut Reading<'_, '_>, value: &Definition, case: &Case) {
    let mut at = |major: Option<u32>, darwin: Option<bool>| {
        (reading.known.major, reading.known.darwin) = (major, darwin);
        let value = reading.known.definition(value, &case.env);
        (reading.known.major, reading.known.darwin) = (None, None);
        match value {
            Value::Bool(broken) => Some(broken),
            _ => None,
        }
    };
    if at(None, None) == Some(false) {
        return;
    }
    const FIRST: u32 = 10;
    const LAST: u32 = 30;
    let works: Option<Vec<bool>> =
        (FIRST..=LAST).map(|major| at(Some(major), Some(false)).map(|broken| !broken)).collect();
    let on_mac: Option<Vec<bool>> =
        (FIRST..=LAST).map(|major| at(Some(major), Some(true)).map(|broken| !broken)).collect();
    let shown = match value {
        Definition::Expr(expr) => super::attributes::shorten(expr),
        _ => "inherited".to_owned(),
    };
    let Some(works) = works else {
        reading.common.remarks.insert(format!("meta.broken was left out: {shown}"));
        return;
    };
    match on_mac {
        Some(on_mac) if on_mac == works => {}
        Some(on_mac) if on_mac.iter().all(|works| !works) => reading.common.linux_only = true,
        _ => drop(reading.common.remarks.insert(format!("meta.broken was taken for Linux: {shown}"))),
    }
    let Some(first) = works.iter().position(|works| *works) else {
        reading.common.broken = true;
        return;
    };
    let last = works.iter().rposition(|works| *works).unwrap_or(first);
    if works[first..=last].iter().any(|works| !works) {
        reading.common.remarks.insert(format!("meta.broken has a gap: {shown}"));
    }
    let mut bounds = Vec::new();
    if first > 0 {
        bounds.push(format!(">={}", FIRST as usize + first));
    }
    if last + 1 < works.len() {
        bounds.push(format!("<{}", FIRST as usize + last + 1));
    }
    reading.common.bounds = bounds;
}
