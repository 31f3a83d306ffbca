//! What a nixpkgs tree has for PostgreSQL, asked of the tree itself: the [`Table`] that is kept beside the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::names;
use crate::catalogue::names::System;
use crate::catalogue::nixpkgs::{Seen, Table, Why};
use crate::nix::eval::{Error, ErrorKind, Kind, Machine, Result, Session, Settings, Value};
use crate::progress::{Observer, progress};

const ASK: &str = include_str!("postgresql_facts.nix");

/// One package, as the expression gives it.
#[derive(Deserialize)]
struct Fact {
    version: String,
    licenses: Vec<String>,
    unfree: bool,
    broken: bool,
    unsupported: bool,
    insecure: bool,
}

/// Asks the package set in `tree` for each of `systems`. What fails to evaluate, by a name such as
/// `postgresql_15.pkgs.age`, comes with the table: it is not in it.
///
/// # Errors
/// What evaluation says when the package set itself fails.
pub fn of_tree(
    tree: &Path,
    revision: String,
    systems: &[System],
    settings: &Settings,
    observer: &dyn Observer,
) -> std::result::Result<(Table, Vec<String>), String> {
    let mut table = Table { revision, ..Table::default() };
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut failed = BTreeSet::new();
    for system in systems {
        let settings = Settings { system: system.to_string(), ..settings.clone() };
        let session = Session::new(Arc::new(Machine), settings);
        let mut asking = Asking { observer, system, table: &mut table, seen: &mut seen, failed: &mut failed };
        asking.all(&session, tree).map_err(|error| error.report(false))?;
    }
    let asked: BTreeSet<String> = systems.iter().map(System::to_string).collect();
    table.extensions = seen.into_iter().map(|(name, seen)| (name, seen.member(&asked))).collect();
    Ok((table, failed.into_iter().collect()))
}

struct Asking<'a> {
    observer: &'a dyn Observer,
    system: &'a str,
    table: &'a mut Table,
    seen: &'a mut BTreeMap<String, Seen>,
    failed: &'a mut BTreeSet<String>,
}

impl Asking<'_> {
    fn all(&mut self, session: &Session, tree: &Path) -> Result<()> {
        let asked = names::asked(session, ASK, tree)?;
        self.table.lacks.extend(strings(&asked, "lacks", None)?);
        for major in strings(&asked, "majors", None)? {
            let Ok(number) = major.parse::<u32>() else { continue };
            let version = text(&asked, "version", &[&major])?;
            self.table.postgresql.insert(number, version);
            // Without the set of its extensions, the PostgreSQL is there all the same.
            let Ok(names) = strings(&asked, "names", Some(&major)) else {
                self.failed.insert(format!("postgresql_{major}.pkgs"));
                continue;
            };
            let asking = progress(self.observer, "evaluating", names.len());
            for name in names {
                let _task = asking.begin(|| format!("postgresql_{major}.pkgs.{name} for {}", self.system));
                let fact = text(&asked, "fact", &[&major, &name]);
                match fact.ok().and_then(|json| serde_json::from_str::<Fact>(&json).ok()) {
                    Some(fact) => self.note(name, number, fact),
                    None => {
                        self.failed.insert(format!("postgresql_{major}.pkgs.{name}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, major: u32, fact: Fact) {
        let seen = self.seen.entry(name).or_default();
        seen.licenses.extend(fact.licenses);
        seen.versions.insert(major, fact.version);
        let reasons = [
            (Why::Unfree, fact.unfree),
            (Why::Broken, fact.broken),
            (Why::Unsupported, fact.unsupported),
            (Why::Insecure, fact.insecure),
        ];
        let reasons = reasons.into_iter().filter(|(_, so)| *so);
        seen.refused.extend(reasons.map(|(why, _)| (why, major, self.system.to_owned())));
    }
}

/// What the function `name` of the question gives for `arguments`; without any, the attribute itself.
fn ask<'s>(asked: &Value<'s>, name: &str, arguments: &[&str]) -> Result<Value<'s>> {
    let value = asked
        .attr(name)?
        .ok_or_else(|| Error::new(ErrorKind::MissingAttribute, format!("attribute '{name}' missing")))?;
    if arguments.is_empty() {
        return Ok(value);
    }
    let arguments: Vec<Value<'_>> =
        arguments.iter().map(|argument| asked.session().string(argument.as_bytes())).collect();
    value.call_with(&arguments)
}

fn text(asked: &Value<'_>, name: &str, arguments: &[&str]) -> Result<String> {
    string(&ask(asked, name, arguments)?)
}

fn string(value: &Value<'_>) -> Result<String> {
    match value.force()? {
        Kind::String(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        _ => {
            let found = value.describe()?;
            Err(Error::new(ErrorKind::Type, format!("expected a string but found {found}")))
        }
    }
}

fn strings(asked: &Value<'_>, name: &str, argument: Option<&str>) -> Result<Vec<String>> {
    let arguments: Vec<&str> = argument.into_iter().collect();
    ask(asked, name, &arguments)?.elements()?.iter().map(string).collect()
}
