//! `bump inputs`, `outdated inputs`: the pin of nixpkgs moved, by hand and by a lock file of Nix's.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::upstream::bump::Place;
use crate::upstream::repository::{Repository, git};
use crate::upstream::server::Answer;

const FLAKE: &str = r#"# Our flake.
description = "Test"
systems = ["x86_64-linux", "aarch64-darwin"]
default-postgresql = "17"

# What everything is built with.
[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "0000000000000000000000000000000000000001"   # by hand
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856
"#;

const POSTGRESQL: &str = "[[postgresql]]\nname = \"15\"\nmajor = 15\nversion = \"15.18\"\n\
    hash = \"sha256-Ed8N+X/j6kupp5H6rznO4dL+Vx54iFtbVdhRfSfDI7Q=\"\n\n\
    [[postgresql]]\nname = \"17\"\nmajor = 17\n\n[[postgresql]]\nname = \"18\"\nmajor = 18\n";

fn from_nixpkgs(place: &Place, name: &str) {
    let text = format!(
        "description = \"Of nixpkgs\"\nhomepage = \"https://example.org\"\nlicense = \"mit\"\nsql = [\"{name}\"]\nsource = \"nixpkgs\"\npostgresql = \">=15\"\n"
    );
    place.write(&format!("catalogue/extensions/{name}.toml"), &text);
}

/// A small nixpkgs at several times: `old`, `july`, `september` (its branch's head).
fn nixpkgs() -> Repository {
    let repository = Repository::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs");
    for entry in walkdir::WalkDir::new(&from) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&from).unwrap().to_str().unwrap();
            repository.write(name, fs::read(entry.path()).unwrap());
        }
    }
    repository.git(&["checkout", "--quiet", "-b", "nixos-unstable"]);
    for (pin, tag) in [("2024-11", "old"), ("2026-07", "july"), ("2026-09", "september")] {
        repository.write("pin.nix", format!("import ./pins/{pin}.nix\n"));
        repository.commit(pin);
        repository.tag(tag);
    }
    repository
}

fn place(nixpkgs: &Repository) -> Place {
    let place = Place::new();
    fs::remove_dir_all(place.path("catalogue")).unwrap();
    place.write("catalogue/flake.toml", FLAKE);
    place.write("catalogue/postgresql.toml", POSTGRESQL);
    from_nixpkgs(&place, "pg_ed25519");
    from_nixpkgs(&place, "sqlite_fdw");
    place.serve("NixOS/nixpkgs", nixpkgs);
    assert_eq!(place.said(&["-q"]).0, 0);
    place
}

/// All that stands in a folder, but for our own notes.
fn tree(place: &Place) -> Vec<(String, Vec<u8>)> {
    let root = place.root.path();
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let named =
        files.map(|entry| (entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned(), entry));
    let named = named.filter(|(name, _)| !name.starts_with(".pgflakegen-state"));
    named.map(|(name, entry)| (name, fs::read(entry.path()).unwrap())).collect()
}

#[track_caller]
fn has(text: &str, wanted: &str) {
    assert!(text.contains(wanted), "{text}\nhas no\n{wanted}");
}

fn commit(repository: &Repository, tag: &str) -> String {
    repository.git(&["rev-parse", &format!("{tag}^{{commit}}")]).trim().to_owned()
}

/// What Nix calls the hash of a commit's tree.
fn nar_hash(place: &Place, rev: &str) -> String {
    let (code, out, err) = place.said(&["prefetch", "-q", &format!("github:NixOS/nixpkgs/{rev}")]);
    assert_eq!(code, 0, "{err}");
    out.trim().to_owned()
}

