//! The input: `catalogue/*.toml`, read with spans, checked rule by rule, resolved into the [`model`].
//!
//! The way is [`files`] → `parse` → [`raw`] → [`rules`] over an [`index`] → `resolve` → [`model`]. Rules
//! only report; what they report as an error keeps `resolve` from running at all.

pub mod actions;
mod advice;
pub mod ci;
mod committed;
pub mod contrib;
pub mod decode;
pub mod expression;
pub mod features;
pub mod files;
pub mod index;
pub mod input;
pub mod kinds;
pub mod licenses;
pub mod lifetime;
pub mod lock;
pub mod model;
pub mod moved;
pub mod names;
pub mod nixpkgs;
mod parse;
pub mod pattern;
pub mod places;
pub mod postgresql_settings;
pub mod range;
pub mod raw;
mod raw_ci;
mod raw_installcheck;
mod raw_server;
mod read;
mod required;
mod resolve;
pub mod rules;
mod schema;
mod source;
pub mod sri;
mod structure;
mod syntax;
pub mod systems;
pub mod version;

use camino::Utf8Path;

use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span, foreign};
use crate::layout;
use crate::rule::{Finder, finder};

pub use committed::{Committed, committed};
pub use files::{Files, Node};
pub use model::Catalogue;
pub use schema::schemas;

/// What finds something here and is no rule.
pub const FINDERS: &[Finder] = &[
    decode::FINDER,
    finder! {
        NixpkgsTable =
            "catalogue/nixpkgs.toml says what the nixpkgs of the catalogue has for PostgreSQL: versions, licences, \
             what it refuses. `pgflakegen index` writes it from a nixpkgs on this machine; it is not written by \
             hand. Write it anew, or remove it: then `check` knows less of nixpkgs where nixpkgs itself is not at \
             hand.";
    },
    parse::FINDER,
    read::FINDER,
    required::FINDER,
    structure::FINDER,
    syntax::FINDER,
];

/// Reads, checks and resolves `catalogue/` under `root`. `None`: there are errors, which are in `sink`.
pub fn load(
    root: &Utf8Path,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> std::io::Result<Option<Catalogue>> {
    Ok(load_from(&Files::read(root)?, sources, sink))
}

/// As [`load`], from files already read.
pub fn load_from(files: &Files, sources: &mut SourceMap, sink: &mut Diagnostics) -> Option<Catalogue> {
    let mut found = Diagnostics::new();
    let raw = parse::parse(files, sources, &mut found);
    if let Some(unfit) = required::check(&raw) {
        sink.push(unfit);
        return None;
    }
    let context = rules::Context::new(&raw, files, sources);
    rules::check(&context, &mut found);
    let catalogue = if found.has_errors() { None } else { resolve::resolve(&context) };
    sink.extend(found);
    // Without the table the catalogue can be used all the same: to make the table anew, for one.
    let nixpkgs = nixpkgs(files, sources, sink);
    catalogue.map(|catalogue| Catalogue { nixpkgs, ..catalogue })
}

/// Reads `nixpkgs.toml`, if it is there.
fn nixpkgs(files: &Files, sources: &mut SourceMap, sink: &mut Diagnostics) -> Option<nixpkgs::Table> {
    let source = parse::text(Utf8Path::new(layout::NIXPKGS_TOML), files, sources, sink)?;
    match nixpkgs::Table::parse(sources.text(source)) {
        Ok(table) => Some(table),
        Err(error) => {
            let span = Span::new(source, error.span().unwrap_or_default());
            let message = format!("this is no table of what nixpkgs has: {}", foreign::line(error.message()));
            sink.push(
                Diagnostic::new(Code::NixpkgsTable, span, message)
                    .help("`pgflakegen index` writes it anew; without the file, less is known of nixpkgs"),
            );
            None
        }
    }
}
