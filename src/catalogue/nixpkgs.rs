//! `nixpkgs.toml`: what the nixpkgs of the catalogue has for PostgreSQL, known without nixpkgs.
//!
//! `pgflakegen index` writes it from a nixpkgs on the machine, sorted and with a line for each fact, so that its diff
//! tells what a move of the pin means. It knows nothing of the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

/// The release of NixOS whose nixpkgs is the first that has all that the generated flake needs.
pub const OLDEST: &str = "NixOS 25.05";

/// All that is known of one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The revision of nixpkgs: 40 hexadecimal digits.
    pub revision: String,
    /// Where the facts are from, when it was not that revision itself that was asked.
    #[serde(default)]
    pub source: Option<String>,
    /// What the generated flake needs of it and it has not.
    #[serde(default)]
    pub lacks: BTreeSet<String>,
    /// Its PostgreSQLs by major version.
    #[serde(default)]
    pub postgresql: BTreeMap<Major, String>,
    /// Its extensions by attribute below `postgresql_NN.pkgs`.
    #[serde(default)]
    pub extensions: BTreeMap<String, Member>,
}

/// A major version, which TOML has as the text of a key.
pub type Major = u32;

/// An extension of nixpkgs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Names in `lib.licenses`; none where nixpkgs says none.
    #[serde(default)]
    pub licenses: Vec<String>,
    /// Versions by the major of PostgreSQL that has it; empty where nixpkgs gives no version.
    pub versions: BTreeMap<Major, String>,
    /// Where nixpkgs refuses it, and why.
    #[serde(default)]
    pub refused: Vec<Refusal>,
}

/// Why an extension is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// `broken`, `insecure`, `unfree` or `unsupported`.
    pub why: Why,
    /// For these majors.
    pub postgresql: BTreeSet<Major>,
    /// On these systems; none: on all that were asked.
    #[serde(default)]
    pub systems: BTreeSet<String>,
}

/// A reason, in the order in which nixpkgs asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// `meta.unfree`.
    Unfree,
    /// `meta.broken`.
    Broken,
    /// `meta.platforms`, `meta.badPlatforms`.
    Unsupported,
    /// `meta.knownVulnerabilities`.
    Insecure,
}

impl Why {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Why::Unfree => "unfree",
            Why::Broken => "broken",
            Why::Unsupported => "unsupported",
            Why::Insecure => "insecure",
        }
    }

    /// In words.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Unfree => "it is unfree",
            Why::Broken => "it is broken",
            Why::Unsupported => "it is not for the system",
            Why::Insecure => "it is insecure",
        }
    }
}

impl Table {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it, with the place in the text.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The first of `attrs` that is there for a major, with its version.
    pub fn find<'t>(&'t self, attrs: &[String], major: Major) -> Option<(&'t str, &'t Member, &'t str)> {
        attrs.iter().find_map(|attr| {
            let (name, member) = self.extensions.get_key_value(attr)?;
            Some((name.as_str(), member, member.versions.get(&major)?.as_str()))
        })
    }

    /// The file's text: sorted, one fact a line.
    pub fn write(&self) -> String {
        let mut text = String::from(
            "# What nixpkgs has for PostgreSQL: versions by major, and what it refuses. Made by `pgflakegen index`.\n\n",
        );
        let _ = writeln!(text, "revision = {}", quote(&self.revision));
        if let Some(source) = &self.source {
            let _ = writeln!(text, "source = {}", quote(source));
        }
        if !self.lacks.is_empty() {
            let lacks: Vec<String> = self.lacks.iter().map(|name| quote(name)).collect();
            let _ = writeln!(text, "lacks = [{}]", lacks.join(", "));
        }
        text.push_str("\n[postgresql]\n");
        for (major, version) in &self.postgresql {
            let _ = writeln!(text, "{major} = {}", quote(version));
        }
        for (name, member) in &self.extensions {
            let _ = write!(text, "\n[extensions.{}]\n", key(name));
            if !member.licenses.is_empty() {
                let licenses: Vec<String> = member.licenses.iter().map(|name| quote(name)).collect();
                let _ = writeln!(text, "licenses = [{}]", licenses.join(", "));
            }
            let versions: Vec<String> = member
                .versions
                .iter()
                .map(|(major, version)| format!("{major} = {}", quote(version)))
                .collect();
            let _ = writeln!(text, "versions = {{ {} }}", versions.join(", "));
            if !member.refused.is_empty() {
                text.push_str("refused = [\n");
                for refusal in &member.refused {
                    let majors: Vec<String> = refusal.postgresql.iter().map(ToString::to_string).collect();
                    let _ = write!(
                        text,
                        "  {{ why = {}, postgresql = [{}]",
                        quote(refusal.why.name()),
                        majors.join(", ")
                    );
                    if !refusal.systems.is_empty() {
                        let systems: Vec<String> = refusal.systems.iter().map(|name| quote(name)).collect();
                        let _ = write!(text, ", systems = [{}]", systems.join(", "));
                    }
                    text.push_str(" },\n");
                }
                text.push_str("]\n");
            }
        }
        text
    }
}

