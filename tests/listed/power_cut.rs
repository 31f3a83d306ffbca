//! A power cut at any moment. The system calls of a run are recorded (`strace`), and what a disk may have of them after
//! a cut is made: after each call, with what was synced, and with any of the rest that a file system may have written
//! by then or not, in any order, files empty, cut off or full of zeros. From each of these states one run of
//! pgflakegen comes to the old tree or the new one.
//!
//! And everything else that can happen at a call: a kill, a disk that is full or read-only, a permission that is
//! missing. What is said then is what is there.

#![allow(clippy::unwrap_used)] // in a test, a panic is the message

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};

const CALLS: &str = "openat,creat,write,pwrite64,writev,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
                     unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,syncfs,ftruncate,copy_file_range,sendfile";

type Id = usize;

/// What changes a disk, by the things themselves and not by their names, which change meanwhile.
#[derive(Clone, Debug)]
enum Op {
    /// A name in a folder is now this thing; another one is none any more.
    Link {
        parent: Id,
        name: String,
        thing: Id,
        gone: Option<(Id, String)>,
    },
    /// Two names change what they are.
    Exchange {
        one: (Id, String),
        other: (Id, String),
    },
    Unlink {
        parent: Id,
        name: String,
    },
    Write {
        file: Id,
        bytes: Vec<u8>,
    },
    Sync {
        thing: Id,
    },
    SyncAll,
}

#[derive(Clone, Debug)]
enum Thing {
    File(Vec<u8>),
    Folder(BTreeMap<String, Id>),
    Link(PathBuf),
}

/// A file system in memory; the first thing is the root.
#[derive(Clone, Debug, Default)]
struct Disk {
    things: Vec<Thing>,
}

impl Disk {
    fn read(root: &Path) -> Self {
        let mut disk = Self::default();
        disk.take(root);
        disk
    }

    fn take(&mut self, path: &Path) -> Id {
        let id = self.things.len();
        let kind = fs::symlink_metadata(path).unwrap().file_type();
        if kind.is_dir() {
            self.things.push(Thing::Folder(BTreeMap::new()));
            let mut entries = BTreeMap::new();
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                entries.insert(entry.file_name().into_string().unwrap(), self.take(&entry.path()));
            }
            self.things[id] = Thing::Folder(entries);
        } else if kind.is_symlink() {
            self.things.push(Thing::Link(fs::read_link(path).unwrap()));
        } else {
            self.things.push(Thing::File(fs::read(path).unwrap()));
        }
        id
    }

    fn entries(&mut self, folder: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.things[folder] {
            Thing::Folder(entries) => entries,
            other => panic!("{other:?} is no folder"),
        }
    }

    fn find(&mut self, path: &Path) -> Option<Id> {
        path.iter().try_fold(0, |at, name| self.entries(at).get(name.to_str().unwrap()).copied())
    }

    fn parent(&mut self, path: &Path) -> (Id, String) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (self.find(path.parent().unwrap()).expect("a parent"), name)
    }

    fn apply(&mut self, op: &Op) {
        match op.clone() {
            Op::Link { parent, name, thing, gone } => {
                if let Some((parent, name)) = gone {
                    // What was not written to the disk cannot be moved there.
                    if self.entries(parent).remove(&name) != Some(thing) {
                        return;
                    }
                }
                self.entries(parent).insert(name, thing);
            }
            Op::Exchange { one, other } => {
                let (a, b) =
                    (self.entries(one.0).get(&one.1).copied(), self.entries(other.0).get(&other.1).copied());
                if let (Some(a), Some(b)) = (a, b) {
                    self.entries(one.0).insert(one.1, b);
                    self.entries(other.0).insert(other.1, a);
                }
            }
            Op::Unlink { parent, name } => drop(self.entries(parent).remove(&name)),
            Op::Write { file, bytes } => {
                if let Thing::File(contents) = &mut self.things[file] {
                    contents.extend_from_slice(&bytes);
                }
            }
            Op::Sync { .. } | Op::SyncAll => {}
        }
    }

    fn write_to(&self, id: Id, path: &Path) {
        match &self.things[id] {
            Thing::File(bytes) => fs::write(path, bytes).unwrap(),
            Thing::Link(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            Thing::Folder(entries) => {
                fs::create_dir_all(path).unwrap();
                entries.iter().for_each(|(name, id)| self.write_to(*id, &path.join(name)));
            }
        }
    }

    /// All names and contents, to tell states apart.
    fn listing(&self, id: Id, path: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
        match &self.things[id] {
            Thing::File(bytes) => drop(all.insert(path.into(), bytes.clone())),
            Thing::Link(target) => drop(all.insert(path.into(), target.to_str().unwrap().into())),
            Thing::Folder(entries) => {
                all.insert(path.into(), Vec::new());
                entries.iter().for_each(|(name, id)| self.listing(*id, &path.join(name), all));
            }
        }
    }
}

