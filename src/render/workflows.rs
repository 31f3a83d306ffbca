//! Pipelines from `[ci]`: GitHub's workflows, GitLab's and Buildkite's, and the scripts that all of them run.
//!
//! What the catalogue says gets into a workflow as a quoted scalar ([`text`]) and is a plain name or address by rule
//! (`catalogue/rules/ci.rs`, `push.rs`). No step has an expression in what it runs: all of it comes by variables.

use serde::Serialize;
use serde_json::Value;

use super::engine::{Template, fill};
use super::flake::attribute;
use super::marker;
use crate::catalogue::actions::{ACTIONS, reference};
use crate::catalogue::ci::{self, Ci, Push, Service, Workflow};
use crate::catalogue::model::{Catalogue, Flake};
use crate::layout;

macro_rules! scripts {
    ($($name:literal,)*) => {
        /// The scripts that pipelines run: paths below `generated/`, and texts without their heads.
        pub const SCRIPTS: &[(&str, &str)] =
            &[$((concat!("ci/", $name), include_str!(concat!("../../templates/ci/", $name))),)*];
    };
}

scripts! {
    "ami.sh",
    "build.sh",
    "comment.sh",
    "explorer.sh",
    "image.sh",
    "manifest.sh",
    "oci.sh",
    "outdated.sh",
    "plan.sh",
    "program.sh",
    "push.sh",
    "records.sh",
    "release.sh",
    "result.sh",
    "times.sh",
    "update.sh",
}

/// What a system builds at once.
const KINDS: [(&str, &str); 3] = [("base", "Base"), ("packages", "Packages"), ("checks", "Checks")];

/// The pipelines of a catalogue: path and text.
pub fn pipelines(catalogue: &Catalogue) -> Vec<(&'static str, String)> {
    let Some(ci) = &catalogue.flake.ci else { return Vec::new() };
    let data = Data::of(catalogue, ci);
    let mut files = Vec::new();
    let mut add = |path: &'static str, template: Template| {
        let head = format!(
            "# {} from {}; edit that instead.\n\n",
            marker::MARK,
            layout::in_catalogue(layout::FLAKE_TOML)
        );
        files.push((path, head + &fill(template, &data)));
    };
    if ci.services.contains(&Service::Buildkite) {
        add(layout::BUILDKITE, Template::Buildkite);
    }
    if ci.services.contains(&Service::Github) {
        for workflow in &ci.workflows {
            match workflow {
                Workflow::Ci => add(layout::GITHUB_CI, Template::Ci),
                // Images are of Linux.
                Workflow::Release if !data.images.is_empty() => {
                    add(layout::GITHUB_RELEASE, Template::Release)
                }
                Workflow::Release => {}
                Workflow::Update => add(layout::GITHUB_UPDATE, Template::Update),
            }
        }
    }
    if ci.services.contains(&Service::Gitlab) {
        add(layout::GITLAB, Template::Gitlab);
    }
    files
}

/// A scalar of YAML on one line: JSON's strings are some. What GitHub would take for an expression is none.
fn text(text: &str) -> String {
    Value::from(text.replace("${{", "$ {{")).to_string()
}

#[derive(Serialize)]
struct Data {
    attest: String,
    aws: String,
    branch: String,
    builds: Vec<Build>,
    checkout: String,
    default: String,
    deploy_pages: String,
    download: String,
    /// Jobs of the system that the default PostgreSQL is built on.
    first: Vec<String>,
    first_runner: String,
    first_system: String,
    group: String,
    images: Vec<Image>,
    keep: String,
    login: String,
    machine_region: String,
    machine_role: String,
    machines: Vec<MachineImage>,
    max_parallel: u32,
    nix: String,
    pages: bool,
    program: String,
    public_keys: String,
    registries: Vec<Registry>,
    repositories: String,
    push: String,
    pushes: bool,
    regions: String,
    role: bool,
    roles: Vec<Role>,
    schedule: String,
    secrets: Vec<Secret>,
    share: String,
    substituters: String,
    tags: String,
    timeout: u32,
    upload: String,
    upload_pages: String,
}

#[derive(Serialize)]
struct Build {
    id: String,
    title: String,
    needs: Vec<String>,
    linux: bool,
}

#[derive(Serialize)]
struct Image {
    architecture: String,
    attr: String,
    postgresql: String,
    runner: String,
}

#[derive(Serialize)]
struct MachineImage {
    architecture: &'static str,
    attr: String,
    postgresql: String,
    runner: String,
    version: String,
}

