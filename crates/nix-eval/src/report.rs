//! Errors made readable: the message, the line of code, the way there.

use std::fmt::Write as _;

use super::error::{Error, Frame};
use super::hints;
use super::ir::Pos;
use super::shared::{Origin, Shared};

/// Frames shown unless the whole trace is wanted.
const SHORT: usize = 6;

fn place(shared: &Shared, pos: Pos) -> Option<(String, usize, usize, String)> {
    let place = shared.place(pos)?;
    let file = match place.file {
        Some(file) => {
            let file = shared.known_as(&file).map_or(file, |origin| origin.path);
            String::from_utf8_lossy(&file).into_owned()
        }
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
            if let Some(origin) = shared.known_as(&file) {
                return origin.own;
            }
            let store = shared.store.as_str().as_bytes();
            !file.starts_with(store) && !file.windows(5).any(|part| part == b"/lib/")
        }
        Some(Origin::Text(_)) => true,
        Some(Origin::Ours { .. }) | None => false,
    }
}

/// The first line, as Nix words it.
pub fn headline(shared: &Shared, error: &Error) -> String {
    match error.other_pos.and_then(|pos| place(shared, pos)) {
        Some((file, line, column, _)) => format!("{} at {file}:{line}:{column}", error.message),
        None => error.message.to_string(),
    }
}

/// A warning with its place.
pub fn warning(shared: &Shared, pos: Pos, what: &str) -> String {
    let mut out = format!("warning: {what}\n");
    snippet(shared, pos, &mut out);
    out.truncate(out.trim_end().len());
    out
}

/// As [`render`], of what has no place.
pub fn render_without_place(error: &Error) -> String {
    let mut out = format!("error: {}\n", error.message);
    suggestions(error, &mut out);
    out
}

fn suggestions(error: &Error, out: &mut String) {
    match error.suggestions.as_slice() {
        [] => {}
        [one] => {
            let _ = writeln!(out, "  did you mean '{one}'?");
        }
        many => {
            let _ = writeln!(out, "  did you mean one of '{}'?", many.join("', '"));
        }
    }
}

/// The error as the terminal shows it. `full` shows every frame in the order of evaluation;
/// otherwise the user's own frames come first, and of the others a few.
pub fn render(shared: &Shared, error: &Error, full: bool) -> String {
    let mut out = format!("error: {}\n", headline(shared, error));
    let frames = error.frames();
    // What has no place of its own is at that of the innermost step which has one.
    let mut at = error.pos;
    if shared.place(at).is_none() && error.other_pos.is_none() {
        at = frames.iter().map(|frame| frame.pos).find(|pos| shared.place(*pos).is_some()).unwrap_or(at);
    }
    snippet(shared, at, &mut out);
    suggestions(error, &mut out);
    hints::add(shared, error, &mut out);
    if full {
        // All of it, as it is.
        frames.iter().for_each(|frame| line(shared, frame, &mut 0, &mut out));
        if error.frames_left_out() > 0 {
            let _ = writeln!(out, "  … {} more", error.frames_left_out());
        }
        return out;
    }
    let mut last = at;
    let (cycle, way) = frames.split_at(error.cycle_frames().min(frames.len()));
    let cycle = joined(shared, cycle);
    if !cycle.is_empty() {
        out.push_str("  it needs itself:\n");
        cycle.iter().take(2 * SHORT).for_each(|frame| line(shared, frame, &mut last, &mut out));
        if cycle.len() > 2 * SHORT {
            let _ = writeln!(out, "  … {} more of the cycle", cycle.len() - 2 * SHORT);
        }
        if !way.is_empty() {
            out.push_str("  it is needed:\n");
        }
    }
    let way = joined(shared, way);
    let (own, other): (Vec<_>, Vec<_>) = way.iter().partition(|frame| own(shared, frame.pos));
    let mut shown: Vec<_> = own.into_iter().take(SHORT).collect();
    let left = SHORT.saturating_sub(shown.len());
    shown.extend(other.into_iter().take(left));
    shown.iter().for_each(|frame| line(shared, frame, &mut last, &mut out));
    let hidden = way.len() - shown.len() + error.frames_left_out();
    if hidden > 0 {
        let _ = writeln!(out, "  … {hidden} more; see all with --show-trace");
    }
    out
}

/// Frames with what belongs together in one: a function and the place that calls it, an attribute's
/// use and its definition.
fn joined(shared: &Shared, frames: &[&Frame]) -> Vec<Frame> {
    let mut all: Vec<Frame> = Vec::with_capacity(frames.len());
    for frame in frames.iter().filter(|frame| !frame.text.is_empty()) {
        match all.last_mut() {
            Some(last) if frame.text == "from call site" && last.text.starts_with("while calling") => {
                if frame.pos != 0 {
                    last.pos = frame.pos;
                }
            }
            Some(last)
                if last.text.starts_with(DEFINITION)
                    && frame.text.strip_prefix(ATTRIBUTE) == last.text.strip_prefix(DEFINITION) =>
            {
                last.text.clone_from(&frame.text);
                if own(shared, frame.pos) && !own(shared, last.pos) {
                    last.pos = frame.pos;
                }
            }
            Some(last) if last == *frame => {}
            _ => all.push((*frame).clone()),
        }
    }
    // A function that calls itself.
    all.dedup();
    all
}

/// As the machine words the two frames of an attribute.
const DEFINITION: &str = "from the definition of ";
const ATTRIBUTE: &str = "while evaluating the attribute ";

/// A step; `last` is the place that was said before it, which is not said again.
fn line(shared: &Shared, frame: &Frame, last: &mut Pos, out: &mut String) {
    let _ = write!(out, "  … {}", frame.text);
    if frame.pos != *last
        && let Some((file, line, column, _)) = place(shared, frame.pos)
    {
        let _ = write!(out, "\n      at {file}:{line}:{column}");
        *last = frame.pos;
    }
    out.push('\n');
}