impl Member {
    /// Why it is refused for a major on a system.
    pub fn refusal(&self, major: Major, system: &str) -> Option<Why> {
        let here = |refusal: &&Refusal| {
            refusal.postgresql.contains(&major)
                && (refusal.systems.is_empty() || refusal.systems.contains(system))
        };
        self.refused.iter().filter(here).map(|refusal| refusal.why).min()
    }
}

/// What was seen of one extension: its licences, and for each major and system its version and why it is refused.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Names in `lib.licenses`.
    pub licenses: BTreeSet<String>,
    /// By major.
    pub versions: BTreeMap<Major, String>,
    /// Reason, major, system.
    pub refused: BTreeSet<(Why, Major, String)>,
}

impl Seen {
    /// As the table has it, where `systems` were asked: what is so on all of them needs no system.
    pub fn member(self, systems: &BTreeSet<String>) -> Member {
        let mut places: BTreeMap<(Why, Major), BTreeSet<String>> = BTreeMap::new();
        for (why, major, system) in self.refused {
            places.entry((why, major)).or_default().insert(system);
        }
        let mut refused: BTreeMap<(Why, BTreeSet<String>), BTreeSet<Major>> = BTreeMap::new();
        for ((why, major), mut on) in places {
            if on == *systems {
                on.clear();
            }
            refused.entry((why, on)).or_default().insert(major);
        }
        let refused = refused
            .into_iter()
            .map(|((why, systems), postgresql)| Refusal { why, postgresql, systems })
            .collect();
        Member { licenses: self.licenses.into_iter().collect(), versions: self.versions, refused }
    }
}

/// A TOML string; what comes from nixpkgs may hold anything.
fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quote(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let both: BTreeSet<String> = ["x86_64-linux".into(), "aarch64-darwin".into()].into();
        let seen = Seen {
            licenses: ["postgresql".into()].into(),
            versions: [(15, "1.0".into()), (16, "1.1 \"beta\"\n".into())].into(),
            refused: [
                (Why::Broken, 16, "x86_64-linux".into()),
                (Why::Broken, 16, "aarch64-darwin".into()),
                (Why::Unsupported, 15, "aarch64-darwin".into()),
            ]
            .into(),
        };
        let plain = Seen { versions: [(15, String::new())].into(), ..Seen::default() };
        Table {
            revision: "e2587caef70cea85dd97d7daab492899902dbf5d".into(),
            source: Some("public files".into()),
            lacks: ["postgresqlBuildExtension".to_owned()].into(),
            postgresql: [(15, "15.18".into()), (16, "16.14".into())].into(),
            extensions: [("a.b c".to_owned(), seen.member(&both)), ("pg_b".into(), plain.member(&both))]
                .into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let table = table();
        let text = table.write();
        assert_eq!(Table::parse(&text).unwrap(), table, "{text}");
        assert_eq!(Table::parse(&text).unwrap().write(), text);
        assert!(
            text.contains("  { why = \"broken\", postgresql = [16] },\n")
                && text.contains("systems = [\"aarch64-darwin\"]"),
            "{text}"
        );
    }

    #[test]
    fn what_is_refused() {
        let table = table();
        let member = &table.extensions["a.b c"];
        assert_eq!(member.refusal(16, "x86_64-linux"), Some(Why::Broken));
        assert_eq!(member.refusal(15, "aarch64-darwin"), Some(Why::Unsupported));
        assert_eq!(member.refusal(15, "x86_64-linux"), None);
        let names = ["new".to_owned(), "a.b c".to_owned()];
        assert_eq!(table.find(&names, 15).map(|(name, _, version)| (name, version)), Some(("a.b c", "1.0")));
        assert!(table.find(&names, 17).is_none());
    }

    #[test]
    fn what_is_no_table_says_where() {
        let error = Table::parse("revision = 1\n").unwrap_err();
        assert_eq!(error.span(), Some(11..12));
        assert!(Table::parse("revision = \"\"\nother = 1\n").unwrap_err().message().contains("other"));
    }
}
