//! `pgflakegen drv-diff`: what a change rebuilds, per package, and the first cause.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::drvs::{self, Job};
use super::inputs::Inputs;
use super::program::{EvalOptions, Program};
use super::{Context, Outcome};
use crate::nix::eval::report::render;
use crate::store::path::output_path_name;
use crate::store::{Derivation, StoreDir};

/// Say which packages of the flake a change rebuilds, and why.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The revision before the change
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub before: String,
    /// The revision after it [default: the files as they are]
    #[arg(value_name = "REV")]
    pub after: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Systems of the flake to look at [default: all it has]
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: EvalOptions,
}

/// What became of one package.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// The attribute path.
    pub attr: String,
    /// `added`, `removed`, `rebuilt`, `broken`, `mended`.
    pub change: &'static str,
    /// The derivation before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The derivation after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// From the package down to the first cause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// One side: its packages, and a folder with their derivations.
struct Side {
    jobs: BTreeMap<String, Job>,
    folder: tempfile::TempDir,
}

/// Runs the command.
///
/// # Errors
/// When a revision cannot be evaluated at all, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let start =
        context.root.clone().map_or_else(|| std::env::current_dir().unwrap_or_default(), PathBuf::from);
    let Some(root) = crate::nix::flake::git_root(&start) else {
        anyhow::bail!("{} is in no git repository, so there are no revisions to compare", start.display());
    };
    let mut sides = Vec::new();
    for rev in [Some(args.before.as_str()), args.after.as_deref()] {
        let folder = tempfile::tempdir()?;
        let flake = match rev {
            Some(rev) => {
                format!("git+file://{}?rev={}", root.display(), crate::nix::flake::revision(&root, rev)?)
            }
            None => root.display().to_string(),
        };
        let wanted = drvs::Args {
            flake: Some(flake),
            systems: args.systems.clone(),
            program: Program {
                inputs: args.inputs.clone(),
                options: args.options.clone(),
                write_drvs: Some(folder.path().to_owned()),
                ..Program::default()
            },
            ..drvs::Args::default()
        };
        let (shared, jobs) = drvs::collect(&wanted);
        match jobs {
            Ok(jobs) => {
                let jobs = jobs.into_iter().map(|job| (job.attr.clone(), job)).collect();
                sides.push(Side { jobs, folder });
            }
            Err(error) => {
                let which = rev.unwrap_or("the files as they are");
                let text = render(&shared, &error, args.options.show_trace);
                anyhow::bail!("{which} does not evaluate: {text}");
            }
        }
    }
    let [before, after] = sides.as_slice() else { anyhow::bail!("two revisions are needed") };
    let changes = compare(before, after);
    for change in &changes {
        if args.json {
            writeln!(context.out, "{}", serde_json::to_string(change)?)?;
            continue;
        }
        writeln!(context.out, "{} {}", change.change, change.attr)?;
        for (depth, reason) in change.reasons.iter().enumerate() {
            writeln!(context.out, "{}{reason}", "  ".repeat(depth + 1))?;
        }
    }
    context.say(format!("{} of {} packages change", changes.len(), after.jobs.len()))?;
    Ok(if changes.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

fn compare(before: &Side, after: &Side) -> Vec<Change> {
    let names: BTreeSet<&String> = before.jobs.keys().chain(after.jobs.keys()).collect();
    let mut changes = Vec::new();
    for attr in names {
        let (old, new) = (before.jobs.get(attr), after.jobs.get(attr));
        let drv = |job: Option<&Job>| job.and_then(|job| job.drv_path.clone());
        let (old_drv, new_drv) = (drv(old), drv(new));
        let change = match (&old_drv, &new_drv) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "rebuilt",
            (None, Some(_)) if old.is_some() => "mended",
            (None, Some(_)) => "added",
            (Some(_), None) if new.is_some() => "broken",
            (Some(_), None) => "removed",
            (None, None) => continue,
        };
        let mut reasons = Vec::new();
        if let (Some(old), Some(new)) = (&old_drv, &new_drv) {
            explain(before.folder.path(), after.folder.path(), old, new, &mut reasons);
        }
        if let Some(error) = new.and_then(|job| job.error.as_ref()) {
            reasons.extend(error.lines().next().map(str::to_owned));
        }
        changes.push(Change { attr: attr.clone(), change, before: old_drv, after: new_drv, reasons });
    }
    changes
}

