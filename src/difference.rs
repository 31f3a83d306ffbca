//! Two texts, or two lists of lines, beside each other.
//!
//! Must not know what is in them. `similar` is generic, and large: it is made for one type of line, here.

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{Algorithm, DiffOp};

/// The steps that lead from one list of lines to the other, in order; all lines of both are in one of them.
pub fn steps(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let mut steps = Compact::new(Replace::new(Capture::new()), before, after);
    let Ok(()) = myers::diff(&mut steps, before, 0..before.len(), after, 0..after.len());
    steps.into_inner().into_inner().into_ops()
}

/// Lines around a change.
const AROUND: usize = 3;

/// A unified diff of two texts, as `git apply` takes it, with `names` of the two in its head.
pub fn unified(before: &str, after: &str, names: (&str, &str)) -> String {
    similar::udiff::unified_diff(Algorithm::Myers, before, after, AROUND, Some(names))
}
