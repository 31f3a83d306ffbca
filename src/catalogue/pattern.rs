//! Tags and the versions in them, as the key `tags` says what they look like: `v{version}`, `PG{postgresql}/v{version}-rc0`, `wal2json_{version_}`.

/// What a tag looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `{version}`.
    Version,
    /// `{version_}`: underscores for dots, as PostgreSQL's own tags have them.
    Underscored,
    /// `{postgresql}`: the major version that it is for.
    Postgresql,
    /// `*`.
    Any,
}

/// What a tag says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The version.
    pub version: String,
    /// The only PostgreSQL that it is for.
    pub major: Option<u32>,
}

/// A pattern that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pattern of tags: {1}")]
pub struct BadPattern(String, &'static str);

impl BadPattern {
    /// What is wrong with it.
    pub fn why(&self) -> &'static str {
        self.1
    }
}

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// When it has no version in it, or two, or an unknown placeholder.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let bad = |why| Err(BadPattern(text.to_owned(), why));
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(['{', '*']).unwrap_or(rest.len());
            if end > 0 {
                parts.push(Part::Literal(rest[..end].to_owned()));
                rest = &rest[end..];
                continue;
            }
            let known = [
                ("{version}", Part::Version),
                ("{version_}", Part::Underscored),
                ("{postgresql}", Part::Postgresql),
                ("*", Part::Any),
            ];
            let Some((name, part)) = known.into_iter().find(|(name, _)| rest.starts_with(name)) else {
                return bad("only {version}, {version_}, {postgresql} and * are known");
            };
            parts.push(part);
            rest = &rest[name.len()..];
        }
        let versions = parts.iter().filter(|part| matches!(part, Part::Version | Part::Underscored)).count();
        match versions {
            1 => Ok(Self { parts }),
            0 => bad("it has no {version}"),
            _ => bad("it has {version} more than once"),
        }
    }

    /// What `tag` was made from; `None`: it is not like that.
    pub fn infer(tag: &str, version: &str, majors: &[u32]) -> Option<Self> {
        let underscored = underscore(version);
        let (at, len, part) = match tag.rfind(version) {
            Some(at) => (at, version.len(), Part::Version),
            None => (tag.rfind(&underscored)?, underscored.len(), Part::Underscored),
        };
        // `2.7` is not what v2.7.11 is made from.
        let mut after = tag[at + len..].chars();
        let more = match after.next() {
            Some('.' | '_') => after.next().is_some_and(|c| c.is_ascii_digit()),
            next => next.is_some_and(|c| c.is_ascii_digit()),
        };
        if more {
            return None;
        }
        // A number that is the major version of all that take it, and stands alone, is that on purpose: once.
        let mut number = match majors {
            [major] => Some(major.to_string()),
            _ => None,
        };
        let mut around = |from: usize, to: usize| {
            let digit =
                |at: Option<usize>| at.and_then(|at| tag.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
            let text = &tag[from..to];
            let found = number.as_ref().and_then(|number| Some((text.find(number.as_str())?, number.len())));
            let alone =
                |at: usize, len: usize| !digit((from + at).checked_sub(1)) && !digit(Some(from + at + len));
            match found.filter(|(at, len)| alone(*at, *len)) {
                Some((at, len)) => {
                    number = None;
                    let [before, after] = [&text[..at], &text[at + len..]];
                    vec![Part::Literal(before.into()), Part::Postgresql, Part::Literal(after.into())]
                }
                None => vec![Part::Literal(text.to_owned())],
            }
        };
        let mut parts = around(0, at);
        parts.push(part);
        parts.extend(around(at + len, tag.len()));
        parts.retain(|part| *part != Part::Literal(String::new()));
        Some(Self { parts })
    }

    /// What a tag says, if it looks like this.
    pub fn read(&self, tag: &str) -> Option<Found> {
        fn go(parts: &[Part], rest: &str, found: &Found) -> Option<Found> {
            let Some((first, others)) = parts.split_first() else {
                return rest.is_empty().then(|| found.clone());
            };
            if let Part::Literal(literal) = first {
                return go(others, rest.strip_prefix(literal.as_str())?, found);
            }
            // Longest first; a tag is short.
            let longest = match first {
                Part::Any => rest.len(),
                Part::Postgresql => rest.bytes().take_while(u8::is_ascii_digit).count().min(3),
                _ => rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b".+~_-".contains(b)).count(),
            };
            (0..=longest).rev().filter(|end| rest.is_char_boundary(*end)).find_map(|end| {
                let (text, rest) = rest.split_at(end);
                let mut found = found.clone();
                match first {
                    Part::Any | Part::Literal(_) => {}
                    Part::Postgresql => found.major = Some(text.parse().ok()?),
                    Part::Version | Part::Underscored => {
                        if !text.starts_with(|c: char| c.is_ascii_digit()) {
                            return None;
                        }
                        found.version =
                            if *first == Part::Underscored { dotted(text) } else { text.to_owned() };
                    }
                }
                go(others, rest, &found)
            })
        }
        if tag.len() > 200 {
            return None;
        }
        go(&self.parts, tag, &Found::default())
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Version => f.write_str("{version}"),
            Part::Underscored => f.write_str("{version_}"),
            Part::Postgresql => f.write_str("{postgresql}"),
            Part::Any => f.write_str("*"),
        })
    }
}

