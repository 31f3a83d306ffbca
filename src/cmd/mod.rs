//! The commands, one file each.

pub mod drvs;
pub mod eval;
