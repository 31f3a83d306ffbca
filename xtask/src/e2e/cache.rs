//! The binary cache that `push` of the catalogue names, on a real S3 server: moto's, from PyPI. Debian's current Nix
//! pushes and reads without credentials, as it is built without AWS signing; what is signed goes by Amazon's own client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::catalogue::pgflakegen;
use super::command::{Server, commit_all, emptied, free_port, git, logged, output, program, refused};
use super::machine::CurrentNix;
use super::{Context, Outcome, nix};
use crate::{python, repository};

/// The server, and Amazon's client.
pub const PACKAGES: &[&str] = &["moto[server]==5.2.1", "awscli==1.46.2"];
/// Where they are: outside of the checkout, for whoever tests.
pub const PLACE: &str = "/var/lib/hostpkgs/s3";
/// How long a push may take until something has arrived.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, with buckets that everybody may read and write.
pub struct S3<'a> {
    context: &'a Context,
    server: Server,
    port: u16,
}

impl<'a> S3<'a> {
    /// Installs it and starts it; it ends with this value.
    pub fn start(context: &'a Context) -> Result<Self> {
        python::install(Path::new(PLACE), PACKAGES)?;
        let port = free_port()?;
        let mut command = program(Path::new(PLACE).join("bin/moto_server"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let server = Server::start(&mut command, &context.log("server"), port)?;
        Ok(Self { context, server, port })
    }

    /// `http://HOST:PORT`, without a bucket.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket. As Debian's Nix signs no requests, everybody may write to it. (HeadObject is this server's own;
    /// elsewhere it is part of GetObject.)
    pub fn make(&self, bucket: &str) -> Result<()> {
        self.aws("create", &["s3api", "create-bucket", "--bucket", bucket], NOBODY)?;
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:HeadObject","s3:PutObject"],"Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
        );
        let words = ["s3api", "put-bucket-policy", "--bucket", bucket, "--policy", &policy];
        self.aws("public", &words, NOBODY).map(drop)
    }

    fn command(&self, words: &[&str], who: (&str, &str)) -> Command {
        let mut command = program(Path::new(PLACE).join("bin/aws"));
        command.env("AWS_ENDPOINT_URL", self.address()).env("AWS_DEFAULT_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", who.0).env("AWS_SECRET_ACCESS_KEY", who.1);
        for place in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
            command.env(place, "/dev/null");
        }
        command.args(words);
        command
    }

    fn aws(&self, log: &str, words: &[&str], who: (&str, &str)) -> Result<String> {
        logged(&mut self.command(words, who), &self.context.log(&format!("aws-{log}")), |_| ())
    }

    /// The `.narinfo` files of a bucket, and its archives.
    pub fn contents(&self, bucket: &str) -> Result<(Vec<String>, Vec<String>)> {
        let words =
            ["s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key", "--output", "json"];
        let text = self.aws("list", &words, NOBODY)?;
        let keys: Option<Vec<String>> = serde_json::from_str(&text).context("aws s3api")?;
        Ok(keys.into_iter().flatten().filter(|key| key != "nix-cache-info").partition(|key| is_narinfo(key)))
    }
}

/// What a step of it works with.
struct Proof<'a> {
    context: &'a Context,
    nix: CurrentNix,
    s3: S3<'a>,
    /// An empty folder of this step.
    work: PathBuf,
    /// What people download: `psql_NN/bin`.
    package: String,
    /// Its closure in a folder, unsigned.
    folder: PathBuf,
    public: String,
}

/// Proves it.
pub fn prove(context: &Context) -> Result<Outcome> {
    let proof = Proof::begin(context)?;
    let whole = proof.interrupted_and_repeated()?;
    proof.read_by_whom_trusts_the_key()?;
    proof.pushed_by_the_script()?;
    proof.a_bucket_that_is_gone()?;
    let local = proof.own_commands()?;
    proof.signed_requests()?;
    let cleared = proof.cleared_away()?;
    proof.no_secrets()?;
    Ok(Outcome::Done(format!(
        "Nix {}: {whole} paths pushed, interrupted, repeated, read with the key only; {local}; {cleared}; no secret in a log",
        proof.nix.version()
    )))
}

