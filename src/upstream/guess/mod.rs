//! What a source tells about itself: control file, Makefile, META.json, CMake, Cargo.toml, licence.

pub mod control;
