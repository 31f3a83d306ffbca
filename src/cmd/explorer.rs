//! `pgflakegen explorer`.

use std::io::{self, IsTerminal as _};

use camino::Utf8PathBuf;

use super::host::Host;
use crate::cmd::{Context, Outcome, emit};
use crate::diag::{Format, plural};
use crate::ops;
use crate::ops::explorer::{Event, Request, Server, Standing, check, explorer, write};

/// Options of `explorer`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Write the page to FILE [default: to stdout, unless that is a terminal].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,

    /// Begin comparisons with this revision of git, besides those that have tags.
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,

    /// Leave git out: no earlier revisions, no dates.
    #[arg(long, conflicts_with = "against")]
    pub no_history: bool,

    /// Show what this file of JSON knows besides: sizes, vulnerabilities (docs/explorer.md).
    #[arg(long, value_name = "FILE")]
    pub facts: Option<Utf8PathBuf>,

    /// Show the vulnerabilities of this report, which `pgflakegen audit --format json` has made.
    #[arg(long, value_name = "FILE")]
    pub audit: Option<Utf8PathBuf>,

    /// Show the sizes of this report of `pgflakegen size psql_NAME/bin --json`, or of this receipt.json of an environment;
    /// may be repeated.
    #[arg(long, value_name = "FILE")]
    pub sizes: Vec<Utf8PathBuf>,

    /// Show which versions cannot be side by side, by this log of the build that says so; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub build_log: Vec<Utf8PathBuf>,

    /// Say whether the page in FILE, or those that git tracks, are what the catalogue gives (exit code 1 if not).
    #[arg(long, conflicts_with_all = ["against", "no_history", "facts", "audit", "sizes", "build_log", "serve"])]
    pub check: bool,

    /// Serve the page on this machine, and load it anew whenever the catalogue changes.
    #[arg(long, conflicts_with = "output")]
    pub serve: bool,

    /// With --serve: listen at this port of 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", requires = "serve", default_value_t = 8015)]
    pub port: u16,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read, or the page not be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    if args.check {
        return checked(args, &root, context);
    }
    let request = Request {
        root: &root,
        against: args.against.as_deref(),
        history: !args.no_history,
        facts: args.facts.as_deref(),
        audit: args.audit.as_deref(),
        sizes: &args.sizes,
        builds: &args.build_log,
    };
    if args.serve {
        return serve(args, &request, context);
    }
    anyhow::ensure!(
        args.output.is_some() || !io::stdout().is_terminal(),
        "the page is for a browser: `pgflakegen explorer -o explorer.html` writes it, `pgflakegen explorer --serve` shows it"
    );
    let made = explorer(&request, &Host::new(context))?;
    let page = made.page();
    let Some(output) = &args.output else {
        context.out.data(page.as_bytes())?;
        return Ok(Outcome::Clean);
    };
    write(output, &page)?;
    context.say(format_args!(
        "{output}: {} × {}, {} KB",
        plural(made.size.postgresqls, "PostgreSQL"),
        plural(made.size.extensions, "extension"),
        page.len().div_ceil(1000)
    ))?;
    Ok(Outcome::Clean)
}

fn checked(args: &Args, root: &camino::Utf8Path, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let named: Vec<Utf8PathBuf> = args.output.iter().cloned().collect();
    let pages = check(root, &named, &Host::new(context))?;
    anyhow::ensure!(
        !pages.is_empty(),
        "git tracks no page of the explorer here; `--check -o FILE` names one"
    );
    let mut outcome = Outcome::Clean;
    for (path, standing) in pages {
        match standing {
            Standing::Current => context.say(format_args!("{path} is up to date"))?,
            Standing::Foreign => anyhow::bail!("{path} is no page of pgflakegen's explorer"),
            Standing::Stale => {
                outcome = Outcome::Findings;
                writeln!(
                    context.out,
                    "{path} is not what the catalogue gives; type `pgflakegen explorer -o {path}`"
                )?;
            }
        }
    }
    Ok(outcome)
}

fn serve(args: &Args, request: &Request<'_>, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let server = Server::listen(args.port).map_err(|error| {
        anyhow::anyhow!(
            "127.0.0.1:{} cannot be listened at: {error}; `--port 0` takes a free port",
            args.port
        )
    })?;
    let host = Host::new(context);
    writeln!(context.out, "http://{}/", server.address())?;
    context.out.flush()?;
    context.say("the page follows the catalogue; Ctrl-C ends")?;
    let context = std::cell::RefCell::new(context);
    let on = |event: Event<'_>| {
        let context = &mut **context.borrow_mut();
        // Where nobody reads stderr, the page is served all the same.
        let _ = match event {
            Event::Renewed => context.say("the catalogue has changed; so has the page").map_err(Into::into),
            Event::Wrong(loaded) => emit(loaded, Format::Text, context),
            Event::Failed(error) => context.say(error).map_err(Into::into),
        };
    };
    server.run(request, &host, &on).map_err(ops_error)?;
    Ok(Outcome::Clean)
}

fn ops_error(error: ops::Error) -> anyhow::Error {
    error.into()
}
