//! The catalogue folder's files, read once: what rules and tests see in place of the disk.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::layout::CATALOGUE;
use crate::limited;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A file that the loader reads.
    Text(Vec<u8>),
    /// Any other file.
    File,
    /// A symbolic link whose target is outside the catalogue folder, or absolute.
    Outside,
    /// A symbolic link to nothing.
    Dangling,
    /// A folder reached through a symbolic link, or something that is neither file nor folder.
    Other,
}

/// Everything in the catalogue folder, by path relative to it.
#[derive(Clone, Debug, Default)]
pub struct Files {
    nodes: BTreeMap<Utf8PathBuf, Node>,
    /// Names that are not UTF-8, as well as they can be shown.
    pub unreadable_names: Vec<String>,
}

impl Files {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, for tests and other sources than the disk.
    pub fn insert(&mut self, path: impl Into<Utf8PathBuf>, bytes: impl Into<Vec<u8>>) {
        let path = path.into();
        let node = if is_text(&path) { Node::Text(bytes.into()) } else { Node::File };
        self.nodes.insert(path, node);
    }

    /// Says what is at a path, for other sources than the disk.
    pub fn put(&mut self, path: impl Into<Utf8PathBuf>, node: Node) {
        self.nodes.insert(path.into(), node);
    }

    /// Takes a file away.
    pub fn remove(&mut self, path: &Utf8Path) {
        self.nodes.remove(path);
    }

    /// What is at `path`, relative to the folder.
    pub fn get(&self, path: &Utf8Path) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// All paths in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Reads `catalogue/` under `root`. No such folder: empty.
    pub fn read(root: &Utf8Path) -> io::Result<Self> {
        let folder = root.join(CATALOGUE);
        let real = match folder.canonicalize_utf8() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::new()),
            Err(error) => return Err(error),
        };
        let mut files = Self::new();
        for entry in walkdir::WalkDir::new(&real).sort_by_file_name() {
            let entry = entry?;
            let Some(path) = Utf8Path::from_path(entry.path()) else {
                files.unreadable_names.push(entry.path().to_string_lossy().into_owned());
                continue;
            };
            let Ok(relative) = path.strip_prefix(&real) else { continue };
            let kind = entry.file_type();
            if kind.is_dir() {
                continue;
            }
            let node = if kind.is_symlink() {
                link(path, &real)?
            } else if kind.is_file() {
                Node::File
            } else {
                Node::Other
            };
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{relative}: {error}"));
            let node = match node {
                Node::File if is_text(relative) => Node::Text(limited::read(path).map_err(named)?),
                node => node,
            };
            files.nodes.insert(relative.to_owned(), node);
        }
        Ok(files)
    }
}

/// Links are followed only inside the folder: what the flake copies to the store must be whole.
fn link(path: &Utf8Path, folder: &Utf8Path) -> io::Result<Node> {
    if std::fs::read_link(path)?.is_absolute() {
        return Ok(Node::Outside);
    }
    let Ok(target) = std::fs::canonicalize(path) else { return Ok(Node::Dangling) };
    Ok(if !target.starts_with(folder) {
        Node::Outside
    } else if target.is_file() {
        Node::File
    } else {
        Node::Other
    })
}

fn is_text(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("toml" | "lock" | "nix"))
}