/// The arguments of a call: descriptors as the paths that strace gives them, texts without quotes.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut now, mut chars) = (Vec::new(), Vec::new(), text.bytes().peekable());
    let (mut quoted, mut path) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            b'"' => quoted = !quoted,
            b'\\' if quoted => match chars.next().unwrap() {
                b'n' => now.push(b'\n'),
                b't' => now.push(b'\t'),
                b'r' => now.push(b'\r'),
                b'v' => now.push(11),
                b'f' => now.push(12),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(next @ b'0'..=b'7') = chars.peek().copied() else { break };
                        value = value * 8 + u32::from(next - b'0');
                        chars.next();
                    }
                    now.push(u8::try_from(value).unwrap());
                }
                other => now.push(other),
            },
            b'<' if !quoted => {
                now.clear();
                path = true;
            }
            b'>' if !quoted => path = false,
            b',' if !quoted && !path => {
                all.push(std::mem::take(&mut now));
                chars.next_if_eq(&b' ');
            }
            other => now.push(other),
        }
    }
    all.push(now);
    all.into_iter().map(|bytes| bytes.iter().map(|byte| char::from(*byte)).collect()).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// Whole calls with their results, in the order in which they came back.
fn calls(log: &str) -> Vec<(String, Vec<String>)> {
    let (mut calls, mut begun) = (Vec::new(), BTreeMap::new());
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let whole = if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), first.to_owned());
            continue;
        } else if let Some(rest) = rest.strip_prefix("<... ") {
            let (_, rest) = rest.split_once("resumed>").unwrap();
            format!("{}{rest}", begun.remove(thread).unwrap_or_default())
        } else {
            rest.to_owned()
        };
        let Some((call, result)) = whole.rsplit_once(" = ") else { continue };
        let Some((name, rest)) = call.split_once('(') else { continue };
        if result.starts_with('-') {
            continue;
        }
        let mut arguments = arguments(rest.trim_end().strip_suffix(')').unwrap_or(rest));
        arguments.push(self::arguments(result).remove(0));
        calls.push((name.to_owned(), arguments));
    }
    calls
}

