//! What `[server]` describes can be made: names that PostgreSQL takes, owners that there are, extensions that each
//! server has.

use std::collections::BTreeSet;

use super::machine::known;
use super::text::listed;
use super::{Context, Rule, each};
use crate::catalogue::contrib::{self, Contrib};
use crate::catalogue::decode::printable;
use crate::catalogue::index::{Postgres, sql_names, versions};
use crate::catalogue::raw::{ExtensionFile, Field, Preload, RawDatabase, RawServer, RawUser, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

/// Longer names are cut off by PostgreSQL, without an error.
const LONGEST: usize = 63;

/// Words of CREATE ROLE that a user may have.
const OPTIONS: [&str; 6] = ["bypassrls", "createdb", "createrole", "nologin", "replication", "superuser"];

/// PostgreSQL's own roles, with the major that was the first to have each. Source: the manual of 19.
const PREDEFINED: [(&str, u32); 15] = [
    ("pg_checkpoint", 15),
    ("pg_create_subscription", 16),
    ("pg_execute_server_program", 11),
    ("pg_maintain", 17),
    ("pg_monitor", 10),
    ("pg_read_all_data", 14),
    ("pg_read_all_settings", 10),
    ("pg_read_all_stats", 10),
    ("pg_read_server_files", 11),
    ("pg_signal_autovacuum_worker", 18),
    ("pg_signal_backend", 10),
    ("pg_stat_scan_tables", 10),
    ("pg_use_reserved_connections", 16),
    ("pg_write_all_data", 14),
    ("pg_write_server_files", 11),
];

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    BadServer =
        "What [server] describes is made in a new data directory by start-server, and PostgreSQL would refuse this: \
         a name that is too long (it is cut off after 63 bytes) or reserved (pg_… for roles, template0), a user or a \
         database that is there twice, an owner that is no user, an option that CREATE ROLE does not have. Names may \
         have any characters that can be seen; they are quoted wherever they are used.",
        bad: r#"
            # flake.toml
            [[server.users]]
            name = "app"

            [[server.databases]]
            name = "app"
            owner = "ap"
        "#,
        says: "the server has no user `ap`",
        fixed: r#"
            # flake.toml
            [[server.users]]
            name = "app"

            [[server.databases]]
            name = "app"
            owner = "app"
        "#;
    ServerExtension =
        "A database of [server] has an extension, or the server a library to preload, that is not there for every \
         PostgreSQL that it is made with, so that start-server would fail. Extensions go by their SQL names: vector, \
         not pgvector. Correct the name, or say in `postgresql` (of the server, or of the database) which \
         PostgreSQLs are meant.",
        bad: r#"
            # flake.toml
            [[server.databases]]
            name = "app"
            extensions = ["pg_logicalinspect"]
        "#,
        says: "`pg_logicalinspect` is not there for PostgreSQL `16`, `17`",
        fixed: r#"
            # flake.toml
            [[server.databases]]
            name = "app"
            extensions = ["pg_walinspect"]
        "#;
    DuplicateName;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some((_, flake)) = &cx.raw.flake else { return };
    let Some(server) = &flake.server else { return };
    let server = &server.value;
    let superuser = flake.superuser.as_ref().map_or("postgres", |name| name.value.as_str());
    let of_databases = each(&server.databases).flat_map(|database| each(&database.value.postgresql));
    if cx.raw.complete.postgresqls {
        found.extend(each(&server.postgresql).chain(of_databases).filter_map(|name| known(cx, name)));
    }
    users(cx, server, superuser, found);
    let mut names = BTreeSet::new();
    for database in each(&server.databases) {
        if let Some(name) = &database.value.name {
            found.extend(database_name(name));
            if !names.insert(&name.value) {
                found.push(twice(name, "databases"));
            }
        }
        if let Some(owner) = &database.value.owner
            && owner.value != superuser
        {
            found.extend(no_user(server, owner));
        }
        if cx.raw.complete.unreadable_extensions.is_empty() && cx.raw.complete.postgresqls {
            extensions(cx, server, &database.value, found);
        }
    }
    if cx.raw.complete.unreadable_extensions.is_empty() && cx.raw.complete.postgresqls {
        libraries(cx, server, found);
    }
}

fn bad(place: &Spanned<String>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadServer, place.span, message.into())
}