impl<'a> Proof<'a> {
    fn begin(context: &'a Context) -> Result<Self> {
        let nix = CurrentNix::installed()?;
        let work = context.state.join("cache");
        emptied(&work)?;
        let attribute = format!("psql_{}/bin", context.pair()?.older);
        let packages = nix::build(context, "build", &context.flake(), &[attribute])?;
        let package = packages.first().context("a package")?.clone();
        let folder = work.join("unsigned");
        let to = format!("file://{}?compression=none", folder.display());
        logged(nix::nix("nix").args(["copy", "--to", &to, &package]), &context.log("folder"), |_| ())?;
        for name in ["key", "other"] {
            let file = work.join(name);
            let file = file.to_string_lossy();
            let words = ["cache", "keygen", "cache.example.org-1", "--output", &file];
            let public = pgflakegen(context, &context.flake(), &words, &format!("keygen-{name}"))?;
            fs::write(work.join(format!("{name}.public")), public.trim())?;
        }
        let public = fs::read_to_string(work.join("key.public"))?;
        let s3 = S3::start(context)?;
        for bucket in ["cache", "pushed", "signed"] {
            s3.make(bucket)?;
        }
        Ok(Self { context, nix, s3, work, package, folder, public })
    }

    fn note(&self, text: &str) {
        self.context.note(text);
    }

    fn log(&self, name: &str) -> PathBuf {
        self.context.log(name)
    }

    /// The store of a bucket, as `push` of the catalogue gives it.
    fn store(&self, bucket: &str) -> String {
        format!(
            "s3://{bucket}?region=us-east-1&compression=zstd&endpoint=127.0.0.1:{}&scheme=http",
            self.s3.port
        )
    }

    fn secret_key(&self) -> String {
        self.work.join("key").to_string_lossy().into_owned()
    }

    /// The current Nix, which remembers nothing of earlier runs' buckets.
    fn nix(&self) -> Command {
        let mut command = self.nix.command(self.context, "nix");
        command.env("XDG_CACHE_HOME", self.work.join("remembered"));
        command
    }

    fn push(&self, bucket: &str) -> Command {
        let mut command = self.nix();
        command.args(["copy", "--from", &format!("file://{}", self.folder.display())]);
        let to = format!("{}&secret-key={}", self.store(bucket), self.secret_key());
        command.args(["--to", &to, &self.package]);
        command
    }

    /// Into an empty store, by the address that readers have.
    fn read(&self, bucket: &str, trusted: &str, name: &str) -> Command {
        let mut command = self.nix();
        let to = format!("local?root={}", self.work.join(name).display());
        command.args(["copy", "--from", &format!("{}/{bucket}", self.s3.address()), "--to", &to]);
        command.args(["--option", "trusted-public-keys", trusted, &self.package]);
        command
    }

    fn get(&self, bucket: &str, key: &str) -> Result<String> {
        output(program("curl").args(["--silent", "--fail", &format!("{}/{bucket}/{key}", self.s3.address())]))
    }

    /// A push that is killed leaves a cache of which every path is whole; the next one brings the rest, a third one
    /// nothing. Gives the number of paths.
    fn interrupted_and_repeated(&self) -> Result<usize> {
        self.note("a push that is killed, and once more");
        let whole = narinfos(&self.folder)?.len();
        let file = fs::File::create(self.log("interrupted"))?;
        let mut child = self.push("cache").stdout(Stdio::null()).stderr(file).spawn().context("nix copy")?;
        let began = Instant::now();
        while !self
            .s3
            .server
            .said()?
            .lines()
            .any(|line| line.contains("PUT /cache/") && line.contains(".narinfo"))
        {
            ensure!(child.try_wait()?.is_none() && began.elapsed() < PATIENCE, "nothing arrives");
            sleep(Duration::from_millis(2));
        }
        child.kill()?;
        child.wait()?;
        let (there, archives) = self.s3.contents("cache")?;
        ensure!(
            !there.is_empty() && there.len() < whole,
            "{} of {whole} are there: it was killed too late",
            there.len()
        );
        for narinfo in &there {
            let text = self.get("cache", narinfo)?;
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            let archive = field("URL: ").context("a URL")?;
            ensure!(
                archives.iter().any(|key| key == archive),
                "{narinfo} is of {archive}, which is not there"
            );
            for reference in field("References: ").unwrap_or_default().split_whitespace() {
                let needed = format!("{}.narinfo", reference.get(..32).unwrap_or(reference));
                ensure!(there.contains(&needed), "{narinfo} needs {reference}, which is not there");
            }
            ensure!(field("Sig: ").is_some_and(|sig| sig.starts_with("cache.example.org-1:")), "{text}");
        }
        self.note(&format!(
            "killed with {} of {whole} paths there, each with its archive and what it needs",
            there.len()
        ));
        logged(&mut self.push("cache"), &self.log("repeated"), |_| ())?;
        ensure!(self.s3.contents("cache")?.0.len() == whole, "not all of {whole} paths are there");
        let before = puts(&self.s3.server.said()?);
        logged(&mut self.push("cache"), &self.log("again"), |_| ())?;
        ensure!(puts(&self.s3.server.said()?) == before, "what is there is pushed once more");
        Ok(whole)
    }

