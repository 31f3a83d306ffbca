//! From tables to [`raw`](super::raw): which keys there are, and which must be there.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};

use super::decode::{Decoder, Field, FromToml, Map, Spanned, Table};
use super::input::Place as Input;
use super::kinds::{Kind, Own, Place};
use super::postgresql_settings;
use super::raw::*;
use crate::diag::{Code, Diagnostic, Span};
use crate::layout::{FLAKE_TOML, PGRX_TOML, POSTGRESQL_TOML};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { BadSetting; WrongType; };

const HASH: &str = "\"sha256-…\"";

/// A struct read from the keys of a table.
pub trait Read: Sized {
    /// What findings call this table.
    const WHAT: &'static str;

    /// Its keys whose value is several tables, each written `[[KEY]]`.
    const SEVERAL: &'static [&'static str] = &[];

    /// Takes the known keys out of the table.
    fn read(table: &mut Table<'_, '_>, decoder: &mut Decoder) -> Self;
}

/// Implements [`Read`] and [`FromToml`] for a struct whose decoding is a function of its table.
macro_rules! table {
    ($type:ty, $what:expr, |$table:ident, $decoder:ident| $body:expr) => {
        table!($type, $what, [], |$table, $decoder| $body);
    };
    ($type:ty, $what:expr, [$($several:literal),*], |$table:ident, $decoder:ident| $body:expr) => {
        impl Read for $type {
            const WHAT: &'static str = $what;
            const SEVERAL: &'static [&'static str] = &[$($several),*];
            fn read($table: &mut Table<'_, '_>, $decoder: &mut Decoder) -> Self {
                $body
            }
        }

        impl FromToml for $type {
            const EXPECTED: &'static str = "a table";
            fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
                let mut table = Table::open(value, span, Self::WHAT, decoder)?;
                let raw = Self::read(&mut table, decoder);
                table.finish(decoder);
                Some(raw)
            }
        }
    };
}

table!(RawFlake, FLAKE_TOML, ["caches"], |t, d| Self {
    description: t.required("description", "\"PostgreSQL and its extensions, built with Nix\"", d),
    systems: t.required("systems", "[\"x86_64-linux\", \"aarch64-linux\", \"aarch64-darwin\"]", d),
    default_postgresql: t.required("default-postgresql", "\"17\"", d),
    port: t.optional("port", d),
    superuser: t.optional("superuser", d),
    locale: t.optional("locale", d),
    max_memory: t.optional("max-memory", d),
    max_time: t.optional("max-time", d),
    preload: t.optional("preload", d),
    settings: t.optional("settings", d),
    side_by_side: t.optional("side-by-side", d),
    inputs: {
        let inputs = t.optional("inputs", d);
        if !t.has("inputs") {
            t.missing("inputs", "an [inputs.nixpkgs] table with url, rev, nar-hash and last-modified", d);
        }
        inputs
    },
    caches: t.optional("caches", d),
    ci: t.optional("ci", d),
    image: t.optional("image", d),
    machine: t.optional("machine", d),
    server: t.optional("server", d),
    policy: t.optional("policy", d),
    required_version: t.optional("required-version", d),
});

table!(RawInput, "the input", |t, d| {
    let url: Field<String> = t.required("url", "\"github:NixOS/nixpkgs/nixos-unstable\"", d);
    let place = url.as_ref().map(|url| Input::parse(&url.value));
    // A new one has nothing but where it is from: that is one thing to do.
    let pinned = t.has("nar-hash");
    Self {
        url,
        rev: match place {
            Some(Ok(place)) if place.has_commits() && pinned => {
                t.required("rev", "\"…\" with the commit's 40 hexadecimal digits", d)
            }
            _ => t.optional("rev", d),
        },
        nar_hash: t.required("nar-hash", &format!("{HASH}; `pgflakegen bump inputs` writes it"), d),
        last_modified: match pinned {
            true => t.required("last-modified", "1784796856", d),
            false => t.optional("last-modified", d),
        },
        follows: t.optional("follows", d),
    }
});

