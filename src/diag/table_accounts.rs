//! Codes of what a catalogue is accountable for: 7xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! accounts_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    Vulnerable = "PGF701" Error "known vulnerability" :
        "A database of vulnerabilities, or PostgreSQL's own advisories, say that this version has one. The help line says which version mends it: `pgflakegen bump NAME`. Whether it can be used against you depends on what you do; if it cannot, [[policy.ignore]] in flake.toml says so with a reason and the last day on which that holds.";
    BehindNewest = "PGF702" Warning "older than the newest minor release" :
        "Minor releases of PostgreSQL only mend, and read the same data: whoever runs an older one is told by the project to move. `pgflakegen bump postgresql` does. What the newest one is, is as of the day of the table in this program; `pgflakegen outdated postgresql` asks.";
    IgnoreExpired = "PGF703" Error "ignored vulnerability whose time is over" :
        "An entry of [[policy.ignore]] in flake.toml holds up to and with the day of its `until`. That day is over, and the vulnerability is still there: mend it, or look again whether the reason still holds and set another day.";
    IgnoreUseless = "PGF704" Warning "ignored vulnerability that is not there" :
        "An entry of [[policy.ignore]] in flake.toml names a vulnerability that nothing in the catalogue has, or has any more. Delete it, so that it does not hide a later one.";
    NotAudited = "PGF705" Hint "what no database can be asked about" :
        "Databases know software by repository and tag, or by the name in a registry. What comes as an archive from elsewhere, a fork of PostgreSQL, or crates whose lock file is not in the catalogue, have neither here, so that nothing is known of it, which is not the same as that there is nothing.";
    OldDatabase = "PGF706" Warning "database of vulnerabilities that is old" :
        "The newest record in the folder is older than thirty days, so what was found since then is not in it. Fetch it anew from where it is from.";
    } } };
}
