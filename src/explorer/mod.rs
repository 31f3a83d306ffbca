//! The explorer: the catalogue as one HTML file, to be read by people.
//!
//! Owns what the page knows ([`data`]), how that is got from a catalogue (`model`, `state`), and the file around it
//! ([`page`]). Must not know where the file goes, nor git: what is remembered of earlier catalogues is handed in.

pub mod data;
mod model;
pub mod page;
pub mod state;

pub use model::catalogue;
