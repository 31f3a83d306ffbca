//! Any bytes as the flake.lock of a flake: outputs, or an error; nothing beside the flake is read.

use std::sync::Arc;

use pgflakegen::nix::eval::{Machine, Session, Settings};

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
    let session = Session::new(Arc::new(Machine), settings);
    let place = format!("path:{}", folder.path().display());
    let Ok(outputs) = session.flake(&place, &[]) else { return };
    for attr in outputs.attrs().unwrap_or_default() {
        let _ = attr.value.force();
    }
}