#[test]
fn of_a_new_input_only_its_place_is_to_be_said() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let september = commit(&nixpkgs, "september");
    let pinned =
        |line: &&str| ["rev =", "nar-hash =", "last-modified ="].iter().all(|key| !line.starts_with(key));
    let bare: String = FLAKE.lines().filter(pinned).map(|line| format!("{line}\n")).collect();
    place.write("catalogue/flake.toml", &bare);
    let (code, _, err) = place.said(&["check"]);
    assert_eq!((code, err.matches("error[").count()), (1, 1), "{err}");
    has(&err, "`pgflakegen bump inputs` writes it");
    let (code, out, err) = place.said(&["bump", "inputs"]);
    assert_eq!(code, 0, "{err}");
    has(&out, &format!("inputs nixpkgs (new) → {september:.12} ("));
    has(&err, "what would be rebuilt is not known: an input is new");
    let text = place.read("catalogue/flake.toml");
    has(&text, &format!("rev = \"{september}\"\nnar-hash = \"{}\"\n", nar_hash(&place, &september)));
    has(&text, "# What everything is built with.\n");
    assert_eq!(place.said(&["check"]).0, 0);
    // Nothing is written where it cannot be had.
    place.write("catalogue/flake.toml", &bare.replace("nixos-unstable", "gone"));
    let before = tree(&place);
    assert_eq!((place.said(&["bump", "inputs"]).0, tree(&place)), (1, before));
}

#[test]
fn the_pin_moves_with_lock_and_table_and_says_what_that_means() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let july = commit(&nixpkgs, "july");
    let (code, out, err) = place.said(&["bump", "inputs", "nixpkgs", "--to", "july"]);
    assert_eq!(code, 0, "{err}");
    has(&out, &format!("inputs nixpkgs 000000000000 (2026-07-23) → {:.12} (2024-05-07)", july));
    has(&out, "  pg_ed25519 is broken (17 18)\n");
    has(&out, "  sqlite_fdw is broken (18)\n");
    has(&out, "  postgresql 15: nixpkgs has 15.18 itself now (15)");
    has(&err, "what would be rebuilt is not known");
    // The commit's time, and nothing else is touched.
    let wanted = FLAKE
        .replace("0000000000000000000000000000000000000001", &july)
        .replace("sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=", &nar_hash(&place, &july))
        .replace("1784796856", "1715045400");
    assert_eq!(place.read("catalogue/flake.toml"), wanted);
    let lock: Value = serde_json::from_str(&place.read("flake.lock")).unwrap();
    assert_eq!(lock["nodes"]["nixpkgs"]["locked"]["rev"], july.as_str());
    has(&place.read("catalogue/nixpkgs.toml"), &format!("revision = \"{july}\""));
    assert_eq!(place.said(&["check"]).0, 0);
    // From table to table.
    let before = tree(&place);
    let (code, out, _) = place.said(&["bump", "inputs", "--dry-run", "--json"]);
    assert_eq!((code, tree(&place)), (0, before));
    let json: Value = serde_json::from_str(&out).unwrap();
    let means = &json["inputs"][0]["means"];
    assert_eq!(means["mended"][0]["name"], "sqlite_fdw", "{out}");
    assert_eq!(means["gone"][0], "pg_libversion", "{out}");
    assert_eq!(means["needless"], serde_json::json!([]), "{out}");
    let (code, out, err) = place.said(&["bump", "inputs"]);
    assert_eq!(code, 0, "{err}");
    has(&out, "  sqlite_fdw is no longer broken (18)\n");
    has(&place.read("catalogue/flake.toml"), &commit(&nixpkgs, "september"));
    let (code, out, err) = place.said(&["bump", "inputs"]);
    assert_eq!((code, out.as_str()), (0, ""));
    has(&err, "everything is up to date");
}

/// As from GitHub: the archive of a commit, whose time is that of what is in it.
#[test]
fn an_archive_gives_the_same_pin() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let july = commit(&nixpkgs, "july");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive.tar.gz");
    let prefix = format!("--prefix=nixpkgs-{july}/");
    nixpkgs.git(&["archive", "--format=tar.gz", &prefix, "-o", archive.to_str().unwrap(), &july]);
    let path = format!("/NixOS/nixpkgs/archive/{july}.tar.gz");
    place.server.on(&path, Answer::Bytes(fs::read(&archive).unwrap()));
    let output = place
        .command(&["bump", "inputs", "nixpkgs", "--to", &july, "--no-evaluate", "-q"])
        .env("PGFLAKEGEN_MIRROR_GITHUB", place.server.address())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.server.count(&path), 1);
    let toml: toml::Table = place.read("catalogue/flake.toml").parse().unwrap();
    let input = &toml["inputs"]["nixpkgs"];
    assert_eq!(input["nar-hash"].as_str(), Some(nar_hash(&place, &july).as_str()));
    assert_eq!(input["last-modified"].as_integer(), Some(1_715_045_400));
    // The server has no other.
    let other = "0".repeat(39) + "2";
    let output = place
        .command(&["bump", "inputs", "nixpkgs", "--to", &other])
        .env("PGFLAKEGEN_MIRROR_GITHUB", place.server.address())
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    has(&err, "PGF502");
    has(&err, "nothing was changed");
}

