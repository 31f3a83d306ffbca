//! Repositories through git.

use pgflakegen::git::GitError;
use pgflakegen::store::archive::Limits;
use pgflakegen::store::archive::StripRoot;
use pgflakegen::store::hash::Algorithm;
use pgflakegen::store::nar;
use pgflakegen::upstream::cargo::{CargoError, Lock};
use pgflakegen::upstream::credentials::Credentials;
use pgflakegen::upstream::progress::Silent;
use pgflakegen::upstream::{Upstream, UpstreamError};
use url::Url;

use crate::upstream::repository::{Repository, git};
use crate::upstream::server::{Answer, Server};
use crate::upstream::{endpoints, impatient, upstream};

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

/// What git asks first.
fn asked(repository: &str) -> String {
    format!("/{repository}/info/refs?service=git-upload-pack")
}

/// The list of a server that knows no git.
fn listed() -> Answer {
    Answer::Bytes(format!("{}\trefs/tags/v1.0\n", "a".repeat(40)).into_bytes())
}

#[test]
fn what_passes_is_tried_again() {
    let server = Server::start();
    let upstream = upstream(endpoints(server.address()));
    for (name, first) in [
        ("busy", Answer::Status(429, "Retry-After: 0\r\n".into())),
        ("broken", Answer::Status(503, String::new())),
        ("limit", Answer::Status(403, "Retry-After: 0\r\n".into())),
        ("gone", Answer::HangUp),
    ] {
        let path = asked(&format!("o/{name}"));
        server.on(&path, Answer::InTurn(vec![first.clone(), first, listed()]));
        let tags = upstream.git.tags(&format!("{}/o/{name}", server.address()));
        assert_eq!(tags.unwrap(), ["v1.0"], "{name}");
        assert_eq!(server.count(&path), 3, "{name}");
    }
    for status in [403, 404, 410] {
        let path = asked(&format!("o/{status}"));
        server.on(&path, Answer::Status(status, String::new()));
        let error = upstream.git.tags(&format!("{}/o/{status}", server.address())).unwrap_err();
        assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
        assert_eq!(server.count(&path), 1, "{error}");
    }
    let path = asked("o/never");
    server.on(&path, Answer::Status(502, String::new()));
    assert!(upstream.git.tags(&format!("{}/o/never", server.address())).is_err());
    assert_eq!(server.count(&path), 3);
}

#[test]
fn redirects_are_judged_before_they_are_followed() {
    let server = Server::start();
    let upstream = upstream(endpoints(server.address()));
    let tags = |repository: &str| {
        let base = server.address().replace("http://", "http://me:pa55@");
        upstream.git.tags(&format!("{base}/{repository}"))
    };
    server.on(&asked("n/new"), listed());
    server.on(&asked("o/old"), Answer::Redirect(asked("n/new")));
    assert_eq!(tags("o/old").unwrap(), ["v1.0"]);
    // Passwords stay where they belong.
    let elsewhere = format!("{}{}", server.address().replace("127.0.0.1", "localhost"), asked("n/other"));
    server.on(&asked("n/other"), listed());
    server.on(&asked("o/away"), Answer::Redirect(elsewhere));
    assert_eq!(tags("o/away").unwrap(), ["v1.0"]);
    assert!(!server.headers(&asked("n/other")).to_lowercase().contains("authorization"));
    let local = sample();
    local.commit("first");
    for to in [format!("{}/info/refs", local.url()), "ssh://localhost/x/info/refs".into(), asked("o/loop")] {
        server.on(&asked("o/loop"), Answer::Redirect(to.clone()));
        let error = tags("o/loop").unwrap_err().to_string();
        assert!(error.contains("not followed") || error.contains("too often"), "{to}: {error}");
        assert!(!error.contains("pa55"), "{error}");
    }
}

#[test]
fn only_what_the_user_names_is_read_on_this_machine() {
    let repository = sample();
    repository.commit("first");
    repository.tag("v1.0");
    let mirror = format!("file://{}", repository.path().parent().unwrap().display());
    let own = |github: &str| {
        let (credentials, limits) = (Credentials::none(), Limits::default());
        Upstream::new(endpoints(github), credentials, impatient(), false, limits).unwrap()
    };
    assert_eq!(own(&mirror).git.tags(&repository.url()).unwrap(), ["v1.0"]);
    let mut upstream = own("http://127.0.0.1:1");
    let error = upstream.git.tags(&repository.url()).unwrap_err();
    assert!(matches!(error, GitError::Local(_)) && error.to_string().contains("--allow-local"), "{error:?}");
    // Neither is what somebody else's lock file names.
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let lock = format!(
        "[[package]]\nname = \"private\"\nversion = \"1.0.0\"\nsource = \"git+{}#{}\"\n",
        repository.url(),
        commit.trim()
    );
    let lock = Lock::parse(&lock, "x").unwrap();
    for error in [upstream.vendor_hash(&lock).map(drop), upstream.output_hashes(&lock).map(drop)] {
        let error = error.unwrap_err();
        assert!(matches!(error, CargoError::Upstream(UpstreamError::Git(GitError::Local(_)))), "{error:?}");
    }
    upstream.git.trust_local();
    assert_eq!(upstream.git.tags(&repository.url()).unwrap(), ["v1.0"]);
    assert_eq!(upstream.output_hashes(&lock).unwrap().len(), 1);
}
