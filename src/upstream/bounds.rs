//! Which versions of PostgreSQL a distribution of PGXN says it is for: the version ranges of its META.json.

use serde_json::Value;

/// No PostgreSQL is taken for one that has more minor versions.
const MINORS: u32 = 100;

/// Majors before this one have two numbers, and those after the other are not there yet.
const MAJORS: std::ops::Range<u32> = 10..100;

type Version = (u32, u32, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Least,
    Above,
    Most,
    Below,
    Exactly,
    Not,
}

/// All of these hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    all: Vec<(Sign, Version)>,
    /// As upstream wrote them.
    pub text: String,
}

fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|part| part.trim().parse().ok());
    let version = (numbers.next()??, numbers.next().unwrap_or(Some(0))?, numbers.next().unwrap_or(Some(0))?);
    numbers.next().is_none().then_some(version)
}

impl Bounds {
    /// Reads a version range: `>= 15.0.0, < 18.0.0`; a version alone is the least.
    pub fn parse(text: &str) -> Option<Self> {
        let signs = [
            (">=", Sign::Least),
            ("<=", Sign::Most),
            ("==", Sign::Exactly),
            ("!=", Sign::Not),
            (">", Sign::Above),
            ("<", Sign::Below),
            ("=", Sign::Exactly),
        ];
        let one = |part: &str| {
            let part = part.trim();
            let signed = signs.iter().find_map(|(text, sign)| Some((*sign, part.strip_prefix(text)?)));
            let (sign, number) = signed.unwrap_or((Sign::Least, part));
            Some((sign, version(number.trim())?))
        };
        let all = text.split(',').map(one).collect::<Option<Vec<_>>>()?;
        Some(Self { all, text: text.to_owned() })
    }

    /// Those of a META.json, of either version of its specification; `None` where it says nothing that is
    /// understood.
    pub fn of_meta(meta: &Value) -> Option<Self> {
        let phases = ["configure", "build", "runtime"];
        let required = phases.iter().filter_map(|phase| meta.pointer(&format!("/prereqs/{phase}/requires")));
        let required = required.filter_map(Value::as_object).flatten();
        let required = required.filter(|(name, _)| name.eq_ignore_ascii_case("postgresql"));
        let newer = meta.pointer("/dependencies/postgres/version");
        let mut texts: Vec<String> = Vec::new();
        for value in required.map(|(_, value)| value).chain(newer) {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Self::parse(&texts.join(", "))
    }

    /// Whether a version of this major is among them.
    pub fn admits(&self, major: u32) -> bool {
        (0..MINORS).any(|minor| {
            let version = (major, minor, 0);
            self.all.iter().all(|(sign, bound)| match sign {
                Sign::Least => version >= *bound,
                Sign::Above => version > *bound,
                Sign::Most => version <= *bound,
                Sign::Below => version < *bound,
                Sign::Exactly => version == *bound,
                Sign::Not => version != *bound,
            })
        })
    }

    /// As a range of the catalogue, from `lowest` on; `None` where they exclude nothing, or all.
    pub fn range(&self, lowest: u32) -> Option<String> {
        let admitted = |from: u32| (from..MAJORS.end).filter(|major| self.admits(*major));
        let first = MAJORS.into_iter().find(|major| self.admits(*major))?;
        let last = admitted(first).next_back()?;
        // A range has no holes, and neither have bounds but for `!=`, which leaves the other minor versions.
        let from = admitted(lowest.max(first)).next().unwrap_or(first);
        match (first == MAJORS.start, last + 1 == MAJORS.end) {
            (true, true) => None,
            (_, true) => Some(format!(">={from}")),
            _ => Some(format!(">={from}, <{}", last + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign() {
        for (text, range, majors) in [
            ("16.0.0", Some(">=16"), &[16, 17, 18][..]),
            (">= 9.1.0", None, &[15, 16, 17, 18]),
            ("0", None, &[15, 16, 17, 18]),
            (">= 16.5.0", Some(">=16"), &[16, 17, 18]),
            ("> 16.99.0", Some(">=17"), &[17, 18]),
            ("> 17", Some(">=17"), &[17, 18]),
            ("< 17.0.0", Some(">=15, <17"), &[15, 16]),
            ("<17.2", Some(">=15, <18"), &[15, 16, 17]),
            ("<= 16.99.0", Some(">=15, <17"), &[15, 16]),
            ("<= 17.0.0", Some(">=15, <18"), &[15, 16, 17]),
            ("== 16.4.0", Some(">=16, <17"), &[16]),
            ("=16.4", Some(">=16, <17"), &[16]),
            (">= 15.0.0, < 17.0.0", Some(">=15, <17"), &[15, 16]),
            (">= 12.0.0, != 16.2.0", Some(">=15"), &[15, 16, 17, 18]),
            (">= 12.0.0, != 16.2.0, <18.0.0", Some(">=15, <18"), &[15, 16, 17]),
            ("< 13", Some(">=10, <13"), &[]),
            (">= 17, < 16", None, &[]),
        ] {
            let bounds = Bounds::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(bounds.range(15).as_deref(), range, "{text}");
            let admitted: Vec<u32> = (15..19).filter(|major| bounds.admits(*major)).collect();
            assert_eq!(admitted, majors, "{text}");
        }
        for text in ["", "~> 16", "16.x", "latest", "1.2.3.4"] {
            assert_eq!(Bounds::parse(text), None, "{text}");
        }
    }

    #[test]
    fn where_they_stand() {
        let of = |json: &str| {
            let bounds = Bounds::of_meta(&serde_json::from_str(json).unwrap())?;
            bounds.range(15)
        };
        let runtime = |value: &str| {
            format!(r#"{{"prereqs": {{"runtime": {{"requires": {{"postgresql": {value}}}}}}}}}"#)
        };
        assert_eq!(of(&runtime("17")).as_deref(), Some(">=17"));
        assert_eq!(of(&runtime("17.0")).as_deref(), Some(">=17"));
        assert_eq!(of(&runtime("null")), None);
        let both = r#"{"prereqs": {"build": {"requires": {"PostgreSQL": ">= 16"}}, "runtime": {"requires": {"PostgreSQL": "< 18"}},
            "test": {"requires": {"PostgreSQL": ">= 17"}}}}"#;
        assert_eq!(of(both).as_deref(), Some(">=16, <18"));
        assert_eq!(
            of(r#"{"dependencies": {"postgres": {"version": "< 17"}}}"#).as_deref(),
            Some(">=15, <17")
        );
        assert_eq!(of("{}"), None);
    }
}
