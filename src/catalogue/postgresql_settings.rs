//! Which settings PostgreSQL has, by major version.
//!
//! `postgresql-settings.txt` has a name a line, then the majors that have it where these are not all. Source: the tables
//! of parameters, and of old names that are still taken, in PostgreSQL 15.19, 17.11 and 18.6; `pg_settings` of running
//! servers of 15 and 17 has nothing else (but for what a distribution adds). Of 16 only this is said: it has what 15
//! or 17 has. Other majors are not judged.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The majors that are judged.
pub const MAJORS: RangeInclusive<u32> = 15..=18;

static SETTINGS: LazyLock<HashMap<&'static str, RangeInclusive<u32>>> = LazyLock::new(|| {
    let lines = include_str!("postgresql-settings.txt").lines();
    lines.filter_map(|line| Some((line.split(' ').next()?, majors(line.split(' ').nth(1))))).collect()
});

/// `18-`, `-16` or nothing.
fn majors(text: Option<&str>) -> RangeInclusive<u32> {
    let (from, to) = text.and_then(|text| text.split_once('-')).unwrap_or_default();
    from.parse().unwrap_or(*MAJORS.start())..=to.parse().unwrap_or(*MAJORS.end())
}

/// Whether PostgreSQL of a major that is judged has a setting of this name, whose case does not count.
pub fn has(name: &str, major: u32) -> bool {
    of(name).is_some_and(|majors| majors.contains(&major))
}

/// Whether any PostgreSQL that is judged has it.
pub fn is_one(name: &str) -> bool {
    of(name).is_some()
}

fn of(name: &str) -> Option<&'static RangeInclusive<u32>> {
    match SETTINGS.get(name) {
        Some(majors) => Some(majors),
        // A few have capitals: DateStyle.
        None => SETTINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, majors)| majors),
    }
}

/// The settings of a major.
pub fn all(major: u32) -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(move |(_, majors)| majors.contains(&major)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majors_have_what_they_have() {
        assert!(has("shared_buffers", 15) && has("DATESTYLE", 18) && !has("shared_bufers", 17));
        assert!(has("io_method", 18) && !has("io_method", 17));
        assert!(has("promote_trigger_file", 15) && !has("promote_trigger_file", 17));
        assert!(has("transaction_timeout", 16) && !has("transaction_timeout", 15));
        // An old name that is still taken.
        assert!(has("ssl_ecdh_curve", 18) && has("sort_mem", 18));
    }

    #[test]
    fn the_table_is_sorted_and_whole() {
        let names: Vec<String> =
            include_str!("postgresql-settings.txt").lines().map(str::to_lowercase).collect();
        assert!(names.is_sorted());
        assert_eq!([15, 17, 18].map(|major| all(major).count()), [371, 396, 418]);
    }
}
