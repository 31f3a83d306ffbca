//! The file around the data: markup, style and program of `templates/explorer`, under a policy that lets nothing else
//! in.
//!
//! What stems from a catalogue is in one place, a block of JSON in which no `<` is left. The program makes text nodes of
//! it and nothing else; should it ever do otherwise, the policy has the browser run only what has the hash of this very
//! style and program, and fetch nothing at all.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::data::Data;
use crate::accounts::text::html;
use crate::diag::foreign;
use crate::render::marker;

const PAGE: &str = include_str!("../../templates/explorer/page.html");
const STYLE: &str = include_str!("../../templates/explorer/style.css");
/// One program, cut by topic.
const PROGRAM: &[&str] = &[
    include_str!("../../templates/explorer/dom.js"),
    include_str!("../../templates/explorer/catalogue.js"),
    include_str!("../../templates/explorer/search.js"),
    include_str!("../../templates/explorer/state.js"),
    include_str!("../../templates/explorer/matrix.js"),
    include_str!("../../templates/explorer/details.js"),
    include_str!("../../templates/explorer/compare.js"),
    include_str!("../../templates/explorer/app.js"),
];
/// What loads the page anew when the catalogue changes; only in what is served.
const RELOAD: &str = include_str!("../../templates/explorer/reload.js");

/// What the data stand between.
const BEGIN: &str = "<script type=\"application/json\" id=\"data\">";
const END: &str = "</script>";

/// What the page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// A file, which asks nobody for anything.
    File,
    /// A browser at our own server, which it asks whether there is something new.
    Server,
}

/// A policy, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// All of the file.
    pub text: String,
    /// Its Content-Security-Policy.
    pub policy: String,
}

/// Makes the page.
///
/// # Panics
/// Never: data are plain, and the template is part of the program.
pub fn page(data: &Data, purpose: For) -> Page {
    let mut program = PROGRAM.concat();
    if purpose == For::Server {
        program.push_str(RELOAD);
    }
    // Scripts of a page are what stands between the tags, to the byte.
    let (style, program) = (format!("\n{STYLE}"), format!("\n{program}"));
    let connect = if purpose == For::Server { " connect-src 'self';" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:;{connect} base-uri 'none'; form-action \
         'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(&program),
        hash(&style)
    );
    let head = format!("{} from catalogue/, by `pgflakegen explorer`; changes would be lost.", marker::MARK);
    let json = serde_json::to_string(data).expect("data are plain");
    let values = [
        ("head", head),
        ("policy", policy.clone()),
        ("title", html(&data.catalogue.description)),
        ("style", style),
        ("data", in_script(&json)),
        ("program", program),
    ];
    Page { text: filled(PAGE, &values), policy }
}

/// The template with each `@NAME@` replaced, once and in order, so that no value is looked into.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let (mut text, mut rest) = (String::with_capacity(512 * 1024), template);
    for (name, value) in values {
        let (before, after) = rest.split_once(&format!("@{name}@")).unwrap_or((rest, ""));
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

/// JSON as it can stand in a page, and in a log: no tag, comment, command of a CI service, or character that is not
/// seen. It is the same value.
fn in_script(json: &str) -> String {
    let json = foreign::json(json).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    json.replace("##[", "#\\u0023[")
}

/// The JSON in a page that was made so, by this version or another.
pub fn json_of(text: &str) -> Option<&str> {
    if !marker::is_ours(text) {
        return None;
    }
    let (_, rest) = text.split_once(BEGIN)?;
    rest.split_once(END).map(|(json, _)| json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_every_place_once_and_in_order() {
        let names = ["head", "policy", "title", "style", "data", "program"];
        let places: Vec<_> = names.iter().map(|name| PAGE.find(&format!("@{name}@"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
        assert_eq!(PAGE.matches(BEGIN).count(), 1);
        assert_eq!(filled("a @x@ b @y@ c", &[("x", "@y@".into()), ("y", "1".into())]), "a @y@ b 1 c");
    }

    #[test]
    fn nothing_of_ours_ends_its_own_block() {
        assert!(!STYLE.contains("</") && !PROGRAM.concat().contains("</") && !RELOAD.contains("</"));
        assert!(!PROGRAM.concat().contains("<!--"));
    }

    #[test]
    fn json_stays_the_same_value_and_has_no_markup() {
        let value = serde_json::json!({ "a": "##[group]</script><!-- & \u{2028} \u{202e} \u{0}" });
        let text = in_script(&value.to_string());
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{202e}', '\u{0}']), "{text}");
        assert!(!text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
        assert_eq!(html("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
    }
}