table!(RawPolicy, "the policy", ["ignore"], |t, d| Self {
    deny: t.optional("deny", d),
    ignore: t.optional("ignore", d),
});

table!(RawIgnore, "the ignored vulnerability", |t, d| Self {
    id: t.required("id", "\"CVE-2026-1234\"", d),
    reason: t.required("reason", "\"why it does no harm here\"", d),
    until: t.required("until", "\"2026-12-31\"", d),
    of: t.optional("of", d),
});

table!(RawCache, "the cache", |t, d| Self {
    url: t.required("url", "\"https://NAME.cachix.org\"", d),
    public_key: t.required("public-key", "\"NAME.cachix.org-1:…=\"", d),
    push: t.optional("push", d),
});

table!(RawPush, "push", |t, d| Self {
    s3: t.optional("s3", d),
    region: t.optional("region", d),
    endpoint: t.optional("endpoint", d),
    role: t.optional("role", d),
    cachix: t.optional("cachix", d),
    attic: t.optional("attic", d),
    server: t.optional("server", d),
    folder: t.optional("folder", d),
});

table!(RawCi, "[ci]", |t, d| Self {
    program: t.required("program", "\"github:OWNER/pgflakegen/REV#pgflakegen\"", d),
    services: t.optional("services", d),
    workflows: t.optional("workflows", d),
    branch: t.optional("branch", d),
    systems: t.optional("systems", d),
    runners: t.optional("runners", d),
    max_parallel: t.optional("max-parallel", d),
    timeout: t.optional("timeout", d),
    schedule: t.optional("schedule", d),
    group_updates: t.optional("group-updates", d),
    pages: t.optional("pages", d),
    actions: t.optional("actions", d),
});

table!(RawImage, "[image]", |t, d| Self {
    repositories: t.optional("repositories", d),
    source: t.optional("source", d),
    documentation: t.optional("documentation", d),
    vendor: t.optional("vendor", d),
    size_limit: t.optional("size-limit", d),
});

table!(RawMachine, "[machine]", |t, d| Self {
    postgresql: t.optional("postgresql", d),
    systems: t.optional("systems", d),
    upgrade_from: t.optional("upgrade-from", d),
    regions: t.optional("regions", d),
    role: t.optional("role", d),
    share: t.optional("share", d),
    keep: t.optional("keep", d),
});

table!(RawServer, "[server]", ["users", "databases"], |t, d| Self {
    postgresql: t.optional("postgresql", d),
    preload: t.optional("preload", d),
    settings: t.optional("settings", d),
    users: t.optional("users", d),
    databases: t.optional("databases", d),
});

table!(RawUser, "the user", |t, d| Self {
    name: t.required("name", "\"app\"", d),
    password: t.optional("password", d),
    options: t.optional("options", d),
    member_of: t.optional("member-of", d),
});

table!(RawDatabase, "the database", |t, d| Self {
    name: t.required("name", "\"app\"", d),
    owner: t.optional("owner", d),
    extensions: t.optional("extensions", d),
    scripts: t.optional("scripts", d),
    postgresql: t.optional("postgresql", d),
});

table!(RawAction, "the action", |t, d| Self {
    version: t.required("version", "\"7.0.1\"", d),
    rev: t.required("rev", "\"…\" with the commit's 40 hexadecimal digits", d),
});

table!(RawPostgresqls, POSTGRESQL_TOML, ["postgresql"], |t, d| Self {
    postgresql: t.optional("postgresql", d)
});

table!(RawPostgresql, "the PostgreSQL", |t, d| Self {
    name: t.required("name", "\"17\"", d),
    major: t.required("major", "17", d),
    version: t.optional("version", d),
    hash: t.optional("hash", d),
    source: t.optional("source", d),
    like: t.optional("like", d),
    prerelease: t.optional("prerelease", d),
    base: t.optional("base", d),
    patches: t.optional("patches", d),
    features: t.optional("features", d),
    extensions: t.optional("extensions", d),
    settings: t.optional("settings", d),
    wrong: t.wrong(),
});

