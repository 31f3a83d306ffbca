//! The end-to-end test: the steps, their order, and the report. What a step does is in its own module.

mod ami;
pub mod apt;
mod builders;
mod cache;
mod catalogue;
pub mod chain;
pub mod command;
mod evaluate;
mod installcheck;
mod machine;
pub mod nix;
mod own;
mod registry;
mod rust;
mod server;
mod sources;
mod steps;
mod tools;
pub mod upgrade;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::repository::root;

/// What can be chosen on the command line.
#[derive(clap::Args)]
pub struct Args {
    /// List the steps and end.
    #[arg(long)]
    list: bool,
    /// Run only this step (may be repeated); what it needs must have run before.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Run so many steps at once, where they do not need each other; as many as there are processors.
    #[arg(long, value_name = "COUNT", default_value_t = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))]
    jobs: NonZeroUsize,
}

/// Where things are for a step, and what steps tell each other about.
#[derive(Clone)]
pub struct Context {
    /// The repository.
    pub root: PathBuf,
    /// Downloads, logs and the generated flake; kept between runs.
    pub state: PathBuf,
    /// The step.
    pub step: &'static str,
}

/// The two PostgreSQLs that the test builds, by their names in the catalogue.
pub struct Pair {
    /// The older one: `15`.
    pub older: String,
    /// The newer one: `17`.
    pub newer: String,
}

impl Pair {
    /// Both.
    pub fn names(&self) -> [&str; 2] {
        [&self.older, &self.newer]
    }

    fn write(&self, context: &Context) -> Result<()> {
        std::fs::write(context.state.join("pair"), self.names().join(" ")).context("pair")
    }
}

impl Context {
    /// The two PostgreSQLs that the step `generate` chose.
    pub fn pair(&self) -> Result<Pair> {
        let path = self.state.join("pair");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{}: run the step generate", path.display()))?;
        let (older, newer) = text.split_once(' ').context("pair: two names")?;
        Ok(Pair { older: older.to_owned(), newer: newer.to_owned() })
    }

    /// The flake generated from the reduced catalogue.
    pub fn flake(&self) -> PathBuf {
        self.state.join("flake")
    }

    /// The file that the output of a program goes to.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// The step's own folder for these.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs").join(self.step)
    }

    /// Shows something of interest within a step.
    pub fn note(&self, text: &str) {
        println!("      {}: {text}", self.step);
    }
}

/// What became of a step.
pub enum Outcome {
    /// It did what it should: one line on what that was.
    Done(String),
    /// It could not run here, for this reason; that is no failure.
    Skipped(String),
}

