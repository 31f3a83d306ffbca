//! `pgflakegen sbom`: what is in an environment or image.

use std::path::PathBuf;

use super::evaluate::evaluation;
use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome};
use crate::accounts::bill::{Basis, Crates, cyclonedx, spdx2, spdx3};
use crate::diag::plural;
use crate::ops::sbom::{Request, sbom};

/// Options of `sbom`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The attribute of the flake: psql_17/bin, psql_17/docker, psql_17/exts/pgvector.
    #[arg(value_name = "ATTR")]
    pub attribute: String,

    /// Choose the document.
    #[arg(long, value_enum, default_value_t = Format::Cyclonedx)]
    pub format: Format,

    /// Look at what is built in a store: the files there say what is there at run time.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "/nix/store", require_equals = true)]
    pub store: Option<PathBuf>,

    /// Name the tools of the build as well.
    #[arg(long)]
    pub tools: bool,

    /// For this system [default: this machine's if the catalogue has it].
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
}

/// The document's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// CycloneDX 1.7.
    Cyclonedx,
    /// SPDX 3.0.1.
    Spdx,
    /// SPDX 2.3.
    #[value(name = "spdx-2.3")]
    Spdx2,
}

/// Runs it.
///
/// # Errors
/// When the attribute cannot be evaluated.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let request = Request {
        root: &root,
        attribute: args.attribute.trim_start_matches(".#"),
        tools: args.tools,
        store: args.store.as_deref(),
        evaluation: evaluation(args.system.iter().cloned().collect(), &args.inputs, &args.limits),
    };
    let bill = sbom(&request, &Host::new(context))?;
    context.json(&match args.format {
        Format::Cyclonedx => cyclonedx(&bill),
        Format::Spdx => spdx3(&bill),
        Format::Spdx2 => spdx2(&bill),
    })?;
    let tools = bill.components.iter().filter(|component| !component.reason.is_required()).count();
    let without = bill.others().filter(|component| component.licences.is_empty()).count();
    let crates =
        bill.components.iter().filter(|component| matches!(component.crates, Crates::Unknown(_))).count();
    let basis = match bill.basis {
        Basis::Store => "by what the built files refer to",
        Basis::Derivations => {
            "by derivations; what of it is there at run time says --store, once it is built"
        }
    };
    let mut said = format!("{} {basis}", plural(bill.components.len() - 1 - tools, "component"));
    if tools > 0 {
        said.push_str(&format!("; {}", plural(tools, "tool")));
    }
    if without > 0 {
        said.push_str(&format!("; {without} without a known license"));
    }
    if crates > 0 {
        said.push_str(&format!("; the crates of {crates} are not known"));
    }
    context.say(said)?;
    Ok(Outcome::Clean)
}
