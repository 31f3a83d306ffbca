//! From a catalogue without errors to the [`model`](super::model): defaults filled in, keys merged,
//! references resolved.
//!
//! Runs only when no rule reported an error, so everything required is there; were a rule to miss
//! something, the answer is `None`, not a panic.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::ci::{self, Ci, Push, Service, Workflow};
use super::files;
use super::index::{kind, sql_names, versions, why_one_version};
use super::input::Place;
use super::model::{
    Build, Cache, CargoPgrx, Catalogue, Control, Database, Extension, Fetcher, Fit, Flake, Follow, Ignore,
    Image, Input, Installcheck, Kind, Machine, OneControl, Pinned, Policy, Postgresql, Server, Setting,
    Source, Test, User, Vendor, Version,
};
use super::names::{ExtName, PgName, SqlName, System, VersionAttr};
use super::raw::{
    Default as RawDefault, ExtensionFile, Field, Installcheck as RawWish, List, Map, OneOrMany, Preload,
    RawBuild, RawCi, RawControl, RawExtension, RawFlake, RawImage, RawInput, RawMachine, RawPostgresql,
    RawPush, RawServer, RawSetting, RawTest, RawVersion, SchemaOf, Which,
};
use super::rules::Context;
use super::{kinds, source, version};
use crate::layout;
use crate::nix::eval::parse_size;

/// The validated catalogue.
pub fn resolve(cx: &Context<'_>) -> Option<Catalogue> {
    let (_, raw) = cx.raw.flake.as_ref()?;
    let mut cargo_pgrx = cx
        .raw
        .cargo_pgrx
        .iter()
        .map(|entry| {
            let raw = &entry.value;
            Some(CargoPgrx {
                version: text(&raw.version)?,
                hash: text(&raw.hash)?,
                vendor: vendor(&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes)?,
                rust: text(&raw.rust),
            })
        })
        .collect::<Option<Vec<_>>>()?;
    cargo_pgrx.sort_by(|a, b| version::compare(&a.version, &b.version));
    Some(Catalogue {
        flake: flake(cx, raw)?,
        postgresqls: cx
            .raw
            .postgresqls
            .iter()
            .map(|entry| postgresql(&entry.value))
            .collect::<Option<_>>()?,
        cargo_pgrx,
        extensions: cx
            .raw
            .extensions
            .iter()
            .enumerate()
            .map(|(at, file)| extension(cx, at, file))
            .collect::<Option<_>>()?,
        nixpkgs: None,
        has_extra: matches!(
            cx.files.get(layout::EXTRA_NIX.into()),
            Some(files::Node::Text(_) | files::Node::File)
        ),
    })
}

pub(super) fn text(field: &Field<String>) -> Option<String> {
    field.as_ref().map(|text| text.value.clone())
}

fn texts(field: &Field<List<String>>) -> Vec<String> {
    field.iter().flat_map(|list| &list.value).map(|text| text.value.clone()).collect()
}

fn names<T>(field: &Field<List<String>>, new: fn(String) -> T) -> Vec<T> {
    texts(field).into_iter().map(new).collect()
}

fn map(field: &Field<Map<String>>) -> BTreeMap<String, String> {
    let pairs = field.iter().flat_map(|map| &map.value.0);
    pairs.map(|(key, value)| (key.value.clone(), value.value.clone())).collect()
}

fn path(text: &str) -> Utf8PathBuf {
    text.into()
}

fn settings(field: &Field<Map<RawSetting>>) -> BTreeMap<String, Setting> {
    let pairs = field.iter().flat_map(|map| &map.value.0);
    pairs
        .map(|(key, value)| {
            let setting = match &value.value {
                RawSetting::Boolean(value) => Setting::Boolean(*value),
                RawSetting::Integer(value) => Setting::Integer(*value),
                RawSetting::Float(value) => Setting::Float(*value),
                RawSetting::Text(value) => Setting::Text(value.clone()),
                RawSetting::File(file) => Setting::File { file: path(&file.value) },
            };
            (key.value.clone(), setting)
        })
        .collect()
}

