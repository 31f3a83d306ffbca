//! A `flake.lock` that somebody else has written: what differs from the catalogue, and what to type.

use crate::catalogue::lock::{Difference, Lock, Pin};
use crate::diag::foreign::line;
use crate::diag::{Code, Diagnostic, Span};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder!(LockDiffers);

/// `e2587caef70c (2026-07-23)`.
pub(crate) fn said(pin: &Pin) -> String {
    match pin.last_modified {
        0 => line(pin.short()).into_owned(),
        time => format!("{} ({})", line(pin.short()), day(time)),
    }
}

/// The day of a time in seconds since 1970.
fn day(seconds: u64) -> String {
    // From days since 1970 to a date, in eras of 400 years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{date:02}")
}

/// What is to be said of a lock file that is neither as the catalogue has it nor as we wrote it.
pub(super) fn finding(text: &str, ours: &str, at: Span) -> Diagnostic {
    let of = |message: String| Diagnostic::new(Code::LockDiffers, at, message);
    let lock = match Lock::parse(text) {
        Ok(lock) => lock,
        Err(error) => {
            return of(format!("flake.lock cannot be taken over: {}", line(&error.to_string())));
        }
    };
    let (mut moved, mut others) = (Vec::new(), Vec::new());
    for difference in lock.differences(&Lock::parse(ours).unwrap_or_default()) {
        match difference {
            Difference::Moved { name, from, to } => {
                let name = line(&name);
                moved.push(if to.rev.is_none() || to.rev != from.rev {
                    format!("{name} to {}, the catalogue to {}", said(&to), said(&from))
                } else if to.nar_hash == from.nar_hash {
                    let (theirs, ours) = (to.last_modified, from.last_modified);
                    format!("{name} to a commit of the time {theirs}, which the catalogue says is of {ours}")
                } else {
                    let (theirs, ours) = (line(&to.nar_hash), line(&from.nar_hash));
                    format!(
                        "{name} to {} with the hash {theirs}, the catalogue with {ours}",
                        line(to.short())
                    )
                });
            }
            Difference::Other(what) => others.push(line(&what).into_owned()),
        }
    }
    let mut finding = match (moved.is_empty(), others.first()) {
        (false, _) => of(format!("flake.lock pins {}", moved.join("; "))),
        (true, Some(first)) => of(format!("flake.lock differs from the catalogue: {first}")),
        (true, None) => of("flake.lock says more than the catalogue gives".to_owned()),
    };
    let said = usize::from(moved.is_empty());
    for other in others.iter().skip(said) {
        finding = finding.help(format!("{other}, which cannot be taken over"));
    }
    if others.is_empty() {
        finding = finding.help("to take it over: `pgflakegen bump inputs --from-lock`");
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_784_796_856, "2026-07-23"),
            (4_102_444_799, "2099-12-31"),
        ] {
            assert_eq!(day(seconds), wanted);
        }
    }
}
