//! What a repository's tags look like, where nobody has said it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::pattern::Pattern;
use super::versions::{Release, read_tags};
use crate::catalogue::version::{compare, is_prerelease};

/// A tag for each PostgreSQL, which without this would be a version with letters.
const FOR_EACH: [&str; 7] = [
    "v{version}-pg{postgresql}",
    "{version}-pg{postgresql}",
    "v{version}-PG{postgresql}",
    "{version}-PG{postgresql}",
    "pg{postgresql}-v{version}",
    "pg{postgresql}-{version}",
    "PG{postgresql}-{version}",
];

/// What tags usually look like.
const USUAL: [&str; 10] = [
    "v{version}",
    "{version}",
    "ver_{version}",
    "REL_{version_}",
    "REL{postgresql}_{version_}",
    "REL{version_}",
    "release-{version}",
    "PG{postgresql}/v{version}-rc0",
    "PG{postgresql}/v{version}",
    "*_{version_}",
];

/// What else a repository of several things calls the one for PostgreSQL.
const EXTENSION: [&str; 6] = ["ext", "extension", "pg", "pg-extension", "postgres", "postgresql"];

/// What the tags tell.
#[derive(Debug)]
pub enum Tags {
    /// They are like this, and name these releases; oldest first.
    Like(Pattern, Vec<Release>),
    /// They are of several things, of which none has the extension's name.
    Several(Vec<Pattern>),
    /// None has a version in it.
    Nothing,
}

struct Candidate {
    pattern: Pattern,
    releases: Vec<Release>,
    /// How many tags it is worth.
    worth: usize,
    /// Whether it says more than how upstream writes versions.
    telling: bool,
}

impl Candidate {
    fn of(text: &str, tags: &[&str], telling: bool) -> Option<Self> {
        let pattern = Pattern::parse(text).ok()?;
        let mut releases = read_tags(tags.iter().copied(), std::slice::from_ref(&pattern));
        releases.sort_by(|a, b| compare(&a.version, &b.version));
        // A number before 10 is no PostgreSQL's, but a version's first.
        let plausible = releases.iter().all(|release| release.major.is_none_or(|major| major >= 10));
        // They must be worth it: what `*` stands for is not known, and where most tags end in -rc0 that is
        // upstream's way to write a release.
        let worth = match text {
            "*_{version_}" => releases.len() / 3,
            "PG{postgresql}/v{version}" => releases.len() * 2 / 3,
            _ => releases.len(),
        };
        (plausible && !releases.is_empty()).then_some(Self { pattern, releases, worth, telling })
    }

    fn newest(&self) -> Option<&str> {
        newest(self.releases.iter()).map(|release| release.version.as_str())
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        match (self.newest(), other.newest()) {
            (Some(own), Some(other)) => compare(own, other) == Ordering::Greater,
            _ => false,
        }
    }
}

/// How the tags of the extension `name` look: as most do, or as those that say whose they are, if these are newer.
pub fn read(tags: &[String], name: &str) -> Tags {
    let all: Vec<&str> = tags.iter().map(String::as_str).collect();
    let mut candidates: Vec<Candidate> =
        FOR_EACH.iter().filter_map(|text| Candidate::of(text, &all, true)).collect();
    let claimed = |tag: &&str| candidates.iter().any(|candidate| candidate.pattern.read(tag).is_some());
    let rest: Vec<&str> = all.iter().copied().filter(|tag| !claimed(tag)).collect();
    candidates.extend(USUAL.iter().filter_map(|text| Candidate::of(text, &rest, false)));
    let (own, others) = families(&rest, name);
    candidates.extend(own.iter().filter_map(|text| Candidate::of(text, &rest, true)));
    // Of equals the first: the more general ones come later.
    let usual = candidates.iter().reduce(|best, next| if next.worth > best.worth { next } else { best });
    let telling = candidates
        .iter()
        .filter(|candidate| candidate.telling)
        .find(|candidate| usual.is_some_and(|usual| !usual.telling && candidate.is_newer_than(usual)));
    let best = telling.or(usual).map(|best| best.pattern.to_string());
    match candidates.into_iter().find(|candidate| Some(candidate.pattern.to_string()) == best) {
        Some(Candidate { pattern, releases, .. }) => Tags::Like(pattern, releases),
        None if others.is_empty() => Tags::Nothing,
        None => Tags::Several(others.iter().filter_map(|text| Pattern::parse(text).ok()).collect()),
    }
}

