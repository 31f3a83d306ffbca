//! Any bytes as the flake.lock of a flake: outputs, or an error; nothing beside the flake is read.

use std::sync::Arc;

use pgflakegen::nix::eval::eval_io::Machine;
use pgflakegen::nix::eval::{Ev, Settings, Shared, Value};
use pgflakegen::nix::flake;

const FLAKE: &str = r#"{
  inputs.a = { url = "github:owner/a"; flake = false; };
  inputs.b.url = "path:./b";
  outputs = { self, a, b }: { x = builtins.readDir a; y = b.lib or 1; };
}
"#;

pub fn check(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("flake.nix"), FLAKE).expect("a file");
    std::fs::write(folder.path().join("flake.lock"), data).expect("a file");
    let settings = Settings { pure: true, ..Settings::default() };
    // SAFETY: its values stay in here.
    let mut ev = unsafe { Ev::new(Shared::new(settings, Arc::new(Machine), flake::HOOKS)) };
    let place = format!("path:{}", folder.path().display());
    let Ok(Value::Attrs(outputs)) = flake::outputs(&mut ev, &place, &[]) else { return };
    for attr in outputs.flat().iter() {
        let _ = ev.force(attr.value);
    }
}
