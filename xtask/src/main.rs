//! The project's own chores: `cargo xtask e2e`, `upgrade`, `asan`, `bench`, `book`, `browser`, `chain`, `deny`, `linters`,
//! `machine-image`, `mutants`, `notices`, `package`, `shuttle`, `validators`, `walkthroughs`.

mod asan;
mod bench;
mod book;
mod browser;
mod copy;
mod deny;
mod e2e;
mod machine_image;
mod mutants;
mod notices;
mod package;
mod python;
mod repository;
mod shuttle;
mod walkthroughs;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the generated flake with real Nix, start PostgreSQL and create every extension.
    ///
    /// Wants Debian 12 and root: it installs Nix and the libraries PostgreSQL is built with. Where no
    /// binary cache can be reached this works all the same: nixpkgs is replaced by tests/hostpkgs.
    E2e(e2e::Args),
    /// Plant each difference of tests/e2e/planted.sql in an upgrade, where all must be found, and upgrade a data directory
    /// with what extensions keep by each method. After `e2e`.
    Upgrade(e2e::upgrade::Args),
    /// Run the evaluator's tests, and programs made at random, with AddressSanitizer.
    Asan(asan::Args),
    /// Measure the evaluator beside C++ Nix on a nixpkgs of one's own, and write docs/speed.md.
    Bench(bench::Args),
    /// Make a book with search of all pages, in target/book, and follow its links; where mdBook is installed.
    Book,
    /// Look at the explorer's pages in a real browser: Debian's Chromium, which is installed where it is missing.
    Browser(browser::Args),
    /// Bump an extension in a clone, plan, build on two stores, push to an S3 server and a registry, boot a machine. After
    /// the step `chain` of `e2e`, which has all but the machine.
    Chain(e2e::chain::Args),
    /// Check licences, duplicates and sources of all crates with cargo-deny, where that is installed.
    Deny,
    /// Install what the tests of workflows want (actionlint, ShellCheck, zizmor) into target/linters.
    Linters,
    /// Make machines with a PostgreSQL of the catalogue and boot them in qemu, with a metadata service as EC2 has one: a
    /// power cut, a newer image with the same volume, an upgrade. After `e2e`; --smoke wants nothing.
    MachineImage(machine_image::Args),
    /// Stand in for the metadata service of an instance: `machine-image` has qemu call it.
    #[command(hide = true)]
    Metadata(machine_image::metadata::Args),
    /// Change the code in one place after the other, and see whether a test notices (cargo-mutants); what none notices must be
    /// among tests/mutants.txt, with a reason.
    Mutants(mutants::Args),
    /// Write the licences of what is in the binary, with their texts, to THIRD-PARTY.md.
    Notices(notices::Args),
    /// Build the binary that is published, and of it an archive and a Debian package, in target/package; run each from
    /// an empty folder.
    Package(package::Args),
    /// Run what the evaluator's threads share in many orders of their steps.
    Shuttle(shuttle::Args),
    /// Make the changes that CONTRIBUTING.md describes to a copy of the last commit, and run what they say to run.
    Walkthroughs,
    /// Install the official validators of SBOMs into target/validators, where the tests find them. Wants Python 3.
    Validators,
}

fn main() -> ExitCode {
    match Cli::parse().task {
        Task::E2e(args) => e2e::run(&args),
        Task::Upgrade(args) => ended(e2e::upgrade::run(&args)),
        Task::Asan(args) => ended(asan::run(&args)),
        Task::Bench(args) => ended(bench::run(&args)),
        Task::Book => ended(book::run()),
        Task::Browser(args) => ended(browser::run(&args)),
        Task::Chain(args) => ended(e2e::chain::run(&args)),
        Task::Deny => deny::run(),
        Task::Linters => ended(python::linters()),
        Task::MachineImage(args) => ended(machine_image::run(&args)),
        Task::Metadata(args) => match machine_image::metadata::run(&args) {
            // What it serves is on standard output.
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Task::Mutants(args) => mutants::run(&args),
        Task::Notices(args) => ended(notices::run(&args)),
        Task::Package(args) => ended(package::run(&args)),
        Task::Walkthroughs => ended(walkthroughs::run()),
        Task::Shuttle(args) => ended(shuttle::run(&args)),
        Task::Validators => ended(python::validators()),
    }
}

/// Says how a chore ended.
fn ended(result: anyhow::Result<String>) -> ExitCode {
    match result {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