fn twice(name: &Spanned<String>, of: &str) -> Diagnostic {
    let message = format!("`{}` is there twice among the {of} of the server", printable(&name.value));
    Diagnostic::new(Code::DuplicateName, name.span, message).help("remove one, or call it otherwise")
}

/// What is wrong with a name that stands between double quotes in SQL.
fn quoted_name(name: &Spanned<String>) -> Option<Diagnostic> {
    let shown = printable(&name.value);
    if name.value.is_empty() {
        Some(bad(name, "a name is empty").help("give it a name"))
    } else if name.value.len() > LONGEST {
        let message = format!("`{shown}` has {} bytes", name.value.len());
        Some(bad(name, message).help(format!("PostgreSQL's names have at most {LONGEST}")))
    } else if name.value.chars().any(char::is_control) {
        Some(bad(name, format!("`{shown}` has a character that cannot be seen")).help("remove it"))
    } else {
        None
    }
}

fn database_name(name: &Spanned<String>) -> Option<Diagnostic> {
    quoted_name(name).or_else(|| {
        let refused = name.value == "template0";
        refused.then(|| {
            bad(name, "nobody can connect to `template0`").help("template1 is what others are made of")
        })
    })
}

fn users(cx: &Context<'_>, server: &RawServer, superuser: &str, found: &mut Diagnostics) {
    let mut names = BTreeSet::new();
    for Spanned { value: user, .. } in each(&server.users) {
        if let Some(name) = &user.name {
            found.extend(quoted_name(name));
            if name.value.starts_with("pg_") || matches!(name.value.as_str(), "public" | "none") {
                let message =
                    format!("`{}` is a name that PostgreSQL keeps for itself", printable(&name.value));
                found.push(bad(name, message).help("call the user otherwise"));
            }
            if name.value == superuser {
                let message =
                    format!("`{}` is the superuser, which is there already", printable(&name.value));
                found.push(bad(name, message).help("remove it, or call it otherwise"));
            }
            if !names.insert(&name.value) {
                found.push(twice(name, "users"));
            }
        }
        if let Some(password) = user.password.as_ref().filter(|password| password.value.is_empty()) {
            found.push(bad(password, "the password is empty").help("without `password` there is none"));
        }
        for option in each(&user.options).filter(|option| !OPTIONS.contains(&option.value.as_str())) {
            let message = format!("`{}` is no option of a user", printable(&option.value));
            found.push(match nearest(&option.value, OPTIONS) {
                Some(near) => bad(option, message).help(format!("did you mean \"{near}\"?")),
                None => bad(option, message).help(format!("there are {}", listed(OPTIONS))),
            });
        }
        membership(cx, server, user, found);
    }
}

fn membership(cx: &Context<'_>, server: &RawServer, user: &RawUser, found: &mut Diagnostics) {
    for role in each(&user.member_of) {
        if user.name.as_ref().is_some_and(|name| name.value == role.value) {
            found.push(bad(role, "a user cannot be a member of itself").help("remove it"));
        } else if let Some((_, since)) = PREDEFINED.iter().find(|(name, _)| *name == role.value) {
            let older = cx.index.of_server(server).into_iter().filter(|postgresql| postgresql.major < *since);
            let older: Vec<&str> = older.map(|postgresql| postgresql.name).collect();
            if !older.is_empty() {
                let message = format!("PostgreSQL {} has no role `{}`", listed(older), role.value);
                found.push(bad(role, message).help(format!("PostgreSQL {since} is the first that has it")));
            }
        } else if role.value.starts_with("pg_") {
            let message = format!("PostgreSQL has no role `{}`", printable(&role.value));
            found.push(match nearest(&role.value, PREDEFINED.map(|(name, _)| name)) {
                Some(near) => bad(role, message).help(format!("did you mean \"{near}\"?")),
                None => bad(role, message).help("its manual has them below \"Predefined Roles\""),
            });
        } else {
            found.extend(no_user(server, role));
        }
    }
}

fn no_user(server: &RawServer, name: &Spanned<String>) -> Option<Diagnostic> {
    let names = || each(&server.users).filter_map(|user| Some(user.value.name.as_ref()?.value.as_str()));
    if names().any(|known| known == name.value) {
        return None;
    }
    let finding = bad(name, format!("the server has no user `{}`", printable(&name.value)));
    Some(match nearest(&name.value, names()) {
        Some(near) => finding.help(format!("did you mean \"{}\"?", printable(near))),
        None => finding.help("add it as one of [[server.users]]"),
    })
}

