//! From the catalogue's model to what the page knows of it.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::data::{self, Catalogue, Fit, License, Override, Source};
use super::state;
use crate::catalogue::input::Place;
use crate::catalogue::model::{self, Extension, Fetcher, Postgresql, Revision, Version};
use crate::catalogue::names::{PgName, SqlName, System};
use crate::catalogue::{Files, Node, contrib, licenses, lifetime};
use crate::layout;
use crate::render;

/// A longer hand-written file is only named.
const LONG: usize = 8 * 1024;

/// What the page knows of a catalogue; `files` are those that it was read from.
pub fn catalogue(catalogue: &model::Catalogue, files: &Files) -> Catalogue {
    let flake = &catalogue.flake;
    let named: BTreeSet<&String> = catalogue.extensions.iter().flat_map(|e| &e.licenses).collect();
    let license = |name: &&String| {
        let known = licenses::find(name);
        let license = License {
            spdx: known.and_then(|license| license.spdx),
            free: known.is_none_or(|license| license.free),
        };
        ((*name).clone(), license)
    };
    let extensions: Vec<data::Extension> =
        catalogue.extensions.iter().map(|extension| one(catalogue, extension, files)).collect();
    let own: BTreeSet<&SqlName> = extensions.iter().flat_map(|extension| &extension.sql).collect();
    let required: BTreeSet<&SqlName> = extensions
        .iter()
        .flat_map(|e| {
            e.requires.iter().chain(e.versions.iter().filter_map(|v| v.requires.as_ref()).flatten())
        })
        .filter(|name| !own.contains(name) && contrib::names().any(|known| known == *name))
        .collect();
    Catalogue {
        description: flake.description.clone(),
        systems: flake.systems.clone(),
        default: flake.default_postgresql.clone(),
        port: flake.port,
        inputs: flake.inputs.iter().map(input).collect(),
        postgresqls: catalogue.postgresqls.iter().map(|p| postgresql(catalogue, p)).collect(),
        licenses: named.iter().map(license).collect(),
        contrib: required.into_iter().cloned().collect(),
        extensions,
    }
}

fn input(input: &model::Input) -> data::Input {
    let link = match (&input.place, &input.rev) {
        (Place::GitHub { owner, repo, .. }, Some(rev)) => {
            Some(format!("https://github.com/{owner}/{repo}/tree/{rev}"))
        }
        (Place::Git { url, .. }, _) | (Place::Tarball { url }, _) if is_page(url) => Some(url.clone()),
        _ => None,
    };
    let (name, revision) = (input.name.clone(), input.revision().to_owned());
    data::Input { name, revision, modified: input.last_modified, link }
}

fn is_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn source(source: &model::Source) -> Source {
    let (at, page) = match &source.fetcher {
        Fetcher::GitHub { owner, repo, at, .. } => {
            (Some(at), Some(format!("https://github.com/{owner}/{repo}")))
        }
        Fetcher::Git { url, at, .. } => (Some(at), Some(url.clone())),
        Fetcher::Url { url } => (None, Some(url.clone())),
    };
    let github = matches!(source.fetcher, Fetcher::GitHub { .. });
    let link = page.filter(|page| is_page(page)).map(|page| match at {
        Some(Revision::Tag(tag) | Revision::Rev(tag)) if github => format!("{page}/tree/{tag}"),
        _ => page,
    });
    let (tag, commit) = match at {
        Some(Revision::Tag(tag)) => (Some(tag.clone()), None),
        Some(Revision::Rev(rev)) => (None, Some(rev.clone())),
        None => (None, None),
    };
    Source { text: render::origin(source), link, tag, commit, hash: source.hash.clone() }
}

fn below(file: &Utf8Path) -> Utf8PathBuf {
    layout::in_catalogue(file)
}

fn postgresql(catalogue: &model::Catalogue, postgresql: &Postgresql) -> data::Postgresql {
    let pinned = postgresql.pinned.as_ref();
    let fork = pinned.is_some() && !postgresql.is_release() && !postgresql.prerelease;
    data::Postgresql {
        name: postgresql.name.clone(),
        attribute: render::attribute(&postgresql.name),
        major: postgresql.major,
        version: catalogue.version_of(postgresql).map(str::to_owned),
        source: pinned.map(|pinned| source(&pinned.source)),
        prerelease: postgresql.prerelease,
        fork,
        ends: lifetime::last_day(postgresql.major).filter(|_| !fork && !postgresql.prerelease),
        patches: postgresql.patches.iter().map(|file| below(file)).collect(),
        features: postgresql.features.clone(),
        settings: render::settings(catalogue, postgresql),
        preload: render::preload(catalogue, postgresql),
    }
}

