//! The catalogue as tables and summaries.

mod matrix;

pub use matrix::{Cell, Matrix, matrix};

use crate::catalogue::model::{Catalogue, Extension, Fit};

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// PostgreSQLs.
    pub postgresqls: usize,
    /// Extensions that at least one PostgreSQL has.
    pub extensions: usize,
    /// Extension versions × PostgreSQLs: the derivations of one system.
    pub builds: usize,
}

/// Counts.
pub fn size(catalogue: &Catalogue) -> Size {
    let builds = |extension: &Extension| {
        extension
            .fits
            .values()
            .map(|fit| match fit {
                Fit::Nixpkgs => 1,
                Fit::Versions { all, .. } => all.len(),
            })
            .sum::<usize>()
    };
    Size {
        postgresqls: catalogue.postgresqls.len(),
        extensions: catalogue.extensions.iter().filter(|e| !e.fits.is_empty()).count(),
        builds: catalogue.extensions.iter().map(builds).sum(),
    }
}