#[test]
fn what_is_rebuilt_is_counted_where_nixpkgs_was_at_hand() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    assert_eq!(place.said(&["bump", "inputs", "--to", "july"]).0, 0);
    let cache = tempfile::tempdir().unwrap();
    // Sources lie there under their hash.
    let hash = nar_hash(&place, &commit(&nixpkgs, "july"));
    let hash = data_encoding::BASE64.decode(hash.trim_start_matches("sha256-").as_bytes()).unwrap();
    let old = cache.path().join(data_encoding::HEXLOWER.encode(&hash));
    git(cache.path(), &["clone", "--quiet", "--branch", "july", &nixpkgs.url(), old.to_str().unwrap()]);
    fs::remove_dir_all(old.join(".git")).unwrap();
    let run = |arguments: &[&str]| {
        let output = place.command(arguments).env("PGFLAKEGEN_SOURCE_CACHE", cache.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = run(&["bump", "inputs", "--dry-run", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let count = |name: &str| json["derivations"][name].as_u64().unwrap_or_else(|| panic!("{out}"));
    // Only what has the extension that was mended.
    assert!(count("rebuilt") > 0 && count("rebuilt") < count("packages"), "{out}");
}

#[test]
fn what_cannot_be_had_changes_nothing() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let before = tree(&place);
    for (arguments, code, wanted) in [
        (&["nixpkgs", "--to", "nowhere"][..], "PGF502", "has no nowhere"),
        (&["nixpkgs", "--to", "abcdef1"], "PGF502", "a commit has 40 hexadecimal digits"),
        (
            &["--to", "00000000000000000000000000000000000000ff"],
            "PGF502",
            "00000000000000000000000000000000000000ff",
        ),
        (&["--to", "old"], "PGF428", "the oldest that works is that of NixOS 25.05"),
        (&["nixpkg"], "PGF505", "did you mean `nixpkgs`?"),
    ] {
        let arguments = [&["bump", "inputs"], arguments].concat();
        let (exit, out, err) = place.said(&arguments);
        assert_eq!((exit, out.as_str()), (1, ""), "{arguments:?}: {err}");
        has(&err, code);
        has(&err, wanted);
        assert_eq!(tree(&place), before, "{arguments:?}");
    }
    // A repository that is no nixpkgs, and one whose nixpkgs is none.
    let other = Repository::new();
    other.write("README", "hello");
    other.git(&["checkout", "--quiet", "-b", "nixos-unstable"]);
    other.commit("first");
    place.serve("NixOS/nixpkgs", &other);
    let (exit, _, err) = place.said(&["bump", "inputs"]);
    assert_eq!((exit, tree(&place)), (1, before.clone()), "{err}");
    has(&err, "PGF509");
    has(&err, "is no nixpkgs: it has not both a default.nix and a flake.nix");
    other.write("default.nix", "{ ... }: { lib = { }; }").write("flake.nix", "{ outputs = _: { }; }");
    other.commit("second");
    place.serve("NixOS/nixpkgs", &other);
    let (exit, _, err) = place.said(&["bump", "inputs"]);
    assert_eq!((exit, tree(&place)), (1, before.clone()), "{err}");
    has(&err, "PGF509");
    has(&err, "is no nixpkgs: it has no PostgreSQL");
    other.write("default.nix", "throw \"not today\"");
    other.commit("third");
    place.serve("NixOS/nixpkgs", &other);
    let (exit, _, err) = place.said(&["bump", "inputs"]);
    assert_eq!((exit, tree(&place)), (1, before), "{err}");
    has(&err, "PGF509");
    has(&err, "cannot be evaluated: error: not today");
    for arguments in [&["bump", "pgvector", "--to", "x"][..], &["bump", "inputs", "--from-lock", "--to", "x"]]
    {
        assert_eq!(place.said(arguments).0, 2, "{arguments:?}");
    }
}

/// `flake.lock` as `nix flake update` leaves it.
fn update(place: &Place, edit: impl Fn(&mut Value)) {
    let mut lock: Value = serde_json::from_str(&place.read("flake.lock")).unwrap();
    edit(&mut lock);
    place.write("flake.lock", &format!("{lock:#}\n"));
}

fn updated(place: &Place, nixpkgs: &Repository) {
    let rev = commit(nixpkgs, "july");
    let hash = nar_hash(place, &rev);
    update(place, |lock| {
        let locked = &mut lock["nodes"]["nixpkgs"]["locked"];
        locked["rev"] = rev.as_str().into();
        locked["narHash"] = hash.as_str().into();
        locked["lastModified"] = 1_715_045_400.into();
    });
}

#[test]
fn a_lock_file_that_nix_updated_is_taken_over() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let before = tree(&place);
    updated(&place, &nixpkgs);
    let rev = commit(&nixpkgs, "july");
    // Whoever moves the pin meanwhile does not undo what somebody else wants.
    let (code, _, err) = place.said(&["bump", "inputs"]);
    assert_eq!(code, 1, "{err}");
    has(&err, "PGF608");
    for arguments in [&["check"][..], &["generate"]] {
        let (code, _, err) = place.said(arguments);
        assert_eq!(code, 1, "{arguments:?}: {err}");
        has(&err, "PGF608");
        has(
            &err,
            &format!("flake.lock pins nixpkgs to {rev:.12} (2024-05-07), the catalogue to 000000000000"),
        );
        has(&err, "`pgflakegen bump inputs --from-lock`");
    }
    let changed: Vec<_> = tree(&place).into_iter().filter(|file| !before.contains(file)).collect();
    assert_eq!(changed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["flake.lock"]);
    let (code, out, err) = place.said(&["bump", "inputs", "--from-lock"]);
    assert_eq!(code, 0, "{err}");
    has(&out, "pg_ed25519 is broken (17 18)");
    has(&place.read("catalogue/flake.toml"), &rev);
    has(&place.read("catalogue/nixpkgs.toml"), &rev);
    assert_eq!(place.said(&["check"]).0, 0);
}

#[test]
fn a_lock_file_that_a_bot_committed_is_taken_over_too() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    git(place.root.path(), &["init", "--quiet"]);
    git(place.root.path(), &["add", "--all"]);
    git(place.root.path(), &["commit", "--quiet", "-m", "first"]);
    updated(&place, &nixpkgs);
    git(place.root.path(), &["commit", "--quiet", "-a", "-m", "flake.lock: Update"]);
    let (code, _, err) = place.said(&["-q"]);
    assert_eq!(code, 1, "{err}");
    has(&err, "PGF608");
    // Without the network, what the lock file says has to do.
    let (code, out, err) = place.said(&["bump", "inputs", "--from-lock", "--offline"]);
    assert_eq!(code, 0, "{err}");
    has(&out, "inputs nixpkgs 000000000000");
    has(&err, "`pgflakegen index` makes the table of it");
    assert_eq!(place.said(&["check", "-q"]).0, 0);
    // Formatted in another way it says the same.
    let lock: Value = serde_json::from_str(&place.read("flake.lock")).unwrap();
    place.write("flake.lock", &lock.to_string());
    let (code, _, err) = place.said(&["-q"]);
    assert_eq!((code, err.contains("PGF608")), (0, false), "{err}");
}

