//! Remote builders: a real Nix that builds over ssh on a second store. The other machine is a mount namespace with a
//! /nix of its own, in which sshd runs and another user builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::command::{Server, emptied, free_port, logged, output, program, refused};
use super::{Context, Outcome, nix};

/// The other machine.
const PLACE: &str = "/var/lib/hostpkgs/builder";
/// Who builds there.
const USER: &str = "pgflakegen-builder";

/// The other machine, while its sshd runs.
pub struct Builder<'a> {
    context: &'a Context,
    /// Keys and settings.
    place: PathBuf,
    host_key: String,
    _server: Server,
}

/// Builds there, and copies both ways.
pub fn build(context: &Context) -> Result<Outcome> {
    let builder = Builder::start(context)?;
    let name = context.pair()?.older;
    let package = nix::build(context, "build", &context.flake(), &[format!("psql_{name}/bin")])?;
    let package = package.first().context("a package")?;
    context.note("nix copy to the other store");
    let mut copy = builder.nix("nix");
    copy.args(["copy", "--no-check-sigs", "--to", &builder.store("localhost"), package]);
    logged(&mut copy, &context.log("copy-to"), |_| ())?;
    ensure!(builder.elsewhere(package).is_dir(), "{package} is not there");

    let flake = builder.flake(&name)?;
    let built = |lines: &[String], attribute: &str, log: &str| -> Result<(String, String)> {
        let mut command = builder.build(&flake, attribute, lines);
        let text = logged(&mut command, &context.log(log), |_| ())?;
        let built: Value = serde_json::from_str(&text).context("nix build --json")?;
        let path = built[0]["outputs"]["out"].as_str().context("an output")?.to_owned();
        Ok((path, fs::read_to_string(context.log(log))?))
    };
    context.note("who cannot build it is not asked");
    let host_key = builder.host_key();
    let plain = builder.line("localhost", "x86_64-linux", 1, "-", host_key);
    let able = builder.line("localhost", "x86_64-linux", 1, "big-parallel", host_key);
    let mut refuses = builder.build(&flake, "extension", std::slice::from_ref(&plain));
    refused(&mut refuses, &context.log("features"), &["big-parallel"])?;
    let mut refuses = builder.build(&flake, "arm", std::slice::from_ref(&able));
    refused(&mut refuses, &context.log("system"), &["aarch64-linux"])?;
    let another = fs::read_to_string(builder.place.join("login.pub"))?;
    let wrong = builder.line("localhost", "x86_64-linux", 1, "big-parallel", &base64(&another)?);
    let mut refuses = builder.build(&flake, "extension", &[wrong]);
    refused(&mut refuses, &context.log("host-key"), &["Host key verification failed"])?;

    context.note("an extension, on the faster of two");
    let fast = builder.line("127.0.0.1", "x86_64-linux", 4, "big-parallel", host_key);
    let (path, said) = built(&[able, fast], "extension", "extension")?;
    ensure!(said.contains("@127.0.0.1'"), "it was not built on the faster one: {said}");
    let there = builder.elsewhere(&path);
    let owner = output(program("stat").args(["--format", "%U"]).arg(&there))?;
    ensure!(owner.trim() == USER, "{} belongs to {owner}", there.display());
    output(program("diff").arg("--recursive").arg(&there).arg(&path)).context("what came back is another")?;

    context.note("a derivation for another system goes to whom it is of");
    let arm = builder.line("127.0.0.1", "aarch64-linux", 1, "-", host_key);
    let (answer, said) = built(&[plain, arm], "arm", "arm")?;
    ensure!(said.contains("@127.0.0.1'") && fs::read_to_string(answer)?.trim() == USER, "{said}");

    context.note("nix copy from the other store");
    output(nix::nix("nix").args(["store", "delete", &path]))?;
    ensure!(!Path::new(&path).exists(), "{path} is still here");
    let mut copy = builder.nix("nix");
    copy.args(["copy", "--no-check-sigs", "--from", &builder.store("localhost"), &path]);
    logged(&mut copy, &context.log("copy-from"), |_| ())?;
    output(program("diff").arg("--recursive").arg(&there).arg(&path)).context("what came back is another")?;
    Ok(Outcome::Done(format!("{} built by {USER} on a store of its own", &path["/nix/store/".len() + 33..])))
}