/// `17.6` → `17_6`, `19beta1` → `19_BETA1`.
fn underscore(version: &str) -> String {
    let mut out = String::new();
    for c in version.chars() {
        match c {
            '.' | '-' => out.push('_'),
            c if c.is_ascii_alphabetic() => {
                if out.ends_with(|last: char| last.is_ascii_digit()) {
                    out.push('_');
                }
                out.push(c.to_ascii_uppercase());
            }
            c => out.push(c),
        }
    }
    out
}

/// `17_6` → `17.6`, `19_BETA1` → `19beta1`.
fn dotted(text: &str) -> String {
    let mut out = String::new();
    for part in text.split('_') {
        let word = part.starts_with(|c: char| c.is_ascii_alphabetic());
        if !out.is_empty() && !word {
            out.push('.');
        }
        out.push_str(&if word { part.to_ascii_lowercase() } else { part.to_owned() });
    }
    out
}

/// Whether `text` is like `pattern`, in which `*` stands for anything.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| glob(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_real_extensions() {
        let cases = [
            ("v{version}", "v0.8.1", Some(("0.8.1", None))),
            ("v{version}", "v0.8.1-rc1", Some(("0.8.1-rc1", None))),
            ("v{version}", "0.8.1", None),
            ("{version}", "release-1", None),
            ("ver_{version}", "ver_1.5.2", Some(("1.5.2", None))),
            ("wal2json_{version_}", "wal2json_2_6", Some(("2.6", None))),
            ("PG{postgresql}/v{version}-rc0", "PG17/v1.7.0-rc0", Some(("1.7.0", Some(17)))),
            ("PG{postgresql}/v{version}-rc0", "PG17/v1.7.0-rc1", None),
            ("REL{postgresql}_{version_}", "REL17_1_7_0", Some(("1.7.0", Some(17)))),
            ("REL_{version_}", "REL_17_6", Some(("17.6", None))),
            ("REL_{version_}", "REL_19_BETA1", Some(("19beta1", None))),
            ("REL_{version_}", "REL_18_RC1", Some(("18rc1", None))),
            ("patches{version}", "patches17_11", Some(("17_11", None))),
            ("*-{version}", "pg-jobmon-1.4", Some(("1.4", None))),
            ("v{version}-pg{postgresql}", "v1.2.3-pg17", Some(("1.2.3", Some(17)))),
            ("v{version}-pg{postgresql}", "v1.2.3", None),
        ];
        for (pattern, tag, expected) in cases {
            let found = Pattern::parse(pattern).unwrap().read(tag);
            let expected = expected.map(|(version, major)| Found { version: version.into(), major });
            assert_eq!(found, expected, "{pattern} {tag}");
        }
        for bad in ["v1", "{version}{version_}", "{major}", "{version"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_are_told_from_tags() {
        let cases: [(&str, &str, &[u32], Option<&str>); 12] = [
            ("v2.7.11", "2.7", &[15], None),
            ("v0.8.0", "0.8.0", &[15, 16], Some("v{version}")),
            ("wal2json_2_6", "2.6", &[14, 15], Some("wal2json_{version_}")),
            ("PG15/v1.5.0-rc0", "1.5.0", &[15], Some("PG{postgresql}/v{version}-rc0")),
            ("REL17_1_7_0", "1.7.0", &[17], Some("REL{postgresql}_{version_}")),
            ("REL_17_6", "17.6", &[17], Some("REL_{version_}")),
            ("REL_19_BETA1", "19beta1", &[19], Some("REL_{version_}")),
            ("v170.1", "0.1", &[17], Some("v17{version}")),
            ("v1.2.3-pg17", "1.2.3", &[17], Some("v{version}-pg{postgresql}")),
            ("v1.2.3-pg17", "1.2.3", &[16, 17], Some("v{version}-pg17")),
            ("pg17-1.2.3-17", "1.2.3", &[17], Some("pg{postgresql}-{version}-17")),
            ("main", "1.0", &[17], None),
        ];
        for (tag, version, majors, expected) in cases {
            let pattern = Pattern::infer(tag, version, majors).map(|pattern| pattern.to_string());
            assert_eq!(pattern.as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("1.*", "1.2", true),
            ("1.*", "2.1", false),
            ("*", "", true),
            ("*-rc*", "1-rc1", true),
            ("1", "11", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_inferred_pattern_reads_its_own_tag(version in "[0-9]{1,2}(\\.[0-9]{1,2}){0,3}", before in "[a-zA-Z_/]{0,6}", after in "(-[a-z]{1,3})?") {
            let tag = format!("{before}{version}{after}");
            let pattern = Pattern::infer(&tag, &version, &[]).unwrap();
            proptest::prop_assert!(pattern.read(&tag).is_some());
            proptest::prop_assert_eq!(Pattern::parse(&pattern.to_string()).unwrap(), pattern);
        }
    }
}
