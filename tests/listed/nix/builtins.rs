//! The list of builtins, which grows with Nix.

use std::process::Command;

use libtest_mimic::Failed;
use nix_eval::{Machine, Session, Settings};
use serde_json::Value;

/// Name and type of each builtin, in pure and in impure mode.
pub fn are_those_of_nix(nix: &str) -> Result<(), Failed> {
    let program = "builtins.mapAttrs (_: builtins.typeOf) builtins";
    for pure in [false, true] {
        let theirs = super::output::output_of(
            Command::new(nix)
                .args(["--eval", "--strict", "--json", "--readonly-mode", "-E", program])
                .args(["--option", "extra-experimental-features", "flakes"])
                .args(["--option", "pure-eval", if pure { "true" } else { "false" }]),
        )?;
        let settings = Settings { pure, ..Settings::default() };
        let session = Session::new(std::sync::Arc::new(Machine), settings);
        let ours = session.eval_str(program).and_then(|value| value.to_json());
        let ours = ours.map_err(|error| error.to_string())?;
        let ours: Value = serde_json::from_str(&ours)?;
        let theirs: Value = serde_json::from_str(&theirs)?;
        if ours != theirs {
            return Err(format!("pure: {pure}\nNix has\n{theirs}\nwe have\n{ours}").into());
        }
    }
    Ok(())
}
