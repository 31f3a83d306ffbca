//! `flake.nix` and `generated/default.nix`.

use serde::Serialize;

use super::engine::{Template, fill};
use crate::catalogue::expression::Nix;
use crate::catalogue::licenses;
use crate::catalogue::model::{Catalogue, Input};
use crate::catalogue::names::ExtName;
use crate::nix::syntax::quote;

#[derive(Serialize)]
struct Data {
    description: String,
    inputs: Vec<InputData>,
    substituters: Option<String>,
    public_keys: String,
    rust_overlay: bool,
    systems: String,
    unfree: Option<String>,
    default: String,
    extra: bool,
    /// PostgreSQLs of which there are machine images, on which systems, and whose data they upgrade.
    machines: Option<String>,
    machine_systems: String,
    upgrade_from: String,
}

#[derive(Serialize)]
struct InputData {
    name: String,
    url: String,
    follows: Vec<Follows>,
}

#[derive(Serialize)]
struct Follows {
    name: String,
    target: String,
}

/// The reference of an input as written in `flake.nix`.
pub fn input_url(input: &Input) -> String {
    input.place.url()
}

/// The attribute of a PostgreSQL: `psql_15`.
pub fn attribute(name: &str) -> String {
    format!("psql_{name}")
}

fn list(texts: impl IntoIterator<Item = impl Into<String>>) -> String {
    Nix::strings(texts).to_string()
}

/// The text of `flake.nix`, not yet formatted.
pub fn flake(catalogue: &Catalogue) -> String {
    let flake = &catalogue.flake;
    let inputs = flake.inputs.iter().map(|input| InputData {
        name: quote::attribute(&input.name).into_owned(),
        url: Nix::string(input_url(input)).to_string(),
        follows: input
            .follows
            .iter()
            .map(|(name, target)| Follows {
                name: quote::attribute(name).into_owned(),
                target: Nix::string(target).to_string(),
            })
            .collect(),
    });
    let unfree: Vec<&ExtName> = catalogue
        .extensions
        .iter()
        .filter(|e| {
            e.licenses.iter().any(|name| licenses::is_free(name) == Some(false)) && !e.fits.is_empty()
        })
        .map(|e| &e.name)
        .collect();
    let machine = flake.machine.iter();
    fill(
        Template::Flake,
        &Data {
            description: Nix::string(&flake.description).to_string(),
            inputs: inputs.collect(),
            substituters: (!flake.caches.is_empty()).then(|| list(flake.caches.iter().map(|c| &c.url))),
            public_keys: list(flake.caches.iter().map(|c| &c.public_key)),
            rust_overlay: flake.inputs.iter().any(|input| input.name == "rust-overlay"),
            systems: list(&flake.systems),
            unfree: (!unfree.is_empty()).then(|| list(unfree)),
            default: quote::attribute(&attribute(&flake.default_postgresql)).into_owned(),
            extra: catalogue.has_extra,
            machines: flake.machine.as_ref().map(|machine| list(&machine.postgresqls)),
            machine_systems: list(machine.clone().flat_map(|machine| &machine.systems)),
            upgrade_from: list(machine.flat_map(|machine| &machine.upgrade_from)),
        },
    )
}

/// The text of `generated/default.nix`, not yet formatted.
pub fn default(catalogue: &Catalogue) -> String {
    #[derive(Serialize)]
    struct Entry {
        attribute: String,
        file: String,
    }
    #[derive(Serialize)]
    struct Default {
        postgresqls: Vec<Entry>,
    }
    let postgresqls = catalogue.postgresqls.iter().map(|p| Entry {
        attribute: quote::attribute(&attribute(&p.name)).into_owned(),
        file: Nix::File(format!("./postgresql/{}.nix", p.name).into()).to_string(),
    });
    fill(Template::Default, &Default { postgresqls: postgresqls.collect() })
}
