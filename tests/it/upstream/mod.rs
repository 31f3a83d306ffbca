//! Fetching, hashing and bumping against servers and repositories that these tests start themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod actions;
mod add;
mod archives;
mod bump;
mod doubts;
mod git;
mod http;
mod import;
mod import_tells;
mod inputs;
mod interrupt;
mod mistakes;
mod network;
mod nix;
mod pty;
mod repository;
mod rust;
pub(crate) mod server;
mod terminal;
mod tutorial;

use pgflakegen::store::archive::Limits;
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
        least: 100,
        whole: Duration::from_secs(60),
    }
}

fn upstream(endpoints: Endpoints) -> Upstream {
    let mut upstream =
        Upstream::new(endpoints, Credentials::none(), impatient(), false, Limits::default()).unwrap();
    upstream.git.trust_local();
    upstream
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
        osv: format!("{base}/osv"),
    }
}

/// `pgflakegen …` as it is typed: exit code, stdout, stderr.
fn typed(arguments: &[&str]) -> (i32, String, String) {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_pgflakegen")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
