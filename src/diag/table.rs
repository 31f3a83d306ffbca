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
}