table!(RawFeatures, "features", |t, d| Self {
    curl: t.optional("curl", d),
    gssapi: t.optional("gssapi", d),
    icu: t.optional("icu", d),
    io_uring: t.optional("io-uring", d),
    jit: t.optional("jit", d),
    ldap: t.optional("ldap", d),
    lz4: t.optional("lz4", d),
    nls: t.optional("nls", d),
    numa: t.optional("numa", d),
    pam: t.optional("pam", d),
    perl: t.optional("perl", d),
    python: t.optional("python", d),
    systemd: t.optional("systemd", d),
    tcl: t.optional("tcl", d),
    zstd: t.optional("zstd", d),
});

table!(RawPgrxFile, PGRX_TOML, ["cargo-pgrx"], |t, d| Self { cargo_pgrx: t.optional("cargo-pgrx", d) });

table!(RawCargoPgrx, "the cargo-pgrx", |t, d| Self {
    version: t.required("version", "\"0.16.1\"", d),
    hash: t.required("hash", HASH, d),
    cargo_hash: t.optional("cargo-hash", d),
    cargo_lock: t.optional("cargo-lock", d),
    output_hashes: t.optional("output-hashes", d),
    rust: t.optional("rust", d),
});

table!(RawExtension, "the extension", ["version"], |t, d| Self {
    description: t.required("description", "\"What it does, in one line\"", d),
    homepage: t.optional("homepage", d),
    changelog: t.optional("changelog", d),
    license: t.required("license", "\"postgresql\"", d),
    kind: t.optional("kind", d),
    sql: t.optional("sql", d),
    requires: t.optional("requires", d),
    preload: t.optional("preload", d),
    preload_after: t.optional("preload-after", d),
    control: t.optional("control", d),
    exclude_systems: t.optional("exclude-systems", d),
    broken: t.optional("broken", d),
    default: t.optional("default", d),
    r#override: t.optional("override", d),
    override_owns: t.optional("override-owns", d),
    source: t.optional("source", d),
    attr: t.optional("attr", d),
    required: t.optional("required", d),
    side_by_side: t.optional("side-by-side", d),
    postgresql: t.optional("postgresql", d),
    settings: t.optional("settings", d),
    installcheck: t.optional("installcheck", d),
    keep: t.optional("keep", d),
    ignore: t.optional("ignore", d),
    versions_from: t.optional("versions-from", d),
    tags: t.optional("tags", d),
    track: t.optional("track", d),
    build: RawBuild::read(t, d),
    own: Own::read(Place::Extension, t, d),
    version: t.expected("version", d),
    wrong: t.wrong(),
}
.with_kind(t, d));

table!(RawVersion, "the version", |t, d| Self {
    version: t.required("version", "\"1.0.0\"", d),
    postgresql: t.required("postgresql", "\">=15, <18\" or a list of names", d),
    postgresql_version: t.optional("postgresql-version", d),
    hash: t.expected("hash", d),
    tag: t.optional("tag", d),
    rev: t.optional("rev", d),
    url: t.optional("url", d),
    sql_version: t.optional("sql-version", d),
    requires: t.optional("requires", d),
    preload: t.optional("preload", d),
    control: t.optional("control", d),
    broken: t.optional("broken", d),
    pgrx: t.optional("pgrx", d),
    rust: t.optional("rust", d),
    cargo_hash: t.optional("cargo-hash", d),
    cargo_lock: t.optional("cargo-lock", d),
    output_hashes: t.optional("output-hashes", d),
    build: RawBuild::read(t, d),
    own: Own::read(Place::Version, t, d),
    wrong: t.wrong(),
});

impl RawExtension {
    /// Only what comes from nixpkgs needs no `kind`.
    fn with_kind(self, t: &Table<'_, '_>, d: &mut Decoder) -> Self {
        let from_nixpkgs = matches!(&self.source, Some(Spanned { value: RawSource::Nixpkgs, .. }));
        if !t.has("kind") && !from_nixpkgs {
            let others = Kind::names().join(", ");
            t.missing("kind", &format!("kind = \"pgxs\" (or another of {others})"), d);
        }
        self
    }
}

