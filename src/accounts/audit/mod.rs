//! Known vulnerabilities: what is asked about, what databases say, and which of it concerns us.

pub mod osv;
pub mod postgresql;

use serde::{Deserialize, Serialize};

use crate::accounts::place::Place;

/// Something that a database can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A crate of crates.io.
    Crate {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// A repository at a tag or commit.
    Repository {
        /// `https://github.com/pgvector/pgvector`.
        address: String,
        /// `v0.8.0`, or a commit's 40 digits.
        at: String,
        /// The version that it is, by its catalogue.
        version: String,
    },
}

impl Asked {
    /// A repository.
    pub fn repository(place: &Place, version: &str) -> Self {
        Self::Repository { address: place.page(), at: place.at.clone(), version: version.to_owned() }
    }

    /// Its name and version, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Crate { name, version } => format!("{name} {version}"),
            Self::Repository { address, at, .. } => {
                format!("{} {at}", address.trim_start_matches("https://"))
            }
        }
    }
}

/// A vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Vulnerability {
    /// Its name: `GHSA-…`, `RUSTSEC-…`, `CVE-…`.
    pub id: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// What it is, in one line.
    pub summary: Option<String>,
    /// How bad it is, from 0 to 10.
    pub score: Option<f64>,
    /// Versions in which it is mended.
    pub fixed: Vec<String>,
    /// Where to read of it.
    pub address: String,
}

impl Vulnerability {
    /// Whether it is called so.
    pub fn is(&self, id: &str) -> bool {
        self.id.eq_ignore_ascii_case(id) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(id))
    }

    /// `critical`, `high`, `medium`, `low`, by the bands of CVSS.
    pub fn severity(&self) -> Option<&'static str> {
        Some(match self.score? {
            score if score >= 9.0 => "critical",
            score if score >= 7.0 => "high",
            score if score >= 4.0 => "medium",
            _ => "low",
        })
    }
}

/// How bad what a vector of CVSS (2, 3 or 4) says is.
pub fn score(vector: &str) -> Option<f64> {
    let score = vector.parse::<cvss::Cvss>().ok()?.score();
    Some((score * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_bands() {
        assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"), Some(8.8));
        assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"), Some(7.2));
        assert_eq!(score("nothing"), None);
        let of = |score: Option<f64>| {
            let text = String::new;
            let (id, address) = (text(), text());
            Vulnerability { id, aliases: vec![], summary: None, score, fixed: vec![], address }.severity()
        };
        assert_eq!(
            [of(Some(9.8)), of(Some(7.0)), of(Some(6.9)), of(Some(0.1)), of(None)],
            [Some("critical"), Some("high"), Some("medium"), Some("low"), None]
        );
    }
}
