//! `cargo xtask book`: the pages of the repository as one book with search, in target/book, by mdBook. Links of every page
//! must lead somewhere, also to a heading.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::repository::root;

/// Pages outside of `docs`, with their titles; and files that pages link to.
const PAGES: [(&str, &str); 5] = [
    ("Contributing", "CONTRIBUTING.md"),
    ("Tests", "tests/README.md"),
    ("Security", "SECURITY.md"),
    ("The evaluator alone", "crates/nix-eval/README.md"),
    ("Changes", "CHANGELOG.md"),
];
const FILES: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Builds it; gives what there is to say.
pub fn run() -> anyhow::Result<String> {
    let mdbook = || Command::new("mdbook");
    if mdbook().arg("--version").output().is_err() {
        return Ok("ignored: mdbook is not installed (cargo install mdbook --locked)".to_owned());
    }
    let root = root().canonicalize()?;
    let (source, book) = (root.join("target/book-source"), root.join("target/book"));
    for folder in [&source, &book] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    copy(&root.join("docs"), &source.join("docs"))?;
    for file in PAGES.iter().map(|(_, file)| file).chain(&FILES) {
        let to = source.join(file);
        fs::create_dir_all(to.parent().unwrap_or(&source))?;
        fs::copy(root.join(file), to).with_context(|| (*file).to_owned())?;
    }
    index(&source)?;
    fs::rename(source.join("docs/book.toml"), source.join("book.toml"))?;
    let summary = fs::read_to_string(root.join("docs/SUMMARY.md"))?;
    fs::remove_file(source.join("docs/SUMMARY.md"))?;
    fs::write(source.join("SUMMARY.md"), whole(&summary).replace(README, INDEX))?;
    let status =
        mdbook().arg("build").arg(&source).arg("--dest-dir").arg(&book).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "`mdbook build {}` ended with {status}", source.display());
    let names =
        fs::read_dir(&book)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
    ensure!(
        names.iter().any(|name| name.to_string_lossy().starts_with("searchindex")),
        "the book has no search"
    );
    let (pages, links, dead) = check(&book)?;
    ensure!(dead.is_empty(), "links that lead nowhere:\n  {}", dead.join("\n  "));
    ensure!(pages > 25 && links > 100, "only {pages} pages and {links} links");
    Ok(format!("{}: {pages} pages, {links} links", book.display()))
}

/// The table of contents of `docs`, with what is around it.
fn whole(summary: &str) -> String {
    let pages = summary.trim_start_matches("# Summary").replace("](", "](docs/");
    let more: String = PAGES.iter().map(|(title, file)| format!("- [{title}]({file})\n")).collect();
    let pages = pages.trim().replacen("[pgflakegen]", "[All pages]", 1);
    format!("# Summary\n\n[pgflakegen](README.md)\n{pages}\n\n# The repository\n\n{more}")
}

/// mdBook has a README.md as the index of its folder, but leaves links to it as they are.
const README: &str = "README.md)";
const INDEX: &str = "index.md)";

fn index(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            index(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            fs::write(&path, fs::read_to_string(&path)?.replace(README, INDEX))?;
            if path.ends_with("README.md") {
                fs::rename(&path, path.with_file_name("index.md"))?;
            }
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// How many pages and links within the book there are, and which of these lead nowhere.
fn check(book: &Path) -> anyhow::Result<(usize, usize, Vec<String>)> {
    let mut pages = BTreeMap::new();
    read(book, Path::new(""), &mut pages)?;
    let (mut count, mut dead) = (0, Vec::new());
    for (page, text) in &pages {
        for link in ["href=\"", "src=\""].into_iter().flat_map(|name| values(text, name)) {
            let link = link.replace("&amp;", "&");
            if link.contains("://") || ["mailto:", "data:"].iter().any(|scheme| link.starts_with(scheme)) {
                continue;
            }
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to = match path {
                "" => Some(page.clone()),
                path => joined(page.parent().unwrap_or(Path::new("")), path),
            };
            let good = to.as_ref().is_some_and(|to| {
                let there = |id: &str| {
                    pages.get(to).is_none_or(|text| values(text, "id=\"").any(|other| other == id))
                };
                book.join(to).is_file() && (anchor.is_empty() || there(anchor))
            });
            if !good {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    Ok((pages.len(), count, dead))
}

/// All pages below a folder. Of the page to be printed and of that for what is not there, links are those of others.
fn read(book: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> anyhow::Result<()> {
    let apart = BTreeSet::from(["print.html", "404.html"].map(PathBuf::from));
    for entry in fs::read_dir(book.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(book, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") && !apart.contains(&path) {
            pages.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// The values of an attribute in HTML.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(name).skip(1).filter_map(|rest| rest.split('"').next())
}

/// A path as seen from a folder of the book; `None`: it leads out of it.
fn joined(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut to = folder.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => to.push(name),
            Component::ParentDir => to.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let book = tempfile::tempdir().unwrap();
        let page = |path: &str, text: &str| {
            fs::create_dir_all(book.path().join(path).parent().unwrap()).unwrap();
            fs::write(book.path().join(path), text).unwrap();
        };
        page("x.css", "");
        page(
            "index.html",
            "<link href=\"x.css\"><a href=\"docs/a.html#there\"></a><a href=\"https://x\"></a>",
        );
        page(
            "docs/a.html",
            "<h1 id=\"there\"></h1><a href=\"../index.html\"></a><a href=\"#there\"></a><a href=\"#gone\"></a>\
             <a href=\"b.html\"></a><img src=\"../../x.css\"><a href=\"/x.css\"></a><a href=\"../index.html#no\"></a>",
        );
        let (pages, links, dead) = check(book.path()).unwrap();
        assert_eq!((pages, links), (2, 9));
        let wanted = ["#gone", "b.html", "/x.css", "../index.html#no", "../../x.css"];
        assert_eq!(dead, wanted.map(|link| format!("docs/a.html: {link}")));
    }

    #[test]
    fn the_contents_have_all_pages() {
        let whole = whole("# Summary\n\n[pgflakegen](README.md)\n\n# First\n\n- [A](a.md)\n");
        assert!(whole.starts_with(
            "# Summary\n\n[pgflakegen](README.md)\n[All pages](docs/README.md)\n\n# First\n\n- [A](docs/a.md)\n"
        ));
        assert!(whole.contains("- [Tests](tests/README.md)\n"), "{whole}");
    }
}
