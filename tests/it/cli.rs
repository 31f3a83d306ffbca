//! The program as its users run it: a process, a directory, exit codes, what is on the terminal and disk.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::program::{git, stderr, stdout};

fn pgflakegen(root: &Path, args: &[&str]) -> Output {
    command(root, args).output().expect("the program starts")
}

fn command(root: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
    command.current_dir(root).args(args).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", stdout(output), stderr(output));
}

/// A repository made by `init`, generated.
fn repository() -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    exits(&pgflakegen(dir.path(), &["init"]), 0);
    exits(&pgflakegen(dir.path(), &[]), 0);
    dir
}

/// Every file below `root` with its content.
fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("the tree can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("below the root").display().to_string();
            (path, fs::read(entry.path()).expect("a readable file"))
        })
        .collect();
    files.sort();
    files
}

fn edit(path: impl AsRef<Path>, from: &str, to: &str) {
    let text = fs::read_to_string(&path).expect("a readable file");
    assert!(text.contains(from), "{} lacks {from:?}", path.as_ref().display());
    fs::write(path, text.replace(from, to)).expect("a writable file");
}

#[test]
fn init_generate_check() {
    let dir = TempDir::new().expect("a temporary directory");
    let made = pgflakegen(dir.path(), &["init", "new"]);
    exits(&made, 0);
    assert!(stderr(&made).contains("cd new"), "{}", stderr(&made));
    let root = dir.path().join("new");
    let first = pgflakegen(&root, &[]);
    exits(&first, 0);
    assert!(stderr(&first).contains("0 updated, 0 removed, 0 unchanged"), "{}", stderr(&first));
    let before = tree(&root);
    let second = pgflakegen(&root, &["generate"]);
    assert!(stderr(&second).starts_with("0 created, 0 updated, 0 removed"), "{}", stderr(&second));
    assert_eq!(tree(&root), before, "the same catalogue gives the same bytes");
    exits(&pgflakegen(&root, &["check"]), 0);
    // From a folder below, and by --root from elsewhere.
    exits(&pgflakegen(&root.join("catalogue/extensions"), &["check"]), 0);
    exits(&pgflakegen(Path::new("/"), &["check", "--root", root.to_str().expect("UTF-8")]), 0);
}

#[test]
fn init_leaves_a_catalogue_alone() {
    let dir = repository();
    let before = tree(dir.path());
    exits(&pgflakegen(dir.path(), &["init"]), 2);
    assert_eq!(tree(dir.path()), before);
}

#[test]
fn check_shows_what_a_changed_catalogue_changes() {
    let dir = repository();
    edit(dir.path().join("catalogue/flake.toml"), "PostgreSQL and its extensions", "Ours");
    let before = tree(dir.path());
    let output = pgflakegen(dir.path(), &["check"]);
    exits(&output, 1);
    let diff = stdout(&output);
    assert!(diff.contains("--- a/flake.nix\n+++ b/flake.nix\n"), "{diff}");
    assert!(
        diff.contains("-  description = \"PostgreSQL and its extensions\";\n+  description = \"Ours\";\n")
    );
    assert!(!diff.contains('\x1b'), "no colour in a pipe");
    assert!(
        stdout(&pgflakegen(dir.path(), &["check", "--color", "always"])).contains("\x1b[31m-  description")
    );
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&pgflakegen(dir.path(), &["check", "--format", "json"]))).expect("JSON");
    assert_eq!(json["up-to-date"], false);
    assert!(json["files"].as_array().expect("files").iter().any(|f| f["path"] == "flake.nix"));
    let github = stdout(&pgflakegen(dir.path(), &["check", "--format", "github"]));
    assert!(github.contains("::error file=flake.nix,line=4,"), "{github}");
    assert_eq!(tree(dir.path()), before, "check writes nothing");
}

/// The diff is one that other tools take: applying it gives what `generate` gives.
#[test]
fn the_diff_can_be_applied() {
    let dir = repository();
    edit(dir.path().join("catalogue/flake.toml"), "5435", "6543");
    edit(dir.path().join("catalogue/extensions/pgvector.toml"), "version = \"0.7.4\"", "version = \"0.7.3\"");
    fs::remove_file(dir.path().join("catalogue/extensions/pg_cron.toml")).expect("removed");
    let diff = pgflakegen(dir.path(), &["check"]).stdout;
    fs::write(dir.path().join("diff"), diff).expect("written");
    let git = Command::new("git").args(["apply", "diff"]).current_dir(dir.path()).output().expect("git");
    assert!(git.status.success(), "{}", stderr(&git));
    exits(&pgflakegen(dir.path(), &["check"]), 0);
}

