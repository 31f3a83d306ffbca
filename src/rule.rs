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
    /// The mistake, what is said of it, and the same without it.
    pub examples: &'static [Example],
}

/// A mistake and its correction. Of a catalogue these are keys of `extensions/example.toml`, or of the file that a line
/// `# PATH` names before them; of Nix the whole file.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// With the mistake, indented as it stands in our source.
    pub bad: &'static str,
    /// What is said of it.
    pub says: &'static str,
    /// Without it.
    pub fixed: &'static str,
}

impl Example {
    /// The text with the mistake.
    pub fn bad(&self) -> String {
        unindented(self.bad)
    }

    /// The text without.
    pub fn fixed(&self) -> String {
        unindented(self.fixed)
    }
}

/// A text without the indentation that all its lines have.
fn unindented(text: &str) -> String {
    let lines: Vec<&str> = text.trim_matches([' ', '\n']).split('\n').collect();
    // The first line has lost its own.
    let depth = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let all = text.split('\n').filter(|line| !line.trim().is_empty()).map(|line| depth(&line)).min();
    let all = all.unwrap_or_default();
    let line = |(at, line): (usize, &&str)| {
        let from = if at == 0 { 0 } else { all };
        format!("{}\n", line.get(from..).unwrap_or_default())
    };
    lines.iter().enumerate().map(line).collect()
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

/// `rule! { Catalogue, check; BadHash = "An explanation.", bad: "…", says: "…", fixed: "…"; InvalidValue; }`: the rule of
/// this file. A code without an explanation has it elsewhere.
macro_rules! rule {
    ($scope:ident, $check:expr; $($texts:tt)+) => {
        $crate::rule::Rule {
            file: file!(),
            codes: $crate::rule::codes!($($texts)+),
            texts: $crate::rule::texts!($($texts)+),
            scope: $crate::rule::Scope::$scope,
            check: $check,
        }
    };
}

/// `finder! { OutOfDate = "An explanation."; }`: what this file can say.
macro_rules! finder {
    ($($texts:tt)+) => {
        $crate::rule::Finder {
            file: file!(),
            codes: $crate::rule::codes!($($texts)+),
            texts: $crate::rule::texts!($($texts)+),
        }
    };
}

macro_rules! codes {
    ($($code:ident $(= $explanation:literal $(, bad: $bad:literal, says: $says:literal, fixed: $fixed:literal)*)?;)+) => {
        &[$($crate::diag::Code::$code),+]
    };
}

macro_rules! texts {
    ($($code:ident $(= $explanation:literal $(, bad: $bad:literal, says: $says:literal, fixed: $fixed:literal)*)?;)+) => {
        &[$($($crate::rule::Text {
            code: $crate::diag::Code::$code,
            explanation: $explanation,
            examples: &[$($crate::rule::Example { bad: $bad, says: $says, fixed: $fixed },)*],
        },)?)+]
    };
}

pub(crate) use {codes, finder, rule, texts};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_of_our_source_is_not_the_texts() {
        assert_eq!(unindented("a = 1"), "a = 1\n");
        assert_eq!(unindented("\n        a\n          b\n\n        c\n    "), "a\n  b\n\nc\n");
    }
}