impl RawBuild {
    fn read(t: &mut Table<'_, '_>, d: &mut Decoder) -> Self {
        Self {
            build_inputs: t.optional("build-inputs", d),
            native_build_inputs: t.optional("native-build-inputs", d),
            make_flags: t.optional("make-flags", d),
            configure_flags: t.optional("configure-flags", d),
            cmake_flags: t.optional("cmake-flags", d),
            env: t.optional("env", d),
            patches: t.optional("patches", d),
            source_root: t.optional("source-root", d),
            features: t.optional("features", d),
            cargo_package: t.optional("cargo-package", d),
        }
    }
}

table!(RawFetched, "the source", |t, d| Self {
    github: t.optional("github", d),
    url: t.optional("url", d),
    git: t.optional("git", d),
    tag: t.optional("tag", d),
    rev: t.optional("rev", d),
    submodules: t.optional("submodules", d),
});

impl FromToml for RawSource {
    const EXPECTED: &'static str = "\"nixpkgs\" or a table";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::String(text) if text == "nixpkgs" => Some(Self::Nixpkgs),
            DeValue::String(text) => {
                let mut finding = Diagnostic::new(
                    Code::WrongType,
                    span,
                    "the only source that is a string is \"nixpkgs\"".to_owned(),
                );
                let path = text.trim_start_matches("https://github.com/").trim_end_matches(".git");
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
                finding = if path.matches('/').count() == 1 && path.chars().all(plain) {
                    finding.help(format!("write {{ github = \"{path}\", tag = \"v{{version}}\" }}"))
                } else {
                    finding.help(
                        "write { github = \"OWNER/REPO\", tag = \"v{version}\" } or { url = \"https://…\" }",
                    )
                };
                decoder.found.push(finding);
                None
            }
            DeValue::Table(_) => {
                RawFetched::from_toml(value, span, decoder).map(|fetched| Self::Fetched(Box::new(fetched)))
            }
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

/// The keys of a table.
pub fn keys<T: Read>(decoder: &Decoder) -> BTreeSet<&'static str> {
    let mut decoder = Decoder::new(decoder.key.span.source, decoder.what);
    let mut table = Table::root(&EMPTY, decoder.key.span, T::WHAT);
    T::read(&mut table, &mut decoder);
    table.finish(&mut decoder)
}

static EMPTY: LazyLock<DeTable<'static>> = LazyLock::new(DeTable::new);

/// A line below `[settings]` that was meant for the table above it: TOML goes on with a table until the next begins.
fn misplaced(decoder: &Decoder) -> Option<Diagnostic> {
    let Spanned { value: key, span } = &decoder.key;
    if postgresql_settings::is_one(key) {
        return None;
    }
    let (of, help) = if decoder.what == RawExtension::WHAT {
        if keys::<RawExtension>(decoder).contains(key.as_str()) {
            (RawExtension::WHAT, "move the line above [settings]")
        } else if keys::<RawVersion>(decoder).contains(key.as_str()) {
            (RawVersion::WHAT, "move the line to the [[version]] that it is about")
        } else {
            return None;
        }
    } else if decoder.what == RawFlake::WHAT {
        let is_key = keys::<RawFlake>(decoder).contains(key.as_str());
        is_key.then_some((RawFlake::WHAT, "move the line above [settings]"))?
    } else {
        let is_key = keys::<RawPostgresql>(decoder).contains(key.as_str());
        is_key.then_some((RawPostgresql::WHAT, "move the line above [postgresql.settings]"))?
    };
    let message = format!("`{key}` is a key of {of}, and stands among the settings");
    Some(Diagnostic::new(Code::BadSetting, *span, message).help(help))
}

