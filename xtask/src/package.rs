//! `cargo xtask package`: what is published for a machine: the binary with completions, manual page and licences, as an
//! archive and as a Debian package. Each is unpacked elsewhere and run from an empty folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

#[derive(clap::Args)]
pub struct Args {
    /// The profile of cargo to build with.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// The target; x86_64-unknown-linux-musl gives a binary that needs nothing of the machine.
    #[arg(long, default_value = "x86_64-unknown-linux-gnu")]
    target: String,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Builds all; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let root = Path::new(ROOT).canonicalize()?;
    let commit = said(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&root)).unwrap_or_default();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    done(
        Command::new(cargo)
            .args([
                "build",
                "--locked",
                "--package",
                "pgflakegen",
                "--profile",
                &args.profile,
                "--target",
                &args.target,
            ])
            .env("PGFLAKEGEN_COMMIT", commit.trim())
            .current_dir(&root),
    )?;
    let folder = if args.profile == "dev" { "debug" } else { &args.profile };
    let binary = root.join("target").join(&args.target).join(folder).join("pgflakegen");
    let version = version(&root)?;
    let version = version.as_str();
    let out = root.join("target/package");
    fs::create_dir_all(&out)?;
    let name = format!("pgflakegen-{version}-{}", args.target);
    let tree = out.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    stage(&root, &binary, &tree)?;
    let archive = out.join(format!("{name}.tar.gz"));
    done(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@315532800", "-czf"])
            .arg(&archive)
            .arg(&name)
            .current_dir(&out),
    )?;
    let deb = debian(&tree, &out, version, &args.target)?;
    let mut report = Vec::new();
    for (what, unpack) in [(&archive, Unpack::Tar(&name)), (&deb, Unpack::Deb)] {
        let shown = tried(what, &unpack)?;
        let size = fs::metadata(what)?.len() as f64 / 1e6;
        report.push(format!("{}: {size:.1} MB; {shown}", what.strip_prefix(&root).unwrap_or(what).display()));
    }
    Ok(report.join("\n"))
}

/// The version that the workspace says.
fn version(root: &Path) -> anyhow::Result<String> {
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let version =
        manifest["workspace"]["package"]["version"].as_str().context("the workspace has no version")?;
    Ok(version.to_owned())
}

/// What is installed, below `tree/usr`.
fn stage(root: &Path, binary: &Path, tree: &Path) -> anyhow::Result<()> {
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
    put("share/bash-completion/completions/pgflakegen", &prints(&["completions", "bash"])?)?;
    put("share/zsh/vendor-completions/_pgflakegen", &prints(&["completions", "zsh"])?)?;
    put("share/fish/vendor_completions.d/pgflakegen.fish", &prints(&["completions", "fish"])?)?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"] {
        put(&format!("share/doc/pgflakegen/{file}"), &fs::read(root.join(file))?)?;
    }
    Ok(())
}

/// A Debian package of the tree.
fn debian(tree: &Path, out: &Path, version: &str, target: &str) -> anyhow::Result<PathBuf> {
    let architecture = match target.split('-').next() {
        Some("x86_64") => "amd64",
        Some("aarch64") => "arm64",
        _ => bail!("Debian's name of {target} is not known here"),
    };
    let deb = out.join(format!("pgflakegen_{version}_{architecture}.deb"));
    let staged = out.join("deb");
    if staged.exists() {
        fs::remove_dir_all(&staged)?;
    }
    done(Command::new("cp").arg("-a").arg(tree).arg(&staged))?;
    fs::create_dir_all(staged.join("DEBIAN"))?;
    // A static binary needs no library, any other the C library of the oldest Debian that CI runs on.
    let depends = if target.contains("musl") { "" } else { "Depends: libc6 (>= 2.36), libgcc-s1\n" };
    let control = format!(
        "Package: pgflakegen\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: pgflakegen <noreply@example.org>\n\
         Section: devel\nPriority: optional\n{depends}Recommends: git, ca-certificates\nDescription: PostgreSQL with its \
         extensions for Nix, from a catalogue\n Turns a declarative catalogue of PostgreSQL versions and extensions into a \
         Nix flake,\n bumps them without a build, and evaluates Nix.\n"
    );
    fs::write(staged.join("DEBIAN/control"), control)?;
    done(
        Command::new("dpkg-deb")
            .args(["--build", "--root-owner-group", "-Zxz"])
            .arg(&staged)
            .arg(&deb)
            .env("SOURCE_DATE_EPOCH", "315532800")
            .stdout(Stdio::null()),
    )?;
    fs::remove_dir_all(staged)?;
    Ok(deb)
}

enum Unpack<'a> {
    /// An archive with one folder in it.
    Tar(&'a str),
    Deb,
}

/// Unpacks a package elsewhere, and makes, generates and checks a catalogue with it; gives its version.
fn tried(package: &Path, unpack: &Unpack<'_>) -> anyhow::Result<String> {
    let dir = tempfile::tempdir()?;
    let root = match unpack {
        Unpack::Tar(name) => {
            done(Command::new("tar").arg("-xzf").arg(package).current_dir(dir.path()))?;
            dir.path().join(name)
        }
        Unpack::Deb => {
            done(Command::new("dpkg-deb").arg("-x").arg(package).arg(dir.path()))?;
            dir.path().to_owned()
        }
    };
    let program = root.join("usr/bin/pgflakegen");
    let empty = tempfile::tempdir()?;
    let run = |arguments: &[&str]| said(Command::new(&program).args(arguments).current_dir(empty.path()));
    for arguments in [&["init", "--quiet"][..], &["--quiet"], &["check", "--quiet"]] {
        run(arguments)?;
    }
    for file in ["usr/share/man/man1/pgflakegen.1", "usr/share/bash-completion/completions/pgflakegen"] {
        ensure!(root.join(file).metadata()?.len() > 0, "{file} is empty");
    }
    Ok(run(&["--version"])?.trim().to_owned())
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
