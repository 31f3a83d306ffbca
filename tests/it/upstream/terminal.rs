//! Every command that shows progress, on a terminal: it ends, the line of progress is gone, the text is the same as
//! through a pipe.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::upstream::bump::{Place, postgresql, vector};
use crate::upstream::pty::{Ended, Terminal};
use crate::upstream::repository::{Repository, git};
use crate::upstream::server::Answer;

/// A flake whose packages all say something while they are evaluated.
const TALKING: &str = r#"{
  outputs = { self }: {
    packages.x86_64-linux = builtins.listToAttrs (
      map (number: rec {
        name = "p${toString number}";
        value = builtins.trace "about ${name}, which is said in one piece" (
          derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }
        );
      }) (builtins.genList (x: x) 40)
    );
  };
}
"#;

const NIX: &str = r#"{ lib, stdenv, fetchFromGitHub, postgresql }:
stdenv.mkDerivation rec {
  pname = "NAME";
  version = "0.8.0";
  src = fetchFromGitHub { owner = "pgvector"; repo = "pgvector"; rev = "v${version}"; sha256 = lib.fakeHash; };
  buildInputs = [ postgresql ];
  installPhase = "install -D *.so -t $out/lib";
}
"#;

fn place() -> Place {
    let place = Place::new();
    postgresql(&place);
    place.serve("pgvector/pgvector", &vector(&["v0.7.0", "v0.8.0", "v0.8.1"]));
    let nixpkgs = vector(&["v1"]);
    nixpkgs.git(&["branch", "nixos-unstable"]);
    place.serve("NixOS/nixpkgs", &nixpkgs);
    let other = Repository::new();
    other.write("other.control", "comment = 'Another.'\n").write("Makefile", "include $(PGXS)\n");
    other.commit("first");
    other.tag("v1.0");
    place.serve("owner/other", &other);
    for name in ["one", "two", "three"] {
        place.write(&format!("nix/{name}.nix"), &NIX.replace("NAME", name));
    }
    for number in 0..300 {
        let text = if number % 100 == 7 { "{ a = 1; a = 2; }\n" } else { "{ }\n" };
        place.write(&format!("many/{number:03}.nix"), text);
    }
    place.write("flake/flake.nix", TALKING);
    place.write(".gitignore", "/many\n/nix\n");
    git(&place.path("flake"), &["init", "--quiet"]);
    git(&place.path("flake"), &["add", "--all"]);
    git(&place.path("flake"), &["commit", "--quiet", "-m", "first"]);
    place.write("flake/flake.nix", &TALKING.replace("/bin/sh", "/bin/bash"));
    assert_eq!(place.said(&["generate"]).0, 0);
    let entry = place.read("catalogue/extensions/pgvector.toml");
    place.write("catalogue/extensions/pgvector.toml", &entry.replace("similarity search", "search"));
    place
}

/// What is typed, and what its progress says.
const COMMANDS: [(&[&str], &str); 13] = [
    (&["generate"], "generating"),
    (&["check"], "checking"),
    (&["validate", "many"], "checking"),
    (&["outdated"], "asking upstream"),
    (&["bump", "--all"], "fetching"),
    (&["verify"], "fetching"),
    (&["prefetch", "github:pgvector/pgvector/v0.8.0"], "fetching"),
    (&["import", "nix", "nix"], "completing"),
    (&["add", "owner/other"], "fetching"),
    (&["add", "postgresql", "17.9", "--from", "17"], "fetching"),
    (&["eval", "--expr", "builtins.trace \"said\" (builtins.trace \"again\" 3)"], "evaluating"),
    (&["drvs", "flake"], "evaluating"),
    (&["--root", "flake", "drv-diff"], "evaluating"),
];

fn command(place: &Place, arguments: &[&str], progress: &str) -> Command {
    let mut command = place.command(arguments);
    command.env("TERM", "xterm-256color").env("PGFLAKEGEN_PROGRESS", progress);
    command.env_remove("CI").env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// The lines, without what differs between two places.
fn lines(text: &str, place: &Place) -> Vec<String> {
    let root = place.root.path().display().to_string();
    let text = text.replace(&root, "ROOT").replace(place.server.address(), "SERVER");
    let lines = text.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty());
    let mut lines: Vec<String> = lines.collect();
    // Through pipes there are two texts, on a terminal one; threads say things in any order.
    lines.sort();
    lines
}

