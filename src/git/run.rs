//! One run of git: hardened, with an end in time and in size, by one thread.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::error::{GitError, failure};
use crate::interrupt::Running;

/// What a run may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From its start to its end.
    pub time: Duration,
    /// Bytes that it prints.
    pub size: u64,
}

impl Limits {
    /// For what is on this machine.
    pub const LOCAL: Self = Self { time: Duration::from_secs(600), size: 4 << 30 };
    /// For lists that a server sends.
    pub const LISTED: Self = Self { time: Duration::from_secs(300), size: 256 << 20 };
    /// For what is fetched.
    pub const FETCHED: Self = Self { time: Duration::from_secs(3600), size: 64 << 20 };
}

/// The ways to other repositories, as `GIT_ALLOW_PROTOCOL` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports(pub(super) &'static str);

impl Transports {
    /// None: nothing is fetched.
    pub const NONE: Self = Self("none");
}

/// What a hook, `git -c` or a debugging shell may have set for a repository or a run that is not ours
/// (`git rev-parse --local-env-vars`, and what runs programs).
const INHERITED: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What holds for every run.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("GCM_INTERACTIVE", "never"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("PAGER", "cat"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

/// What holds for every run, whatever configuration says.
const SETTINGS: &[(&str, &str)] = &[
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
];

/// A run that is being prepared.
#[derive(Debug)]
pub struct Run {
    command: Command,
    args: Vec<OsString>,
    settings: Vec<(String, String)>,
    input: Vec<u8>,
    limits: Limits,
    /// A folder that may not grow beyond some bytes.
    growing: Option<(PathBuf, u64)>,
    /// The repository, for messages.
    about: String,
}

impl Run {
    /// Of the git on PATH; `about` names the repository in messages.
    pub fn new(about: impl Into<String>, transports: Transports, limits: Limits) -> Self {
        let mut command = Command::new("git");
        for name in INHERITED {
            command.env_remove(name);
        }
        command.envs(ENVIRONMENT.iter().copied()).env("GIT_ALLOW_PROTOCOL", transports.0);
        if std::env::var_os("GIT_SSH_COMMAND").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15");
        }
        let settings = SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self {
            command,
            args: Vec::new(),
            settings,
            input: Vec::new(),
            limits,
            growing: None,
            about: about.into(),
        }
    }

    /// In a folder.
    #[must_use]
    pub fn at(mut self, folder: &Path) -> Self {
        self.args.extend(["-C".into(), folder.into()]);
        self
    }

    /// With an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// With arguments; the first is the command of git.
    #[must_use]
    pub fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        let mut args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        let Some(name) = args.next() else { return self };
        // These would show a diff by a program that attributes and configuration name.
        let shows = ["diff", "log", "show"].iter().any(|shows| name == *shows);
        self.args.push(name);
        if shows {
            self.args.extend(["--no-ext-diff".into(), "--no-textconv".into()]);
        }
        self.args.extend(args);
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With a setting that holds over every configuration.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// With something to read.
    #[must_use]
    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// With a limit to what it writes into a folder.
    #[must_use]
    pub fn growing(mut self, folder: &Path, limit: u64) -> Self {
        self.growing = Some((folder.to_owned(), limit));
        self
    }

    /// Without some of what it is hardened by: variables, settings, options.
    #[cfg(test)]
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            self.command.env_remove(name);
            self.settings.retain(|(key, _)| key != name);
            self.args.retain(|arg| arg != name);
        }
        self
    }

    /// The variables that it is to be without.
    #[cfg(test)]
    pub(super) fn removed(&self) -> Vec<String> {
        let removed = self.command.get_envs().filter(|(_, value)| value.is_none());
        removed.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    /// Starts it. What it prints is read from the result.
    ///
    /// # Errors
    /// When there is no git.
    pub fn start(mut self) -> Result<Flow, GitError> {
        // In the environment, where other users cannot read them as they can arguments; after the user's own.
        let name = "GIT_CONFIG_COUNT";
        let first: usize = std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(0);
        self.command.env(name, (first + self.settings.len()).to_string());
        for (index, (key, value)) in (first..).zip(&self.settings) {
            self.command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            self.command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        self.command.args(&self.args);
        let stdin = if self.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running =
            Running::start(&mut self.command).map_err(|error| GitError::NoGit(error.to_string()))?;
        let (stdin, stdout, stderr) = (running.stdin.take(), running.stdout.take(), running.stderr.take());
        if let Some(stdin) = &stdin {
            let flags = rustix::fs::fcntl_getfl(stdin).map_err(io::Error::from)?;
            rustix::fs::fcntl_setfl(stdin, flags | rustix::fs::OFlags::NONBLOCK).map_err(io::Error::from)?;
        }
        Ok(Flow {
            running,
            stdin,
            stdout,
            stderr,
            input: self.input,
            written: 0,
            last_words: Vec::new(),
            deadline: Instant::now() + self.limits.time,
            left: self.limits.size,
            limits: self.limits,
            growing: self.growing,
            about: self.about,
            stopped: None,
        })
    }

    /// All that it prints, and how it ended.
    ///
    /// # Errors
    /// When there is no git, or it does not keep within the limits.
    pub fn ended(self) -> Result<(Vec<u8>, Ended), GitError> {
        let mut flow = self.start()?;
        let mut bytes = Vec::new();
        let read = flow.read_to_end(&mut bytes);
        let ended = flow.end()?;
        read?;
        Ok((bytes, ended))
    }

    /// All that it prints.
    ///
    /// # Errors
    /// When it fails, too.
    pub fn output(self) -> Result<Vec<u8>, GitError> {
        let (bytes, ended) = self.ended()?;
        ended.success().map(|()| bytes)
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    status: ExitStatus,
    last_words: Vec<u8>,
    about: String,
}

impl Ended {
    /// Its exit code.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// What it said last.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.last_words).into_owned()
    }

    /// Its failure, as an error.
    ///
    /// # Errors
    /// When it failed.
    pub fn success(&self) -> Result<(), GitError> {
        if self.status.success() { Ok(()) } else { Err(self.failure()) }
    }

    /// Its message, as an error.
    pub fn failure(&self) -> GitError {
        failure(&self.about, &self.last_words)
    }
}

/// What is kept of its complaints.
const WORDS: usize = 1 << 16;

/// A run that is under way; reading takes what it prints, and gives it its input meanwhile.
#[derive(Debug)]
pub struct Flow {
    running: Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    input: Vec<u8>,
    written: usize,
    last_words: Vec<u8>,
    deadline: Instant,
    left: u64,
    limits: Limits,
    growing: Option<(PathBuf, u64)>,
    about: String,
    stopped: Option<Stopped>,
}

#[derive(Clone, Copy, Debug)]
enum Stopped {
    Slow,
    TooMuch,
    Grown(u64),
}

/// How often a folder that grows is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The bytes of the files in a folder.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    files.filter_map(|file| file.metadata().ok()).filter(|file| file.is_file()).map(|file| file.len()).sum()
}

