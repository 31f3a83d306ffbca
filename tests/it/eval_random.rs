//! Random programs: they have a value or an error, always the same; and a value printed is a program for the
//! same value. That it is Nix's is looked at by `tests/listed/nix`.

use crate::support::random::{closed, ours, program};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn evaluation_is_a_function(body in program()) {
        let text = closed(&body);
        let first = ours(&text);
        prop_assert_eq!(&ours(&text), &first);
        if let Ok((_, printed)) = first
            && !printed.contains('«')
            // Nix does not read what it prints for negative numbers in lists.
            && !printed.contains(" -")
        {
            let again = ours(&printed);
            prop_assert_eq!(again.map(|(_, printed)| printed), Ok(printed));
        }
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in "[a-c{}()\\[\\]:;=.\"'$?@/+<>| \\n0-9]{0,40}") {
        let _ = ours(&text);
    }
}
