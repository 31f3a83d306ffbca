codes! {
    // --- 1xx: the catalogue ---
    InvalidUtf8 = "PGF101" Error "file is not UTF-8" :
        "Catalogue files are TOML and TOML is UTF-8. The message says at which byte the text stops being UTF-8. Save the file as UTF-8.";
    TomlSyntax = "PGF102" Error "TOML syntax error" :
        "The file is not TOML. The place shown is where the parser could not go on; the mistake may be a little before it. See https://toml.io.";
    DuplicateKey = "PGF103" Error "key given twice" :
        "A key stands twice in one table, or a table is opened twice. TOML forbids it because one of the two would be lost. Keep one.";
    UnknownKey = "PGF104" Error "unknown key" :
        "No such key is known here, so it would have no effect; usually it is a spelling mistake, and the nearest known key is named. `pgflakegen schema` prints what is known.";
    WrongType = "PGF105" Error "value of the wrong type" :
        "The key exists, but its value must be of another type, for example a string instead of a number (version = \"15.8\", not 15.8) or an array instead of a string.";
    MissingKey = "PGF106" Error "required key is missing" :
        "The table needs a key that is not there. The message names it and the help line shows how to write it.";
    EmptyCatalogue = "PGF107" Error "the catalogue has nothing to generate from" :
        "There is no catalogue folder, or it names no PostgreSQL at all. `pgflakegen init` makes a small working one.";
    InvalidValue = "PGF108" Error "value is not acceptable" :
        "The value has the right type but not the right form; the message says which form it must have.";
    BadHash = "PGF109" Error "not a usable SRI hash" :
        "Sources are identified by their SRI hash.";
    PlaceholderHash = "PGF110" Error "hash is a placeholder" :
        "The hash is empty or all zero.";
    MissingFile = "PGF111" Error "a file is missing" :
        "The catalogue refers to a file that is not there.";
    UnknownPostgresql = "PGF112" Error "unknown PostgreSQL" :
        "The name is none of those in postgresql.toml.";
    BadRange = "PGF113" Error "malformed range of PostgreSQLs" :
        "A range is a list of comparisons.";
    EmptyRange = "PGF114" Error "range matches no PostgreSQL" :
        "No PostgreSQL is in the range.";

    // --- 5xx: fetching and the store ---
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
    HashShared = "PGF509" Error "two versions have one hash" :
        "Two versions have the same hash, so one of them is built from the other's source. Usually the hash was copied with the entry and never replaced.";

    // --- 6xx: drift ---
    OutOfDate = "PGF601" Error "generated file is not what the catalogue gives" :
        "The file differs from what pgflakegen makes of the catalogue as it is now: the catalogue was changed and `pgflakegen` not run, or it was run in another version. Run `pgflakegen` and commit the result together with the catalogue.";
    EditedByHand = "PGF602" Error "generated file was edited by hand" :
        "The file carries pgflakegen's mark, but its text is no longer the one the mark's hash stands for: somebody has changed it since. It is not overwritten, so that no edit is lost. Move the change to where it belongs (the extension's entry in catalogue/extensions/, an override in catalogue/overrides/, or catalogue/extra.nix) and run `pgflakegen generate --force`. For flake.lock: put the new revision into catalogue/flake.toml.";
    ForeignFile = "PGF603" Error "a file of somebody else's stands where a generated one belongs" :
        "There is a file at a path that pgflakegen wants to write, and it does not carry pgflakegen's mark, or it is a directory, a link or no text. It is not overwritten. Move it away (hand-written outputs go to catalogue/extra.nix), or run `pgflakegen generate --force` to replace it.";
}
