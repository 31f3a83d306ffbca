//! Hostile repositories: for each protection, the attack that it alone keeps off and that succeeds without it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::run::{Limits, Run, Transports};
use super::{GitError, Pending, Repository};

/// A repository, and the place of a file that appears when something of it has run.
struct Hostile {
    folder: tempfile::TempDir,
}

impl Hostile {
    fn new() -> Self {
        let hostile = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(hostile.root()).unwrap();
        hostile.git(&["init", "--quiet", "--initial-branch=main", "--template="]);
        hostile.write("a.txt", "one\n").write("sub/b.txt", "two\n");
        hostile.git(&["add", "--all"]);
        hostile.git(&["commit", "--quiet", "-m", "first"]);
        hostile
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn repository(&self) -> Repository {
        Repository::at(&self.root())
    }

    /// Plain git, as the attacker's.
    fn git(&self, args: &[&str]) -> String {
        git(&self.root(), args)
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn set(&self, key: &str, value: &str) -> &Self {
        self.git(&["config", key, value]);
        self
    }

    fn marker(&self) -> PathBuf {
        self.folder.path().join("ran")
    }

    /// A program that leaves the marker; takes any arguments and input.
    fn program(&self) -> String {
        let path = self.folder.path().join("program");
        fs::write(&path, format!("#!/bin/sh\necho ran >'{}'\nexit 1\n", self.marker().display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Whether something ran.
    fn ran(&self) -> bool {
        fs::remove_file(self.marker()).is_ok()
    }

    /// Runs `args` with each one of these protections alone, which must do, and with none of them, where the
    /// attack must succeed: else the test would show nothing.
    fn only(&self, protections: &[&str], args: &[&str], input: &str) {
        for kept in protections.iter().map(Some).chain([None]) {
            let taken: Vec<&str> = protections.iter().filter(|name| Some(*name) != kept).copied().collect();
            let run = self.repository().run(args).unwrap().without(&taken).input(input.into());
            // What comes of it does not matter here.
            let _ = run.ended();
            assert_eq!(self.ran(), kept.is_none(), "with {kept:?} of {protections:?}");
        }
    }
}

fn git(root: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(root)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=Tester", "-c", "user.email=tester@example.org"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn no_monitor() {
    let hostile = Hostile::new();
    hostile.set("core.fsmonitor", &hostile.program());
    hostile.only(&["core.fsmonitor"], &["status", "--porcelain"], "");
}

#[test]
fn no_hooks() {
    let hostile = Hostile::new();
    fs::create_dir(hostile.root().join("hooks")).unwrap();
    fs::copy(hostile.program(), hostile.root().join("hooks/post-commit")).unwrap();
    hostile.set("core.hooksPath", "hooks").set("user.name", "x").set("user.email", "x@example.org");
    hostile.only(&["core.hooksPath"], &["commit", "--allow-empty", "-m", "x"], "");
    // Nor those where they always are.
    fs::create_dir(hostile.root().join(".git/hooks")).unwrap();
    for name in ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-index-change"] {
        fs::copy(hostile.program(), hostile.root().join(".git/hooks").join(name)).unwrap();
    }
    hostile.git(&["config", "--unset", "core.hooksPath"]);
    hostile.write("a.txt", "changed\n");
    hostile.repository().commit_paths(&[Path::new("a.txt")], "a message").unwrap();
    assert!(!hostile.ran());
    assert_eq!(hostile.git(&["log", "-1", "--format=%s"]), "a message");
}

#[test]
fn no_filters() {
    for key in ["filter.X.evil.clean", "filter.X.evil.process"] {
        let hostile = Hostile::new();
        hostile.set(key, &hostile.program()).set("filter.X.evil.required", "true");
        hostile.write(".gitattributes", "* filter=X.evil\n").write("a.txt", "two\n");
        hostile.only(&[key], &["status", "--porcelain"], "");
        // And what is unchanged is not said to be changed, because the filter was required.
        let status = hostile.repository().status(&[Path::new("a.txt")]).unwrap();
        assert_eq!(status.len(), 1, "{status:?}");
    }
}

#[test]
fn no_programs_for_diffs() {
    let hostile = Hostile::new();
    hostile.set("diff.external", &hostile.program()).write("a.txt", "two\n");
    hostile.only(&["--no-ext-diff", "diff.external"], &["diff"], "");
    let hostile = Hostile::new();
    hostile.set("diff.evil.command", &hostile.program()).write("a.txt", "two\n");
    hostile.write(".gitattributes", "* diff=evil\n");
    hostile.only(&["--no-ext-diff", "diff.evil.command"], &["diff"], "");
    let hostile = Hostile::new();
    hostile.set("diff.evil.textconv", &hostile.program()).write("a.txt", "two\n");
    hostile.write(".gitattributes", "* diff=evil\n");
    for args in [&["diff"][..], &["show", "HEAD"], &["log", "-p"]] {
        hostile.only(&["--no-textconv", "diff.evil.textconv"], args, "");
    }
}

#[test]
fn no_signature_programs() {
    let hostile = Hostile::new();
    let tree = hostile.git(&["rev-parse", "HEAD^{tree}"]);
    let who = "x <x@example.org> 1 +0000";
    let commit = format!(
        "tree {tree}\nauthor {who}\ncommitter {who}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nsigned\n"
    );
    hostile.write("commit", &commit);
    let id = hostile.git(&["hash-object", "-t", "commit", "-w", "commit"]);
    hostile.set("gpg.program", &hostile.program()).set("log.showSignature", "true");
    hostile.only(&["log.showSignature", "gpg.program"], &["log", "-1", &id], "");
}

#[test]
fn no_questions() {
    let hostile = Hostile::new();
    let question = "protocol=https\nhost=example.org\n\n";
    hostile.set("core.askPass", &hostile.program());
    hostile.only(&["GIT_ASKPASS", "core.askpass"], &["credential", "fill"], question);
    let hostile = Hostile::new();
    hostile.set("credential.helper", &hostile.program());
    hostile.only(&["credential.helper"], &["credential", "fill"], question);
    let hostile = Hostile::new();
    hostile.set("credential.https://example.org.helper", &hostile.program());
    hostile.only(&["credential.https://example.org.helper"], &["credential", "fill"], question);
    // What a program that git starts is told.
    let said = seen(&hostile, "env");
    for wanted in ["GIT_TERMINAL_PROMPT=0", "SSH_ASKPASS_REQUIRE=never", "GCM_INTERACTIVE=never", "LC_ALL=C"]
    {
        assert!(said.lines().any(|line| line == wanted), "{wanted}: {said}");
    }
    assert!(said.contains("GIT_SSH_COMMAND=ssh -oBatchMode=yes"), "{said}");
}

/// What a shell command prints that git runs as we run git.
fn seen(hostile: &Hostile, command: &str) -> String {
    let run = hostile.repository().run(["-c", &format!("alias.x=!{command}"), "x"]).unwrap();
    String::from_utf8(run.output().unwrap()).unwrap()
}

#[test]
fn no_pager_and_no_editor() {
    let hostile = Hostile::new();
    hostile.set("core.pager", "evil").set("core.editor", "evil").set("sequence.editor", "evil");
    for (variable, wanted) in [("GIT_PAGER", "cat"), ("GIT_EDITOR", "true"), ("GIT_SEQUENCE_EDITOR", "true")]
    {
        let found = hostile.repository().line(["var", variable]).unwrap().unwrap();
        assert_eq!(found, wanted, "{variable}");
    }
}

#[test]
fn nothing_is_fetched() {
    let hostile = Hostile::new();
    let blob = hostile.git(&["rev-parse", "HEAD:a.txt"]);
    fs::remove_file(hostile.root().join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    hostile
        .set("core.repositoryFormatVersion", "1")
        .set("extensions.partialClone", "origin")
        .set("remote.origin.promisor", "true")
        .set("protocol.ext.allow", "always")
        .set("remote.origin.url", &format!("ext::{}", hostile.program()));
    hostile.only(&["GIT_NO_LAZY_FETCH", "GIT_ALLOW_PROTOCOL"], &["cat-file", "-p", &blob], "");
    assert!(matches!(hostile.repository().blob("HEAD", Path::new("a.txt")), Ok(None) | Err(_)));
    assert!(!hostile.ran());
}

#[test]
fn objects_are_what_they_are() {
    let hostile = Hostile::new();
    let (one, two) =
        (hostile.git(&["rev-parse", "HEAD:a.txt"]), hostile.git(&["rev-parse", "HEAD:sub/b.txt"]));
    hostile.git(&["replace", &one, &two]);
    let found = hostile.repository().blob("HEAD", Path::new("a.txt")).unwrap();
    assert_eq!(found.as_deref(), Some(&b"one\n"[..]));
    let run = hostile.repository().run(["cat-file", "-p", &one]).unwrap();
    assert_eq!(run.without(&["GIT_NO_REPLACE_OBJECTS"]).output().unwrap(), b"two\n");
}

#[test]
fn nothing_is_written() {
    let hostile = Hostile::new();
    let index = || fs::read(hostile.root().join(".git/index")).unwrap();
    let touch = |time| {
        let file = fs::File::options().write(true).open(hostile.root().join("a.txt")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(time)).unwrap();
    };
    touch(1_000_000);
    let before = index();
    assert_eq!(hostile.repository().status(&[]).unwrap(), []);
    assert_eq!(index(), before);
    let run = hostile.repository().run(["status", "--porcelain"]).unwrap();
    run.without(&["GIT_OPTIONAL_LOCKS"]).output().unwrap();
    assert_ne!(index(), before, "this shows nothing");
}

#[test]
fn names_are_names() {
    let hostile = Hostile::new();
    let names = ["-v", "--help", ":(top)", "*", "a\nb", "a\tb", "\u{1b}[31m", " ", "HEAD", "é"];
    for name in names {
        hostile.write(name, name);
    }
    let repository = hostile.repository();
    for name in names {
        let path = Path::new(name);
        assert!(!repository.is_tracked(path).unwrap(), "{name:?}");
        assert!(!repository.is_ignored(path).unwrap(), "{name:?}");
        let status = repository.status(&[path]).unwrap();
        assert_eq!(status.len(), 1, "{name:?}: {status:?}");
        assert!(status[0].is_untracked() && status[0].path == path, "{status:?}");
        assert_eq!(repository.blob("HEAD", path).unwrap(), None, "{name:?}");
    }
    hostile.git(&["add", "--all"]);
    hostile.git(&["commit", "--quiet", "-m", "names"]);
    for name in names {
        let path = Path::new(name);
        assert!(repository.is_tracked(path).unwrap(), "{name:?}");
        assert_eq!(repository.blob("HEAD", path).unwrap().as_deref(), Some(name.as_bytes()), "{name:?}");
        assert_eq!(repository.staged(path, 0).unwrap().as_deref(), Some(name.as_bytes()), "{name:?}");
    }
    let files = repository.files("HEAD", Path::new("")).unwrap();
    assert_eq!(files.len(), names.len() + 2);
    assert_eq!(repository.index().unwrap().len(), names.len() + 2);
    // Its pathspecs are not ours.
    let run = repository.run(["ls-files", "-z", "--", "?.txt"]).unwrap();
    assert_ne!(run.without(&["GIT_LITERAL_PATHSPECS"]).output().unwrap(), b"");
    assert!(!repository.is_tracked(Path::new("?.txt")).unwrap());
    for rev in ["--all", "-1", "HEAD --", "x\ny"] {
        assert!(repository.commit(rev).is_ok_and(|found| found.is_none()), "{rev:?}");
        assert!(matches!(repository.files(rev, Path::new("")), Err(GitError::NoRevision { .. })), "{rev:?}");
    }
}

#[test]
fn its_files_are_where_it_is() {
    let hostile = Hostile::new();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret"), "").unwrap();
    hostile.set("core.worktree", &elsewhere.path().display().to_string());
    assert_eq!(hostile.repository().status(&[]).unwrap(), []);
    let run = hostile.repository().run(["status", "--porcelain"]).unwrap();
    let said = String::from_utf8(run.without(&["GIT_WORK_TREE"]).output().unwrap()).unwrap();
    assert!(said.contains("secret"), "this shows nothing: {said}");
}

#[test]
fn a_work_tree_of_another_repository_is_read() {
    let hostile = Hostile::new();
    let folder = tempfile::tempdir().unwrap();
    let linked = folder.path().join("linked");
    hostile.git(&["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    fs::write(linked.join("a.txt"), "changed\n").unwrap();
    let found = Repository::around(&linked.join("sub")).unwrap().unwrap();
    assert_eq!(found.root, linked.canonicalize().unwrap());
    let status = found.status(&[]).unwrap();
    assert_eq!((status.len(), status[0].tree), (1, 'M'));
    assert_eq!(found.head().unwrap(), hostile.repository().head().unwrap());
}

#[test]
fn a_folder_that_looks_like_a_repository_is_none() {
    let hostile = Hostile::new();
    let inner = hostile.root().join("inner");
    git(&hostile.root(), &["init", "--quiet", "--bare", "--template=", "inner"]);
    fs::create_dir(inner.join(".git")).unwrap();
    let found = Repository::at(&inner);
    assert!(!found.is_one().unwrap());
    let ask = |without: &[&str]| {
        let run = found.run(["rev-parse", "--absolute-git-dir"]);
        run.unwrap().without(without).ended().unwrap().1.code()
    };
    assert_eq!(ask(&["safe.bareRepository"]), Some(0), "this shows nothing");
    for name in ["HEAD", "config", "objects", "refs", "branches"] {
        let path = inner.join(name);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    assert!(!found.is_one().unwrap());
    assert_eq!(ask(&["GIT_CEILING_DIRECTORIES"]), Some(0), "this shows nothing");
    // From within, it is the one around it.
    let around = Repository::around(&inner).unwrap().unwrap();
    assert_eq!(around.root, hostile.root().canonicalize().unwrap());
    // One without work tree is read where it is named.
    let bare = hostile.folder.path().join("bare");
    git(hostile.folder.path(), &["clone", "--quiet", "--bare", "repository", "bare"]);
    let bare = Repository::at(&bare);
    assert!(bare.bare && bare.is_one().unwrap());
    assert_eq!(bare.head().unwrap(), hostile.repository().head().unwrap());
    assert!(Repository::around(&bare.root).unwrap().is_none());
}

#[test]
fn anothers_repository_is_gits_to_refuse() {
    let hostile = Hostile::new();
    let repository = hostile.repository();
    // git plays another user for its own tests.
    let run = repository.run(["rev-parse", "HEAD"]).unwrap().env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let (_, ended) = run.ended().unwrap();
    let message = ended.failure().to_string();
    assert!(message.contains("dubious ownership in repository at"), "{message}");
    assert!(message.contains("git config --global --add safe.directory"), "{message}");
}

#[test]
fn what_is_set_for_others_is_not_for_us() {
    let hostile = Hostile::new();
    let removed = hostile.repository().run(["version"]).unwrap().removed();
    let local = hostile.git(&["rev-parse", "--local-env-vars"]);
    let more = ["GIT_EXTERNAL_DIFF", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_ATTR_SOURCE"];
    // These have our own values.
    let ours = ["GIT_CONFIG_COUNT", "GIT_NO_REPLACE_OBJECTS", "GIT_WORK_TREE"];
    for name in local.lines().chain(more) {
        assert!(ours.contains(&name) || removed.iter().any(|gone| gone == name), "{name}");
    }
    hostile.set("gc.auto", "1");
    assert_eq!(hostile.repository().line(["config", "gc.auto"]).unwrap().unwrap(), "0");
}

#[test]
fn it_comes_to_an_end() {
    let hostile = Hostile::new();
    let run = |command: &str, limits| {
        let run = Run::new("there", Transports::NONE, limits).at(&hostile.root());
        run.args(["-c", &format!("alias.x=!{command}"), "x"])
    };
    let short = Limits { time: Duration::from_millis(300), ..Limits::LOCAL };
    for command in ["exec sleep 600", "exec sleep 600 2>/dev/null", "exec 1>&-; exec sleep 600"] {
        let result = run(command, short).output();
        assert!(matches!(result, Err(GitError::Slow { .. })), "{command}: {result:?}");
    }
    let small = Limits { size: 100_000, ..Limits::LOCAL };
    let result = run("exec yes", small).output();
    assert!(matches!(result, Err(GitError::TooMuch { .. })), "{result:?}");
    // Complaints without end are heard without end, but not kept.
    let result = run("head -c 300000 /dev/zero >&2; exit 3 #", small).ended().unwrap();
    assert_eq!(result.1.code(), Some(3));
    assert!(result.1.last_words().len() <= 1 << 16);
    // More input than a pipe holds, given to one that answers while it reads, and to one that does not read.
    let input = vec![b'x'; 1 << 20];
    let result = run("exec cat #", Limits::LOCAL).input(input.clone()).output().unwrap();
    assert_eq!(result, input);
    assert_eq!(run("echo done #", Limits::LOCAL).input(input).output().unwrap(), b"done\n");
}

#[test]
fn what_there_is() {
    let hostile = Hostile::new();
    let repository = Repository::around(&hostile.root().join("sub")).unwrap().unwrap();
    let first = repository.head().unwrap().unwrap();
    assert_eq!(repository.parents("HEAD").unwrap(), [] as [String; 0]);
    let merge: Vec<String> = repository.pending(Pending::Merge).unwrap();
    assert!(merge.is_empty());
    hostile.git(&["checkout", "--quiet", "-b", "other"]);
    hostile.write("a.txt", "theirs\n");
    hostile.git(&["commit", "--quiet", "-am", "theirs"]);
    let theirs = repository.head().unwrap().unwrap();
    assert_eq!(repository.parents("HEAD").unwrap(), std::slice::from_ref(&first));
    hostile.git(&["checkout", "--quiet", "main"]);
    hostile.write("a.txt", "ours\n").write("new.txt", "").write(".gitignore", "*.o\n").write("x.o", "");
    hostile.git(&["commit", "--quiet", "-am", "ours"]);
    let merged = Command::new("git").current_dir(hostile.root()).args(["merge", "--quiet", "other"]).output();
    assert!(!merged.unwrap().status.success());
    assert_eq!(repository.pending(Pending::Merge).unwrap(), [theirs]);
    assert_eq!(repository.pending(Pending::Before).unwrap(), [repository.head().unwrap().unwrap()]);
    assert_eq!(repository.pending(Pending::CherryPick).unwrap(), [] as [String; 0]);
    let conflict = Path::new("a.txt");
    for (stage, wanted) in [(1, "one\n"), (2, "ours\n"), (3, "theirs\n")] {
        let found = repository.staged(conflict, stage).unwrap();
        assert_eq!(found.as_deref(), Some(wanted.as_bytes()), "{stage}");
    }
    assert_eq!(repository.staged(conflict, 0).unwrap(), None);
    let known: Vec<PathBuf> = repository.index().unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(known, [conflict, Path::new("sub/b.txt")]);
    let status = repository.status(&[]).unwrap();
    assert!(status.iter().any(|status| status.path == conflict && status.is_conflict()), "{status:?}");
    assert!(status.iter().any(|status| status.path == Path::new("new.txt") && status.is_untracked()));
    assert!(repository.is_ignored(Path::new("x.o")).unwrap());
    assert!(!repository.is_ignored(Path::new("new.txt")).unwrap());
    // Absolute paths are as good.
    assert!(repository.is_tracked(&repository.root.join("sub")).unwrap());
    assert!(!repository.is_tracked(&repository.root.join("new.txt")).unwrap());
    let sub = repository.files(&first, Path::new("sub")).unwrap();
    assert_eq!((sub.len(), &sub[0].contents[..]), (1, &b"two\n"[..]));
    assert_eq!(repository.files(&first, Path::new("nowhere")).unwrap(), []);
    assert!(Repository::around(hostile.folder.path()).unwrap().is_none());
}
