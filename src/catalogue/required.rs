//! `required-version`: which versions of this program a catalogue is generated with.

use semver::{Version, VersionReq};

use super::raw::RawCatalogue;
use crate::diag::{Code, Diagnostic};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    InvalidValue;
    RequiredVersion =
        "The key required-version of catalogue/flake.toml says which versions of pgflakegen this catalogue is \
         generated with, as Cargo writes requirements: \">=0.2, <0.3\", \"=0.2.1\". This is another one, and what \
         it gives could differ. Use one that fits, or change the key.";
};

/// What is wrong with the requirement, or with this version; then nothing else that was found means much, as the
/// catalogue is written for another one.
pub fn check(raw: &RawCatalogue) -> Option<Diagnostic> {
    unfit(raw, env!("CARGO_PKG_VERSION"))
}

fn unfit(raw: &RawCatalogue, own: &str) -> Option<Diagnostic> {
    let (_, flake) = raw.flake.as_ref()?;
    let required = flake.required_version.as_ref()?;
    let Ok(requirement) = VersionReq::parse(&required.value) else {
        return Some(
            Diagnostic::new(
                Code::InvalidValue,
                required.span,
                "required-version is no requirement on a version",
            )
            .help(format!("write required-version = \">={own}\", or \"={own}\" for exactly this one")),
        );
    };
    if Version::parse(own).is_ok_and(|own| requirement.matches(&own)) {
        return None;
    }
    let message = format!("this is pgflakegen {own}, and the catalogue requires {requirement}");
    Some(Diagnostic::new(Code::RequiredVersion, required.span, message).help(
        "use a version that fits; or change required-version, and commit what `pgflakegen` then writes",
    ))
}
