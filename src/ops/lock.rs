//! A `flake.lock` that somebody else has written: what differs from the catalogue, and what to type.

use crate::catalogue::lock::{Difference, Lock, Pin};
use crate::diag::foreign::line;
use crate::diag::{Code, Diagnostic, Span};
use crate::rule::{Finder, finder};
use crate::store::dates;

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    LockDiffers =
        "flake.lock is made from [inputs.NAME] in catalogue/flake.toml. Somebody else has written it since: `nix \
         flake update`, a bot, or Nix itself, which adds what an input has inputs of. It is not overwritten. \
         `pgflakegen bump inputs --from-lock` writes the revisions that it has into the catalogue, with the table \
         of what nixpkgs has; `rm flake.lock && pgflakegen` goes back to the catalogue's. What a catalogue has no \
         words for (inputs that flake.toml does not name, a lock file of another version) cannot be taken over: add \
         the input to flake.toml, or write `follows`.";
};

/// `e2587caef70c (2026-07-23)`.
pub(crate) fn said(pin: &Pin) -> String {
    match pin.last_modified {
        0 => line(pin.short()).into_owned(),
        time => {
            let day = dates::day(i64::try_from(time).unwrap_or(i64::MAX));
            format!("{} ({day})", line(pin.short()))
        }
    }
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
