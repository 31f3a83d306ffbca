//! What `[ci]` says, resolved: which services build what on which machines, and where a cache is pushed to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Machines that GitHub lends, by label, and the system of each. Labels that move (`ubuntu-latest`) are not here, as
/// a workflow would change without an edit.
pub const RUNNERS: [(&str, &str); 8] = [
    ("macos-15", "aarch64-darwin"),
    ("macos-15-intel", "x86_64-darwin"),
    ("macos-26", "aarch64-darwin"),
    ("macos-26-intel", "x86_64-darwin"),
    ("ubuntu-24.04", "x86_64-linux"),
    ("ubuntu-24.04-arm", "aarch64-linux"),
    ("ubuntu-26.04", "x86_64-linux"),
    ("ubuntu-26.04-arm", "aarch64-linux"),
];

/// What a system is built on where nothing else is said.
const USUAL: [(&str, &str); 5] = [
    ("aarch64-darwin", "macos-15"),
    ("aarch64-linux", "ubuntu-24.04-arm"),
    ("i686-linux", "ubuntu-24.04"),
    ("x86_64-darwin", "macos-15-intel"),
    ("x86_64-linux", "ubuntu-24.04"),
];

/// The runner that a system is built on where nothing else is said.
pub fn usual_runner(system: &str) -> Option<&'static str> {
    USUAL.iter().find(|(known, _)| *known == system).map(|(_, runner)| *runner)
}

/// The system of a runner.
pub fn system_of(runner: &str) -> Option<&'static str> {
    RUNNERS.iter().find(|(label, _)| *label == runner).map(|(_, system)| *system)
}

/// Whether a runner builds for a system.
pub fn builds(runner: &str, system: &str) -> bool {
    match system_of(runner) {
        Some("x86_64-linux") => matches!(system, "x86_64-linux" | "i686-linux"),
        own => own == Some(system),
    }
}

/// What a machine of GitHub's can do, by the names that derivations ask for.
pub fn features(runner: &str) -> &'static [&'static str] {
    match system_of(runner) {
        Some("x86_64-linux") => &["benchmark", "big-parallel", "kvm", "nixos-test", "uid-range"],
        Some("aarch64-linux") => &["benchmark", "big-parallel", "nixos-test", "uid-range"],
        Some(_) => &["apple-virt", "benchmark", "big-parallel", "nixos-test"],
        None => &[],
    }
}

/// What Amazon calls the architecture of a system.
pub fn amazons(system: &str) -> Option<&'static str> {
    match system {
        "x86_64-linux" => Some("x86_64"),
        "aarch64-linux" => Some("arm64"),
        _ => None,
    }
}

/// Whose pipelines are generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Buildkite.
    Buildkite,
}

impl Service {
    /// All, by name.
    pub const ALL: [(&'static str, Self); 3] =
        [("buildkite", Self::Buildkite), ("github", Self::Github), ("gitlab", Self::Gitlab)];

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, service)| *service)
    }
}

/// A workflow of GitHub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workflow {
    /// `ci.yml`.
    Ci,
    /// `release.yml`.
    Release,
    /// `update.yml`.
    Update,
}

impl Workflow {
    /// All, by name.
    pub const ALL: [(&'static str, Self); 3] =
        [("ci", Self::Ci), ("release", Self::Release), ("update", Self::Update)];

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, workflow)| *workflow)
    }
}

/// `[ci]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ci {
    /// pgflakegen itself, as a reference to a package of a flake.
    pub program: String,
    /// Whose pipelines are generated.
    pub services: Vec<Service>,
    /// Which workflows of GitHub's.
    pub workflows: Vec<Workflow>,
    /// The branch whose pushes are built, and that updates start from.
    pub branch: String,
    /// Systems with the runner of each, in the flake's order.
    pub systems: Vec<(String, String)>,
    /// Jobs of one kind and system at a time.
    pub max_parallel: u32,
    /// Minutes that a job that builds may take.
    pub timeout: u32,
    /// When new versions are looked for, as cron has it.
    pub schedule: String,
    /// One pull request for all extensions.
    pub group_updates: bool,
    /// The explorer is published at GitHub Pages.
    pub pages: bool,
    /// Other versions of actions than the program's own: version and commit.
    pub actions: BTreeMap<String, (String, String)>,
}

impl Ci {
    /// The runner of a system.
    pub fn runner(&self, system: &str) -> Option<&str> {
        self.systems.iter().find(|(known, _)| known == system).map(|(_, runner)| runner.as_str())
    }
}

/// Where what was built is pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A bucket of S3 or of a server that speaks it.
    S3 {
        /// The bucket.
        bucket: String,
        /// Its region.
        region: String,
        /// Another server than Amazon's.
        endpoint: Option<String>,
        /// The role that a job takes by OIDC.
        role: Option<String>,
    },
    /// Cachix, by the cache's name.
    Cachix(String),
    /// Attic.
    Attic {
        /// The server's address.
        server: String,
        /// The cache's name.
        cache: String,
    },
    /// A folder of the machine that builds.
    Folder(String),
}

impl Push {
    /// The store as Nix names it, without a key; `None` where Nix itself does not push.
    pub fn store(&self) -> Option<String> {
        match self {
            Self::S3 { bucket, region, endpoint, .. } => {
                let mut url = format!("s3://{bucket}?region={region}&compression=zstd");
                if let Some(endpoint) = endpoint {
                    let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", endpoint));
                    url.push_str(&format!("&endpoint={}&scheme={scheme}", host.trim_end_matches('/')));
                }
                Some(url)
            }
            Self::Folder(folder) => Some(format!("file://{folder}?compression=zstd")),
            Self::Cachix(_) | Self::Attic { .. } => None,
        }
    }
}

/// Where is pushed to, as the scripts of pipelines take it.
pub fn pushes<'p>(pushes: impl Iterator<Item = &'p Push>) -> Vec<Value> {
    let one = |push: &Push| match push {
        Push::S3 { .. } | Push::Folder(_) => json!({ "kind": "store", "store": push.store() }),
        Push::Cachix(name) => json!({ "kind": "cachix", "name": name }),
        Push::Attic { server, cache } => json!({ "kind": "attic", "server": server, "name": cache }),
    };
    pushes.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_build_for_their_systems() {
        for (system, runner) in USUAL {
            assert!(builds(runner, system), "{system}");
            assert!(!features(runner).is_empty());
        }
        assert!(!builds("ubuntu-24.04", "aarch64-linux") && !builds("mine", "x86_64-linux"));
        assert_eq!(usual_runner("riscv64-linux"), None);
    }

    #[test]
    fn stores_as_nix_names_them() {
        let s3 = |endpoint: Option<&str>| Push::S3 {
            bucket: "b".into(),
            region: "eu-central-1".into(),
            endpoint: endpoint.map(str::to_owned),
            role: None,
        };
        assert_eq!(s3(None).store().as_deref(), Some("s3://b?region=eu-central-1&compression=zstd"));
        assert_eq!(
            s3(Some("http://localhost:9000/")).store().as_deref(),
            Some("s3://b?region=eu-central-1&compression=zstd&endpoint=localhost:9000&scheme=http")
        );
        assert_eq!(Push::Cachix("a".into()).store(), None);
    }
}
