//! Fetching, hashing and bumping against servers and repositories that these tests start themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod archives;
mod bump;
mod git;
mod http;
mod nix;
mod repository;
mod server;

use camino::Utf8Path;
use pgflakegen::cli::{Context, Outcome};
use pgflakegen::upstream::archive::Limits;
use pgflakegen::upstream::credentials::Credentials;
use pgflakegen::upstream::http::Patience;
use pgflakegen::upstream::{Endpoints, Upstream};
use std::time::Duration;

/// Tries as often as a user's would, but without the long pauses.
fn impatient() -> Patience {
    Patience {
        tries: 3,
        pause: Duration::from_millis(5),
        longest: Duration::from_millis(20),
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(400),
    }
}

fn upstream(endpoints: Endpoints) -> Upstream {
    Upstream::new(endpoints, Credentials::none(), impatient(), false, Limits::default()).unwrap()
}

/// Every place is the one at `base`.
fn endpoints(base: &str) -> Endpoints {
    Endpoints {
        github: base.into(),
        github_api: format!("{base}/api"),
        crates_index: format!("{base}/index"),
        crates: format!("{base}/crates"),
        pgxn: format!("{base}/pgxn"),
        postgresql: format!("{base}/postgresql"),
    }
}

/// Runs `action` with a context that keeps what is written.
fn captured<T>(root: &Utf8Path, action: impl FnOnce(&mut Context<'_>) -> T) -> (T, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut context = Context {
        root: Some(root.to_owned()),
        quiet: false,
        verbose: false,
        colour_out: false,
        colour_err: false,
        out: &mut out,
        err: &mut err,
    };
    let result = action(&mut context);
    (result, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// `pgflakegen …` as it is typed.
fn typed(root: &Utf8Path, arguments: &[&str]) -> (Outcome, String, String) {
    use clap::Parser as _;
    let cli =
        pgflakegen::cli::Cli::try_parse_from(std::iter::once("pgflakegen").chain(arguments.iter().copied()));
    let command = cli.unwrap_or_else(|error| panic!("{error}")).command;
    let (result, out, err) = captured(root, |context| pgflakegen::cmd::run(command, context));
    (result.unwrap_or_else(|error| panic!("{error:#}\n{err}")), out, err)
}