fn flake(cx: &Context<'_>, raw: &RawFlake) -> Option<Flake> {
    let inputs = raw.inputs.iter().flat_map(|inputs| &inputs.value.0);
    Some(Flake {
        description: text(&raw.description)?,
        systems: names(&raw.systems, System::new),
        inputs: inputs.map(|(name, input)| self::input(&name.value, &input.value)).collect::<Option<_>>()?,
        caches: raw
            .caches
            .iter()
            .flat_map(|caches| &caches.value)
            .map(|cache| {
                let raw = &cache.value;
                Some(Cache {
                    url: text(&raw.url)?,
                    public_key: text(&raw.public_key)?,
                    push: raw.push.as_ref().and_then(|push| self::push(&push.value)),
                })
            })
            .collect::<Option<_>>()?,
        ci: match &raw.ci {
            Some(ci) => Some(self::ci(raw, &ci.value)?),
            None => None,
        },
        image: raw.image.as_ref().map(|image| self::image(&image.value)).unwrap_or_default(),
        machine: match &raw.machine {
            Some(machine) => Some(self::machine(raw, &machine.value)?),
            None => None,
        },
        server: match &raw.server {
            Some(server) => Some(self::server(cx, &server.value)?),
            None => None,
        },
        policy: policy(raw)?,
        default_postgresql: PgName::new(text(&raw.default_postgresql)?),
        port: raw.port.as_ref().map_or(Some(5432), |port| u16::try_from(port.value).ok())?,
        superuser: text(&raw.superuser).unwrap_or_else(|| "postgres".into()),
        locale: text(&raw.locale).unwrap_or_else(|| "C.UTF-8".into()),
        max_memory: raw.max_memory.as_ref().and_then(|size| parse_size(&size.value).ok()),
        max_time: raw.max_time.as_ref().and_then(|time| u64::try_from(time.value).ok()),
        preload: texts(&raw.preload),
        settings: settings(&raw.settings),
    })
}

fn image(raw: &RawImage) -> Image {
    Image {
        repositories: texts(&raw.repositories),
        source: text(&raw.source),
        documentation: text(&raw.documentation),
        vendor: text(&raw.vendor),
        size_limit: raw.size_limit.as_ref().and_then(|size| parse_size(&size.value).ok()),
    }
}

fn machine(flake: &RawFlake, raw: &RawMachine) -> Option<Machine> {
    let systems = if raw.systems.is_some() { texts(&raw.systems) } else { texts(&flake.systems) };
    let postgresqls = match &raw.postgresql {
        Some(_) => texts(&raw.postgresql),
        None => vec![text(&flake.default_postgresql)?],
    };
    Some(Machine {
        postgresqls: postgresqls.into_iter().map(PgName::new).collect(),
        systems: systems
            .into_iter()
            .filter(|system| super::systems::MACHINES.contains(&system.as_str()))
            .map(System::new)
            .collect(),
        upgrade_from: names(&raw.upgrade_from, PgName::new),
        regions: texts(&raw.regions),
        role: text(&raw.role),
        share: texts(&raw.share),
        keep: raw.keep.as_ref().map_or(Some(90), |days| u32::try_from(days.value).ok())?,
    })
}

fn server(cx: &Context<'_>, raw: &RawServer) -> Option<Server> {
    let users = raw.users.iter().flat_map(|list| &list.value).map(|user| {
        let user = &user.value;
        Some(User {
            name: text(&user.name)?,
            password: text(&user.password),
            options: texts(&user.options),
            member_of: texts(&user.member_of),
        })
    });
    let databases = raw.databases.iter().flat_map(|list| &list.value).map(|database| {
        let database = &database.value;
        Some(Database {
            name: text(&database.name)?,
            owner: text(&database.owner),
            extensions: names(&database.extensions, SqlName::new),
            scripts: texts(&database.scripts).iter().map(|script| path(script)).collect(),
            postgresqls: database.postgresql.is_some().then(|| names(&database.postgresql, PgName::new)),
        })
    });
    Some(Server {
        postgresqls: cx.index.of_server(raw).iter().map(|postgresql| PgName::new(postgresql.name)).collect(),
        preload: texts(&raw.preload),
        settings: settings(&raw.settings),
        users: users.collect::<Option<_>>()?,
        databases: databases.collect::<Option<_>>()?,
    })
}

fn push(raw: &RawPush) -> Option<Push> {
    if let Some(bucket) = text(&raw.s3) {
        let (region, endpoint, role) = (text(&raw.region)?, text(&raw.endpoint), text(&raw.role));
        return Some(Push::S3 { bucket, region, endpoint, role });
    }
    if let Some(cache) = text(&raw.attic) {
        return Some(Push::Attic { server: text(&raw.server)?, cache });
    }
    text(&raw.cachix).map(Push::Cachix).or_else(|| text(&raw.folder).map(Push::Folder))
}

