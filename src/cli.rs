//! The command line: what can be typed, and what happens with it.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::LazyLock;

use camino::Utf8PathBuf;
use clap::{ColorChoice, CommandFactory as _, Parser, Subcommand};

use crate::cmd::{self, Context, Outcome};
use crate::diag::foreign;
use crate::diag::guard::Guard;
use crate::terminal;

/// `0.1.0`, or `0.1.0 (0123456789ab)` where the build was told its commit.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| match option_env!("PGFLAKEGEN_COMMIT") {
        Some(commit) if !commit.is_empty() => {
            format!("{} ({})", env!("CARGO_PKG_VERSION"), commit.get(..12).unwrap_or(commit))
        }
        _ => env!("CARGO_PKG_VERSION").to_owned(),
    });
    &VERSION
}

/// Turns a catalogue of PostgreSQL versions and extensions into a Nix flake.
///
/// Without a command, pgflakegen generates: it reads catalogue/, checks it, and writes flake.nix, flake.lock
/// and generated/.
#[derive(Parser, Debug)]
#[command(
    name = "pgflakegen",
    version = version(),
    propagate_version = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all is well; 1 there are findings, or the tree is out of date; 2 it could not run.\n\n\
                  Example: pgflakegen init my-postgres && cd my-postgres && pgflakegen"
)]
pub struct Cli {
    /// Use the repository in DIR instead of the one that the current directory is in.
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<Utf8PathBuf>,

    /// Say when to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,