    fn read_by_whom_trusts_the_key(&self) -> Result<()> {
        self.note("an empty store takes it with the key, and with no other");
        let other = fs::read_to_string(self.work.join("other.public"))?;
        for (name, trusted) in [("reader-other", other.as_str()), ("reader-none", "")] {
            refused(&mut self.read("cache", trusted, name), &self.log(name), &["signature"])?;
            self.not_taken(name)?;
        }
        self.taken("cache", "reader")?;
        // Whoever serves it is not trusted: the archive of another path in place of one.
        let whole = narinfos(&self.folder)?;
        let hash =
            self.package.get("/nix/store/".len()..).and_then(|rest| rest.get(..32)).context("a hash")?;
        let own = format!("{hash}.narinfo");
        let other = whole.iter().find(|name| **name != own).context("another path")?;
        let archive = |narinfo: &str| -> Result<String> {
            let text = self.get("cache", narinfo)?;
            let url = text.lines().find_map(|line| line.strip_prefix("URL: ")).context("a URL")?;
            Ok(format!("s3://cache/{url}"))
        };
        let (at, kept) = (archive(&own)?, "s3://cache/kept");
        self.s3.aws("archive", &["s3", "cp", &at, kept], NOBODY)?;
        self.s3.aws("archive", &["s3", "cp", &archive(other)?, &at], NOBODY)?;
        let log = self.log("reader-changed");
        refused(&mut self.read("cache", &self.public, "reader-changed"), &log, &["hash mismatch"])?;
        self.not_taken("reader-changed")?;
        self.s3.aws("archive", &["s3", "mv", kept, &at], NOBODY).map(drop)
    }

    /// The files of a path that was refused may lie there, but it is not valid.
    fn not_taken(&self, name: &str) -> Result<()> {
        let store = format!("local?root={}", self.work.join(name).display());
        let mut ask = self.nix();
        ask.args(["path-info", "--store", &store, &self.package]);
        refused(&mut ask, &self.log(&format!("{name}-has")), &["is not valid"]).map(drop)
    }

    fn taken(&self, bucket: &str, name: &str) -> Result<()> {
        logged(&mut self.read(bucket, &self.public, name), &self.log(name), |_| ())?;
        let server = self.work.join(name).join(&self.package[1..]).join("bin/postgres");
        ensure!(server.symlink_metadata().is_ok(), "{} is not there", server.display());
        Ok(())
    }

    fn a_bucket_that_is_gone(&self) -> Result<()> {
        self.note("a bucket that is gone");
        refused(&mut self.push("gone"), &self.log("gone"), &["NoSuchBucket"])?;
        let (status, said) =
            self.push_script("gone", &fs::read_to_string(self.work.join("key"))?, "script-gone")?;
        ensure!(status == Some(1) && said.contains("there is no such bucket"), "{said}");
        Ok(())
    }

