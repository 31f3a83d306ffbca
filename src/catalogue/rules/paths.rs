//! Files that the catalogue names exist, inside the catalogue folder; files in its folders are named.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::text::is_plain_path;
use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::files::{Files, Node};
use crate::catalogue::index::versions;
use crate::catalogue::raw::{Field, List, Map, RawSetting, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::layout::{
    self, CATALOGUE, EXTENSIONS, EXTRA_NIX, FLAKE_TOML, LOCKS, NIXPKGS_TOML, OVERRIDES, PATCHES, PGRX_TOML,
    POSTGRESQL_TOML, extension_name,
};
use crate::rule::rule;

/// The files beside the extensions folder.
const TOP: [&str; 4] = [FLAKE_TOML, POSTGRESQL_TOML, PGRX_TOML, NIXPKGS_TOML];

/// Folders in which everything should be referred to.
const FOLDERS: [&str; 4] = [layout::FILES, LOCKS, OVERRIDES, PATCHES];

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    MissingFile =
        "The catalogue refers to a file that is not there: a patch, an override, a lock file, a setting's \
         script, or one of the files every catalogue has (flake.toml and postgresql.toml). Paths are relative \
         to the catalogue folder, so an extension writes patches = [\"patches/pg_cron/pg15.patch\"], whatever \
         folder the extension's own file is in. Correct the path, or add the file.",
        bad: r#"patches = ["patches/example.patch"]"#,
        says: "the patch `patches/example.patch` does not exist",
        fixed: r#"
            patches = ["patches/a.patch"]

            # patches/a.patch
            --- a/Makefile
        "#;
    OutsideCatalogue =
        "What the catalogue names must lie inside the catalogue folder, because the flake is copied to the Nix \
         store as a whole: an absolute path, one with `..`, or a link to somewhere else would work on one \
         machine only, and could take in files that nobody meant to publish. Copy the file into the catalogue \
         folder and name it from there.",
        bad: r#"override = "../example.nix""#,
        says: "`../example.nix` is not a path inside the catalogue folder",
        fixed: r#"
            override = "overrides/example.nix"

            # overrides/example.nix
            { }: old: { }
        "#;
    StrayFile =
        "A file looks like part of the catalogue but is not: a TOML file with another name than flake.toml, \
         postgresql.toml, pgrx.toml or nixpkgs.toml, or something in the extensions folder that is not \
         NAME.toml directly in it. What it says has no effect. Rename, move or remove it.",
        bad: r#"
            # postgres.toml
            [[postgresql]]
            name = "18"
            major = 18
        "#,
        says: "catalogue/postgres.toml is not read",
        fixed: r#"
            # postgresql.toml
            [[postgresql]]
            name = "17"
            major = 17

            [[postgresql]]
            name = "18"
            major = 18
        "#;
    UnreferencedFile =
        "A file in the folders overrides, patches, locks or files is named by no key. Usually its extension was \
         removed, or the key that should name it was forgotten, and then the patch is silently not applied. \
         Name it or remove it. README files and files whose name begins with a dot are left alone.",
        bad: r#"
            # patches/a.patch
            --- a/Makefile
        "#,
        says: "catalogue/patches/a.patch is not referred to",
        fixed: r#"
            patches = ["patches/a.patch"]

            # patches/a.patch
            --- a/Makefile
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let mut paths = Paths { cx, named: BTreeSet::new(), found };
    for entry in &cx.raw.postgresqls {
        paths.all(&entry.value.patches, "patch");
        paths.settings(&entry.value.settings);
    }
    for entry in &cx.raw.cargo_pgrx {
        paths.one(&entry.value.cargo_lock, "lock file");
    }
    if let Some((_, flake)) = &cx.raw.flake {
        paths.settings(&flake.settings);
        if let Some(server) = &flake.server {
            paths.settings(&server.value.settings);
            for database in server.value.databases.iter().flat_map(|list| &list.value) {
                paths.all(&database.value.scripts, "script");
            }
        }
    }
    for file in &cx.raw.extensions {
        let raw = &file.raw;
        paths.one(&raw.r#override, "override");
        paths.all(&raw.build.patches, "patch");
        paths.settings(&raw.settings);
        if let Some(installcheck) = raw.installcheck() {
            paths.settings(&installcheck.settings);
        }
        for version in versions(raw) {
            paths.all(&version.value.build.patches, "patch");
            paths.one(&version.value.cargo_lock, "lock file");
        }
    }
    let mut named = paths.named;
    let mentioned = mentioned(cx.files, &named);
    named.extend(mentioned.iter().map(String::as_str));
    // A file that could not be read may name them.
    let complete = &cx.raw.complete;
    let all_read = complete.flake
        && complete.postgresqls
        && complete.cargo_pgrx
        && complete.unreadable_extensions.is_empty();
    for (path, node) in cx.files.iter() {
        found.extend(unread(path, node));
        found.extend(stray(path).or_else(|| all_read.then(|| unreferenced(path, &named)).flatten()));
    }
}

struct Paths<'a, 'f> {
    cx: &'a Context<'a>,
    named: BTreeSet<&'a str>,
    found: &'f mut Diagnostics,
}

impl<'a> Paths<'a, '_> {
    fn one(&mut self, path: &'a Field<String>, what: &str) {
        if let Some(path) = path {
            self.judge(path, what);
        }
    }

    fn all(&mut self, paths: &'a Field<List<String>>, what: &str) {
        for path in paths.iter().flat_map(|list| &list.value) {
            self.judge(path, what);
        }
    }

    fn settings(&mut self, settings: &'a Field<Map<RawSetting>>) {
        for (_, value) in settings.iter().flat_map(|map| &map.value.0) {
            if let RawSetting::File(path) = &value.value {
                self.judge(path, "file");
            }
        }
    }

    fn judge(&mut self, path: &'a Spanned<String>, what: &str) {
        let text = path.value.as_str();
        self.named.insert(text);
        let shown = printable(text);
        let finding = |code, message: String| Diagnostic::new(code, path.span, message);
        let inside = format!("paths are relative to {CATALOGUE}/ and stay inside it");
        if !is_plain_path(text) {
            let mut finding = finding(
                Code::OutsideCatalogue,
                format!("`{shown}` is not a path inside the catalogue folder"),
            );
            finding = match text.strip_prefix("./").or(layout::below_catalogue(text)) {
                Some(rest) if is_plain_path(rest) => finding.help(format!("write \"{}\"", printable(rest))),
                _ => finding.help(inside),
            };
            self.found.push(finding);
            return;
        }
        let files = self.cx.files;
        let finding = match files.get(Utf8Path::new(text)) {
            Some(Node::Text(_) | Node::File) => return,
            Some(Node::Outside) => finding(
                Code::OutsideCatalogue,
                format!("`{shown}` is a link that leads out of the catalogue folder"),
            )
            .help("put the file itself there, or a relative link to another file of the catalogue"),
            Some(Node::Dangling) => finding(Code::MissingFile, format!("`{shown}` is a link to nothing"))
                .help("put the file itself there"),
            Some(Node::Other) => finding(Code::MissingFile, format!("`{shown}` is not a file"))
                .help("put the file itself there"),
            None if linked_folder(self.cx, text).is_some() => {
                let folder = linked_folder(self.cx, text).unwrap_or_default();
                finding(Code::OutsideCatalogue, format!("`{}` is a link to a folder", printable(folder)))
                    .help("links to folders are not followed: name the file where it really is")
            }
            None => {
                let finding = finding(Code::MissingFile, format!("the {what} `{shown}` does not exist"));
                let with_folder = format!("{}/", text.trim_end_matches('/'));
                let is_folder = files.iter().any(|(path, _)| path.as_str().starts_with(&with_folder));
                let known = files.iter().map(|(path, _)| path.as_str());
                match nearest(text, known.filter(|path| path.contains('/'))) {
                    _ if is_folder => finding.help("this is a folder: name a file in it"),
                    Some(near) => finding.help(format!("did you mean \"{}\"?", printable(near))),
                    None => finding.help(format!("create {CATALOGUE}/{shown}")),
                }
            }
        };
        self.found.push(finding);
    }
}

