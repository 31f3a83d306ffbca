//! What a rule is, for the catalogue and for hand-written Nix alike: a file with what it can say and a function that
//! looks. Knows nothing of what is looked at.

use crate::diag::Code;

/// One rule. `Check` is the function that looks, from a view of what is judged to findings.
#[derive(Clone, Copy, Debug)]
pub struct Rule<Check> {
    /// Where it stands.
    pub file: &'static str,
    /// What it can find.
    pub codes: &'static [Code],
    /// What it is about.
    pub scope: Scope,
    /// Looks.
    pub check: Check,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The catalogue.
    Catalogue,
    /// Overrides only: a matter of style that other files are free to decide, or of what an override is.
    Overrides,
    /// Any hand-written Nix.
    Nix,
}

/// What else than rules can say something: readers, evaluation, comparing, fetching.
#[derive(Clone, Copy, Debug)]
pub struct Finder {
    /// Where it stands.
    pub file: &'static str,
    /// What it can find.
    pub codes: &'static [Code],
}

/// `rule!(Catalogue, check, [BadHash, PlaceholderHash])`: the rule of this file.
macro_rules! rule {
    ($scope:ident, $check:expr, [$($code:ident),+ $(,)?]) => {
        $crate::rule::Rule {
            file: file!(),
            codes: &[$($crate::diag::Code::$code),+],
            scope: $crate::rule::Scope::$scope,
            check: $check,
        }
    };
}

/// `finder!(OutOfDate)`: what this file can say.
macro_rules! finder {
    ($($code:ident),+ $(,)?) => {
        $crate::rule::Finder { file: file!(), codes: &[$($crate::diag::Code::$code),+] }
    };
}

pub(crate) use {finder, rule};
