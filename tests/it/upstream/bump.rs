//! `outdated`, `bump`: from a tag upstream to the generated tree.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::upstream::repository::{Repository, git};
use crate::upstream::server::{Answer, Server};

pub const FLAKE: &str = r#"
description = "Test"
systems = ["x86_64-linux"]
default-postgresql = "15"

[inputs.nixpkgs]
url = "github:NixOS/nixpkgs/nixos-unstable"
rev = "e2587caef70cea85dd97d7daab492899902dbf5d"
nar-hash = "sha256-wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI="
last-modified = 1784796856
"#;

pub const POSTGRESQL: &str = r#"# PostgreSQLs
[[postgresql]]
name = "15"
major = 15   # the old one
version = "15.18"
hash = "sha256-Ed8N+X/j6kupp5H6rznO4dL+Vx54iFtbVdhRfSfDI7Q="

[[postgresql]]
name = "17"
major = 17
"#;

pub const VECTOR: &str = r#"# Vectors.
description = "Vector similarity search"
license = "postgresql"
kind = "pgxs"
sql = ["vector"]
source = { github = "pgvector/pgvector", tag = "v{version}" }   # where from
changelog = "https://example.org/{version}"

[[version]]
version = "0.7.0" # old
postgresql = ["15"]
hash = "sha256-qwPaguQUdDHV8q6GDneLq5MuhVroPizpbqt7f08gKJI="

# The one that people have.
[[version]]
version = "0.8.0"
postgresql = [
  "15", # still
  "17",
]
hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="
make-flags = ["OPTFLAGS="]

# The end.
"#;

/// A repository with a catalogue, and the folder that stands in for GitHub.
pub struct Place {
    pub root: tempfile::TempDir,
    github: tempfile::TempDir,
    pub server: Server,
}