impl<'a> Builder<'a> {
    /// Makes it, with an empty store.
    pub fn start(context: &'a Context) -> Result<Self> {
        let place = PathBuf::from(PLACE);
        emptied(&place)?;
        for folder in ["nix", "etc", "home"] {
            fs::create_dir_all(place.join(folder))?;
        }
        if output(program("id").arg(USER)).is_err() {
            let home = place.join("home");
            let mut add = program("useradd");
            // No password, but no locked account either, which sshd refuses.
            add.args(["--system", "--shell", "/bin/sh", "--password", "*", "--home-dir"]);
            add.arg(home).arg(USER);
            output(&mut add)?;
        }
        let config = format!("{}build-users-group =\nextra-platforms = aarch64-linux\n", nix::CONFIG);
        fs::write(place.join("etc/nix.conf"), config)?;
        for key in ["host", "login"] {
            let mut make = program("ssh-keygen");
            output(make.args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"]).arg(place.join(key)))?;
        }
        output(program("chown").args(["--recursive", USER]).args([place.join("nix"), place.join("home")]))?;
        let port = free_port()?;
        let at = |name: &str| place.join(name).display().to_string();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nAllowUsers {USER}\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\nMaxStartups 100\nSetEnv NIX_CONF_DIR={} NIX_REMOTE=\n",
            at("host"),
            at("login.pub"),
            at("etc")
        );
        fs::write(place.join("sshd_config"), settings)?;
        // Hosts' keys are known by names without the port, as on the usual one.
        let alias = |host: &str| format!("Host {host}\nHostKeyAlias {host}\n");
        let hosts = alias("localhost") + &alias("127.0.0.1");
        fs::write(
            place.join("ssh_config"),
            format!("{hosts}Host *\nPort {port}\nGlobalKnownHostsFile /dev/null\n"),
        )?;
        fs::create_dir_all("/run/sshd")?;
        let mut sshd = program("unshare");
        sshd.args([
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$1/nix\" /nix && exec /usr/sbin/sshd -D -e -f \"$1/sshd_config\"",
        ]);
        sshd.args(["sh", PLACE]);
        let server = Server::start(&mut sshd, &context.log("sshd"), port)?;
        let host_key = base64(&fs::read_to_string(place.join("host.pub"))?)?;
        Ok(Self { context, place, host_key, _server: server })
    }

    /// A store path as the other store has it.
    fn elsewhere(&self, path: &str) -> PathBuf {
        self.place.join(&path[1..])
    }

    fn store(&self, host: &str) -> String {
        let key = self.place.join("login");
        format!(
            "ssh-ng://{USER}@{host}?ssh-key={}&base64-ssh-public-host-key={}",
            key.display(),
            self.host_key
        )
    }

    /// A line of /etc/nix/machines.
    pub fn line(&self, host: &str, system: &str, speed: u32, features: &str, host_key: &str) -> String {
        let key = self.place.join("login");
        format!("ssh-ng://{USER}@{host} {system} {} 2 {speed} {features} - {host_key}", key.display())
    }

    /// What the host's key is known by, in base64.
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// Lets a program of Nix reach it.
    pub fn reach(&self, command: &mut Command) {
        command.env("NIX_SSHOPTS", format!("-F {}", self.place.join("ssh_config").display()));
    }

    fn nix(&self, name: &str) -> Command {
        let mut command = nix::nix(name);
        self.reach(&mut command);
        command
    }

    /// Nothing is built here.
    fn build(&self, flake: &Path, attribute: &str, machines: &[String]) -> Command {
        let mut command = self.nix("nix");
        command.args(["build", "--no-link", "--json", "--print-build-logs", "--max-jobs", "0"]);
        command.args(["--builders", &machines.join("\n"), &nix::reference(flake, attribute)]);
        command
    }

    /// An extension of the flake that nobody has built yet, and something for another system.
    fn flake(&self, name: &str) -> Result<PathBuf> {
        let packages = nix::out_paths(self.context, &self.context.flake())?;
        let start = format!("psql_{name}/exts/");
        let built = packages.iter().find(|(name, path)| name.starts_with(&start) && Path::new(path).exists());
        let (extension, _) = built.context("no extension was built")?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
        let outputs = format!(
            r#"extension = base.packages.x86_64-linux."{extension}".overrideAttrs (_: {{
        builtAt = "{now}";
        requiredSystemFeatures = [ "big-parallel" ];
      }});
      arm = derivation {{
        name = "arm-{now}";
        system = "aarch64-linux";
        builder = "/bin/sh";
        args = [ "-c" "/usr/bin/id -un > $out" ];
      }};"#
        );
        let base = nix::reference(&self.context.flake(), "");
        let text = nix::around(self.context, &base, &outputs);
        let folder = self.context.state.join("builders");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("flake.nix"), text)?;
        Ok(folder)
    }
}

/// A public key as a line of /etc/nix/machines has it.
fn base64(key: &str) -> Result<String> {
    let mut words = key.split_whitespace();
    let (kind, key) = (words.next().context("a key")?, words.next().context("a key")?);
    let mut encode = program("sh");
    let text = format!("{kind} {key}");
    Ok(output(encode.args(["-c", "printf '%s' \"$1\" | base64 --wrap=0", "sh", &text]))?.trim().to_owned())
}