/// What somebody has made of a file's permissions stays, of those in `generated/` as of those beside it.
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = repository();
    let files = ["generated/catalogue.json", "flake.nix"].map(|file| dir.path().join(file));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o640)).expect("set");
    }
    let before = files.clone().map(|file| fs::read(file).expect("readable"));
    edit(dir.path().join("catalogue/flake.toml"), "PostgreSQL and its extensions", "Ours");
    exits(&pgflakegen(dir.path(), &[]), 0);
    for (file, before) in files.iter().zip(before) {
        assert_ne!(fs::read(file).expect("readable"), before, "{} is new", file.display());
        assert_eq!(fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o640);
    }
}

#[test]
fn a_hand_edit_is_not_lost() {
    let dir = repository();
    let file = dir.path().join("generated/extensions/pgvector.nix");
    edit(&file, "OPTFLAGS=", "OPTFLAGS=-O3");
    edit(dir.path().join("catalogue/flake.toml"), "5435", "6543");
    let before = tree(dir.path());
    let output = pgflakegen(dir.path(), &[]);
    exits(&output, 1);
    assert!(stderr(&output).contains("PGF602"), "{}", stderr(&output));
    assert!(stderr(&output).contains("generated/extensions/pgvector.nix was edited by hand"));
    assert_eq!(tree(dir.path()), before, "nothing at all was written");
    exits(&pgflakegen(dir.path(), &["generate", "--force"]), 0);
    assert!(!fs::read_to_string(&file).expect("readable").contains("-O3"));
}

#[test]
fn a_lock_file_that_nix_updated_is_not_lost() {
    let dir = repository();
    edit(dir.path().join("flake.lock"), "1784796856", "1784796857");
    let output = pgflakegen(dir.path(), &[]);
    exits(&output, 1);
    assert!(stderr(&output).contains("PGF608"), "{}", stderr(&output));
    assert!(stderr(&output).contains("of the time 1784796857"), "{}", stderr(&output));
    assert!(stderr(&output).contains("`pgflakegen bump inputs --from-lock`"), "{}", stderr(&output));
    exits(&pgflakegen(dir.path(), &["generate", "--force"]), 0);
    exits(&pgflakegen(dir.path(), &["check"]), 0);
}

#[test]
fn a_foreign_file_is_not_overwritten() {
    let dir = TempDir::new().expect("a temporary directory");
    exits(&pgflakegen(dir.path(), &["init"]), 0);
    fs::write(dir.path().join("flake.nix"), "{ outputs = _: { }; }\n").expect("written");
    fs::write(dir.path().join("flake.lock"), "{}\n").expect("written");
    let before = tree(dir.path());
    let output = pgflakegen(dir.path(), &[]);
    exits(&output, 1);
    assert!(stderr(&output).contains("flake.nix is not pgflakegen's"), "{}", stderr(&output));
    assert!(stderr(&output).contains("flake.lock is not pgflakegen's"), "{}", stderr(&output));
    assert_eq!(tree(dir.path()), before);
}

#[test]
#[cfg(unix)]
fn a_link_out_of_the_repository_is_not_followed() {
    let dir = TempDir::new().expect("a temporary directory");
    let outside = TempDir::new().expect("a temporary directory");
    exits(&pgflakegen(dir.path(), &["init"]), 0);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("generated")).expect("a link");
    exits(&pgflakegen(dir.path(), &[]), 1);
    assert!(tree(outside.path()).is_empty());
}

#[test]
fn stale_files_go_and_nothing_else() {
    let dir = repository();
    let mine = dir.path().join("generated/mine");
    fs::create_dir(&mine).expect("a directory");
    fs::write(mine.join("notes.txt"), "mine").expect("written");
    fs::remove_file(dir.path().join("catalogue/extensions/pg_cron.toml")).expect("removed");
    let output = pgflakegen(dir.path(), &["-v"]);
    exits(&output, 0);
    assert!(stdout(&output).contains("remove generated/extensions/pg_cron.nix"), "{}", stdout(&output));
    assert!(!dir.path().join("generated/extensions/pg_cron.nix").exists());
    assert_eq!(fs::read_to_string(mine.join("notes.txt")).expect("still there"), "mine");
    exits(&pgflakegen(dir.path(), &["check"]), 0);
}