struct Step {
    name: &'static str,
    about: &'static str,
    needs: &'static [&'static str],
    run: fn(&Context) -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step {
        name: "machine",
        about: "install Nix, compilers and libraries from Debian",
        needs: &[],
        run: machine::prepare,
    },
    Step {
        name: "sources",
        about: "fetch what Debian's archive has today, as a mirror of what upstream has",
        needs: &["machine"],
        run: sources::fetch,
    },
    Step {
        name: "rust",
        about: "put the Rust toolchain where builders can read it, and the crates into the store",
        needs: &["machine"],
        run: rust::prepare,
    },
    Step {
        name: "generate",
        about: "pin that in a copy of the repository, with pgflakegen itself, and generate its flake",
        needs: &["sources", "rust"],
        run: catalogue::generate,
    },
    Step {
        name: "evaluate-default",
        about: "evaluate every output of this repository's own flake, for all systems",
        needs: &["machine"],
        run: evaluate::own_flake,
    },
    Step {
        name: "package",
        about: "nix build .#pgflakegen; nix run it in an empty folder",
        needs: &["rust"],
        run: own::package,
    },
    Step { name: "show", about: "nix flake show", needs: &["generate"], run: evaluate::show },
    Step { name: "check", about: "nix flake check --no-build", needs: &["generate"], run: evaluate::check },
    Step {
        name: "evaluate",
        about: "evaluate every output of the generated flake, for all systems",
        needs: &["generate"],
        run: evaluate::generated_flake,
    },
    Step {
        name: "current-nix",
        about: "install the Nix of Debian's unstable release beside the machine's",
        needs: &["machine"],
        run: machine::current_nix,
    },
    Step {
        name: "evaluate-current",
        about: "the same with that Nix, which must give the same derivations",
        needs: &["current-nix", "evaluate-default", "evaluate"],
        run: evaluate::current_nix,
    },
    Step {
        name: "build-older",
        about: "build the older of two PostgreSQLs with its extensions",
        needs: &["generate"],
        run: |context| server::build(context, &context.pair()?.older),
    },
    Step {
        name: "build-newer",
        about: "build the newer one with its extensions",
        needs: &["generate"],
        run: |context| server::build(context, &context.pair()?.newer),
    },
    Step {
        name: "versions",
        about: "build every version of every extension, side by side",
        needs: &["build-older", "build-newer"],
        run: server::build_versions,
    },
    Step {
        name: "run-older",
        about: "start the older PostgreSQL, create every extension, compare the versions",
        needs: &["build-older"],
        run: |context| server::run(context, &context.pair()?.older),
    },
    Step {
        name: "run-newer",
        about: "start the newer PostgreSQL, create every extension, compare the versions",
        needs: &["build-newer"],
        run: |context| server::run(context, &context.pair()?.newer),
    },
    Step {
        name: "flake-check",
        about: "nix flake check: the flake's own checks, in clusters inside builds",
        needs: &["build-older", "build-newer"],
        run: evaluate::build_checks,
    },
    Step {
        name: "broken-extensions",
        about: "extensions that are broken on purpose, each found by the check",
        needs: &["build-older", "build-newer"],
        run: tools::broken_extensions,
    },
    Step {
        name: "installcheck",
        about: "the tests that extensions' own sources have; a planted one that fails, and lists that are wrong",
        needs: &["build-older", "build-newer"],
        run: installcheck::prove,
    },
    Step {
        name: "side-by-side",
        about: "several versions in one server: every pair, and faults planted in made-up extensions",
        needs: &["build-older", "build-newer"],
        run: tools::side_by_side,
    },
    Step {
        name: "serve",
        about: "nix run .#start-server, .#start-client and .#start-replica",
        needs: &["build-older", "build-newer"],
        run: tools::serve,
    },
    Step {
        name: "cluster",
        about: "what [server] says is made; nix run .#pg; other versions of extensions",
        needs: &["build-older", "build-newer"],
        run: tools::cluster,
    },
    Step {
        name: "image",
        about: "psql_NN/docker: its configuration, and its entrypoint in a root directory of its layers",
        needs: &["build-older"],
        run: tools::image,
    },
    Step {
        name: "cloudnative-pg",
        about: "images for CloudNativePG: a server, and extensions in it and in Debian's own PostgreSQL, without /nix",
        needs: &["current-nix", "generate"],
        run: tools::cloudnative_pg,
    },
    Step {
        name: "cache",
        about: "push to an S3 server and read from it, with the current Nix and Amazon's client",
        needs: &["current-nix", "build-older"],
        run: cache::prove,
    },
    Step {
        name: "ami",
        about: "make Amazon machine images by the release's script, which is killed and begun anew, on a mock server",
        needs: &["cache"],
        run: ami::prove,
    },
    Step {
        name: "builders",
        about: "build over ssh as another user on another store, copy both ways",
        needs: &["build-older"],
        run: builders::build,
    },
    Step {
        name: "registry",
        about: "push the image to a registry by the release's scripts: digests, tags, what a change sends",
        needs: &["build-older"],
        run: registry::push,
    },
    Step {
        name: "chain",
        about: "bump an extension, plan, build on two stores, push to an S3 server and a registry",
        // They use the same servers and the same other machine.
        needs: &["cache", "builders", "registry"],
        run: chain::without_machine,
    },
    Step {
        name: "slim",
        about: "the closure of psql_NN/slim is smaller than that of psql_NN/bin",
        needs: &["build-older"],
        run: tools::slim,
    },
    Step {
        name: "migrate",
        about: "nix run .#migration-test OLDER NEWER, each method, and with a planted difference",
        needs: &["build-older", "build-newer"],
        run: tools::migrate,
    },
    Step {
        name: "upgrade-for-real",
        about: "nix run .#upgrade of a data directory, and back; killed before, between and after its renames",
        needs: &["build-older", "build-newer"],
        run: upgrade::for_real,
    },
    Step {
        name: "add-postgresql",
        about: "add a PostgreSQL to the catalogue and to nothing else; build and run it",
        needs: &["build-older"],
        run: server::run_another,
    },
];

/// Runs the steps that were asked for and reports on them.
pub fn run(args: &Args) -> ExitCode {
    if args.list {
        for step in STEPS {
            println!("{:<18} {}", step.name, step.about);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = args.only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        eprintln!("error: there is no step `{unknown}`; `cargo xtask e2e --list` lists them");
        return ExitCode::from(2);
    }
    steps::run(args)
}

/// Where things are for a step.
///
/// # Errors
///
/// When its folders cannot be made.
pub fn context(step: &'static str) -> Result<Context> {
    let root = root().to_owned();
    let context = Context { state: root.join("target/e2e"), root, step };
    let logs = context.logs();
    std::fs::create_dir_all(&logs).with_context(|| format!("{}", logs.display()))?;
    Ok(context)
}
