//! Records of OSV, as osv.dev, GitHub and RustSec write them.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Vulnerability, score};
use crate::catalogue::version::compare;

/// One record.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    id: String,
    /// When it was changed: a day and a time.
    #[serde(default)]
    pub modified: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Clone, Debug, Deserialize)]
struct Severity {
    #[serde(default)]
    score: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<Package>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Package {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    repo: Option<String>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Clone, Debug, Deserialize)]
struct Event {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
}

/// The address of a repository in one form.
fn plain(address: &str) -> String {
    let address = address.trim_end_matches('/').trim_end_matches(".git");
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    address.trim_start_matches("www.").to_ascii_lowercase()
}

impl Record {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it says of something; `None`: it does not concern it. `answered`: a server has said that it does, which
    /// it can tell for commits, too.
    pub fn concerning(&self, asked: &Asked, answered: bool) -> Option<Vulnerability> {
        if self.withdrawn.is_some() {
            return None;
        }
        let about = |affected: &&Affected| affected.is_about(asked);
        let all: Vec<&Affected> = self.affected.iter().filter(about).collect();
        if !answered && !all.iter().any(|affected| affected.has(asked)) {
            return None;
        }
        let mut fixed: Vec<String> = all.iter().flat_map(|affected| affected.fixed()).collect();
        fixed.sort_by(|a, b| compare(a, b));
        fixed.dedup();
        let severities = all.iter().flat_map(|affected| &affected.severity).chain(&self.severity);
        let score = severities.filter_map(|severity| score(&severity.score)).reduce(f64::max);
        let summary = self.summary.clone().or_else(|| {
            let first = self.details.as_ref()?.lines().map(str::trim).find(|line| !line.is_empty())?;
            Some(first.trim_start_matches(['#', ' ']).chars().take(160).collect())
        });
        // Where an advisory has a word for it in place of a vector.
        let word =
            self.database_specific.get("severity").and_then(Value::as_str).map(str::to_ascii_lowercase);
        let by_word = || match word.as_deref()? {
            "critical" => Some(9.0),
            "high" => Some(7.0),
            "moderate" | "medium" => Some(4.0),
            "low" => Some(0.1),
            _ => None,
        };
        Some(Vulnerability {
            id: self.id.clone(),
            aliases: self.aliases.clone(),
            summary,
            score: score.or_else(by_word),
            fixed,
            address: format!(
                "https://osv.dev/vulnerability/{}",
                crate::accounts::text::encoded(&self.id, "")
            ),
        })
    }
}

impl Affected {
    fn is_about(&self, asked: &Asked) -> bool {
        match asked {
            Asked::Crate { name, .. } => self
                .package
                .as_ref()
                .is_some_and(|package| package.ecosystem == "crates.io" && package.name == *name),
            Asked::Repository { address, .. } => {
                let wanted = plain(address);
                let package = self.package.as_ref().map(|package| plain(&package.name));
                let repos = self.ranges.iter().filter_map(|range| range.repo.as_deref()).map(plain);
                package.into_iter().chain(repos).any(|one| one == wanted)
            }
        }
    }

    /// Whether a version is among those that it names, or in one of its ranges.
    fn has(&self, asked: &Asked) -> bool {
        match asked {
            Asked::Crate { version, .. } => {
                self.versions.contains(version) || self.ranges.iter().any(|range| range.has_semantic(version))
            }
            Asked::Repository { at, version, .. } => {
                let named = self.versions.iter().any(|one| one == at || one == version);
                named
                    || self.ranges.iter().any(|range| match range.kind.as_str() {
                        "GIT" => range.has_noted(version),
                        _ => range.has(version),
                    })
            }
        }
    }

    fn fixed(&self) -> Vec<String> {
        let versions = self.ranges.iter().filter(|range| range.kind != "GIT");
        let named = versions.flat_map(|range| &range.events).filter_map(|event| event.fixed.clone());
        // What a range of commits is in versions, where that is noted.
        let noted = self.ranges.iter().filter(|range| range.kind == "GIT").flat_map(Range::noted);
        named.chain(noted.filter_map(|event| event.fixed)).collect()
    }
}

impl Range {
    /// Versions beside commits, as osv.dev notes them.
    fn noted(&self) -> Vec<Event> {
        let noted = self.database_specific.get("versions").cloned().unwrap_or(Value::Null);
        serde_json::from_value(noted).unwrap_or_default()
    }

    fn has_noted(&self, version: &str) -> bool {
        inside(&self.noted(), |bound| compare(version, bound))
    }

    fn has(&self, version: &str) -> bool {
        inside(&self.events, |bound| compare(version, bound))
    }

    fn has_semantic(&self, version: &str) -> bool {
        let parse = |text: &str| semver::Version::parse(text);
        match parse(version) {
            Ok(version) => inside(&self.events, |bound| match parse(bound) {
                Ok(bound) => version.cmp_precedence(&bound),
                Err(_) => compare(&version.to_string(), bound),
            }),
            Err(_) => self.has(version),
        }
    }
}

