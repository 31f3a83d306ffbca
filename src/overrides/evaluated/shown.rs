//! What an override does, attribute by attribute, for people and programs.
