//! `pgflakegen prefetch`.

use anyhow::Context as _;
use serde_json::json;

use super::fetching::Options;
use super::{Context, Outcome};
use crate::store::archive::StripRoot;
use crate::store::hash::Algorithm;
use crate::store::nar;
use crate::store::path::{IngestionMethod, StoreDir};
use crate::terminal::{self, Task};
use crate::upstream::locator::Locator;
use crate::upstream::{Prefetched, Upstream, UpstreamError};

/// Options of `prefetch`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to hash: an address, github:OWNER/REPO/REV, git+URL?rev=REV, or a file or folder.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Hash the archive's contents, as fetchzip does, not its bytes.
    #[arg(long)]
    pub unpack: bool,

    /// Keep the archive's top directory (fetchzip's stripRoot = false).
    #[arg(long, requires = "unpack")]
    pub no_strip_root: bool,

    /// Take submodules, too (github: and git+).
    #[arg(long)]
    pub submodules: bool,

    /// Make GitHub's archive with git, where only git can reach the repository.
    #[arg(long)]
    pub git: bool,

    /// The name of the store path.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Print all there is to know, as JSON.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// Runs it.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let locator: Locator = args.source.parse().map_err(anyhow::Error::new)?;
    if let Locator::Url(url) = &locator
        && let Ok(path) = url.to_file_path()
        && path.is_dir()
    {
        return folder(&path, args, context);
    }
    let mut upstream = args.fetching.upstream()?;
    if locator.is_local() {
        upstream.git.trust_local();
    }
    let fetching = terminal::progress("fetching", 0);
    let task = fetching.begin(|| &args.source);
    let result = fetch(&locator, args, &upstream, &task);
    drop((task, fetching));
    let mut fetched = match result {
        Ok(fetched) => fetched,
        Err(error) => {
            super::fetching::report(&error, context)?;
            return Ok(Outcome::Findings);
        }
    };
    if let Some(name) = &args.name {
        fetched.name.clone_from(name);
    }
    let path = fetched.store_path().map_err(|error| anyhow::anyhow!("{error}; --name gives another name"))?;
    let path = StoreDir::default().print(&path);
    if args.json {
        let mut value = json!({
            "url": fetched.url,
            "hash": fetched.hash.to_sri(),
            "base32": fetched.hash.to_base32(),
            "mode": if fetched.method == IngestionMethod::Flat { "flat" } else { "recursive" },
            "name": fetched.name,
            "store-path": path,
        });
        for (key, text) in [("rev", &fetched.rev), ("date", &fetched.date)] {
            if let Some(text) = text {
                value[key] = json!(text);
            }
        }
        context.json(&value)?;
    } else {
        if let Some(rev) = &fetched.rev {
            context.say(format_args!("rev {rev}"))?;
        }
        context.say(format_args!("path is '{path}'"))?;
        writeln!(context.out, "{}", fetched.hash.to_sri())?;
    }
    Ok(Outcome::Clean)
}

fn fetch(
    locator: &Locator,
    args: &Args,
    upstream: &Upstream,
    bar: &Task,
) -> Result<Prefetched, UpstreamError> {
    let head = || "HEAD".to_owned();
    match locator {
        Locator::Url(url) if args.unpack => {
            upstream.unpacked(url, if args.no_strip_root { StripRoot::No } else { StripRoot::IfSingle }, bar)
        }
        Locator::Url(url) => upstream.file(url, bar),
        Locator::GitHub { owner, repo, rev } => {
            let url = upstream.github_url(owner, repo);
            // Without a revision the commit is wanted, too, and only git tells it.
            let rev = match rev {
                Some(rev) => rev.clone(),
                None => upstream.head(&url)?,
            };
            if args.submodules {
                upstream.checkout(&url, &rev, true)
            } else if args.git {
                upstream.exported(&url, &rev)
            } else {
                upstream.github(owner, repo, &rev, bar)
            }
        }
        Locator::Git { url, rev, submodules } => {
            upstream.checkout(url, &rev.clone().unwrap_or_else(head), *submodules || args.submodules)
        }
    }
}

/// A folder is what `nix hash path` is for; there is nothing to fetch.
fn folder(path: &std::path::Path, args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let hash = nar::hash_path(path, Algorithm::Sha256)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let own = path.file_name().and_then(|name| name.to_str()).unwrap_or("source");
    let name = args.name.as_deref().unwrap_or(own);
    let store_path = StoreDir::default().source_path(name, &hash)?;
    let store_path = StoreDir::default().print(&store_path);
    if args.json {
        let value = json!({
            "hash": hash.to_sri(), "base32": hash.to_base32(), "mode": "recursive", "name": name, "store-path": store_path,
        });
        context.json(&value)?;
    } else {
        context.say(format_args!("path is '{store_path}'"))?;
        writeln!(context.out, "{}", hash.to_sri())?;
    }
    Ok(Outcome::Clean)
}