/// Whether something lies between events; `to` compares it with a bound.
fn inside(events: &[Event], to: impl Fn(&str) -> Ordering) -> bool {
    // Each event that is not after it decides anew, in the order of the bounds.
    let mut found = false;
    let mut best: Option<(&str, bool)> = None;
    for event in events {
        let (bound, affected) = match event {
            Event { introduced: Some(bound), .. } => (bound.as_str(), true),
            Event { fixed: Some(bound), .. } => (bound.as_str(), false),
            Event { last_affected: Some(bound), .. } => {
                // Up to it, and with it.
                if to(bound) == Ordering::Greater {
                    let later = best.is_none_or(|(known, _)| known == "0" || compare(bound, known).is_ge());
                    if later {
                        best = Some((bound, false));
                        found = false;
                    }
                }
                continue;
            }
            _ => continue,
        };
        let reached = bound == "0" || to(bound) != Ordering::Less;
        let later =
            best.is_none_or(|(known, _)| known == "0" || (bound != "0" && compare(bound, known).is_ge()));
        if reached && later {
            best = Some((bound, affected));
            found = affected;
        }
    }
    found
}

/// The question to `/v1/querybatch`.
pub fn query(asked: &Asked) -> Value {
    match asked {
        Asked::Crate { name, version } => {
            json!({ "package": { "ecosystem": "crates.io", "name": name }, "version": version })
        }
        Asked::Repository { at, .. } if crate::git::is_commit(at) => json!({ "commit": at }),
        Asked::Repository { address, at, .. } => {
            json!({ "package": { "ecosystem": "GIT", "name": address }, "version": at })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(affected: Value) -> Record {
        serde_json::from_value(json!({ "id": "GHSA-1", "affected": [affected] })).expect("a record")
    }

    fn a_crate(version: &str) -> Asked {
        Asked::Crate { name: "x".into(), version: version.into() }
    }

    #[test]
    fn ranges() {
        let range = |events: Value| {
            record(json!({
                "package": { "ecosystem": "crates.io", "name": "x" },
                "ranges": [{ "type": "SEMVER", "events": events }],
            }))
        };
        let two = range(json!([
            { "introduced": "0" }, { "fixed": "1.2.3" }, { "introduced": "2.0.0-0" }, { "fixed": "2.1.0" },
        ]));
        for (version, wanted) in [
            ("0.1.0", true),
            ("1.2.2", true),
            ("1.2.3", false),
            ("1.9.0", false),
            ("2.0.0-rc.1", true),
            ("2.0.5", true),
            ("2.1.0-rc.1", true),
            ("2.1.0", false),
            ("3.0.0", false),
        ] {
            assert_eq!(two.concerning(&a_crate(version), false).is_some(), wanted, "{version}");
        }
        let last = range(json!([{ "introduced": "1.0.0" }, { "last_affected": "1.4.0" }]));
        for (version, wanted) in [("0.9.0", false), ("1.0.0", true), ("1.4.0", true), ("1.4.1", false)] {
            assert_eq!(last.concerning(&a_crate(version), false).is_some(), wanted, "{version}");
        }
        assert_eq!(two.concerning(&a_crate("0.1.0"), false).expect("one").fixed, ["1.2.3", "2.1.0"]);
        // Another crate, and a record that was taken back.
        let other = Asked::Crate { name: "y".into(), version: "0.1.0".into() };
        assert!(two.concerning(&other, false).is_none());
        let gone = Record { withdrawn: Some("2026-01-01T00:00:00Z".into()), ..two };
        assert!(gone.concerning(&a_crate("0.1.0"), false).is_none());
    }

    #[test]
    fn repositories() {
        let found = record(json!({
            "ranges": [{
                "type": "GIT",
                "repo": "https://github.com/O/R.git",
                "events": [{ "introduced": "0" }, { "fixed": "abc" }],
                "database_specific": { "versions": [{ "introduced": "0.6.0" }, { "fixed": "0.8.2" }] },
            }],
            "versions": ["v0.5.0"],
        }));
        let asked = |at: &str| Asked::Repository {
            address: "https://github.com/o/r".into(),
            at: at.into(),
            version: at.trim_start_matches('v').into(),
        };
        for (at, wanted) in [("v0.5.0", true), ("v0.5.1", false), ("v0.7.4", true), ("v0.8.2", false)] {
            assert_eq!(found.concerning(&asked(at), false).is_some(), wanted, "{at}");
        }
        assert_eq!(found.concerning(&asked("v0.7.4"), false).expect("one").fixed, ["0.8.2"]);
        // A server that knows the commits has told.
        assert!(found.concerning(&asked("v9"), true).is_some());
    }

    #[test]
    fn questions() {
        assert_eq!(
            query(&a_crate("1.0.0")),
            json!({ "package": { "ecosystem": "crates.io", "name": "x" }, "version": "1.0.0" })
        );
        let at = |at: String| Asked::Repository {
            address: "https://github.com/o/r".into(),
            at,
            version: "1".into(),
        };
        assert_eq!(query(&at("0".repeat(40))), json!({ "commit": "0".repeat(40) }));
        assert_eq!(query(&at("v1".into()))["package"]["ecosystem"], "GIT");
    }
}
