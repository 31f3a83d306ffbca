//! Running programs: their output goes to a log, and its end to whoever must mend what failed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// How many lines of a failed program's output are shown.
const SHOWN: usize = 25;

/// A program with no standard input.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
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

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("warning: ")).collect();
    lines[lines.len().saturating_sub(SHOWN)..].iter().map(|line| format!("      | {line}\n")).collect()
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(6).map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