    /// What `drvs --check-cache-status` and `ci plan` know of the cache, where no store has anything.
    fn own_commands(&self) -> Result<String> {
        self.note("what our own commands say of it");
        let name = &self.context.pair()?.older;
        let attribute = format!("packages.x86_64-linux.psql_{name}/bin");
        let mut rows = Vec::new();
        for (bucket, cached) in [("cache", true), ("pushed", false), ("gone", false)] {
            let cache = format!("{}/{bucket}", self.s3.address());
            let flake = self.context.flake();
            let fixture = format!("path:{}/tests/hostpkgs", self.context.root.display());
            let mut command = program("unshare");
            command.args(["--mount", "sh", "-c", "mount -t tmpfs none /nix && exec \"$@\"", "sh"]);
            command.arg(repository::pgflakegen()?).args([
                "drvs",
                &nix::reference(&flake, ""),
                "--json",
                "--systems",
                "x86_64-linux",
            ]);
            command.args(["--check-cache-status", "--cache", &cache]);
            command.args(["--override-input", "nixpkgs", &fixture]);
            command.args(["--override-input", "rust-overlay", &format!("{fixture}/rust-overlay")]);
            let log = self.log(&format!("drvs-{bucket}"));
            let text = logged(&mut command, &log, |_| ())?;
            let jobs = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
            let job = jobs.iter().find(|job| job["attr"] == *attribute).context("psql_NN/bin")?;
            let (is, builds) =
                (job["isCached"] == cached, job["neededBuilds"].as_array().map_or(0, Vec::len));
            ensure!(is && (builds == 0) == cached, "{bucket}: {job}");
            let said = fs::read_to_string(&log)?;
            let warned = said.contains("has no nix-cache-info");
            ensure!(warned != cached, "{bucket}: {said}");
            if cached {
                let all = jobs.iter().filter(|job| job["isCached"] == true).count();
                rows.push(format!("drvs finds {all} of {} jobs there", jobs.len()));
            }
        }
        Ok(rows.join("; "))
    }

    /// What workflows run: only what was built here is pushed, signed.
    fn pushed_by_the_script(&self) -> Result<()> {
        self.note("the script of the workflows");
        let secret = fs::read_to_string(self.work.join("key"))?;
        let program = "derivation { name = \"built\"; system = builtins.currentSystem; builder = \"/bin/sh\"; \
                       preferLocalBuild = true; args = [ \"-c\" \"echo hello > $out\" ]; }";
        let mut build = self.own_store("nix")?;
        build.args(["build", "--impure", "--no-link", "--print-out-paths", "--expr", program]);
        let built = logged(&mut build, &self.log("script-build"), |_| ())?;
        fs::write(self.work.join("source"), "a source\n")?;
        let mut add = self.own_store("nix")?;
        logged(
            add.args(["store", "add-file"]).arg(self.work.join("source")),
            &self.log("script-source"),
            |_| (),
        )?;
        let (status, said) = self.push_script("pushed", &secret, "script")?;
        ensure!(status == Some(0), "push.sh ended with {status:?}: {said}");
        let (there, _) = self.s3.contents("pushed")?;
        let [narinfo] = there.as_slice() else { bail!("one path was built, and these are there: {there:?}") };
        let text = self.get("pushed", narinfo)?;
        ensure!(text.contains(built.trim()) && text.contains("Sig: cache.example.org-1:"), "{text}");
        // Nix remembers buckets by their names alone, and so what one had that was emptied since.
        self.s3.aws("emptied", &["s3", "rm", "--recursive", "s3://pushed"], NOBODY)?;
        let (status, said) = self.push_script("pushed", &secret, "script-again")?;
        ensure!(status == Some(0), "push.sh ended with {status:?}: {said}");
        ensure!(self.s3.contents("pushed")?.0 == there, "what is gone from the bucket is not pushed again");
        Ok(())
    }

    fn push_script(&self, bucket: &str, secret: &str, log: &str) -> Result<(Option<i32>, String)> {
        let place = serde_json::json!([{ "kind": "store", "store": self.store(bucket) }]);
        let mut command = self.own_store("bash")?;
        command.arg(self.context.flake().join("generated/ci/push.sh"));
        command.env("PUSH", place.to_string()).env("NIX_SIGNING_KEY", secret).env("PAUSE", "0");
        let result = command.output().context("push.sh")?;
        let said =
            String::from_utf8_lossy(&result.stdout).into_owned() + &String::from_utf8_lossy(&result.stderr);
        fs::write(self.log(log), &said)?;
        Ok((result.status.code(), said))
    }

