//! Tests that are listed at run time: those that want something which may be missing, a Nix, `strace`, `shellcheck`, and
//! show as ignored then, which CI looks for; and those of which there is one for each folder.

mod cache;
mod eval_pure;
mod hostile;
mod installcheck;
mod limits;
mod machines;
mod nix;
mod pins;
mod power_cut;
mod sbom;
mod scripts;
#[path = "../support/mod.rs"]
mod support;
mod workflows;

use libtest_mimic::Arguments;

fn main() {
    let trials = [
        cache::trials(),
        eval_pure::trials(),
        hostile::trials(),
        installcheck::trials(),
        limits::trials(),
        machines::trials(),
        nix::trials(),
        pins::trials(),
        power_cut::trials(),
        sbom::trials(),
        scripts::trials(),
        workflows::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit();
}