fn ci(flake: &RawFlake, raw: &RawCi) -> Option<Ci> {
    let number = |field: &Field<i64>, default| match field {
        Some(number) => u32::try_from(number.value).ok(),
        None => Some(default),
    };
    let systems = if raw.systems.is_some() { &raw.systems } else { &flake.systems };
    let runners = map(&raw.runners);
    let runner = |system: String| {
        let runner = runners.get(&system).cloned();
        let runner = runner.or_else(|| ci::usual_runner(&system).map(str::to_owned))?;
        Some((system, runner))
    };
    let named = |field: &Field<List<String>>| field.is_some().then(|| texts(field));
    let actions = raw.actions.iter().flat_map(|actions| &actions.value.0);
    Some(Ci {
        program: text(&raw.program)?,
        services: match named(&raw.services) {
            Some(names) => names.iter().map(|name| Service::named(name)).collect::<Option<_>>()?,
            None => vec![Service::Github],
        },
        workflows: match named(&raw.workflows) {
            Some(names) => names.iter().map(|name| Workflow::named(name)).collect::<Option<_>>()?,
            None => Workflow::ALL.map(|(_, workflow)| workflow).into(),
        },
        branch: text(&raw.branch).unwrap_or_else(|| "main".into()),
        systems: texts(systems).into_iter().map(runner).collect::<Option<_>>()?,
        max_parallel: number(&raw.max_parallel, 20)?,
        timeout: number(&raw.timeout, 330)?,
        schedule: text(&raw.schedule).unwrap_or_else(|| "23 4 * * 1".into()),
        group_updates: raw.group_updates.as_ref().is_some_and(|group| group.value),
        pages: raw.pages.as_ref().is_some_and(|pages| pages.value),
        actions: actions
            .map(|(name, action)| {
                let action = &action.value;
                Some((name.value.clone(), (text(&action.version)?, text(&action.rev)?)))
            })
            .collect::<Option<_>>()?,
    })
}

fn policy(raw: &RawFlake) -> Option<Policy> {
    let Some(policy) = &raw.policy else { return Some(Policy::default()) };
    let ignore = policy.value.ignore.iter().flat_map(|list| &list.value);
    let ignore = ignore.map(|ignore| {
        let ignore = &ignore.value;
        let (id, reason, until) = (text(&ignore.id)?, text(&ignore.reason)?, text(&ignore.until)?);
        Some(Ignore { id, reason, until, of: text(&ignore.of) })
    });
    Some(Policy { deny: texts(&policy.value.deny), ignore: ignore.collect::<Option<_>>()? })
}

fn input(name: &str, raw: &RawInput) -> Option<Input> {
    let place = Place::parse(&raw.url.as_ref()?.value).ok()?;
    Some(Input {
        name: name.to_owned(),
        rev: match place.has_commits() {
            true => Some(text(&raw.rev)?),
            false => None,
        },
        place,
        nar_hash: text(&raw.nar_hash)?,
        last_modified: u64::try_from(raw.last_modified.as_ref()?.value).ok()?,
        follows: map(&raw.follows),
    })
}

/// The tarball that postgresql.org publishes.
pub const TARBALL: &str = "https://ftp.postgresql.org/pub/source/v{version}/postgresql-{version}.tar.bz2";

fn postgresql(raw: &RawPostgresql) -> Option<Postgresql> {
    let major = u32::try_from(raw.major.as_ref()?.value).ok()?;
    let pinned = match &raw.version {
        None => None,
        Some(version) => {
            let fetcher = match source::fetched(&raw.source) {
                Some(source) => source::of(source, (&None, &None), &version.value).ok()?,
                None => Fetcher::Url { url: source::expand(TARBALL, &version.value) },
            };
            let source = Source { fetcher, hash: text(&raw.hash)? };
            Some(Pinned { version: version.value.clone(), source })
        }
    };
    Some(Postgresql {
        name: PgName::new(text(&raw.name)?),
        major,
        base: text(&raw.base).unwrap_or_else(|| format!("postgresql_{major}")),
        pinned,
        patches: texts(&raw.patches).iter().map(|patch| path(patch)).collect(),
        prerelease: raw.prerelease.as_ref().is_some_and(|prerelease| prerelease.value),
        features: raw
            .features
            .iter()
            .flat_map(|features| features.value.given())
            .map(|(key, wanted)| (key, wanted.value))
            .collect(),
        settings: settings(&raw.settings),
    })
}