#[test]
fn a_dry_run_writes_nothing() {
    let dir = repository();
    edit(dir.path().join("catalogue/flake.toml"), "5435", "6543");
    let before = tree(dir.path());
    let output = pgflakegen(dir.path(), &["generate", "--dry-run"]);
    exits(&output, 0);
    assert!(stdout(&output).contains("update generated/catalogue.json"), "{}", stdout(&output));
    assert_eq!(tree(dir.path()), before);
}

#[test]
fn a_catalogue_with_an_error_writes_nothing_and_says_all_of_them() {
    let dir = repository();
    edit(dir.path().join("catalogue/flake.toml"), "port = 5435", "prot = 5435");
    edit(dir.path().join("catalogue/extensions/pgvector.toml"), "sha256-qwPa", "sha256-qwP");
    let before = tree(dir.path());
    let output = pgflakegen(dir.path(), &[]);
    exits(&output, 1);
    let text = stderr(&output);
    assert!(text.contains("catalogue/flake.toml:5:1") && text.contains("did you mean `port`?"), "{text}");
    assert!(text.contains("catalogue/extensions/pgvector.toml"), "{text}");
    assert!(text.contains("nothing was written"), "{text}");
    assert_eq!(tree(dir.path()), before);
}

#[test]
fn no_catalogue_is_a_finding_that_says_what_to_type() {
    let dir = TempDir::new().expect("a temporary directory");
    let output = pgflakegen(dir.path(), &[]);
    exits(&output, 1);
    assert!(stderr(&output).contains("pgflakegen init"), "{}", stderr(&output));
    assert!(tree(dir.path()).is_empty());
}

/// Killed at any moment, the tree is the old one or, at the latest after the next run, the new one; and no
/// moment leaves a mixture where only `generated/` changes.
#[test]
#[cfg(unix)]
fn killed_at_any_moment_the_tree_is_whole() {
    let dir = repository();
    let root = dir.path();
    let flake = root.join("catalogue/extensions/pgvector.toml");
    let generated = |root: &Path| {
        tree(root).into_iter().filter(|(path, _)| path.starts_with("generated/")).collect::<Vec<_>>()
    };
    let old = generated(root);
    edit(&flake, "Vector similarity search", "Vectors");
    let new = {
        let other = repository();
        edit(other.path().join("catalogue/extensions/pgvector.toml"), "Vector similarity search", "Vectors");
        exits(&pgflakegen(other.path(), &[]), 0);
        generated(other.path())
    };
    assert_ne!(old, new);
    let mut seen = [0, 0];
    for microseconds in (0..30_000).step_by(300) {
        let mut child = command(root, &[]).stderr(Stdio::null()).spawn().expect("the program starts");
        std::thread::sleep(std::time::Duration::from_micros(microseconds));
        let _ = child.kill();
        let _ = child.wait();
        let now = generated(root);
        assert!(now == old || now == new, "a mixture after {microseconds} µs");
        seen[usize::from(now == new)] += 1;
        if now == new {
            // Back to the start.
            edit(&flake, "\"Vectors\"", "\"Vector similarity search\"");
            exits(&pgflakegen(root, &[]), 0);
            assert_eq!(generated(root), old);
            edit(&flake, "\"Vector similarity search\"", "\"Vectors\"");
        }
    }
    exits(&pgflakegen(root, &[]), 0);
    assert_eq!(generated(root), new, "whatever was left, the next run finishes ({seen:?})");
    assert!(!root.join(".pgflakegen-state/staging").exists());
}

#[test]
fn two_at_once_wait_for_each_other() {
    let dir = TempDir::new().expect("a temporary directory");
    exits(&pgflakegen(dir.path(), &["init"]), 0);
    let children: Vec<_> = (0..8)
        .map(|_| command(dir.path(), &["-q"]).stderr(Stdio::piped()).spawn().expect("the program starts"))
        .collect();
    for child in children {
        exits(&child.wait_with_output().expect("it ends"), 0);
    }
    exits(&pgflakegen(dir.path(), &["check"]), 0);
}

