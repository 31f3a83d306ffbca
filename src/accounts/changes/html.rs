//! A page by itself: no script, nothing from elsewhere.

use super::shown::{Line, Piece, sections};
use super::{Change, Document};
use crate::accounts::text::{address, html as escaped};
use crate::store::{Algorithm, Hash};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8886}\
th{font-weight:600;white-space:nowrap}\
.removed th{text-decoration:line-through}\
.below{display:block;padding-left:1rem}";

/// The whole page.
pub fn html(document: &Document<'_>) -> String {
    let title = escaped(&document.title());
    let hash = Hash::of(Algorithm::Sha256, STYLE).to_base64();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    let sections = sections(document);
    if sections.is_empty() {
        out.push_str("<p>Nothing changes.</p>\n");
    }
    for section in sections {
        out.push_str(&format!("<h2>{}</h2>\n", section.title));
        if !section.lines.is_empty() {
            out.push_str("<table>\n");
            section.lines.iter().for_each(|line| out.push_str(&row(line)));
            out.push_str("</table>\n");
        }
        if let Some(remark) = &section.remark {
            out.push_str(&format!("<p>{}</p>\n", escaped(remark)));
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn row(line: &Line) -> String {
    let class = match line.change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    };
    let mut cell = String::new();
    for piece in &line.pieces {
        match piece {
            Piece::Text(text) => cell.push_str(&escaped(text)),
            Piece::Link { text, address: to } => match address(to) {
                Some(to) => cell.push_str(&format!("<a href=\"{}\">{}</a>", escaped(&to), escaped(text))),
                None => cell.push_str(&escaped(text)),
            },
        }
    }
    for below in &line.below {
        cell.push_str(&format!("<span class=\"below\">{}</span>", escaped(below)));
    }
    format!("<tr class=\"{class}\"><th scope=\"row\">{}</th><td>{cell}</td></tr>\n", escaped(&line.name))
}