/// The part of a path that is a link to a folder, which the reader does not enter.
fn linked_folder<'a>(cx: &Context<'_>, path: &'a str) -> Option<&'a str> {
    path.match_indices('/')
        .map(|(at, _)| &path[..at])
        .find(|folder| cx.files.get(Utf8Path::new(folder)).is_some())
}

/// One of the catalogue's own files that is there, but is not a file.
fn unread(path: &Utf8Path, node: &Node) -> Option<Diagnostic> {
    let own = TOP.contains(&path.as_str()) || path.as_str() == EXTRA_NIX || extension_name(path).is_some();
    let (code, message) = match node {
        Node::Text(_) | Node::File => return None,
        Node::Outside => (Code::OutsideCatalogue, "is a link that leads out of the catalogue folder"),
        Node::Dangling => (Code::MissingFile, "is a link to nothing"),
        Node::Other => (Code::MissingFile, "is not a file"),
    };
    own.then(|| about(code, path, message).help("put the file itself there"))
}

fn about(code: Code, path: &Utf8Path, message: &str) -> Diagnostic {
    Diagnostic::global(code, format!("{CATALOGUE}/{} {message}", printable(path.as_str())))
}

/// Files that named Nix files mention by a relative path, and those that these mention. `./x-${version}.patch`
/// mentions all files that begin so.
fn mentioned(files: &Files, named: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut mentioned = BTreeSet::new();
    let mut new: Vec<Utf8PathBuf> = named.iter().map(Utf8PathBuf::from).collect();
    while let Some(file) = new.pop() {
        let Some(Node::Text(bytes)) = files.get(&file).filter(|_| file.extension() == Some("nix")) else {
            continue;
        };
        let text = String::from_utf8_lossy(bytes);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._+-/".contains(c)));
        for word in words.filter(|word| word.starts_with("./") || word.starts_with("../")) {
            let mut parts: Vec<&str> =
                file.parent().into_iter().flat_map(Utf8Path::components).map(|c| c.as_str()).collect();
            for part in word.split('/') {
                match part {
                    "." => {}
                    ".." => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
            let start = parts.join("/");
            if start.is_empty() {
                continue;
            }
            for (path, _) in files.iter().filter(|(path, _)| path.as_str().starts_with(&start)) {
                if mentioned.insert(path.to_string()) {
                    new.push(path.to_owned());
                }
            }
        }
    }
    mentioned
}

fn unreferenced(path: &Utf8Path, named: &BTreeSet<&str>) -> Option<Diagnostic> {
    let folder = path.components().next()?.as_str();
    let documentation =
        path.file_name().is_some_and(|name| name.starts_with("README") || name.starts_with('.'));
    if !FOLDERS.contains(&folder) || documentation || named.contains(path.as_str()) {
        return None;
    }
    Some(about(Code::UnreferencedFile, path, "is not referred to").help("refer to it, or remove it"))
}

/// A file that looks like one of the catalogue's but is not read.
fn stray(path: &Utf8Path) -> Option<Diagnostic> {
    if TOP.contains(&path.as_str()) || extension_name(path).is_some() {
        return None;
    }
    let in_extensions = path.starts_with(EXTENSIONS);
    let lower = path.as_str().to_ascii_lowercase();
    let is_toml = lower.ends_with(".toml") || lower.ends_with(".tml");
    let documentation =
        path.file_name().is_some_and(|name| name.starts_with("README") || name.starts_with('.'));
    if documentation || !(is_toml || in_extensions) || FOLDERS.iter().any(|folder| path.starts_with(folder)) {
        return None;
    }
    let finding = about(Code::StrayFile, path, "is not read");
    Some(match nearest(path.as_str(), TOP) {
        Some(near) if !in_extensions => finding.help(format!("did you mean {CATALOGUE}/{near}?")),
        _ => finding.help(format!("extensions are in {CATALOGUE}/extensions/NAME.toml, no deeper")),
    })
}
