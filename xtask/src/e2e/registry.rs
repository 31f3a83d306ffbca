//! Images in a registry, Debian's docker-registry, by the scripts of the release workflow and skopeo.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::command::{Server, emptied, free_port, head, logged, output, program, refused, script};
use super::{Context, Outcome, catalogue, nix};
use crate::repository;

/// Two repositories of the registry; each is pushed to from a machine of its own.
const REPOSITORIES: [&str; 2] = ["team/postgresql", "mirror/postgresql"];

struct Registry<'a> {
    context: &'a Context,
    work: PathBuf,
    /// The flake, as a repository with commits.
    flake: PathBuf,
    /// The PostgreSQL.
    name: String,
    port: u16,
    server: Server,
}

/// What a push has sent: layers and the like, and their bytes.
struct Sent {
    uploads: usize,
    new: BTreeMap<PathBuf, u64>,
}

/// Pushes, and looks at what is there.
pub fn push(context: &Context) -> Result<Outcome> {
    let work = context.state.join("registry");
    emptied(&work)?;
    let name = context.pair()?.older;
    let flake = context.state.join("flake-published");
    let (extension, [before, after]) = catalogue::generate_published(context, &flake, &name)?;
    let port = free_port()?;
    let server = serve(context, &work, "registry", port, "")?;
    for commit in [&before, &after] {
        let mut tree = program("git");
        tree.arg("-C").arg(&flake).args(["worktree", "add", "--quiet", "--force", "--detach"]);
        output(tree.arg(work.join(format!("tree-{commit}"))).arg(commit))?;
    }
    let registry = Registry { context, work, flake, name, port, server };
    let image = registry.build(&before, true)?;

    context.note("two machines push, and another architecture");
    let first = registry.sent(|| registry.image(&image, "amd64", &before, 0).map(drop))?;
    registry.image(&image, "amd64", &before, 1)?;
    let [ours, theirs] = [0, 1].map(|at| registry.digest(at, &registry.tag(&before, "-amd64")));
    ensure!(ours? == theirs?, "two pushes of one image have two digests");
    let arm = registry.edited(&image, "arm64", r#".architecture = "arm64""#)?;
    registry.refused(&arm, "amd64", &before, "the image is for arm64, not for amd64")?;
    registry.image(&arm, "arm64", &before, 0)?;
    let digest = registry.list(&before, 0)?;
    registry.labels(&before, &digest)?;

    context.note("once more, and with another content");
    let again = registry.sent(|| registry.image(&image, "amd64", &before, 0).map(drop))?;
    ensure!(again.uploads == 0 && again.new.is_empty(), "{} blobs were sent again", again.uploads);
    ensure!(registry.list(&before, 0)? == digest, "the list is another");
    let other = registry.edited(&image, "other", r#".config.Labels.more = "of it""#)?;
    registry.refused(&other, "amd64", &before, "is there with another content, and is not overwritten")?;
    ensure!(registry.digest(0, &registry.tag(&before, ""))? == digest, "it was overwritten");

    context.note("a change to one extension");
    let changed = registry.build(&after, false)?;
    registry.another_run()?;
    let bump = registry.sent(|| registry.image(&changed, "amd64", &after, 0).map(drop))?;
    let layer = bump.layer_with(&extension, "/share/changed")?;
    // nixpkgs copies the server's program into an environment: that is a layer, too.
    let environment = bump.layer_with("postgresql-and-plugins", "/bin/postgres")?;
    let bill = bump.layer_that("the SBOM", |line| line.starts_with("var/lib/db/sbom/"))?;
    // Beside these what names their paths: links, settings, the entrypoint, the configuration.
    let rest = bump.bytes() - layer - environment - bill;
    ensure!(rest < 128 * 1024, "{rest} bytes were sent beside layers of {layer} and {environment}");
    let newer = registry.list(&after, 0)?;
    ensure!(
        newer != digest && registry.digest(0, &registry.tag(&before, ""))? == digest,
        "the older list moved"
    );

    context.note("an older version does not take the tags of a newer one");
    let nowhere = "0".repeat(40);
    let edit = format!(
        r#".config.Labels |= (.["org.opencontainers.image.version"] |= split(".")[0] + ".0"
           | .["org.opencontainers.image.revision"] = "{nowhere}")"#
    );
    let old = registry.edited(&image, "old", &edit)?;
    registry.another_run()?;
    registry.image(&old, "amd64", &nowhere, 0)?;
    let said = registry.manifest(0)?;
    ensure!(said.contains("which is newer") && registry.digest(0, &registry.name)? == newer, "{said}");

    registry.without_credentials(&image, &before)?;
    let size = registry.size(&extension, &before)?;
    let kib = |bytes: u64| bytes.div_ceil(1024);
    Ok(Outcome::Done(format!(
        "{digest} of two architectures, the same from two machines; {} KiB in {} blobs at first; after a change to \
         {extension} its layer ({} KiB), the environment with the server's program ({} KiB), and {} KiB that name \
         them; {} MiB in all, as Nix says",
        kib(first.bytes()),
        first.new.len(),
        kib(layer),
        kib(environment),
        kib(rest),
        size.div_ceil(1 << 20)
    )))
}

/// Starts a registry on the files of a folder; NAME.home beside it is a home of those who push without TLS.
pub fn serve(context: &Context, work: &Path, name: &str, port: u16, more: &str) -> Result<Server> {
    let config = work.join(format!("{name}.yml"));
    let text = format!(
        "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n{more}",
        work.join(name).display()
    );
    fs::write(&config, text)?;
    // Everything here is without TLS.
    let insecure = format!("[[registry]]\nlocation = \"127.0.0.1:{port}\"\ninsecure = true\n");
    let settings = work.join(name).with_extension("home").join(".config/containers");
    fs::create_dir_all(&settings)?;
    fs::write(settings.join("registries.conf"), insecure)?;
    let mut command = program("docker-registry");
    command.arg("serve").arg(config);
    Server::start(&mut command, &context.log(name), port)
}

impl Registry<'_> {
    /// The image of a commit; `twice`: it must be the same when it is built again.
    fn build(&self, commit: &str, twice: bool) -> Result<PathBuf> {
        let base = format!("git+file://{}?rev={commit}", self.flake.display());
        let outputs = format!("image = base.packages.x86_64-linux.\"psql_{}/docker\";", self.name);
        let text = nix::around(self.context, &base, &outputs);
        let folder = self.work.join(commit);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("flake.nix"), text)?;
        let installable = nix::reference(&folder, "image");
        let build = |more: &[&str]| {
            let words = [&["build", "--json", "--no-link", "--print-build-logs"], more].concat();
            let mut command = nix::nix("nix");
            nix::with_progress(self.context, command.args(words).arg(&installable), "build")
        };
        let built: Value = serde_json::from_str(&build(&[])?).context("nix build --json")?;
        if twice {
            self.context.note("building it once more");
            build(&["--rebuild"])?;
        }
        Ok(built[0]["outputs"]["out"].as_str().context("an image")?.into())
    }

    /// The image with another configuration.
    fn edited(&self, image: &Path, name: &str, filter: &str) -> Result<PathBuf> {
        let (folder, archive) = (self.work.join(name), self.work.join(format!("{name}.tar")));
        emptied(&folder)?;
        let script = r#"
            tar -xzf "$1" -C "$2"
            config=$2/$(jq --raw-output '.[0].Config' "$2/manifest.json")
            jq --compact-output "$4" "$config" >"$2/edited"
            mv "$2/edited" "$config"
            tar -cf "$3" -C "$2" .
            rm -rf "$2""#;
        let mut bash = program("bash");
        bash.args(["-euc", script, "edited"]).arg(image).arg(&folder).arg(&archive).arg(filter);
        output(&mut bash)?;
        Ok(archive)
    }

    fn repository(&self, at: usize) -> String {
        format!("127.0.0.1:{}/{}", self.port, REPOSITORIES[at])
    }

    fn skopeo(&self, name: &str, words: &[&str]) -> Command {
        let mut command = program("skopeo");
        command.env("HOME", self.work.join(name).with_extension("home")).args(words);
        command
    }

    /// A script of the workflow, on a machine on which Nix has built the image.
    fn script(&self, name: &str, image: &Path, at: usize) -> Result<Command> {
        let machine = self.work.join(format!("machine-{at}"));
        fs::create_dir_all(machine.join("bin"))?;
        script(&machine.join("bin/nix"), &format!("echo '{}'", image.display()))?;
        let (program_of_ours, flake) = (repository::pgflakegen()?, self.flake.display());
        let inputs = self.inputs().map(|word| format!("'{word}'")).join(" ");
        let program_of_ours = program_of_ours.display();
        // What a workflow has checked out is the commit that it pushes.
        let trees = self.work.join("tree").display().to_string();
        let text = format!(
            "root='{trees}-'$REVISION\n[ -d \"$root\" ] || root='{flake}'\n\
             exec '{program_of_ours}' --root \"$root\" \"$@\" {inputs}"
        );
        script(&machine.join("bin/pgflakegen"), &text)?;
        let mut command = program("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        command.arg(self.flake.join("generated/ci").join(name)).current_dir(&machine);
        command.env("PATH", format!("{}:{path}", machine.join("bin").display()));
        command.env("HOME", self.work.join("registry.home")).env_remove("XDG_CONFIG_HOME");
        // Nothing is known of what a registry has.
        command.env("XDG_DATA_HOME", tempfile::tempdir_in(&self.work)?.keep());
        command
            .env("ATTR", format!("packages.x86_64-linux.psql_{}/docker", self.name))
            .env("NAME", &self.name);
        command.env("IMAGES", self.repository(at)).env("OUTPUT", machine.join("output"));
        command.env_remove("GITHUB_ACTIONS");
        Ok(command)
    }

    /// Inputs that are at hand in place of the flake's own.
    fn inputs(&self) -> [String; 6] {
        let fixture = format!("path:{}/tests/hostpkgs", self.context.root.display());
        let overlay = format!("{fixture}/rust-overlay");
        let words = ["--override-input", "nixpkgs", &fixture, "--override-input", "rust-overlay", &overlay];
        words.map(str::to_owned)
    }

    fn image(&self, image: &Path, architecture: &str, commit: &str, at: usize) -> Result<String> {
        let mut command = self.script("image.sh", image, at)?;
        command.env("ARCHITECTURE", architecture).env("REVISION", commit);
        logged(&mut command, &self.context.log(&format!("image-{architecture}")), |_| ())
    }

    fn refused(&self, image: &Path, architecture: &str, commit: &str, says: &str) -> Result<()> {
        let mut command = self.script("image.sh", image, 0)?;
        command.env("ARCHITECTURE", architecture).env("REVISION", commit);
        refused(&mut command, &self.context.log("refused"), &[says]).map(drop)
    }

    /// A run of the workflow has the digests of one commit.
    fn another_run(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.work.join("machine-0/digests"))?)
    }

    fn manifest(&self, at: usize) -> Result<String> {
        let mut command = self.script("manifest.sh", Path::new("/"), at)?;
        logged(&mut command, &self.context.log("manifest"), |_| ())
    }

    /// The version with the commit, and what follows.
    fn tag(&self, commit: &str, more: &str) -> String {
        format!("{}-{}{more}", self.version(), &commit[..12])
    }

    fn version(&self) -> String {
        let folder = self.work.join("machine-0/digests");
        let files = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let texts = files.filter_map(|path| fs::read_to_string(path).ok());
        let values = texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        let versions = values.filter_map(|value| value["version"].as_str().map(str::to_owned));
        versions.filter(|version| !version.ends_with(".0")).max().unwrap_or_default()
    }

    fn raw(&self, at: usize, reference: &str, more: &[&str]) -> Result<String> {
        let reference = format!("docker://{}{reference}", self.repository(at));
        output(&mut self.skopeo("registry", &[&["inspect", "--raw", &reference], more].concat()))
    }

    /// The digest that the registry says of a tag.
    fn digest(&self, at: usize, tag: &str) -> Result<String> {
        let address = format!("http://127.0.0.1:{}/v2/{}/manifests/{tag}", self.port, REPOSITORIES[at]);
        let mut curl = program("curl");
        curl.args([
            "--silent",
            "--fail",
            "--head",
            "--header",
            "Accept: application/vnd.oci.image.index.v1+json",
        ]);
        curl.args(["--header", "Accept: application/vnd.oci.image.manifest.v1+json", &address]);
        let headers = output(&mut curl)?;
        let mut digest = headers.lines().filter_map(|line| line.split_once(": "));
        let digest = digest.find(|(name, _)| name.eq_ignore_ascii_case("docker-content-digest"));
        Ok(digest.context("the registry says no digest")?.1.trim().to_owned())
    }

    /// Joins what was pushed of a commit, and gives the digest that all of its tags have.
    fn list(&self, commit: &str, at: usize) -> Result<String> {
        self.manifest(at)?;
        let version = self.version();
        let tags = [self.tag(commit, ""), version, self.name.clone()];
        let digests = tags.iter().map(|tag| self.digest(at, tag)).collect::<Result<Vec<_>>>()?;
        let [digest, rest @ ..] = digests.as_slice() else { bail!("no digest") };
        ensure!(rest.iter().all(|other| other == digest), "{tags:?} are {digests:?}");
        let table = fs::read_to_string(self.work.join(format!("machine-{at}/table.md")))?;
        ensure!(table.contains(digest.as_str()), "{table}");
        Ok(digest.clone())
    }

    /// What everybody can read of the image: of the list, of both images, and of a configuration.
    fn labels(&self, commit: &str, digest: &str) -> Result<()> {
        let list: Value = serde_json::from_str(&self.raw(0, &format!("@{digest}"), &[])?)?;
        let platforms: Vec<_> = list["manifests"].as_array().into_iter().flatten().collect();
        let architectures: Vec<_> =
            platforms.iter().filter_map(|entry| entry["platform"]["architecture"].as_str()).collect();
        ensure!(architectures == ["amd64", "arm64"], "{list}");
        let version = self.version();
        let wanted = BTreeMap::from([
            ("source", "https://git.example.org/postgresql"),
            ("documentation", "https://example.org/postgresql"),
            ("vendor", "Example Ltd"),
            ("revision", commit),
            ("version", &version),
        ]);
        let config: Value = serde_json::from_str(&self.raw(
            0,
            &format!(":{}", self.tag(commit, "-amd64")),
            &["--config"],
        )?)?;
        for (key, value) in wanted {
            let key = format!("org.opencontainers.image.{key}");
            for place in [&list["annotations"], &config["config"]["Labels"]] {
                ensure!(place[&key] == *value, "{key} is {}, not {value}", place[&key]);
            }
        }
        let licenses = &config["config"]["Labels"]["org.opencontainers.image.licenses"];
        ensure!(
            licenses.as_str().is_some_and(|text| text.split(" AND ").any(|id| id == "PostgreSQL")),
            "{licenses}"
        );
        ensure!(config["config"]["Healthcheck"]["Test"].is_array(), "the health check is gone: {config}");
        Ok(())
    }

    /// What `size` says of what the image is made of, beside what Nix says; gives the bytes.
    fn size(&self, extension: &str, before: &str) -> Result<u64> {
        self.context.note("how large it is, and why");
        let attribute = format!("psql_{}/slim", self.name);
        let inputs = self.inputs();
        // With inputs replaced on the command line a flake has no revision, and its receipts are others.
        for commit in [before, &head(&self.flake)?] {
            let installable = format!("git+file://{}?rev={commit}#{attribute}", self.flake.display());
            let mut build = nix::on_flake(self.context, &["build", "--no-link"], &[installable]);
            logged(&mut build, &self.context.log("size-build"), |_| ())?;
        }
        let words = ["size", &attribute, "--against", before, "--json"].into_iter();
        let words: Vec<&str> = words.chain(inputs.iter().map(String::as_str)).collect();
        let text = catalogue::pgflakegen(self.context, &self.flake, &words, "size")?;
        let said: Value = serde_json::from_str(&text).context("size --json")?;
        let paths: Vec<_> = said["paths"].as_array().into_iter().flatten().collect();
        let root = paths
            .iter()
            .find(|path| path["why"].as_array().map_or(0, Vec::len) == 1)
            .context("the package")?;
        let path = format!("/nix/store/{}", root["path"].as_str().context("a path")?);
        let asked = output(nix::nix("nix").args(["path-info", "--closure-size", &path]))?;
        let nixs = asked.split_whitespace().last().and_then(|word| word.parse::<u64>().ok());
        ensure!(nixs.is_some() && said["bytes"].as_u64() == nixs, "{nixs:?} bytes, says Nix; {text}");
        let all = output(nix::nix("nix-store").args(["--query", "--requisites", &path]))?;
        ensure!(all.lines().count() == paths.len(), "{} paths, says Nix; {text}", all.lines().count());
        let mut extensions = said["extensions"].as_array().into_iter().flatten();
        ensure!(
            extensions.any(|share| share["name"] == *extension),
            "{extension} is no extension of it: {text}"
        );
        let mut changes = said["against"]["changes"].as_array().into_iter().flatten();
        ensure!(changes.any(|change| change["package"] == *extension), "{extension} has not changed: {text}");
        let mut limited = program(repository::pgflakegen()?);
        limited.arg("--root").arg(&self.flake).args(["size", &attribute, "--limit", "1M"]).args(inputs);
        refused(&mut limited, &self.context.log("limit"), &["more than 1.0 MiB"])?;
        nixs.context("bytes")
    }

    /// What the registry has been sent meanwhile.
    fn sent(&self, push: impl Fn() -> Result<()>) -> Result<Sent> {
        let (before, said) = (self.blobs()?, self.server.said()?.len());
        push()?;
        let mut new = self.blobs()?;
        new.retain(|path, _| !before.contains_key(path));
        let said = self.server.said()?.split_off(said);
        let uploads =
            said.lines().filter(|line| line.contains("\"POST /v2/") && line.contains("/blobs/uploads/"));
        let uploads = uploads.count();
        ensure!(uploads >= new.len().saturating_sub(1), "{uploads} uploads of {} blobs: {said}", new.len());
        Ok(Sent { uploads, new })
    }

    /// The files of the registry's blobs, with their sizes.
    fn blobs(&self) -> Result<BTreeMap<PathBuf, u64>> {
        let folder = self.work.join("registry/docker/registry/v2/blobs");
        if !folder.exists() {
            return Ok(BTreeMap::new());
        }
        let list = output(program("find").arg(folder).args(["-name", "data", "-printf", "%s %p\\n"]))?;
        let one = |line: &str| Some((line.split_once(' ')?.1.into(), line.split_once(' ')?.0.parse().ok()?));
        Ok(list.lines().filter_map(one).collect())
    }

    /// A registry that wants to know who pushes.
    fn without_credentials(&self, image: &Path, commit: &str) -> Result<()> {
        let port = free_port()?;
        // Nobody's password.
        fs::write(
            self.work.join("users"),
            "ci:$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\n",
        )?;
        let users = self.work.join("users");
        let auth = format!("auth:\n  htpasswd:\n    realm: registry\n    path: {}\n", users.display());
        let _server = serve(self.context, &self.work, "closed", port, &auth)?;
        let mut command = self.script("image.sh", image, 0)?;
        command.env("ARCHITECTURE", "amd64").env("REVISION", commit);
        command.env("IMAGES", format!("127.0.0.1:{port}/team/postgresql"));
        command.env("HOME", self.work.join("closed.home"));
        refused(&mut command, &self.context.log("no-credentials"), &["the registry refuses the credentials"])
            .map(drop)
    }
}

impl Sent {
    fn bytes(&self) -> u64 {
        self.new.values().sum()
    }

    /// The layer that has a file of a package, as none has but its own, and its bytes.
    fn layer_with(&self, package: &str, file: &str) -> Result<u64> {
        let package = format!("-{package}-");
        self.layer_that(file, |line| line.contains(&package) && line.ends_with(file))
    }

    /// The only layer that has such a file.
    fn layer_that(&self, what: &str, is: impl Fn(&str) -> bool) -> Result<u64> {
        let mut found = Vec::new();
        for (path, size) in &self.new {
            let listed = program("tar").arg("-tzf").arg(path).output().context("tar")?;
            if String::from_utf8_lossy(&listed.stdout).lines().any(&is) {
                found.push(*size);
            }
        }
        let [size] = found.as_slice() else { bail!("{} new layers have {what}", found.len()) };
        Ok(*size)
    }
}