#[test]
fn explain_knows_every_code_and_the_nearest() {
    let dir = TempDir::new().expect("a temporary directory");
    let all = stdout(&pgflakegen(dir.path(), &["explain"]));
    assert!(all.lines().count() >= 10, "{all}");
    for code in all.lines().filter_map(|line| line.split_whitespace().next()) {
        let output = pgflakegen(dir.path(), &["explain", &code.to_lowercase()]);
        exits(&output, 0);
        assert!(stdout(&output).starts_with(code));
    }
    exits(&pgflakegen(dir.path(), &["explain", "PGF999"]), 2);
}

#[test]
fn reports_for_people_and_programs() {
    let dir = repository();
    let text = stdout(&pgflakegen(dir.path(), &["matrix"]));
    assert!(text.contains("pgvector    0.8.0 +1  0.8.0 +1"), "{text}");
    for args in [
        &["matrix", "--json"][..],
        &["list", "--json"],
        &["show", "vector", "--json"],
        &["show", "17", "--json"],
    ] {
        let output = pgflakegen(dir.path(), args);
        exits(&output, 0);
        serde_json::from_str::<serde_json::Value>(&stdout(&output)).expect("JSON");
    }
    let listed = stdout(&pgflakegen(dir.path(), &["list", "-p", "17"]));
    assert!(listed.contains("pg_cron"), "{listed}");
    let unknown = pgflakegen(dir.path(), &["list", "-p", "71"]);
    exits(&unknown, 2);
    assert!(stderr(&unknown).contains("16, 17"), "{}", stderr(&unknown));
    let shown = stdout(&pgflakegen(dir.path(), &["show", "psql_17"]));
    assert!(shown.contains("nix build .#psql_17/bin"), "{shown}");
    let misspelt = pgflakegen(dir.path(), &["show", "pgvectro"]);
    exits(&misspelt, 2);
    assert!(stderr(&misspelt).contains("did you mean pgvector?"), "{}", stderr(&misspelt));
}

#[test]
fn every_shell_gets_completions_and_man_a_page() {
    let dir = TempDir::new().expect("a temporary directory");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = pgflakegen(dir.path(), &["completions", shell]);
        exits(&output, 0);
        assert!(stdout(&output).contains("pgflakegen"));
    }
    let page = stdout(&pgflakegen(dir.path(), &["man"]));
    assert!(page.contains(".TH pgflakegen 1") && page.contains(".SH \"GENERATE\""), "{page}");
}

/// Help is sentences, and every command has an example.
#[test]
fn help() {
    let dir = TempDir::new().expect("a temporary directory");
    let main = stdout(&pgflakegen(dir.path(), &["--help"]));
    let commands: Vec<_> = main
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"generate") && commands.len() >= 10, "{commands:?}");
    let mut all = main.clone();
    for command in commands {
        let help = stdout(&pgflakegen(dir.path(), &[command, "--help"]));
        assert!(help.contains("Example: pgflakegen"), "{command} has no example:\n{help}");
        all.push_str(&format!("\n──── {command}\n{help}"));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("help", all));
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// What commands only look: each changes nothing, whatever it finds.
const LOOKING: [&[&str]; 9] = [
    &["check", "--no-evaluate"],
    &["generate", "--dry-run"],
    &["list"],
    &["show", "pgvector"],
    &["matrix"],
    &["explorer"],
    &["validate"],
    &["explain"],
    &["bump", "--dry-run", "--offline", "pgvector"],
];

#[test]
fn somebodys_own_folder_of_our_name_stays() {
    let dir = TempDir::new().expect("a temporary directory");
    let root = dir.path();
    exits(&pgflakegen(root, &["init"]), 0);
    write(root.join(".pgflakegen-state/notes.txt"), "mine");
    write(root.join(".pgflakegen/journal.json"), "{\"renames\":[],\"removals\":[\"catalogue/flake.toml\"]}");
    write(
        root.join(".pgflakegen-state/journal.json"),
        "{\"renames\":[],\"removals\":[\"catalogue/flake.toml\"]}",
    );
    write(root.join(".pgflakegen-state/generated/mine.nix"), "mine");
    let before = tree(root);
    for args in LOOKING {
        pgflakegen(root, args);
        assert_eq!(tree(root), before, "{args:?}");
    }
    exits(&pgflakegen(root, &[]), 0);
    exits(&pgflakegen(root, &["check", "--no-evaluate"]), 0);
    let after = tree(root);
    assert!(before.iter().all(|file| after.contains(file)), "{after:?}");
    assert_eq!(fs::read_to_string(root.join(".pgflakegen-state/.gitignore")).expect("there"), "*\n");
}