/// The PostgreSQLs that a database is made in.
fn of_database<'c, 'a>(
    cx: &'c Context<'a>,
    server: &RawServer,
    database: &RawDatabase,
) -> Vec<&'c Postgres<'a>> {
    let of_server = cx.index.of_server(server);
    match cx.index.named(&database.postgresql) {
        Some(own) => {
            own.into_iter().filter(|own| of_server.iter().any(|other| other.name == own.name)).collect()
        }
        None => of_server,
    }
}

fn extensions(cx: &Context<'_>, server: &RawServer, database: &RawDatabase, found: &mut Diagnostics) {
    for extension in each(&database.extensions) {
        let name = extension.value.as_str();
        let finding = |message: String| Diagnostic::new(Code::ServerExtension, extension.span, message);
        let providers = cx.index.providers.get(name).map_or(&[][..], Vec::as_slice);
        if providers.is_empty() && !contrib::names().any(|contrib| contrib == name) {
            let unknown = finding(format!("nothing provides the SQL extension `{}`", printable(name)));
            found.push(unknown.help(what_is_meant(cx, name)));
            continue;
        }
        let without = of_database(cx, server, database);
        let without = without.into_iter().filter(|postgresql| {
            contrib::extension(name, postgresql.major) != Some(Contrib::Present)
                && !providers.iter().any(|at| fits(cx, *at, postgresql))
        });
        let without: Vec<&str> = without.map(|postgresql| postgresql.name).collect();
        if !without.is_empty() {
            found.push(
                finding(format!("`{}` is not there for PostgreSQL {}", printable(name), listed(without)))
                    .help("say in `postgresql` of the database which PostgreSQLs it is in"),
            );
        }
    }
}

fn what_is_meant(cx: &Context<'_>, name: &str) -> String {
    // The file's name in place of the SQL name is the usual mistake.
    if let Some(file) = cx.raw.extensions.iter().find(|file| file.name == name) {
        let names = sql_names(&file.name, &file.raw);
        return match names.is_empty() {
            true => format!("{name} has no CREATE EXTENSION; a library is preloaded with `preload`"),
            false => format!("its name in SQL is {}", listed(names)),
        };
    }
    let mut known: Vec<&str> = contrib::names().collect();
    known.extend(cx.index.providers.keys());
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add an extension that provides it, or remove it here".to_owned(),
    }
}

fn fits(cx: &Context<'_>, extension: usize, postgresql: &Postgres<'_>) -> bool {
    let fitting = cx.index.fitting(&cx.raw.extensions[extension].raw, extension);
    fitting.iter().any(|at| cx.index.postgresqls[*at].name == postgresql.name)
}

/// Libraries that some extension has, but none that every PostgreSQL of the server has. Others are no library at all.
fn libraries(cx: &Context<'_>, server: &RawServer, found: &mut Diagnostics) {
    for library in each(&server.preload) {
        let owners = cx.extensions().filter(|(_, file, _)| has_library(file, &library.value));
        let owners: Vec<usize> = owners.map(|(at, ..)| at).collect();
        if owners.is_empty() || contrib::LIBRARIES.contains(&library.value.as_str()) {
            continue;
        }
        let without = cx.index.of_server(server);
        let without = without.into_iter().filter(|of| !owners.iter().any(|at| fits(cx, *at, of)));
        let without: Vec<&str> = without.map(|postgresql| postgresql.name).collect();
        if !without.is_empty() {
            let names = listed(without);
            let message =
                format!("the library `{}` is not there for PostgreSQL {names}", printable(&library.value));
            let finding = Diagnostic::new(Code::ServerExtension, library.span, message);
            found.push(finding.help("say in `postgresql` of the server which PostgreSQLs are meant"));
        }
    }
}

/// Whether an extension is known to have a library, or may have it by its name.
fn has_library(file: &ExtensionFile, library: &str) -> bool {
    let named = |preload: &Field<Preload>| match preload {
        Some(Spanned { value: Preload::Libraries(list), .. }) => {
            list.iter().any(|name| name.value == library)
        }
        _ => false,
    };
    named(&file.raw.preload)
        || versions(&file.raw).any(|version| named(&version.value.preload))
        || file.name == library
        || sql_names(&file.name, &file.raw).contains(&library)
}