    /// A program with the current Nix on its PATH, on a small store of its own, in which it can build.
    fn own_store(&self, name: &str) -> Result<Command> {
        let bin = self.work.join("bin");
        CurrentNix::put_into(&bin, &["nix"])?;
        let own = bin.join("nix");
        let mut command = program(if name == "nix" { own.as_os_str() } else { name.as_ref() });
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", bin.display()));
        let at = |name: &str| self.work.join("own").join(name);
        command.env("NIX_STORE_DIR", at("store")).env("NIX_STATE_DIR", at("var"));
        command.env("NIX_LOG_DIR", at("log")).env("NIX_CONF_DIR", at("etc")).env("NIX_REMOTE", "");
        command.env("HOME", &self.work).env("XDG_CACHE_HOME", self.work.join("home-cache"));
        let config = format!("{}build-users-group =\n", nix::CONFIG);
        command.env("NIX_CONFIG", config).env_remove("GITHUB_ACTIONS");
        Ok(command)
    }

    /// A bucket that takes what is signed: Nix makes the folder, Amazon's client brings it there.
    fn signed_requests(&self) -> Result<()> {
        self.note("signed requests, with good credentials and bad ones");
        let folder = self.work.join("signed");
        let mut copy = self.nix();
        copy.args(["copy", "--from", &format!("file://{}", self.folder.display())]);
        let to = format!("file://{}?compression=zstd&secret-key={}", folder.display(), self.secret_key());
        logged(copy.args(["--to", &to, &self.package]), &self.log("signed-folder"), |_| ())?;
        self.s3.aws("user", &["iam", "create-user", "--user-name", "ci"], NOBODY)?;
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:ListBucket"],"Resource":"*"}]}"#;
        let words = ["iam", "create-policy", "--policy-name", "cache", "--policy-document", policy];
        let made: Value = serde_json::from_str(&self.s3.aws("policy", &words, NOBODY)?)?;
        let arn = made["Policy"]["Arn"].as_str().context("a policy")?;
        let words = ["iam", "attach-user-policy", "--user-name", "ci", "--policy-arn", arn];
        self.s3.aws("attach", &words, NOBODY)?;
        // Its log would have the secret.
        let words = ["iam", "create-access-key", "--user-name", "ci"];
        let made: Value = serde_json::from_str(&output(&mut self.s3.command(&words, NOBODY))?)?;
        let field = |name: &str| made["AccessKey"][name].as_str().context("an access key").map(str::to_owned);
        let (id, secret) = (field("AccessKeyId")?, field("SecretAccessKey")?);
        fs::write(self.work.join("access"), &secret)?;

        self.signatures("0")?;
        let words =
            ["s3", "cp", "--recursive", "--exclude", "nar/*", &folder.to_string_lossy(), "s3://signed"];
        let never =
            [("AKIANOBODYHASTHISONE", "x", "InvalidAccessKeyId"), (&id, "wrong", "SignatureDoesNotMatch")];
        for (id, secret, says) in never {
            refused(
                &mut self.s3.command(&words, (id, secret)),
                &self.log(&format!("refused-{says}")),
                &[says],
            )?;
        }
        // Archives first, so that nobody is told of one that is not there.
        let nar = folder.join("nar");
        let archives = ["s3", "cp", "--recursive", &nar.to_string_lossy(), "s3://signed/nar"];
        self.s3.aws("archives", &archives, (&id, &secret))?;
        self.s3.aws("narinfos", &words, (&id, &secret))?;
        // It may write, and nothing else.
        let words = ["s3", "rm", "s3://signed/nix-cache-info"];
        refused(&mut self.s3.command(&words, (&id, &secret)), &self.log("refused-rm"), &["AccessDenied"])?;
        self.signatures("inf")?;
        self.taken("signed", "reader-signed")
    }

    /// After so many requests, only what is signed is taken.
    fn signatures(&self, after: &str) -> Result<()> {
        let address = format!("{}/moto-api/reset-auth", self.s3.address());
        let mut command = program("curl");
        command.args([
            "--silent",
            "--fail",
            "--header",
            "Content-Type: text/plain",
            "--data",
            after,
            &address,
        ]);
        output(&mut command).map(drop)
    }

