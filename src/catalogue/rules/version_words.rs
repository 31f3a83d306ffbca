//! Versions begin with a number: letters in front make them older than all others.

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, Spanned};
use crate::catalogue::source;
use crate::catalogue::version::begins_with_word;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    UncomparableVersion =
        "Versions are compared part by part, numbers as numbers; one that begins with a word is older than any that \
         begins with a number, whatever it says. So it would never become the default beside a number, and bump \
         would take any number for newer. Write the number, and what the tag is called beside it: tag = \
         \"REL_1_2\". Words for what is not yet there (beta12) are compared as such.",
        bad: r#"
            [[version]]
            version = "unstable-2024-01-02"
        "#,
        says: "`unstable-2024-01-02` begins with a word, so that any number is newer",
        fixed: r#"
            [[version]]
            version = "0-unstable-2024-01-02"
        "#;
    VersionPrefix =
        "version is the number; the v of a tag stands in the source, as tag = \"v{version}\". With the v in both \
         places the tag would be vv0.8.0, and a version that begins with a letter is older than any number, so that \
         another would become the default.",
        bad: r#"
            [[version]]
            version = "v1.0"
        "#,
        says: "the version is `1.0`, without the v",
        fixed: r#"
            [[version]]
            version = "1.0"
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (file, version) in cx.versions() {
        let source = source::fetched(&file.raw.source).and_then(|source| source.tag.as_ref());
        let tag = version.value.tag.as_ref().or(source).map(|tag| tag.value.as_str());
        found.extend(judge(&version.value.version, tag));
    }
    for entry in &cx.raw.cargo_pgrx {
        found.extend(judge(&entry.value.version, None));
    }
}

fn judge(version: &Field<String>, tag: Option<&str>) -> Option<Diagnostic> {
    let Spanned { value, span } = version.as_ref()?;
    let shown = printable(value);
    let number = value.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some(number) = number {
        let finding = Diagnostic::new(
            Code::VersionPrefix,
            *span,
            format!("the version is `{}`, without the v", printable(number)),
        );
        let fix = Edit { span: *span, replacement: format!("\"{number}\"") };
        return Some(match tag {
            Some(tag) if tag.starts_with("{version}") => {
                finding.help(format!("write \"{}\", and tag = \"v{}\"", printable(number), printable(tag)))
            }
            _ => finding.help(format!("write \"{}\"", printable(number))).fix("remove the v", vec![fix]),
        });
    }
    // What is no version at all is said elsewhere.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+~".contains(c);
    if !begins_with_word(value) || !value.chars().all(plain) {
        return None;
    }
    let finding = Diagnostic::new(
        Code::UncomparableVersion,
        *span,
        format!("`{shown}` begins with a word, so that any number is newer"),
    );
    let digits = value.find(|c: char| c.is_ascii_digit()).map(|at| value[at..].replace('_', "."));
    Some(match digits {
        Some(_) if value.starts_with("unstable-") => {
            finding.help(format!("write \"0-{shown}\", as nixpkgs does"))
        }
        Some(number) => {
            let tag = tag.map_or(value.clone(), |tag| source::expand(tag, value));
            finding.help(format!(
                "write \"{}\", and tag = \"{}\" beside it",
                printable(&number),
                printable(&tag)
            ))
        }
        None => finding.help("write the number of the release"),
    })
}
