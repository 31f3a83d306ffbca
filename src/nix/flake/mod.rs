//! Flakes: references, lock files, outputs.

use super::eval::heap::Ref;
use super::eval::ir::Pos;
use super::eval::{Error, Ev, Kind, Result, Value};

fn later<T>(pos: Pos) -> Result<T> {
    Err(Error::at(Kind::Unavailable, "flakes: under construction", pos))
}

/// `builtins.fetchGit`.
pub fn fetch_git(_: &mut Ev, _: Ref, pos: Pos) -> Result<Value> {
    later(pos)
}
/// `builtins.fetchTree`.
pub fn fetch_tree(_: &mut Ev, _: Ref, pos: Pos) -> Result<Value> {
    later(pos)
}
/// `builtins.getFlake`.
pub fn get_flake(_: &mut Ev, _: Ref, pos: Pos) -> Result<Value> {
    later(pos)
}
/// `builtins.parseFlakeRef`.
pub fn parse_flake_ref(_: &mut Ev, _: Ref, pos: Pos) -> Result<Value> {
    later(pos)
}
/// `builtins.flakeRefToString`.
pub fn flake_ref_to_string(_: &mut Ev, _: Ref, pos: Pos) -> Result<Value> {
    later(pos)
}

/// An attribute of a flake, as `nix eval` finds it.
pub fn attribute(_: &mut Ev, _: &str, _: &[(String, String)]) -> Result<Value> {
    later(0)
}

/// The outputs of a flake.
pub fn outputs(_: &mut Ev, _: &str, _: &[(String, String)]) -> Result<Value> {
    later(0)
}