    /// What no tag offers goes from a bucket: its descriptions are fetched, `cache gc` plans, Amazon's client removes.
    fn cleared_away(&self) -> Result<String> {
        self.note("clearing a bucket away");
        let repository = self.work.join("repository");
        output(program("cp").arg("--recursive").arg(self.context.flake()).arg(&repository))?;
        fs::remove_file(repository.join(".git"))?;
        output(git(&repository).args(["init", "--quiet"]))?;
        commit_all(&repository, "As it is")?;
        output(git(&repository).args(["tag", "v1"]))?;
        // Something old.
        self.s3.aws("old", &["s3", "sync", "s3://pushed", "s3://signed"], NOBODY)?;
        let before = self.s3.contents("signed")?;
        let folder = self.work.join("narinfos");
        let place = folder.to_string_lossy();
        let words = [
            "s3",
            "sync",
            "s3://signed",
            &place,
            "--exclude",
            "*",
            "--include",
            "*.narinfo",
            "--include",
            "nix-cache-info",
        ];
        self.s3.aws("narinfos-down", &words, NOBODY)?;
        let fixture = format!("path:{}/tests/hostpkgs", self.context.root.display());
        let overlay = format!("{fixture}/rust-overlay");
        let words = [
            "cache",
            "gc",
            &place,
            "--keep-tags",
            "--json",
            "--override-input",
            "nixpkgs",
            &fixture,
            "--override-input",
            "rust-overlay",
            &overlay,
        ];
        let plan: Value = serde_json::from_str(&pgflakegen(self.context, &repository, &words, "cache-gc")?)?;
        let files: Vec<&str> = plan["going"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|going| going["files"].as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for file in &files {
            self.s3.aws("rm", &["s3", "rm", &format!("s3://signed/{file}")], NOBODY)?;
        }
        let after = self.s3.contents("signed")?;
        ensure!(
            files.len() == 2 && after.0.len() + 1 == before.0.len() && after.1.len() + 1 == before.1.len(),
            "{} and {} files were there, {} and {} are: {plan}",
            before.0.len(),
            before.1.len(),
            after.0.len(),
            after.1.len()
        );
        self.taken("signed", "reader-cleared")?;
        let bucket = "s3://signed";
        let mut command = program(repository::pgflakegen()?);
        command.arg("--root").arg(&repository).args(["cache", "gc", bucket, "--keep-tags"]);
        refused(&mut command, &self.log("gc-bucket"), &["s3://signed", "is not a folder of this machine"])?;
        Ok(format!("of a bucket of {} paths, the old one went", before.0.len()))
    }

    /// No log of this step has a secret.
    fn no_secrets(&self) -> Result<()> {
        let mut secrets = vec![fs::read_to_string(self.work.join("access"))?];
        for name in ["key", "other"] {
            secrets.push(secret_of(&self.work.join(name))?);
        }
        let read = are_in_no_log(self.context, &secrets)?;
        ensure!(read > 20, "only {read} logs");
        Ok(())
    }
}

/// What of a key of Nix's nobody else may know.
pub fn secret_of(key: &Path) -> Result<String> {
    let text = fs::read_to_string(key)?;
    let (_, base64) = text.split_once(':').context("a key")?;
    // The first half is the seed; the second is public.
    Ok(base64.get(..42).context("a key")?.to_owned())
}

/// Looks for secrets in the step's logs, and says how many there are.
pub fn are_in_no_log(context: &Context, secrets: &[String]) -> Result<usize> {
    let mut read = 0;
    for entry in fs::read_dir(context.logs())? {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        ensure!(
            secrets.iter().all(|secret| !text.contains(secret.as_str())),
            "a secret is in {}",
            path.display()
        );
        read += 1;
    }
    Ok(read)
}

/// Whoever it is, while the server does not look at signatures.
const NOBODY: (&str, &str) = ("nobody", "nothing");

fn is_narinfo(key: &str) -> bool {
    Path::new(key).extension().is_some_and(|extension| extension == "narinfo")
}

fn narinfos(folder: &Path) -> Result<Vec<String>> {
    let names = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let names = names.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_>>()?;
    Ok(names.into_iter().filter(|name| is_narinfo(name)).collect())
}

/// How often something was put there.
fn puts(said: &str) -> usize {
    said.lines()
        .filter(|line| {
            line.contains("\"PUT /cache/n") || (line.contains("\"PUT /cache/") && line.contains(".narinfo"))
        })
        .count()
}
