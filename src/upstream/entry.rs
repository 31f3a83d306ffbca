//! A first catalogue entry for a repository, with what was guessed marked as such.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::cargo::CargoError;
use super::detect::{self, About, control};
use super::prefetch::{Upstream, UpstreamError};
use super::progress::Progress;
use super::usual::{self, Tags, newest};
use super::versions::Release;
use crate::catalogue::model::{Catalogue, Control, Fetcher, Revision};
use crate::layout;

/// A new entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The extension's name, which is the file's.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// Other files, relative to the catalogue folder.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// What whoever reads it should look at.
    pub remarks: Vec<String>,
    /// The version of cargo-pgrx that it needs.
    pub cargo_pgrx: Option<String>,
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string().trim().to_owned()
}

fn list<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", all.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// As nixpkgs wants descriptions: one line, no article, no full stop.
pub(super) fn tidy(description: &str) -> String {
    let line = description.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    // "NAME: what it does".
    let line = match line.split_once(": ") {
        Some((name, rest)) if !name.contains(' ') && rest.len() > 20 => rest.trim(),
        _ => line,
    };
    let line = ["A ", "An ", "The "].iter().find_map(|article| line.strip_prefix(article)).unwrap_or(line);
    let mut chars = line.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The catalogue's PostgreSQLs of a major version.
fn names_of(catalogue: &Catalogue, major: u32) -> String {
    let names = catalogue.postgresqls.iter().filter(|postgresql| postgresql.major == major);
    let names: Vec<&str> = names.map(|postgresql| postgresql.name.as_str()).collect();
    if names.is_empty() { quoted(&format!(">={major}, <{}", major + 1)) } else { list(names) }
}

impl Upstream {
    /// Looks at a repository's newest version and writes an entry for it.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn entry(
        &self,
        owner: &str,
        repo: &str,
        name: &str,
        catalogue: &Catalogue,
        progress: &dyn Progress,
    ) -> Result<Entry, CargoError> {
        let url = self.github_url(owner, repo);
        let tags = self.git.tags(&url)?;
        let (usual, several) = match usual::read(&tags, name) {
            Tags::Like(pattern, releases) => (Some((pattern, releases)), Vec::new()),
            Tags::Several(patterns) => (None, patterns),
            Tags::Nothing => (None, Vec::new()),
        };
        let newest = usual.as_ref().and_then(|(_, releases)| newest(releases.iter()));
        let major = newest.and_then(|release| release.major);
        let mut remarks = Vec::new();
        let (version, at) = match newest {
            Some(Release { version, tag: Some(tag), .. }) => (version.clone(), Revision::Tag(tag.clone())),
            _ => {
                let commit = self.git.fetch(&url, "HEAD")?;
                let patterns: Vec<String> = several.iter().map(ToString::to_string).collect();
                remarks.push(match &patterns[..] {
                    [] => "there are no tags with versions: this is the head of the default branch".to_owned(),
                    [first, ..] => format!(
                        "its tags are of several things ({}), so this is the head of the default branch: to follow one, \
                         write tags = [{}] in place of versions-from, and bump",
                        patterns.join(", "),
                        quoted(first)
                    ),
                });
                (format!("0-unstable-{}", self.git.date(&commit)?), Revision::Rev(commit.id))
            }
        };
        let fetcher =
            Fetcher::GitHub { owner: owner.into(), repo: repo.into(), at: at.clone(), submodules: false };
        let fetched = self.fetch(&fetcher, progress)?;
        let hash = fetched.hash.to_sri();
        let tree = fetched.into_tree(self.limits)?;
        if tree.paths().iter().any(|path| path == ".gitmodules") {
            remarks.push(
                "it has submodules; if the build needs them, add submodules = true to the source and bump"
                    .to_owned(),
            );
        }
        let about = detect::about(&tree, name).map_err(UpstreamError::from)?;
        let tag = match (&at, &usual) {
            (Revision::Tag(_), Some((pattern, _))) => Some(pattern.to_string()),
            _ => None,
        };
        let mut entry = Entry {
            name: name.to_owned(),
            text: String::new(),
            files: BTreeMap::new(),
            remarks,
            cargo_pgrx: about.pgrx.clone(),
        };
        entry.text = text(owner, repo, catalogue, &about, tag.as_deref(), &mut entry);
        let mut own = format!("\n[[version]]\nversion = {}\n", quoted(&version));
        let lowest = catalogue.postgresqls.iter().map(|postgresql| postgresql.major).min().unwrap_or(14);
        let bounds = about.bounds.as_ref().and_then(|bounds| Some((bounds.value.range(lowest)?, bounds)));
        let (range, why) = match bounds {
            Some((range, bounds)) => (range, bounds.from.as_str()),
            None => (format!(">={lowest}"), "nothing in particular"),
        };
        if let Some(bounds) = &about.bounds
            && !catalogue.postgresqls.iter().any(|postgresql| bounds.value.admits(postgresql.major))
        {
            entry.remarks.push(format!(
                "{} says {}, which no PostgreSQL of the catalogue is",
                bounds.from, bounds.value.text
            ));
        }
        match major {
            Some(major) => own.push_str(&format!("postgresql = {}\n", names_of(catalogue, major))),
            None => own.push_str(&format!("postgresql = {}  # guessed from {why}\n", quoted(&range))),
        }
        match &at {
            Revision::Tag(name)
                if tag.as_deref() == Some(name.replacen(&version, "{version}", 1).as_str()) => {}
            Revision::Tag(name) => own.push_str(&format!("tag = {}\n", quoted(name))),
            Revision::Rev(rev) => own.push_str(&format!("rev = {}\n", quoted(rev))),
        }
        own.push_str(&format!("hash = {}\n", quoted(&hash)));
        if let Some(sql_version) = about.sql_version.as_ref().filter(|sql| **sql != version) {
            own.push_str(&format!("sql-version = {}\n", quoted(sql_version)));
        }
        if about.kind.value.has_crates() {
            self.crates(&about, &version, &mut entry, &mut own)?;
        }
        let others = match (&usual, major) {
            (Some((_, releases)), Some(major)) if !about.kind.value.has_crates() => {
                self.of_other_majors(owner, repo, catalogue, releases, (name, major, &about), progress)?
            }
            _ => String::new(),
        };
        entry.text.push_str(&others);
        entry.text.push_str(&own);
        Ok(entry)
    }

    /// Where each PostgreSQL has tags of its own: the newest version for each of the others.
    fn of_other_majors(
        &self,
        owner: &str,
        repo: &str,
        catalogue: &Catalogue,
        releases: &[Release],
        (name, own, newest_of_own): (&str, u32, &About),
        progress: &dyn Progress,
    ) -> Result<String, CargoError> {
        let majors: BTreeSet<u32> = catalogue.postgresqls.iter().map(|postgresql| postgresql.major).collect();
        let mut text = String::new();
        for major in majors.into_iter().filter(|major| *major != own) {
            let of_major: Vec<Release> =
                releases.iter().filter(|release| release.major == Some(major)).cloned().collect();
            let Some(Release { version, tag: Some(tag), .. }) = newest(of_major.iter()) else { continue };
            let at = Revision::Tag(tag.clone());
            let fetcher = Fetcher::GitHub { owner: owner.into(), repo: repo.into(), at, submodules: false };
            let fetched = self.fetch(&fetcher, progress)?;
            let hash = fetched.hash.to_sri();
            let about = detect::about(&fetched.into_tree(self.limits)?, name).map_err(UpstreamError::from)?;
            text.push_str(&format!(
                "\n[[version]]\nversion = {}\npostgresql = {}\ntag = {}\nhash = {}\n",
                quoted(version),
                names_of(catalogue, major),
                quoted(tag),
                quoted(&hash)
            ));
            if let Some(sql_version) = about.sql_version.filter(|sql| sql != version) {
                text.push_str(&format!("sql-version = {}\n", quoted(&sql_version)));
            }
            if let Some(control) =
                about.control.as_ref().filter(|own| Some(*own) != newest_of_own.control.as_ref())
            {
                text.push_str(&format!("control = {}\n", control::key(control)));
            }
        }
        Ok(text)
    }

    fn crates(
        &self,
        about: &About,
        version: &str,
        entry: &mut Entry,
        own: &mut String,
    ) -> Result<(), CargoError> {
        let lock = about.lock.as_ref().ok_or_else(|| CargoError::NoLock(entry.name.clone()))?;
        let pgrx = about.pgrx.as_ref().ok_or_else(|| CargoError::NoPgrx(entry.name.clone()))?;
        let path = layout::cargo_lock(&entry.name, version);
        own.push_str(&format!("pgrx = {}\ncargo-lock = {}\n", quoted(pgrx), quoted(path.as_str())));
        let hashes = self.output_hashes(lock)?;
        if !hashes.is_empty() {
            let pairs: Vec<String> = hashes
                .iter()
                .map(|(name, hash)| format!("{} = {}", quoted(name), quoted(&hash.to_sri())))
                .collect();
            own.push_str(&format!("output-hashes = {{ {} }}\n", pairs.join(", ")));
        }
        entry.files.insert(path, lock.text.clone());
        Ok(())
    }
}