/// What the calls do below `root`, from the state that `disk` is in, which they change.
fn ops(log: &str, root: &Path, disk: &mut Disk) -> Vec<Op> {
    let mut ops: Vec<Op> = Vec::new();
    let below = |folder: &str, name: &str| {
        let path = Path::new(folder).join(name);
        path.strip_prefix(root).ok().map(Path::to_owned)
    };
    for (call, arguments) in calls(log) {
        let argument = |at: usize| arguments[at].as_str();
        let new = |disk: &mut Disk, path: &Path, thing: Thing, ops: &mut Vec<Op>| {
            let (parent, name) = disk.parent(path);
            disk.things.push(thing);
            let op = Op::Link { parent, name, thing: disk.things.len() - 1, gone: None };
            disk.apply(&op);
            ops.push(op);
        };
        match call.as_str() {
            "openat" if argument(2).contains("O_CREAT") => {
                let Some(path) = below(argument(0), argument(1)) else { continue };
                if disk.find(&path).is_none() {
                    new(disk, &path, Thing::File(Vec::new()), &mut ops);
                }
                assert!(!argument(2).contains("O_TRUNC"), "{} is written over", path.display());
            }
            "mkdir" | "mkdirat" => {
                let path =
                    if call == "mkdir" { below("/", argument(0)) } else { below(argument(0), argument(1)) };
                if let Some(path) = path {
                    new(disk, &path, Thing::Folder(BTreeMap::new()), &mut ops);
                }
            }
            "write" => {
                let Some(file) = below("/", argument(0)).and_then(|path| disk.find(&path)) else { continue };
                let op = Op::Write { file, bytes: bytes(argument(1)) };
                disk.apply(&op);
                ops.push(op);
            }
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = match call.as_str() {
                    "rename" => (below("/", argument(0)), below("/", argument(1))),
                    _ => (below(argument(0), argument(1)), below(argument(2), argument(3))),
                };
                let (Some(from), Some(to)) = (from, to) else { continue };
                let thing = disk.find(&from).expect("what is moved");
                let (one, (parent, name)) = (disk.parent(&from), disk.parent(&to));
                let op = if call == "renameat2" && argument(4).contains("EXCHANGE") {
                    Op::Exchange { one, other: (parent, name) }
                } else {
                    Op::Link { parent, name, thing, gone: Some(one) }
                };
                disk.apply(&op);
                ops.push(op);
            }
            "link" | "linkat" => {
                let (from, to) = match call.as_str() {
                    "link" => (below("/", argument(0)), below("/", argument(1))),
                    _ => (below(argument(0), argument(1)), below(argument(2), argument(3))),
                };
                let (Some(from), Some(to)) = (from, to) else { continue };
                let thing = disk.find(&from).expect("what is linked");
                let (parent, name) = disk.parent(&to);
                let op = Op::Link { parent, name, thing, gone: None };
                disk.apply(&op);
                ops.push(op);
            }
            "unlink" | "rmdir" | "unlinkat" => {
                let path = if call == "unlinkat" {
                    below(argument(0), argument(1))
                } else {
                    below("/", argument(0))
                };
                let Some(path) = path.filter(|path| disk.find(path).is_some()) else { continue };
                let (parent, name) = disk.parent(&path);
                let op = Op::Unlink { parent, name };
                disk.apply(&op);
                ops.push(op);
            }
            "fsync" | "fdatasync" => {
                let Some(path) = below("/", argument(0)) else { continue };
                let thing = disk.find(&path).unwrap_or_else(|| panic!("{} is synced", path.display()));
                ops.push(Op::Sync { thing });
            }
            "syncfs" => ops.push(Op::SyncAll),
            "openat" => {}
            other => {
                let touches = arguments.iter().any(|argument| argument.starts_with(root.to_str().unwrap()));
                assert!(!touches, "{other}({arguments:?}) is not known here");
            }
        }
    }
    ops
}

/// Which of the first operations are on the disk for sure.
fn durable(ops: &[Op]) -> Vec<bool> {
    let synced = |at: usize, thing: Id| {
        ops[at..]
            .iter()
            .any(|op| matches!(op, Op::SyncAll) || matches!(op, Op::Sync { thing: s } if *s == thing))
    };
    (0..ops.len())
        .map(|at| match &ops[at] {
            // A move is one step of the file system: the folder that it goes to has all of it.
            Op::Link { parent, .. } | Op::Unlink { parent, .. } => synced(at, *parent),
            Op::Exchange { one, other } => synced(at, one.0) || synced(at, other.0),
            Op::Write { file, .. } => synced(at, *file),
            Op::Sync { .. } | Op::SyncAll => true,
        })
        .collect()
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What may be on the disk after some of the operations.
fn states(start: &Disk, ops: &[Op], end: &Disk, dice: &mut Dice) -> Vec<Disk> {
    let mut states = Vec::new();
    // Things that come later than the start are nowhere yet, and empty.
    let mut start = start.clone();
    for thing in &end.things[start.things.len()..] {
        start.things.push(match thing {
            Thing::Folder(_) => Thing::Folder(BTreeMap::new()),
            Thing::File(_) => Thing::File(Vec::new()),
            link => link.clone(),
        });
    }
    let mut seen = BTreeSet::new();
    for end in 0..=ops.len() {
        let ops = &ops[..end];
        let durable = durable(ops);
        for way in 0..7 {
            // As far as a journal has come; or this and that, in whatever order.
            let until = dice.roll(end + 1);
            let chance: Vec<bool> = (0..end).map(|_| dice.roll(2) == 0).collect();
            let mut disk = start.clone();
            for (at, op) in ops.iter().enumerate() {
                let there = match way {
                    0 => false,
                    1 => true,
                    2 | 3 => at < until,
                    _ => chance[at],
                };
                match op {
                    _ if durable[at] => disk.apply(op),
                    // A name may be there before what it stands for.
                    Op::Write { file, bytes } => {
                        let torn = match dice.roll(4) {
                            0 => Vec::new(),
                            1 => bytes[..bytes.len() / 2].to_vec(),
                            2 => vec![0; bytes.len()],
                            _ => bytes.clone(),
                        };
                        disk.apply(&Op::Write { file: *file, bytes: torn });
                    }
                    _ if there => disk.apply(op),
                    _ => {}
                }
            }
            let mut listing = BTreeMap::new();
            disk.listing(0, Path::new(""), &mut listing);
            if seen.insert(listing) {
                states.push(disk);
            }
        }
    }
    states
}

fn program(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
    command.args(arguments);
    placed(command, root)
}

/// The same with strace, of these calls, whose log is beside the project.
fn traced(root: &Path, options: &[&str], arguments: &[&str]) -> (Command, PathBuf) {
    let log = root.parent().unwrap().join("log");
    let mut command = Command::new("strace");
    command.arg("-f").args(options).arg("-o").arg(&log);
    command.arg(env!("CARGO_BIN_EXE_pgflakegen")).args(arguments);
    (placed(command, root), log)
}

/// In a project, beside which is what stands in for GitHub.
fn placed(mut command: Command, root: &Path) -> Command {
    let github = format!("file://{}/github", root.parent().unwrap().display());
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .env("GIT_CEILING_DIRECTORIES", root)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("PGFLAKEGEN_MIRROR_GITHUB", github);
    command
}

fn must(command: &mut Command) -> Result<(), Failed> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

/// Everything but our own notes.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    walkdir::WalkDir::new(root)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().strip_prefix(root).unwrap().to_owned())
        .map(|path| (path.clone(), fs::read(root.join(path)).unwrap()))
        .filter(|(path, _)| !path.starts_with(".pgflakegen-state"))
        // What a writer was killed over, beside the file: never one of the catalogue's or the tree's.
        .filter(|(path, _)| !path.file_name().unwrap().to_str().unwrap().starts_with(".pgflakegen-"))
        .collect()
}