impl Place {
    pub fn new() -> Self {
        let place = Self {
            root: tempfile::tempdir().unwrap(),
            github: tempfile::tempdir().unwrap(),
            server: Server::start(),
        };
        place.write("catalogue/flake.toml", FLAKE);
        place.write("catalogue/postgresql.toml", POSTGRESQL);
        place.write("catalogue/extensions/pgvector.toml", VECTOR);
        place
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// Puts a repository at OWNER/REPO.
    pub fn serve(&self, name: &str, repository: &Repository) {
        let path = self.github.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_dir_all(&path);
        git(self.root.path(), &["clone", "--quiet", "--bare", &repository.url(), path.to_str().unwrap()]);
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        command
            .current_dir(self.root.path())
            .args(arguments)
            .env("PGFLAKEGEN_MIRROR_GITHUB", format!("file://{}", self.github.path().display()))
            .env("PGFLAKEGEN_MIRROR_GITHUB_API", format!("{}/api", self.server.address()))
            .env("PGFLAKEGEN_MIRROR_POSTGRESQL", format!("{}/postgresql", self.server.address()))
            .env("PGFLAKEGEN_MIRROR_PGXN", format!("{}/pgxn", self.server.address()))
            .env("PGFLAKEGEN_MIRROR_CRATES", format!("{}/crates", self.server.address()))
            .env("PGFLAKEGEN_MIRROR_CRATES_INDEX", format!("{}/index", self.server.address()))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "T")
            .env("GIT_AUTHOR_EMAIL", "t@example.org")
            .env("GIT_COMMITTER_NAME", "T")
            .env("GIT_COMMITTER_EMAIL", "t@example.org")
            .env_remove("GITHUB_TOKEN");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Exit code, stdout, stderr.
    pub fn said(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.run(arguments);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// The hash that a file of OWNER/REPO at a tag has.
    pub fn hash(&self, name: &str, tag: &str) -> String {
        let (code, out, err) = self.said(&["prefetch", "-q", &format!("github:{name}/refs/tags/{tag}")]);
        assert_eq!(code, 0, "{err}");
        out.trim().to_owned()
    }
}

pub fn vector(tags: &[&str]) -> Repository {
    let repository = Repository::new();
    for tag in tags {
        repository
            .write("version.txt", tag)
            .write("vector.control", format!("default_version = '{}'\n", &tag[1..]));
        repository.commit(tag);
        repository.tag(tag);
    }
    repository
}

/// PostgreSQL's download page and one tarball.
pub fn postgresql(place: &Place) {
    let page = "<a href=\"../\">..</a> <a href=\"v15.18/\">v15.18/</a> <a href=\"v15.19/\"></a> <a href=\"v17.9/\"></a> <a href=\"v15beta2/\"></a>";
    place.server.on("/postgresql/", Answer::Bytes(page.into()));
    place.server.on("/postgresql/v15.19/postgresql-15.19.tar.bz2", Answer::Bytes(b"tarball".to_vec()));
}

#[test]
fn without_a_name_it_says_what_to_type() {
    let place = Place::new();
    let (code, out, err) = place.said(&["bump"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("say what: `pgflakegen bump NAME`, which takes several, or --all"), "{err}");
    assert_eq!(place.said(&["bump", "--all", "pgvector"]).0, 2);
}

#[test]
fn a_new_version_comes_in_and_nothing_else_changes() {
    let place = Place::new();
    place.serve(
        "pgvector/pgvector",
        &vector(&["v0.7.0", "v0.8.0", "v0.8.1", "v0.9.0-rc1", "v0.9.0-build", "nightly"]),
    );
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("pgvector 0.8.0 → 0.8.1 (15 17)\n  https://example.org/0.8.1\n"), "{out}");
    assert!(out.contains("https://github.com/pgvector/pgvector/compare/v0.8.0...v0.8.1"), "{out}");
    let hash = place.hash("pgvector/pgvector", "v0.8.1");
    let new = format!(
        "\n[[version]]\nversion = \"0.8.1\"\npostgresql = [\n  \"15\", # still\n  \"17\",\n]\nhash = \"{hash}\"\nmake-flags = [\"OPTFLAGS=\"]\n"
    );
    let at = VECTOR.find("\n# The end").unwrap();
    assert_eq!(
        place.read("catalogue/extensions/pgvector.toml"),
        format!("{}{new}{}", &VECTOR[..at], &VECTOR[at..])
    );
    assert!(place.read("generated/extensions/pgvector.nix").contains(&hash));
    let (code, out, _) = place.said(&["bump", "pgvector"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(place.said(&["check"]).0, 0);
}

#[test]
fn outdated_lists_and_changes_nothing() {
    let place = Place::new();
    postgresql(&place);
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    // The branch is where the pin is: a commit cannot be made to order, but the catalogue can.
    let nixpkgs = vector(&["v1"]);
    nixpkgs.git(&["branch", "nixos-unstable"]);
    let head = nixpkgs.git(&["rev-parse", "HEAD"]);
    place.serve("NixOS/nixpkgs", &nixpkgs);
    place.write(
        "catalogue/flake.toml",
        &FLAKE.replace("e2587caef70cea85dd97d7daab492899902dbf5d", head.trim()),
    );
    let (code, out, err) = place.said(&["outdated"]);
    assert_eq!(code, 1, "{err}");
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[1..],
        [vec!["pgvector", "0.8.0", "0.8.1", "15", "17"], vec!["postgresql", "15", "15.18", "15.19", "15"]]
    );
    let (code, out, _) = place.said(&["outdated", "pgvector", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["outdated"][0]["to"].as_str()), (1, Some("0.8.1")));
    assert_eq!(place.read("catalogue/extensions/pgvector.toml"), VECTOR);
    let (code, out, _) = place.said(&["bump", "--all", "--dry-run"]);
    assert_eq!((code, out.lines().filter(|line| line.contains('→')).count()), (0, 2));
    assert_eq!(place.read("catalogue/extensions/pgvector.toml"), VECTOR);
    place.serve("pgvector/pgvector", &vector(&["v0.8.0"]));
    assert_eq!(place.said(&["outdated", "pgvector"]).0, 0);
}

#[test]
fn postgresql_itself() {
    let place = Place::new();
    postgresql(&place);
    let (code, out, err) = place.said(&["bump", "postgresql"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, "postgresql 15 15.18 → 15.19 (15)\n  https://www.postgresql.org/docs/release/15.19/\n");
    let old = "version = \"15.18\"\nhash = \"sha256-Ed8N+X/j6kupp5H6rznO4dL+Vx54iFtbVdhRfSfDI7Q=\"";
    // sha256sum of the text "tarball"
    let new = "version = \"15.19\"\nhash = \"sha256-s6Uz8mT/4rZHsC0HJg2oIx/7Pe1i/vBjx5oh8cb3L60=\"";
    let text = place.read("catalogue/postgresql.toml");
    let hash = text.lines().find(|line| line.starts_with("hash")).unwrap();
    let new = format!("{}\n{hash}", new.lines().next().unwrap());
    assert_eq!(text, POSTGRESQL.replace(old, &new));
    let sum = Command::new("sh").args(["-c", "printf tarball | sha256sum"]).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let bytes = data_encoding::HEXLOWER.decode(sum.split(' ').next().unwrap().as_bytes()).unwrap();
    assert_eq!(hash, format!("hash = \"sha256-{}\"", data_encoding::BASE64.encode(&bytes)));
}

#[test]
fn a_failure_changes_nothing_unless_told_to_go_on() {
    let place = Place::new();
    postgresql(&place);
    place.server.on("/postgresql/v15.19/postgresql-15.19.tar.bz2", Answer::Status(404, String::new()));
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    let (code, out, err) = place.said(&["bump", "--all"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("PGF502") && err.contains("postgresql 15"), "{err}");
    assert_eq!(place.read("catalogue/extensions/pgvector.toml"), VECTOR);
    let (code, out, _) = place.said(&["bump", "--all", "--keep-going"]);
    assert_eq!(code, 1);
    assert!(out.contains("pgvector 0.8.0 → 0.8.1"), "{out}");
    assert_eq!(place.read("catalogue/postgresql.toml"), POSTGRESQL);
}

#[test]
fn an_exact_version_a_prerelease_and_what_is_not_there() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1", "v0.9.0-rc1", "v0.9.0"]));
    let (code, out, _) = place.said(&["bump", "pgvector@0.8.1"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("pgvector 0.8.0 → 0.8.1"), "{out}");
    let (code, _, err) = place.said(&["bump", "pgvector@7"]);
    assert_eq!(code, 1);
    assert!(err.contains("the newest are 0.9.0, 0.9.0-rc1, 0.8.1"), "{err}");
    let (code, _, err) = place.said(&["bump", "pgvektor"]);
    assert_eq!(code, 1);
    assert!(err.contains("did you mean `pgvector`?"), "{err}");
    let (code, out, _) = place.said(&["bump", "pgvector@0.9.0-rc1"]);
    assert_eq!(code, 0);
    assert!(out.contains("→ 0.9.0-rc1"), "{out}");
}

#[test]
fn old_versions_go_as_asked() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    let (code, out, err) = place.said(&["bump", "pgvector", "--replace"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("no longer there: 0.8.0"), "{out}");
    let text = place.read("catalogue/extensions/pgvector.toml");
    assert!(
        !text.contains("0.8.0") && !text.contains("that people have") && text.contains("# old"),
        "{text}"
    );
    place.write("catalogue/extensions/pgvector.toml", &VECTOR.replace("kind =", "keep = 2\nkind ="));
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("no longer there: 0.7.0"), "{out}");
    let text = place.read("catalogue/extensions/pgvector.toml");
    assert!(!text.contains("0.7.0") && text.contains("\"0.8.0\"") && text.contains("\"0.8.1\""), "{text}");
}

#[test]
fn ignored_versions_stay_out() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1", "v0.9.0"]));
    place.write(
        "catalogue/extensions/pgvector.toml",
        &VECTOR.replace("kind =", "ignore = [\"0.9.*\"]\nkind ="),
    );
    assert!(place.said(&["bump", "pgvector", "-n"]).1.contains("→ 0.8.1"));
    place.write(
        "catalogue/extensions/pgvector.toml",
        &VECTOR.replace("kind =", "versions-from = \"none\"\nkind ="),
    );
    assert_eq!(place.said(&["outdated", "pgvector"]).0, 0);
}

#[test]
fn one_tag_for_each_postgresql() {
    let place = Place::new();
    let age = "description = \"Graphs\"\nlicense = \"asl20\"\nkind = \"pgxs\"\nsource = { github = \"apache/age\" }\n\n[[version]]\nversion = \"1.5.0\"\npostgresql = [\"15\"]\ntag = \"PG15/v1.5.0-rc0\"\nhash = \"sha256-webZWgWZGnSoXwTpk816tjbtHV1UIlXkogpBDAEL4gM=\"\n\n[[version]]\nversion = \"1.7.0\"\npostgresql = [\"17\"]\ntag = \"PG17/v1.7.0-rc0\"\nhash = \"sha256-hAjhNj/benwZbbuxDl9RSjwWRai9CUozbEN6ecPKoFE=\"\n";
    place.write("catalogue/extensions/age.toml", age);
    let repository = Repository::new();
    for tag in [
        "PG15/v1.5.0-rc0",
        "PG15/v1.6.0-rc0",
        "PG17/v1.7.0-rc0",
        "PG17/v1.8.0-rc0",
        "PG16/v1.9.0-rc0",
        "v2.0.0",
    ] {
        repository.write("tag", tag).commit(tag);
        repository.tag(tag);
    }
    place.serve("apache/age", &repository);
    let (code, out, err) = place.said(&["bump", "age"]);
    assert_eq!(code, 0, "{err}");
    let bumps: Vec<_> = out.lines().filter(|line| line.contains('→')).collect();
    assert_eq!(bumps, ["age 1.5.0 → 1.6.0 (15)", "age 1.7.0 → 1.8.0 (17)"]);
    let text = place.read("catalogue/extensions/age.toml");
    assert!(
        text.contains("tag = \"PG15/v1.6.0-rc0\"") && text.contains("tag = \"PG17/v1.8.0-rc0\""),
        "{text}"
    );
}

#[test]
fn one_version_with_a_source_for_each_postgresql() {
    let place = Place::new();
    place.write(
        "catalogue/postgresql.toml",
        &format!("{POSTGRESQL}\n[[postgresql]]\nname = \"18\"\nmajor = 18\n"),
    );
    let tags =
        ["PG15/v1.5.0-rc0", "PG17/v1.5.0-rc0", "PG15/v1.6.0-rc0", "PG17/v1.6.0-rc0", "PG16/v1.6.0-rc0"];
    let repository = Repository::new();
    for tag in tags {
        repository.write("tag", tag).commit(tag);
        repository.tag(tag);
    }
    place.serve("apache/age", &repository);
    let entry = |major: &str| {
        let hash = place.hash("apache/age", &format!("PG{major}/v1.5.0-rc0"));
        format!(
            "\n# for {major}\n[[version]]\nversion = \"1.5.0\"\npostgresql = [\"{major}\"]\ntag = \"PG{major}/v1.5.0-rc0\"\nhash = \"{hash}\"\n"
        )
    };
    let head = "description = \"Graphs\"\nlicense = \"asl20\"\nkind = \"pgxs\"\nsource = { github = \"apache/age\" }\n";
    place.write("catalogue/extensions/age.toml", &format!("{head}{}{}", entry("15"), entry("17")));
    let (code, out, err) = place.said(&["bump", "age"]);
    assert_eq!(code, 0, "{err}");
    let bumps: Vec<_> = out.lines().filter(|line| line.contains('→')).collect();
    assert_eq!(bumps, ["age 1.5.0 → 1.6.0 (15)", "age 1.5.0 → 1.6.0 (17)"]);
    let text = place.read("catalogue/extensions/age.toml");
    let new = |major: &str| {
        entry(major).replace(&format!("# for {major}\n"), "").replace("1.5.0", "1.6.0").replace(
            &place.hash("apache/age", &format!("PG{major}/v1.5.0-rc0")),
            &place.hash("apache/age", &format!("PG{major}/v1.6.0-rc0")),
        )
    };
    assert_eq!(text, format!("{head}{}{}{}{}", entry("15"), new("15"), entry("17"), new("17")));
    let nix = place.read("generated/extensions/age.nix");
    assert!(nix.contains(".${lib.versions.major postgresql.version}"), "{nix}");
    assert_eq!(place.said(&["verify", "age"]).0, 0);
    assert_eq!(place.said(&["outdated", "age"]).0, 0);
    // The next PostgreSQL's tag comes later: the same version once more, when the catalogue has it there.
    repository.write("tag", "18").commit("18");
    repository.tag("PG18/v1.6.0-rc0").tag("PG18/v1.7.0-rc0");
    place.serve("apache/age", &repository);
    assert_eq!(place.said(&["outdated", "age"]).0, 0, "nothing says that 18 wants it");
    let with_18 = text.replacen("[\"17\"]", "[\"17\", \"18\"]", 1);
    place.write("catalogue/extensions/age.toml", &with_18);
    let (code, out, err) = place.said(&["bump", "age@1.6.0"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("age 1.5.0 → 1.6.0 (18)\n"), "{out}");
    let third = place.read("catalogue/extensions/age.toml");
    assert_eq!(third.matches("version = \"1.6.0\"").count(), 3, "{third}");
    assert_eq!(place.said(&["outdated", "age"]).0, 1);
}

#[test]
fn a_branch_head_is_unstable() {
    let place = Place::new();
    let repository = vector(&["v0.8.0"]);
    repository.write("new", "1");
    let head = repository.commit("later");
    place.serve("pgvector/pgvector", &repository);
    place.write(
        "catalogue/extensions/pgvector.toml",
        &VECTOR.replace("kind =", "versions-from = \"branch:main\"\nkind ="),
    );
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("0.8.0 → 0.8.0-unstable-2024-05-07 (15 17)"), "{out}");
    assert!(place.read("catalogue/extensions/pgvector.toml").contains(&format!("rev = \"{head}\"")));
    assert_eq!(place.said(&["outdated", "pgvector"]).0, 0, "it is there now");
}

#[test]
fn one_commit_for_each_extension() {
    let place = Place::new();
    postgresql(&place);
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    git(place.root.path(), &["init", "--quiet"]);
    assert_eq!(place.said(&["generate"]).0, 0);
    git(place.root.path(), &["add", "--all"]);
    git(place.root.path(), &["commit", "--quiet", "-m", "first"]);
    place.write("notes.txt", "mine");
    let (code, _, err) = place.said(&["bump", "--all", "--commit"]);
    assert_eq!(code, 0, "{err}");
    let log = git(place.root.path(), &["log", "--format=%s"]);
    assert_eq!(
        log.lines().collect::<Vec<_>>(),
        ["postgresql 15: 15.18 -> 15.19", "pgvector: 0.8.0 -> 0.8.1", "first"]
    );
    assert_eq!(git(place.root.path(), &["status", "--porcelain"]), "?? notes.txt\n");
    place.write("catalogue/flake.toml", &format!("{FLAKE}# mine\n"));
    let (code, _, err) = place.said(&["bump", "--all", "--commit"]);
    assert_eq!(code, 2);
    assert!(err.contains("not committed"), "{err}");
}

#[test]
fn each_file_that_upstream_built() {
    let place = Place::new();
    place.serve("someone/thing", &vector(&["v0.8.0", "v0.8.1"]));
    let file =
        |version: &str, major: u32, platform: &str| format!("/{version}/thing-pg{major}-{platform}.zip");
    let mut address = String::new();
    for (major, platform) in [(15, "amd64"), (17, "amd64"), (17, "arm64")] {
        let bytes = format!("{major} {platform}").into_bytes();
        let path = file("0.8.1", major, platform);
        address = place.server.on(&path, Answer::Bytes(bytes)).replace(&path, "");
    }
    place.write(
        "catalogue/extensions/pgvector.toml",
        &format!(
            "description = \"Thing\"\nhomepage = \"https://example.org\"\nlicense = \"mit\"\nkind = \"prebuilt\"\n\
             source = {{ url = \"{address}/{{version}}/thing-pg{{postgresql}}-{{platform}}.zip\" }}\n\
             platforms = {{ x86_64-linux = \"amd64\", aarch64-linux = \"arm64\" }}\n\
             versions-from = \"tags:https://github.com/someone/thing\"\n\n\
             [[version]]\nversion = \"0.8.0\"\npostgresql = [\"15\", \"17\"]\n\
             hashes.x86_64-linux = {{ \"15\" = \"sha256-u/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50=\", \
             \"17\" = \"sha256-v/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50=\" }}\n\
             hashes.aarch64-linux = {{ \"15\" = \"sha256-w/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50=\", \
             \"17\" = \"sha256-x/hrHOJJTpgVWfNQpJNmKFLGhbRWZnmGBMzIYDHmv50=\" }}\n"
        ),
    );
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("0.8.0 → 0.8.1"), "{out}");
    assert!(out.contains("there is no file for aarch64-linux and PostgreSQL 15"), "{out}");
    let value: toml::Table = place.read("catalogue/extensions/pgvector.toml").parse().unwrap();
    let new = &value["version"][1];
    for (system, major, platform) in
        [("x86_64-linux", "15", "amd64"), ("x86_64-linux", "17", "amd64"), ("aarch64-linux", "17", "arm64")]
    {
        let url = format!("{address}{}", file("0.8.1", major.parse().unwrap(), platform));
        let (_, hash, _) = place.said(&["prefetch", "-q", &url]);
        assert_eq!(new["hashes"][system][major].as_str(), Some(hash.trim()), "{value}");
    }
    assert!(new["hashes"]["aarch64-linux"].get("15").is_none() && new.get("hash").is_none(), "{value}");
    let nix = place.read("generated/extensions/pgvector.nix");
    assert!(
        nix.contains("buildPrebuilt { inherit files; }") && nix.contains("/0.8.1/thing-pg17-arm64.zip"),
        "{nix}"
    );
    assert!(!nix.contains("src ="), "{nix}");
    // The files of the old version are gone: what is not there fails, and nothing is changed.
    let (code, _, err) = place.said(&["verify", "pgvector"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("thing-pg15-arm64.zip is not there"), "{err}");
}

#[test]
fn a_file_whose_repository_has_tags() {
    let place = Place::new();
    place.serve("someone/thing", &vector(&["v0.8.0", "v0.8.1"]));
    let url = place.server.on("/thing-0.8.1.tar.gz", Answer::Bytes(b"not an archive".to_vec()));
    let source = format!(
        "source = {{ url = \"{}\" }}\nversions-from = \"tags:https://github.com/someone/thing\"",
        url.replace("0.8.1", "{version}")
    );
    let old = "source = { github = \"pgvector/pgvector\", tag = \"v{version}\" }   # where from";
    place.write(
        "catalogue/extensions/pgvector.toml",
        &VECTOR.replace(old, &format!("homepage = \"https://example.org\"\n{source}")),
    );
    let (code, out, err) = place.said(&["bump", "pgvector"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("0.8.0 → 0.8.1"), "{out}");
    assert!(place.read("generated/extensions/pgvector.nix").contains("0.8.1"));
}

#[test]
fn what_control_files_say_is_kept_where_it_differs() {
    let place = Place::new();
    let repository = Repository::new();
    for (tag, control) in [
        ("v0.8.0", ""),
        ("v0.8.1", "relocatable = true\n"),
        ("v0.8.2", "relocatable = true\ntrusted = true\nschema = vectors\n"),
    ] {
        repository.write("deep/inside/vector.control.in", format!("default_version = '@V@'\n{control}"));
        repository.commit(tag);
        repository.tag(tag);
    }
    place.serve("pgvector/pgvector", &repository);
    let path = "catalogue/extensions/pgvector.toml";
    let bumped = |version: &str| {
        let (code, _, err) = place.said(&["bump", &format!("pgvector@{version}")]);
        assert_eq!(code, 0, "{err}");
        let text = place.read(path);
        let table = text.split("[[version]]").find(|table| table.contains(&format!("\"{version}\"")));
        table.expect("a version").to_owned()
    };
    assert!(bumped("0.8.1").contains("\ncontrol = { relocatable = true }\n"), "{}", place.read(path));
    // What is said of all versions needs no saying of one.
    let text = place.read(path).replace("\ncontrol = { relocatable = true }", "");
    place.write(path, &text.replacen("kind = ", "control = { relocatable = true }\nkind = ", 1));
    assert!(
        bumped("0.8.2")
            .contains("\ncontrol = { trusted = true, relocatable = true, schema = \"vectors\" }\n"),
        "{}",
        place.read(path)
    );
    place.write(
        path,
        &text.replacen(
            "kind = ",
            "control = { trusted = true, relocatable = true, schema = \"vectors\" }\nkind = ",
            1,
        ),
    );
    assert!(!bumped("0.8.2").contains("control"), "{}", place.read(path));
}
