//! Texts that no person wrote: what git makes of two generated versions, with or without marks of a conflict, and
//! what a power cut leaves of one.

use std::collections::{HashMap, HashSet};

use similar::DiffOp;

use crate::difference;
use crate::render::marker;

/// The text with `\n` alone at the ends of lines, as we write it and git keeps it.
pub fn unix(text: String) -> String {
    if text.contains("\r\n") { text.replace("\r\n", "\n") } else { text }
}

/// Whether `text` is what can be left of `whole` when it did not all reach the disk: a beginning of it, or one
/// followed by zeros.
pub fn is_torn(text: &str, whole: &str) -> bool {
    let rest = text.trim_end_matches('\0');
    text != whole && whole.starts_with(rest)
}

/// Whether a line is one of git's marks of a conflict.
fn is_mark(line: &str, mark: char) -> bool {
    let rest = line.trim_start_matches(mark);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}

/// Whether there are marks of a conflict.
pub fn has_marks(text: &str) -> bool {
    text.lines().any(|line| is_mark(line, '<')) && text.lines().any(|line| is_mark(line, '>'))
}

/// The lines without marks of a conflict, and without what stands there of the common ancestor.
fn sides(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut inside, mut ancestor) = (false, false);
    for line in text.lines() {
        if is_mark(line, '<') {
            inside = true;
        } else if inside && is_mark(line, '|') {
            ancestor = true;
        } else if inside && is_mark(line, '=') {
            ancestor = false;
        } else if inside && is_mark(line, '>') {
            (inside, ancestor) = (false, false);
        } else if !ancestor {
            lines.push(line);
        }
    }
    lines
}

/// The lines of one text that another one has, too, in that order. Only those that each has once: of lines such as
/// `};`, git's way of comparing keeps others than ours.
fn kept<'t>(of: &[&'t str], by: &[&str], once: impl Fn(&str) -> bool) -> HashSet<&'t str> {
    let lines: Vec<&str> = of.iter().copied().filter(|line| once(line)).collect();
    let others: Vec<&str> = by.iter().copied().filter(|line| once(line)).collect();
    let mut kept = HashSet::new();
    for step in difference::steps(&lines, &others) {
        if let DiffOp::Equal { old_index, len, .. } = step {
            kept.extend(&lines[old_index..old_index + len]);
        }
    }
    kept
}

fn is_subsequence<'t>(mut part: impl Iterator<Item = &'t str>, whole: &[&str]) -> bool {
    let mut whole = whole.iter();
    part.all(|line| whole.any(|other| *other == line))
}

/// Lines that change with every edit, in the files of earlier versions.
fn without_hashes(lines: Vec<&str>) -> Vec<&str> {
    lines.into_iter().filter(|line| !marker::is_hash_line(line)).collect()
}

/// How often each line is there.
type Counts<'t> = HashMap<&'t str, usize>;

fn counted<'t>(lines: &[&'t str]) -> Counts<'t> {
    let mut counts = HashMap::new();
    lines.iter().for_each(|line| *counts.entry(*line).or_default() += 1);
    counts
}

/// With more texts than this, finding out would take longer than it is worth.
const MOST: usize = 16;

/// Whether `text` is a mixture of two of the `known` texts as a merge makes it: every line stems from one of the
/// two, and what both have kept of a third, which they were made from, is all there. With marks of a conflict, or
/// when it is `settled` that nothing would be lost, a line may come more often than in either.
pub fn is_mixture(text: &str, known: &[&str], settled: bool) -> bool {
    let marked = has_marks(text);
    let lines = without_hashes(sides(text));
    let known: Vec<Vec<&str>> =
        known.iter().take(MOST).map(|text| without_hashes(text.lines().collect())).collect();
    let counts = counted(&lines);
    let tables: Vec<Counts<'_>> = known.iter().map(|lines| counted(lines)).collect();
    let of = |counts: &Counts<'_>, line: &str| counts.get(line).copied().unwrap_or(0);
    if !counts.keys().all(|line| tables.iter().any(|table| table.contains_key(line))) {
        return false;
    }
    for a in 0..known.len() {
        for b in 0..=a {
            if a == b && !marked {
                continue;
            }
            for (base, table) in known.iter().zip(&tables) {
                let stems = counts.iter().all(|(line, count)| {
                    let (x, y, z) = (of(&tables[a], line), of(&tables[b], line), of(table, line));
                    // What each side has added, on top of what there was.
                    let most = x.max(y).max((x + y).saturating_sub(z));
                    x + y > 0 && (settled || marked || *count <= most)
                });
                // What neither side has taken away.
                let whole = table.iter().all(|(line, z)| {
                    let left = of(&tables[a], line).min(*z) + of(&tables[b], line).min(*z);
                    of(&counts, line) >= left.saturating_sub(*z)
                });
                if !stems || !whole {
                    continue;
                }
                let once =
                    |line: &str| [&tables[a], &tables[b], table].iter().all(|counts| of(counts, line) == 1);
                let (in_a, in_b) = (kept(base, &known[a], once), kept(base, &known[b], once));
                let both = base.iter().filter(|line| in_a.contains(*line) && in_b.contains(*line));
                if is_subsequence(both.copied(), &lines) {
                    return true;
                }
            }
        }
    }
    false
}