pub(super) fn vendor(
    hash: &Field<String>,
    lock: &Field<String>,
    output_hashes: &Field<Map<String>>,
) -> Option<Vendor> {
    match (hash, lock) {
        (Some(hash), _) => Some(Vendor::Hash(hash.value.clone())),
        (None, Some(lock)) => {
            Some(Vendor::Lock { file: path(&lock.value), output_hashes: map(output_hashes) })
        }
        (None, None) => None,
    }
}

fn extension(cx: &Context<'_>, at: usize, file: &ExtensionFile) -> Option<Extension> {
    let raw = &file.raw;
    let kind = kind(raw)?;
    let github = source::fetched(&raw.source).and_then(|source| source.github.as_ref());
    let sql_names: Vec<String> = sql_names(&file.name, raw).into_iter().map(str::to_owned).collect();
    // The model has versions in ascending order; `takes` is in the file's.
    let mut order: Vec<usize> = (0..versions(raw).count()).collect();
    let all: Vec<&RawVersion> = versions(raw).map(|version| &version.value).collect();
    let number = |at: &usize| all[*at].version.as_ref().map_or("", |version| version.value.as_str());
    order.sort_by(|a, b| version::compare(number(a), number(b)));
    let majors = |version: usize| {
        let taken = cx.index.takes.get(at).and_then(|takes| takes.get(version)).into_iter().flatten();
        let majors: BTreeSet<u32> =
            taken.filter_map(|p| cx.index.postgresqls.get(*p)).map(|p| p.major).collect();
        majors.into_iter().collect()
    };
    let versions = order
        .iter()
        .map(|at| self::version(&file.name, &sql_names, kind, raw, all[*at], majors(*at)))
        .collect::<Option<Vec<_>>>()?;
    let side_by_side = side_by_side(cx, kind, &file.name, raw);
    let fits = fits(cx, at, raw, kind, &order, &versions);
    Some(Extension {
        name: ExtName::new(&file.name),
        description: text(&raw.description)?,
        homepage: text(&raw.homepage)
            .or_else(|| github.map(|github| format!("https://github.com/{}", github.value)))?,
        changelog: text(&raw.changelog),
        licenses: raw.license.as_ref()?.value.0.iter().map(|license| license.value.clone()).collect(),
        kind,
        preload: libraries(&file.name, &sql_names, &raw.preload),
        control: control(&sql_names, &raw.control),
        sql_names: sql_names.into_iter().map(SqlName::new).collect(),
        preload_after: texts(&raw.preload_after),
        settings: settings(&raw.settings),
        exclude_systems: names(&raw.exclude_systems, System::new),
        override_owns: texts(&raw.override_owns),
        override_file: raw.r#override.as_ref().map(|file| path(&file.value)),
        attrs: attrs(kind, &file.name, &raw.attr),
        required: raw.required.as_ref().is_some_and(|required| required.value),
        side_by_side,
        installcheck: match kind.takes("installcheck") {
            true => Some(installcheck(cx, raw, &fits)?),
            false => None,
        },
        fits,
        versions,
        requires: if kind.is_package_sets() { names(&raw.requires, SqlName::new) } else { Vec::new() },
        broken: text(&raw.broken),
        follow: Follow {
            keep: raw.keep.as_ref().and_then(|keep| usize::try_from(keep.value).ok()),
            ignore: texts(&raw.ignore),
            versions_from: text(&raw.versions_from),
            tags: texts(&raw.tags),
            template: source::fetched(&raw.source).and_then(|source| text(&source.tag)),
            by_major: text(&raw.track).is_some_and(|track| track == "major"),
        },
    })
}

