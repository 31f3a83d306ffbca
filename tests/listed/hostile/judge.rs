//! What may not be: in how a command ended, in what it printed, in what it changed.

use crate::hostile::world::{Listing, Ran, SECRETS};

/// It ended by itself, with one of the exit codes that there are.
pub fn ending(ran: &Ran) -> Option<String> {
    match &ran.status {
        Err(why) => Some(why.clone()),
        Ok(status) if matches!(status.code(), Some(0..=2)) => None,
        Ok(status) => Some(format!("{status}: {}", tail(&ran.stderr))),
    }
}

fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(3)..].join(" / ").escape_debug().to_string()
}

/// Characters that do something to a terminal, or make a text look like another.
fn acts(c: char) -> bool {
    let bidi =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() && c != '\n' && c != '\t' || bidi || line
}

/// Commands of a workflow's log that are ours, as `--format github` prints them.
fn is_ours(line: &str, github: bool) -> bool {
    let Some(rest) = line.strip_prefix("::").filter(|_| github) else { return false };
    let word: String = rest.chars().take_while(|c| !matches!(c, ' ' | ':')).collect();
    let begins = ["error", "warning", "notice", "stop-commands"].contains(&word.as_str());
    // The end of a block whose commands were stopped: its name cannot be guessed.
    begins || word.len() >= 16 && rest[word.len()..] == *"::"
}

/// What is wrong with a text: secrets, raw characters, workflow commands that are not ours.
pub fn text(bytes: &[u8], github: bool, exact: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let lossy = String::from_utf8_lossy(bytes);
    for secret in SECRETS.iter().filter(|secret| lossy.contains(*secret)) {
        wrong.push(format!("tells {secret}"));
    }
    if exact {
        return wrong;
    }
    if std::str::from_utf8(bytes).is_err() {
        wrong.push("is not UTF-8".into());
    }
    if let Some(at) = lossy.find(acts) {
        let start = lossy[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = lossy[start..].lines().next().unwrap_or_default();
        wrong.push(format!("is raw: {}", line.chars().take(200).collect::<String>().escape_debug()));
    }
    // GitHub's runner takes what follows blanks, too, and the older `##[command]` anywhere in a line.
    let mut stopped = false;
    for line in lossy.lines() {
        let bare = line.trim_start();
        if is_ours(bare, github) {
            stopped = bare.starts_with("::stop-commands::");
            continue;
        }
        if !stopped && (bare.starts_with("::") || line.contains("##[")) {
            wrong.push(format!("has a workflow command: {}", line.escape_debug()));
            break;
        }
    }
    wrong
}

/// What changed and may not.
pub fn changes(before: &Listing, after: &Listing, may: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, state) in before.iter().filter(|(path, _)| !may(path)) {
        match after.get(path) {
            None => wrong.push(format!("removes {path}")),
            Some(now) if now != state => wrong.push(format!("changes {path}: {state} → {now}")),
            Some(_) => {}
        }
    }
    wrong.extend(
        after
            .keys()
            .filter(|path| !before.contains_key(*path) && !may(path))
            .map(|path| format!("makes {path}")),
    );
    wrong
}