/// A project that was generated, with files of somebody's own in our places.
fn project(root: &Path) -> Result<(), Failed> {
    fs::create_dir(root)?;
    must(&mut program(root, &["init", "--bare", "-q"]))?;
    must(&mut program(root, &["-q"]))?;
    fs::write(root.join("generated/notes.txt"), "somebody's own")?;
    fs::create_dir_all(root.join(".pgflakegen-state/mine"))?;
    fs::write(root.join(".pgflakegen-state/mine/notes.txt"), "somebody's own")?;
    Ok(())
}

/// Records a run, and comes back from every state that a cut may leave.
fn survives(prepare: impl Fn(&Path) -> Result<(), Failed>, run: &[&str], least: usize) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    let root = folder.join("project");
    project(&root)?;
    prepare(&root)?;
    let start = Disk::read(&root);
    // Where only looking is needed, the old catalogue gives this.
    let before = {
        let other = folder.join("before");
        start.write_to(0, &other);
        must(&mut program(&other, &["-q"]))?;
        tree(&other)
    };
    let (mut recorded, log) = traced(&root, &["-y", "-s", "10000000", "-e", &format!("trace={CALLS}")], run);
    must(&mut recorded)?;
    let after = tree(&root);
    let mut disk = start.clone();
    let ops = ops(&fs::read_to_string(&log)?, &root, &mut disk);
    {
        // What was recorded is what happened.
        let other = folder.join("recorded");
        disk.write_to(0, &other);
        if tree(&other) != after {
            return Err("the recording does not give what the run gave".into());
        }
    }
    let mut states = states(&start, &ops, &disk, &mut Dice(7));
    // Of hundreds, every so manieth; PGFLAKEGEN_STATES takes more.
    let most = std::env::var("PGFLAKEGEN_STATES").ok().and_then(|most| most.parse().ok()).unwrap_or(80);
    let step = states.len().div_ceil(most);
    let mut number = 0;
    states.retain(|_| {
        number += 1;
        number % step == 0
    });
    assert!(states.len() >= least, "{} states of {} operations", states.len(), ops.len());
    let mut seen = [0, 0];
    for (number, state) in states.iter().enumerate() {
        let place = folder.join(format!("state{number}"));
        state.write_to(0, &place);
        must(&mut program(&place, &["-q"]))
            .map_err(|error| format!("state {number} of {}, {}: {error:?}", states.len(), place.display()))?;
        let now = tree(&place);
        if now != before && now != after {
            let differs: Vec<_> =
                now.keys().chain(after.keys()).filter(|path| now.get(*path) != after.get(*path)).collect();
            return Err(format!("state {number} is neither the old tree nor the new: {differs:?}").into());
        }
        seen[usize::from(now == after)] += 1;
        if fs::read(place.join(".pgflakegen-state/mine/notes.txt"))? != b"somebody's own" {
            return Err("somebody's own file is gone".into());
        }
        fs::remove_dir_all(&place)?;
    }
    println!("{} operations, {} states: {} old, {} new", ops.len(), states.len(), seen[0], seen[1]);
    Ok(())
}