fn installcheck(cx: &Context<'_>, raw: &RawExtension, fits: &BTreeMap<PgName, Fit>) -> Option<Installcheck> {
    // In the order of postgresql.toml.
    let meant = |specs: &Field<OneOrMany<String>>| -> Vec<PgName> {
        let named: Option<BTreeSet<usize>> = specs
            .as_ref()
            .map(|specs| specs.value.0.iter().flat_map(|spec| cx.index.matching(&spec.value)).collect());
        let all = cx.index.postgresqls.iter().enumerate();
        let all = all.filter(|(at, _)| named.as_ref().is_none_or(|named| named.contains(at)));
        all.map(|(_, postgresql)| PgName::new(postgresql.name))
            .filter(|name| fits.contains_key(name))
            .collect()
    };
    let tests = |list: &Field<List<RawTest>>| {
        let tests = list.iter().flat_map(|list| &list.value).map(|test| {
            let RawTest { test, reason, postgresql } = &test.value;
            Some(Test { test: text(test)?, reason: text(reason)?, postgresqls: meant(postgresql) })
        });
        tests.collect::<Option<Vec<_>>>()
    };
    let told = match raw.installcheck.as_ref().map(|wish| &wish.value) {
        None | Some(RawWish::Wanted(false)) => return Some(Installcheck::default()),
        Some(RawWish::Wanted(true)) => {
            return Some(Installcheck { checked: meant(&None), ..Installcheck::default() });
        }
        Some(RawWish::Told(told)) => told,
    };
    Some(Installcheck {
        checked: meant(&told.postgresql),
        requires: names(&told.requires, SqlName::new),
        preload: texts(&told.preload),
        settings: settings(&told.settings),
        known_failures: tests(&told.known_failures)?,
        skip: tests(&told.skip)?,
    })
}

/// What has no versions here, or is not created by name, is not meant when all are.
fn side_by_side(cx: &Context<'_>, kind: Kind, name: &str, raw: &RawExtension) -> bool {
    let everywhere = cx.raw.flake.as_ref().and_then(|(_, flake)| flake.side_by_side.as_ref());
    let wanted = raw.side_by_side.as_ref().or(everywhere).is_some_and(|wanted| wanted.value);
    wanted && why_one_version(name, raw, Some(kind)).is_none()
}

fn attrs(kind: Kind, name: &str, given: &Field<OneOrMany<String>>) -> Vec<String> {
    match given {
        _ if !kind.is_package_sets() => Vec::new(),
        Some(names) => names.value.0.iter().map(|name| name.value.clone()).collect(),
        None => vec![name.to_owned()],
    }
}

/// The attribute's part for a version: what Nix's command line takes without quoting.
pub fn attr(name: &str, version: &str) -> String {
    format!("{name}-{}", version.replace(['.', '+', '~'], "_"))
}

fn libraries(name: &str, sql_names: &[String], preload: &Field<Preload>) -> Vec<String> {
    match preload.as_ref().map(|preload| &preload.value) {
        None | Some(Preload::Own(false)) => Vec::new(),
        Some(Preload::Own(true)) => vec![sql_names.first().map_or(name, String::as_str).to_owned()],
        Some(Preload::Libraries(libraries)) => libraries.iter().map(|l| l.value.clone()).collect(),
    }
}

fn control(sql_names: &[String], control: &Field<RawControl>) -> Option<Control> {
    let control = &control.as_ref()?.value;
    let holds = |which: &Field<Which>, usual: bool, name: &String| match which.as_ref().map(|w| &w.value) {
        None => usual,
        Some(Which::All(all)) => *all,
        Some(Which::Names(names)) => names.iter().any(|one| one.value == *name),
    };
    let one = |name: &String| OneControl {
        trusted: holds(&control.trusted, false, name),
        relocatable: holds(&control.relocatable, false, name),
        superuser: holds(&control.superuser, true, name),
        schema: match control.schema.as_ref().map(|schema| &schema.value) {
            None => None,
            Some(SchemaOf::All(schema)) => Some(schema.clone()),
            Some(SchemaOf::ByName(map)) => {
                map.0.iter().find(|(one, _)| one.value == *name).map(|(_, schema)| schema.value.clone())
            }
        },
    };
    Some(Control(sql_names.iter().map(|name| (SqlName::new(name), one(name))).collect()))
}

