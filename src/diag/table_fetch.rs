//! Codes of fetching and the store: 5xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! fetch_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    Offline = "PGF501" Error "a server cannot be reached";
    NotThere = "PGF502" Error "upstream has no such thing";
    FetchFailed = "PGF503" Error "a source cannot be fetched";
    BadArchive = "PGF504" Error "an archive is damaged or hostile";
    NothingToBump = "PGF505" Error "it is not known where new versions come from";
    BadCrates = "PGF506" Error "a Rust extension's crates cannot be taken over";
    CannotEdit = "PGF507" Error "a catalogue file cannot be edited in place";
    HashDiffers = "PGF508" Error "a source is not what the catalogue's hash says";
    BadInputSource = "PGF509" Error "an input is not what its name says";
    CacheUnreachable = "PGF541" Warning "binary cache that cannot be asked";
    } } };
}
