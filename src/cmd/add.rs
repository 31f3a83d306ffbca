//! `pgflakegen add`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::bump::apply;
use super::fetching::{self, Options};
use super::{Context, Outcome};
use crate::catalogue::FOLDER;
use crate::catalogue::model::{Catalogue, Extension, Fit};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::limited;
use crate::rule::{Finder, finder};
use crate::terminal;
use crate::threads::Pool;
use crate::upstream::bump::{self, BumpError};
use crate::upstream::locator::owner_and_repo;
use crate::upstream::support::{self, Support};
use crate::upstream::{Upstream, edit};

/// What is found here.
pub(crate) const FINDER: Finder = finder!(CannotEdit, UnknownPostgresql);

/// Options of `add`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// OWNER/REPO at GitHub, or `postgresql` followed by a major or exact version.
    #[arg(value_name = "WHAT", required = true, num_args = 1..=2)]
    pub what: Vec<String>,

    /// The extension's name in the catalogue. Default: the repository's.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// For `add postgresql`: the PostgreSQL whose extensions move along.
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,

    /// For `add postgresql`: do not fetch the extensions' sources to see what they support.
    #[arg(long)]
    pub no_check: bool,

    /// Only print the new entry.
    #[arg(long, short = 'n')]
    pub dry_run: bool,

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
    if !args.dry_run {
        drop(super::recovered(&root, context)?);
    }
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let upstream = args.fetching.upstream()?;
    match args.what.as_slice() {
        [what, version] if what == "postgresql" => {
            postgresql(version, args, &root, &catalogue, &upstream, context)
        }
        [what] => extension(what, args, &root, &catalogue, &upstream, context),
        _ => anyhow::bail!("write `add OWNER/REPO` or `add postgresql VERSION`"),
    }
}

fn refuse(finding: Diagnostic, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let mut found = Diagnostics::new();
    found.push(finding);
    fetching::emit(&found, context)?;
    context.say("nothing was changed")?;
    Ok(Outcome::Findings)
}

fn extension(
    what: &str,
    args: &Args,
    root: &Utf8Path,
    catalogue: &Catalogue,
    upstream: &Upstream,
    context: &mut Context<'_>,
) -> anyhow::Result<Outcome> {
    let short =
        what.trim_start_matches("github:").trim_start_matches("https://github.com/").trim_end_matches('/');
    let Some((owner, repo)) = owner_and_repo(short) else {
        anyhow::bail!("{what} is no repository at GitHub; write OWNER/REPO");
    };
    let name = args.name.clone().unwrap_or_else(|| repo.to_owned());
    anyhow::ensure!(
        name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            && !name.starts_with('-')
            && !name.is_empty(),
        "{name} cannot be an extension's name here (letters, digits, - and _); --name gives another"
    );
    let path = Utf8PathBuf::from(format!("extensions/{name}.toml"));
    if root.join(FOLDER).join(&path).exists() {
        let finding = Diagnostic::global(Code::CannotEdit, format!("{FOLDER}/{path} is there already"));
        return refuse(finding.help(format!("pgflakegen bump {name}, or --name for another name")), context);
    }
    let fetching = terminal::progress("fetching", 0);
    let task = fetching.begin(|| short);
    let result = upstream.entry(owner, repo, &name, catalogue, &task);
    drop((task, fetching));
    let new = match result {
        Ok(new) => new,
        Err(error) => return refuse(fetching::bump_finding(short, &error.into()), context),
    };
    if args.dry_run {
        write!(context.out, "{}", new.text)?;
        return Ok(Outcome::Clean);
    }
    let mut files = new.files.clone();
    files.insert(path.clone(), new.text.clone());
    let known = |version: &String| catalogue.cargo_pgrx.iter().any(|entry| entry.version == *version);
    if let Some(version) = new.cargo_pgrx.as_ref().filter(|version| !known(version)) {
        let path = Utf8PathBuf::from("pgrx.toml");
        let text = limited::text(root.join(FOLDER).join(&path)).unwrap_or_default();
        let fetching = terminal::progress("fetching", 0);
        let task = fetching.begin(|| format!("cargo-pgrx {version}"));
        let result = bump::cargo_pgrx(upstream, version, &text);
        drop((task, fetching));
        match result {
            Ok(text) => drop(files.insert(path, text)),
            Err(error) => {
                return refuse(fetching::bump_finding(&format!("cargo-pgrx {version}"), &error), context);
            }
        }
    }
    if !apply(root, &files, context)? {
        context.say(format_args!("this is what it would have been:\n\n{}", new.text))?;
        return Ok(Outcome::Findings);
    }
    writeln!(context.out, "{FOLDER}/{path}")?;
    for remark in &new.remarks {
        context.say(format_args!("note: {remark}"))?;
    }
    context.say("look at the lines that say `guessed`")?;
    Ok(Outcome::Clean)
}

