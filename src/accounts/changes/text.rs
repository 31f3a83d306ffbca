//! For a terminal.

use super::shown::{Piece, sections};
use super::{Change, Document};
use crate::diag::foreign;

/// A line for each thing that differs, the address of what changed behind it.
pub fn text(document: &Document<'_>) -> String {
    let mut out = String::new();
    for section in sections(document) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(section.title);
        out.push('\n');
        let width = section.lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
        for line in &section.lines {
            let mark = match line.change {
                Change::Added => '+',
                Change::Removed => '-',
                Change::Changed => '~',
            };
            out.push_str(&format!("{mark} {:width$}  ", foreign::line(&line.name)));
            let mut addresses = Vec::new();
            for piece in &line.pieces {
                match piece {
                    Piece::Text(text) => out.push_str(&foreign::line(text)),
                    Piece::Link { text, address } => {
                        out.push_str(&foreign::line(text));
                        addresses.push(foreign::line(address));
                    }
                }
            }
            for address in addresses {
                out.push_str("  ");
                out.push_str(&address);
            }
            out.push('\n');
            for below in &line.below {
                out.push_str(&format!("    {}\n", foreign::line(below)));
            }
        }
        if let Some(remark) = &section.remark {
            out.push_str(&format!("  {}\n", foreign::line(remark)));
        }
    }
    out
}