type Prepare = fn(&Path) -> Result<(), Failed>;

fn changed(root: &Path) -> Result<(), Failed> {
    let path = root.join("catalogue/extensions/pgvector.toml");
    fs::write(&path, fs::read_to_string(&path)?.replace("Vector similarity", "Vectors"))?;
    fs::remove_file(root.join("catalogue/extensions/pg_cron.toml"))?;
    let path = root.join("catalogue/flake.toml");
    fs::write(&path, fs::read_to_string(&path)?.replace("PostgreSQL and", "Ours and"))?;
    Ok(())
}

fn never_generated(root: &Path) -> Result<(), Failed> {
    for folder in ["generated", "schema", "tests", ".pgflakegen-state"] {
        fs::remove_dir_all(root.join(folder))?;
    }
    for file in ["flake.nix", "flake.lock", ".gitattributes"] {
        fs::remove_file(root.join(file))?;
    }
    fs::create_dir_all(root.join(".pgflakegen-state/mine"))?;
    fs::write(root.join(".pgflakegen-state/mine/notes.txt"), "somebody's own")?;
    Ok(())
}

/// Derivations to import: several files of the catalogue at once.
fn derivations(root: &Path) -> Result<(), Failed> {
    fs::create_dir(root.join("nix"))?;
    for name in ["one", "two", "three"] {
        let text = format!(
            "{{ lib, stdenv, fetchFromGitHub, postgresql, postgresqlTestExtension }}:\nstdenv.mkDerivation rec {{\n  \
             pname = \"{name}\";\n  \
             passthru.tests.extension = postgresqlTestExtension {{ sql = \"CREATE EXTENSION {name};\"; }};\n  \
             version = \"1.2\";\n  src = fetchFromGitHub {{\n    owner = \"someone\";\n    repo = pname;\n    \
             rev = \"v${{version}}\";\n    hash = \"sha256-{}mb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU=\";\n  }};\n  \
             buildInputs = [ postgresql ];\n  installPhase = ''\n    mkdir -p $out/{{lib,share/postgresql/extension}}\n    \
             cp *.so $out/lib\n    cp *.sql *.control $out/share/postgresql/extension\n  '';\n  \
             meta.license = lib.licenses.mit;\n  meta.description = \"Does something\";\n}}\n",
            match name {
                "one" => "N",
                "two" => "O",
                _ => "P",
            }
        );
        fs::write(root.join(format!("nix/{name}.nix")), text)?;
    }
    Ok(())
}

/// A repository at what stands in for GitHub.
fn upstream(root: &Path, name: &str, tag: &str, files: &[(&str, &str)]) -> Result<(), Failed> {
    let place = root.parent().unwrap().join("github").join(name);
    fs::create_dir_all(&place)?;
    for (file, text) in files {
        fs::write(place.join(file), text)?;
    }
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["-c", "user.name=u", "-c", "user.email=u@example.org", "commit", "-qm", "first"],
        &["tag", tag],
    ] {
        let mut git = Command::new("git");
        git.args(arguments);
        must(placed(git, &place).current_dir(&place))?;
    }
    Ok(())
}

/// pgvector has a new version.
fn released(root: &Path) -> Result<(), Failed> {
    let files = [("vector.control", "default_version = '99.0.0'\n"), ("Makefile", "EXTENSION = vector\n")];
    upstream(root, "pgvector/pgvector", "v99.0.0", &files)
}

/// There is an extension that the catalogue lacks.
fn published(root: &Path) -> Result<(), Failed> {
    let files = [
        ("hypo.control", "comment = 'An extension for hypotheses'\ndefault_version = '1.4'\n"),
        (
            "Makefile",
            "EXTENSION = hypo\nMODULES = hypo\nPGXS := $(shell pg_config --pgxs)\ninclude $(PGXS)\n",
        ),
    ];
    upstream(root, "owner/hypo", "1.4.0", &files)
}

