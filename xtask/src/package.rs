//! `cargo xtask package`: what is published for a machine: the static binary with completions, manual page and licences, as
//! an archive and as a Debian package. Each is installed elsewhere and run from an empty folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::repository::{self, root};

#[derive(clap::Args)]
pub struct Args {
    /// The profile of cargo to build with.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// The target [default: this processor's with musl, whose binary needs nothing of the machine].
    #[arg(long)]
    target: Option<String>,
}

/// What a package must have besides the program, and how a file of it begins.
const BESIDE: [(&str, &str); 6] = [
    ("share/man/man1/pgflakegen.1.gz", ".ie"),
    ("share/bash-completion/completions/pgflakegen", ""),
    ("share/zsh/vendor-completions/_pgflakegen", "#compdef pgflakegen"),
    ("share/fish/vendor_completions.d/pgflakegen.fish", "complete"),
    ("share/doc/pgflakegen/LICENSE-MIT", "Copyright"),
    ("share/doc/pgflakegen/THIRD-PARTY.md", "# "),
];

/// Builds all; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let root = root().canonicalize()?;
    let target = match &args.target {
        Some(target) => target.clone(),
        None => format!("{}-unknown-linux-musl", std::env::consts::ARCH),
    };
    if let Some(why) = lacking(&target) {
        return Ok(format!(
            "SKIP  package: {why}; .github/workflows/binaries.yml builds it for each release"
        ));
    }
    let git = |arguments: &[&str]| said(Command::new("git").args(arguments).current_dir(&root));
    let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
    // Of the same commit the packages are the same.
    let time = git(&["log", "-1", "--format=%ct"])?.trim().to_owned();
    let cargo = || {
        let mut command = repository::cargo();
        command.env("PGFLAKEGEN_COMMIT", &commit).env("SOURCE_DATE_EPOCH", &time);
        command
    };
    let mut build = cargo();
    build.args(["build", "--locked", "--package=pgflakegen", "--profile", &args.profile]);
    if args.profile == "dev" {
        // What nobody looks into need not be compressed.
        build.args(["--config=profile.dev.debug=0", "--config=profile.dev.strip='symbols'"]);
    }
    if target.ends_with("musl") {
        // Debian's name for it, whatever the processor.
        build.env(format!("CC_{}", target.replace('-', "_")), "musl-gcc");
    }
    done(build.args(["--target", &target]))?;
    let folder = if args.profile == "dev" { "debug" } else { &args.profile };
    let binary = root.join("target").join(&target).join(folder).join("pgflakegen");

    let out = root.join("target/package");
    fs::create_dir_all(&out)?;
    let version = version(&root)?;
    let name = format!("pgflakegen-{version}-{target}");
    let tree = out.join(&name);
    stage(&root, &binary, &tree, &crate::notices::of(&target)?)?;
    let archive = out.join(format!("{name}.tar.gz"));
    done(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
            .arg(format!("--mtime=@{time}"))
            .arg("-czf")
            .arg(&archive)
            .arg(&name)
            .current_dir(&out),
    )?;
    // Its assets are named in Cargo.toml, below a path that does not move.
    let assets = out.join("deb");
    if assets.exists() {
        fs::remove_dir_all(&assets)?;
    }
    fs::rename(&tree, &assets)?;
    let mut package = cargo();
    package.args([
        "deb",
        "--no-build",
        "--no-strip",
        "--locked",
        "--package=pgflakegen",
        "--target",
        &target,
    ]);
    let printed = said(package.args(["--profile", &args.profile, "--output"]).arg(&out))?;
    let deb = PathBuf::from(printed.lines().last().context("cargo deb says no path")?);

    let mut report = Vec::new();
    for (what, install) in [(&archive, Install::Archive(&name)), (&deb, Install::Debian)] {
        let shown = tried(what, &install, &target, &commit)?;
        let size = fs::metadata(what)?.len() as f64 / 1e6;
        report.push(format!("{}: {size:.1} MB; {shown}", what.strip_prefix(&root).unwrap_or(what).display()));
    }
    Ok(report.join("\n"))
}

