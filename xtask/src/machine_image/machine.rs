//! A machine in qemu, as an instance of EC2 looks from inside: firmware for UEFI, two disks, the metadata service at its
//! address; and what is asked of it from outside.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::e2e::Context;
use crate::e2e::command::{free_port, output, program};

/// How long a machine may take until it answers; without the processor's help a boot takes minutes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Who executes the machine's code.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Accel {
    /// qemu alone, everywhere.
    Tcg,
    /// The processor, where /dev/kvm is.
    Kvm,
}

/// What machines of a run have in common.
pub struct Machine<'a> {
    context: &'a Context,
    place: PathBuf,
    accel: Accel,
    data: PathBuf,
    bin: String,
}

/// One that runs; it ends with this value.
pub struct Booted<'a> {
    machine: &'a Machine<'a>,
    name: String,
    child: Child,
    console: PathBuf,
    port: u16,
    ssh: u16,
}

impl<'a> Machine<'a> {
    /// Machines with this disk for data, asked by the psql of this PostgreSQL.
    pub fn new(context: &'a Context, place: &Path, accel: Accel, data: &Path, bin: &str) -> Result<Self> {
        let metadata = place.join("metadata");
        if metadata.exists() {
            fs::remove_dir_all(&metadata)?;
        }
        fs::create_dir_all(&metadata)?;
        Ok(Self { context, place: place.to_owned(), accel, data: data.to_owned(), bin: bin.to_owned() })
    }

    fn metadata(&self) -> PathBuf {
        self.place.join("metadata")
    }

    /// Boots a root disk as this instance, and waits until PostgreSQL takes a password.
    pub fn boot(
        &'a self,
        name: &str,
        disk: &Path,
        instance: &str,
        password: Option<&str>,
    ) -> Result<Booted<'a>> {
        let began = Instant::now();
        fs::write(self.metadata().join("instance-id"), instance)?;
        fs::write(self.metadata().join("user-data"), user_data(password)?)?;
        let vars = self.place.join("vars.fd");
        fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &vars).context("OVMF's variables")?;
        let (port, ssh) = (free_port()?, free_port()?);
        let console = self.context.log(&format!("console-{name}"));
        let own = std::env::current_exe().context("this program has no path")?;
        let accel = match self.accel {
            Accel::Tcg => ["-accel", "tcg,thread=multi", "-cpu", "max"],
            Accel::Kvm => ["-accel", "kvm", "-cpu", "host"],
        };
        let drive = |file: &Path| format!("if=virtio,format=raw,cache=writethrough,file={}", file.display());
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-machine", "q35", "-smp", "2", "-m", "1536", "-display", "none", "-no-reboot"])
            .args(accel);
        qemu.args(["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"]);
        qemu.arg("-drive").arg(format!("if=pflash,format=raw,file={}", vars.display()));
        qemu.arg("-drive").arg(drive(disk)).arg("-drive").arg(drive(&self.data));
        qemu.args(["-serial", &format!("file:{}", console.display()), "-monitor", "none"]);
        // By these an instance of EC2 is known.
        qemu.args(["-smbios", "type=1,manufacturer=Amazon EC2,product=t3.small,uuid=ec2e1916-9099-7caf-fd21-012345abcdef,serial=ec2e1916-9099-7caf-fd21-012345abcdef"]);
        let network = format!(
            "user,id=net,net=169.0.0.0/8,hostfwd=tcp:127.0.0.1:{port}-:5432,hostfwd=tcp:127.0.0.1:{ssh}-:22,\
             guestfwd=tcp:169.254.169.254:80-cmd:{} metadata {}",
            own.display(),
            self.metadata().display()
        );
        qemu.arg("-netdev").arg(network).args([
            "-device",
            "virtio-net-pci,netdev=net",
            "-device",
            "virtio-rng-pci",
        ]);
        let log = File::create(self.context.log(&format!("qemu-{name}")))?;
        let child = qemu.stdin(std::process::Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let child = child.context("qemu-system-x86_64 cannot be started")?;
        let mut booted = Booted { machine: self, name: name.to_owned(), child, console, port, ssh };
        let secret = password.unwrap_or(UNSAID);
        loop {
            if let Some(status) = booted.child.try_wait()? {
                bail!("the machine {name} ended with {status}: see {}", self.context.logs().display());
            }
            let answer = booted.ask(secret, "select 1");
            // Without a password of ours any answer of the server's is one.
            let there = match &answer {
                Ok(_) => true,
                Err(error) => {
                    password.is_none() && format!("{error:#}").contains("password authentication failed")
                }
            };
            if there {
                break;
            }
            if began.elapsed() > PATIENCE {
                bail!(
                    "the machine {name} does not answer: {:#}\n{}",
                    answer.err().context("no answer")?,
                    booted.tail()?
                );
            }
            sleep(Duration::from_secs(1));
        }
        self.context
            .note(&format!("machine {name}: PostgreSQL answers {:.0?} after power-on", began.elapsed()));
        Ok(booted)
    }

    /// What the metadata service was asked; all of it with a token.
    pub fn requests(&self) -> Result<String> {
        let log = fs::read_to_string(self.metadata().join("log")).context("nobody has asked for metadata")?;
        let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        ensure!(count("/latest/api/token 200") > 0, "nobody has asked for a token\n{log}");
        ensure!(count("/user-data 200") > 0, "nobody has asked for user-data\n{log}");
        Ok(format!(
            "{} requests of metadata, {} without a token and refused",
            log.lines().count(),
            count(" 401 ")
        ))
    }
}

