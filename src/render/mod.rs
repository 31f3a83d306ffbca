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
mod source;

use std::borrow::Cow;

use camino::Utf8PathBuf;
use rayon::prelude::*;

pub use catalogue_json::{catalogue_json, origin};
pub use flake::attribute;
pub use order::{preload, settings};

use crate::catalogue::{
    self,
    model::{Catalogue, Extension, Postgresql},
};
use crate::nix::syntax::format;

/// The file that says which version has generated the rest.
pub const VERSION_FILE: &str = "generated/VERSION";

/// The version that a [`VERSION_FILE`] says.
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
    Schema(&'static str, serde_json::Value),
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
    // What no PostgreSQL can have would be dead code.
    files.extend(catalogue.extensions.iter().filter(|e| !e.fits.is_empty()).map(Planned::Extension));
    files
}

impl Planned<'_> {
    fn path(&self) -> Utf8PathBuf {
        match self {
            Planned::Flake => "flake.nix".into(),
            Planned::Lock => "flake.lock".into(),
            Planned::CatalogueJson => "generated/catalogue.json".into(),
            Planned::Default => "generated/default.nix".into(),
            Planned::CargoPgrx => "generated/lib/cargo-pgrx.nix".into(),
            Planned::Postgresql(p) => format!("generated/postgresql/{}.nix", p.name).into(),
            Planned::Extension(e) => format!("generated/extensions/{}.nix", e.name).into(),
            Planned::Prime => "tests/prime.sql".into(),
            Planned::Version => VERSION_FILE.into(),
            Planned::Fixed(path, _) => format!("generated/{path}").into(),
            Planned::Schema(name, _) => format!("schema/{name}.json").into(),
        }
    }

    fn text(&self, catalogue: &Catalogue) -> String {
        let from = |source: &str, text: &str| nix_file(Some(source), text);
        match self {
            Planned::Flake => from("catalogue/flake.toml", &flake::flake(catalogue)),
            Planned::Lock => lock::lock(&catalogue.flake.inputs),
            Planned::CatalogueJson => catalogue_json::catalogue_json(catalogue),
            Planned::Default => from("catalogue/postgresql.toml", &flake::default(catalogue)),
            Planned::CargoPgrx => from("catalogue/pgrx.toml", &cargo_pgrx::cargo_pgrx(&catalogue.cargo_pgrx)),
            Planned::Postgresql(p) => from("catalogue/", &postgresql::postgresql(catalogue, p)),
            Planned::Extension(e) => extension_file(e),
            Planned::Prime => pgtap_setup::prime(catalogue),
            Planned::Version => {
                format!("# {}; the version that did.\n{}\n", marker::MARK, env!("CARGO_PKG_VERSION"))
            }
            Planned::Fixed(path, body) => fixed::text(path, body),
            Planned::Schema(_, schema) => schema_file(schema),
        }
    }
}

/// `generated/extensions/NAME.nix`.
pub fn extension_file(extension: &Extension) -> String {
    let source = format!("catalogue/extensions/{}.toml", extension.name);
    nix_file(Some(&source), &extension::extension(extension))
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
