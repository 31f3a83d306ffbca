//! Rust for the builders: the machine's toolchain where they can read it, and the crates of cargo-pgrx and
//! of the test's own extension in the store, so that building fetches nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::catalogue::Catalogue;
use super::command::{output, program};
use super::{Context, Outcome, nix};

/// Where tests/hostpkgs/rust.nix looks for it.
const TOOLCHAIN: &str = "/var/lib/hostpkgs/rust";

/// The pgrx extension of this repository.
pub const EXTENSION: &str = "tests/pgrx-hello";

/// Its files: nothing else (a target folder, say) belongs to its source.
const EXTENSION_FILES: &[&str] =
    &["Cargo.lock", "Cargo.toml", "hello_pgrx.control", "src/bin/pgrx_embed.rs", "src/lib.rs"];

/// Makes the toolchain readable and adds every crate.
pub fn prepare(context: &Context) -> Result<Outcome> {
    let version = toolchain(context)?;
    let extension = crates_of_lock(context, &context.root.join(EXTENSION))?;
    let pgrx = cargo_pgrx(context)?;
    let source = extension_source(context)?;
    nix::add_fixed(&[&source], true)?;
    Ok(Outcome::Done(format!("Rust {version}, {} crates in the store", extension + pgrx)))
}

/// The test extension's source as a directory of its own, called `source` as fetchers call theirs.
pub fn extension_source(context: &Context) -> Result<PathBuf> {
    let tree = context.state.join("hello_pgrx/source");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for file in EXTENSION_FILES {
        let target = tree.join(file);
        fs::create_dir_all(target.parent().unwrap_or(&tree))?;
        let from = context.root.join(EXTENSION).join(file);
        fs::copy(&from, target).with_context(|| format!("{}", from.display()))?;
    }
    Ok(tree)
}

/// Builders are not root, and a toolchain of rustup is in root's home: link it to a place all can read.
fn toolchain(context: &Context) -> Result<String> {
    let sysroot = output(program("rustc").args(["--print", "sysroot"]))?.trim().to_owned();
    let version = output(program("rustc").arg("--version"))?;
    let version = version.split(' ').nth(1).context("rustc --version")?.to_owned();
    let place = Path::new(TOOLCHAIN);
    let has = program(place.join("bin/rustc")).arg("--version").output();
    if has.is_ok_and(|has| String::from_utf8_lossy(&has.stdout).contains(&format!(" {version} "))) {
        return Ok(version);
    }
    context.note(&format!("Rust {version} to {TOOLCHAIN}"));
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    fs::create_dir_all(place)?;
    for folder in ["bin", "lib"] {
        let from = Path::new(&sysroot).join(folder);
        // Hard links where both are on one file system, else a copy.
        let link = output(program("cp").args(["--archive", "--link"]).arg(&from).arg(place));
        if link.is_err() {
            output(program("cp").args(["--archive", "--force"]).arg(&from).arg(place))?;
        }
    }
    output(program("chmod").args(["--recursive", "a+rX", "/var/lib/hostpkgs"]))?;
    Ok(version)
}

