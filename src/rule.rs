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
    /// What is to be said of those.
    pub texts: &'static [Text],
    /// What it is about.
    pub scope: Scope,
    /// Looks.
    pub check: Check,
}

impl<Check> Rule<Check> {
    /// The rule as one of all that find something.
    pub fn finder(&self) -> Finder {
        Finder { file: self.file, codes: self.codes, texts: self.texts }
    }
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

/// What is to be said of a code, in the file that finds it. A code that several find is explained by one of them.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Which.
    pub code: Code,
    /// What `pgflakegen explain` prints.
    pub explanation: &'static str,
}

/// What else than rules can say something: readers, evaluation, comparing, fetching.
#[derive(Clone, Copy, Debug)]
pub struct Finder {
    /// Where it stands.
    pub file: &'static str,
    /// What it can find.
    pub codes: &'static [Code],
    /// What is to be said of those.
    pub texts: &'static [Text],
}

/// `rule! { Catalogue, check; BadHash = "An explanation."; InvalidValue; }`: the rule of this file. A code without an
/// explanation has it elsewhere.
macro_rules! rule {
    ($scope:ident, $check:expr; $($code:ident $(= $text:literal)?;)+) => {
        $crate::rule::Rule {
            file: file!(),
            codes: &[$($crate::diag::Code::$code),+],
            texts: &[$($($crate::rule::Text { code: $crate::diag::Code::$code, explanation: $text },)?)+],
            scope: $crate::rule::Scope::$scope,
            check: $check,
        }
    };
}

/// `finder! { OutOfDate = "An explanation."; }`: what this file can say.
macro_rules! finder {
    ($($code:ident $(= $text:literal)?;)+) => {
        $crate::rule::Finder {
            file: file!(),
            codes: &[$($crate::diag::Code::$code),+],
            texts: &[$($($crate::rule::Text { code: $crate::diag::Code::$code, explanation: $text },)?)+],
        }
    };
}

pub(crate) use {finder, rule};
