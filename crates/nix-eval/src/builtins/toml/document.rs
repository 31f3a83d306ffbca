//! What a TOML text says, and which of it may be said in several places.

use std::collections::BTreeMap;

/// A value.
#[derive(Debug)]
pub enum Node {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Vec<u8>),
    /// A date, a time, or both, as toml11 writes it.
    Date(String),
    Array(Array),
    Table(Table),
}

/// A list, or the tables under a `[[header]]`.
#[derive(Debug, Default)]
pub struct Array {
    pub items: Vec<Node>,
    /// Whether headers made it.
    pub of_headers: bool,
}

/// How a table came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// `{ … }`.
    Inline,
    /// A part of a dotted key but the last.
    Dotted,
    /// A part of a header but the last.
    #[default]
    Implicit,
    /// A header.
    Header,
}

/// A table.
#[derive(Debug, Default)]
pub struct Table {
    pub entries: BTreeMap<Vec<u8>, Node>,
    pub origin: Origin,
}

/// Nodes may be nested deeper than the stack allows to drop them one inside another.
fn dismantle(mut nodes: Vec<Node>) {
    while let Some(mut node) = nodes.pop() {
        match &mut node {
            Node::Array(array) => nodes.append(&mut array.items),
            Node::Table(table) => nodes.extend(std::mem::take(&mut table.entries).into_values()),
            _ => {}
        }
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.items));
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.entries).into_values().collect());
    }
}

impl Table {
    pub fn of(origin: Origin) -> Self {
        Self { entries: BTreeMap::new(), origin }
    }

    /// The table that all but the last of a key's parts lead to, made where it is not.
    fn reach(&mut self, keys: &[Vec<u8>], dotted: bool) -> Result<&mut Self, &'static str> {
        let mut at = self;
        for key in keys {
            let made = Self::of(if dotted { Origin::Dotted } else { Origin::Implicit });
            at = match at.entries.entry(key.clone()).or_insert_with(|| Node::Table(made)) {
                Node::Table(table) => match table.origin {
                    Origin::Inline => {
                        return Err(
                            "toml::insert_value: failed to insert a value: inline table is immutable",
                        );
                    }
                    origin if dotted && origin != Origin::Dotted => {
                        return Err("toml::insert_value: reopening a table using dotted keys");
                    }
                    _ => table,
                },
                Node::Array(Array { items, of_headers }) if matches!(items.first(), Some(Node::Table(_))) => {
                    if !*of_headers {
                        return Err("toml::insert_value:inline array of tables are immutable");
                    }
                    if dotted {
                        return Err("toml::insert_value:dotted key cannot reopen an array-of-tables");
                    }
                    match items.last_mut() {
                        Some(Node::Table(table)) => table,
                        _ => return Err(EXISTS),
                    }
                }
                _ => return Err(EXISTS),
            };
        }
        Ok(at)
    }

    /// `a.b.c = node`.
    pub fn insert(&mut self, keys: &[Vec<u8>], node: Node) -> Result<(), &'static str> {
        let Some((last, parents)) = keys.split_last() else { return Err(EXISTS) };
        let table = self.reach(parents, true)?;
        if table.entries.contains_key(last) {
            return Err(EXISTS);
        }
        table.entries.insert(last.clone(), node);
        Ok(())
    }

    /// `[a.b.c]`: the table to fill.
    pub fn header(&mut self, keys: &[Vec<u8>]) -> Result<&mut Self, &'static str> {
        let Some((last, parents)) = keys.split_last() else { return Err(EXISTS) };
        let table = self.reach(parents, false)?;
        let made = Self::of(Origin::Implicit);
        match table.entries.entry(last.clone()).or_insert(Node::Table(made)) {
            Node::Table(table) if table.origin == Origin::Implicit => {
                table.origin = Origin::Header;
                Ok(table)
            }
            _ => Err("toml::insert_value: failed to insert a table, table already defined"),
        }
    }

    /// `[[a.b.c]]`: the new table to fill.
    pub fn array_header(&mut self, keys: &[Vec<u8>]) -> Result<&mut Self, &'static str> {
        let Some((last, parents)) = keys.split_last() else { return Err(EXISTS) };
        let table = self.reach(parents, false)?;
        let new = || Node::Array(Array { items: Vec::new(), of_headers: true });
        let Node::Array(array) = table.entries.entry(last.clone()).or_insert_with(new) else {
            return Err("toml::insert_value: failed to insert an array of tables, value already exists");
        };
        if !array.of_headers {
            return Err(match array.items.first() {
                Some(Node::Table(_)) => {
                    "toml::insert_value: failed to insert a table, inline array of tables is immutable"
                }
                _ => "toml::insert_value: failed to insert an array of tables, value already exists",
            });
        }
        array.items.push(Node::Table(Self::of(Origin::Header)));
        match array.items.last_mut() {
            Some(Node::Table(table)) => Ok(table),
            _ => Err(EXISTS),
        }
    }
}

const EXISTS: &str = "toml::insert_value: failed to insert a value, value already exists";