/// What this machine lacks to build for a target, after an attempt to get it.
fn lacking(target: &str) -> Option<String> {
    let there = || {
        let libraries = said(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
        libraries.is_ok_and(|folder| Path::new(folder.trim()).is_dir())
    };
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !there() {
        // What it says goes by.
        let _ = Command::new("rustup").args(["target", "add", target]).output();
    }
    if !there() {
        return Some(format!("`rustup target add {target}` does not give the target here"));
    }
    if target.ends_with("musl") && !has("musl-gcc") {
        return Some("there is no musl-gcc, which Debian has in musl-tools".to_owned());
    }
    if !has("dpkg") {
        return Some("there is no dpkg to try the Debian package with".to_owned());
    }
    (!repository::cargo_has("deb"))
        .then(|| "cargo-deb is not installed (cargo install cargo-deb --locked)".to_owned())
}

/// The version that the workspace says.
fn version(root: &Path) -> anyhow::Result<String> {
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let version =
        manifest["workspace"]["package"]["version"].as_str().context("the workspace has no version")?;
    Ok(version.to_owned())
}

/// What is installed, below `tree/usr`.
fn stage(root: &Path, binary: &Path, tree: &Path, notices: &str) -> anyhow::Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    let usr = tree.join("usr");
    let put = |path: &str, bytes: &[u8]| -> anyhow::Result<()> {
        let path = usr.join(path);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(fs::write(path, bytes)?)
    };
    put("bin/pgflakegen", &fs::read(binary).with_context(|| format!("{} is not there", binary.display()))?)?;
    done(Command::new("chmod").args(["0755"]).arg(usr.join("bin/pgflakegen")))?;
    let prints = |arguments: &[&str]| -> anyhow::Result<Vec<u8>> {
        let output = Command::new(binary).args(arguments).output()?;
        ensure!(
            output.status.success(),
            "pgflakegen {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    };
    put("share/man/man1/pgflakegen.1", &prints(&["man"])?)?;
    // Without the time, which differs.
    done(Command::new("gzip").args(["-9n", "pgflakegen.1"]).current_dir(usr.join("share/man/man1")))?;
    put("share/bash-completion/completions/pgflakegen", &prints(&["completions", "bash"])?)?;
    put("share/zsh/vendor-completions/_pgflakegen", &prints(&["completions", "zsh"])?)?;
    put("share/fish/vendor_completions.d/pgflakegen.fish", &prints(&["completions", "fish"])?)?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"] {
        put(&format!("share/doc/pgflakegen/{file}"), &fs::read(root.join(file))?)?;
    }
    put("share/doc/pgflakegen/THIRD-PARTY.md", notices.as_bytes())
}

enum Install<'a> {
    /// An archive with one folder in it.
    Archive(&'a str),
    Debian,
}

/// Installs a package elsewhere, and makes, generates and checks a catalogue with it; gives its version.
fn tried(package: &Path, install: &Install<'_>, target: &str, commit: &str) -> anyhow::Result<String> {
    let dir = tempfile::tempdir()?;
    let is_static = target.ends_with("musl");
    let root = match install {
        Install::Archive(name) => {
            done(Command::new("tar").arg("-xzf").arg(package).current_dir(dir.path()))?;
            dir.path().join(name)
        }
        Install::Debian => {
            // A root in which nothing is installed: what needs libraries is not taken, unless it may need some.
            let data = dir.path().join("var/lib/dpkg");
            fs::create_dir_all(data.join("info"))?;
            fs::create_dir_all(data.join("updates"))?;
            fs::write(data.join("status"), "")?;
            let mut dpkg = Command::new("dpkg");
            dpkg.arg(format!("--root={}", dir.path().display()))
                .args(["--force-not-root", "--force-bad-path"]);
            if !is_static {
                dpkg.arg("--force-depends");
            }
            said(dpkg.arg("--install").arg(package))?;
            dir.path().to_owned()
        }
    };
    let program = root.join("usr/bin/pgflakegen");
    let empty = tempfile::tempdir()?;
    let run = |arguments: &[&str]| said(Command::new(&program).args(arguments).current_dir(empty.path()));
    for arguments in [&["init", "--quiet"][..], &["--quiet"], &["check", "--quiet"]] {
        run(arguments)?;
    }
    for (file, begin) in BESIDE {
        let path = root.join("usr").join(file);
        let text = match file.ends_with(".gz") {
            true => said(Command::new("gzip").arg("-dc").arg(&path))?,
            false => fs::read_to_string(&path).with_context(|| format!("{file} is not in it"))?,
        };
        ensure!(!text.is_empty() && text.starts_with(begin), "{file} is not what it should be");
    }
    let version = run(&["--version"])?.trim().to_owned();
    let short = commit.get(..12).unwrap_or(commit);
    ensure!(version.ends_with(&format!("({short})")), "{version} does not name the commit {short}");
    Ok(if is_static && alone(&root)? { format!("{version}, also where nothing else is") } else { version })
}

/// Whether it runs in a root that has nothing but itself, if that can be tried: root alone may.
fn alone(root: &Path) -> anyhow::Result<bool> {
    if said(Command::new("id").arg("-u"))?.trim() != "0" {
        return Ok(false);
    }
    said(Command::new("chroot").arg(root).args(["/usr/bin/pgflakegen", "--version"])).map(|_| true)
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let status =
        command.status().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    ensure!(status.success(), "{:?}: {status}", command.get_program());
    Ok(())
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let output =
        command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{command:?}: {}", text(&output.stderr).trim());
    Ok(text(&output.stdout))
}
