//! What a catalogue is accountable for, told to people and programs: how two of them differ, where each part is from.
//!
//! Owns the facts and the documents made of them. Must not know the disk, the network, or how anything is generated.

pub mod audit;
pub mod bill;
pub mod changes;
pub mod place;
pub mod text;