/// The number, from zero, of the first line that no known text has; else of the first after which the text is not
/// like the one it is most like.
pub fn first_own_line(text: &str, known: &[&str]) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let all: HashSet<&str> = known.iter().flat_map(|text| text.lines()).collect();
    if let Some(at) = lines.iter().position(|line| !all.contains(line) && !marker::is_hash_line(line)) {
        return at;
    }
    let common = |other: &&str| lines.iter().zip(other.lines()).take_while(|(a, b)| **a == *b).count();
    known.iter().map(common).max().unwrap_or(0).min(lines.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "{\n  a = {\n    v = 1;\n  };\n  b = {\n    v = 1;\n  };\n}\n";

    fn versions() -> (String, String) {
        let new = |name: &str| {
            BASE.replace(&format!("  {name} = {{\n    v = 1;"), &format!("  {name} = {{\n    v = 2;"))
        };
        (new("a"), new("b"))
    }

    #[test]
    fn what_a_merge_makes_is_a_mixture() {
        let (a, b) = versions();
        let clean = a.replace("  b = {\n    v = 1;", "  b = {\n    v = 2;");
        let known = [a.as_str(), b.as_str(), BASE];
        assert!(is_mixture(&clean, &known, true));
        let marked = "{\n<<<<<<< HEAD\n  a = {\n    v = 2;\n||||||| base\n  z = gone;\n=======\n  a = {\n    v = 1;\n>>>>>>> other\n  };\n  b = {\n    v = 1;\n  };\n}\n";
        assert!(is_mixture(marked, &known, false));
        assert!(
            !is_mixture(&marked.replace("  b = {", "  c = {"), &known, false),
            "an edit beside the marks"
        );
    }

    #[test]
    fn lines_that_are_there_often_may_be_kept_in_another_way() {
        let entry = |name: &str, newest: &str| {
            let default = if newest.is_empty() { "1.1" } else { newest };
            let newest = if newest.is_empty() { String::new() } else { format!("    {newest}\n") };
            format!("  {name} = {{\n    default = {default};\n    1.0\n    1.1\n{newest}    ];\n  }};\n")
        };
        let whole = |entries: &[(&str, &str)]| {
            let entries: String = entries.iter().map(|(name, newest)| entry(name, newest)).collect();
            format!("{{\n{entries}}}\n")
        };
        let names = ["ab", "ac", "ba", "bb", "bc", "ca", "da", "db", "ea", "fa", "fb", "ga"];
        let base = whole(&names.map(|name| (name, "")));
        let ours: Vec<_> = names.into_iter().filter(|name| !["fa", "ga"].contains(name)).collect();
        let ours: Vec<_> = ours
            .into_iter()
            .map(|name| if name == "ac" { "ac_renamed" } else { name })
            .map(|name| (name, if name == "bb" { "1.22" } else { "" }))
            .collect();
        let bumped = [("ba", "1.18"), ("bc", "1.14"), ("da", "1.15"), ("fb", "1.16")];
        let bump = |name| bumped.iter().find(|(other, _)| *other == name).map_or("", |(_, newest)| newest);
        let mut theirs: Vec<_> = names.into_iter().map(|name| (name, bump(name))).collect();
        theirs.insert(1, ("ab_315", ""));
        let merged: Vec<_> = ours
            .iter()
            .map(|(name, newest)| (*name, if *name == "bb" { newest } else { bump(name) }))
            .collect();
        let marked = whole(&merged).replace(
            "  ac_renamed = {\n",
            &format!(
                "<<<<<<< HEAD\n  ac_renamed = {{\n=======\n{}  ac = {{\n>>>>>>> other\n",
                entry("ab_315", "")
            ),
        );
        let (ours, theirs) = (whole(&ours), whole(&theirs));
        let known = [ours.as_str(), theirs.as_str(), base.as_str()];
        assert!(is_mixture(&marked, &known, false));
        assert!(!is_mixture(&marked.replace("  bb = {\n", ""), &known, false), "a line less");
        let less = marked.replacen("    1.0\n", "", 4);
        assert!(!is_mixture(&less, &known, false), "lines less that are there often");
    }

    #[test]
    fn two_sides_that_take_different_parts_away() {
        let a = BASE.replace("  a = {\n    v = 1;\n  };\n", "");
        let b = BASE.replace("  b = {\n    v = 1;\n  };\n", "");
        assert!(is_mixture("{\n}\n", &[&a, &b, BASE], false));
    }

    #[test]
    fn an_edit_is_none() {
        let (a, b) = versions();
        for edit in [
            a.replace("v = 2;", "v = 3;"),
            a.replace("{\n  a", "{\n  # mine\n  a"),
            a.replacen("  };\n", "", 1),
            BASE.replacen("  b = {\n", "", 1),
            a.replace("    v = 2;", "    v = 2;\n    v = 2;\n    v = 2;\n    v = 1;\n    v = 1;"),
        ] {
            assert!(!is_mixture(&edit, &[&a, &b, BASE], false), "{edit}");
            assert!(!is_mixture(&edit, &[BASE], false), "{edit}");
        }
    }

    #[test]
    fn what_a_power_cut_leaves() {
        for torn in ["", "\0\0\0", "{\n  a", "{\n  a = {\n\0\0"] {
            assert!(is_torn(torn, BASE), "{torn:?}");
        }
        assert!(!is_torn(BASE, BASE) && !is_torn("{\n  b", BASE) && !is_torn("\0a", BASE));
    }
}
