//! Any bytes as what git prints: read without a panic; what is a plain name stays where it is looked for, an object
//! has as many bytes as there are.

use std::path::Path;

use pgflakegen::git::remote::references;
use pgflakegen::git::{Objects, entries, statuses};
use pgflakegen::store::archive::is_plain;

fn stays(path: &Path) {
    if is_plain(path) {
        let inside = Path::new("/root").join(path);
        assert!(
            inside.starts_with("/root") && !inside.components().any(|part| part.as_os_str() == ".."),
            "{path:?}"
        );
    }
}

pub fn check(data: &[u8]) {
    for entry in entries(data) {
        stays(&entry.path);
        let kinds =
            [entry.is_directory(), entry.is_link(), entry.is_executable(), entry.submodule().is_some()];
        assert!(kinds.into_iter().filter(|kind| *kind).count() <= 1, "{entry:?}");
    }
    for status in statuses(data) {
        stays(&status.path);
        assert!(!(status.is_untracked() && status.is_conflict() && status.tree == '?'), "{status:?}");
    }
    let found: usize = Objects::of(data.to_vec()).iter().take(1 << 16).flatten().map(<[u8]>::len).sum();
    assert!(found <= data.len());
    for reference in references(&String::from_utf8_lossy(data)) {
        assert!(!reference.name.contains('\n') && !reference.commit.contains('\t'), "{reference:?}");
    }
}
