//! Which version is newer, and which is stable: as people who package PostgreSQL mean it.
//!
//! Versions are compared part by part: numbers as numbers, words as words, `.`, `_`, `-`, `+` and the
//! change between digit and letter separate. A word for "not yet" (alpha, beta, rc…) makes a version older
//! than the same without it; a word for "after" (`unstable`, `p1`, `post`) makes it newer.

use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `dev`, `alpha`, `beta`, `rc`: before the end.
    Before(u8),
    /// Where the version ends.
    End,
    /// `unstable-2022-09-17`, `p1`: nixpkgs' and others' words for "after that release".
    Word(&'a str),
    /// Without leading zeros: the number of digits, then the digits.
    Number(usize, &'a str),
}

fn before(word: &str) -> Option<u8> {
    let rank = match word {
        "dev" | "devel" | "snapshot" | "canary" | "next" | "experimental" | "wip" | "draft" => 0,
        "alpha" => 1,
        "beta" | "milestone" | "eap" | "ea" => 2,
        "pre" | "preview" | "prerelease" | "test" | "testing" => 3,
        "rc" | "candidate" | "cr" => 4,
        _ => return None,
    };
    Some(rank)
}

fn parts(version: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let bytes = version.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let class = |b: u8| match b {
            b'0'..=b'9' => 0,
            b'.' | b'_' | b'-' | b'+' => 1,
            // As in Debian: older than nothing at all.
            b'~' => 2,
            _ => 3,
        };
        let of = class(bytes[at]);
        // Only ASCII bytes change the class, so the cuts are at character boundaries.
        while at < bytes.len() && class(bytes[at]) == of {
            at += 1;
        }
        let text = &version[start..at];
        match of {
            0 => {
                let digits = text.trim_start_matches('0');
                parts.push(Part::Number(digits.len(), digits));
            }
            1 => {}
            2 => parts.push(Part::Before(0)),
            // `1.0a1` is an alpha, `1.1.1a` is a letter release.
            _ => parts.push(match (text, bytes.get(at)) {
                ("a", Some(b'0'..=b'9')) => Part::Before(1),
                ("b", Some(b'0'..=b'9')) => Part::Before(2),
                // `1.2.0-M1`, a milestone; `1.2m1` is no such thing.
                ("m", Some(b'0'..=b'9')) if start > 0 && class(bytes[start - 1]) == 1 => Part::Before(2),
                _ => before(text).map_or(Part::Word(text), Part::Before),
            }),
        }
    }
    parts
}

/// Orders two versions, older first. Total: versions that mean the same (`1.0` and `1.00`) are ordered as
/// texts.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a_low, b_low) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (left, right) = (parts(&a_low), parts(&b_low));
    for index in 0..left.len().max(right.len()) {
        let end = Part::End;
        let ordering = left.get(index).unwrap_or(&end).cmp(right.get(index).unwrap_or(&end));
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    a.cmp(b)
}

/// Whether a version is one that people only take when they ask for it: alpha, beta, release candidate,
/// development snapshot, nixpkgs' `unstable`.
pub fn is_prerelease(version: &str) -> bool {
    let lower = version.to_ascii_lowercase();
    parts(&lower).iter().any(|part| match part {
        Part::Before(_) => true,
        Part::Word(word) => matches!(*word, "unstable" | "git" | "nightly"),
        Part::End | Part::Number(..) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordered_as_people_mean_it() {
        let ascending = [
            "0.4.0",
            "0.7.4",
            "0.8.0",
            "0.10.0",
            "1.0~beta1",
            "1.0-dev",
            "1.0-alpha2",
            "1.0-beta1",
            "1.0-beta2",
            "1.0-beta10",
            "1.0-rc1",
            "1.0",
            "1.0-p1",
            "1.0-unstable-2022-09-17",
            "1.0-unstable-2023-01-01",
            "1.0.1",
            "1.3",
            "1.3.15",
            "15.18",
            "17.0",
            "17_11",
            "18beta1",
            "18rc1",
            "18",
            "18.1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn stable_and_not() {
        for stable in ["1.0", "17_11", "1.3.15", "7.10", "2.0.0+1", "1.0-p1", "1.1.1a", "1.2m1", "1.0-2"] {
            assert!(!is_prerelease(stable), "{stable}");
        }
        for not in [
            "1.0-rc1",
            "19beta1",
            "1.0a1",
            "1.3.0-unstable-2022-09-17",
            "2.0-dev",
            "1.0~1",
            "2.0-RC2",
            "1.2.0-prerelease",
            "1.2.0.dev1",
            "1.2.0-canary.1",
            "1.2.0-next.0",
            "1.2.0-M1",
            "1.2.0-experimental",
            "1.2.0-release-candidate",
        ] {
            assert!(is_prerelease(not), "{not}");
        }
    }

    fn version() -> impl Strategy<Value = String> {
        prop_oneof!["[0-9a-c._+~-]{0,8}", "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}(-?(rc|beta|alpha)[0-9])?"]
    }

    proptest! {
        #[test]
        fn comparing_is_a_total_order(a in version(), b in version(), c in version()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b) != Ordering::Greater && compare(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            }
        }

        #[test]
        fn any_text_has_a_place(a in ".{0,20}", b in ".{0,20}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            is_prerelease(&a);
        }

        #[test]
        fn a_prerelease_comes_before_its_release(v in "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}", n in 0u8..20) {
            for word in ["dev", "alpha", "beta", "rc"] {
                let early = format!("{v}-{word}{n}");
                prop_assert_eq!(compare(&early, &v), Ordering::Less);
                prop_assert!(is_prerelease(&early));
            }
        }
    }
}