fn version(
    name: &str,
    sql_names: &[String],
    kind: Kind,
    extension: &RawExtension,
    raw: &RawVersion,
    majors: Vec<u32>,
) -> Option<Version> {
    let number = text(&raw.version)?;
    let fetched = source::fetched(&extension.source);
    let requires = if raw.requires.is_some() { &raw.requires } else { &extension.requires };
    let build = build(kind, extension, raw)?;
    let source = match build.files.first() {
        Some(file) => file.source.clone(),
        None => Source { fetcher: source::fetcher(fetched, raw).ok()?, hash: text(&raw.hash)? },
    };
    Some(Version {
        sql_version: text(&raw.sql_version).unwrap_or_else(|| number.clone()),
        attr: VersionAttr::new(attr(name, &number)),
        majors,
        prerelease: version::is_prerelease(&number),
        source,
        build,
        requires: names(requires, SqlName::new),
        preload: libraries(
            name,
            sql_names,
            if raw.preload.is_some() { &raw.preload } else { &extension.preload },
        ),
        control: control(sql_names, if raw.control.is_some() { &raw.control } else { &extension.control }),
        broken: text(&raw.broken),
        version: number,
    })
}

/// A list of build keys: a version's own, or else the extension's.
pub(super) fn list(
    extension: &RawExtension,
    version: &RawVersion,
    get: fn(&RawBuild) -> &Field<List<String>>,
) -> Vec<String> {
    let own = get(&version.build);
    texts(if own.is_some() { own } else { get(&extension.build) })
}

/// A build key: a version's own, or else the extension's.
pub(super) fn one(
    extension: &RawExtension,
    version: &RawVersion,
    get: fn(&RawBuild) -> &Field<String>,
) -> Option<String> {
    text(get(&version.build)).or_else(|| text(get(&extension.build)))
}

fn build(kind: Kind, extension: &RawExtension, raw: &RawVersion) -> Option<Build> {
    let list = |get| list(extension, raw, get);
    let mut build = Build {
        build_inputs: list(|build| &build.build_inputs),
        native_build_inputs: list(|build| &build.native_build_inputs),
        make_flags: list(|build| &build.make_flags),
        configure_flags: list(|build| &build.configure_flags),
        cmake_flags: list(|build| &build.cmake_flags),
        env: map(if raw.build.env.is_some() { &raw.build.env } else { &extension.build.env }),
        patches: list(|build| &build.patches).iter().map(|patch| path(patch)).collect(),
        source_root: one(extension, raw, |build| &build.source_root),
        pgrx: None,
        files: Vec::new(),
        own: kinds::own::merged(&extension.own, &raw.own),
    };
    kind.resolve(extension, raw, &mut build)?;
    Some(build)
}

fn fits(
    cx: &Context<'_>,
    at: usize,
    raw: &RawExtension,
    kind: Kind,
    order: &[usize],
    versions: &[Version],
) -> BTreeMap<PgName, Fit> {
    let index = &cx.index;
    if raw.broken.is_some() {
        return BTreeMap::new();
    }
    let takes = &index.takes[at];
    let takes_it = |version: usize, postgresql: &usize| {
        takes.get(version).is_some_and(|takes| takes.binary_search(postgresql).is_ok())
    };
    let name = |postgresql: usize| index.postgresqls[postgresql].name;
    if kind.is_package_sets() {
        let takes = takes.iter().flatten();
        return takes.map(|postgresql| (PgName::new(name(*postgresql)), Fit::Nixpkgs)).collect();
    }
    (0..index.postgresqls.len())
        .filter_map(|postgresql| {
            let all: Vec<usize> = (0..versions.len())
                .filter(|new| versions[*new].broken.is_none() && takes_it(order[*new], &postgresql))
                .collect();
            let newest_stable = all.iter().rev().find(|new| !versions[**new].prerelease);
            let pinned = pin(cx, raw, postgresql);
            let pinned = all.iter().find(|new| Some(versions[**new].version.as_str()) == pinned);
            let default = *pinned.or(newest_stable).or(all.last())?;
            Some((PgName::new(name(postgresql)), Fit::Versions { default, all }))
        })
        .collect()
}

/// The version that `default` names for a PostgreSQL: under its own name or one that it is like.
pub fn pin<'a>(cx: &Context<'_>, raw: &'a RawExtension, postgresql: usize) -> Option<&'a str> {
    match &raw.default.as_ref()?.value {
        RawDefault::All(version) => Some(version),
        RawDefault::ByPostgresql(map) => cx.index.postgresqls[postgresql].answers.iter().find_map(|answer| {
            let name = cx.index.postgresqls[*answer].name;
            map.0.iter().find(|(key, _)| key.value == name).map(|(_, version)| version.value.as_str())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_need_no_quoting() {
        assert_eq!(attr("pgvector", "0.7.4"), "pgvector-0_7_4");
        assert_eq!(attr("a", "1.0+b~c"), "a-1_0_b_c");
    }
}
