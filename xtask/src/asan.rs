//! `cargo xtask asan`: the evaluator, whose memory is the one place with `unsafe`, with AddressSanitizer. Its own crate
//! is small enough to be built for this in a minute.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::repository::{cargo, root};

/// Options of `asan`.
#[derive(clap::Args)]
pub struct Args {
    /// Evaluate programs made at random for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
}

/// A program that a working sanitizer ends.
const WRONG: &str = "fn main() {
    let kept = { let gone = Box::new(1u8); &raw const *gone };
    println!(\"{}\", unsafe { std::ptr::read_volatile(kept) });
}
";

const FLAGS: &str = "-Zsanitizer=address";

/// Does it; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let host = host()?;
    let folder = root().join("target/asan");
    std::fs::create_dir_all(&folder)?;
    finds(&folder, &host)?;
    let mut command = cargo();
    sanitized(&mut command);
    command
        .args(["test", "--package", "nix-eval", "--lib", "--test", "it", "--target", &host])
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", FLAGS)
        // A sanitized program is ten times slower without.
        .env("CARGO_PROFILE_TEST_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_TEST_DEBUG", "line-tables-only")
        .env("NIX_EVAL_SECONDS", args.seconds.to_string())
        // What is freed is kept for a while by the sanitizer, to find who uses it.
        .args(["--", "--nocapture", "--skip", "a_dropped_session_gives_back"]);
    let status = command.status().context("cargo cannot be started")?;
    ensure!(
        status.success(),
        "the evaluator's tests fail with AddressSanitizer; what it found is said above"
    );
    Ok("AddressSanitizer finds nothing".to_owned())
}

/// Of a stable toolchain, too.
fn sanitized(command: &mut Command) {
    command
        .env("RUSTC_BOOTSTRAP", "1")
        // Evaluation gives its memory back at its end, or not at all; and it changes stacks when one is full.
        .env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0");
}

fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say its host")
}

/// Whether the sanitizer is there and finds something: otherwise its silence would mean nothing.
fn finds(folder: &Path, host: &str) -> anyhow::Result<()> {
    let (source, program): (PathBuf, PathBuf) = (folder.join("wrong.rs"), folder.join("wrong"));
    std::fs::write(&source, WRONG)?;
    let mut rustc = Command::new("rustc");
    sanitized(&mut rustc);
    let built = rustc.args([FLAGS, "--target", host, "--edition", "2024", "-o"]).arg(&program).arg(&source);
    ensure!(built.status()?.success(), "this toolchain has no AddressSanitizer for {host}");
    let mut wrong = Command::new(&program);
    sanitized(&mut wrong);
    let output = wrong.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !said.contains("heap-use-after-free") {
        bail!("AddressSanitizer does not find a use after free:\n{said}");
    }
    Ok(())
}
