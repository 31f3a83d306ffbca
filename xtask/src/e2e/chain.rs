//! `cargo xtask chain`: from a bump to what people download, each part a real one. A repository in which an extension is
//! bumped is planned; its jobs are built on two stores, signed and pushed to an S3 server; the image goes to a registry,
//! and a machine with it boots.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::builders::Builder;
use super::cache::{S3, are_in_no_log, secret_of};
use super::catalogue::{self, Bump, LAST_MODIFIED, Published, pgflakegen};
use super::command::{commit_all, emptied, free_port, git, head, logged, output, program};
use super::machine::CurrentNix;
use super::{Context, Outcome, nix, registry};
use crate::machine_image::{self, Accel};
use crate::repository;

/// The bucket, and the key's name.
const BUCKET: &str = "cache";
const KEY: &str = "cache.example.org-1";

/// Whose members build on runners. Nix ends all that a user runs before and after a build, and knows nothing of the machine's
/// own Nix; hence not its users.
const GROUP: &str = "pgflakegen-runner";

/// What can be chosen on the command line.
#[derive(clap::Args)]
pub struct Args {
    /// How qemu runs the machine: with the processor's help where that works, else without.
    #[arg(long, value_enum, default_value_t = Accel::Tcg)]
    accel: Accel,
}

/// The chain, as far as its parts know each other.
struct Chain<'a> {
    context: &'a Context,
    work: PathBuf,
    /// The PostgreSQL.
    name: String,
    s3: S3<'a>,
    public_key: String,
    /// The clone in which the extension is bumped.
    clone: PathBuf,
    bump: Bump,
}

/// All of it, for who has time.
pub fn run(args: &Args) -> Result<String> {
    let began = Instant::now();
    let context = super::context("chain")?;
    let parts = parts(&context, Some(args.accel))?;
    Ok(format!("chain: {parts} parts in {:.0?}", began.elapsed()))
}

/// As a step of the end-to-end test: no machine is made and booted.
pub fn without_machine(context: &Context) -> Result<Outcome> {
    let parts = parts(context, None)?;
    Ok(Outcome::Done(format!("{parts} parts; `cargo xtask chain` boots a machine, too")))
}

/// Says of each part what it did; gives their number.
fn parts(context: &Context, accel: Option<Accel>) -> Result<usize> {
    let mut said = 0;
    let mut part = |line: String| {
        context.note(&format!("ok: {line}"));
        said += 1;
    };
    let work = context.state.join("chain");
    emptied(&work)?;
    let port = free_port()?;
    let _registry = registry::serve(context, &work, "registry", port, "")?;
    let image = format!("127.0.0.1:{port}/team/postgresql");
    let chain = Chain::begin(context, &work, &image)?;
    part(format!("what main has: {}", chain.publish_main()?));
    chain.bump()?;
    let runner = chain.runner("runner")?;
    let plan = chain.plan(&runner)?;
    part(format!("{} {} → {}: {}", chain.bump.extension, chain.bump.old, chain.bump.new, plan.summary));
    part(chain.build(&runner, &plan)?);
    part(chain.push(&runner)?);
    part(chain.read()?);
    part(chain.image(&runner, &image)?);
    if let Some(accel) = accel {
        part(chain.machine(&runner, accel)?);
    }
    chain.no_secret()?;
    Ok(said)
}

/// What is to be built, in this order.
struct Plan {
    summary: String,
    jobs: Vec<Value>,
}