fn read(folder: &Path, path: &str) -> Option<Derivation> {
    let store = StoreDir::default();
    let path = store.parse(path).ok()?;
    let text = std::fs::read(folder.join(path.base_name())).ok()?;
    Derivation::from_aterm(&text, path.name().strip_suffix(".drv")?, &store).ok()
}

/// Adds one line per step from a derivation down to what first differs.
fn explain(before: &Path, after: &Path, old: &str, new: &str, reasons: &mut Vec<String>) {
    let (mut old, mut new) = (old.to_owned(), new.to_owned());
    for _ in 0..1000 {
        let (Some(a), Some(b)) = (read(before, &old), read(after, &new)) else { return };
        let store = StoreDir::default();
        // An input of the same name that itself differs is the cause further down.
        let find = |drv: &Derivation| -> BTreeMap<String, String> {
            drv.input_drvs.keys().map(|path| (path.name().to_owned(), store.print(path))).collect()
        };
        let (inputs, others) = (find(&a), find(&b));
        let own = differences(&a, &b);
        let deeper = inputs.iter().find_map(|(name, path)| {
            let other = others.get(name)?;
            (path != other).then(|| (name.clone(), path.clone(), other.clone()))
        });
        match (own.is_empty(), deeper) {
            (true, Some((name, path, other))) => {
                reasons.push(format!("its input {} differs", name.trim_end_matches(".drv")));
                (old, new) = (path, other);
            }
            _ => {
                reasons.extend(own);
                return;
            }
        }
    }
}

/// What differs in two derivations themselves, store paths of the same name taken as equal.
fn differences(a: &Derivation, b: &Derivation) -> Vec<String> {
    let mut found = Vec::new();
    let texts: [(&str, &[u8], &[u8]); 2] =
        [("system", &a.platform, &b.platform), ("builder", &a.builder, &b.builder)];
    for (what, old, new) in texts {
        if blurred(old) != blurred(new) {
            found.push(format!("{what}: {} → {}", shown(old), shown(new)));
        }
    }
    if a.args.iter().map(|arg| blurred(arg)).ne(b.args.iter().map(|arg| blurred(arg))) {
        found.push("args differ".to_owned());
    }
    let keys: BTreeSet<_> = a.env.keys().chain(b.env.keys()).collect();
    for key in keys {
        let name = String::from_utf8_lossy(key);
        match (a.env.get(key), b.env.get(key)) {
            (Some(old), Some(new)) if blurred(old) != blurred(new) => {
                found.push(format!("{name}: {} → {}", shown(old), shown(new)));
            }
            (Some(_), None) => found.push(format!("{name} is gone")),
            (None, Some(new)) => found.push(format!("{name} is new: {}", shown(new))),
            _ => {}
        }
    }
    let sources = |drv: &Derivation| -> BTreeMap<String, String> {
        drv.input_srcs.iter().map(|path| (path.name().to_owned(), path.to_string())).collect()
    };
    let (old, new) = (sources(a), sources(b));
    for (name, path) in &old {
        if new.get(name).is_some_and(|other| other != path) {
            found.push(format!("its source {name} has other contents"));
        }
    }
    let names = |drv: &Derivation| -> BTreeSet<String> {
        let outputs = |outputs: &BTreeSet<String>, name: &str| -> Vec<String> {
            outputs.iter().map(|output| output_path_name(name, output)).collect()
        };
        drv.input_drvs
            .iter()
            .flat_map(|(path, wanted)| outputs(wanted, path.name().trim_end_matches(".drv")))
            .collect()
    };
    let (old, new) = (names(a), names(b));
    found.extend(old.difference(&new).map(|name| format!("{name} is no input any more")));
    found.extend(new.difference(&old).map(|name| format!("{name} is a new input")));
    found
}

/// Text with the hashes of store paths blotted out.
fn blurred(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let prefix = b"/nix/store/";
    let mut at = 0;
    while let Some(found) = out[at..].windows(prefix.len()).position(|window| window == prefix) {
        let start = at + found + prefix.len();
        let end = (start + 32).min(out.len());
        out[start..end].fill(b'x');
        at = end;
    }
    out
}

fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace('\n', "⏎");
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