/// The version that is meant: exactly this one, or the newest of a major.
fn resolve(text: &str, upstream: &Upstream) -> Result<String, BumpError> {
    let all = upstream.postgresql_tarballs()?;
    let is_major = text.chars().all(|c| c.is_ascii_digit());
    let mut fitting: Vec<&String> = all
        .iter()
        .filter(|version| {
            if is_major {
                crate::upstream::versions::first_number(version).map(|n| n.to_string()).as_deref()
                    == Some(text)
            } else {
                version.as_str() == text
            }
        })
        .collect();
    fitting.sort_by(|a, b| crate::catalogue::version::compare(a, b));
    let stable = fitting.iter().rev().find(|version| !crate::catalogue::version::is_prerelease(version));
    stable.or(fitting.last()).map(|version| (*version).clone()).ok_or_else(|| BumpError::NoVersion {
        name: "postgresql".into(),
        version: text.to_owned(),
        nearest: String::new(),
    })
}

fn postgresql(
    text: &str,
    args: &Args,
    root: &Utf8Path,
    catalogue: &Catalogue,
    upstream: &Upstream,
    context: &mut Context<'_>,
) -> anyhow::Result<Outcome> {
    let asking = terminal::progress("asking upstream", 0);
    let resolved = resolve(text, upstream);
    drop(asking);
    let version = match resolved {
        Ok(version) => version,
        Err(error) => return refuse(fetching::bump_finding("postgresql", &error), context),
    };
    let major = crate::upstream::versions::first_number(&version).unwrap_or_default();
    let name = if catalogue.postgresql(&major.to_string()).is_some() {
        version.replace('.', "_")
    } else {
        major.to_string()
    };
    if catalogue.postgresql(&name).is_some() {
        let finding =
            Diagnostic::global(Code::CannotEdit, format!("PostgreSQL {name} is in the catalogue already"));
        return refuse(finding.help(format!("pgflakegen bump postgresql@{name}")), context);
    }
    if let Some(from) = &args.from
        && catalogue.postgresql(from).is_none()
    {
        let mut finding =
            Diagnostic::global(Code::UnknownPostgresql, format!("no PostgreSQL is called {from}"));
        if let Some(near) = nearest(from, catalogue.postgresqls.iter().map(|p| p.name.as_str())) {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        return refuse(finding, context);
    }
    let url = format!("{}/v{version}/postgresql-{version}.tar.bz2", upstream.endpoints.postgresql);
    let fetching = terminal::progress("fetching", 0);
    let task = fetching.begin(|| format!("postgresql {version}"));
    let fetched = url::Url::parse(&url).map_err(anyhow::Error::new).map(|url| upstream.file(&url, &task))?;
    drop((task, fetching));
    let hash = match fetched {
        Ok(fetched) => fetched.hash.to_sri(),
        Err(error) => return refuse(fetching::finding(&error), context),
    };
    let path = Utf8PathBuf::from("postgresql.toml");
    let old = limited::text(root.join(FOLDER).join(&path))?;
    let mut changes: edit::Changes = vec![
        ("name", Some(name.as_str().into())),
        ("major", Some(i64::from(major).into())),
        ("version", Some(version.as_str().into())),
        ("hash", Some(hash.into())),
    ];
    if crate::catalogue::version::is_prerelease(&version) {
        changes.push(("prerelease", Some(true.into())));
    }
    let blocks = edit::blocks(&old, "postgresql", "name")?;
    let below = |block: &&edit::Block| {
        catalogue
            .postgresql(&block.name)
            .is_some_and(|known| known.major <= major && known.name.starts_with(|c: char| c.is_ascii_digit()))
    };
    let after = blocks.iter().rev().find(below).or(blocks.last());
    let mut files = BTreeMap::new();
    files.insert(path, edit::insert(&old, after, &edit::table("postgresql", &changes)));
    let mut report = Vec::new();
    if let Some(from) = &args.from {
        let moving = Pool::of(args.jobs).install(|| move_along(from, major, args, root, catalogue, upstream));
        for (extension, version, outcome) in moving {
            let line = match outcome {
                Ok((Support::No(why), _)) => format!("{extension} {version}: stays behind: {why}"),
                Ok((support, Some(text))) => {
                    let new = edit_list(&text, &version, from, &name)?;
                    match new {
                        Some(new) => {
                            files.insert(format!("extensions/{extension}.toml").into(), new);
                            let unsure = if matches!(support, Support::Unknown) {
                                " (it does not say whether it works)"
                            } else {
                                ""
                            };
                            format!("{extension} {version}: moves along{unsure}")
                        }
                        None => format!("{extension} {version}: is taken by its range"),
                    }
                }
                Ok((_, None)) => format!("{extension}: is the package set's own"),
                Err(error) => {
                    format!("{extension} {version}: stays behind, as it cannot be looked at: {error}")
                }
            };
            report.push(line);
        }
    }
    if args.dry_run {
        writeln!(context.out, "{}", edit::table("postgresql", &changes).trim_end())?;
    } else if !apply(root, &files, context)? {
        return Ok(Outcome::Findings);
    } else {
        writeln!(context.out, "postgresql {name} ({version})")?;
    }
    for line in report {
        writeln!(context.out, "{line}")?;
    }
    Ok(Outcome::Clean)
}

type Moving = (String, String, anyhow::Result<(Support, Option<String>)>);

/// Each extension of `from` with what its newest version there says about `major`.
fn move_along(
    from: &str,
    major: u32,
    args: &Args,
    root: &Utf8Path,
    catalogue: &Catalogue,
    upstream: &Upstream,
) -> Vec<Moving> {
    let with: Vec<(&Extension, &Fit)> = catalogue
        .extensions
        .iter()
        .filter_map(|extension| Some((extension, extension.fits.get(from)?)))
        .collect();
    let fetching = terminal::progress("fetching", with.len());
    with.into_par_iter()
        .map(|(extension, fit)| {
            let task = fetching.begin(|| &extension.name);
            let Fit::Versions { all, default } = fit else {
                return (extension.name.clone(), String::new(), Ok((Support::Unknown, None)));
            };
            let at = all.last().unwrap_or(default);
            let version = &extension.versions[*at];
            let look = || -> anyhow::Result<(Support, Option<String>)> {
                let path = root.join(FOLDER).join(format!("extensions/{}.toml", extension.name));
                let text = limited::text(path)?;
                if args.no_check {
                    return Ok((Support::Unknown, Some(text)));
                }
                let fetched = upstream.fetch(&version.source.fetcher, &task)?;
                let support = match fetched.into_tree(upstream.limits) {
                    Ok(tree) => support::of(
                        &tree,
                        extension.kind.has_crates(),
                        version.build.source_root.as_deref(),
                        major,
                    )?,
                    Err(_) => Support::Unknown,
                };
                Ok((support, Some(text)))
            };
            (extension.name.clone(), version.version.clone(), look())
        })
        .collect()
}

/// The file with `new` beside `from` in a version's list; `None`: the version has a range.
fn edit_list(text: &str, version: &str, from: &str, new: &str) -> anyhow::Result<Option<String>> {
    let block = edit::block(text, "version", "version", version)?;
    let quoted = format!("\"{from}\"");
    let table = &text[block.range.clone()];
    let Some(list) = table.find("postgresql") else { return Ok(None) };
    let Some(at) = table[list..].find(&quoted).map(|at| list + at) else { return Ok(None) };
    let mut new_table = table.to_owned();
    let is_array = table[list..at].contains('[');
    if is_array {
        new_table.insert_str(at + quoted.len(), &format!(", \"{new}\""));
    } else {
        new_table.replace_range(at..at + quoted.len(), &format!("[\"{from}\", \"{new}\"]"));
    }
    let mut text = text.to_owned();
    text.replace_range(block.range, &new_table);
    Ok(Some(text))
}
