//! Where what lies in a repository: the name of every file and folder that the program reads, writes or generates.
//! Knows no more of them than that.

use camino::{Utf8Path, Utf8PathBuf};

/// The folder of the catalogue, below the root. Most of what is named here lies in it.
pub const CATALOGUE: &str = "catalogue";
/// The folder that is generated as a whole.
pub const GENERATED: &str = "generated";
/// The folder of the JSON schemas, which is generated as a whole, too.
pub const SCHEMA: &str = "schema";
/// The generated flake.
pub const FLAKE_NIX: &str = "flake.nix";
/// Its lock file, which is generated, too.
pub const FLAKE_LOCK: &str = "flake.lock";
/// The generated SQL that makes a database ready for pgTAP.
pub const PRIME_SQL: &str = "tests/prime.sql";
/// What git is told of generated files: lines among its owner's.
pub const GIT_ATTRIBUTES: &str = ".gitattributes";
/// What git is not to see: the owner's, made once.
pub const GIT_IGNORE: &str = ".gitignore";
/// Our folder, which git ignores: the record, and new files while a tree is being replaced. People may have things of
/// their own in it.
pub const STATE: &str = ".pgflakegen-state";

/// Of every file in these with our mark, it holds that it is in the plan or goes.
pub const GENERATED_FOLDERS: [&str; 2] = [GENERATED, SCHEMA];
/// What is generated outside of them, pipelines aside.
pub const GENERATED_FILES: [&str; 3] = [FLAKE_NIX, FLAKE_LOCK, PRIME_SQL];

/// Every pipeline that may be generated, whatever `[ci]` says. One that somebody else wrote stays as it is.
pub const PIPELINES: [&str; 5] = [BUILDKITE, GITHUB_CI, GITHUB_RELEASE, GITHUB_UPDATE, GITLAB];
/// The folder of what is GitHub's.
pub const GITHUB: &str = ".github";
/// Buildkite's pipeline.
pub const BUILDKITE: &str = ".buildkite/pipeline.yml";
/// GitHub's workflow for changes.
pub const GITHUB_CI: &str = ".github/workflows/ci.yml";
/// GitHub's workflow for releases.
pub const GITHUB_RELEASE: &str = ".github/workflows/release.yml";
/// GitHub's workflow for new versions.
pub const GITHUB_UPDATE: &str = ".github/workflows/update.yml";
/// GitHub's workflow that `init` makes once, for a catalogue without `[ci]`.
pub const GITHUB_CATALOGUE: &str = ".github/workflows/catalogue.yml";
/// GitLab's pipeline.
pub const GITLAB: &str = ".gitlab-ci.yml";

/// Below the catalogue: what is true of all of it.
pub const FLAKE_TOML: &str = "flake.toml";
/// Below the catalogue: PostgreSQLs.
pub const POSTGRESQL_TOML: &str = "postgresql.toml";
/// Below the catalogue: versions of cargo-pgrx.
pub const PGRX_TOML: &str = "pgrx.toml";
/// Below the catalogue: what nixpkgs at the pinned revision has.
pub const NIXPKGS_TOML: &str = "nixpkgs.toml";
/// Below the catalogue: the names that nixpkgs has, for those who want their own.
pub const NIXPKGS_INDEX: &str = "nixpkgs.index.gz";
/// Below the catalogue: a file for each extension.
pub const EXTENSIONS: &str = "extensions";
/// Below the catalogue: files that extensions name.
pub const FILES: &str = "files";
/// Below the catalogue: `Cargo.lock`s.
pub const LOCKS: &str = "locks";
/// Below the catalogue: hand-written Nix.
pub const OVERRIDES: &str = "overrides";
/// Below the catalogue: patches.
pub const PATCHES: &str = "patches";
/// Below the catalogue: hand-written Nix that adds to the flake.
pub const EXTRA_NIX: &str = "extra.nix";

/// Below the root: a path below the catalogue.
pub fn in_catalogue(path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
    Utf8Path::new(CATALOGUE).join(path)
}

/// The other way round. What is no path below the catalogue gives none.
pub fn below_catalogue(path: &str) -> Option<&str> {
    path.strip_prefix(CATALOGUE)?.strip_prefix('/')
}

/// Below the catalogue: an extension's file.
pub fn extension_toml(name: &str) -> Utf8PathBuf {
    format!("{EXTENSIONS}/{name}.toml").into()
}

/// The extension whose file this path below the catalogue is.
pub fn extension_name(path: &Utf8Path) -> Option<&str> {
    let in_folder = path.parent().is_some_and(|folder| folder == EXTENSIONS);
    path.file_name().filter(|_| in_folder)?.strip_suffix(".toml")
}

/// Below the catalogue: where `import` puts an extension's hand-written Nix.
pub fn override_nix(extension: &str) -> Utf8PathBuf {
    format!("{OVERRIDES}/{extension}.nix").into()
}

/// Below the catalogue: the `Cargo.lock` of an extension's version.
pub fn cargo_lock(extension: &str, version: &str) -> Utf8PathBuf {
    format!("{LOCKS}/{extension}-{version}.lock").into()
}

/// Below the catalogue: an extension's patch.
pub fn patch(extension: &str, file: &str) -> Utf8PathBuf {
    format!("{PATCHES}/{extension}/{file}").into()
}

/// The version of the program that has generated the rest.
pub const VERSION_FILE: &str = "generated/VERSION";
/// The resolved catalogue.
pub const CATALOGUE_JSON: &str = "generated/catalogue.json";
/// All packages.
pub const DEFAULT_NIX: &str = "generated/default.nix";
/// The servers of `[server]`, for process-compose.
pub const PROCESS_COMPOSE: &str = "generated/process-compose.yaml";
/// The versions of cargo-pgrx.
pub const CARGO_PGRX_NIX: &str = "generated/lib/cargo-pgrx.nix";
/// The functions that all builds share.
pub const LIB: &str = "generated/lib";

/// Below the root: a path below [`GENERATED`].
pub fn in_generated(path: &str) -> Utf8PathBuf {
    format!("{GENERATED}/{path}").into()
}

/// Below the root: the Nix of a PostgreSQL.
pub fn postgresql_nix(name: &str) -> Utf8PathBuf {
    format!("{GENERATED}/postgresql/{name}.nix").into()
}

/// Below the root: the Nix of an extension.
pub fn extension_nix(name: &str) -> Utf8PathBuf {
    format!("{GENERATED}/extensions/{name}.nix").into()
}

/// Below the root: the schema called so.
pub fn schema_json(name: &str) -> Utf8PathBuf {
    format!("{SCHEMA}/{name}.json").into()
}

/// Of an attribute of the flake that servers are delivered as, `psql_17/bin` or `psql_17/slim`, of which images are made:
/// the attribute of the PostgreSQL.
pub fn delivered(attribute: &str) -> Option<&str> {
    ["/bin", "/slim"].iter().find_map(|what| attribute.strip_suffix(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extensions_file_is_directly_in_its_folder() {
        assert_eq!(extension_name(&extension_toml("pgvector")), Some("pgvector"));
        for other in ["pgvector.toml", "extensions/a/b.toml", "extensions/README.md", "patches/a.toml"] {
            assert_eq!(extension_name(Utf8Path::new(other)), None, "{other}");
        }
    }
}
