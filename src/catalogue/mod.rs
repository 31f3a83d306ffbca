//! The input: `catalogue/*.toml`, read with spans, checked rule by rule, resolved into the [`model`].

pub mod licenses;
pub mod model;
