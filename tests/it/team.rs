//! Branches that change different things, merged in every way that git has: one run of pgflakegen makes the tree
//! right, and nobody needs `--force`.

#![allow(clippy::unwrap_used)] // in a test, a panic is the message

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pgflakegen::render::marker;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

struct Project {
    _folder: TempDir,
    root: PathBuf,
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The i-th hash; every version needs its own.
fn hash(index: usize) -> String {
    format!("sha256-{}", data_encoding::BASE64.encode(&Sha256::digest(index.to_string().as_bytes())))
}

fn version(number: &str, postgresql: &str, index: usize) -> String {
    format!(
        "\n[[version]]\nversion = \"{number}\"\npostgresql = \"{postgresql}\"\nhash = \"{}\"\n",
        hash(index)
    )
}

fn extension(name: &str, index: usize) -> String {
    format!(
        "description = \"Something called {name}\"\nlicense = \"postgresql\"\nkind = \"pgxs\"\n\
         source = {{ github = \"example/{name}\", tag = \"v{{version}}\" }}\n{}{}",
        version("1.0", ">=16, <18", index * 100 + 1),
        version("1.1", ">=16", index * 100 + 2)
    )
}

const NAMES: [&str; 12] = ["ab", "ac", "ba", "bb", "bc", "ca", "da", "db", "ea", "fa", "fb", "ga"];

impl Project {
    /// A repository with a dozen extensions, generated and committed.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("project");
        let project = Self { _folder: folder, root };
        fs::create_dir(&project.root).unwrap();
        project.git(&["init", "-q", "-b", "main"]);
        for (key, value) in [
            ("user.name", "n"),
            ("user.email", "n@example.org"),
            ("merge.renames", "true"),
            ("core.editor", "true"),
            ("gc.auto", "0"),
        ] {
            project.git(&["config", key, value]);
        }
        project.run(&["init", "--bare", "-q"]);
        for name in ["pgvector", "pg_cron"] {
            fs::remove_file(project.root.join(format!("catalogue/extensions/{name}.toml"))).unwrap();
        }
        for (index, name) in NAMES.iter().enumerate() {
            project.write(&file(name), &extension(name, index + 1));
        }
        project.generate();
        project.commit("first");
        project
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    fn program(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
            .current_dir(&self.root)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.program(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    #[track_caller]
    fn generate(&self) {
        self.run(&["-q"]);
    }

    fn try_git(&self, arguments: &[&str]) -> Output {
        Command::new("git")
            .current_dir(&self.root)
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_EDITOR", "true")
            .output()
            .unwrap()
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    fn catalogue(&self) -> BTreeMap<String, String> {
        fs::read_dir(self.root.join("catalogue/extensions"))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            })
            .collect()
    }

    /// As after a merge: conflicts in what is generated are resolved by one run, and git goes on.
    fn finish(&self, what: &[&str], output: Output) {
        let mut output = output;
        for _ in 0..20 {
            if output.status.success() {
                break;
            }
            let conflicts = self.git(&["diff", "--name-only", "--diff-filter=U"]);
            assert!(!conflicts.contains("catalogue/extensions"), "the edits do not meet: {}", text(&output));
            let ran = self.program(&["-q"]);
            assert!(ran.status.success(), "{what:?}, conflicts in {conflicts}:\n{}", text(&ran));
            self.git(&["add", "-A"]);
            output = self.try_git(&[what[0], "--continue"]);
            // The commit became empty; git says the same of the next one when that has a conflict.
            if !output.status.success() && self.git(&["status", "--porcelain"]).is_empty() {
                output = self.try_git(&[what[0], "--skip"]);
            }
        }
        assert!(output.status.success(), "{what:?}: {}", text(&output));
        let ran = self.program(&["-q"]);
        assert!(ran.status.success(), "{what:?}: {}", text(&ran));
        assert!(!text(&ran).contains("PGF6"), "{what:?}: {}", text(&ran));
        self.run(&["check", "-q", "--no-evaluate"]);
        // As a checkout has it that nobody has ever generated in.
        self.commit("generated");
        let clone = TempDir::new().unwrap();
        self.git(&["clone", "-q", ".", clone.path().join("c").to_str().unwrap()]);
        let checked = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
            .current_dir(clone.path().join("c"))
            .args(["check", "-q", "--no-evaluate"])
            .output()
            .unwrap();
        assert!(checked.status.success(), "{}", text(&checked));
    }
}

fn file(name: &str) -> String {
    format!("catalogue/extensions/{name}.toml")
}

/// Changes one extension in one of the ways that people do; `fresh` numbers what is new.
fn edit(project: &Project, name: &str, dice: &mut Dice, fresh: usize) {
    let path = file(name);
    match dice.roll(5) {
        // A bump.
        0 | 1 => {
            let new = version(&format!("1.{}", fresh % 50 + 2), ">=16", 100_000 + fresh);
            project.write(&path, &(project.read(&path) + &new));
        }
        // Another extension beside it.
        2 => project
            .write(&file(&format!("{name}_{fresh}")), &extension(&format!("{name}_{fresh}"), 2_000 + fresh)),
        3 => fs::remove_file(project.root.join(path)).unwrap(),
        // It moves to other PostgreSQLs, or to another name.
        _ if dice.roll(2) == 0 => {
            project.write(&path, &project.read(&path).replace(">=16, <18", ">=16, <17"))
        }
        _ => {
            let (old, new) = (project.root.join(&path), format!("{name}_renamed"));
            let text =
                fs::read_to_string(&old).unwrap().replace(&format!("Something called {name}"), "Renamed");
            fs::remove_file(old).unwrap();
            project.write(&file(&new), &text);
        }
    }
}

/// One to three commits with edits of extensions of one side; the tree is generated with each, as people do, or only
/// with the last.
fn branch(project: &Project, name: &str, side: usize, dice: &mut Dice, fresh: &mut usize) {
    project.git(&["checkout", "-q", "-b", name]);
    let mut own: Vec<&str> = NAMES.into_iter().skip(side).step_by(2).collect();
    let lazy = dice.roll(4) == 0;
    let commits = 1 + dice.roll(3);
    for number in 0..commits {
        for _ in 0..=dice.roll(2) {
            let name = own.remove(dice.roll(own.len()));
            *fresh += 1;
            edit(project, name, dice, *fresh);
            if own.is_empty() {
                break;
            }
        }
        if !lazy || number + 1 == commits {
            project.generate();
        }
        project.commit(&format!("{name} {number}"));
        if own.len() < 2 {
            break;
        }
    }
}

/// Two branches from where `main` is, one of them checked out; what their catalogues have together.
fn pair(project: &Project, number: usize, dice: &mut Dice, fresh: &mut usize) -> BTreeMap<String, String> {
    project.git(&["checkout", "-q", "-f", "main"]);
    let base = project.catalogue();
    branch(project, &format!("theirs{number}"), 0, dice, fresh);
    let theirs = project.catalogue();
    project.git(&["checkout", "-q", "main"]);
    branch(project, &format!("ours{number}"), 1, dice, fresh);
    let mut both = project.catalogue();
    for name in base.keys().chain(theirs.keys()) {
        if base.get(name) != theirs.get(name) {
            match theirs.get(name) {
                Some(text) => both.insert(name.clone(), text.clone()),
                None => both.remove(name),
            };
        }
    }
    // Half of the pairs as where the attributes are not there yet, or are not heeded.
    let attributes = project.root.join(".git/info/attributes");
    fs::create_dir_all(attributes.parent().unwrap()).unwrap();
    fs::write(attributes, if number.is_multiple_of(2) { "" } else { "* merge\n" }).unwrap();
    both
}

/// How many pairs each way of merging gets; PGFLAKEGEN_PAIRS gives more.
const PAIRS: usize = 25;

fn many(seed: u64, one: impl Fn(&Project, usize, &mut Dice)) {
    let pairs = std::env::var("PGFLAKEGEN_PAIRS").ok().and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    let mut dice = Dice(seed);
    let project = Project::new();
    for number in 0..pairs {
        one(&project, number, &mut dice);
    }
}

#[test]
fn merged() {
    let fresh = std::cell::Cell::new(0);
    many(1, |project, number, dice| {
        let mut next = fresh.get();
        let both = pair(project, number, dice, &mut next);
        fresh.set(next);
        let what = if dice.roll(4) == 0 { ["merge", "--no-ff"] } else { ["merge", "-q"] };
        let output = project.try_git(&[what[0], what[1], "--no-edit", &format!("theirs{number}")]);
        project.finish(&what, output);
        assert_eq!(project.catalogue(), both);
    });
}

#[test]
fn rebased() {
    let fresh = std::cell::Cell::new(0);
    many(2, |project, number, dice| {
        let mut next = fresh.get();
        let both = pair(project, number, dice, &mut next);
        fresh.set(next);
        let output = project.try_git(&["rebase", "-q", &format!("theirs{number}")]);
        project.finish(&["rebase"], output);
        assert_eq!(project.catalogue(), both);
    });
}

#[test]
fn picked() {
    let fresh = std::cell::Cell::new(0);
    many(3, |project, number, dice| {
        let mut next = fresh.get();
        let both = pair(project, number, dice, &mut next);
        fresh.set(next);
        let output = project.try_git(&["cherry-pick", &format!("main..theirs{number}")]);
        project.finish(&["cherry-pick"], output);
        assert_eq!(project.catalogue(), both);
    });
}

#[test]
fn reverted() {
    let fresh = std::cell::Cell::new(0);
    many(4, |project, number, dice| {
        let mut next = fresh.get();
        pair(project, number, dice, &mut next);
        fresh.set(next);
        project.try_git(&["merge", "-q", "--no-edit", "-X", "ours", &format!("theirs{number}")]);
        if !project.git(&["status", "--porcelain"]).is_empty() {
            project.generate();
            project.commit("merged");
        }
        project.generate();
        project.commit("generated");
        // What the other branch brought goes again.
        let main = project.git(&["rev-parse", "main"]);
        let before = project.catalogue();
        let commits = project.git(&["rev-list", &format!("{}..theirs{number}", main.trim())]);
        let mut arguments = vec!["revert", "--no-edit"];
        arguments.extend(commits.lines());
        let output = project.try_git(&arguments);
        project.finish(&["revert"], output);
        assert_ne!(project.catalogue(), before);
    });
}

/// Files as an earlier version wrote them: with a line of their hash.
fn as_before(root: &Path) {
    for entry in walkdir::WalkDir::new(root.join("generated")).into_iter().map(Result::unwrap) {
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        if path.ends_with("VERSION") || path.ends_with(".gitattributes") {
            fs::remove_file(path).unwrap();
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let (before, after) = if path.extension().is_some_and(|extension| extension == "json") {
            let at = text.find("edit that instead.").unwrap() + "edit that instead.".len();
            (format!("{} pgflakegen-hash: ", &text[..at]), text[at..].to_owned())
        } else {
            let first = text.find('\n').unwrap() + 1;
            let comment = text.split(' ').next().unwrap();
            (format!("{}{comment} pgflakegen-hash: ", &text[..first]), format!("\n{}", &text[first..]))
        };
        let hash = marker::hash([before.as_str(), after.as_str()]);
        fs::write(path, format!("{before}{hash}{after}")).unwrap();
        assert!(marker::is_intact(&fs::read_to_string(path).unwrap()), "{}", path.display());
    }
    let _ = fs::remove_file(root.join(".gitattributes"));
    let _ = fs::remove_dir_all(root.join(".pgflakegen-state"));
}

#[test]
fn a_project_of_an_earlier_version_is_taken_over_silently() {
    let project = Project::new();
    as_before(&project.root);
    project.commit("as it was");
    let said = project.run(&[]);
    assert!(!said.contains("PGF"), "{said}");
    project.run(&["check", "-q", "--no-evaluate"]);
    assert!(!project.read("generated/catalogue.json").contains("pgflakegen-hash"));
    assert!(project.root.join(".gitattributes").exists());
}

#[test]
fn branches_of_an_earlier_version_are_merged() {
    let project = Project::new();
    as_before(&project.root);
    project.commit("as it was");
    for (name, extension, number) in [("one", "ab", 7), ("two", "ga", 8)] {
        project.git(&["checkout", "-q", "main"]);
        project.git(&["checkout", "-q", "-b", name]);
        let path = file(extension);
        project.write(&path, &(project.read(&path) + &version("1.9", ">=16", number)));
        project.generate();
        as_before(&project.root);
        project.commit(name);
    }
    let output = project.try_git(&["merge", "-q", "one"]);
    assert!(!output.status.success(), "hashes conflict");
    project.finish(&["merge"], output);
}

#[test]
fn an_edit_is_refused_and_the_advice_works() {
    let project = Project::new();
    let path = "generated/extensions/ab.nix";
    let whole = project.read(path);
    for edited in [
        whole.replacen("pname", "# mine\n  pname", 1),
        whole.replacen("  ", "    ", 1),
        // A line less is an edit, too.
        whole.lines().filter(|line| !line.contains("license")).map(|line| format!("{line}\n")).collect(),
    ] {
        assert_ne!(edited, whole);
        project.write(path, &edited);
        let output = project.program(&["-q"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert_eq!(project.read(path), edited);
        let said = text(&output);
        assert!(said.contains("PGF602") && said.contains(&format!("rm {path} && pgflakegen")), "{said}");
        let checked = text(&project.program(&["check", "--no-evaluate"]));
        assert!(checked.contains("PGF602") && !checked.contains("type `pgflakegen` and commit"), "{checked}");
        fs::remove_file(project.root.join(path)).unwrap();
        project.generate();
        assert_eq!(project.read(path), whole);
    }
}

#[test]
fn an_edit_beside_a_conflict_is_not_lost() {
    let project = Project::new();
    for (name, extension, number) in [("one", "ab", 7), ("two", "ac", 8)] {
        project.git(&["checkout", "-q", "main"]);
        project.git(&["checkout", "-q", "-b", name]);
        let path = file(extension);
        project.write(&path, &(project.read(&path) + &version("1.9", ">=16", number)));
        project.generate();
        project.commit(name);
    }
    project.git(&["merge", "-q", "--no-edit", "one"]);
    let path = "generated/postgresql/17.nix";
    let edited = project.read(path).replacen("extensions = {", "extensions = {\n    # mine", 1);
    project.write(path, &edited);
    let output = project.program(&["-q"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(project.read(path), edited);
}

#[test]
fn a_committed_edit_is_said_and_can_be_had_back() {
    let project = Project::new();
    let path = "generated/extensions/ab.nix";
    let edited = project.read(path).replacen("pname", "# mine\n  pname", 1);
    project.write(path, &edited);
    project.commit("an edit");
    let catalogue = file("ab");
    project.write(&catalogue, &project.read(&catalogue).replace("Something called ab", "Another"));
    let said = project.run(&[]);
    assert!(said.contains("PGF605") && said.contains(path), "{said}");
    let diff = project.git(&["diff", "HEAD", "--", path]);
    assert!(diff.lines().any(|line| line.starts_with('-') && line.ends_with("# mine")), "{diff}");
}

#[test]
fn a_fresh_clone_with_other_ends_of_lines_is_the_same_tree() {
    let project = Project::new();
    let clone = project.root.parent().unwrap().join("crlf");
    // As where there are no attributes yet.
    fs::remove_file(project.root.join(".gitattributes")).unwrap();
    fs::remove_file(project.root.join("generated/.gitattributes")).unwrap();
    project.commit("no attributes");
    project.git(&["clone", "-q", "-c", "core.autocrlf=true", ".", clone.to_str().unwrap()]);
    let clone = Project { _folder: TempDir::new().unwrap(), root: clone };
    assert!(clone.read("generated/extensions/ab.nix").contains("\r\n"));
    let said = text(&clone.program(&["check", "--no-evaluate"]));
    // The attributes alone are missing.
    assert!(said.contains("2 files out of date"), "{said}");
    clone.generate();
    clone.git(&["add", "-A"]);
    let changed = clone.git(&["diff", "--cached", "--name-only"]);
    assert_eq!(changed, ".gitattributes\ngenerated/.gitattributes\n");
}

#[test]
fn torn_files_are_repaired() {
    let project = Project::new();
    for state in [true, false] {
        for (path, keep, zeros) in [
            ("generated/extensions/ab.nix", 0, 0),
            ("generated/postgresql/17.nix", 100, 0),
            ("flake.nix", 10, 500),
            ("flake.lock", 0, 300),
            ("tests/prime.sql", 0, 0),
            ("generated/VERSION", 5, 0),
        ] {
            let whole = project.read(path);
            project.write(path, &format!("{}{}", &whole[..keep], "\0".repeat(zeros)));
            project.generate();
            assert_eq!(project.read(path), whole, "{path}");
        }
        if state {
            fs::remove_dir_all(project.root.join(".pgflakegen-state")).unwrap();
        }
    }
}

#[test]
fn marks_of_a_conflict_in_the_catalogue_are_one_finding() {
    let project = Project::new();
    let path = file("ab");
    let text_of = project.read(&path);
    let new = "<<<<<<< HEAD\nlicense = \"mit\"\n=======\nlicense = \"bsd\"\n>>>>>>> other";
    project.write(&path, &text_of.replace("license = \"postgresql\"", new));
    let output = project.program(&["check", "--no-evaluate"]);
    let said = text(&output);
    assert_eq!(said.matches("error[").count(), 1, "{said}");
    assert!(said.contains("PGF607") && said.contains("catalogue/extensions/ab.toml:2:1"), "{said}");
}

#[test]
fn another_version_says_so() {
    let project = Project::new();
    let flake = project.read("catalogue/flake.toml");
    project.write("catalogue/flake.toml", &format!("required-version = \">=99\"\nnonsense = 1\n{flake}"));
    let output = project.program(&["check", "--no-evaluate"]);
    let said = text(&output);
    assert_eq!(said.matches("error[").count(), 1, "{said}");
    assert!(said.contains("PGF606") && said.contains("requires >=99"), "{said}");
    let own = env!("CARGO_PKG_VERSION");
    project.write("catalogue/flake.toml", &format!("required-version = \"={own}\"\n{flake}"));
    project.run(&["check", "-q", "--no-evaluate"]);
    // The version that has generated is no difference by itself, but is said where there is another one.
    let version = project.read("generated/VERSION");
    project.write("generated/VERSION", &version.replace(own, "0.0.9"));
    project.run(&["check", "-q", "--no-evaluate"]);
    project.write("catalogue/flake.toml", &flake.replace("5435", "6543"));
    let said = text(&project.program(&["check", "--no-evaluate"]));
    assert!(said.contains(&format!("was made by pgflakegen 0.0.9, this is {own}")), "{said}");
    project.generate();
    assert_eq!(project.read("generated/VERSION"), version);
}

#[test]
fn the_merge_driver_leaves_text_that_can_be_read() {
    let project = Project::new();
    let driver = format!("{} merge-driver %O %A %B %P", env!("CARGO_BIN_EXE_pgflakegen"));
    project.git(&["config", "merge.pgflakegen.driver", &driver]);
    for (name, extension, number) in [("one", "ab_new", 50), ("two", "ab_newer", 51)] {
        project.git(&["checkout", "-q", "main"]);
        project.git(&["checkout", "-q", "-b", name]);
        project.write(&file(extension), &self::extension(extension, number));
        project.generate();
        project.commit(name);
    }
    fs::write(project.root.join(".git/info/attributes"), "/generated/** merge=pgflakegen\n").unwrap();
    project.git(&["merge", "-q", "--no-edit", "one"]);
    serde_json::from_str::<serde_json::Value>(&project.read("generated/catalogue.json")).unwrap();
    project.finish(&["merge"], project.try_git(&["status"]));
}
