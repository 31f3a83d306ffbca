//! The one table of all codes: number, name, severity, summary. What more is to be said of one stands in the file
//! that finds it.

use super::Severity;

/// Each range of codes has a file, `table*.rs`; they come together here, in order.
macro_rules! codes {
    ($($catalogue:tt)*) => { syntax_codes! { override_codes! evaluated_codes! fetch_codes! drift_codes! accounts_codes! define_codes! { $($catalogue)* } } };
}

macro_rules! define_codes {
    ({ $($(#[$doc:meta])* $name:ident = $code:literal $severity:ident $summary:literal;)* }) => {
        /// A rule's stable code: PGF1xx catalogue, 2xx Nix syntax, 3xx overrides, 4xx evaluation,
        /// 5xx fetch and store, 6xx drift, 7xx what is accounted for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $summary] $name,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// `PGF101`.
            pub fn id(self) -> &'static str { match self { $(Code::$name => $code,)* } }

            /// How bad a finding with this code is.
            pub fn severity(self) -> Severity { match self { $(Code::$name => Severity::$severity,)* } }

            /// One line, for lists.
            pub fn summary(self) -> &'static str { match self { $(Code::$name => $summary,)* } }
        }
    };
}

include!("table.rs");

impl Code {
    /// The code called `id`; case does not count.
    pub fn from_id(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ascending() {
        let ids: Vec<_> = Code::ALL.iter().map(|c| c.id()).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.windows(2).all(|w| w[0] != w[1]), "{ids:?}");
        for code in Code::ALL {
            assert!(!code.summary().is_empty() && !code.summary().ends_with('.'), "{code:?}");
        }
    }
}