impl<'a> Chain<'a> {
    fn begin(context: &'a Context, work: &Path, image: &str) -> Result<Self> {
        let s3 = S3::start(context)?;
        s3.make(BUCKET)?;
        let key = work.join("key");
        let words = ["cache", "keygen", KEY, "--output", &key.to_string_lossy()];
        let public_key = pgflakegen(context, &context.flake(), &words, "keygen")?.trim().to_owned();
        let nixpkgs = work.join("nixpkgs");
        output(program("cp").arg("--recursive").arg(context.root.join("tests/hostpkgs")).arg(&nixpkgs))?;
        let date = format!("@{LAST_MODIFIED}");
        output(program("find").arg(&nixpkgs).args([
            "-exec",
            "touch",
            "--no-dereference",
            "--date",
            &date,
            "{}",
            "+",
        ]))?;
        let origin = work.join("origin");
        let endpoint = s3.address().trim_start_matches("http://").to_owned();
        let published = Published {
            nixpkgs,
            endpoint,
            bucket: BUCKET.to_owned(),
            public_key: public_key.clone(),
            image: image.to_owned(),
        };
        let bump = catalogue::generate_for_chain(context, &origin, &published)?;
        let name = context.pair()?.older;
        Ok(Self { context, work: work.to_owned(), name, s3, public_key, clone: work.join("clone"), bump })
    }

    /// A machine with an empty store that may take what is in the cache.
    fn runner(&self, name: &str) -> Result<Runner> {
        let cache = format!("{}/{BUCKET}", self.s3.address());
        Runner::new(
            &self.work,
            name,
            &format!(
                "substitute = true\nsubstituters = {cache}\ntrusted-public-keys = {}\nnarinfo-cache-negative-ttl = 0\n",
                self.public_key
            ),
        )
    }

    /// What was built of main, and what it was built with, is in the cache: runners begin with nothing.
    fn publish_main(&self) -> Result<String> {
        self.context.note("publishing what main has");
        let origin = format!("git+file://{}", self.work.join("origin").display());
        let wanted = ["bin", "slim", "docker"].map(|what| format!("{origin}#psql_{}/{what}", self.name));
        let mut build = nix::nix("nix");
        build.args(["build", "--no-link", "--print-build-logs"]).args(&wanted);
        nix::with_progress(self.context, &mut build, "main")?;
        let mut drvs = nix::nix("nix");
        let drvs = output(drvs.args(["path-info", "--derivation"]).args(&wanted))?;
        let mut all = nix::nix("nix-store");
        all.args(["--query", "--requisites", "--include-outputs"]).args(drvs.lines());
        let all = output(&mut all)?;
        let built: Vec<&str> =
            all.lines().filter(|path| !path.ends_with(".drv") && Path::new(path).exists()).collect();
        let folder = self.work.join("main");
        let mut copy = nix::nix("nix");
        copy.args(["copy", "--to", &format!("file://{}?compression=none", folder.display())]).args(&built);
        logged(&mut copy, &self.context.log("main-folder"), |_| ())?;
        let mut push = Runner::new(&self.work, "publisher", "")?.command("nix");
        push.args(["copy", "--from", &format!("file://{}", folder.display()), "--to"]);
        let key = self.work.join("key");
        push.arg(format!("{}&secret-key={}", self.store()?, key.display())).args(&built);
        logged(&mut push, &self.context.log("main-push"), |_| ())?;
        let there = self.s3.contents(BUCKET)?.0.len();
        ensure!(there == built.len(), "{there} of {} paths are in the bucket", built.len());
        Ok(format!("{there} paths of psql_{}, signed, in the bucket", self.name))
    }

    /// The bucket as the workflows name it.
    fn store(&self) -> Result<String> {
        let places: Value = serde_json::from_str(&self.workflow("ci.yml", "PUSH: ")?)?;
        Ok(places[0]["store"].as_str().context("ci.yml pushes to no store")?.to_owned())
    }

    /// The first value of an environment variable of a workflow, which is in double quotes.
    fn workflow(&self, file: &str, name: &str) -> Result<String> {
        let path = self.work.join("origin/.github/workflows").join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let value = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
        serde_json::from_str(value.with_context(|| format!("{file} has no {name}"))?).context(file.to_owned())
    }

    fn bump(&self) -> Result<()> {
        let origin = self.work.join("origin");
        output(program("git").args(["clone", "--quiet"]).arg(&origin).arg(&self.clone))?;
        pgflakegen(self.context, &self.clone, &["bump", &self.bump.extension], "bump")?;
        commit_all(&self.clone, "Bump")?;
        let versions = output(git(&self.clone).args(["show", "--format=", "--", "catalogue"]))?;
        let added = format!("+version = \"{}\"", self.bump.new);
        ensure!(
            versions.lines().any(|line| line == added),
            "it is not bumped to {}: {versions}",
            self.bump.new
        );
        Ok(())
    }

