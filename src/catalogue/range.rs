//! For which PostgreSQLs something is: an entry's name, or a range over majors.

/// One string of a `postgresql` key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// The name of an entry in postgresql.toml.
    Name(String),
    /// A range over major versions.
    Range(Range),
}

/// Majors that fulfil all comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range(Vec<(Operator, u32)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessEqual,
    Equal,
    GreaterEqual,
    Greater,
}

/// Why a range cannot be read, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub message: String,
    /// What to type.
    pub help: String,
}

impl Range {
    /// Whether `major` is in it.
    pub fn contains(&self, major: u32) -> bool {
        self.0.iter().all(|(operator, bound)| match operator {
            Operator::Less => major < *bound,
            Operator::LessEqual => major <= *bound,
            Operator::Equal => major == *bound,
            Operator::GreaterEqual => major >= *bound,
            Operator::Greater => major > *bound,
        })
    }
}

/// Reads one string. Text without any comparison sign is a name, known or not.
pub fn parse(text: &str) -> Result<Spec, Malformed> {
    let trimmed = text.trim();
    if !trimmed.contains(['<', '>', '=', '!', '^', '~', '*', ',']) {
        return Ok(Spec::Name(text.to_owned()));
    }
    let example = || "for example \">=15\", \">=15, <18\" or a list of names [\"15\", \"17\"]".to_owned();
    trimmed
        .split(',')
        .map(|part| {
            let part = part.trim();
            let (operator, rest) = if let Some(rest) = part.strip_prefix(">=") {
                (Operator::GreaterEqual, rest)
            } else if let Some(rest) = part.strip_prefix("<=") {
                (Operator::LessEqual, rest)
            } else if let Some(rest) = part.strip_prefix('>') {
                (Operator::Greater, rest)
            } else if let Some(rest) = part.strip_prefix('<') {
                (Operator::Less, rest)
            } else if let Some(rest) = part.strip_prefix('=') {
                (Operator::Equal, rest.strip_prefix('=').unwrap_or(rest))
            } else {
                let message = if part.is_empty() {
                    "a comparison is missing beside the comma".to_owned()
                } else if part.bytes().all(|b| b.is_ascii_digit()) {
                    format!("`{part}` has no comparison sign, which a part of a range needs")
                } else {
                    "a comparison begins with one of >= > <= < =".to_owned()
                };
                return Err(Malformed { message, help: example() });
            };
            let number = rest.trim();
            if number.is_empty() || number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
                let help = match number.split_once(['.', '_']) {
                    Some((major, _)) if major.bytes().all(|b| b.is_ascii_digit()) && !major.is_empty() => {
                        format!("ranges are over major versions: write {major}")
                    }
                    _ => example(),
                };
                return Err(Malformed {
                    message: "after the comparison sign comes a major version of PostgreSQL".to_owned(),
                    help,
                });
            }
            // Three digits always fit.
            Ok((operator, number.parse().unwrap_or(0)))
        })
        .collect::<Result<_, _>>()
        .map(|parts| Spec::Range(Range(parts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn majors(text: &str) -> Vec<u32> {
        match parse(text) {
            Ok(Spec::Range(range)) => (14..20).filter(|major| range.contains(*major)).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn ranges_over_majors() {
        assert_eq!(majors(">=15, <18"), [15, 16, 17]);
        assert_eq!(majors(">14,<=16"), [15, 16]);
        assert_eq!(majors(" = 17 "), [17]);
        assert_eq!(majors("==17"), [17]);
        assert_eq!(majors(">=17"), [17, 18, 19]);
        assert_eq!(majors(">18, <17"), [0; 0]);
    }

    #[test]
    fn names_are_not_ranges() {
        for name in ["15", "17_6", "orioledb-17", ""] {
            assert_eq!(parse(name), Ok(Spec::Name(name.into())));
        }
    }

    #[test]
    fn what_is_no_range_says_what_to_write() {
        for bad in ["^15", ">=15,", "~15", "15,16", ">= 15.8", "*", ">=x", "!=16", ">=9999999999"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(">=15.8").is_err_and(|e| e.help.ends_with("write 15")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[<>=!^~*, 0-9.é]{0,12}") {
            let _ = parse(&text);
        }

        #[test]
        fn the_two_halves_of_a_cut_share_nothing(cut in 0u32..999, major in 0u32..999) {
            let inside = |text: String| matches!(parse(&text), Ok(Spec::Range(r)) if r.contains(major));
            prop_assert_ne!(inside(format!(">={cut}")), inside(format!("<{cut}")));
        }
    }
}
