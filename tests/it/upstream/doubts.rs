//! Sources whose hash may be another one tomorrow, or on another machine: said when they are fetched.

use crate::upstream::bump::{Place, vector};
use crate::upstream::repository::Repository;

fn odd() -> Repository {
    let repository = Repository::new();
    repository
        .write("README", "$Format:%D$\n")
        .write("Readme", "another\n")
        .write(".gitattributes", "README export-subst\n*.bin filter=lfs diff=lfs merge=lfs -text\n")
        .write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
        .write(".gitmodules", "[submodule \"x\"]\n\tpath = deps/x\n\turl = https://example.org/x\n");
    repository.commit("first");
    repository.tag("v1.0");
    repository
}

const ALL: [&str; 4] = [
    "warning: README and Readme differ by case alone",
    "warning: git fills in README (export-subst)",
    "warning: model.bin is a pointer of Git LFS",
    "warning: its submodules are not in the source; `submodules = true` takes them (deps/x)",
];

#[test]
fn prefetch_says_so() {
    let place = Place::new();
    place.serve("owner/odd", &odd());
    let (code, out, err) = place.said(&["prefetch", "github:owner/odd/refs/tags/v1.0"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("sha256-") && out.lines().count() == 1, "{out}");
    for warning in ALL {
        assert!(err.contains(warning), "{warning}: {err}");
    }
}

#[test]
fn a_source_like_any_other_is_not_doubted() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.8.0"]));
    let (code, _, err) = place.said(&["prefetch", "github:pgvector/pgvector/refs/tags/v0.8.0"]);
    assert!(code == 0 && !err.contains("warning"), "{err}");
}

#[test]
fn bump_says_so() {
    let place = Place::new();
    let repository = vector(&["v0.8.0"]);
    repository.write(".gitattributes", "version.txt export-subst\n").commit("more");
    repository.tag("v0.8.1");
    place.serve("pgvector/pgvector", &repository);
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        format!("{out}{err}").contains("the hash may be another one elsewhere: git fills in version.txt"),
        "{out}{err}"
    );
}
