//! A release of pgrx knows some majors of PostgreSQL, and no others can be built with it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::text::listed;
use super::{Context, Rule};
use crate::catalogue::index::versions;
use crate::catalogue::version::compare;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    PgrxTooOld =
        "A release of pgrx knows some majors of PostgreSQL: 16 from 0.10.0 on, 17 from 0.12.0 on, 18 from 0.15.0 \
         on, and no longer 11 from 0.12.0 on and 12 from 0.14.0 on. For any other the build has no feature (`pg18`) \
         and stops. Take a version of the extension with another pgrx, or leave these PostgreSQLs out of the \
         version's range. What an override does about it is not judged.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.11.3"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="

            # pgrx.toml
            [[cargo-pgrx]]
            version = "0.11.3"
            hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
            cargo-hash = "sha256-88uKPSnITRZ2VkelI56jZ9GWazG/Rn39QlyHKJKSKMM="
        "#,
        says: "pgrx 0.11.3 does not know PostgreSQL `17`",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
        "#;
};

/// Majors with the release of pgrx that knew them first. From the features of pgrx 0.8.0 to 0.19.3 at crates.io; of
/// prereleases before the first release that is known to have a major, the earliest that may.
const FROM: &[(u32, &str, &str)] =
    &[(16, "0.10.0-beta.0", "0.10.0"), (17, "0.12.0-beta.1", "0.12.0"), (18, "0.15.0-alpha.0", "0.15.0")];

/// Majors with the release that knew them no more.
const UNTIL: &[(u32, &str)] = &[(11, "0.12.0-alpha.0"), (12, "0.14.0-alpha.0")];

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for (at, file, _) in cx.extensions() {
        // What an override does about it is not known.
        if file.raw.r#override.is_some() || file.raw.broken.is_some() {
            continue;
        }
        for (version, takes) in versions(&file.raw).zip(&cx.index.takes[at]) {
            let Some(pgrx) = version.value.pgrx.as_ref().filter(|_| version.value.broken.is_none()) else {
                continue;
            };
            // What is no version is said elsewhere.
            if !pgrx.value.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let older = |than: &str| compare(&pgrx.value, than) == Ordering::Less;
            let taken: Vec<_> = takes.iter().map(|at| &cx.index.postgresqls[*at]).collect();
            let wanted = |major: u32| taken.iter().any(|postgresql| postgresql.major == major);
            let early: Vec<_> =
                FROM.iter().filter(|(major, from, _)| wanted(*major) && older(from)).collect();
            let late: Vec<_> =
                UNTIL.iter().filter(|(major, until)| wanted(*major) && !older(until)).collect();
            let unknown: BTreeSet<u32> =
                early.iter().map(|(major, ..)| *major).chain(late.iter().map(|(major, _)| *major)).collect();
            if unknown.is_empty() {
                continue;
            }
            let names = taken.iter().filter(|postgresql| unknown.contains(&postgresql.major));
            let message =
                format!("pgrx {} does not know PostgreSQL {}", pgrx.value, listed(names.map(|p| p.name)));
            let mut finding = Diagnostic::new(Code::PgrxTooOld, pgrx.span, message);
            if let Some(postgresql) = &version.value.postgresql {
                finding = finding.also(postgresql.span, "these are to have it");
            }
            let needs: Vec<String> =
                early.iter().map(|(major, _, from)| format!("{major} from {from} on")).collect();
            let range = match (early.first(), late.last()) {
                (Some((major, ..)), None) => format!("<{major}"),
                (None, Some((major, _))) => format!(">{major}"),
                (Some((low, ..)), Some((high, _))) => format!(">{high}, <{low}"),
                (None, None) => continue,
            };
            finding = finding.help(format!("leave them out: the range becomes \"{range}\""));
            if !needs.is_empty() {
                finding = finding
                    .help(format!("or take a version with another pgrx, which knows {}", needs.join(", ")));
            }
            found.push(finding);
        }
    }
}
