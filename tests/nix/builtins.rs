//! The list of builtins, which grows with Nix.

use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

/// Name and type of each builtin, in pure and in impure mode.
pub fn are_those_of_nix(nix: &str) -> Result<(), Failed> {
    use pgflakegen::nix::eval::{Ev, Settings, Shared, coerce, outside, shared};
    let program = "builtins.mapAttrs (_: builtins.typeOf) builtins";
    for pure in [false, true] {
        let theirs = super::output::output_of(
            Command::new(nix)
                .args(["--eval", "--strict", "--json", "--readonly-mode", "-E", program])
                .args(["--option", "extra-experimental-features", "flakes"])
                .args(["--option", "pure-eval", if pure { "true" } else { "false" }]),
        )?;
        let settings = Settings { pure, ..Settings::default() };
        let shared =
            Shared::new(settings, std::sync::Arc::new(outside::Machine), pgflakegen::nix::flake::HOOKS);
        let mut ev = Ev::new(shared);
        let mut ours = Vec::new();
        let code = ev
            .parse(program, shared::Origin::Text(program.into()), b"/")
            .map_err(|error| error.to_string())?;
        let value = ev.eval(code, None).map_err(|error| error.to_string())?;
        let mut set = coerce::ContextSet::default();
        ev.write_json(value, false, &mut set, &mut ours, 0).map_err(|error| error.to_string())?;
        let ours: Value = serde_json::from_slice(&ours)?;
        let theirs: Value = serde_json::from_str(&theirs)?;
        if ours != theirs {
            return Err(format!("pure: {pure}\nNix has\n{theirs}\nwe have\n{ours}").into());
        }
    }
    Ok(())
}