impl FromToml for RawSetting {
    const EXPECTED: &'static str = "a string, a number, true, false or { file = \"…\" }";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        if let Some(finding) = misplaced(decoder) {
            decoder.found.push(finding);
            return None;
        }
        match value {
            DeValue::Boolean(value) => Some(Self::Boolean(*value)),
            DeValue::Integer(_) => i64::from_toml(value, span, decoder).map(Self::Integer),
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(float) if float.is_finite() => Some(Self::Float(float)),
                _ => {
                    decoder.found.push(Diagnostic::new(
                        Code::WrongType,
                        span,
                        "a setting cannot be infinite or not a number",
                    ));
                    None
                }
            },
            DeValue::String(text) => decoder.text(text, span).map(Self::Text),
            DeValue::Table(table) if !table.contains_key("file") => {
                // `cron.database_name = …` without quotes is TOML for a table `cron`.
                let mut finding =
                    Diagnostic::new(Code::WrongType, span, "a setting's name with a dot must be quoted");
                if let Some((key, _)) = table.iter().next() {
                    let name = super::decode::printable(&format!("{}.{}", decoder.key.value, key.get_ref()));
                    finding = finding.help(format!("write \"{name}\" = …"));
                }
                decoder.found.push(finding);
                None
            }
            DeValue::Table(_) => {
                let mut table = Table::open(value, span, "the setting", decoder)?;
                let file: Field<String> = table.optional("file", decoder);
                table.finish(decoder);
                file.map(Self::File)
            }
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl<T: FromToml> FromToml for OneOrMany<T> {
    const EXPECTED: &'static str = "a string or an array of strings";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Array(_) => List::<T>::from_toml(value, span, decoder).map(Self),
            DeValue::String(_) => {
                T::from_toml(value, span, decoder).map(|value| Self(vec![Spanned::new(value, span)]))
            }
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl FromToml for Preload {
    const EXPECTED: &'static str = "true, false or an array of library names";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Boolean(own) => Some(Self::Own(*own)),
            DeValue::Array(_) => List::<String>::from_toml(value, span, decoder).map(Self::Libraries),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl FromToml for Which {
    const EXPECTED: &'static str = "true, false or an array of SQL names";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Boolean(all) => Some(Self::All(*all)),
            DeValue::Array(_) => List::<String>::from_toml(value, span, decoder).map(Self::Names),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

impl FromToml for SchemaOf {
    const EXPECTED: &'static str = "a string (a schema) or a table from SQL name to schema";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::String(text) => decoder.text(text, span).map(Self::All),
            DeValue::Table(_) => Map::<String>::from_toml(value, span, decoder).map(Self::ByName),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

table!(RawControl, "the control table", |t, d| Self {
    trusted: t.optional("trusted", d),
    relocatable: t.optional("relocatable", d),
    superuser: t.optional("superuser", d),
    schema: t.optional("schema", d),
});

impl FromToml for Installcheck {
    const EXPECTED: &'static str = "true, false or a table";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::Boolean(wanted) => Some(Self::Wanted(*wanted)),
            DeValue::Table(_) => {
                RawInstallcheck::from_toml(value, span, decoder).map(|told| Self::Told(Box::new(told)))
            }
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}

table!(RawInstallcheck, "installcheck", ["known-failures", "skip"], |t, d| Self {
    postgresql: t.optional("postgresql", d),
    requires: t.optional("requires", d),
    preload: t.optional("preload", d),
    settings: t.optional("settings", d),
    known_failures: t.optional("known-failures", d),
    skip: t.optional("skip", d),
});

table!(RawTest, "the test", |t, d| Self {
    test: t.required("test", "\"its name, as pg_regress prints it\"", d),
    reason: t.required("reason", "\"why it is here\"", d),
    postgresql: t.optional("postgresql", d),
});

impl FromToml for Default {
    const EXPECTED: &'static str = "a string (a version) or a table from PostgreSQL to version";
    fn from_toml(value: &DeValue<'_>, span: Span, decoder: &mut Decoder) -> Option<Self> {
        match value {
            DeValue::String(text) => decoder.text(text, span).map(Self::All),
            DeValue::Table(_) => Map::<String>::from_toml(value, span, decoder).map(Self::ByPostgresql),
            _ => {
                decoder.wrong_type(value, span, Self::EXPECTED);
                None
            }
        }
    }
}
