//! Repositories through git.

use pgflakegen::git::GitError;
use pgflakegen::store::archive::StripRoot;
use pgflakegen::store::hash::Algorithm;
use pgflakegen::store::nar;
use pgflakegen::upstream::UpstreamError;
use pgflakegen::upstream::progress::Silent;
use url::Url;

use crate::repository::{Repository, git};
use crate::server::{Answer, Server};
use crate::{endpoints, upstream};

fn sample() -> Repository {
    let repository = Repository::new();
    repository
        .write(".gitattributes", "/doc export-ignore\nversion.txt export-subst\n*.bat text eol=crlf\n")
        .write("doc/secret.txt", "not in archives\n")
        .write("version.txt", "$Format:%H$\n")
        .write("run.bat", "echo\n")
        .write("a.c", "int a;\n")
        .write("a/b.c", "int b;\n");
    std::os::unix::fs::symlink("a/b.c", repository.path().join("link")).unwrap();
    repository.write("run.sh", "#!/bin/sh\n");
    repository.git(&["add", "--chmod=+x", "run.sh"]);
    repository
}

#[test]
fn tags_with_what_they_point_to() {
    let repository = sample();
    let first = repository.commit("first");
    repository.tag("v1.0");
    repository.git(&["tag", "-a", "v1.1", "-m", "annotated"]);
    let upstream = upstream(endpoints("http://127.0.0.1:1"));
    let mut tags = upstream.git.references(&repository.url(), &["refs/tags/*"]).unwrap();
    tags.sort_by(|a, b| a.name.cmp(&b.name));
    let tags: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.commit.as_str())).collect();
    assert_eq!(tags, [("refs/tags/v1.0", first.as_str()), ("refs/tags/v1.1", first.as_str())]);
}

#[test]
fn an_archive_by_github_and_by_git_are_the_same() {
    let repository = sample();
    repository.commit("first");
    repository.tag("v1.0");
    let expected = tempfile::tempdir().unwrap();
    let archive = expected.path().join("archive.tar.gz");
    repository.git(&[
        "archive",
        "--format=tar.gz",
        "--prefix=repo-1.0/",
        "-o",
        archive.to_str().unwrap(),
        "v1.0",
    ]);
    let server = Server::start();
    server.on("/owner/repo/archive/refs/tags/v1.0.tar.gz", Answer::Bytes(std::fs::read(&archive).unwrap()));
    let upstream = upstream(endpoints(server.address()));
    let by_http = upstream.github("owner", "repo", "refs/tags/v1.0", &Silent).unwrap();
    let by_git = upstream.exported(&repository.url(), "refs/tags/v1.0").unwrap();
    assert_eq!(by_http.hash, by_git.hash);
    assert_eq!(by_git.date.as_deref(), Some("2024-05-07"));
    git(expected.path(), &["init", "--quiet", "."]);
    let tree = by_git.into_tree(upstream.limits).unwrap();
    assert_eq!(tree.paths(), [".gitattributes", "a/b.c", "a.c", "link", "run.bat", "run.sh", "version.txt"]);
    assert_eq!(tree.file("run.bat").unwrap().unwrap(), b"echo\r\n");
    assert_ne!(tree.file("version.txt").unwrap().unwrap(), b"$Format:%H$\n");
}

#[test]
fn a_checkout_is_hashed_as_its_folder_would_be() {
    let inner = Repository::new();
    inner.write("inner.c", "int inner;\n");
    inner.commit("inner");
    let repository = sample();
    repository.git(&["submodule", "--quiet", "add", &inner.url(), "sub/inner"]);
    let commit = repository.commit("first");
    let clone = tempfile::tempdir().unwrap();
    let upstream = upstream(endpoints("http://127.0.0.1:1"));
    for submodules in [false, true] {
        let name = if submodules { "with" } else { "without" };
        let how: &[&str] = if submodules { &["--recurse-submodules"] } else { &[] };
        let url = repository.url();
        git(clone.path(), &[&["clone", "--quiet"], how, &[url.as_str(), name]].concat());
        let folder = clone.path().join(name);
        std::fs::remove_dir_all(folder.join(".git")).unwrap();
        let _ = std::fs::remove_file(folder.join("sub/inner/.git"));
        let expected = nar::hash_path(&folder, Algorithm::Sha256).unwrap();
        let found = upstream.checkout(&url, &commit, submodules).unwrap();
        assert_eq!(found.hash, expected, "{name}");
        assert_eq!(found.rev.as_deref(), Some(commit.as_str()));
    }
}

#[test]
fn what_is_not_there_is_said() {
    let repository = sample();
    repository.commit("first");
    let upstream = upstream(endpoints("http://127.0.0.1:1"));
    for revision in ["v9", "refs/tags/v9", "0123456789012345678901234567890123456789"] {
        let error = upstream.exported(&repository.url(), revision).unwrap_err();
        assert!(matches!(error, UpstreamError::Git(GitError::NoRevision { .. })), "{error:?}");
    }
    for revision in ["--upload-pack=touch /tmp/x", "", "a..b", "a b", "x:y"] {
        let error = upstream.exported(&repository.url(), revision).unwrap_err();
        assert!(matches!(error, UpstreamError::Git(GitError::BadRevision(_))), "{error:?}");
    }
    for url in ["ext::sh -c x", "--upload-pack=x", "/etc", "fd::1", "https://"] {
        let error = upstream.git.tags(url).unwrap_err();
        assert!(matches!(error, GitError::BadUrl(_)), "{error:?}");
    }
    let error = upstream.git.tags("file:///nowhere/at/all").unwrap_err();
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
}

#[test]
fn a_commit_of_no_branch_head_is_found() {
    let repository = sample();
    let first = repository.commit("first");
    repository.write("a.c", "int a2;\n");
    repository.commit("second");
    repository.git(&["config", "uploadpack.allowAnySHA1InWant", "false"]);
    let upstream = upstream(endpoints("http://127.0.0.1:1"));
    let found = upstream.exported(&repository.url(), &first).unwrap();
    assert_eq!(found.rev.as_deref(), Some(first.as_str()));
    assert_eq!(found.into_tree(upstream.limits).unwrap().file("a.c").unwrap().unwrap(), b"int a;\n");
}

#[test]
fn a_local_archive_unpacks_as_one_from_a_server() {
    let repository = sample();
    repository.commit("first");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("x.tar.xz.not");
    repository.git(&["archive", "--format=tar", "--prefix=x/", "-o", archive.to_str().unwrap(), "HEAD"]);
    let upstream = upstream(endpoints("http://127.0.0.1:1"));
    let url = Url::from_file_path(&archive).unwrap();
    let unpacked = upstream.unpacked(&url, StripRoot::IfSingle, &Silent).unwrap();
    assert_eq!(unpacked.hash, upstream.exported(&repository.url(), "HEAD").unwrap().hash);
}
