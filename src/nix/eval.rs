//! [`nix_eval`], with this machine as its outside: temporary folders that go with the process, and git.

pub use nix_eval::{
    Answer, Attribute, Entry, Error, ErrorKind, EvalIo, Evaluator, Kept, Kind, Lint, Lints, Messages, Pos,
    Repository, Result, Session, Settings, Temporary, Text, Value, attribute_path, compare_versions,
    current_system, parse_size, quote, suggest,
};

pub use super::machine::Machine;
