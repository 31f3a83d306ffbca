//! What does not evaluate, said where it stands in the catalogue.

use std::collections::BTreeMap;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::Loaded;
use super::super::drvs::Job;
use super::super::evaluate::{SHOWN, fails};
use crate::catalogue::model::{Catalogue, Fit};
use crate::catalogue::places;
use crate::diag::{Code, Diagnostic, Span, few};
use crate::layout;
use crate::limited;
use crate::render;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { PackageFails; };

/// A finding for each reason for which packages fail, at the entry of the first.
pub(super) fn report(jobs: &[&Job], root: &Utf8Path, catalogue: &Catalogue, loaded: &mut Loaded) {
    let mut reasons: BTreeMap<String, Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        if let Some(error) = &job.error {
            reasons.entry(innermost(error)).or_default().push(job);
        }
    }
    for (why, jobs) in reasons {
        let message = fails(jobs.len(), &why);
        // Of an extension, not of what has it inside.
        let place = jobs.iter().filter_map(|job| place(job, root, catalogue)).min_by_key(|(near, ..)| *near);
        let finding = match place {
            Some((_, path, text, range)) => {
                let source =
                    loaded.sources.find(&path).unwrap_or_else(|| loaded.sources.add(path.clone(), text));
                Diagnostic::new(Code::PackageFails, Span::new(source, range), message)
            }
            None => Diagnostic::global(Code::PackageFails, message),
        };
        let names: Vec<&str> = jobs.iter().map(|job| job.attr.as_str()).collect();
        loaded.diagnostics.push(finding.help(few(&names, SHOWN)));
    }
}

/// The message that matters of Nix's.
fn innermost(error: &str) -> String {
    let lines = error.lines().map(str::trim).filter_map(|line| line.strip_prefix("error:"));
    lines.map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it is not said why").to_owned()
}

/// Where the entry of what fails stands: how near that is, the file, its text and the place in it.
fn place(
    job: &Job,
    root: &Utf8Path,
    catalogue: &Catalogue,
) -> Option<(u8, Utf8PathBuf, String, Range<usize>)> {
    let [_, _, name, ..] = job.attr_path.as_slice() else { return None };
    let read = |file: &str| {
        let path = layout::in_catalogue(file);
        let text = limited::text(root.join(&path)).ok()?;
        Some((path, text))
    };
    let mut parts = name.split('/');
    let of = parts.next()?;
    let postgresql = catalogue
        .postgresqls
        .iter()
        .filter(|p| {
            let attribute = render::attribute(&p.name);
            of == attribute || of.strip_prefix(&attribute).is_some_and(|rest| rest.starts_with('-'))
        })
        .max_by_key(|p| p.name.len())?;
    if let (Some("exts"), Some(attr)) = (parts.next(), parts.next()) {
        for extension in &catalogue.extensions {
            let version = extension.versions.iter().find(|version| version.attr == attr);
            let default = || match extension.fits.get(&postgresql.name) {
                Some(Fit::Versions { default, .. }) => extension.versions.get(*default),
                _ => None,
            };
            if extension.name != attr && version.is_none() {
                continue;
            }
            let (path, text) = read(layout::extension_toml(&extension.name).as_str())?;
            let range = version.or_else(default).and_then(|version| places::version(&text, &version.version));
            let range = range.or_else(|| places::key(&text, &["description"])).unwrap_or(0..0);
            return Some((0, path, text, range));
        }
    }
    let (path, text) = read(layout::POSTGRESQL_TOML)?;
    let range = places::entry(&text, "postgresql", &postgresql.name, &["name"]).unwrap_or(0..0);
    Some((1, path, text, range))
}