/// What a run that was killed has left, as another run sees it.
fn interrupted(root: &Path) -> (String, String) {
    let path = "catalogue/extensions/pgvector.toml";
    let before = fs::read_to_string(root.join(path)).expect("there");
    let after = before.replace("Vector similarity search", "Vectors");
    write(root.join(".pgflakegen-state/edits/before").join(path), &before);
    write(root.join(".pgflakegen-state/edits/after").join(path), &after);
    write(root.join(".pgflakegen-state/edits/after/catalogue/files/new.sh"), "new");
    write(root.join(".pgflakegen-state/edits/before/catalogue/extensions/pg_cron.toml"), "not what is there");
    (before, after)
}

#[test]
fn what_was_interrupted_is_said_and_then_completed() {
    let dir = repository();
    let root = dir.path();
    git(root, &["init", "-q"]);
    let (_, after) = interrupted(root);
    let before = tree(root);
    for args in LOOKING {
        let output = pgflakegen(root, args);
        assert_eq!(tree(root), before, "{args:?}");
        if !["explain", "validate"].contains(&args[0]) {
            assert!(stderr(&output).contains("PGF604"), "{args:?}: {}", stderr(&output));
        }
    }
    let output = pgflakegen(root, &[]);
    exits(&output, 0);
    assert!(stderr(&output).contains("are complete: 2 files"), "{}", stderr(&output));
    // Somebody has changed that one: it stays.
    assert!(
        stderr(&output).contains("catalogue/extensions/pg_cron.toml was changed since"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(root.join("catalogue/extensions/pgvector.toml")).expect("there"), after);
    assert!(
        root.join("catalogue/files/new.sh").exists()
            && root.join("catalogue/extensions/pg_cron.toml").exists()
    );
    assert!(!root.join(".pgflakegen-state/edits").exists());
    assert!(!stderr(&pgflakegen(root, &["check", "--no-evaluate"])).contains("PGF604"));
}

/// A pull request brings it: it is no order.
#[test]
fn what_git_tracks_is_not_completed() {
    let dir = repository();
    let root = dir.path();
    git(root, &["init", "-q"]);
    interrupted(root);
    git(root, &["add", "-A"]);
    git(root, &["add", "-f", ".pgflakegen-state/edits"]);
    let before = tree(root);
    for args in LOOKING.into_iter().chain([&[][..], &["generate"], &["generate", "--force"]]) {
        let output = pgflakegen(root, args);
        assert_eq!(tree(root), before, "{args:?}: {}", stderr(&output));
    }
    let output = pgflakegen(root, &[]);
    exits(&output, 2);
    assert!(stderr(&output).contains("tracked by git"), "{}", stderr(&output));
}

#[test]
fn nothing_leads_out_of_the_repository() {
    let outside = TempDir::new().expect("a temporary directory");
    let victim = outside.path().join("victim");
    write(&victim, "whole");
    let link = |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at).expect("a link");
    // Names that no run of ours has left.
    for path in ["../victim", ".git/hooks/post-checkout", "flake.nix"] {
        let dir = repository();
        let root = dir.path();
        interrupted(root);
        write(root.join(".pgflakegen-state/edits/after").join(path), "harm");
        let output = pgflakegen(root, &[]);
        if path != "../victim" {
            exits(&output, 2);
        }
        assert!(!root.join(".git/hooks/post-checkout").exists());
        assert_ne!(fs::read_to_string(root.join("flake.nix")).expect("there"), "harm");
    }
    // A link in the place of what is written.
    let dir = repository();
    let root = dir.path();
    link(&victim, &root.join("catalogue/nixpkgs.index.gz"));
    let names = root.join("names");
    write(&names, "openssl\n");
    let output = pgflakegen(root, &["index", "--from", "names", "--revision", "abc"]);
    exits(&output, 2);
    assert!(stderr(&output).contains("is a link"), "{}", stderr(&output));
    // Our own folder as a link.
    let dir = repository();
    let root = dir.path();
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "first"]);
    fs::remove_dir_all(root.join(".pgflakegen-state")).expect("removed");
    link(outside.path(), &root.join(".pgflakegen-state"));
    edit(root.join("catalogue/flake.toml"), "5435", "6543");
    let output = pgflakegen(root, &[]);
    exits(&output, 2);
    assert!(stderr(&output).contains("move it away; nothing was changed"), "{}", stderr(&output));
    // The folder of schemas as a link.
    let dir = repository();
    let root = dir.path();
    fs::remove_dir_all(root.join("schema")).expect("removed");
    link(outside.path(), &root.join("schema"));
    exits(&pgflakegen(root, &["generate", "--force"]), 2);
    let left: Vec<_> = fs::read_dir(outside.path()).expect("readable").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "whole");
}