fn tidy(ended: &Ended, what: &str) {
    assert!(!ended.cursor_hidden, "{what}: the cursor is hidden");
    assert_eq!(ended.column, 0, "{what}: the prompt would not begin its line:\n{}", ended.screen);
}

/// Runs everything on a terminal of this size, and compares it with the same through pipes.
fn as_through_a_pipe(rows: u16, columns: u16) {
    for (arguments, progress) in COMMANDS {
        let piped = place();
        // What is laid out for a terminal's width is so for 80 columns through a pipe, too.
        let output = command(&piped, arguments, "always").stdin(Stdio::null()).output().unwrap();
        let text = [output.stderr.as_slice(), &output.stdout].concat();
        let text = String::from_utf8(text).unwrap();
        let expected = lines(&text, &piped);
        assert!(!text.contains(['\r', '\x1b']), "{arguments:?}: {text:?}");

        let shown = place();
        let ended = Terminal::start(command(&shown, arguments, "always"), rows, columns).end();
        let what = format!("{arguments:?} at {columns} columns");
        assert_eq!(ended.status.code(), output.status.code(), "{what}: {}", ended.raw);
        let begin: String = progress.chars().take(usize::from(columns) - 2).collect();
        assert!(ended.raw.contains(&format!("\r{begin}")), "{what}: no progress: {:?}", ended.raw);
        tidy(&ended, &what);
        let seen = lines(&ended.screen, &shown);
        let only = |one: &[String], other: &[String]| {
            one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>()
        };
        let (more, less) = (only(&seen, &expected), only(&expected, &seen));
        assert!(seen == expected, "{what}: too much: {more:#?}; missing: {less:#?}");
    }
}

#[test]
fn on_a_terminal_the_text_is_as_through_a_pipe() {
    as_through_a_pipe(400, 80);
}

#[test]
fn on_a_narrow_terminal_too() {
    as_through_a_pipe(600, 24);
}

#[test]
fn on_a_terminal_the_summary_comes_last() {
    let place = place();
    let ended = Terminal::start(command(&place, &["check"], "always"), 200, 80).end();
    let last = ended.screen.trim_end().lines().next_back().unwrap_or_default().to_owned();
    assert_eq!(last, "2 files out of date; type `pgflakegen` and commit what it writes", "{}", ended.screen);
    assert!(ended.screen.contains("+++ b/generated/extensions/pgvector.nix"), "{}", ended.screen);
}

#[test]
fn a_page_is_not_for_a_terminal() {
    let place = place();
    let terminal = |arguments: &[&str]| Terminal::start(command(&place, arguments, "never"), 24, 80).end();
    let ended = terminal(&["explorer"]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.raw);
    let said = ended.screen.replace('\n', " ");
    assert!(said.contains("`pgflakegen explorer -o explorer.html` writes it"), "{said}");
    assert!(said.contains("`pgflakegen explorer --serve` shows it"), "{said}");
    assert!(!ended.raw.contains("<html"), "{}", ended.raw);
    assert_eq!(terminal(&["explorer", "-o", "explorer.html"]).status.code(), Some(0));
    // Into a file or a program it goes as it is.
    let piped = command(&place, &["explorer"], "never").stdin(Stdio::null()).output().unwrap();
    assert_eq!(
        (piped.status.code(), piped.stdout),
        (Some(0), std::fs::read(place.path("explorer.html")).unwrap())
    );
}

/// A download that never ends.
fn stalled(place: &Place) -> Vec<String> {
    let address = place.server.on("/stalled.tar.gz", Answer::Stall);
    vec!["prefetch".to_owned(), address]
}

fn start(place: &Place, arguments: &[String], progress: &str, columns: u16) -> Terminal {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Terminal::start(command(place, &arguments, progress), 24, columns)
}

#[test]
fn ctrl_c_leaves_one_line() {
    let place = Place::new();
    let mut terminal = start(&place, &stalled(&place), "always", 80);
    terminal.until("fetching", 0);
    terminal.types(b"\x03");
    let ended = terminal.end();
    assert_eq!(ended.status.signal(), Some(2), "{:?}", ended.raw);
    assert_eq!(ended.screen.trim_end(), "pgflakegen: stopped by SIGINT", "{:?}", ended.raw);
    tidy(&ended, "Ctrl-C");
}

