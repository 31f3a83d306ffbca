//! Dates of the Gregorian calendar, in UTC.

/// Days from 1970-01-01 to a date.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last, and come in eras of 400.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a time in seconds since 1970.
fn date(seconds: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = seconds.div_euclid(86_400) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// `YYYYMMDDhhmmss` of a time in seconds since 1970.
pub fn compact(seconds: i64) -> String {
    let (year, month, day) = date(seconds);
    let rest = seconds.rem_euclid(86_400);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `YYYY-MM-DD` of a time in seconds since 1970.
pub fn day(seconds: i64) -> String {
    let (year, month, day) = date(seconds);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Whether a text is a day of the calendar, from 1970 on: `2026-12-31`.
pub fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, of_month] = parts.as_slice() else { return false };
    let number = |text: &str, len: usize| {
        let plain = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| plain)
    };
    let (Some(year), Some(month), Some(of_month)) = (number(year, 4), number(month, 2), number(of_month, 2))
    else {
        return false;
    };
    // What is no day of its month is one of another.
    year >= 1970 && (1..=12).contains(&month) && day(days(year, month, of_month) * 86_400) == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known() {
        assert_eq!(compact(0), "19700101000000");
        assert_eq!(compact(1_709_210_096), "20240229123456");
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2024, 2, 29), 1_709_210_096 / 86_400);
    }

    #[test]
    fn days_of_the_calendar() {
        assert!(is_day("2026-12-31") && is_day("2028-02-29"));
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "1969-12-31",
            "2026-01-32",
            "2026-1-1",
            "26-01-01",
            "2026-01-01T00",
            "+026-01-01",
            "soon",
            "",
        ] {
            assert!(!is_day(wrong), "{wrong}");
        }
    }

    #[test]
    fn days_of_times() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_784_796_856, "2026-07-23"),
            (4_102_444_799, "2099-12-31"),
        ] {
            assert_eq!(day(seconds), wanted);
        }
    }

    proptest! {
        #[test]
        fn there_and_back(day in -100_000i64..2_000_000) {
            let text = compact(day * 86_400);
            let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
            prop_assert_eq!(days(part(0..4), part(4..6), part(6..8)), day);
        }
    }
}