#[test]
fn init_has_what_a_team_needs_and_says_how_to_join_a_flake() {
    let dir = TempDir::new().expect("a temporary directory");
    exits(&pgflakegen(dir.path(), &["init", "team"]), 0);
    for file in [".gitattributes", ".gitignore", ".editorconfig", ".pre-commit-config.yaml"] {
        assert!(dir.path().join("team").join(file).exists(), "{file}");
    }
    let workflow =
        fs::read_to_string(dir.path().join("team/.github/workflows/catalogue.yml")).expect("there");
    assert!(workflow.lines().count() <= 10 && workflow.contains("pgflakegen check"), "{workflow}");
    exits(&pgflakegen(dir.path(), &["init", "--bare", "bare"]), 0);
    let names: Vec<_> = fs::read_dir(dir.path().join("bare")).expect("there").flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    // In a flake of somebody's own.
    let flake = dir.path().join("own");
    write(flake.join("flake.nix"), "{ outputs = _: { }; }\n");
    let output = pgflakegen(&flake, &["init"]);
    exits(&output, 2);
    assert!(
        stderr(&output).contains("nothing was written") && stderr(&output).contains("catalogue/extra.nix")
    );
    assert_eq!(tree(&flake).len(), 1);
    let output = pgflakegen(&flake, &["init", "databases/postgresql"]);
    exits(&output, 0);
    assert!(stderr(&output).contains("\"path:./databases/postgresql\""), "{}", stderr(&output));
    // One that was stopped half-way is taken up.
    let half = dir.path().join("half");
    exits(&pgflakegen(dir.path(), &["init", "half"]), 0);
    fs::remove_file(half.join("catalogue/flake.toml")).expect("removed");
    exits(&pgflakegen(&half, &["init"]), 0);
    assert!(half.join("catalogue/flake.toml").exists());
}

#[test]
fn what_git_does_not_know_is_said() {
    let dir = TempDir::new().expect("a temporary directory");
    let git = |args: &[&str]| {
        let output = Command::new("git").current_dir(dir.path()).args(args).output().expect("git starts");
        assert!(output.status.success(), "{}", stderr(&output));
    };
    exits(&pgflakegen(dir.path(), &["init"]), 0);
    assert!(!stderr(&pgflakegen(dir.path(), &[])).contains("git add"));
    git(&["init", "--quiet"]);
    let said = |args: &[&str]| {
        let text = stderr(&pgflakegen(dir.path(), args));
        let line = text.lines().find(|line| line.starts_with("git does not know ")).map(str::to_owned);
        line.map(|line| {
            line.split(" files").last().expect("a part").split_once(": ").expect("names").1.to_owned()
        })
    };
    let all = "`git add .gitattributes catalogue flake.lock flake.nix generated schema tests/prime.sql`";
    assert_eq!(said(&[]).as_deref(), Some(all));
    git(&["add", "--all"]);
    assert_eq!(said(&[]), None);
    fs::create_dir_all(dir.path().join("catalogue/overrides")).expect("a folder");
    fs::write(dir.path().join("catalogue/overrides/pgvector.nix"), "{ }: old: { doCheck = false; }\n")
        .expect("written");
    edit(
        dir.path().join("catalogue/extensions/pgvector.toml"),
        "kind =",
        "override = \"overrides/pgvector.nix\"\nkind =",
    );
    assert_eq!(
        stderr(&pgflakegen(dir.path(), &[])).lines().last(),
        Some(
            "git does not know 1 file, so that Nix does not see them: `git add catalogue/overrides/pgvector.nix`"
        )
    );
    assert_eq!(
        said(&["check", "--no-evaluate"]).as_deref(),
        Some("`git add catalogue/overrides/pgvector.nix`")
    );
}
