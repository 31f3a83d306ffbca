//! The cases in `tests/cases/fetch`: archives, files and git repositories on this machine. `@` in a case is the
//! folder that they are in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgflakegen::nix::eval::Settings;

/// A tar archive of `(name, kind, contents or target, when)`; names are taken as they are.
fn tar(entries: &[(&str, tar::EntryType, &str, u64)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, data, time) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mtime(*time);
        header.set_mode(if name.ends_with("run") || kind.is_dir() { 0o755 } else { 0o644 });
        let link = matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link);
        if link {
            header.as_mut_bytes()[157..157 + data.len()].copy_from_slice(data.as_bytes());
        }
        let data = if link { &b""[..] } else { data.as_bytes() };
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Archives and files of every kind.
pub fn archives(dir: &Path) {
    use tar::EntryType::{Directory, Fifo, Link, Regular, Symlink, XHeader};
    let put = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
    let inside = [
        ("a", Regular, "hi\n", 1_600_000_000),
        ("run", Regular, "#!/bin/sh\n", 1_650_000_000),
        ("link", Symlink, "a", 1_500_000_000),
        ("absolute", Symlink, "/etc/passwd", 1_500_000_000),
        ("up", Symlink, "../../..", 1_500_000_000),
        ("sub/", Directory, "", 1_400_000_000),
        ("sub/y", Regular, "x\n", 1_600_000_000),
        ("flake.nix", Regular, "{ outputs = { self }: { inherit (self) lastModified; value = 42; }; }\n", 5),
    ];
    let named: Vec<_> = inside.iter().map(|entry| (format!("top/{}", entry.0), entry)).collect();
    let mut below = vec![("top/", Directory, "", 1_700_000_001)];
    below.extend(named.iter().map(|(name, entry)| (name.as_str(), entry.1, entry.2, entry.3)));
    let one = tar(&below);
    put("flat.tar", &tar(&inside));
    put("one.tar", &one);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&one).unwrap();
    let gzip = gzip.finish().unwrap();
    put("one.tar.gz", &gzip);
    put("no-ending", &gzip);
    put("cut.tar.gz", &gzip[..100]);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&one).unwrap();
    put("one.tar.bz2", &bzip2.finish().unwrap());
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    xz.write_all(&one).unwrap();
    put("one.tar.xz", &xz.finish().unwrap());
    let zstd = ruzstd::encoding::compress_to_vec(&one[..], ruzstd::encoding::CompressionLevel::Fastest);
    put("one.tar.zst", &zstd);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let time = zip::DateTime::from_date_and_time(2020, 1, 2, 3, 4, 6).unwrap();
    let options = zip::write::SimpleFileOptions::default().last_modified_time(time);
    zip.add_directory("top/", options).unwrap();
    zip.start_file("top/a", options.unix_permissions(0o755)).unwrap();
    zip.write_all(b"hi\n").unwrap();
    zip.add_symlink("top/link", "a", options).unwrap();
    put("one.zip", &zip.finish().unwrap().into_inner());
    put("one-file.tar", &tar(&[("a", Regular, "hi\n", 9)]));
    put("one-link.tar", &tar(&[("a", Symlink, "b", 9)]));
    put("no-time.tar", &tar(&[("t/a", Regular, "hi\n", 0)]));
    put("names-out.tar", &tar(&[("a/../../x", Regular, "1", 9), ("/y/z", Regular, "2", 9)]));
    put("hard-link.tar", &tar(&[("t/a", Regular, "hi\n", 9), ("t/b", Link, "t/a", 9)]));
    put("twice.tar", &tar(&[("t/a", Regular, "1", 9), ("t/a", Regular, "2", 9)]));
    put("empty-folder.tar", &tar(&[("t/a", Regular, "1", 9), ("t/e/", Directory, "", 9)]));
    put("git.tar", &tar(&[("t/a", Regular, "1", 9), ("t/.git/config", Regular, "1", 9)]));
    put("pipe.tar", &tar(&[("t/a", Regular, "1", 9), ("t/pipe", Fifo, "", 9)]));
    put(
        "pax.tar",
        &tar(&[
            ("x", XHeader, "20 mtime=1234567.90\n", 9),
            ("t/a", Regular, "1", 8),
            ("t/b", Regular, "", 7),
        ]),
    );
    put("empty.tar", &[0; 1024]);
    put("empty", b"");
    put("plain.txt", b"plain\n");
    fs::create_dir(dir.join("folder")).unwrap();
    fs::create_dir(dir.join("folder/sub")).unwrap();
    fs::write(dir.join("folder/sub/x"), "x").unwrap();
    std::os::unix::fs::symlink("folder/sub", dir.join("linked")).unwrap();
}

