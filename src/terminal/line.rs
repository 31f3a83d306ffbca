//! The line of progress as text, never wider than it may be.

use std::time::Instant;

use unicode_width::UnicodeWidthChar as _;

use super::progress::Doing;

/// Columns of the bar, and how wide a terminal must be to have one.
const BAR: usize = 20;
const ROOM: usize = 72;

pub(super) fn of(doing: &Doing, now: Instant, width: usize) -> String {
    let mut text = doing.what.to_owned();
    if doing.total > 0 {
        text += &format!(" {} of {}", doing.done.min(doing.total), doing.total);
        if width >= ROOM {
            let full = doing.done.min(doing.total) * BAR / doing.total;
            text += &format!(" [{}{}]", "=".repeat(full), " ".repeat(BAR - full));
        }
    }
    let Some(slowest) = doing.running.values().next() else {
        text += &seconds(now, doing.since);
        return cut(&text, width);
    };
    let mut end = String::new();
    match slowest.of {
        Some(of) if of > 0 => end += &format!(" {} of {}", size(slowest.bytes), size(of)),
        _ if slowest.bytes > 0 => end += &format!(" {}", size(slowest.bytes)),
        _ => {}
    }
    end += &seconds(now, slowest.since);
    // The name is what can be shortened.
    let room = width.saturating_sub(1 + wide(&text) + 1 + wide(&end));
    if room > 0 {
        text += " ";
        text += &cut(&slowest.name, room + 1);
    }
    text += &end;
    cut(&text, width)
}

fn seconds(now: Instant, since: Instant) -> String {
    match now.duration_since(since).as_secs() {
        0 => String::new(),
        seconds @ 1..60 => format!(" {seconds} s"),
        seconds => format!(" {}:{:02} min", seconds / 60, seconds % 60),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

fn wide(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(1)).sum()
}

/// At most `width - 1` columns of it: a terminal wraps what reaches its last one. Names come from outside, so what
/// is no printable character is shown as `?`.
fn cut(text: &str, width: usize) -> String {
    let limit = width.saturating_sub(1);
    let text: String = text.chars().map(|c| if c.width().is_none_or(|w| w == 0) { '?' } else { c }).collect();
    if wide(&text) <= limit {
        return text;
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(1);
        if used >= limit {
            break;
        }
        out.push(c);
    }
    if limit > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::progress::Running;
    use super::*;

    fn doing(done: usize, total: usize, running: &[(&str, u64, u64, Option<u64>)], now: Instant) -> Doing {
        let running = running.iter().enumerate().map(|(number, (name, age, bytes, of))| {
            let since = now - Duration::from_secs(*age);
            (number as u64, Running { name: (*name).to_owned(), since, bytes: *bytes, of: *of })
        });
        let running: BTreeMap<_, _> = running.collect();
        Doing::new("fetching", now - Duration::from_secs(75), done, total, running)
    }

    #[test]
    fn says_what_is_done_of_how_many_and_the_slowest() {
        let now = Instant::now();
        let two = [("timescaledb 2.19.0", 12, 3_140_000, Some(12_400_000)), ("pgvector", 1, 0, None)];
        assert_eq!(
            of(&doing(3, 12, &two, now), now, 90),
            "fetching 3 of 12 [=====               ] timescaledb 2.19.0 3.1 MB of 12.4 MB 12 s"
        );
        assert_eq!(
            of(&doing(3, 12, &two, now), now, 60),
            "fetching 3 of 12 timescaledb 2.19.0 3.1 MB of 12.4 MB 12 s"
        );
        assert_eq!(
            of(&doing(3, 12, &two, now), now, 43),
            "fetching 3 of 12 3.1 MB of 12.4 MB 12 s".replacen("12 3", "12 t… 3", 1)
        );
        assert_eq!(of(&doing(0, 0, &[], now), now, 80), "fetching 1:15 min");
    }

    #[test]
    fn is_never_as_wide_as_the_terminal() {
        let now = Instant::now();
        let names = [("数据库的扩展数据库的扩展 \u{1b}[31m\u{202e}\u{9b}", 61, 5_000, None)];
        for width in 0..120 {
            let line = of(&doing(7, 9, &names, now), now, width);
            assert!(wide(&line) < width.max(1), "{width}: {line}");
            assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{line}");
        }
    }
}
