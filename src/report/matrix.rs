//! Extension × PostgreSQL.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::catalogue::model::{Catalogue, Extension, Fit, Postgresql};

/// What one PostgreSQL has of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    None,
    /// The package set's, with its version where that is known.
    Nixpkgs(Option<String>),
    /// Our versions, newest first.
    Versions {
        /// In `bin`.
        default: String,
        /// Besides, in `exts`.
        others: Vec<String>,
    },
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Columns: names of PostgreSQLs with their version where it is known.
    pub postgresqls: Vec<(String, Option<String>)>,
    /// Rows: names of extensions, a cell a column.
    pub rows: Vec<(String, Vec<Cell>)>,
}

/// Makes the table.
pub fn matrix(catalogue: &Catalogue) -> Matrix {
    let version = |p: &Postgresql| catalogue.version_of(p).map(str::to_owned);
    let cell = |extension: &Extension, postgresql: &Postgresql| match extension.fits.get(&postgresql.name) {
        None => Cell::None,
        Some(Fit::Nixpkgs) => {
            Cell::Nixpkgs(catalogue.nixpkgs_version(extension, postgresql).map(str::to_owned))
        }
        Some(Fit::Versions { default, all }) => {
            let version = |index: &usize| extension.versions.get(*index).map(|v| v.version.clone());
            Cell::Versions {
                default: version(default).unwrap_or_default(),
                others: all.iter().rev().filter(|index| *index != default).filter_map(version).collect(),
            }
        }
    };
    Matrix {
        postgresqls: catalogue.postgresqls.iter().map(|p| (p.name.to_string(), version(p))).collect(),
        rows: catalogue
            .extensions
            .iter()
            .map(|e| (e.name.to_string(), catalogue.postgresqls.iter().map(|p| cell(e, p)).collect()))
            .collect(),
    }
}

impl Matrix {
    /// For people: the version in `bin`, and how many there are besides.
    pub fn text(&self, all: bool) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let head = self.postgresqls.iter().map(|(name, version)| match version {
            Some(version) if version != name => format!("{name}\n{version}"),
            _ => name.clone(),
        });
        table.set_header(std::iter::once("PostgreSQL".to_owned()).chain(head));
        for (name, cells) in &self.rows {
            let cells = cells.iter().map(|cell| match cell {
                Cell::None => "·".to_owned(),
                Cell::Nixpkgs(None) => "nixpkgs".to_owned(),
                Cell::Nixpkgs(Some(version)) => format!("{version}*"),
                Cell::Versions { default, others } if others.is_empty() => default.clone(),
                Cell::Versions { default, others } if all => format!("{default}\n{}", others.join("\n")),
                Cell::Versions { default, others } => format!("{default} +{}", others.len()),
            });
            table.add_row(std::iter::once(name.clone()).chain(cells));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2)).set_cell_alignment(CellAlignment::Left);
        }
        let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if self.rows.iter().flat_map(|(_, cells)| cells).any(|cell| matches!(cell, Cell::Nixpkgs(Some(_)))) {
            text.push_str("* from nixpkgs\n");
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|(name, cells)| {
            let cells = self.postgresqls.iter().zip(cells).filter_map(|((postgresql, _), cell)| {
                let value = match cell {
                    Cell::None => return None,
                    Cell::Nixpkgs(version) => {
                        json!({ "default": "nixpkgs", "others": [], "version": version })
                    }
                    Cell::Versions { default, others } => json!({ "default": default, "others": others }),
                };
                Some((postgresql.clone(), value))
            });
            (name.clone(), Value::Object(cells.collect()))
        });
        json!({
            "postgresqls": self.postgresqls.iter().map(|(name, version)| (name.clone(), json!(version)))
                .collect::<Map<_, _>>(),
            "extensions": rows.collect::<Map<_, _>>(),
        })
    }
}
