//! Errors made readable: the message, the line of code, the way there.

use std::fmt::Write as _;

use super::error::Error;
use super::ir::Pos;
use super::shared::{Origin, Shared};

/// Frames shown unless the whole trace is wanted.
const SHORT: usize = 6;

fn place(shared: &Shared, pos: Pos) -> Option<(String, usize, usize, String)> {
    let place = shared.place(pos)?;
    let file = match place.file {
        Some(file) => String::from_utf8_lossy(&file).into_owned(),
        None => "«string»".to_owned(),
    };
    Some((file, place.line, place.column, place.text))
}

fn snippet(shared: &Shared, pos: Pos, out: &mut String) {
    let Some((file, line, column, text)) = place(shared, pos) else { return };
    let number = line.to_string();
    let gap = " ".repeat(number.len());
    let before: String = text
        .chars()
        .take(text.get(..column - 1).map_or(0, |t| t.chars().count()))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let _ = writeln!(out, "  at {file}:{line}:{column}");
    let _ = writeln!(out, "  {gap} |");
    let _ = writeln!(out, "  {number} | {text}");
    let _ = writeln!(out, "  {gap} | {before}^");
}

/// Whether a frame is in code of the user's own, not in the store or in nixpkgs' `lib`.
fn own(shared: &Shared, pos: Pos) -> bool {
    match shared.locate(pos).map(|(source, _)| source.origin) {
        Some(Origin::File(file)) => {
            let store = shared.store.as_str().as_bytes();
            !file.starts_with(store) && !file.windows(5).any(|part| part == b"/lib/")
        }
        Some(Origin::Text(text)) => !text.contains("derivationStrict"),
        None => false,
    }
}

/// The first line, as Nix words it.
pub fn headline(shared: &Shared, error: &Error) -> String {
    match error.other_pos.and_then(|pos| place(shared, pos)) {
        Some((file, line, column, _)) => format!("{} at {file}:{line}:{column}", error.message),
        None => error.message.to_string(),
    }
}

/// The error as the terminal shows it. `full` shows every frame in the order of evaluation;
/// otherwise the user's own frames come first, and of the others a few.
pub fn render(shared: &Shared, error: &Error, full: bool) -> String {
    let mut out = format!("error: {}\n", headline(shared, error));
    snippet(shared, error.pos, &mut out);
    match error.suggestions.as_slice() {
        [] => {}
        [one] => {
            let _ = writeln!(out, "  did you mean '{one}'?");
        }
        many => {
            let _ = writeln!(out, "  did you mean one of '{}'?", many.join("', '"));
        }
    }
    let mut frames: Vec<_> =
        error.frames().into_iter().filter(|frame| full || !frame.text.is_empty()).collect();
    frames.dedup_by(|a, b| a == b);
    if !full {
        let (own, other): (Vec<_>, Vec<_>) = frames.iter().partition(|frame| own(shared, frame.pos));
        let total = frames.len();
        frames = own.into_iter().take(SHORT).collect();
        let left = SHORT.saturating_sub(frames.len());
        frames.extend(other.into_iter().take(left));
        for frame in &frames {
            line(shared, frame, &mut out);
        }
        let hidden = total - frames.len() + error.frames_left_out();
        if hidden > 0 {
            let _ = writeln!(out, "  … {hidden} more; see all with --show-trace");
        }
    } else {
        for frame in &frames {
            line(shared, frame, &mut out);
        }
        if error.frames_left_out() > 0 {
            let _ = writeln!(out, "  … {} more", error.frames_left_out());
        }
    }
    out
}

fn line(shared: &Shared, frame: &super::error::Frame, out: &mut String) {
    let _ = write!(out, "  … {}", frame.text);
    if let Some((file, line, column, _)) = place(shared, frame.pos) {
        let _ = write!(out, "\n      at {file}:{line}:{column}");
    }
    out.push('\n');
}
