//! From the model to texts: which files there are, and what stands in each.
//!
//! One module per kind of file, one `Serialize` struct per template. Knows nothing of the disk.

mod cargo_pgrx;
mod catalogue_json;
mod engine;
mod extension;
mod fixed;
mod flake;
pub mod lock;
pub mod marker;
mod order;
mod pgtap_setup;
mod postgresql;
mod process_compose;
mod source;
mod workflows;

use std::borrow::Cow;

use camino::Utf8PathBuf;
use rayon::prelude::*;

pub use catalogue_json::{catalogue_json, origin};
pub use flake::attribute;
pub use order::{preload, settings};
pub use workflows::SCRIPTS;

use crate::catalogue::{
    self,
    model::{Catalogue, Extension, Postgresql, Server},
};
use crate::layout;
use crate::nix::syntax::format;

/// The version that a [`layout::VERSION_FILE`] says.
pub fn version_in(text: &str) -> Option<&str> {
    // After a merge there may be two.
    text.lines().rev().find(|line| line.starts_with(|c: char| c.is_ascii_digit()))
}

/// A file of the generated tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Relative to the repository's root.
    pub path: Utf8PathBuf,
    /// All of it.
    pub text: String,
}

/// One file that is to be made, not yet rendered.
enum Planned<'a> {
    Flake,
    Lock,
    CatalogueJson,
    Default,
    CargoPgrx,
    Postgresql(&'a Postgresql),
    Extension(&'a Extension),
    Prime,
    Version,
    Fixed(Cow<'static, str>, Cow<'static, str>),
    ProcessCompose(&'a Server),
    Schema(&'static str, serde_json::Value),
    Pipeline(&'static str, String),
}

fn plan(catalogue: &Catalogue) -> Vec<Planned<'_>> {
    let mut files = vec![
        Planned::Flake,
        Planned::Lock,
        Planned::CatalogueJson,
        Planned::Default,
        Planned::CargoPgrx,
        Planned::Prime,
        Planned::Version,
    ];
    files.extend(fixed::files().map(|(path, text)| Planned::Fixed(path, text)));
    files.extend(catalogue::schemas().into_iter().map(|(name, schema)| Planned::Schema(name, schema)));
    files.extend(catalogue.postgresqls.iter().map(Planned::Postgresql));
    files.extend(catalogue.flake.server.iter().map(Planned::ProcessCompose));
    if catalogue.flake.ci.is_some() {
        files.extend(SCRIPTS.iter().map(|(path, text)| Planned::Fixed((*path).into(), (*text).into())));
        let pipelines = workflows::pipelines(catalogue).into_iter();
        files.extend(pipelines.map(|(path, text)| Planned::Pipeline(path, text)));
    }
    // What no PostgreSQL can have would be dead code.
    files.extend(catalogue.extensions.iter().filter(|e| !e.fits.is_empty()).map(Planned::Extension));
    files
}

impl Planned<'_> {
    fn path(&self) -> Utf8PathBuf {
        match self {
            Planned::Flake => layout::FLAKE_NIX.into(),
            Planned::Lock => layout::FLAKE_LOCK.into(),
            Planned::CatalogueJson => layout::CATALOGUE_JSON.into(),
            Planned::Default => layout::DEFAULT_NIX.into(),
            Planned::CargoPgrx => layout::CARGO_PGRX_NIX.into(),
            Planned::Postgresql(p) => layout::postgresql_nix(&p.name),
            Planned::Extension(e) => layout::extension_nix(&e.name),
            Planned::Prime => layout::PRIME_SQL.into(),
            Planned::Version => layout::VERSION_FILE.into(),
            Planned::Fixed(path, _) => layout::in_generated(path),
            Planned::Pipeline(path, _) => (*path).into(),
            Planned::ProcessCompose(_) => layout::PROCESS_COMPOSE.into(),
            Planned::Schema(name, _) => layout::schema_json(name),
        }
    }

    fn text(&self, catalogue: &Catalogue) -> String {
        let of = |source: &str, text: &str| nix_file(Some(layout::in_catalogue(source).as_str()), text);
        match self {
            Planned::Flake => of(layout::FLAKE_TOML, &flake::flake(catalogue)),
            Planned::Lock => lock::lock(&catalogue.flake.inputs),
            Planned::CatalogueJson => catalogue_json::catalogue_json(catalogue),
            Planned::Default => of(layout::POSTGRESQL_TOML, &flake::default(catalogue)),
            Planned::CargoPgrx => of(layout::PGRX_TOML, &cargo_pgrx::cargo_pgrx(&catalogue.cargo_pgrx)),
            Planned::Postgresql(p) => of("", &postgresql::postgresql(catalogue, p)),
            Planned::Extension(e) => extension_file(e),
            Planned::Prime => pgtap_setup::prime(catalogue),
            Planned::Version => {
                format!("# {}; the version that did.\n{}\n", marker::MARK, env!("CARGO_PKG_VERSION"))
            }
            Planned::Fixed(path, body) => fixed::text(path, body),
            Planned::ProcessCompose(server) => process_compose::process_compose(catalogue, server),
            Planned::Schema(_, schema) => schema_file(schema),
            Planned::Pipeline(_, text) => text.clone(),
        }
    }
}

/// `generated/extensions/NAME.nix`.
pub fn extension_file(extension: &Extension) -> String {
    let source = layout::in_catalogue(layout::extension_toml(&extension.name));
    nix_file(Some(source.as_str()), &extension::extension(extension))
}

/// Renders everything, in the order of paths.
pub fn render(catalogue: &Catalogue) -> Vec<Generated> {
    let mut files: Vec<_> = plan(catalogue)
        .par_iter()
        .map(|planned| Generated { path: planned.path(), text: planned.text(catalogue) })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// A Nix file with its head, formatted.
///
/// # Panics
/// When a template gives something that is not Nix, which no input can cause: text comes in through the
/// escaper only.
fn nix_file(source: Option<&str>, body: &str) -> String {
    let made = match source {
        Some(source) => format!("# {} from {source}; edit that instead.", marker::MARK),
        None => format!("# {}; changes would be lost.", marker::MARK),
    };
    let text = format!("{made}\n\n{body}");
    format::format(&text).unwrap_or_else(|error| panic!("a template is not Nix: {error}\n{text}"))
}

/// A JSON Schema with its mark in `$comment`, which tools ignore.
fn schema_file(schema: &serde_json::Value) -> String {
    let comment = format!("{}.", marker::MARK);
    let mut value = serde_json::Map::from_iter([("$comment".to_owned(), comment.into())]);
    value.extend(schema.as_object().cloned().unwrap_or_default());
    format!("{:#}\n", serde_json::Value::Object(value))
}
