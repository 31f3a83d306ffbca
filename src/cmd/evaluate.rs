//! How overrides are evaluated: the options that the commands which do it share.

use super::inputs::Inputs;
use super::limits::Limits;
use super::program::messages;
use crate::nix::eval::Settings;
use crate::ops::evaluate::Evaluation;

/// Options of what evaluates overrides.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Evaluate overrides for these systems [default: all of the catalogue; check: this machine's].
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
}

impl Options {
    /// Whether one was given that has no sense without evaluation.
    pub(crate) fn any(&self) -> bool {
        !self.systems.is_empty() || !self.inputs.override_input.is_empty()
    }

    /// As operations want it.
    pub(crate) fn evaluation(&self) -> Evaluation {
        evaluation(self.systems.clone(), &self.inputs, &self.limits)
    }
}

/// Evaluation for these systems, within limits.
pub(crate) fn evaluation(systems: Vec<String>, inputs: &Inputs, limits: &Limits) -> Evaluation {
    let mut settings = Settings {
        pure: true,
        source_cache: inputs.source_cache.clone(),
        local_sources: inputs.allow_local,
        messages: messages(),
        ..Settings::default()
    };
    limits.bounded(&mut settings);
    Evaluation { systems, inputs: inputs.overrides(), settings }
}