    /// By the workflow's script: only what the bump changes.
    fn plan(&self, runner: &Runner) -> Result<Plan> {
        self.context.note("planning");
        let base = output(git(&self.clone).args(["rev-parse", "origin/main"]))?;
        let outputs = self.work.join("plan.outputs");
        let mut script = runner.script(&self.clone, "plan.sh");
        script.env("BASE", base.trim()).env("OUTPUT", &outputs);
        logged(&mut script, &self.context.log("plan"), |_| ())?;
        let text = fs::read_to_string(&outputs)?;
        let mut jobs = Vec::new();
        for kind in ["base", "packages", "checks"] {
            let name = format!("x86_64-linux-{kind}=");
            let matrix =
                text.lines().find_map(|line| line.strip_prefix(&name)).with_context(|| name.clone())?;
            let matrix: Value = serde_json::from_str(matrix)?;
            jobs.extend(matrix["include"].as_array().context("a matrix")?.iter().cloned());
        }
        let attributes: BTreeSet<&str> = jobs.iter().flat_map(attributes).collect();
        let own = format!("exts/{}", self.bump.extension);
        let others = attributes.iter().filter(|name| name.contains("/exts/") && !name.contains(&own)).count();
        let updates = format!("update-{}", self.bump.extension);
        let checks =
            attributes.iter().filter(|name| name.contains("-update-") && !name.contains(&updates)).count();
        ensure!(others == 0 && checks == 0, "what the bump does not change is planned: {attributes:?}");
        ensure!(attributes.iter().any(|name| name.contains(&own)), "{own} is not planned: {attributes:?}");
        let plan: Value = serde_json::from_str(&fs::read_to_string(self.clone.join("plan.json"))?)?;
        let summary = format!(
            "{} jobs for {} of {} packages and checks",
            jobs.len(),
            plan["changed"],
            plan["packages"]
        );
        Ok(Plan { summary, jobs })
    }

    /// By the workflow's script: what others need on another machine, by ssh, the rest on the runner itself.
    fn build(&self, runner: &Runner, plan: &Plan) -> Result<String> {
        let builder = Builder::start(self.context)?;
        let mut add = runner.command("nix-store");
        // What a fetcher would fetch.
        add.args(["--add-fixed", "--recursive", "sha256"]).arg(&self.bump.tree);
        output(&mut add)?;
        let (mut there, mut here) = (0, 0);
        for (at, job) in plan.jobs.iter().enumerate() {
            let name = job["name"].as_str().context("a job's name")?;
            let remote = job.get("extension").is_some();
            self.context.note(&format!("building {name}{}", if remote { ", elsewhere" } else { "" }));
            let mut script = runner.script(&self.clone, "build.sh");
            script.env("ATTRS", job["attrs"].to_string()).env("DRVS", job["drvs"].to_string());
            script.env("RECORDS", self.work.join("records.jsonl"));
            if remote {
                let line = builder.line("localhost", "x86_64-linux", 1, "big-parallel", builder.host_key());
                builder.reach(&mut script);
                script.env("NIX_CONFIG", format!("{}max-jobs = 0\nbuilders = {line}\n", runner.config));
            }
            logged(&mut script, &self.context.log(&format!("build-{at}")), |_| ())?;
            if remote {
                there += 1;
                let said = fs::read_to_string(self.context.log(&format!("build-{at}")))?;
                ensure!(said.contains("on 'ssh-ng://"), "{name} was not built elsewhere: {said}");
            } else {
                here += 1;
            }
        }
        ensure!(there > 0 && here > 0, "{there} jobs were built elsewhere, {here} here");
        Ok(format!("{there} of these built over ssh on another store, {here} on the runner's"))
    }

