//! Running programs: their output goes to a log, and its end to whoever must mend what failed.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How many lines of a failed program's output are shown.
const SHOWN: usize = 25;
/// How long a server may take until it serves.
const START: Duration = Duration::from_secs(60);

/// A program with no standard input.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    command
}

/// Writes a program of the shell's.
pub fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).with_context(|| format!("{}", path.display()))?;
    Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
}

/// An empty folder in place of what lies there.
pub fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        // Stores are read-only.
        output(program("chmod").args(["--recursive", "u+w"]).arg(folder))?;
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))
}

/// The cases that a test's script has tried.
pub fn oks(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("ok: ")).count()
}

/// Commits all files of a repository but what runs remember, and gives the commit: the same one for the same files.
pub fn commit_all(folder: &Path, message: &str) -> Result<String> {
    output(git(folder).args(["add", "--all", "--force", "--", ".", ":!.pgflakegen-state"]))?;
    let mut commit = git(folder);
    commit.env("GIT_AUTHOR_DATE", "@0 +0000").env("GIT_COMMITTER_DATE", "@0 +0000");
    output(commit.args(["commit", "--quiet", "--message", message]))?;
    head(folder)
}

/// The commit that is checked out.
pub fn head(folder: &Path) -> Result<String> {
    Ok(output(git(folder).args(["rev-parse", "HEAD"]))?.trim().to_owned())
}

/// git in a folder, as somebody.
pub fn git(folder: &Path) -> Command {
    let mut command = program("git");
    command.arg("-C").arg(folder);
    command.args(["-c", "user.name=e2e", "-c", "user.email=e2e@pgflakegen.invalid"]);
    command
}

/// Runs a program to its end and gives its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let described = describe(command);
    let result = command.output().with_context(|| format!("cannot run {described}"))?;
    if !result.status.success() {
        bail!("{described}: {}\n{}", result.status, tail(&String::from_utf8_lossy(&result.stderr)));
    }
    String::from_utf8(result.stdout).with_context(|| format!("{described}: output is not UTF-8"))
}

/// Runs a program whose messages are long: standard error goes to the log, and `on_line` sees each line.
pub fn logged(command: &mut Command, log: &Path, mut on_line: impl FnMut(&str)) -> Result<String> {
    let described = describe(command);
    let mut file = File::create(log).with_context(|| format!("{}", log.display()))?;
    let out_path = log.with_extension("out");
    let out = File::create(&out_path).with_context(|| format!("{}", out_path.display()))?;
    let mut child = command
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {described}"))?;
    let mut text = String::new();
    if let Some(stderr) = child.stderr.take() {
        // Compilers write what they like: not every line is UTF-8.
        for line in BufReader::new(stderr).split(b'\n') {
            let line = line.with_context(|| described.clone())?;
            let line = String::from_utf8_lossy(&line);
            writeln!(file, "{line}").with_context(|| format!("{}", log.display()))?;
            on_line(&line);
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child.wait().with_context(|| described.clone())?;
    if !status.success() {
        bail!("{described}: {status}; all of it is in {}\n{}", log.display(), tail(&text));
    }
    fs::read_to_string(&out_path).with_context(|| format!("{}", out_path.display()))
}

/// Runs a program that must fail and say why, in all of these words; gives what it said, which goes to the log.
pub fn refused(command: &mut Command, log: &Path, words: &[&str]) -> Result<String> {
    let described = describe(command);
    let result = command.output().with_context(|| format!("cannot run {described}"))?;
    let said =
        String::from_utf8_lossy(&result.stdout).into_owned() + &String::from_utf8_lossy(&result.stderr);
    fs::write(log, &said).with_context(|| format!("{}", log.display()))?;
    if result.status.success() {
        bail!("{described} ended well, and should not have");
    }
    if let Some(missing) = words.iter().find(|word| !said.contains(**word)) {
        bail!("{described} does not say `{missing}`\n{}", tail(&said));
    }
    Ok(said)
}

/// A server, which ends with this value.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it, and waits until it serves at the port of this machine.
    pub fn start(command: &mut Command, log: &Path, port: u16) -> Result<Self> {
        let described = describe(command);
        let file = File::create(log).with_context(|| format!("{}", log.display()))?;
        let child = command.stdout(file.try_clone()?).stderr(file).spawn();
        let child = child.with_context(|| format!("cannot run {described}"))?;
        let mut server = Self { child, log: log.to_owned() };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if server.child.try_wait()?.is_some() || began.elapsed() > START {
                bail!("{described} does not serve\n{}", tail(&server.said()?));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// What it has said so far.
    pub fn said(&self) -> Result<String> {
        let text = fs::read(&self.log).with_context(|| format!("{}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is no concern here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("warning: ")).collect();
    lines[lines.len().saturating_sub(SHOWN)..].iter().map(|line| format!("      | {line}\n")).collect()
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(6).map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