fn names(root: &Path) -> Result<(), Failed> {
    Ok(fs::write(root.join("names"), "openssl\ncurl\n")?)
}

/// nixpkgs has moved.
fn moved(root: &Path) -> Result<(), Failed> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs");
    let place = root.parent().unwrap().join("github/NixOS/nixpkgs");
    if !place.exists() {
        for entry in walkdir::WalkDir::new(&from) {
            let entry = entry?;
            let target = place.join(entry.path().strip_prefix(&from)?);
            if entry.file_type().is_dir() {
                fs::create_dir_all(target)?;
            } else {
                fs::copy(entry.path(), target)?;
            }
        }
    }
    upstream(root, "NixOS/nixpkgs", "moved", &[])
}

const IMPORT: [&str; 5] = ["import", "nix", "nix", "--offline", "-q"];
/// What would be rebuilt is evaluated in a copy, which is none of the project.
const INPUTS: [&str; 7] = ["bump", "inputs", "nixpkgs", "--to", "moved", "--offline", "--no-evaluate"];
const BUMP: [&str; 3] = ["bump", "pgvector", "--offline"];
const ADD: [&str; 3] = ["add", "owner/hypo", "--offline"];
const INDEX: [&str; 6] = ["index", "-q", "--from", "names", "--revision", "abc"];

/// Calls of a run that change a disk or wait for it.
const STEPS: [&str; 9] =
    ["mkdir", "linkat", "rename", "renameat", "renameat2", "fsync", "syncfs", "unlinkat", "write"];

/// Something happens at the n-th call of a kind, for every n.
fn at_each_step(run: &[&str], prepare: Prepare, what: &str) -> Result<usize, Failed> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    let start = folder.join("start");
    project(&start)?;
    prepare(&start)?;
    let disk = Disk::read(&start);
    let made = |name: &str| {
        let root = folder.join(name);
        disk.write_to(0, &root);
        root
    };
    let (old, new) = (made("old"), made("new"));
    let untouched = tree(&old);
    must(&mut program(&old, &["-q"]))?;
    must(&mut program(&new, run))?;
    must(&mut program(&new, &["-q"]))?;
    let (old, new) = (tree(&old), tree(&new));
    let mut tampered = 0;
    for call in STEPS {
        let mut when = 1;
        loop {
            let root = made(&format!("{call}{when}"));
            let (only, inject) = (format!("trace={call}"), format!("inject={call}:{what}:when={when}"));
            let (mut traced, log) = traced(&root, &["-e", &only, "-e", &inject], run);
            let output = traced.output()?;
            let log = fs::read_to_string(&log)?;
            let hit = log.contains("(INJECTED)") || log.contains("killed by SIGKILL");
            if !hit {
                break;
            }
            tampered += 1;
            let at = |why: &str| -> Failed {
                let said = String::from_utf8_lossy(&output.stderr);
                format!("{run:?}, {what} at {call} {when}: {why}\n{said}\n{log}").into()
            };
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let is = tree(&root);
            // What could not be printed says nothing, and what was done is done.
            if !output.status.success() && call != "write" && !what.contains("KILL") {
                if said.lines().count() == 0 || said.contains("panicked") {
                    return Err(at("it does not say why"));
                }
                let nothing = said.contains("nothing was changed") || said.contains("it is as it was");
                if nothing && is != untouched {
                    return Err(at("something was changed"));
                }
                // What is noted is not made yet, but will be.
                if !nothing && is == untouched && !said.contains("are noted") {
                    return Err(at("nothing was changed, and that is not said"));
                }
                if !nothing && !said.contains("`pgflakegen") {
                    return Err(at("it does not say what to type"));
                }
            }
            let fresh: Vec<_> =
                is.keys().filter(|path| !untouched.contains_key(*path) && !new.contains_key(*path)).collect();
            if !fresh.is_empty() {
                return Err(at(&format!("left over: {fresh:?}")));
            }
            if run[0] == "index" {
                let index = is.get(Path::new("catalogue/nixpkgs.index.gz"));
                if index.is_some() && index != new.get(Path::new("catalogue/nixpkgs.index.gz")) {
                    return Err(at("half an index"));
                }
            }
            must(&mut program(&root, &["-q"])).map_err(|error| at(&format!("then: {error:?}")))?;
            let is = tree(&root);
            if is != old && is != new {
                return Err(at("neither old nor new"));
            }
            fs::remove_dir_all(&root)?;
            // The first ones of each kind, and some of the many.
            when += if when < 8 { 1 } else { 11 };
        }
    }
    Ok(tampered)
}

