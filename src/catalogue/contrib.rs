//! What PostgreSQL itself brings: SQL names of contrib extensions, and contrib's preloadable libraries, by major
//! version. Perl, Python and Tcl, with the contrib extensions that need them, are packages of their own in nixpkgs.
//!
//! Source: the `.control` files and `MODULES` of contrib/ and src/pl/ in PostgreSQL's release branches 14
//! to 19 (built with libxml, OpenSSL and UUID, as nixpkgs does).

/// A name and the majors that have it, both ends included.
struct Entry(&'static str, u32, u32);

const ALWAYS: u32 = u32::MAX;

const EXTENSIONS: &[Entry] = &[
    Entry("adminpack", 0, 16),
    Entry("amcheck", 0, ALWAYS),
    Entry("autoinc", 0, ALWAYS),
    Entry("bloom", 0, ALWAYS),
    Entry("btree_gin", 0, ALWAYS),
    Entry("btree_gist", 0, ALWAYS),
    Entry("citext", 0, ALWAYS),
    Entry("cube", 0, ALWAYS),
    Entry("dblink", 0, ALWAYS),
    Entry("dict_int", 0, ALWAYS),
    Entry("dict_xsyn", 0, ALWAYS),
    Entry("earthdistance", 0, ALWAYS),
    Entry("file_fdw", 0, ALWAYS),
    Entry("fuzzystrmatch", 0, ALWAYS),
    Entry("hstore", 0, ALWAYS),
    Entry("insert_username", 0, ALWAYS),
    Entry("intagg", 0, ALWAYS),
    Entry("intarray", 0, ALWAYS),
    Entry("isn", 0, ALWAYS),
    Entry("lo", 0, ALWAYS),
    Entry("ltree", 0, ALWAYS),
    Entry("moddatetime", 0, ALWAYS),
    Entry("old_snapshot", 14, 16),
    Entry("pageinspect", 0, ALWAYS),
    Entry("pg_buffercache", 0, ALWAYS),
    Entry("pg_freespacemap", 0, ALWAYS),
    Entry("pg_logicalinspect", 18, ALWAYS),
    Entry("pg_prewarm", 0, ALWAYS),
    Entry("pg_stash_advice", 19, ALWAYS),
    Entry("pg_stat_statements", 0, ALWAYS),
    Entry("pg_surgery", 14, ALWAYS),
    Entry("pg_trgm", 0, ALWAYS),
    Entry("pg_visibility", 0, ALWAYS),
    Entry("pg_walinspect", 15, ALWAYS),
    Entry("pgcrypto", 0, ALWAYS),
    Entry("pgrowlocks", 0, ALWAYS),
    Entry("pgstattuple", 0, ALWAYS),
    Entry("plpgsql", 0, ALWAYS),
    Entry("postgres_fdw", 0, ALWAYS),
    Entry("refint", 0, ALWAYS),
    Entry("seg", 0, ALWAYS),
    Entry("sslinfo", 0, ALWAYS),
    Entry("tablefunc", 0, ALWAYS),
    Entry("tcn", 0, ALWAYS),
    Entry("tsm_system_rows", 0, ALWAYS),
    Entry("tsm_system_time", 0, ALWAYS),
    Entry("unaccent", 0, ALWAYS),
    Entry("uuid-ossp", 0, ALWAYS),
    Entry("xml2", 0, ALWAYS),
];

/// Libraries that shared_preload_libraries takes, of any major.
pub const LIBRARIES: &[&str] = &[
    "auth_delay",
    "auto_explain",
    "basebackup_to_shell",
    "basic_archive",
    "passwordcheck",
    "pg_overexplain",
    "pg_plan_advice",
    "pg_prewarm",
    "pg_stash_advice",
    "pg_stat_statements",
    "pg_trgm",
    "plperl",
    "plpgsql",
    "plpython3",
    "pltcl",
    "postgres_fdw",
    "sepgsql",
];

/// What a name is to one major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrib {
    /// It comes with this major.
    Present,
    /// It was removed; the last major that has it.
    GoneAfter(u32),
    /// It is newer; the first major that has it.
    Since(u32),
}

/// Whether `sql_name` comes with PostgreSQL `major`; `None`: with no PostgreSQL.
pub fn extension(sql_name: &str, major: u32) -> Option<Contrib> {
    let Entry(_, first, last) = EXTENSIONS.iter().find(|Entry(name, ..)| *name == sql_name)?;
    Some(if major < *first {
        Contrib::Since(*first)
    } else if major > *last {
        Contrib::GoneAfter(*last)
    } else {
        Contrib::Present
    })
}

/// Every SQL name that some PostgreSQL brings.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().map(|Entry(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_by_major() {
        assert!(EXTENSIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(extension("pgcrypto", 14), Some(Contrib::Present));
        assert_eq!(extension("adminpack", 17), Some(Contrib::GoneAfter(16)));
        assert_eq!(extension("pg_walinspect", 14), Some(Contrib::Since(15)));
        assert_eq!(extension("pg_logicalinspect", 18), Some(Contrib::Present));
        assert_eq!(extension("vector", 17), None);
    }
}