#[test]
fn a_lock_file_that_cannot_be_taken_over_changes_nothing() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let good = place.read("flake.lock");
    let zero = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    type Edit = (fn(&mut Value), &'static str, &'static str);
    let edits: [Edit; 6] = [
        (|lock| lock["version"] = 8.into(), "PGF608", "it is of version 8; versions 5 to 7 are known"),
        (|lock| lock["nodes"]["nixpkgs"]["locked"]["owner"] = "me".into(), "PGF608", "of another place"),
        (
            |lock| {
                lock["nodes"]["x"] = lock["nodes"]["nixpkgs"].clone();
                lock["nodes"]["root"]["inputs"]["x"] = "x".into();
            },
            "PGF608",
            "it has an input `x`, which the catalogue has not",
        ),
        (|lock| lock["nodes"]["nixpkgs"]["locked"]["rev"] = "7".into(), "PGF608", "not pinned by a commit"),
        (|lock| lock["nodes"]["nixpkgs"]["locked"]["rev"] = "7".repeat(40).into(), "PGF502", "7777777"),
        (|_| {}, "PGF508", zero),
    ];
    for (edit, code, wanted) in edits {
        place.write("flake.lock", &good);
        if code == "PGF508" {
            updated(&place, &nixpkgs);
            // Not the one of another commit, but a right hash of something else.
            update(&place, |lock| {
                lock["nodes"]["nixpkgs"]["locked"]["narHash"] =
                    "sha256-CgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
            });
        } else {
            update(&place, edit);
        }
        let before = tree(&place);
        let (exit, _, err) = place.said(&["bump", "inputs", "--from-lock"]);
        assert_eq!(exit, 1, "{err}");
        has(&err, code);
        has(&err, if code == "PGF508" { "flake.lock says sha256-CgAAA" } else { wanted });
        assert_eq!(tree(&place), before, "{code}");
    }
    place.write("flake.lock", "{ \"nodes\": ");
    let (exit, _, err) = place.said(&["check"]);
    assert_eq!(exit, 1, "{err}");
    has(&err, "it is no JSON");
}

