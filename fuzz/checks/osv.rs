//! Any bytes as a record of OSV: it is none, or says of everything asked about whether it concerns it; what it says of a
//! version does not depend on whether a server was asked before.

use pgflakegen::accounts::audit::Asked;
use pgflakegen::accounts::audit::osv::Record;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(record) = Record::parse(text) else { return };
    for version in ["1.2.2", "1.2.3", "0.7.4", "v0.6.0", "", "x", "1.0.0-rc.1"] {
        for asked in [
            Asked::Crate { name: "leaky".into(), version: version.into() },
            Asked::Repository {
                address: "https://github.com/pgvector/pgvector".into(),
                at: version.into(),
                version: version.trim_start_matches('v').into(),
            },
        ] {
            let found = record.concerning(&asked, false);
            let told = record.concerning(&asked, true);
            assert!(found.is_none() || found == told, "{found:?} {told:?}");
            let score = told.and_then(|one| one.score);
            assert!(score.is_none_or(|score| (0.0..=10.0).contains(&score)), "{score:?}");
        }
    }
}
