//! Why the hash of a source may be another one tomorrow, or on another machine.

use std::collections::BTreeMap;
use std::io;

use crate::diag::few;
use crate::git::remote::Manner;
use crate::store::archive::SourceTree;

/// How a file of Git LFS begins where its contents were not fetched.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// As many names are said at most.
const SHOWN: usize = 3;

/// What speaks against a tree that came from git. `submodules`: they are in it.
///
/// # Errors
/// When the temporary data cannot be read.
pub fn of(tree: &SourceTree, manner: Manner, submodules: bool) -> io::Result<Vec<String>> {
    let paths = tree.paths();
    let mut all = Vec::new();
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    let mut alike = Vec::new();
    for path in &paths {
        match folded.insert(path.to_lowercase(), path) {
            Some(other) if other != path => alike.push(format!("{other} and {path}")),
            _ => {}
        }
    }
    if !alike.is_empty() {
        all.push(format!(
            "{} differ by case alone: a file system of macOS has only one of them",
            few(&alike, SHOWN)
        ));
    }
    let mut filled = Vec::new();
    let mut has_pointers = false;
    for path in paths.iter().filter(|path| *path == ".gitattributes" || path.ends_with("/.gitattributes")) {
        let text = tree.file(path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next() else { continue };
            for word in words {
                if word == "export-subst" {
                    filled.push(pattern.to_owned());
                }
                has_pointers |= word == "filter=lfs";
            }
        }
    }
    if manner == Manner::Export && !filled.is_empty() {
        all.push(format!(
            "git fills in {} (export-subst) when it makes the archive, with what branches and tags there are then; with \
             `git = \"…\"` in place of `github` the files are as they were committed",
            few(&filled, SHOWN)
        ));
    }
    if has_pointers {
        let mut pointers = Vec::new();
        for path in &paths {
            if tree.file(path)?.is_some_and(|bytes| bytes.starts_with(POINTER)) {
                pointers.push(path.clone());
            }
        }
        if !pointers.is_empty() {
            let verb = if pointers.len() == 1 { "is a pointer" } else { "are pointers" };
            all.push(format!(
                "{} {verb} of Git LFS: what they stand for is not in the source",
                few(&pointers, SHOWN)
            ));
        }
    }
    if !submodules && let Some(modules) = tree.file(".gitmodules")? {
        let text = String::from_utf8_lossy(&modules);
        let names =
            text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
        let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        if !names.is_empty() {
            let text = "its submodules are not in the source; `submodules = true` takes them";
            all.push(format!("{text} ({})", few(&names, SHOWN)));
        }
    }
    Ok(all)
}