/// Fetches the crates that a Cargo.lock names, with cargo, and gives the folder it keeps them in.
fn fetch(folder: &Path) -> Result<(PathBuf, Vec<(String, String)>)> {
    output(program("cargo").args(["fetch", "--locked", "--quiet"]).current_dir(folder))
        .with_context(|| format!("fetching the crates of {}", folder.display()))?;
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let cache = home.context("neither CARGO_HOME nor HOME is set")?.join("registry/cache");
    let lock: toml::Table = fs::read_to_string(folder.join("Cargo.lock"))?.parse()?;
    let text = |package: &toml::Value, key: &str| package.get(key)?.as_str().map(str::to_owned);
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let crates: Vec<_> = packages
        .filter(|package| package.get("source").is_some())
        .filter_map(|package| Some((text(package, "name")?, text(package, "version")?)))
        .collect();
    // One folder per registry: the one that has the first crate is the one.
    let first = crates.first().map(|(name, version)| format!("{name}-{version}.crate")).unwrap_or_default();
    let registry = fs::read_dir(&cache)
        .with_context(|| format!("{}", cache.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join(&first).exists())
        .with_context(|| format!("cargo fetch left no {first} below {}", cache.display()))?;
    Ok((registry, crates))
}

fn copy_crates(
    registry: &Path,
    crates: &[(String, String)],
    folder: &Path,
    name: impl Fn(&str, &str) -> String,
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    crates
        .iter()
        .map(|(package, version)| {
            let from = registry.join(format!("{package}-{version}.crate"));
            let to = folder.join(name(package, version));
            fs::write(&to, fs::read(&from).with_context(|| format!("{}", from.display()))?)?;
            Ok(to)
        })
        .collect()
}

/// importCargoLock fetches each crate as a file of its own.
pub fn crates_of_lock(context: &Context, folder: &Path) -> Result<usize> {
    let (registry, crates) = fetch(folder)?;
    let folder = context.state.join("crates");
    let files =
        copy_crates(&registry, &crates, &folder, |name, version| format!("crate-{name}-{version}.tar.gz"))?;
    nix::add_fixed(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>(), false)?;
    Ok(files.len())
}

/// cargo-pgrx itself: its source, and all its crates as fetchCargoVendor lays them out; both have a hash in
/// the catalogue (nixpkgs' own).
fn cargo_pgrx(context: &Context) -> Result<usize> {
    let version = Catalogue::pgrx_of(&context.root.join(super::catalogue::ADDED).join("hello_pgrx.toml"))?;
    let hashes = Catalogue::read(&context.root.join("catalogue"))?.cargo_pgrx(&version)?;
    let folder = context.state.join("cargo-pgrx");
    let name = format!("cargo-pgrx-{version}");
    let source = folder.join(format!("{name}.tar.gz"));
    if !source.is_dir() {
        fs::create_dir_all(&source)?;
        let archive = folder.join("archive");
        let url = format!("https://static.crates.io/crates/cargo-pgrx/{name}.crate");
        let fetched = output(program("curl").args(["-fsSL", "--retry", "2", "-o"]).arg(&archive).arg(&url))
            .and_then(|_| {
                output(
                    program("tar")
                        .arg("xf")
                        .arg(&archive)
                        .arg("--directory")
                        .arg(&source)
                        .args(["--strip-components=1", "--no-same-owner"]),
                )
            });
        if fetched.is_err() {
            fs::remove_dir_all(&source)?;
        }
        fetched?;
    }
    expect(&source, &hashes.0)?;

    // cargo writes into the folder it works in: not into what is hashed.
    let work = folder.join("work");
    fs::create_dir_all(work.join("src"))?;
    fs::copy(source.join("Cargo.lock"), work.join("Cargo.lock"))?;
    // It is below this repository, but not of its workspace.
    let manifest = fs::read_to_string(source.join("Cargo.toml"))? + "\n[workspace]\n";
    fs::write(work.join("Cargo.toml"), manifest)?;
    fs::write(work.join("src/main.rs"), "fn main() {}\n")?;
    let (registry, crates) = fetch(&work)?;
    let staging = folder.join(format!("{name}-vendor-staging"));
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    let tarballs = staging.join("tarballs");
    let files =
        copy_crates(&registry, &crates, &tarballs, |name, version| format!("{name}-{version}.tar.gz"))?;
    fs::copy(source.join("Cargo.lock"), staging.join("Cargo.lock"))?;
    expect(&staging, &hashes.1)?;
    nix::add_fixed(&[&source, &staging], true)?;
    Ok(files.len())
}

fn expect(path: &Path, hash: &str) -> Result<()> {
    let found = nix::hash(path)?;
    if found != hash {
        bail!("{} has the hash {found}, the catalogue says {hash}", path.display());
    }
    Ok(())
}
