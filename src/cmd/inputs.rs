//! `--override-input`: other flakes for the inputs of the one that is looked at.

/// Options of everything that looks at a flake.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Inputs {
    /// Take another flake for an input: a folder, or any flake reference
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"], action = clap::ArgAction::Append)]
    pub override_input: Vec<String>,
}

impl Inputs {
    /// Path of the input (`nixpkgs`, `a/nixpkgs`) and the reference to take in its place.
    pub fn overrides(&self) -> Vec<(String, String)> {
        self.override_input.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }
}