/// Repositories with submodules inside one another.
pub fn repositories(dir: &Path) {
    let git = |at: &str, time: &str, args: &[&str]| -> bool {
        let mut command = Command::new("git");
        command.current_dir(dir.join(at)).env("HOME", dir).env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("protocol.file.allow", "always"), ("init.defaultBranch", "main")] {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@b");
            command.env(format!("GIT_{who}_DATE"), format!("{time} +0000"));
        }
        command.args(args).output().is_ok_and(|output| output.status.success())
    };
    let files = |at: &str, files: &[(&str, &str)]| {
        for (name, text) in files {
            let file = dir.join(at).join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    };
    let commit =
        |at: &str, time: &str| git(at, time, &["add", "-A"]) && git(at, time, &["commit", "-qm", "c"]);
    files("subsub", &[("f", "subsub\n")]);
    files("sub", &[("f", "sub\n")]);
    files(
        "main",
        &[
            ("f", "main\n"),
            ("d/x", "x\n"),
            ("e/y", "y\n"),
            ("a.z", "z\n"),
            ("t.txt", "one\ntwo\n"),
            (
                ".gitattributes",
                "d export-ignore\ne/y export-ignore\n*.z export-ignore=no\n*.txt text eol=crlf\n",
            ),
            (
                "flake.nix",
                "{ inputs.self.submodules = true; outputs = { self }: { f = builtins.readFile ./mods/sub/inner/f; inherit (self) submodules; }; }\n",
            ),
        ],
    );
    std::os::unix::fs::symlink("f", dir.join("main/link")).unwrap();
    let made = git("subsub", "1600000001", &["init", "-q"])
        && commit("subsub", "1600000001")
        && git("sub", "1600000002", &["init", "-q"])
        && git("sub", "1600000002", &["submodule", "--quiet", "add", "../subsub", "inner"])
        && commit("sub", "1600000002")
        && git("main", "1600000003", &["init", "-q"])
        && git("main", "1600000003", &["submodule", "--quiet", "add", "../sub", "mods/sub"])
        && commit("main", "1600000003")
        && git("main", "1600000003", &["submodule", "--quiet", "update", "--init", "--recursive"])
        && git("main", "1600000004", &["tag", "-a", "-m", "tag", "v1"])
        && git("main", "1600000004", &["branch", "other"]);
    assert!(made, "git is needed, and must be able to commit");
    files("main", &[("f", "changed\n")]);
    assert!(commit("main", "1600000005"));
    assert!(git(".", "1600000009", &["clone", "-q", "main", "cloned"]));
    assert!(
        Command::new("cp").arg("-a").arg(dir.join("main")).arg(dir.join("dirty")).status().unwrap().success()
    );
    files("dirty", &[("f", "dirty\n"), ("untracked", ""), ("mods/sub/f", "dirty, too\n")]);
    files("added", &[("f", "1\n")]);
    files("none", &[]);
    fs::create_dir(dir.join("none")).unwrap();
    assert!(git("none", "1600000009", &["init", "-q"]));
    assert!(git("added", "1600000009", &["init", "-q"]) && git("added", "1600000009", &["add", "f"]));
}

/// The cases.
pub fn cases() -> Vec<PathBuf> {
    let files = super::cases("fetch");
    assert!(files.len() > 50, "only {} cases", files.len());
    files
}

/// Whether a case is evaluated as a flake would be.
pub fn is_pure(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with("pure-")
}

/// What we make of a program.
pub fn ours(text: &str, pure: bool) -> Result<String, String> {
    let settings = Settings { system: "x86_64-linux".into(), pure, ..Settings::default() };
    super::instantiated(text, settings)
}
