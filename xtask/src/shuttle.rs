//! `cargo xtask shuttle`: what threads of the evaluator share, with shuttle, which runs a test's threads one step at a time
//! and in many orders.

use anyhow::{Context as _, ensure};

use crate::repository::{cargo, root};

/// Options of `shuttle`.
#[derive(clap::Args)]
pub struct Args {
    /// Try so many orders of each kind, for each test.
    #[arg(long, value_name = "COUNT", default_value_t = 2000)]
    orders: usize,
}

/// Does it; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let status = cargo()
        .args(["test", "--package", "nix-eval", "--lib", "--target-dir"])
        .arg(root().join("target/shuttle"))
        .args(["--", "in_many_orders"])
        .env("RUSTFLAGS", "--cfg shuttle")
        .env("CARGO_PROFILE_TEST_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_TEST_DEBUG", "line-tables-only")
        .env("NIX_EVAL_ORDERS", args.orders.to_string())
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "an order of steps was found in which the evaluator's threads go wrong");
    Ok(format!("shuttle: nothing goes wrong in {} orders of each kind", args.orders))
}
