//! Licences by the names that each world has for them: nixpkgs', spdx.org's, and people's.

use serde::Serialize;

use crate::catalogue::licenses;

/// One licence of something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Licence {
    /// Its id at spdx.org, an expression of such ids, or `LicenseRef-…` where it has none.
    pub spdx: String,
    /// Its name in nixpkgs, or what was found.
    pub name: String,
    /// Whether nixpkgs counts it as free.
    pub free: bool,
}

impl Licence {
    /// By its name in nixpkgs.
    pub fn of_nixpkgs(name: &str) -> Self {
        let known = licenses::find(name);
        let spdx = known.and_then(|known| known.spdx).filter(|id| is_expression(id));
        Self {
            spdx: spdx.map_or_else(|| reference(name), str::to_owned),
            name: name.to_owned(),
            free: known.is_none_or(|known| known.free),
        }
    }

    /// By what an evaluated `meta.license` says.
    pub fn of_meta(spdx: Option<&str>, name: Option<&str>, free: bool) -> Self {
        let name = name.or(spdx).unwrap_or("unknown").to_owned();
        let expression = spdx.filter(|id| is_expression(id));
        Self { spdx: expression.map_or_else(|| reference(&name), str::to_owned), name, free }
    }

    /// Whether spdx.org knows it.
    pub fn is_known(&self) -> bool {
        !self.spdx.starts_with("LicenseRef-")
    }

    /// Whether a name of a policy means it: of spdx.org or of nixpkgs.
    pub fn is(&self, name: &str) -> bool {
        licenses::same(&self.name, name)
            || self.spdx.split([' ', '(', ')']).any(|one| licenses::same(one, name))
    }
}

/// What stands for a licence that spdx.org does not know.
fn reference(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' })
        .collect();
    format!("LicenseRef-{}", if plain.is_empty() { "unknown" } else { &plain })
}

/// Whether it is a licence expression as spdx.org has it, or one licence's id.
pub fn is_expression(text: &str) -> bool {
    spdx::Expression::parse_mode(text, spdx::ParseMode { allow_deprecated: true, ..spdx::ParseMode::STRICT })
        .is_ok()
}

/// All of them hold.
pub fn all(licences: &[Licence]) -> Option<String> {
    let mut ids: Vec<&str> = Vec::new();
    for licence in licences {
        if !ids.contains(&licence.spdx.as_str()) {
            ids.push(&licence.spdx);
        }
    }
    let part = |id: &&str| if id.contains(" OR ") { format!("({id})") } else { (*id).to_owned() };
    match ids.as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        all => Some(all.iter().map(part).collect::<Vec<_>>().join(" AND ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_ids_of_spdx() {
        // Exceptions are no licences by themselves; some ids are newer than the list, or only nixpkgs'.
        let unknown: Vec<&str> =
            licenses::ALL.iter().filter_map(|license| license.spdx).filter(|id| !is_expression(id)).collect();
        let expected = |id: &&str| id.to_lowercase().contains("exception") || *id == "NCUL1";
        assert!(unknown.iter().all(expected), "{unknown:?}");
    }

    #[test]
    fn named_as_they_are() {
        let tsl = Licence::of_nixpkgs("tsl");
        assert_eq!((tsl.spdx.as_str(), tsl.free), ("LicenseRef-tsl", false));
        let both = [Licence::of_nixpkgs("asl20"), tsl];
        assert_eq!(all(&both).as_deref(), Some("Apache-2.0 AND LicenseRef-tsl"));
        assert!(is_expression("Apache-2.0 AND LicenseRef-tsl"));
        assert_eq!(Licence::of_meta(None, Some("Custom (x)"), true).spdx, "LicenseRef-Custom--x-");
        assert_eq!(Licence::of_meta(Some("no such id"), None, true).spdx, "LicenseRef-no-such-id");
        let either = Licence::of_meta(Some("MIT OR Apache-2.0"), None, true);
        assert_eq!(
            all(&[either.clone(), both[0].clone()]).as_deref(),
            Some("(MIT OR Apache-2.0) AND Apache-2.0")
        );
        let nested = Licence::of_meta(Some("(MIT OR Apache-2.0) AND ISC"), None, true);
        assert_eq!(all(&[nested]).as_deref(), Some("(MIT OR Apache-2.0) AND ISC"));
        assert!(either.is("mit") && either.is("asl20") && !either.is("gpl3Only"));
        assert!(Licence::of_nixpkgs("agpl3Only").is("AGPL-3.0-only"));
        assert!(both[1].is("tsl") && !both[1].is("asl20"));
    }
}
