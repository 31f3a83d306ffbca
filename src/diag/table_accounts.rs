//! Codes of what a catalogue is accountable for: 7xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! accounts_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    Vulnerable = "PGF701" Error "known vulnerability";
    BehindNewest = "PGF702" Warning "older than the newest minor release";
    IgnoreExpired = "PGF703" Error "ignored vulnerability whose time is over";
    IgnoreUseless = "PGF704" Warning "ignored vulnerability that is not there";
    NotAudited = "PGF705" Hint "what no database can be asked about";
    OldDatabase = "PGF706" Warning "database of vulnerabilities that is old";
    } } };
}
