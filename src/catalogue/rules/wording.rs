//! Texts for people say something, and descriptions are as nixpkgs wants them.

use super::{Context, Rule};
use crate::catalogue::raw::Field;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

const LONGEST: usize = 120;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    DescriptionStyle =
        "nixpkgs' meta.description is one line, begins with what the thing is (no article, not its own name) and \
         has no full stop: \"Vector similarity search\". Lists read better when all keep to it.",
        bad: r#"description = "An index for text""#,
        says: "the description begins with an article",
        fixed: r#"description = "Index for text""#;
    EmptyText =
        "A description or the reason of broken is empty. broken is shown in lists and matrices to whoever wonders \
         why something is not there: say what does not work, and where that is reported.",
        bad: r#"description = """#,
        says: "the description is empty",
        fixed: r#"description = "Similarity search""#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if let Some((_, flake)) = &cx.raw.flake {
        says_something(
            &flake.description,
            "the description is empty",
            "say what the flake gives, in one line",
            found,
        );
    }
    let why = "say what is wrong, for example broken = \"does not compile with PostgreSQL 17\"";
    for file in &cx.raw.extensions {
        says_something(&file.raw.broken, "broken needs a reason", why, found);
        let what = "say what the extension does, in one line";
        if says_something(&file.raw.description, "the description is empty", what, found) {
            style(&file.name, &file.raw.description, found);
        }
    }
    for (_, version) in cx.versions() {
        says_something(&version.value.broken, "broken needs a reason", why, found);
    }
}

fn says_something(text: &Field<String>, message: &str, help: &str, found: &mut Diagnostics) -> bool {
    let Some(text) = text else { return false };
    let empty = text.value.trim().is_empty();
    if empty {
        found.push(Diagnostic::new(Code::EmptyText, text.span, message.to_owned()).help(help));
    }
    !empty
}

fn style(name: &str, description: &Field<String>, found: &mut Diagnostics) {
    let Some(description) = description else { return };
    let text = description.value.as_str();
    let first = text.split_whitespace().next().unwrap_or_default();
    let (message, help) = if text.trim() != text {
        ("the description begins or ends with a space", "remove it")
    } else if text.ends_with('.') && !text.ends_with("etc.") && !text.ends_with("...") {
        ("the description ends with a full stop", "remove it: a description is no sentence")
    } else if matches!(first, "A" | "An" | "The" | "a" | "an" | "the") {
        ("the description begins with an article", "begin with what it is: \"Vector similarity search\"")
    } else if first.eq_ignore_ascii_case(name) && text.len() > first.len() {
        ("the description begins with the extension's name", "say only what it does")
    } else if text.chars().count() > LONGEST {
        ("the description is long for one line", "keep it under 120 characters")
    } else {
        return;
    };
    found.push(Diagnostic::new(Code::DescriptionStyle, description.span, message.to_owned()).help(help));
}
