//! `pgflakegen prefetch`.

use serde_json::Value;

use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome};
use crate::diag::foreign;
use crate::ops::prefetch::{Request, prefetch};
use crate::store::archive::StripRoot;
use crate::store::path::IngestionMethod;

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
    let strip = if args.no_strip_root { StripRoot::No } else { StripRoot::IfSingle };
    let request = Request {
        source: &args.source,
        unpack: args.unpack.then_some(strip),
        submodules: args.submodules,
        git: args.git,
        name: args.name.as_deref(),
    };
    let found = prefetch(&request, &mut args.fetching.upstream()?, &Host::new(context))?;
    for hazard in &found.hazards {
        context.say(format_args!("warning: {}", foreign::line(hazard)))?;
    }
    if args.json {
        let mode = if found.method == IngestionMethod::Flat { "flat" } else { "recursive" };
        let fields = [
            ("url", found.url),
            ("hash", Some(found.hash.to_sri())),
            ("base32", Some(found.hash.to_base32())),
            ("mode", Some(mode.to_owned())),
            ("name", Some(found.name)),
            ("store-path", Some(found.path)),
            ("rev", found.rev),
            ("date", found.date),
        ];
        let fields = fields.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into())));
        context.json(&Value::Object(fields.collect()))?;
    } else {
        if let Some(rev) = &found.rev {
            context.say(format_args!("rev {rev}"))?;
        }
        context.say(format_args!("path is '{}'", found.path))?;
        writeln!(context.out, "{}", found.hash.to_sri())?;
    }
    Ok(Outcome::Clean)
}