    /// By the workflow's script: what was built, signed.
    fn push(&self, runner: &Runner) -> Result<String> {
        self.context.note("pushing");
        let before: BTreeSet<String> = self.s3.contents(BUCKET)?.0.into_iter().collect();
        let mut script = runner.script(&self.clone, "push.sh");
        script.env("PUSH", self.workflow("ci.yml", "PUSH: ")?);
        script.env("NIX_SIGNING_KEY", fs::read_to_string(self.work.join("key"))?).env("PAUSE", "0");
        logged(&mut script, &self.context.log("push"), |_| ())?;
        let after: BTreeSet<String> = self.s3.contents(BUCKET)?.0.into_iter().collect();
        let new = after.difference(&before).count();
        ensure!(
            new > 0 && before.is_subset(&after),
            "{} paths were there, {} are",
            before.len(),
            after.len()
        );
        Ok(format!("{new} paths pushed to S3, signed"))
    }

    /// Whoever has the key and nothing else: nothing is built.
    fn read(&self) -> Result<String> {
        self.context.note("nix build on another machine, from the cache alone");
        let reader = self.runner("reader")?;
        let mut build = reader.command("nix");
        build.args(["build", "--no-link", "--print-out-paths", "--max-jobs", "0"]);
        build.arg(format!("git+file://{}#psql_{}/bin", self.clone.display(), self.name));
        let path = logged(&mut build, &self.context.log("read"), |_| ())?;
        let script = format!(
            "{}/share/postgresql/extension/{}--{}.sql",
            path.trim(),
            self.bump.extension,
            self.bump.new
        );
        output(reader.command("ls").arg(script))?;
        let closure = output(reader.command("nix").args(["path-info", "--recursive", path.trim()]))?;
        Ok(format!(
            "psql_{}/bin of {} paths read into an empty store, nothing built",
            self.name,
            closure.lines().count()
        ))
    }

    /// By the release's scripts; read back by its digest.
    fn image(&self, runner: &Runner, image: &str) -> Result<String> {
        self.context.note("the image");
        let commit = head(&self.clone)?;
        ensure!(self.workflow("release.yml", "IMAGES: ")? == image, "release.yml pushes elsewhere");
        let script = |name: &str| {
            let mut script = runner.script(&self.clone, name);
            script.env("HOME", self.work.join("registry.home")).env_remove("XDG_CONFIG_HOME");
            script
                .env("ATTR", format!("packages.x86_64-linux.psql_{}/docker", self.name))
                .env("NAME", &self.name);
            script.env("IMAGES", image).env("ARCHITECTURE", "amd64").env("REVISION", &commit);
            script.env("OUTPUT", self.work.join("image.outputs"));
            logged(&mut script, &self.context.log(name.trim_end_matches(".sh")), |_| ())
        };
        script("image.sh")?;
        script("manifest.sh")?;
        let table = fs::read_to_string(self.clone.join("table.md"))?;
        let digest = table.split(['`', ' ', '|', '@']).find(|word| word.starts_with("sha256:"));
        let digest = digest.with_context(|| format!("the table has no digest: {table}"))?;
        let to = self.work.join("pulled");
        let mut pull = program("skopeo");
        pull.env("HOME", self.work.join("registry.home"));
        pull.args(["copy", "--quiet", &format!("docker://{image}@{digest}")])
            .arg(format!("dir:{}", to.display()));
        output(&mut pull)?;
        let layers = fs::read_dir(&to)?.count();
        Ok(format!("{image}@{digest} is in the registry, and was read back by its digest ({layers} files)"))
    }