#[derive(Serialize)]
struct Registry {
    host: String,
    registry: String,
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Role {
    bucket: String,
    region: String,
    role: String,
}

#[derive(Serialize)]
struct Secret {
    name: &'static str,
    value: String,
}

impl Data {
    fn of(catalogue: &Catalogue, ci: &Ci) -> Self {
        let flake = &catalogue.flake;
        let machine = flake.machine.as_ref();
        let action = |name: &str| {
            ACTIONS
                .iter()
                .find(|action| action.name == name)
                .map_or(String::new(), |a| reference(a, &ci.actions))
        };
        let builds = ci.systems.iter().flat_map(|(system, _)| {
            KINDS.iter().enumerate().map(move |(at, (kind, title))| Build {
                id: format!("{system}-{kind}"),
                title: format!("{title} of {system}"),
                needs: std::iter::once("plan".to_owned())
                    .chain(KINDS[..at].iter().map(|(before, _)| format!("{system}-{before}")))
                    .collect(),
                linux: system.ends_with("-linux"),
            })
        });
        // A runner that everybody can have, if the catalogue is for one.
        let first = ci.systems.iter().find(|(system, _)| system == "x86_64-linux").or(ci.systems.first());
        let (first_system, first_runner) = first.cloned().unwrap_or_default();
        let default = format!("packages.{first_system}.{}/bin", attribute(&flake.default_postgresql));
        let pushes = ci::pushes(flake.caches.iter().filter_map(|cache| cache.push.as_ref()));
        let roles: Vec<Role> = flake
            .caches
            .iter()
            .filter_map(|cache| match &cache.push {
                Some(Push::S3 { bucket, region, role: Some(role), .. }) => {
                    Some(Role { bucket: bucket.clone(), region: text(region), role: text(role) })
                }
                _ => None,
            })
            .collect();
        let joined = |of: fn(&crate::catalogue::model::Cache) -> &str| {
            flake.caches.iter().map(of).collect::<Vec<_>>().join(" ").replace("${{", "$ {{")
        };
        Self {
            attest: action("actions/attest"),
            aws: action("aws-actions/configure-aws-credentials"),
            branch: text(&ci.branch),
            builds: builds.collect(),
            checkout: action("actions/checkout"),
            default: text(&Value::from(vec![default]).to_string()),
            deploy_pages: action("actions/deploy-pages"),
            download: action("actions/download-artifact"),
            first: KINDS.iter().map(|(kind, _)| format!("{first_system}-{kind}")).collect(),
            first_runner,
            first_system: text(&first_system),
            group: text(&ci.group_updates.to_string()),
            images: images(catalogue, ci),
            keep: text(&machine.map_or(0, |machine| machine.keep).to_string()),
            machine_region: text(machine.and_then(|m| m.regions.first()).map_or("", String::as_str)),
            machine_role: text(machine.and_then(|m| m.role.as_deref()).unwrap_or_default()),
            machines: machines(catalogue, ci),
            login: action("docker/login-action"),
            max_parallel: ci.max_parallel,
            nix: action("cachix/install-nix-action"),
            pages: ci.pages,
            program: text(&ci.program),
            public_keys: joined(|cache| &cache.public_key),
            registries: registries(&flake.image.repositories),
            repositories: match flake.image.repositories.is_empty() {
                true => format!("{GITHUBS}/${{{{ github.repository }}}}"),
                false => text(&flake.image.repositories.join(" ")),
            },
            push: text(&Value::from(pushes.clone()).to_string()),
            pushes: !pushes.is_empty(),
            regions: text(&machine.map(|machine| machine.regions.join(" ")).unwrap_or_default()),
            share: text(&machine.map(|machine| machine.share.join(" ")).unwrap_or_default()),
            role: !roles.is_empty(),
            roles,
            schedule: text(&ci.schedule),
            secrets: secrets(flake),
            substituters: joined(|cache| &cache.url),
            tags: ci.systems.iter().map(|(system, _)| system.as_str()).collect::<Vec<_>>().join(", "),
            timeout: ci.timeout,
            upload: action("actions/upload-artifact"),
            upload_pages: action("actions/upload-pages-artifact"),
        }
    }
}

/// The secrets that pushing needs, by what is pushed to.
fn secrets(flake: &Flake) -> Vec<Secret> {
    let pushes = || flake.caches.iter().filter_map(|cache| cache.push.as_ref());
    let mut names: Vec<&'static str> = Vec::new();
    for push in pushes() {
        match push {
            Push::S3 { role: None, .. } => {
                names.extend(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "NIX_SIGNING_KEY"]);
            }
            Push::S3 { .. } | Push::Folder(_) => names.push("NIX_SIGNING_KEY"),
            Push::Cachix(_) => names.extend(["CACHIX_AUTH_TOKEN", "CACHIX_SIGNING_KEY"]),
            Push::Attic { .. } => names.push("ATTIC_TOKEN"),
        }
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Secret { name, value: format!("${{{{ secrets.{name} }}}}") }).collect()
}

