//! `pgflakegen verify`.

use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::fetching::{self, Options};
use super::plural;
use super::{Context, Outcome};
use crate::catalogue::FOLDER;
use crate::diag::{self, Code, Diagnostic, Diagnostics, Format, SourceMap, Span};
use crate::limited;
use crate::rule::{Finder, finder};
use crate::terminal;
use crate::threads::Pool;
use crate::upstream::verify::{self, Claim, Source};

/// What is found here.
pub(crate) const FINDER: Finder = finder!(HashDiffers);

/// Options of `verify`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these: an extension, postgresql or cargo-pgrx; or `inputs`, which are large and else left out.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Look in DIR first: a Nix store, or a folder of downloaded files (pgvector-0.8.0.tar.gz).
    #[arg(long, value_name = "DIR")]
    pub cache: Option<Utf8PathBuf>,

    /// Fetch N sources at a time.
    #[arg(long, short, value_name = "N", default_value_t = 8)]
    pub jobs: usize,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let read = |path: &camino::Utf8Path| limited::text(root.join(FOLDER).join(path)).ok();
    let all = verify::claims(&catalogue, &read);
    let wanted = |claim: &&Claim| {
        (args.names.is_empty() && !claim.name.starts_with(verify::INPUTS))
            || args.names.iter().any(|name| claim.name.split(' ').next() == Some(name.as_str()))
    };
    let claims: Vec<&Claim> = all.iter().filter(wanted).collect();
    anyhow::ensure!(!claims.is_empty(), "nothing in the catalogue is called {}", args.names.join(" or "));
    let upstream = args.fetching.upstream()?;
    let fetching = terminal::progress("fetching", claims.len());
    let results: Vec<_> = Pool::of(args.jobs).install(|| {
        let one = |claim: &&Claim| {
            let task = fetching.begin(|| &claim.name);
            verify::verify(&upstream, claim, args.cache.as_deref().map(camino::Utf8Path::as_std_path), &task)
        };
        claims.par_iter().map(one).collect()
    });
    drop(fetching);
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let mut place = |claim: &Claim| -> Option<Span> {
        let path = Utf8PathBuf::from(FOLDER).join(&claim.file);
        let text = limited::text(root.join(&path)).ok()?;
        let version = claim.name.rsplit(' ').next().unwrap_or_default();
        // The same hash may stand twice; the right one follows its version's name.
        let after = text.find(&format!("\"{version}\"")).unwrap_or(0);
        let start =
            text[after..].find(&claim.text).map(|at| after + at).or_else(|| text.find(&claim.text))?;
        let end = start + claim.text.len();
        Some(Span::new(sources.add(path, text), start..end))
    };
    let (mut good, mut unknown) = (0, 0);
    for (claim, result) in claims.iter().zip(results) {
        match result {
            Ok(hash) if hash.to_sri() == claim.hash => good += 1,
            Ok(hash) => {
                let message = match &claim.source {
                    Source::LockFile(..) => format!("this is not the Cargo.lock of {}", claim.name),
                    Source::Crates(..) | Source::CargoPgrxCrates(_) => {
                        format!("the crates of {} are {hash} today", claim.name)
                    }
                    Source::GitCrate(url, _) => format!("the crates from {url} are {hash} today"),
                    Source::Fetcher(_) | Source::CargoPgrx(_) => format!("{} is {hash} today", claim.name),
                };
                let finding = match place(claim) {
                    Some(span) => Diagnostic::new(Code::HashDiffers, span, message),
                    None => Diagnostic::global(Code::HashDiffers, message),
                };
                found.push(finding.help("find out which of the two is right before you change the hash"));
            }
            Err(error) => {
                unknown += 1;
                found.push(fetching::bump_finding(&claim.name, &error.into()));
            }
        }
    }
    diag::emit(&found, &sources, Format::Text, context.colour_err, context.err)?;
    let differ = claims.len() - good - unknown;
    context.say(format_args!(
        "{} as the catalogue says, {} not, {} not to be had",
        plural(good, "source"),
        differ,
        unknown
    ))?;
    Ok(if found.has_errors() { Outcome::Findings } else { Outcome::Clean })
}