/// What any version requires.
fn required(extension: &Extension) -> Vec<SqlName> {
    let mut all = extension.requires.clone();
    for name in extension.versions.iter().flat_map(|version| &version.requires) {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

fn one(catalogue: &model::Catalogue, extension: &Extension, files: &Files) -> data::Extension {
    let fits: BTreeMap<PgName, Fit> = catalogue
        .postgresqls
        .iter()
        .filter_map(|postgresql| Some((postgresql.name.clone(), fit(catalogue, extension, postgresql)?)))
        .collect();
    let anywhere = |system: &&System| fits.values().any(|fit| !fit.refused.contains_key(*system));
    let systems = catalogue.flake.systems.iter().filter(anywhere);
    let made = |system: &&System| {
        let mut files = extension.versions.iter().flat_map(|version| &version.build.files);
        !extension.kind.has_files() || files.any(|file| file.system == **system)
    };
    let systems = systems.filter(made).filter(|system| !extension.exclude_systems.contains(system));
    let systems = systems.cloned().collect();
    let (requires, preload) = (required(extension), state::preloaded(extension));
    let newest = extension.versions.last().map(|version| &version.source.fetcher);
    let repository = match newest {
        Some(Fetcher::GitHub { owner, repo, .. }) => Some(format!("https://github.com/{owner}/{repo}")),
        _ => None,
    };
    let text = |file: &Utf8PathBuf| match files.get(file) {
        Some(Node::Text(bytes)) if bytes.len() <= LONG => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let several = fits.values().any(|fit| fit.all.len() > 1);
    let versions = extension.versions.iter().enumerate().rev();
    data::Extension {
        name: extension.name.clone(),
        description: extension.description.clone(),
        homepage: extension.homepage.clone(),
        changelog: extension.changelog.clone(),
        repository,
        tags: extension.follow.template.clone(),
        licenses: extension.licenses.clone(),
        kind: extension.kind.name(),
        sql: extension.sql_names.clone(),
        side_by_side: several && extension.side_by_side,
        control: extension.control.clone(),
        settings: extension.settings.clone(),
        systems,
        not_for: extension.exclude_systems.clone(),
        overridden: extension
            .override_file
            .as_ref()
            .map(|file| Override { file: below(file), text: text(file) }),
        attributes: extension.attrs.clone(),
        broken: extension.broken.clone(),
        versions: versions
            .map(|(index, v)| version(catalogue, extension, index, v, &requires, &preload))
            .collect(),
        preload,
        requires,
        fits,
    }
}

fn version(
    catalogue: &model::Catalogue,
    extension: &Extension,
    index: usize,
    version: &Version,
    requires: &Vec<SqlName>,
    preload: &Vec<String>,
) -> data::Version {
    let has = |postgresql: &&Postgresql| match extension.fits.get(&postgresql.name) {
        Some(model::Fit::Versions { all, .. }) => all.binary_search(&index).is_ok(),
        _ => false,
    };
    let pgrx = version.build.pgrx.as_ref();
    data::Version {
        version: version.version.clone(),
        sql_version: Some(&version.sql_version).filter(|sql| **sql != version.version).cloned(),
        attribute: version.attr.clone(),
        source: source(&version.source),
        on: catalogue.postgresqls.iter().filter(has).map(|postgresql| postgresql.name.clone()).collect(),
        prerelease: version.prerelease,
        requires: Some(&version.requires).filter(|own| *own != requires).cloned(),
        preload: Some(&version.preload).filter(|own| *own != preload).cloned(),
        control: version.control.clone().filter(|own| Some(own) != extension.control.as_ref()),
        patches: version.build.patches.iter().map(|file| below(file)).collect(),
        pgrx: pgrx.map(|pgrx| pgrx.version.clone()),
        rust: pgrx.and_then(|pgrx| pgrx.rust.clone()),
        broken: version.broken.clone(),
    }
}

fn fit(catalogue: &model::Catalogue, extension: &Extension, postgresql: &Postgresql) -> Option<Fit> {
    let mut fit = match extension.fits.get(&postgresql.name)? {
        model::Fit::Versions { default, all } => {
            let newest_first = |index: &usize| extension.versions.len() - 1 - index;
            let all = all.iter().rev().map(newest_first).collect();
            return Some(Fit { default: Some(newest_first(default)), all, ..Fit::default() });
        }
        model::Fit::Nixpkgs => Fit::default(),
    };
    let Some(table) = catalogue.nixpkgs_table() else { return Some(fit) };
    let systems = &catalogue.flake.systems;
    match table.find(&extension.attrs, postgresql.major) {
        Some((_, member, version)) => {
            fit.nixpkgs = Some(version.to_owned()).filter(|version| !version.is_empty());
            let refused = systems.iter().filter_map(|system| {
                Some((system.clone(), member.refusal(postgresql.major, system)?.name()))
            });
            fit.refused = refused.collect();
        }
        None => fit.refused = systems.iter().map(|system| (system.clone(), "missing")).collect(),
    }
    Some(fit)
}
