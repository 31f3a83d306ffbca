//! The machine that an attack is made on: a repository, a home with secrets, a folder beside the repository with
//! something to lose; running commands there; what all of it is before and after.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::support::program::copy;

/// What nobody may see.
pub const SECRETS: [&str; 5] = [
    "SECRET-outside-0451",
    "SECRET-outside-a-name",
    "SECRET-home-7731",
    "SECRET-env-9920",
    "SECRET-git-3141",
];

/// By path: what is there.
pub type Listing = BTreeMap<String, String>;

const OVERRIDE: &str =
    "{ lib }: old: { postInstall = (old.postInstall or \"\") + lib.concatStrings [ \"true\" ]; }\n";

const NIX: &str = r#"{ lib, stdenv, fetchFromGitHub, postgresql }:
stdenv.mkDerivation rec {
  pname = "one";
  version = "1.2";
  src = fetchFromGitHub { owner = "someone"; repo = "one"; rev = "v${version}"; hash = lib.fakeHash; };
  buildInputs = [ postgresql ];
  installPhase = "install -D *.so -t $out/lib";
  meta = { description = "One"; license = lib.licenses.mit; };
}
"#;

pub struct World {
    folder: tempfile::TempDir,
}

/// How a command ended.
pub struct Ran {
    /// `None`: it was killed, as it took too long or too much.
    pub status: Result<ExitStatus, String>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl World {
    pub fn new(flake: bool, case: &Path) -> Self {
        let world = Self { folder: tempfile::Builder::new().prefix("hostile-").tempdir().unwrap() };
        for (path, text) in [
            ("home/.netrc", "machine github.com login x password SECRET-home-7731\n"),
            ("home/.bashrc", "# nothing\n"),
            ("outside/secret.txt", "SECRET-outside-0451\n"),
            ("outside/precious", "keep\n"),
            ("outside/folder/file", "keep\n"),
            ("outside/names/SECRET-outside-a-name", "keep\n"),
            ("repo/README.md", "# A repository\n"),
        ] {
            let path = world.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(world.path("tmp")).unwrap();
        if !flake {
            world.catalogue();
        }
        // Some attacks are made by their script alone.
        let tree = case.join("tree");
        if tree.is_dir() {
            copy(&tree, &world.path("repo"));
        }
        world.shell(
            "git init -q . && git config http.https://github.com/.extraheader 'AUTHORIZATION: basic SECRET-git-3141' \
             && git add -A && git commit -qm first",
        );
        if let Ok(script) = fs::read_to_string(case.join("make.sh")) {
            world.shell(&script);
        }
        world
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A small catalogue, generated, with an override.
    fn catalogue(&self) {
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
            let output = command.args(arguments).current_dir(self.path("repo")).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(&["init", "--quiet"]);
        let entry = self.path("repo/catalogue/extensions/pgvector.toml");
        let text = fs::read_to_string(&entry).unwrap();
        let with = text.replace("\nsql = ", "\noverride = \"overrides/pgvector.nix\"\nsql = ");
        assert_ne!(text, with);
        fs::write(entry, with).unwrap();
        fs::create_dir_all(self.path("repo/catalogue/overrides")).unwrap();
        fs::write(self.path("repo/catalogue/overrides/pgvector.nix"), OVERRIDE).unwrap();
        fs::create_dir_all(self.path("repo/nix")).unwrap();
        fs::write(self.path("repo/nix/one.nix"), NIX).unwrap();
        run(&["generate", "--quiet"]);
    }

    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("WORLD", self.folder.path())
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
    }

    /// Runs the part of an attack that git cannot hold.
    fn shell(&self, script: &str) {
        let mut command = Command::new("bash");
        self.environment(&mut command);
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "mallory");
        }
        let output = command.args(["-c", script]).current_dir(self.path("repo")).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the attack cannot be made: {complaint}");
    }

    /// Runs a command as a maintainer would.
    pub fn run(&self, arguments: &[String], cwd: &str, variables: &[String], limits: bool) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        let world = self.folder.path().display().to_string();
        self.environment(&mut command);
        command
            .args(arguments.iter().map(|argument| argument.replace("{world}", &world)))
            .current_dir(self.path("repo").join(cwd))
            .env("PGF_SECRET", "SECRET-env-9920")
            .env("GITHUB_TOKEN", "SECRET-env-9920")
            // There is no network, which is known at once.
            .env("http_proxy", "http://127.0.0.1:9")
            .env("https_proxy", "http://127.0.0.1:9")
            .envs(variables.iter().filter_map(|variable| variable.split_once('=')))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
        // Generous: a debug build on a machine that does other things. What has no end is killed all the same.
        let (seconds, megabytes) = if limits { (120, 6 << 10) } else { (60, 1500) };
        let end = Instant::now() + Duration::from_secs(seconds);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Ok(status);
            }
            let memory = resident(child.id());
            let why = match () {
                () if Instant::now() > end => format!("it does not end within {seconds} s"),
                () if memory > megabytes => format!("it takes {memory} MiB"),
                () => {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                }
            };
            let group = rustix::process::Pid::from_child(&child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = child.wait();
            break Err(why);
        };
        Ran { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
    }

    /// Everything that there is, apart from temporary files.
    pub fn listing(&self) -> Listing {
        let root = self.folder.path();
        walkdir::WalkDir::new(root)
            .into_iter()
            .filter_entry(|entry| entry.path() != root.join("tmp"))
            .filter_map(Result::ok)
            .map(|entry| {
                let path = entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
                (path, state(entry.path()))
            })
            .collect()
    }

    /// Temporary files that are still there; they are taken away.
    pub fn left_over(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("tmp")).unwrap().map(|entry| entry.unwrap().path());
        let left: Vec<PathBuf> = entries.collect();
        for path in &left {
            let _ = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
        }
        left.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }
}

/// Whether a path of a listing is one that a command may write to.
pub fn is_working_tree(path: &str, spares: &[String]) -> bool {
    path.strip_prefix("repo/").or_else(|| (path == "repo").then_some("")).is_some_and(|inside| {
        !Path::new(inside).starts_with(".git")
            && !spares.iter().any(|spared| Path::new(inside).starts_with(spared))
    })
}

fn collect(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.by_ref().take(64 << 20).read_to_end(&mut bytes);
        // Whoever writes more is not held up.
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        bytes
    })
}

/// In MiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

/// What is at a path: kind, mode, and what a file or link holds.
fn state(path: &Path) -> String {
    let Ok(metadata) = path.symlink_metadata() else { return "nothing".into() };
    let (kind, mode) = (metadata.file_type(), metadata.permissions().mode());
    let what = if kind.is_symlink() {
        format!("link to {}", fs::read_link(path).unwrap_or_default().display())
    } else if kind.is_file() {
        // Of what is larger than anything here, the start must do.
        let mut start = Vec::new();
        let _ = fs::File::open(path).map(|file| file.take(16 << 20).read_to_end(&mut start));
        format!("{} bytes {}", metadata.len(), data_encoding::HEXLOWER.encode(&Sha256::digest(&start)))
    } else if kind.is_fifo() {
        "pipe".into()
    } else {
        "folder".into()
    };
    format!("{mode:o} {what}")
}