/// Tags of several things in one repository, `ext-v1.0` and `lib-v2.0`: the patterns of the extension's own, and
/// those of the others where there are no own ones.
fn families(tags: &[&str], name: &str) -> (Vec<String>, Vec<String>) {
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for prefix in tags.iter().filter_map(|tag| before_version(tag)) {
        *families.entry(prefix).or_default() += 1;
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let whose = |prefix: &str| {
        let prefix = prefix.strip_suffix('v').unwrap_or(prefix).trim_end_matches(['-', '_', '/']);
        [plain(prefix), plain(prefix.rsplit('/').next().unwrap_or(prefix))]
    };
    let named = |names: &[&str]| -> Vec<&str> {
        let is = |prefix: &&str| whose(prefix).iter().any(|whose| names.contains(&whose.as_str()));
        families.keys().copied().filter(is).collect()
    };
    let pattern = |prefix: &&str| format!("{prefix}{{version}}");
    let name = plain(name);
    for own in [named(&[&name]), named(&EXTENSION), families.keys().copied().collect()] {
        if let [_] = own[..] {
            return (own.iter().map(pattern).collect(), Vec::new());
        }
    }
    (Vec::new(), families.keys().map(pattern).collect())
}

/// What stands before a tag's version, where that is set apart: `ext-v` of `ext-v1.0`.
fn before_version(tag: &str) -> Option<&str> {
    let starts = |at: usize| {
        let before = &tag[..at];
        let before = before.strip_suffix('v').unwrap_or(before);
        tag[at..].starts_with(|c: char| c.is_ascii_digit()) && before.ends_with(['-', '_', '/'])
    };
    let at = tag.char_indices().map(|(at, _)| at).find(|at| starts(*at))?;
    let odd = |text: &str, marks: &[char]| text.contains(marks);
    (!odd(&tag[..at], &['{', '}', '*']) && !odd(&tag[at..], &['_', '/'])).then_some(&tag[..at])
}

/// The newest release: a stable one of upstream's own, where there is one. What letters in a version mean nobody
/// knows, so one without is taken, unless most have some.
pub fn newest<'a>(releases: impl DoubleEndedIterator<Item = &'a Release> + Clone) -> Option<&'a Release> {
    // `+` adds what somebody else made of it.
    let good = |release: &&Release| !is_prerelease(&release.version) && !release.version.contains('+');
    let plain = |release: &&Release| !release.version.bytes().any(|byte| byte.is_ascii_alphabetic());
    let mut newest_first = releases.rev().clone();
    let good_ones = newest_first.clone().filter(good);
    let usual = 2 * good_ones.clone().filter(plain).count() >= good_ones.clone().count();
    let found = if usual { good_ones.clone().find(plain) } else { None };
    found.or_else(|| good_ones.clone().next()).or_else(|| newest_first.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_what_they_are_like() {
        let cases: [(&[&str], &str); 14] = [
            (&["v1.0", "v1.1"], "v{version} 1.1"),
            (&["1.0", "v1.1", "1.2"], "{version} 1.2"),
            (&["v1.2.2-pg16", "v1.2.3-pg16", "v1.2.3-pg17"], "v{version}-pg{postgresql} 1.2.3"),
            (&["1.2.3-PG16", "1.2.3-PG17"], "{version}-PG{postgresql} 1.2.3"),
            (&["pg16-v1.2", "pg17-v1.2"], "pg{postgresql}-v{version} 1.2"),
            // Upstream has begun with it; or had it once.
            (&["v1.0", "v1.1", "v1.2", "v2.0-pg17"], "v{version}-pg{postgresql} 2.0"),
            (&["v1.0-pg12", "v1.1", "v1.2"], "v{version} 1.2"),
            (&["mine-v1.0", "lib-v2.0", "lib-v2.1"], "mine-v{version} 1.0"),
            (&["libs/other/v3.0", "libs/mine/v1.0"], "libs/mine/v{version} 1.0"),
            (&["ext-v1.0", "lib-v2.0"], "ext-v{version} 1.0"),
            (&["thing-1.4", "thing-1.5"], "thing-{version} 1.5"),
            (&["v1.0", "v1.1", "v1.2", "mine-2.0", "web-9"], "mine-{version} 2.0"),
            (&["cli-v1.0", "lib-v2.0"], "cli-v{version} lib-v{version}"),
            (&["nightly", "latest"], ""),
        ];
        for (tags, expected) in cases {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let found = match read(&tags, "mine") {
                Tags::Like(pattern, releases) => {
                    format!("{pattern} {}", newest(releases.iter()).map_or("", |newest| &newest.version))
                }
                Tags::Several(patterns) => {
                    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                }
                Tags::Nothing => String::new(),
            };
            assert_eq!(found, expected, "{tags:?}");
        }
    }
}