#[test]
fn a_terminal_that_is_made_narrower_is_left_clean() {
    for (rows, columns) in [(24, 30), (10, 12), (50, 132)] {
        let place = Place::new();
        let mut terminal = start(&place, &stalled(&place), "always", 80);
        let seen = terminal.until("stalled.tar.gz\x1b[K\r", 0);
        terminal.resize(rows, columns);
        // Drawn again, for the new width.
        terminal.until("\x1b[K\r", seen);
        terminal.types(b"\x03");
        let ended = terminal.end();
        assert_eq!(
            ended.screen.trim_end(),
            "pgflakegen: stopped by SIGINT",
            "{columns}: {:?} {:?}",
            ended.status,
            ended.raw
        );
        tidy(&ended, "narrower");
    }
}

#[test]
fn what_takes_longer_than_a_second_shows_progress_by_itself() {
    let place = Place::new();
    let mut terminal = start(&place, &stalled(&place), "auto", 80);
    terminal.until("fetching", 0);
    terminal.types(b"\x03");
    assert_eq!(terminal.end().status.signal(), Some(2));
}

/// Nothing but text: no sequence, no carriage return of ours.
fn plain(ended: &Ended, what: &str) {
    assert!(!ended.raw.contains('\x1b'), "{what}: {:?}", ended.raw);
    assert!(!ended.raw.replace("\r\n", "\n").contains('\r'), "{what}: {:?}", ended.raw);
    assert!(!ended.raw.contains("fetching"), "{what}: {:?}", ended.raw);
}

#[test]
fn where_nobody_looks_there_is_no_progress() {
    let slow = |place: &Place| {
        let answer = Answer::After(Duration::from_millis(1600), b"late".to_vec());
        vec!["prefetch".to_owned(), place.server.on("/late.tar.gz", answer)]
    };
    let run = |progress: &str, more: &[&str], variables: &[(&str, &str)]| {
        let place = Place::new();
        let mut arguments = slow(&place);
        arguments.extend(more.iter().map(|&more| more.to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = command(&place, &arguments, progress);
        command.envs(variables.iter().copied());
        let ended = Terminal::start(command, 24, 80).end();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.raw);
        ended
    };
    plain(&run("auto", &[], &[("CI", "true")]), "CI");
    plain(&run("auto", &[], &[("TERM", "dumb")]), "dumb");
    plain(&run("always", &[], &[("TERM", "dumb")]), "always and dumb");
    plain(&run("never", &[], &[]), "never");
    plain(&run("always", &["--quiet"], &[]), "quiet");
    let shown = run("always", &[], &[("NO_COLOR", "1")]);
    assert!(shown.raw.contains("\rfetching"), "NO_COLOR is about colours: {:?}", shown.raw);
    let colours = shown.raw.replace("\x1b[K", "").replace("\x1b[J", "");
    assert!(!colours.contains('\x1b'), "{:?}", shown.raw);
    assert!(run("auto", &[], &[("CI", "false")]).raw.contains("\rfetching"));
}

/// A `git` that begins to commit, and neither ends nor minds Ctrl-C.
fn stubborn_git(folder: &Path) {
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *\" commit \"*) trap '' INT; echo now > /dev/tty; sleep 1000 ;; esac\nexec {} \"$@\"\n",
        real.display()
    );
    std::fs::write(folder.join("git"), script).unwrap();
    std::fs::set_permissions(folder.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_second_ctrl_c_does_not_wait() {
    let place = place();
    std::fs::remove_dir_all(place.path("flake")).unwrap();
    let root = place.root.path();
    git(root, &["init", "--quiet"]);
    assert_eq!(place.said(&["generate"]).0, 0);
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "-m", "first"]);
    let tools = tempfile::tempdir().unwrap();
    stubborn_git(tools.path());
    let mut command = command(&place, &["bump", "pgvector", "--commit"], "always");
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", tools.path().display()));
    let mut terminal = Terminal::start(command, 50, 100);
    terminal.until("now\r\n", 0);
    terminal.types(b"\x03");
    terminal.until("what is being written is finished first", 0);
    // Two that come together are one.
    std::thread::sleep(Duration::from_millis(400));
    terminal.types(b"\x03");
    let ended = terminal.end();
    assert_eq!(ended.status.signal(), Some(2), "{:?}", ended.raw);
    assert!(!ended.cursor_hidden);
    let last = ended.screen.trim_end().lines().next_back().unwrap_or_default().to_owned();
    // The terminal's own echo of what was typed.
    assert!(matches!(last.as_str(), "^C") || last.ends_with("at once)"), "{:?}", ended.raw);
}
