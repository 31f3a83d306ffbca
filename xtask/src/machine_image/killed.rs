//! A machine's upgrade that is killed, without a machine: its program, on the servers of the end-to-end test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Result;

use crate::e2e;
use crate::e2e::command::{emptied, logged, program};

/// Copies and links; gives what there is to say.
pub fn run(context: &e2e::Context, times: u32) -> Result<String> {
    let pair = context.pair()?;
    let place = context.root.join("target/machine-image/killed");
    emptied(&place)?;
    let [old_bin, new_bin] = [super::built(context, &pair.older)?, super::built(context, &pair.newer)?];
    let old = super::units(context, &place, &pair.older, &[], "copy")?;
    let mut said = Vec::new();
    for mode in ["copy", "link"] {
        let new = super::units(context, &place, &pair.newer, &[&pair.older], mode)?;
        // Where PostgreSQL's account can get to.
        let work = tempfile::Builder::new().prefix("killed-").tempdir()?;
        fs::set_permissions(work.path(), Permissions::from_mode(0o755))?;
        let mut kill = program("bash");
        kill.arg(context.root.join("tests/e2e/killed-upgrade.sh")).args([&old, &new]);
        kill.args([&old_bin, &new_bin]).arg(work.path()).arg(times.to_string());
        let line = logged(&mut kill, &context.log(&format!("killed-{mode}")), |_| ())?;
        said.push(format!("{mode}: {}", line.trim()));
        context.note(&said[said.len() - 1]);
    }
    Ok(format!("machine-image: {}", said.join("; ")))
}
