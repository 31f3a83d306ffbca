//! The keys of `[server]`: what a development server has when it is made.

use schemars::JsonSchema;

use super::raw::{Field, List, Map, RawSetting};

/// What `start-server` makes in a new data directory, and how it sets the server up.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Server")]
pub struct RawServer {
    /// PostgreSQLs, by name. Default: all.
    pub postgresql: Field<List<String>>,
    /// Libraries for `shared_preload_libraries`, besides those that every server of the catalogue has.
    pub preload: Field<List<String>>,
    /// postgresql.conf settings, which go before all others of the catalogue. Quote names with a dot.
    pub settings: Field<Map<RawSetting>>,
    /// Roles, made in this order.
    pub users: Field<List<RawUser>>,
    /// Databases, made in this order.
    pub databases: Field<List<RawDatabase>>,
}

/// A role that can log in.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "User")]
pub struct RawUser {
    /// Its name, as it is in SQL between double quotes.
    #[schemars(required)]
    pub name: Field<String>,
    /// Its password, which everybody knows who has the catalogue. Default: none, so that only the socket lets it in.
    pub password: Field<String>,
    /// What it may do, as in CREATE ROLE: "superuser", "createdb", "createrole", "replication", "bypassrls", "nologin".
    pub options: Field<List<String>>,
    /// Roles that it is a member of: other users, or PostgreSQL's own such as pg_read_all_data.
    pub member_of: Field<List<String>>,
}

/// A database.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Database")]
pub struct RawDatabase {
    /// Its name, as it is in SQL between double quotes. `postgres` and `template1` are there already.
    #[schemars(required)]
    pub name: Field<String>,
    /// The user that it belongs to. Default: the superuser.
    pub owner: Field<String>,
    /// SQL names of extensions that are created in it, with what they require.
    pub extensions: Field<List<String>>,
    /// SQL that psql runs in it once, as the superuser: files, relative to the catalogue folder.
    pub scripts: Field<List<String>>,
    /// PostgreSQLs that it is in, by name. Default: those of the server.
    pub postgresql: Field<List<String>>,
}
