//! What an override changes in one build, attribute by attribute.

use camino::Utf8Path;

use super::evaluate::{self, Asked, Evaluation};
use super::{Error, Host};
use crate::catalogue::model::Catalogue;
use crate::catalogue::names::System;
use crate::overrides::evaluated::Build;
use crate::overrides::evaluated::shown::{self, Change, Nothing};

/// Which build, and how it is evaluated.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Its catalogue.
    pub catalogue: &'a Catalogue,
    /// The build; see [`crate::overrides::evaluated::builds`].
    pub build: &'a Build,
    /// The system; `None`: this machine's, or the catalogue's first.
    pub system: Option<&'a str>,
    /// How. Its systems do not matter.
    pub evaluation: Evaluation,
}

/// What an override does.
#[derive(Debug)]
pub struct Shown {
    /// The system that it was evaluated for.
    pub system: System,
    /// The attributes that it changes, or why that is not known. What is missing is said with how to get it.
    pub changes: Result<Vec<Change>, Nothing>,
}

/// Evaluates a build with its override and without it.
///
/// # Errors
/// When the catalogue has no such system.
pub fn show_override(request: &Request<'_>, host: &dyn Host) -> Result<Shown, Error> {
    let Request { root, catalogue, build, system, ref evaluation } = *request;
    let system = match system {
        Some(system) => {
            evaluate::systems(catalogue, &[system.to_owned()])?;
            System::new(system)
        }
        None => evaluate::own_system(catalogue),
    };
    let task = evaluate::task(Asked { root, catalogue, evaluation, host });
    let changes = shown::changes(task, build, &system).map_err(|nothing| match nothing {
        Nothing::Missing(what) => Nothing::Missing(evaluate::missing(catalogue, what)),
        other => other,
    });
    Ok(Shown { system, changes })
}
