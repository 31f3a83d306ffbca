//! What a server can be built with: the keys of `features`, which argument of nixpkgs' recipe each is, and which
//! majors have it.
//!
//! Source of the arguments: pkgs/servers/sql/postgresql/generic.nix of nixpkgs in July 2026. Older revisions lack
//! some of them, which shows when the flake is evaluated; LZ4 and Zstandard have had no argument at any time.
//! Source of the majors: the options of `configure` in PostgreSQL's release branches.

/// Something that PostgreSQL is built with or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feature {
    /// The key in the catalogue.
    pub key: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// The recipe's argument; `None`: it is always there.
    pub argument: Option<&'static str>,
    /// The first major that has it.
    pub since: u32,
    /// Systems other than Linux go without.
    pub linux: bool,
}

const fn feature(key: &'static str, name: &'static str, argument: &'static str) -> Feature {
    Feature { key, name, argument: Some(argument), since: 0, linux: false }
}

/// All, in the order of keys.
pub const FEATURES: [Feature; 15] = [
    Feature { since: 18, ..feature("curl", "libcurl (OAuth)", "curlSupport") },
    feature("gssapi", "GSSAPI", "gssSupport"),
    feature("icu", "ICU", "icuSupport"),
    Feature { since: 18, linux: true, ..feature("io-uring", "io_uring", "uringSupport") },
    feature("jit", "JIT", "jitSupport"),
    feature("ldap", "LDAP", "ldapSupport"),
    Feature { argument: None, since: 14, ..feature("lz4", "LZ4", "") },
    feature("nls", "translated messages", "nlsSupport"),
    Feature { since: 18, linux: true, ..feature("numa", "NUMA", "numaSupport") },
    Feature { linux: true, ..feature("pam", "PAM", "pamSupport") },
    feature("perl", "PL/Perl", "perlSupport"),
    feature("python", "PL/Python", "pythonSupport"),
    Feature { linux: true, ..feature("systemd", "systemd", "systemdSupport") },
    feature("tcl", "PL/Tcl", "tclSupport"),
    Feature { argument: None, since: 15, ..feature("zstd", "Zstandard", "") },
];

/// The languages that nixpkgs has as packages of their own: the attribute, and the feature without which it throws.
const LANGUAGES: [(&str, &str); 3] = [("plperl", "perl"), ("plpython3", "python"), ("pltcl", "tcl")];

/// The feature with this key.
pub fn by_key(key: &str) -> Option<Feature> {
    FEATURES.into_iter().find(|feature| feature.key == key)
}

/// What PostgreSQL must be built with to have an extension of nixpkgs' own.
pub fn needed_by(attribute: &str) -> Option<Feature> {
    let (_, key) = LANGUAGES.into_iter().find(|(language, _)| *language == attribute)?;
    by_key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_found() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].key < pair[1].key));
        assert_eq!(by_key("io-uring").and_then(|feature| feature.argument), Some("uringSupport"));
        assert_eq!(by_key("lz4").and_then(|feature| feature.argument), None);
        assert_eq!(needed_by("plpython3").map(|feature| feature.key), Some("python"));
        assert_eq!(needed_by("pgvector"), None);
    }
}