/// No password that anybody has.
const UNSAID: &str = "nobody has said a password";

/// What an instance is started with.
fn user_data(password: Option<&str>) -> Result<String> {
    let Some(password) = password else { return Ok("#cloud-config\n{}\n".to_owned()) };
    let file = serde_json::json!({
        "write_files": [{ "path": "/run/pgflakegen/password", "permissions": "0600", "content": password }]
    });
    Ok(format!("#cloud-config\n{}\n", serde_json::to_string(&file)?))
}

impl Booted<'_> {
    /// As a power cut does it: what is in memory is gone. Looks for the password in all that was said.
    pub fn pull_the_plug(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let said = self.said()?;
        ensure!(!said.contains("battery"), "the password is in {}", self.console.display());
        Ok(())
    }

    fn said(&self) -> Result<String> {
        let text = fs::read(&self.console).with_context(|| format!("{}", self.console.display()))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn tail(&self) -> Result<String> {
        let said = self.said()?;
        let lines: Vec<&str> = said.lines().collect();
        Ok(lines[lines.len().saturating_sub(40)..].join("\n"))
    }

    /// The console has this.
    pub fn says(&self, text: &str) -> Result<()> {
        ensure!(self.said()?.contains(text), "{} has no `{text}`", self.console.display());
        Ok(())
    }

    fn psql(&self, password: &str, sql: &str) -> Command {
        let mut command = program(format!("{}/bin/psql", self.machine.bin));
        command.env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "5");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command.args(["--host=127.0.0.1", "--username=postgres", "--dbname=postgres"]);
        command.arg(format!("--port={}", self.port)).arg(format!("--command={sql}"));
        command
    }

    /// The last line of what PostgreSQL answers.
    pub fn ask(&self, password: &str, sql: &str) -> Result<String> {
        let answer = output(&mut self.psql(password, sql))?;
        Ok(answer.trim().lines().last().unwrap_or_default().to_owned())
    }

    /// It answers this.
    pub fn sql(&self, password: &str, sql: &str, expected: &str) -> Result<()> {
        let answer = self.ask(password, sql)?;
        ensure!(answer == expected, "{}: {sql}: {answer}, and {expected} is meant", self.name);
        Ok(())
    }

    /// It answers this after a while.
    pub fn eventually(&self, password: &str, sql: &str, expected: &str) -> Result<()> {
        let began = Instant::now();
        while self.ask(password, sql).ok().as_deref() != Some(expected) {
            if began.elapsed() > PATIENCE {
                return self.sql(password, sql, expected);
            }
            sleep(Duration::from_secs(1));
        }
        Ok(())
    }

    /// Another password is none.
    pub fn refuses(&self, password: &str) -> Result<()> {
        let result = self.psql(password, "select 1").output()?;
        let said = String::from_utf8_lossy(&result.stderr);
        ensure!(said.contains("password authentication failed"), "with a wrong password: {said}");
        Ok(())
    }

    /// Whoever logs in has a key: no password is asked for.
    pub fn asks_for_keys(&self) -> Result<()> {
        let mut ssh = program("ssh");
        ssh.args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "BatchMode=yes",
        ]);
        ssh.args(["-o", "ConnectTimeout=60", "-p", &self.ssh.to_string(), "root@127.0.0.1", "true"]);
        let began = Instant::now();
        loop {
            let said = String::from_utf8_lossy(&ssh.output()?.stderr).into_owned();
            if said.contains("Permission denied (publickey)") {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE && !said.contains("password"), "ssh: {said}");
            sleep(Duration::from_secs(2));
        }
    }
}

impl Drop for Booted<'_> {
    fn drop(&mut self) {
        // One that has ended by itself is no concern here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
