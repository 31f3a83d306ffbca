//! Amazon machine images by the release's script, on a server of EC2's and EBS's calls: moto's, from PyPI, with what it
//! leaves out. The script is killed after each call that changes something, and begun anew.

use std::path::Path;

use anyhow::{Result, ensure};

use super::command::{Server, emptied, free_port, logged, program};
use super::{Context, Outcome, cache};
use crate::python;

/// Proves it.
pub fn prove(context: &Context) -> Result<Outcome> {
    python::install(Path::new(cache::PLACE), cache::PACKAGES)?;
    let bin = Path::new(cache::PLACE).join("bin");
    let here = context.root.join("tests/e2e/ami");
    let work = context.state.join("ami");
    emptied(&work)?;
    let port = free_port()?;
    let mut serve = program(bin.join("python"));
    serve.arg(here.join("server.py")).arg(port.to_string());
    let _server = Server::start(&mut serve, &context.log("server"), port)?;
    let mut prove = program("bash");
    prove.arg(here.join("prove.sh")).arg(context.root.join("generated/ci/ami.sh")).arg(&bin).arg(&work);
    let said = logged(prove.arg(format!("http://127.0.0.1:{port}")), &context.log("prove"), |line| {
        context.note(line);
    })?;
    let count = |text: &str| said.lines().filter(|line| line.contains(text)).count();
    let (killed, all) = (count("killed after call"), count("ok: "));
    ensure!(killed > 0, "the script was never killed");
    Ok(Outcome::Done(format!(
        "killed after each of {killed} calls that change something, and begun anew; {all} cases; no secret in a log"
    )))
}
