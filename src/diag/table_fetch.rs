//! Codes of fetching and the store: 5xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! fetch_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    Offline = "PGF501" Error "a server cannot be reached" :
        "There is no connection to the host: its name cannot be resolved, nothing answers there, or --offline was given. Nothing was tried a second time. Proxies are taken from https_proxy, http_proxy and no_proxy.";
    NotThere = "PGF502" Error "upstream has no such thing" :
        "The server answers, but the file, tag or commit is not there. Tags are sometimes moved or renamed: `git ls-remote --tags URL` lists them. If the catalogue names it, its `tag`, `rev` or `url` is to be corrected.";
    FetchFailed = "PGF503" Error "a source cannot be fetched" :
        "The message says what the server or git answered. What usually passes (a lost connection, HTTP 429 and 5xx) was tried again with growing pauses. GITHUB_TOKEN, if it is set, is used for GitHub, and a netrc file for other hosts.";
    BadArchive = "PGF504" Error "an archive is damaged or hostile" :
        "What was fetched is no archive, is cut off, or would reach outside of its tree when unpacked: names with .. or a leading slash, links that lead out, devices, more data than allowed. Nothing was unpacked. --max-size raises the limit on bytes, --allow-links-out takes symbolic links that lead out of the tree.";
    NothingToBump = "PGF505" Error "it is not known where new versions come from" :
        "The name is no extension of the catalogue, or its entry does not tell where upstream announces versions: `tags` says what its tags look like (\"v{version}\", \"PG{postgresql}/v{version}-rc0\", \"ver_{version_}\"), `versions-from` where to look (tags, releases, pgxn, crates:NAME, branch:NAME, none).";
    BadCrates = "PGF506" Error "a Rust extension's crates cannot be taken over" :
        "The source has no Cargo.lock, or it is malformed, does not name pgrx, or names crates from a registry that is not crates.io, or a crate is not the one whose checksum the lock file has. Without them no cargo-hash can be computed.";
    CannotEdit = "PGF507" Error "a catalogue file cannot be edited in place" :
        "The versions are not written as one [[version]] table each, or the file changed while it was being edited. Nothing was changed.";
    HashDiffers = "PGF508" Error "a source is not what the catalogue's hash says" :
        "What upstream serves today has another hash than the catalogue's. Either the hash was copied from elsewhere, or the tag was moved, or the file was replaced. Do not take the new hash before you know which: compare the two sources, or ask upstream.";
    BadInputSource = "PGF509" Error "an input is not what its name says" :
        "What was fetched for an input of the flake is no flake (it has no flake.nix), for nixpkgs no package set that evaluates, or not to be had in the way that was asked for: archives and folders have no revisions. Nothing was changed. The input's `url` is in catalogue/flake.toml.";
    CacheUnreachable = "PGF541" Warning "binary cache that cannot be asked" :
        "A binary cache does not answer, or not every time, so that it is not known what it has. The plan goes on as if it had nothing: more is built than need be, and nothing too little. `curl -I CACHE/nix-cache-info` shows what it says; credentials of caches that want some are in a netrc file.";
    } } };
}