    /// Print nothing but findings and what was asked for.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print what happens to each file.
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// Say when to show progress: auto, always or never.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "PGFLAKEGEN_PROGRESS",
        hide_env = true,
        default_value = "auto",
        hide_possible_values = true
    )]
    pub progress: terminal::When,

    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write flake.nix, flake.lock and generated/ from the catalogue (this is also what happens without a
    /// command).
    #[command(after_help = "Example: pgflakegen generate --dry-run")]
    Generate(cmd::generate::Args),
    /// Compare the tree with what the catalogue gives, and show the differences.
    ///
    /// Overrides are evaluated as well where the flake's inputs are on this machine; otherwise a line says which
    /// are missing. With --evaluate, all that the flake offers is evaluated.
    #[command(
        after_help = "Example: pgflakegen check --format github\n         pgflakegen check --evaluate --override-input nixpkgs path:/src/nixpkgs"
    )]
    Check(cmd::check::Args),
    /// Make a new folder with a small working catalogue.
    #[command(after_help = "Example: pgflakegen init my-postgres")]
    Init(cmd::init::Args),
    /// List the PostgreSQLs and extensions of the catalogue.
    #[command(after_help = "Example: pgflakegen list --postgresql 17")]
    List(cmd::list::Args),
    /// Show all there is to know about one extension or one PostgreSQL.
    #[command(
        after_help = "Example: pgflakegen show pgvector\n         pgflakegen show pg_repack@1.5.2 --override"
    )]
    Show(cmd::show::Args),
    /// Print the table of extensions and PostgreSQLs, with the versions each gets.
    #[command(after_help = "Example: pgflakegen matrix --json")]
    Matrix(cmd::matrix::Args),
    /// Say how two catalogues differ, as people read it: an extension a line.
    ///
    /// Versions, licences, inputs and what their move means, with links to what changed upstream. For a comment on a
    /// pull request: --format markdown; for a release's notes: --since TAG.
    #[command(
        after_help = "Example: pgflakegen diff origin/main --format markdown\n         pgflakegen diff --since v1.2 --drvs"
    )]
    Diff(Box<cmd::diff::Args>),
    /// Say what is in an environment or image: an SBOM in CycloneDX or SPDX, from derivations, without building.
    #[command(
        after_help = "Example: pgflakegen sbom psql_17/bin > bom.json\n         pgflakegen sbom psql_17/docker --format spdx"
    )]
    Sbom(Box<cmd::sbom::Args>),
    /// Say how large an environment is with all that it brings along: by package and extension, and why each is there.
    ///
    /// What is built is looked at in the store; what is not, caches describe. With a limit it fails where CI should.
    #[command(
        after_help = "Example: pgflakegen size psql_17/slim --against main --limit 400M\n         pgflakegen size psql_17/bin --cache https://cache.nixos.org"
    )]
    Size(Box<cmd::size::Args>),
    /// List licenses, of the catalogue or of an environment or image, and what the policy says of them.
    #[command(
        after_help = "Example: pgflakegen licenses\n         pgflakegen licenses psql_17/docker --json"
    )]
    Licenses(Box<cmd::licenses::Args>),
    /// Look for known vulnerabilities: of PostgreSQL, its extensions and their crates.
    ///
    /// What is known changes from day to day, and so does the result. PostgreSQL's own advisories are in the program,
    /// as of the day that is said; OSV is asked for the rest, or a folder with its records.
    #[command(
        after_help = "Example: pgflakegen audit\n         pgflakegen audit --database osv/ --date 2026-12-01 --format sarif"
    )]
    Audit(cmd::audit::Args),
    /// Write a first catalogue entry for a repository, or add a PostgreSQL with another one's extensions.
    #[command(
        after_help = "Example: pgflakegen add pgvector/pgvector\n         pgflakegen add postgresql 19 --from 18"
    )]
    Add(cmd::add::Args),
    /// Find newer versions upstream, fetch and hash them, edit the catalogue in place and generate.
    #[command(
        after_help = "Example: pgflakegen bump pgvector pg_cron@1.6.4 --commit\n         pgflakegen bump inputs nixpkgs"
    )]
    Bump(cmd::bump::Args),
    /// Take over existing work: hand-written derivations, or a versions.json.
    #[command(after_help = "Example: pgflakegen import nix ext/*.nix")]
    Import(cmd::import::Args),
    /// List what upstream has newer versions of (exit code 1 when there are any).
    #[command(after_help = "Example: pgflakegen outdated --json")]
    Outdated(cmd::outdated::Args),
    /// Fetch and hash every source of the catalogue again, and report each that differs.
    #[command(after_help = "Example: pgflakegen verify pgvector --cache /nix/store")]
    Verify(cmd::verify::Args),
    /// Fetch a source and print the hash that Nix will demand for it.
    #[command(after_help = "Example: pgflakegen prefetch github:pgvector/pgvector/v0.8.0")]
    Prefetch(cmd::prefetch::Args),
    /// Explain a finding's code, or list all codes.
    #[command(after_help = "Example: pgflakegen explain PGF104")]
    Explain(cmd::explain::Args),
    /// Print the JSON Schema of a kind of catalogue file, for editors.
    #[command(after_help = "Example: pgflakegen schema extension > extension.json")]
    Schema(cmd::schema::Args),
    /// Check hand-written Nix: the catalogue's overrides, or any files.
    ///
    /// The syntax alone is judged, which needs nothing but the files. With --evaluate the overrides are evaluated
    /// too, which needs the flake's inputs on this machine.
    #[command(
        after_help = "Example: pgflakegen validate --fix catalogue/overrides/pgvector.nix\n         pgflakegen validate --evaluate --override-input nixpkgs path:/src/nixpkgs"
    )]
    Validate(cmd::validate::Args),
    /// Renew what is known of nixpkgs: its names, which overrides are checked against, and what it has for PostgreSQL.
    #[command(after_help = "Example: pgflakegen index --nixpkgs ~/src/nixpkgs")]
    Index(cmd::index::Args),
    /// Evaluate Nix: a flake's attributes, a file or an expression.
    #[command(after_help = "Example: pgflakegen eval --expr '1 + 1'")]
    Eval(Box<cmd::eval::Args>),
    /// List every package: attribute, name, derivation, outputs.
    #[command(after_help = "Example: pgflakegen drvs --systems x86_64-linux --json")]
    Drvs(Box<cmd::drvs::Args>),
    /// Say which derivations a change rebuilds, and why.
    #[command(after_help = "Example: pgflakegen drv-diff HEAD~1")]
    DrvDiff(Box<cmd::drv_diff::Args>),
    /// Make a page of the catalogue, for people: one HTML file that needs no server and no network.
    ///
    /// What runs on which PostgreSQL, under which licence, what is left out and why; with search, comparisons, and what
    /// changed since the tags of git.
    #[command(
        after_help = "Example: pgflakegen explorer -o explorer.html\n         pgflakegen explorer --serve"
    )]
    Explorer(cmd::explorer::Args),
    /// Make keys for a binary cache, and clear one away.
    #[command(
        after_help = "Example: pgflakegen cache keygen cache.example.org-1 --output signing-key\n         pgflakegen cache gc /var/cache/nix --keep-tags"
    )]
    Cache(cmd::cache::Args),
    /// Plan what other machines build.
    #[command(after_help = "Example: pgflakegen ci plan --since origin/main --check-cache-status")]
    Ci(cmd::ci::Args),
    /// Merge a generated file for git, as docs/teams.md says how to set up (not needed: the attributes do).
    #[command(after_help = "Example: pgflakegen merge-driver %O %A %B %P")]
    MergeDriver(cmd::merge_driver::Args),
    /// Print a completion script for a shell.
    #[command(after_help = "Example: pgflakegen completions bash > /etc/bash_completion.d/pgflakegen")]
    Completions(cmd::completions::Args),
    /// Print the manual page.
    #[command(after_help = "Example: pgflakegen man | man -l -")]
    Man,
}

