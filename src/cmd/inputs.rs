//! Where the inputs of the flake that is looked at are: `--override-input`, `--source-cache`, `--allow-local`.

use std::path::PathBuf;

/// Options of everything that looks at a flake.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Inputs {
    /// Take another flake for an input: a folder, or any flake reference
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"], action = clap::ArgAction::Append)]
    pub override_input: Vec<String>,
    /// Look for inputs and other sources in this folder too, by their hash
    #[arg(long, value_name = "DIR", env = "PGFLAKEGEN_SOURCE_CACHE")]
    pub source_cache: Option<PathBuf>,
    /// Let what is evaluated name folders, files and repositories of this machine as sources (path:, file://)
    /// [eval: it may always]
    #[arg(long)]
    pub allow_local: bool,
}

impl Inputs {
    /// Path of the input (`nixpkgs`, `a/nixpkgs`) and the reference to take in its place.
    pub fn overrides(&self) -> Vec<(String, String)> {
        self.override_input.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }
}