/// What a pipe has to say, of those that are open.
fn ready(fds: &[Option<BorrowedFd<'_>>; 3], timeout: Duration) -> io::Result<[bool; 3]> {
    let flags = [PollFlags::OUT, PollFlags::IN, PollFlags::IN];
    let mut polled: Vec<(usize, PollFd<'_>)> = Vec::with_capacity(3);
    for (index, fd) in fds.iter().enumerate() {
        if let Some(fd) = fd {
            polled.push((index, PollFd::from_borrowed_fd(*fd, flags[index])));
        }
    }
    let mut only: Vec<PollFd<'_>> = polled.iter().map(|(_, fd)| fd.clone()).collect();
    let timeout = Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match poll(&mut only, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ready = [false; 3];
    for ((index, _), fd) in polled.iter().zip(&only) {
        ready[*index] = !fd.revents().is_empty();
    }
    Ok(ready)
}

impl Flow {
    /// Waits until there is something to read, giving the input and taking complaints.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            let Some(left) = self.deadline.checked_duration_since(Instant::now()) else {
                return Err(self.stop(Stopped::Slow));
            };
            let fds = [
                self.stdin.as_ref().map(AsFd::as_fd),
                self.stdout.as_ref().map(AsFd::as_fd),
                self.stderr.as_ref().map(AsFd::as_fd),
            ];
            // Something is always open here: reading ends when stdout does, the end comes with stderr's.
            let longest = if self.growing.is_some() { LOOK } else { left };
            let [input, output, words] = ready(&fds, left.min(longest).max(Duration::from_millis(1)))?;
            if let Some((folder, limit)) = &self.growing
                && size(folder) > *limit
            {
                let stopped = Stopped::Grown(*limit);
                return Err(self.stop(stopped));
            }
            if input {
                self.give();
            }
            if words {
                self.listen()?;
            }
            if output || self.stdout.is_none() {
                return Ok(());
            }
        }
    }

    fn give(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        let rest = self.input.get(self.written..).unwrap_or_default();
        match stdin.write(rest) {
            Ok(count) => self.written += count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // A command that does not read its input to the end says why itself.
            Err(_) => self.written = self.input.len(),
        }
        if self.written >= self.input.len() {
            self.stdin = None;
        }
    }

    fn listen(&mut self) -> io::Result<()> {
        let Some(stderr) = &mut self.stderr else { return Ok(()) };
        let mut buffer = [0; 4096];
        match stderr.read(&mut buffer) {
            Ok(0) => self.stderr = None,
            Ok(count) => {
                let room = WORDS.saturating_sub(self.last_words.len());
                self.last_words.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn stop(&mut self, why: Stopped) -> io::Error {
        self.running.kill();
        self.stopped = Some(why);
        io::Error::other("git was stopped")
    }

    /// Ends it early.
    pub fn kill(&self) {
        self.running.kill();
    }

    /// Waits for its end. What it still prints is not taken.
    ///
    /// # Errors
    /// When it did not keep within the limits.
    pub fn end(mut self) -> Result<Ended, GitError> {
        self.stdin = None;
        self.stdout = None;
        while self.stopped.is_none() && self.stderr.is_some() {
            if self.wait().is_err() {
                break;
            }
        }
        let status = self.running.wait()?;
        match self.stopped {
            Some(Stopped::Slow) => {
                let seconds = self.limits.time.as_secs();
                Err(GitError::Slow { url: super::printable(&self.about), seconds })
            }
            Some(Stopped::Grown(limit)) => {
                Err(GitError::TooMuch { url: super::printable(&self.about), limit })
            }
            Some(Stopped::TooMuch) => {
                Err(GitError::TooMuch { url: super::printable(&self.about), limit: self.limits.size })
            }
            None => Ok(Ended { status, last_words: self.last_words, about: self.about }),
        }
    }
}

impl Read for Flow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stdout.is_none() || buffer.is_empty() {
                return Ok(0);
            }
            self.wait()?;
            let Some(stdout) = &mut self.stdout else { return Ok(0) };
            match stdout.read(buffer) {
                Ok(0) => {
                    self.stdout = None;
                    return Ok(0);
                }
                Ok(count) => {
                    let size = count as u64;
                    if size > self.left {
                        return Err(self.stop(Stopped::TooMuch));
                    }
                    self.left -= size;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