/// Whether a stream takes colour, by the option and, for `auto`, by the stream and the environment
/// (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`).
fn takes_colour<S: anstream::stream::RawStream>(choice: ColorChoice, stream: &S) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}

/// Runs a command; none is `generate`.
///
/// # Errors
/// What kept it from running: exit code 2.
fn dispatch(command: Option<Command>, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    match command.unwrap_or(Command::Generate(cmd::generate::Args::default())) {
        Command::Generate(args) => cmd::generate::run(&args, context),
        Command::Check(args) => cmd::check::run(&args, context),
        Command::Init(args) => cmd::init::run(&args, context),
        Command::List(args) => cmd::list::run(&args, context),
        Command::Show(args) => cmd::show::run(&args, context),
        Command::Matrix(args) => cmd::matrix::run(&args, context),
        Command::Diff(args) => cmd::diff::run(&args, context),
        Command::Sbom(args) => cmd::sbom::run(&args, context),
        Command::Size(args) => cmd::size::run(&args, context),
        Command::Licenses(args) => cmd::licenses::run(&args, context),
        Command::Audit(args) => cmd::audit::run(&args, context),
        Command::Add(args) => cmd::add::run(&args, context),
        Command::Bump(args) => cmd::bump::run(&args, context),
        Command::Import(args) => cmd::import::run(&args, context),
        Command::Outdated(args) => cmd::outdated::run(&args, context),
        Command::Verify(args) => cmd::verify::run(&args, context),
        Command::Prefetch(args) => cmd::prefetch::run(&args, context),
        Command::Explain(args) => cmd::explain::run(&args, context),
        Command::Schema(args) => cmd::schema::run(&args, context),
        Command::Validate(args) => cmd::validate::run(&args, context),
        Command::Index(args) => cmd::index::run(&args, context),
        Command::Eval(args) => cmd::eval::run(&args, context),
        Command::Drvs(args) => cmd::drvs::run(&args, context),
        Command::DrvDiff(args) => cmd::drv_diff::run(&args, context),
        Command::Explorer(args) => cmd::explorer::run(&args, context),
        Command::Cache(args) => cmd::cache::run(&args, context),
        Command::Ci(args) => cmd::ci::run(&args, context),
        Command::MergeDriver(args) => cmd::merge_driver::run(&args, context),
        Command::Completions(args) => cmd::completions::run(&args, context),
        Command::Man => cmd::man::run(Cli::command(), context),
    }
}

/// What clap has to say: help, or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    let unseen = |arg: OsString| arg.to_string_lossy().contains(foreign::is_unseen);
    if !std::env::args_os().any(unseen) {
        error.exit();
    }
    // Arguments may be names of files that a shell found.
    let mut err = Guard::new(io::stderr().lock(), true);
    let _ = write!(err, "{}", error.render());
    let _ = err.flush();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Runs the program with the process's own arguments and streams.
pub fn run() -> ExitCode {
    cmd::completions::answer(Cli::command);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    terminal::install(cli.progress, cli.quiet);
    crate::interrupt::install(terminal::interrupted);
    crate::threads::install();
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (colour_out, colour_err) = (takes_colour(cli.color, &stdout), takes_colour(cli.color, &stderr));
    let mut out = Guard::new(terminal::stdout(), stdout.is_terminal());
    let mut err = Guard::new(terminal::stderr(), stderr.is_terminal());
    let mut context = Context {
        root: cli.root,
        quiet: cli.quiet,
        verbose: cli.verbose,
        colour_out,
        colour_err,
        fold: stderr.is_terminal(),
        reports: false,
        out: &mut out,
        err: &mut err,
    };
    let result = dispatch(cli.command, &mut context);
    let result = cmd::finish(result, &mut context);
    let result = result.and_then(|outcome| Ok(context.out.flush().map(|()| outcome)?));
    let code = match result {
        Ok(outcome) => outcome.into(),
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(context.err, "pgflakegen: {error:#}");
            ExitCode::from(2)
        }
    };
    let _ = context.err.flush();
    code
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
