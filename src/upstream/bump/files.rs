//! What upstream built: a new version's file for each system and PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{InlineTable, Value};

use super::{BumpError, extension::How};
use crate::catalogue::model::{Catalogue, Fetcher, File, Version};
use crate::catalogue::names::PgName;
use crate::upstream::http::FetchError;
use crate::upstream::plan::{self, Step};
use crate::upstream::prefetch::{Upstream, UpstreamError};

/// The files that there are.
pub(super) struct Files {
    /// The first of them.
    pub first: Fetcher,
    /// Hashes by system and major version.
    hashes: BTreeMap<String, BTreeMap<u32, String>>,
    /// What the version before had and this one has not.
    pub absent: Vec<String>,
}

impl Files {
    /// Fetches what the version before has, at the places of the new one. What upstream lacks is left out.
    ///
    /// # Errors
    /// When nothing is there, or something cannot be had for another reason.
    pub fn fetch(upstream: &Upstream, base: &Version, step: &Step, how: How<'_>) -> Result<Self, BumpError> {
        let mut first = None;
        let mut hashes: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
        let (mut absent, mut last) = (Vec::new(), None);
        for File { system, major, source } in &base.build.files {
            let fetcher = plan::fetcher(&source.fetcher, &base.version, &step.release);
            match upstream.fetch(&fetcher, how.progress) {
                Ok(fetched) => {
                    hashes.entry(system.to_string()).or_default().insert(*major, fetched.hash.to_sri());
                    first.get_or_insert(fetcher);
                }
                Err(UpstreamError::Fetch(error @ FetchError::NotFound(_))) => {
                    absent.push(format!("there is no file for {system} and PostgreSQL {major}"));
                    last = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        match (first, last) {
            (Some(first), _) => Ok(Self { first, hashes, absent }),
            (None, Some(error)) => Err(UpstreamError::Fetch(error).into()),
            (None, None) => Err(UpstreamError::from(FetchError::NotFound(base.version.clone())).into()),
        }
    }

    /// PostgreSQLs that no file is for stay with what they have; why.
    pub fn leave_behind(&self, catalogue: &Catalogue, step: &mut Step) -> Vec<String> {
        let majors: BTreeSet<u32> = self.hashes.values().flat_map(|majors| majors.keys().copied()).collect();
        let has =
            |name: &PgName| catalogue.postgresql(name).is_none_or(|known| majors.contains(&known.major));
        let (with, without): (Vec<_>, Vec<_>) =
            std::mem::take(&mut step.postgresqls).into_iter().partition(|name| has(name));
        step.postgresqls = with;
        let stays = |name| format!("PostgreSQL {name} stays with what it has: there is no file for it");
        without.into_iter().map(stays).collect()
    }

    /// The key `hashes`.
    pub fn table(&self) -> Value {
        let majors = |majors: &BTreeMap<u32, String>| -> InlineTable {
            majors.iter().map(|(major, hash)| (major.to_string(), Value::from(hash.as_str()))).collect()
        };
        let systems = self.hashes.iter();
        Value::InlineTable(
            systems.map(|(system, of)| (system.clone(), Value::InlineTable(majors(of)))).collect(),
        )
    }
}
