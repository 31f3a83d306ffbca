//! `cargo xtask machine-image`: machines with a PostgreSQL of the catalogue, booted in qemu as EC2 would.
//!
//! A Debian base, as NixOS cannot be had here, and what NixOS's module runs: the units and programs of
//! templates/machine, from the store of the end-to-end test.

mod killed;
mod machine;
pub mod metadata;
mod smoke;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::e2e::command::{logged, output, program};
use crate::e2e::{self, apt, nix};
pub use machine::{Accel, Machine};

/// What can be chosen on the command line.
#[derive(clap::Args)]
pub struct Args {
    /// Only what needs no virtual machine and nothing built: a minute.
    #[arg(long)]
    smoke: bool,
    /// Kill an upgrade so many times, by copying and by linking, and begin it anew: without a virtual machine.
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["smoke", "reuse"])]
    kill_upgrades: Option<u32>,
    /// Boot the images that the run before has made.
    #[arg(long, conflicts_with = "smoke")]
    reuse: bool,
    /// How qemu runs the machine: with the processor's help where that works, else without.
    #[arg(long, value_enum, default_value_t = Accel::Tcg)]
    accel: Accel,
}

/// A program, or a file, and the package of Debian that has it.
type Needed = (&'static str, &'static str);

/// What disks are made with.
const DISKS: &[Needed] = &[
    ("curl", "curl"),
    ("jq", "jq"),
    ("mcopy", "mtools"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mkfs.vfat", "dosfstools"),
    ("sfdisk", "fdisk"),
    ("/usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-boot-efi"),
];
/// What machines are made and run with.
const MACHINES: &[Needed] = &[
    ("debootstrap", "debootstrap"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("ssh", "openssh-client"),
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"),
];

/// Of the base, which is what Debian gives everybody: a kernel for clouds, cloud-init; then what the programs in the store
/// are linked with, because the test's package set is the machine's own. debootstrap knows no virtual packages, hence
/// python3-cffi-backend.
const BASE: &[&str] = &[
    "ca-certificates",
    "cloud-init",
    "dbus",
    "e2fsprogs",
    "initramfs-tools",
    "iproute2",
    "jq",
    "linux-image-cloud-amd64",
    "openssh-server",
    "python3-cffi-backend",
    "sudo",
    "systemd",
    "systemd-resolved",
    "systemd-sysv",
    "udev",
    "zstd",
    "libcurl4",
    "libgssapi-krb5-2",
    "libicu72",
    "libllvm14",
    "liblz4-1",
    "libperl5.36",
    "libpython3.11",
    "libreadline8",
    "libsodium23",
    "libssl3",
    "libtcl8.6",
    "libuuid1",
    "libxml2",
    "libxslt1.1",
    "libzstd1",
    "zlib1g",
];

/// The root disk's image, and the disk that an instance has: the root grows.
const IMAGE_MIB: u32 = 2560;
const ROOT_MIB: u32 = 3584;

/// Makes the images and boots them; gives what there is to say.
pub fn run(args: &Args) -> Result<String> {
    let context = e2e::context("machine-image")?;
    if args.smoke {
        return smoke::run(&context);
    }
    if let Some(times) = args.kill_upgrades {
        return killed::run(&context, times);
    }
    let began = Instant::now();
    install_all(&context)?;
    let pair = context.pair()?;
    let place = context.root.join("target/machine-image");
    fs::create_dir_all(&place).with_context(|| format!("{}", place.display()))?;
    let images = [(&pair.older, Vec::new()), (&pair.newer, vec![pair.older.as_str()])];
    if !args.reuse {
        let base = base(&context, &place)?;
        for (name, from) in &images {
            image(&context, &place, &base, name, from)?;
        }
        context.note(&format!("two images in {:.0?}", began.elapsed()));
    }
    let [older, newer] = [disk(&place, &pair.older)?, disk(&place, &pair.newer)?];

    let data = place.join("data.raw");
    empty(&data, 3072)?;
    let bin = built(&context, &pair.newer)?;
    let machine = Machine::new(&context, &place, args.accel, &data, &bin)?;

    // Not in any log: all that machines say is searched for it.
    let secret = "Corr3ct'horse\\\"battery";
    let first = machine.boot("older", &older, "i-0000000000000001", Some(secret))?;
    let said = prove_first(&context, &first, &pair.older, secret)?;
    first.pull_the_plug()?;

    let again = machine.boot("again", &older, "i-0000000000000001", Some(secret))?;
    again.sql(secret, "select count(*) from kept", "1000")?;
    again.sql(secret, "select pg_is_in_recovery()", "f")?;
    context.note("after a power cut all 1000 committed rows are there, by the same password");
    again.pull_the_plug()?;

    // Its disk is larger now.
    fs::OpenOptions::new().write(true).open(&data)?.set_len(4096 * 1024 * 1024)?;
    let upgraded = machine.boot("newer", &newer, "i-0000000000000002", None)?;
    prove_upgrade(&context, &upgraded, &pair.newer, secret)?;
    upgraded.pull_the_plug()?;
    let requests = machine.requests()?;
    Ok(format!(
        "machine-image: {said}; upgraded by a newer image; {requests}; all of it took {:.0?}",
        began.elapsed()
    ))
}

/// A new machine with an empty second disk.
fn prove_first(
    context: &e2e::Context,
    first: &machine::Booted<'_>,
    name: &str,
    secret: &str,
) -> Result<String> {
    let version = first.ask(secret, "show server_version")?;
    ensure!(version.starts_with(name), "PostgreSQL {version} answers, and {name} is meant");
    first.refuses("wrong")?;
    first.asks_for_keys()?;
    // What runs as PostgreSQL's account sees the machine as it is.
    let inside = |command: &str| -> Result<String> {
        first.ask(
            secret,
            &format!(
                "create temp table seen (line text); copy seen from program $$ {command} 2>&1 || true $$; \
                 select string_agg(line, ' ') from seen"
            ),
        )
    };
    let root =
        inside("df --block-size=1M --output=size / | tail -n 1")?.trim().parse::<u32>().context("df")?;
    ensure!(root > IMAGE_MIB, "the root has {root} MiB, and the disk has {ROOT_MIB}");
    let volume = inside("findmnt --noheadings --output SOURCE,FSTYPE,LABEL /var/lib/postgresql | head -n 1")?;
    ensure!(volume.contains("/dev/vdb") && volume.contains("pgdata"), "data are on {volume}");
    let file =
        inside("stat --format='%U %a' /var/lib/postgresql/password; cat /var/lib/postgresql/password")?;
    ensure!(file.contains("root 600") && file.contains("Permission denied"), "the password's file: {file}");
    let states =
        inside("systemctl is-active postgresql pgflakegen-volume pgflakegen-upgrade pgflakegen-password")?;
    ensure!(states == "active active active active", "units are {states}");
    first.sql(
        secret,
        "create extension vector; create table kept (id int primary key, at vector(3)); \
         insert into kept select n, array[n, n, n]::vector from generate_series(1, 1000) as n; \
         select count(*) from kept",
        "1000",
    )?;
    context.note(&format!(
        "PostgreSQL {version} answers; root grown to {root} MiB; data on {volume}; no login by password"
    ));
    Ok(format!("PostgreSQL {version} with the password of user-data, after a power cut as well"))
}

/// A newer image with the same second disk, and nothing said about a password.
fn prove_upgrade(
    context: &e2e::Context,
    upgraded: &machine::Booted<'_>,
    name: &str,
    secret: &str,
) -> Result<()> {
    let version = upgraded.ask(secret, "show server_version")?;
    ensure!(version.starts_with(name), "PostgreSQL {version} answers, and {name} is meant");
    upgraded.sql(secret, "select count(*) from kept where at <-> '[0,0,0]' > 0", "1000")?;
    let stale = "select count(*) from pg_extension join pg_available_extensions on name = extname \
                 where extversion <> default_version";
    upgraded.eventually(secret, stale, "0")?;
    upgraded.eventually(
        secret,
        "select count(*) > 0 from pg_statistic where starelid = 'kept'::regclass",
        "t",
    )?;
    upgraded.says("is upgraded")?;
    let sizes = "create temp table sizes (mib int); \
                 copy sizes from program $$ df --block-size=1M --output=size /var/lib/postgresql | tail -n 1 $$; \
                 select mib > 3500 from sizes";
    upgraded.sql(secret, sizes, "t")?;
    context.note(&format!("a newer image found the volume and upgraded it: PostgreSQL {version}"));
    Ok(())
}

/// Installs what machines are made and run with.
pub fn install_all(context: &e2e::Context) -> Result<()> {
    install(context, &[DISKS, MACHINES].concat())
}

/// Installs what is missing.
fn install(context: &e2e::Context, needed: &[Needed]) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &str| {
        Path::new(name).is_file() || std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    let missing: Vec<&str> =
        needed.iter().filter(|(name, _)| !there(name)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    context.note(&format!("installing {}", missing.join(" ")));
    apt::get(context, &["update"], "apt-update-machine")?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    apt::get(context, &words, "apt-install-machine").map(drop)
}

/// The Debian that images are made of; kept between runs.
pub fn base(context: &e2e::Context, place: &Path) -> Result<PathBuf> {
    let base = place.join("base");
    let record = place.join("base.packages");
    let wanted = BASE.join(" ");
    if fs::read_to_string(&record).is_ok_and(|there| there == wanted) && base.is_dir() {
        return Ok(base);
    }
    if base.exists() {
        fs::remove_dir_all(&base)?;
    }
    let began = Instant::now();
    context.note("debootstrap: the base of both images");
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let suite = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("this is no release")?;
    let mut command = program("debootstrap");
    command.args(["--variant=minbase", &format!("--include={}", BASE.join(","))]);
    command.arg(suite).arg(&base).arg(apt::address(context)?);
    logged(&mut command, &context.log("debootstrap"), |_| ())?;
    fs::write(&record, wanted)?;
    context.note(&format!("the base took {:.0?}", began.elapsed()));
    Ok(base)
}

/// An instance's own root disk: larger than the image that it is a copy of.
pub fn disk(place: &Path, name: &str) -> Result<PathBuf> {
    let root = place.join(format!("root-{name}.raw"));
    output(
        program("cp")
            .args(["--sparse=always", "--reflink=auto"])
            .arg(place.join(format!("{name}.raw")))
            .arg(&root),
    )?;
    output(program("truncate").args(["--size", &format!("{ROOT_MIB}M")]).arg(&root))?;
    Ok(root)
}

/// What a machine of the end-to-end test's flake consists of, which upgrades what `from` have made, by copying or linking.
fn units(context: &e2e::Context, place: &Path, name: &str, from: &[&str], mode: &str) -> Result<PathBuf> {
    let folder = place.join(format!("flake-{name}-{mode}"));
    fs::create_dir_all(&folder)?;
    let from: Vec<String> = from.iter().map(|name| format!("\"{name}\"")).collect();
    let machine = format!(
        "packages.x86_64-linux.default = base.legacyPackages.x86_64-linux.\"psql_{name}\".machine.override {{ \
         device = \"auto\"; from = [ {} ]; mode = \"{mode}\"; }};",
        from.join(" ")
    );
    let flake = nix::around(context, &nix::reference(&context.flake(), ""), &machine);
    fs::write(folder.join("flake.nix"), flake)?;
    let mut command = nix::nix("nix");
    let link = place.join(format!("machine-{name}-{mode}"));
    command
        .args(["build", "--no-write-lock-file", "--out-link"])
        .arg(&link)
        .arg(nix::reference(&folder, "default"));
    nix::with_progress(context, &mut command, &format!("machine-{name}-{mode}"))?;
    fs::canonicalize(&link).with_context(|| format!("{}", link.display()))
}

/// The disk of a machine that has one for data and upgrades what `from` have made.
fn image(context: &e2e::Context, place: &Path, base: &Path, name: &str, from: &[&str]) -> Result<()> {
    let began = Instant::now();
    let path = units(context, place, name, from, "copy")?;
    let last = write_disk(context, nix::nix("bash"), place, base, &path.to_string_lossy(), name)?;
    context.note(&format!("image of {name} in {:.0?}: {last}", began.elapsed()));
    Ok(())
}

/// Writes PLACE/NAME.raw: the base with units that are in the store of a bash. Gives the last that is said.
pub fn write_disk(
    context: &e2e::Context,
    mut bash: Command,
    place: &Path,
    base: &Path,
    units: &str,
    name: &str,
) -> Result<String> {
    bash.arg(context.root.join("tests/e2e/machine-image.sh")).arg(base).arg(units);
    bash.arg(place.join(format!("{name}.raw"))).arg(IMAGE_MIB.to_string());
    let steps = output(&mut bash)?;
    fs::write(context.log(&format!("image-{name}")), &steps)?;
    Ok(steps.lines().last().unwrap_or_default().trim().to_owned())
}

/// Where a PostgreSQL is in the store.
pub fn built(context: &e2e::Context, name: &str) -> Result<String> {
    let paths = nix::build(context, &format!("bin-{name}"), &context.flake(), &[format!("psql_{name}/bin")])?;
    match paths.as_slice() {
        [path] => Ok(path.clone()),
        other => bail!("psql_{name}/bin has {} paths", other.len()),
    }
}

/// A disk with nothing on it.
pub fn empty(disk: &Path, mib: u64) -> Result<()> {
    let file = fs::File::create(disk).with_context(|| format!("{}", disk.display()))?;
    Ok(file.set_len(mib * 1024 * 1024)?)
}