fn text(
    owner: &str,
    repo: &str,
    catalogue: &Catalogue,
    about: &About,
    tag: Option<&str>,
    entry: &mut Entry,
) -> String {
    let mut text = String::from("#:schema ../../schema/extension.json\n");
    let mut line = |key: &str, value: String, from: &str| {
        let remark = if from.is_empty() {
            String::new()
        } else {
            format!("  # guessed from {}", from.replace(['\n', '\r'], " "))
        };
        text.push_str(&format!("{key} = {value}{remark}\n"));
    };
    match &about.description {
        Some(found) => line("description", quoted(&tidy(&found.value)), &found.from),
        None => {
            line("description", quoted(&tidy(repo)), "the name alone");
            entry.remarks.push("nothing says what it does: write a description".into());
        }
    }
    match &about.license {
        Some(found) => line("license", quoted(found.value), &found.from),
        None => {
            line("license", quoted("unfree"), "nothing: no licence was recognized");
            entry.remarks.push("no licence was recognized: look for one".into());
        }
    }
    line("kind", quoted(about.kind.value.name()), &about.kind.from);
    if about.sql.is_empty() {
        line("sql", "[]".into(), "the absence of control files");
    } else if about.sql != [entry.name.as_str()] {
        line("sql", list(about.sql.iter().map(String::as_str)), "the control files");
    }
    if !about.requires.is_empty() {
        line("requires", list(about.requires.iter().map(String::as_str)), "");
    }
    if let Some(preload) = &about.preload {
        line("preload", list(preload.value.iter().map(String::as_str)), &preload.from);
    }
    if let Some(control) = &about.control {
        line("control", control::key(control).to_string(), "");
    }
    // A placeholder other than {version} is for bump alone.
    let plain =
        tag.filter(|tag| tag.contains("{version}") && !tag.contains("{postgresql}") && !tag.contains('*'));
    match plain {
        Some(tag) => line(
            "source",
            format!("{{ github = {}, tag = {} }}", quoted(&format!("{owner}/{repo}")), quoted(tag)),
            "",
        ),
        None => line("source", format!("{{ github = {} }}", quoted(&format!("{owner}/{repo}"))), ""),
    }
    match tag {
        Some(tag) if plain.is_none() => line("tags", list([tag]), "the tags there are"),
        None => line("versions-from", quoted("branch"), ""),
        Some(_) => {}
    }
    if let Some(root) = &about.source_root {
        line(about.kind.value.folder_key(), quoted(root), "where the control file is");
    }
    for (key, inputs) in
        [("build-inputs", &about.build_inputs), ("native-build-inputs", &about.native_build_inputs)]
    {
        if !inputs.is_empty() {
            let from: Vec<&str> = inputs.iter().map(|input| input.from.as_str()).collect();
            line(key, list(inputs.iter().map(|input| input.value.as_str())), &from.join(", "));
        }
    }
    if !about.make_flags.is_empty() {
        line("make-flags", list(about.make_flags.iter().map(String::as_str)), "the Makefile");
    }
    let schemas: BTreeSet<&str> =
        about.control.iter().flat_map(Control::schemas).map(|(_, schema)| schema).collect();
    for schema in schemas {
        entry.remarks.push(format!("it puts itself into the schema {schema}"));
    }
    for name in &about.requires {
        let known = catalogue
            .extensions
            .iter()
            .any(|extension| extension.sql_names.iter().any(|known| known == name));
        if !known && !crate::catalogue::contrib::names().any(|contrib| contrib == name) {
            entry.remarks.push(format!("it requires {name}, which is not in the catalogue yet"));
        }
    }
    text
}