/// A flake that is small, at all places that an input can be from.
#[test]
fn inputs_of_all_kinds() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let other = Repository::new();
    other.write("flake.nix", "{ outputs = _: { }; }\n").write("a/b", "c\n");
    let first = other.commit("first");
    let archive = other.path().join("../other.tar.gz");
    other.git(&["archive", "--format=tar.gz", "--prefix=x/", "-o", archive.to_str().unwrap(), "HEAD"]);
    place.server.on("/other.tar.gz", Answer::Bytes(fs::read(&archive).unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap().join("other");
    git(other.path(), &["clone", "--quiet", &other.url(), folder.to_str().unwrap()]);
    fs::remove_dir_all(folder.join(".git")).unwrap();
    let hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=";
    let mut hashes = Vec::new();
    for (url, has_rev) in [
        (format!("git+{}", other.url()), true),
        (format!("git+{}?ref=main", other.url()), true),
        (format!("{}/other.tar.gz", place.server.address()), false),
        (format!("path:{}", folder.display()), false),
    ] {
        let rev = if has_rev { format!("rev = \"{}\"\n", "1".repeat(40)) } else { String::new() };
        place.write(
            "catalogue/flake.toml",
            &format!(
                "{FLAKE}\n[inputs.other]\nurl = \"{url}\"\n{rev}nar-hash = \"{hash}\"\nlast-modified = 5\n"
            ),
        );
        let (code, _, err) = place.said(&["-q"]);
        assert_eq!(code, 0, "{url}: {err}");
        // What the catalogue names on this machine is not read without the user's word.
        if url.contains("file:") || url.contains("path:") {
            let (code, _, err) = place.said(&["bump", "inputs", "other"]);
            assert_eq!(code, 1, "{url}: {err}");
            has(&err, "--allow-local");
        }
        let (code, out, err) = place.said(&["bump", "inputs", "other", "--allow-local"]);
        assert_eq!(code, 0, "{url}: {err}");
        has(&out, "inputs other ");
        let toml: toml::Table = place.read("catalogue/flake.toml").parse().unwrap();
        let input = &toml["inputs"]["other"];
        hashes.push(input["nar-hash"].as_str().unwrap().to_owned());
        let rev = input.get("rev").and_then(toml::Value::as_str);
        assert_eq!(rev, has_rev.then_some(first.as_str()), "{url}");
        let lock: Value = serde_json::from_str(&place.read("flake.lock")).unwrap();
        let locked = &lock["nodes"]["other"]["locked"];
        assert_eq!(locked["narHash"], input["nar-hash"].as_str().unwrap());
        if !url.starts_with("path:") {
            assert_eq!(input["last-modified"].as_integer(), Some(1_715_045_400), "{url}");
        }
        // Older versions of Nix refuse it of an archive.
        assert_eq!(locked.get("lastModified").is_some(), !url.ends_with(".tar.gz"), "{url}");
        // As a newer Nix writes it.
        update(&place, |lock| {
            lock["nodes"]["other"]["locked"]["lastModified"] =
                input["last-modified"].as_integer().unwrap().into();
            lock["nodes"]["other"]["locked"]["revCount"] = 1.into();
        });
        assert_eq!(place.said(&["check", "-q"]).0, 1, "it is written in another way");
        let (code, _, err) = place.said(&["-q"]);
        assert_eq!(code, 0, "{url}: {err}");
        has(&place.read("flake.nix"), &url);
        let (code, out, err) = place.said(&["bump", "inputs", "other", "--allow-local"]);
        assert_eq!((code, out.as_str()), (0, ""), "{url}: {err}");
        if !has_rev {
            let (code, _, err) = place.said(&["bump", "inputs", "other", "--allow-local", "--to", "main"]);
            assert_eq!(code, 1);
            has(&err, "PGF509");
        }
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
}

#[test]
fn a_hash_or_revision_of_the_catalogue_that_is_wrong() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let before = tree(&place);
    let (code, _, err) = place.said(&["verify", "inputs"]);
    assert_eq!((code, tree(&place)), (1, before), "{err}");
    has(&err, "PGF502");
    assert_eq!(place.said(&["bump", "inputs"]).0, 0);
    assert_eq!(place.said(&["verify", "inputs"]).0, 0);
    let toml = place.read("catalogue/flake.toml");
    let good = nar_hash(&place, &commit(&nixpkgs, "september"));
    place.write("catalogue/flake.toml", &toml.replace(&good, &nar_hash(&place, &commit(&nixpkgs, "july"))));
    let (code, _, err) = place.said(&["verify", "inputs"]);
    assert_eq!(code, 1, "{err}");
    has(&err, "error[PGF508]: inputs nixpkgs is sha256-");
    has(&err, "catalogue/flake.toml:10:13");
}

#[test]
fn outdated_lists_inputs() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let (code, out, err) = place.said(&["outdated", "inputs", "--json"]);
    assert_eq!(code, 1, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["outdated"][0]["name"], "inputs nixpkgs");
    assert_eq!(json["outdated"][0]["to"], commit(&nixpkgs, "september")[..12].to_owned());
    assert_eq!(place.said(&["bump", "inputs", "-q"]).0, 0);
    assert_eq!(place.said(&["outdated", "inputs"]).0, 0);
}

#[test]
fn a_table_of_too_old_a_nixpkgs() {
    let nixpkgs = nixpkgs();
    let place = place(&nixpkgs);
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    git(folder.path(), &["clone", "--quiet", "--branch", "old", &nixpkgs.url(), old.to_str().unwrap()]);
    let pinned = "0000000000000000000000000000000000000001";
    let (code, _, err) = place.said(&["index", "--nixpkgs", old.to_str().unwrap(), "--revision", pinned]);
    assert_eq!(code, 0, "{err}");
    has(&place.read("catalogue/nixpkgs.toml"), "lacks = [\"postgresqlBuildExtension\"]");
    let (code, _, err) = place.said(&["check"]);
    assert_eq!(code, 1, "{err}");
    has(&err, "error[PGF428]: the pinned nixpkgs is too old: it has no postgresqlBuildExtension");
    has(&err, "catalogue/flake.toml:9:1");
    has(&err, "the oldest that works is that of NixOS 25.05");
    assert_eq!(err.matches("error[").count(), 1, "{err}");
}