/// GitHub's own registry, which takes the workflow's token.
const GITHUBS: &str = "ghcr.io";

/// Whom images are pushed to, each with the secrets of its own: DOCKER_IO_USERNAME and DOCKER_IO_PASSWORD.
fn registries(repositories: &[String]) -> Vec<Registry> {
    let mut hosts: Vec<&str> =
        repositories.iter().filter_map(|repository| Some(repository.split_once('/')?.0)).collect();
    if hosts.is_empty() {
        hosts.push(GITHUBS);
    }
    hosts.sort_unstable();
    hosts.dedup();
    let one = |host: &str| {
        let name = secrets_of(host);
        let secret = |what: &str| format!("${{{{ secrets.{name}_{what} }}}}");
        let (username, password) = match host {
            GITHUBS => ("${{ github.actor }}".to_owned(), "${{ github.token }}".to_owned()),
            _ => (secret("USERNAME"), secret("PASSWORD")),
        };
        Registry { host: host.to_owned(), registry: text(host), username, password }
    };
    hosts.into_iter().map(one).collect()
}

/// How the names of a host's secrets begin. GitHub takes none that begins with a digit or with `GITHUB_`.
fn secrets_of(host: &str) -> String {
    let name = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = host.chars().map(name).collect();
    if name.starts_with("GITHUB_") || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("REGISTRY_{name}")
    } else {
        name
    }
}

/// Images: of each PostgreSQL for each Linux that is built.
fn images(catalogue: &Catalogue, ci: &Ci) -> Vec<Image> {
    let mut images = Vec::new();
    for postgresql in &catalogue.postgresqls {
        for (system, runner) in &ci.systems {
            let architecture = match system.as_str() {
                "x86_64-linux" => "amd64",
                "aarch64-linux" => "arm64",
                _ => continue,
            };
            images.push(Image {
                architecture: architecture.to_owned(),
                attr: text(&format!("packages.{system}.{}/docker", attribute(&postgresql.name))),
                postgresql: text(&postgresql.name),
                runner: runner.clone(),
            });
        }
    }
    images
}

/// Machine images, where they are to be anywhere, for each system that is built.
fn machines(catalogue: &Catalogue, ci: &Ci) -> Vec<MachineImage> {
    let Some(machine) =
        catalogue.flake.machine.as_ref().filter(|m| !m.regions.is_empty() && m.role.is_some())
    else {
        return Vec::new();
    };
    let mut images = Vec::new();
    for postgresql in &machine.postgresqls {
        for system in &machine.systems {
            let (Some(runner), Some(architecture)) = (ci.runner(system), ci::amazons(system)) else {
                continue;
            };
            let machine =
                format!("nixosConfigurations.{}.config", attribute(&format!("{postgresql}-{system}")));
            images.push(MachineImage {
                architecture,
                attr: text(&format!("{machine}.system.build.image")),
                postgresql: text(postgresql),
                runner: runner.to_owned(),
                version: text(&format!("{machine}.services.postgresql.package.version")),
            });
        }
    }
    images
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_names_that_github_takes() {
        assert_eq!(secrets_of("docker.io"), "DOCKER_IO");
        assert_eq!(secrets_of("registry.example.org:5000"), "REGISTRY_EXAMPLE_ORG_5000");
        assert_eq!(secrets_of("10.0.0.1:5000"), "REGISTRY_10_0_0_1_5000");
        assert_eq!(secrets_of("github.example.org"), "REGISTRY_GITHUB_EXAMPLE_ORG");
    }

    #[test]
    fn every_pipeline_is_listed_and_texts_are_scalars() {
        assert!(layout::PIPELINES.is_sorted());
        assert_eq!(text("a\"b"), "\"a\\\"b\"");
        assert!(!text("${{ secrets.X }}").contains("${{"));
    }
}
