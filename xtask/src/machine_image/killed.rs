//! A machine's upgrade that is killed, without a machine: its program, on the servers of the end-to-end test.

use std::fs;

use anyhow::{Context as _, Result};

use crate::e2e::command::{logged, output, program};
use crate::e2e::{self, nix};

/// Copies and links; gives what there is to say.
pub fn run(context: &e2e::Context, times: u32) -> Result<String> {
    let pair = context.pair()?;
    let place = context.root.join("target/machine-image/killed");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place).with_context(|| format!("{}", place.display()))?;
    let [old_bin, new_bin] = [super::built(context, &pair.older)?, super::built(context, &pair.newer)?];
    let old = super::units(context, &place, &pair.older, &[], "copy")?;
    let mut said = Vec::new();
    for mode in ["copy", "link"] {
        let new = super::units(context, &place, &pair.newer, &[&pair.older], mode)?;
        // Where PostgreSQL's account can get to.
        let work = tempfile::Builder::new().prefix("killed-").tempdir()?;
        output(program("chmod").arg("755").arg(work.path()))?;
        let mut kill = nix::nix("bash");
        kill.arg(context.root.join("tests/e2e/killed-upgrade.sh")).args([&old, &new]);
        kill.args([&old_bin, &new_bin]).arg(work.path()).arg(times.to_string());
        let line = logged(&mut kill, &context.log(&format!("killed-{mode}")), |_| ())?;
        context.note(&format!("{mode}: {}", line.trim()));
        said.push(format!("{mode}: {}", line.trim()));
    }
    Ok(format!("machine-image: {}", said.join("; ")))
}