const WHATEVER: [&str; 4] = ["signal=SIGKILL", "error=ENOSPC", "error=EROFS", "error=EACCES"];

fn whatever_happens(run: &[&str], prepare: Prepare, least: usize) -> Result<(), Failed> {
    these_happen(&WHATEVER, run, prepare, least)
}

fn these_happen(all: &[&str], run: &[&str], prepare: Prepare, least: usize) -> Result<(), Failed> {
    for what in all {
        let tampered = at_each_step(run, prepare, what)?;
        assert!(tampered >= least, "{tampered} times {what}");
        println!("{run:?}: {what} at {tampered} calls");
    }
    Ok(())
}

/// Stopped anywhere, a new project has no catalogue, or what is missing of it comes with the next `init`.
fn init_at_each_step() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let whole = folder.path().join("whole");
    must(&mut program(folder.path(), &["init", "-q", "whole"]))?;
    let whole = tree(&whole);
    let mut stopped = 0;
    for what in ["signal=SIGKILL", "error=ENOSPC"] {
        for call in ["mkdir", "mkdirat", "renameat", "fsync"] {
            for when in 1.. {
                let name = format!("{call}{when}");
                let log = folder.path().join("log");
                let mut traced = Command::new("strace");
                traced.args([
                    "-f",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                    &format!("inject={call}:{what}:when={when}"),
                ]);
                traced.arg("-o").arg(&log).arg(env!("CARGO_BIN_EXE_pgflakegen")).args(["init", "-q", &name]);
                let output = traced.current_dir(folder.path()).stdin(Stdio::null()).output()?;
                let log = fs::read_to_string(&log)?;
                if !(log.contains("(INJECTED)") || log.contains("killed by SIGKILL")) {
                    break;
                }
                stopped += 1;
                if !what.contains("KILL") && output.status.code() != Some(2) {
                    return Err(format!("{what} at {call} {when}: {output:?}").into());
                }
                let root = folder.path().join(&name);
                let is = if root.exists() { tree(&root) } else { BTreeMap::new() };
                if is != whole {
                    must(&mut program(folder.path(), &["init", "-q", &name]))?;
                }
                if tree(&root) != whole {
                    return Err(format!("{what} at {call} {when}: not whole").into());
                }
                fs::remove_dir_all(&root)?;
            }
        }
    }
    assert!(stopped > 20, "{stopped}");
    Ok(())
}

/// All of them; without `strace` they are ignored.
pub fn trials() -> Vec<Trial> {
    let here =
        Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let trial = |name: &str, run: fn() -> Result<(), Failed>| {
        Trial::test(format!("power_cut::{name}"), run).with_ignored_flag(!here)
    };
    vec![
        trial("a_changed_catalogue_survives_a_power_cut", || survives(changed, &["-q"], 50)),
        trial("a_first_run_survives_a_power_cut", || survives(never_generated, &["-q"], 50)),
        trial("an_import_survives_a_power_cut", || survives(derivations, &IMPORT, 50)),
        trial("generate_at_each_step", || whatever_happens(&["-q"], changed, 20)),
        trial("import_at_each_step", || whatever_happens(&IMPORT, derivations, 20)),
        trial("a_bump_survives_a_power_cut", || survives(released, &BUMP, 50)),
        trial("an_addition_survives_a_power_cut", || survives(published, &ADD, 50)),
        trial("bump_at_each_step", || these_happen(&WHATEVER[..2], &BUMP, released, 20)),
        trial("add_at_each_step", || these_happen(&WHATEVER[..2], &ADD, published, 20)),
        trial("moved_inputs_survive_a_power_cut", || survives(moved, &INPUTS, 50)),
        trial("bump_inputs_at_each_step", || these_happen(&WHATEVER[..1], &INPUTS, moved, 20)),
        trial("index_at_each_step", || whatever_happens(&INDEX, names, 3)),
        trial("init_at_each_step", init_at_each_step),
    ]
}
