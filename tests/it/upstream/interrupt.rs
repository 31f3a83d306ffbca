//! Signals at any moment: the catalogue is the old one or the new one.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::upstream::bump::{POSTGRESQL, Place, VECTOR, postgresql, vector};
use crate::upstream::repository::git;
use crate::upstream::server::Answer;

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}

/// All files below a folder with their contents.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| !entry.file_type().is_dir())
        .filter(|entry| !entry.path().components().any(|part| part.as_os_str() == ".git"))
        .map(|entry| {
            let path = entry.path().strip_prefix(root).unwrap().display().to_string();
            (path, std::fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_while_downloading_leaves_nothing() {
    for (name, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
        let place = Place::new();
        postgresql(&place);
        let tarball = "/postgresql/v15.19/postgresql-15.19.tar.bz2";
        place.server.on(tarball, Answer::Stall);
        place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
        let temporary = tempfile::tempdir().unwrap();
        let before = files(place.root.path());
        let mut child = place
            .command(&["bump", "--all"])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait("the download begins", || place.server.count(tarball) > 0);
        signal(&child, name);
        let status = child.wait().unwrap();
        // What a shell calls 130 or 143.
        assert_eq!(status.signal(), Some(number), "{status:?}");
        assert_eq!(files(place.root.path()), before);
        assert!(files(temporary.path()).is_empty(), "{:?}", files(temporary.path()).keys());
    }
}

/// What runs in the background of a shell script ignores Ctrl-C, and goes on.
#[test]
fn an_ignored_signal_stays_ignored() {
    let place = Place::new();
    postgresql(&place);
    let tarball = "/postgresql/v15.19/postgresql-15.19.tar.bz2";
    place.server.on(tarball, Answer::After(Duration::from_millis(800), b"15.19".to_vec()));
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    let plain = place.command(&["bump", "--all"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(plain.get_current_dir().unwrap());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("the download begins", || place.server.count(tarball) > 0);
    signal(&child, "-INT");
    assert!(child.wait().unwrap().success());
    assert!(place.read("catalogue/postgresql.toml").contains("15.19"));
}

/// Reads a file of a repository, and then counts for longer than anybody waits.
const ENDLESS: &str = "builtins.seq (builtins.readFile (builtins.fetchGit ./repository + \"/file\")) (builtins.foldl' \
     (a: _: builtins.foldl' (b: _: b + 1) 0 (builtins.genList (x: x) 10000)) 0 (builtins.genList (x: x) 1000000))";

/// What a killed process leaves, the next one removes; what a living one uses, it does not.
#[test]
fn what_a_killed_one_left_the_next_one_removes() {
    use std::os::unix::fs::PermissionsExt as _;
    let temporary = tempfile::tempdir().unwrap();
    let folders = || std::fs::read_dir(temporary.path()).unwrap().count();
    let start = || {
        let place = Place::new();
        place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
        let mut command = place.command(&["eval", "--expr", ENDLESS]);
        let repository = place.root.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        std::fs::write(repository.join("file"), "1").unwrap();
        git(&repository, &["add", "--all"]);
        git(&repository, &["commit", "--quiet", "-m", "first"]);
        let child = command
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait("the repository is copied", || {
            let own = format!("pgflakegen-run-{}-", child.id());
            let files = files(temporary.path());
            files.keys().any(|path| path.starts_with(&own) && path.ends_with("source/file"))
        });
        (place, child)
    };
    let (_first, mut killed) = start();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(folders(), 1);
    let (_second, mut living) = start();
    assert_eq!(folders(), 1, "the first one's is gone");
    let (_third, mut ended) = start();
    assert_eq!(folders(), 2, "the second one's stays");
    for entry in std::fs::read_dir(temporary.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    for child in [&mut living, &mut ended] {
        signal(child, "-HUP");
        child.wait().unwrap();
    }
    assert_eq!(folders(), 0);
}

/// The state of a bump that was stopped after so long: each file as before or as after.
fn stopped(name: &str, after: Duration) -> (Place, bool) {
    let place = Place::new();
    postgresql(&place);
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    assert_eq!(place.said(&["generate", "-q"]).0, 0);
    let mut child =
        place.command(&["bump", "--all"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let _ = Command::new("kill").arg(name).arg(child.id().to_string()).stderr(Stdio::null()).status();
    let ended = child.wait().unwrap().success();
    (place, ended)
}

/// Both files are whole, and both are old or both are new once the next run has looked.
fn judge(place: &Place, what: &str) -> bool {
    for (path, old) in
        [("catalogue/extensions/pgvector.toml", VECTOR), ("catalogue/postgresql.toml", POSTGRESQL)]
    {
        let text = place.read(path);
        let new = text.contains("0.8.1") || text.contains("15.19");
        assert!(new || text == old, "{what}: {path}\n{text}");
        toml::from_str::<toml::Table>(&text).unwrap();
    }
    // Looking changes nothing; the next that writes completes what was begun.
    let before = files(place.root.path());
    place.said(&["check"]);
    assert_eq!(files(place.root.path()), before, "{what}");
    assert_eq!(place.said(&["generate", "-q"]).0, 0, "{what}");
    let (code, _, err) = place.said(&["check"]);
    assert_eq!(code, 0, "{what}: {err}");
    let bumped = place.read("catalogue/extensions/pgvector.toml").contains("0.8.1");
    assert_eq!(bumped, place.read("catalogue/postgresql.toml").contains("15.19"), "{what}");
    let odd: Vec<String> = files(place.root.path())
        .into_keys()
        .filter(|path| path.contains("staging") || path.contains("edits") || path.contains(".tmp"))
        .collect();
    assert!(odd.is_empty(), "{what}: {odd:?}");
    bumped
}

/// Killed while it cleared away what it had done.
#[test]
fn what_was_done_is_cleared_away() {
    let place = Place::new();
    assert_eq!(place.said(&["generate", "-q"]).0, 0);
    let left = place.root.path().join(".pgflakegen-state/edits.done/after/catalogue");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("postgresql.toml"), "").unwrap();
    assert_eq!(place.said(&["check"]).0, 0);
    assert!(left.exists(), "looking changes nothing");
    assert_eq!(place.said(&["generate", "-q"]).0, 0);
    assert!(!place.root.path().join(".pgflakegen-state/edits.done").exists());
}

#[test]
fn killed_at_any_moment_it_is_the_old_or_the_new() {
    let start = Instant::now();
    let (place, ended) = stopped("-0", Duration::ZERO);
    let whole = start.elapsed();
    assert!(ended && judge(&place, "undisturbed"));
    for name in ["-KILL", "-INT"] {
        let mut outcomes = [0, 0];
        for step in 0..16u32 {
            let after = whole * step / 16;
            let (place, _) = stopped(name, after);
            outcomes[usize::from(judge(&place, &format!("{name} after {after:?}")))] += 1;
            // The next one finds what it needs, whatever the last one left.
            assert_eq!(place.said(&["bump", "--all", "-q"]).0, 0);
            assert!(judge(&place, "taken up again"));
        }
        assert!(outcomes[0] > 0, "nothing was stopped in time: {outcomes:?}");
    }
}

#[test]
fn a_file_edited_meanwhile_is_not_overwritten() {
    let place = Place::new();
    postgresql(&place);
    let tarball = "/postgresql/v15.19/postgresql-15.19.tar.bz2";
    place.server.on(tarball, Answer::After(Duration::from_millis(800), b"15.19".to_vec()));
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    let child = place.command(&["bump", "--all"]).stderr(Stdio::piped()).spawn().unwrap();
    wait("the download begins", || place.server.count(tarball) > 0);
    let mine = format!("{POSTGRESQL}# mine\n");
    place.write("catalogue/postgresql.toml", &mine);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("PGF507") && err.contains("catalogue/postgresql.toml changed"), "{err}");
    assert_eq!(place.read("catalogue/postgresql.toml"), mine);
    assert_eq!(place.read("catalogue/extensions/pgvector.toml"), VECTOR);
}

#[test]
fn two_postgresqls_of_one_file_are_two_commits() {
    let place = Place::new();
    let page = "<a href=\"v15.19/\"></a> <a href=\"v17.9/\"></a>";
    place.server.on("/postgresql/", Answer::Bytes(page.into()));
    for version in ["15.19", "17.9"] {
        place.server.on(
            &format!("/postgresql/v{version}/postgresql-{version}.tar.bz2"),
            Answer::Bytes(version.into()),
        );
    }
    let pinned = POSTGRESQL.replace(
        "major = 17\n",
        "major = 17\nversion = \"17.8\"\nhash = \"sha256-KM1d/RsSY54EC56O1+8/mS8ilwP8xfLK8QNH74hpZ/w=\"\n",
    );
    place.write("catalogue/postgresql.toml", &pinned);
    git(place.root.path(), &["init", "--quiet"]);
    assert_eq!(place.said(&["generate"]).0, 0);
    git(place.root.path(), &["add", "--all"]);
    git(place.root.path(), &["commit", "--quiet", "-m", "first"]);
    let (code, _, err) = place.said(&["bump", "postgresql", "--commit"]);
    assert_eq!(code, 0, "{err}");
    let log = git(place.root.path(), &["log", "--format=%s"]);
    let log: Vec<_> = log.lines().collect();
    assert_eq!(log, ["postgresql 17: 17.8 -> 17.9", "postgresql 15: 15.18 -> 15.19", "first"]);
    let text = place.read("catalogue/postgresql.toml");
    assert!(
        text.contains("\"15.19\"") && text.contains("\"17.9\"") && text.contains("# the old one"),
        "{text}"
    );
}
