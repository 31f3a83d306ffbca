//! `[ci]`, `[image]` and `push` as they are written; as [`raw`](super::raw), whose descriptions the JSON Schema has.

use schemars::JsonSchema;

use super::raw::{Field, List, Map};
use super::schema;

/// What builds the flake elsewhere, and when.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Ci")]
pub struct RawCi {
    /// pgflakegen itself: a package of a flake, `.#pgflakegen` or `github:OWNER/REPO/REV#pgflakegen`.
    #[schemars(required)]
    pub program: Field<String>,
    /// Whose pipelines are generated. Default: ["github"].
    #[schemars(with = "Option<Vec<schema::Service>>")]
    pub services: Field<List<String>>,
    /// Which of GitHub's workflows. Default: all three.
    #[schemars(with = "Option<Vec<schema::Workflow>>")]
    pub workflows: Field<List<String>>,
    /// The branch whose pushes are built, and that updates start from. Default: main.
    pub branch: Field<String>,
    /// Systems that are built. Default: those of the flake.
    #[schemars(with = "Option<Vec<schema::System>>")]
    pub systems: Field<List<String>>,
    /// What a system is built on: a machine that GitHub lends. Default: ubuntu-24.04, ubuntu-24.04-arm, macos-15.
    #[schemars(with = "Option<Map<schema::Runner>>")]
    pub runners: Field<Map<String>>,
    /// Jobs of one kind and system at a time. Default: 20.
    #[schemars(range(min = 1, max = 256))]
    pub max_parallel: Field<i64>,
    /// Minutes that a job may build. Default: 330.
    #[schemars(range(min = 5, max = 360))]
    pub timeout: Field<i64>,
    /// When new versions are looked for, as cron has it. Default: "23 4 * * 1".
    pub schedule: Field<String>,
    /// One pull request for all extensions, not one for each. Default: false.
    pub group_updates: Field<bool>,
    /// Whether `release.yml` publishes the explorer at GitHub Pages. Default: false.
    pub pages: Field<bool>,
    /// Other versions of actions than pgflakegen's own; `pgflakegen bump actions` writes them.
    pub actions: Field<Map<RawAction>>,
}

/// What images say of themselves, and where they are pushed to.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Image")]
pub struct RawImage {
    /// Repositories of registries that releases are pushed to. Default: ghcr.io/OWNER/REPO of the repository.
    pub repositories: Field<List<String>>,
    /// Where the catalogue is.
    #[schemars(with = "Option<schema::Url>")]
    pub source: Field<String>,
    /// Where the image is explained.
    #[schemars(with = "Option<schema::Url>")]
    pub documentation: Field<String>,
    /// Who distributes it.
    pub vendor: Field<String>,
    /// How large the closure of what images are made of, `psql_NN/slim`, may be: "400M", "2G". A check of each
    /// PostgreSQL fails beyond. Default: as large as it is.
    pub size_limit: Field<String>,
}

/// Machine images: a NixOS around a PostgreSQL, and Amazon machine images (AMIs) of it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Machine")]
pub struct RawMachine {
    /// PostgreSQLs, by name. Default: the default one.
    pub postgresql: Field<List<String>>,
    /// Systems. Default: the Linuxes of the flake, as far as there are machine images for them.
    #[schemars(with = "Option<Vec<schema::System>>")]
    pub systems: Field<List<String>>,
    /// PostgreSQLs whose data a newer machine upgrades; their programs are in the image, too. Default: none.
    pub upgrade_from: Field<List<String>>,
    /// Regions of Amazon's: images are made in the first and copied to the others. Default: none, and no AMI is made.
    pub regions: Field<List<String>>,
    /// The role that the release takes by OIDC, `arn:aws:iam::ACCOUNT:role/NAME`.
    pub role: Field<String>,
    /// Who may start the AMIs: numbers of accounts, or "all". Default: the account itself.
    pub share: Field<List<String>>,
    /// Days until an AMI is deprecated. Default: 90.
    #[schemars(range(min = 1, max = 730))]
    pub keep: Field<i64>,
}

/// A version of an action.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Action")]
pub struct RawAction {
    /// The version, which becomes a comment.
    #[schemars(required)]
    pub version: Field<String>,
    /// The commit: 40 hexadecimal digits.
    #[schemars(required, regex(pattern = r"^[0-9a-f]{40}$"))]
    pub rev: Field<String>,
}

/// Where what was built is pushed to: exactly one of s3, cachix, attic and folder.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Push")]
pub struct RawPush {
    /// A bucket.
    pub s3: Field<String>,
    /// With s3: its region.
    pub region: Field<String>,
    /// With s3: another server than Amazon's.
    #[schemars(with = "Option<schema::Url>")]
    pub endpoint: Field<String>,
    /// With s3: the role that a job takes by OIDC, `arn:aws:iam::ACCOUNT:role/NAME`.
    pub role: Field<String>,
    /// A cache at Cachix.
    pub cachix: Field<String>,
    /// A cache of an Attic server.
    pub attic: Field<String>,
    /// With attic: the server's address.
    #[schemars(with = "Option<schema::Url>")]
    pub server: Field<String>,
    /// A folder of the machine that builds, as an absolute path.
    pub folder: Field<String>,
}
