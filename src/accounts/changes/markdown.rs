//! For a comment on a pull request, or a release's notes.

use super::shown::{Line, Piece, sections};
use super::{Change, Document};
use crate::accounts::text::{address, markdown as escaped};

/// The longest comment that GitHub takes is 65,536 characters; of what is longer the end is cut off, and said to be.
const LONGEST: usize = 60_000;

/// Sections with a table each.
pub fn markdown(document: &Document<'_>) -> String {
    let mut out = format!("## {}\n", escaped(&document.title()));
    let sections = sections(document);
    if sections.is_empty() {
        out.push_str("\nNothing changes.\n");
    }
    let mut left_out = 0;
    for section in sections {
        out.push_str(&format!("\n### {}\n\n", section.title));
        if !section.lines.is_empty() {
            out.push_str("| | |\n|---|---|\n");
        }
        for line in &section.lines {
            let row = row(line);
            if out.chars().count() + row.chars().count() > LONGEST {
                left_out += 1;
            } else {
                out.push_str(&row);
            }
        }
        if let Some(remark) = &section.remark {
            out.push_str(&format!("{}\n", escaped(remark)));
        }
    }
    if left_out > 0 {
        out.push_str(&format!(
            "\n{left_out} more, for which there is no room here: `pgflakegen diff` shows all.\n"
        ));
    }
    out
}

fn row(line: &Line) -> String {
    let name = escaped(&line.name);
    let name = match line.change {
        Change::Added => format!("**{name}**"),
        Change::Removed => format!("~~{name}~~"),
        Change::Changed => name,
    };
    let mut cell = String::new();
    for piece in &line.pieces {
        match piece {
            Piece::Text(text) => cell.push_str(&inner(text)),
            Piece::Link { text, address: to } => match address(to) {
                Some(to) => cell.push_str(&format!("[{}]({to})", inner(text))),
                None => cell.push_str(&inner(text)),
            },
        }
    }
    for below in &line.below {
        cell.push_str(&format!("<br>{}", escaped(below)));
    }
    format!("| {name} | {cell} |\n")
}

/// A piece within a line: what begins it does not begin the line.
fn inner(text: &str) -> String {
    let blank = |text: &str| text.len() - text.trim_start().len();
    let (before, rest) = text.split_at(blank(text));
    format!("{before}{}", escaped(rest))
}
