//! PostgreSQL's own advisories: which minor release mends what.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Vulnerability, score};
use crate::catalogue::version::compare;

/// The table, as it was at some time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The day as of which it is.
    pub state: String,
    newest: BTreeMap<String, String>,
    advisory: Vec<Advisory>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advisory {
    id: String,
    cvss: String,
    fixed: BTreeMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads it; without one there is nothing to say.
    toml::from_str(include_str!("postgresql.toml")).unwrap_or_else(|_| Table {
        state: String::new(),
        newest: BTreeMap::new(),
        advisory: Vec::new(),
    })
});

/// The table that is part of the program.
pub fn table() -> &'static Table {
    &TABLE
}

impl Table {
    /// The newest release of a major at that time.
    pub fn newest(&self, major: u32) -> Option<&str> {
        self.newest.get(&major.to_string()).map(String::as_str)
    }

    /// What concerns a release of a major.
    pub fn concerning(&self, major: u32, version: &str) -> Vec<Vulnerability> {
        let key = major.to_string();
        let concerned = |advisory: &&Advisory| {
            advisory.fixed.get(&key).is_some_and(|fixed| compare(version, fixed) == Ordering::Less)
        };
        self.advisory
            .iter()
            .filter(concerned)
            .map(|Advisory { id, cvss, fixed }| Vulnerability {
                id: id.clone(),
                aliases: Vec::new(),
                summary: None,
                score: score(cvss),
                fixed: fixed.get(&key).cloned().into_iter().collect(),
                address: format!("https://www.postgresql.org/support/security/{id}/"),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(include_str!("postgresql.toml")).expect("a table");
        assert!(crate::store::dates::is_day(&table.state));
        assert!(table.advisory.len() > 70);
        for Advisory { id, cvss, fixed } in &table.advisory {
            assert!(id.starts_with("CVE-"), "{id}");
            assert!(score(cvss).is_some(), "{id}: {cvss}");
            for (major, version) in fixed {
                assert!(version.starts_with(&format!("{major}.")), "{id}: {version}");
                let newest = &table.newest[major];
                assert!(
                    compare(version, newest) != Ordering::Greater,
                    "{id}: {version} is newer than {newest}"
                );
            }
        }
        assert!(table.advisory.windows(2).all(|pair| pair[0].id != pair[1].id));
    }

    #[test]
    fn what_concerns_a_release() {
        let ids = |major, version| -> Vec<String> {
            table().concerning(major, version).into_iter().map(|one| one.id).collect()
        };
        // 15.18 mends the eleven of May 2026, not those of August.
        assert!(!ids(15, "15.18").contains(&"CVE-2026-6473".to_owned()));
        assert!(ids(15, "15.17").contains(&"CVE-2026-6473".to_owned()));
        assert!(ids(15, "15.18").contains(&"CVE-2026-14669".to_owned()));
        assert!(ids(15, "15.19").is_empty());
        // 18 alone has it, and 18.5 was never released.
        assert!(ids(18, "18.4").contains(&"CVE-2026-14676".to_owned()));
        assert!(!ids(17, "17.10").contains(&"CVE-2026-14676".to_owned()));
        assert!(ids(18, "18.6").is_empty());
        // A beta of a major is older than all of its releases; of 19 nothing is known.
        assert!(ids(18, "18beta1").contains(&"CVE-2026-2007".to_owned()));
        assert!(ids(19, "19rc1").is_empty());
        assert_eq!(table().newest(17), Some("17.11"));
    }
}
