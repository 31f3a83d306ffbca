//! How long PostgreSQL's project makes releases of a major version.

/// The last day of each major, as seconds since 1970 and as text: the Thursday in the second week of November, five
/// years after the first release. From the versioning policy on postgresql.org.
const LAST_DAYS: [(u32, u64, &str); 10] = [
    (10, 1_668_038_400, "2022-11-10"),
    (11, 1_699_488_000, "2023-11-09"),
    (12, 1_732_147_200, "2024-11-21"),
    (13, 1_762_992_000, "2025-11-13"),
    (14, 1_794_441_600, "2026-11-12"),
    (15, 1_825_891_200, "2027-11-11"),
    (16, 1_857_340_800, "2028-11-09"),
    (17, 1_888_790_400, "2029-11-08"),
    (18, 1_920_844_800, "2030-11-14"),
    (19, 1_952_294_400, "2031-11-13"),
];

/// Months before the end in which it is said: time enough to move data.
const WARNED: u64 = 4 * 30 * 24 * 60 * 60;

/// Where a major stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Its last release is not near, or not known.
    Alive,
    /// It gets its last release on this day.
    Ending(&'static str),
    /// It got its last release on this day.
    Ended(&'static str),
}

/// Where `major` stands at a time in seconds since 1970.
pub fn of(major: u32, now: u64) -> Lifetime {
    if major < LAST_DAYS[0].0 {
        return Lifetime::Ended("2021-11-11");
    }
    match LAST_DAYS.iter().find(|(of, ..)| *of == major) {
        Some((_, end, day)) if now > *end => Lifetime::Ended(day),
        Some((_, end, day)) if now + WARNED > *end => Lifetime::Ending(day),
        _ => Lifetime::Alive,
    }
}

/// The day of a major's last release, where it is known.
pub fn last_day(major: u32) -> Option<&'static str> {
    LAST_DAYS.iter().find(|(of, ..)| *of == major).map(|(_, _, day)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_seconds_are_the_same() {
        for (major, seconds, day) in LAST_DAYS {
            let days = seconds / 86_400;
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let text = httpdate::fmt_http_date(time);
            let [year, month, date] = day.split('-').collect::<Vec<_>>()[..] else { panic!("{day}") };
            assert_eq!((seconds % 86_400, month), (0, "11"), "{major} {days}");
            assert!(text.starts_with(&format!("Thu, {date} Nov {year}")), "{major}: {text}");
        }
    }

    #[test]
    fn before_near_and_after() {
        assert_eq!(of(14, 1_784_796_856), Lifetime::Ending("2026-11-12"));
        assert_eq!(of(14, 1_770_000_000), Lifetime::Alive);
        assert_eq!(of(14, 1_794_600_000), Lifetime::Ended("2026-11-12"));
        assert_eq!(of(9, 0), Lifetime::Ended("2021-11-11"));
        assert_eq!(of(99, 1_794_600_000), Lifetime::Alive);
    }
}