    /// Debian's base with what the flake has for machines, booted.
    fn machine(&self, runner: &Runner, accel: Accel) -> Result<String> {
        machine_image::install_all(self.context)?;
        let place = self.context.root.join("target/machine-image");
        fs::create_dir_all(&place)?;
        let base = machine_image::base(self.context, &place)?;
        self.context.note("making a machine's disk");
        let expression = format!(
            "(builtins.getFlake \"git+file://{}?rev={}\").legacyPackages.x86_64-linux.\"psql_{}\".machine.override \
             {{ device = \"auto\"; }}",
            self.clone.display(),
            head(&self.clone)?,
            self.name
        );
        let mut build = runner.command("nix");
        build.args(["build", "--no-link", "--print-out-paths", "--expr", &expression]);
        let path = nix::with_progress(self.context, &mut build, "machine")?;
        machine_image::write_disk(self.context, runner.command("bash"), &place, &base, path.trim(), "chain")?;
        let disk = machine_image::disk(&place, "chain")?;
        let data = place.join("chain-data.raw");
        machine_image::empty(&data, 2048)?;
        // Any psql will do: that of the end-to-end test.
        let psql = machine_image::built(self.context, &self.name)?;
        let machine = machine_image::Machine::new(self.context, &place, accel, &data, &psql)?;
        let secret = "Chain'd\\\"battery";
        let booted = machine.boot("chain", &disk, "i-0000000000000003", Some(secret))?;
        let version = booted.ask(secret, "show server_version")?;
        let extension = &self.bump.extension;
        booted.sql(
            secret,
            &format!(
                "create extension \"{extension}\" cascade; select extversion from pg_extension where extname = '{extension}'"
            ),
            &self.bump.new,
        )?;
        booted.pull_the_plug()?;
        Ok(format!("a machine booted: PostgreSQL {version} answers, with {extension} {}", self.bump.new))
    }

    /// No log has the signing key.
    fn no_secret(&self) -> Result<()> {
        are_in_no_log(self.context, &[secret_of(&self.work.join("key"))?]).map(drop)
    }
}

fn attributes(job: &Value) -> impl Iterator<Item = &str> {
    job["attrs"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// As many as there are processors.
fn make_users() -> Result<()> {
    if output(program("getent").args(["group", GROUP])).is_err() {
        output(program("groupadd").args(["--system", GROUP]))?;
    }
    for number in 1..=std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) {
        let name = format!("{GROUP}-{number}");
        if output(program("id").arg(&name)).is_err() {
            let mut add = program("useradd");
            add.args([
                "--system",
                "--no-create-home",
                "--home-dir",
                "/var/empty",
                "--shell",
                "/usr/sbin/nologin",
            ]);
            output(add.args(["--gid", GROUP, "--groups", GROUP]).arg(&name))?;
        }
    }
    Ok(())
}

/// A machine of a pipeline: a mount namespace with a /nix of its own, and the current Nix.
struct Runner {
    folder: PathBuf,
    config: String,
}

impl Runner {
    fn new(work: &Path, name: &str, settings: &str) -> Result<Self> {
        CurrentNix::installed()?;
        make_users()?;
        let folder = work.join(name);
        let bin = folder.join("bin");
        fs::create_dir_all(folder.join("nix"))?;
        CurrentNix::put_into(&bin, &["nix", "nix-store"])?;
        std::os::unix::fs::symlink(repository::pgflakegen()?, bin.join("pgflakegen"))?;
        // This Nix is no program of its own (see CurrentNix), which it calls itself as otherwise.
        let hook = format!("build-hook = {}/bin/nix __build-remote\n", folder.display());
        let config = format!("{}build-users-group = {GROUP}\n{hook}{settings}", nix::CONFIG);
        Ok(Self { folder, config })
    }

    /// A program of it.
    fn command(&self, name: &str) -> Command {
        let mut command = program("unshare");
        command.args(["--mount", "sh", "-c", "mount --bind \"$0/nix\" /nix && exec \"$@\""]);
        command.arg(&self.folder).arg(name);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.folder.join("bin").display()));
        command.env("NIX_CONFIG", &self.config).env("NIX_REMOTE", "").env("HOME", &self.folder);
        command
            .env("XDG_CACHE_HOME", self.folder.join("cache"))
            .env("XDG_DATA_HOME", self.folder.join("data"));
        command.env_remove("NIX_PATH").env_remove("GITHUB_ACTIONS");
        command
    }

    /// A script of the workflows, in a repository.
    fn script(&self, repository: &Path, name: &str) -> Command {
        let mut command = self.command("bash");
        command.arg(repository.join("generated/ci").join(name)).current_dir(repository);
        command
    }
}
